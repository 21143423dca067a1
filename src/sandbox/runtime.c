#include "sandbox/runtime.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "base/arch.h"
#include "base/io.h"
#include "base/lockfile.h"
#include "base/xdg.h"
#include "runner/frame.h"

#define ID_DIGITS 12

static bool
is_private(const struct stat *st)
{
	return S_ISDIR(st->st_mode) && st->st_uid == geteuid() &&
	       !(st->st_mode & (S_IWGRP | S_IWOTH));
}

/* A directory of ours, which nobody else may have made in a shared place. */
static int
make_private(const char *path, struct err *err)
{
	struct stat st;

	if (io_mkdirs(path, 0700, err))
		return -1;
	if (lstat(path, &st))
		return err_sys(err, errno, "%s", path);
	if (!is_private(&st)) {
		err_set(err, ERR_IO, "%s is not a directory of ours alone",
		    path);
		return err_hint(err, "remove it, or set XDG_RUNTIME_DIR and "
				     "XDG_STATE_HOME to directories of yours");
	}
	return 0;
}

/* One that cannot be made (a full disk, a read-only home) costs only what would
   be kept there, and who would keep it says so. */
static int
make_state(const char *path, struct err *err)
{
	struct stat st;

	if (!make_private(path, err))
		return 0;
	if (!lstat(path, &st))
		return -1;
	err_clear(err);
	return 0;
}

/* That of another user comes from su(1), and may be changed under our hands. */
static bool
is_others(const char *dir)
{
	struct stat st;

	return !stat(dir, &st) && st.st_uid != geteuid();
}

static char *
find_runtime_dir(void)
{
	const char *dir = xdg_variable("XDG_RUNTIME_DIR");

	if (dir && !is_others(dir))
		return io_join(dir, "addesh");
	return xasprintf("/tmp/addesh-%u", (unsigned)geteuid());
}

static char *
find_state_dir(void)
{
	const char *dir = xdg_variable("XDG_STATE_HOME");
	const char *home = xdg_variable("HOME");

	if (dir)
		return io_join(dir, "addesh");
	if (home)
		return io_join(home, ".local/state/addesh");
	return xasprintf("/tmp/addesh-state-%u", (unsigned)geteuid());
}

/* The first digits of a file with a hexadecimal id, dashes left out. */
static int
read_id(const char *path, struct strbuf *out)
{
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	int n = 0;

	if (io_read_file(path, &sb, 4096, &err))
		return -1;
	for (size_t i = 0; i < sb.len && n < ID_DIGITS; i++)
		if (strchr("0123456789abcdef", sb.buf[i])) {
			strbuf_addc(out, sb.buf[i]);
			n++;
		}
	return n == ID_DIGITS ? 0 : -1;
}

/*
 * Pids mean something in their namespace only, so one that is not the host's
 * first (whose inode number is fixed, PROC_PID_INIT_INO in the kernel's
 * proc_ns.h) counts as a host of its own.
 */
static void
add_pid_namespace(struct strbuf *out)
{
	struct stat st;

	if (!stat("/proc/self/ns/pid", &st) && st.st_ino != 0xEFFFFFFCu)
		strbuf_addf(out, "-%lu", (unsigned long)st.st_ino);
}

static void
add_host(struct strbuf *out)
{
	autobuf struct strbuf id = STRBUF_INIT;
	struct utsname un;

	if (read_id("/etc/machine-id", &id)) {
		strbuf_reset(&id);
		uname(&un);
		strbuf_addf(&id, "%08x",
		    frame_crc(0, un.nodename, strlen(un.nodename)));
	}
	strbuf_adds(out, id.buf);
	add_pid_namespace(out);
}

/* HOST:BOOT: what owners of this host and this boot begin with. */
static char *
own_prefix(void)
{
	struct strbuf sb = STRBUF_INIT;
	autobuf struct strbuf boot = STRBUF_INIT;

	add_host(&sb);
	if (read_id("/proc/sys/kernel/random/boot_id", &boot)) {
		strbuf_reset(&boot);
		strbuf_adds(&boot, "0");
	}
	strbuf_addf(&sb, ":%s:", boot.buf);
	return strbuf_detach(&sb);
}

/*
 * Fields 3 and 22 of /proc/PID/stat, counted behind the last ')', since a
 * program's name may hold anything.  0, or -1 if there is no such process.
 */
static int
read_stat(long pid, char *state, unsigned long long *start)
{
	autofree char *path = xasprintf("/proc/%ld/stat", pid);
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	char *p;

	if (io_read_file(path, &sb, 4096, &err))
		return -1;
	p = strrchr(sb.buf, ')');
	*state = p && p[1] ? p[2] : 0;
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p && sscanf(p, " %llu", start) == 1 ? 0 : -1;
}

char *
runtime_owner(pid_t pid)
{
	autofree char *prefix = own_prefix();
	unsigned long long start = 0;
	char state;

	read_stat(pid, &state, &start);
	return xasprintf("%s%ld:%llu", prefix, (long)pid, start);
}

pid_t
owner_pid(const char *owner)
{
	const char *p = strchr(owner, ':');

	p = p ? strchr(p + 1, ':') : NULL;
	return p ? (pid_t)strtol(p + 1, NULL, 10) : 0;
}

int
runtime_init(struct runtime *rt, struct err *err)
{
	autofree char *env = NULL;

	*rt = (struct runtime){.runtime_dir = find_runtime_dir(),
	    .state_dir = find_state_dir(),
	    .owner = runtime_owner(getpid())};
	env = io_join(rt->runtime_dir, "env");
	if (!make_private(rt->runtime_dir, err) && !make_private(env, err) &&
	    !make_state(rt->state_dir, err))
		return 0;
	runtime_release(rt);
	return -1;
}

bool
runtime_dir_is_ours(const char *dir)
{
	autofree char *env = io_join(dir, "env");
	struct stat st;

	return *dir == '/' && !lstat(dir, &st) && is_private(&st) &&
	       !lstat(env, &st) && is_private(&st);
}

void
runtime_release(struct runtime *rt)
{
	free(rt->runtime_dir);
	free(rt->state_dir);
	free(rt->owner);
	*rt = (struct runtime){0};
}

enum owner_state
owner_state(const char *owner)
{
	autofree char *prefix = own_prefix();
	const char *host_end = strchr(prefix, ':');
	unsigned long long start, now;
	long pid;
	char more, state;

	if (strncmp(owner, prefix, host_end - prefix + 1))
		return OWNER_ELSEWHERE;
	if (!str_starts(owner, prefix)) /* this host before it was booted */
		return OWNER_DEAD;
	if (sscanf(owner + strlen(prefix), "%ld:%llu%c", &pid, &start, &more) !=
		2 || pid <= 0)
		return OWNER_ELSEWHERE;
	/* Where /proc hides the processes of others (hidepid, proc(5)) kill(2)
	   still tells whether there is one. */
	if (read_stat(pid, &state, &now))
		return kill((pid_t)pid, 0) && errno == ESRCH ? OWNER_DEAD
							      : OWNER_ALIVE;
	/* One that ended may wait for ever to be reaped, in a container whose
	   PID 1 does not. */
	return now == start && state != 'Z' && state != 'X' ? OWNER_ALIVE
							     : OWNER_DEAD;
}

/* What HOST begins with: see add_pid_namespace(). */
bool
owner_is_near(const char *owner)
{
	autofree char *prefix = own_prefix();
	size_t n = strcspn(prefix, "-:");

	return strcspn(owner, "-:") == n && !strncmp(owner, prefix, n);
}

void
owner_end(const char *owner, int timeout_ms)
{
	struct pollfd pfd = {.events = POLLIN};
	pid_t pid = owner_pid(owner);

	pfd.fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	/* The descriptor came first: the number is still the same process's. */
	if (pfd.fd >= 0 && owner_state(owner) == OWNER_ALIVE) {
		(void)syscall(SYS_pidfd_send_signal, pfd.fd, SIGKILL, NULL, 0);
		poll(&pfd, 1, timeout_ms);
	}
	if (pfd.fd >= 0)
		close(pfd.fd);
}

char *
runtime_new_id(void)
{
	for (;;) {
		autofree char *id = io_random_hex(8);

		if (strspn(id, "0123456789") < 8 && strspn(id, "abcdef") < 8)
			return steal(&id);
	}
}

char *
runtime_lock_path(const struct runtime *rt, const char *id)
{
	return xasprintf("%s/env/%s", rt->runtime_dir, id);
}

char *
runtime_wake_path(const struct runtime *rt, const char *id)
{
	return xasprintf("%s/env/%s.wake", rt->runtime_dir, id);
}

char *
runtime_socket_path(const struct runtime *rt, const char *id)
{
	return xasprintf("%s/env/%s.sock", rt->runtime_dir, id);
}

int
runtime_lock(const struct runtime *rt, const char *id, int64_t timeout_ms,
    struct err *err)
{
	autofree char *path = runtime_lock_path(rt, id);

	return lockfile_wait(path, timeout_ms, "the environment", err);
}

void
runtime_lock_note(int fd, const char *kind, const char *what)
{
	/* A note that cannot be written costs a sweep later, nothing now. */
	(void)!dprintf(fd, "%s %s\n", kind, what);
}

void
runtime_unlock_remove(const struct runtime *rt, const char *id, int fd)
{
	autofree char *path = runtime_lock_path(rt, id);

	unlink(path);
	close(fd);
}

void
runtime_lock_remove(const struct runtime *rt, const char *id)
{
	autofree char *path = runtime_lock_path(rt, id);
	autofree char *wake = runtime_wake_path(rt, id);
	autofree char *sock = runtime_socket_path(rt, id);

	unlink(sock);
	unlink(wake);
	unlink(path);
}

/* ---- programs and files of ours ---- */

char *
runtime_find_program(const char *name)
{
	static const char usual[] = "/usr/bin:/usr/sbin:/bin:/sbin:"
				    "/usr/local/bin";
	const char *path = getenv("PATH");
	autofree char *dirs =
	    xasprintf("%s:%s", path ? path : "", usual);
	char *rest = dirs;

	for (char *dir; (dir = strsep(&rest, ":"));) {
		autofree char *file = io_join(dir, name);
		struct stat st;

		if (dir[0] == '/' && !access(file, X_OK) && !stat(file, &st) &&
		    S_ISREG(st.st_mode))
			return steal(&file);
	}
	return NULL;
}

/* False: nobody says which file this program is. */
static bool
own_path(char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);

	path[n < 0 ? 0 : n] = '\0';
	return n > 0;
}

/*
 * The build tree counts only for a program that lies in it: else files of a
 * directory that anybody may have made since would be run.
 */
static bool
is_installed(void)
{
	char self[PATH_MAX];

	return !own_path(self) || !str_starts(self, BUILD_LIBEXECDIR "/");
}

/*
 * The directory that lies beside that of this program, PREFIX/share/addesh for
 * PREFIX/bin/addesh, wherever PREFIX was moved to or installed.  NULL where
 * anybody could have made it, as in /tmp: what lies there is run.
 */
static char *
beside_program(const char *below)
{
	char self[PATH_MAX];
	struct stat st;
	char *slash;

	if (!own_path(self))
		return NULL;
	*strrchr(self, '/') = '\0';
	slash = strrchr(self, '/');
	if (!slash || strcmp(slash, "/bin"))
		return NULL;
	*slash = '\0';
	if (stat(*self ? self : "/", &st) || st.st_mode & S_IWOTH)
		return NULL;
	return io_join(*self ? self : "/", below);
}

/* The places of a file: an override is the only one. */
struct places {
	const char *override; /* a variable */
	const char *build;
	const char *below; /* the prefix */
	const char *installed;
};

/* The first of the places that has the file. */
static char *
find_file(const struct places *p, const char *name)
{
	const char *only = getenv(p->override);
	autofree char *beside = beside_program(p->below);
	const char *const dirs[] = {
	    is_installed() ? NULL : p->build, beside, p->installed};

	if (only) {
		autofree char *path = io_join(only, name);

		return access(path, R_OK) ? NULL : steal(&path);
	}
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		autofree char *path = dirs[i] ? io_join(dirs[i], name) : NULL;

		if (path && !access(path, R_OK))
			return steal(&path);
	}
	return NULL;
}

char *
runtime_runner_path(const char *arch, struct err *err)
{
	static const struct places places = {"ADDESH_LIBEXECDIR",
	    BUILD_LIBEXECDIR, "libexec/addesh", PKGLIBEXECDIR};
	autofree char *name = NULL;
	char *path;

	if (!arch)
		arch = arch_host();
	if (getenv("ADDESH_RUNNER") && !strcmp(arch, arch_host()))
		return xstrdup(getenv("ADDESH_RUNNER"));
	name = xasprintf("runner-%s", arch);
	path = find_file(&places, name);
	if (path)
		return path;
	err_set(err, ERR_SANDBOX,
	    "there is no runner for the architecture %s here", arch);
	err_hint(err, "it would be the file %s in %s", name, PKGLIBEXECDIR);
	return NULL;
}

char *
runtime_data_path(const char *name, struct err *err)
{
	static const struct places places = {
	    "ADDESH_DATADIR", BUILD_DATADIR, "share/addesh", PKGDATADIR};
	const char *only = getenv(places.override);
	char *path = find_file(&places, name);

	if (path)
		return path;
	err_set(err, ERR_IO, "%s is not installed in %s", name,
	    only ? only : PKGDATADIR);
	err_hint(err, only ? "ADDESH_DATADIR says so"
			   : "install addesh with 'make install', or say where "
			     "its files are with ADDESH_DATADIR");
	return NULL;
}
