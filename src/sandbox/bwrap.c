#include "sandbox/bwrap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/io.h"
#include "sandbox/network.h"
#include "sandbox/runtime.h"

#define RUNNER "/.addesh/runner"

static void
add(struct bwrap *b, const char *a, const char *c, const char *d)
{
	strvec_push(&b->argv, a);
	if (c)
		strvec_push(&b->argv, c);
	if (d)
		strvec_push(&b->argv, d);
}

/* A descriptor that bwrap gets, and its number as a word. */
static bool
add_fd(struct bwrap *b, const char *option, int fd)
{
	if (fd < 0)
		return false;
	if (b->nfds == ARRAY_SIZE(b->fds)) {
		close(fd);
		return false;
	}
	b->fds[b->nfds++] = fd;
	strvec_push(&b->argv, option);
	strvec_pushf(&b->argv, "%d", fd);
	return true;
}

/*
 * A copy of a file, which costs less than a mount and needs no right to look
 * into the directories above it.
 */
static bool
add_copy(struct bwrap *b, const char *mode, int fd, const char *dest)
{
	if (fd < 0)
		return false;
	add(b, "--perms", mode, NULL);
	if (!add_fd(b, "--file", fd)) {
		strvec_remove(&b->argv, b->argv.n - 1);
		strvec_remove(&b->argv, b->argv.n - 1);
		return false;
	}
	strvec_push(&b->argv, dest);
	return true;
}

static bool
add_text(struct bwrap *b, const char *text, const char *dest)
{
	int fd = memfd_create("text", MFD_CLOEXEC);

	if (fd >= 0 && (io_write_all(fd, text, strlen(text)) ||
			   lseek(fd, 0, SEEK_SET))) {
		close(fd);
		return false;
	}
	return add_copy(b, "0644", fd, dest);
}

/* ---- what of the host can be seen ---- */

static void
add_host_dir(struct bwrap *b, const char *path)
{
	char target[256];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n > 0) {
		target[n] = '\0';
		add(b, "--symlink", target, path);
	} else if (!access(path, X_OK)) {
		add(b, "--ro-bind", path, path);
	}
}

/* Configuration that interpreters and libraries need; nothing else of /etc.
   Each costs a mount. */
static bool
is_wanted(const char *name, bool network)
{
	static const char *const always[] = {"alternatives", "R", "php", NULL};
	static const char *const tls[] = {"ssl", "pki", "crypto-policies",
	    NULL};

	return str_in(name, always) || str_starts(name, "java") ||
	       (network && str_in(name, tls));
}

static void
add_etc(struct bwrap *b, bool network)
{
	static const char *const files[] = {"/etc/ld.so.cache",
	    "/etc/localtime", "/etc/protocols", "/etc/services",
	    /* Debian's; what else is there may have passwords */
	    "/etc/maven/m2.conf",
	    "/etc/maven/logging/simplelogger.properties"};
	DIR *dir = opendir("/etc");
	struct dirent *de;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		add_copy(b, "0644",
		    open(files[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK),
		    files[i]);
	while (dir && (de = readdir(dir))) {
		autofree char *path = io_join("/etc", de->d_name);
		struct stat st;

		if (is_wanted(de->d_name, network) && !stat(path, &st) &&
		    S_ISDIR(st.st_mode) && st.st_mode & S_IXOTH)
			add(b, "--ro-bind", path, path);
	}
	if (dir)
		closedir(dir);
}

static void
add_host(struct bwrap *b, bool network)
{
	static const char *const dirs[] = {"/bin", "/sbin", "/lib", "/lib32",
	    "/lib64", "/libx32", "/nix/store", "/gnu/store"};

	add(b, "--ro-bind", "/usr", "/usr");
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		add_host_dir(b, dirs[i]);
	add_etc(b, network);
}

/* ---- what is its own ---- */

static void
add_accounts(struct bwrap *b, unsigned uid, unsigned gid, bool network)
{
	/* Concurrent runs have the uids after the first; they need no names:
	   USER and LOGNAME are set, and getpwuid() is asked for the first. */
	autofree char *passwd = xasprintf(
	    "root:x:0:0:root:" SANDBOX_HOME ":/bin/sh\n"
	    "sandbox:x:%u:%u:sandbox:" SANDBOX_HOME ":/bin/sh\n"
	    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
	    uid, gid);
	autofree char *group = xasprintf(
	    "root:x:0:\nsandbox:x:%u:\nnogroup:x:65534:\n", gid);

	add_text(b, passwd, "/etc/passwd");
	add_text(b, group, "/etc/group");
	add_text(b, "127.0.0.1 localhost " SANDBOX_HOSTNAME "\n::1 localhost\n",
	    "/etc/hosts");
	if (network)
		add_text(b, "nameserver " NETWORK_DNS "\n", "/etc/resolv.conf");
	add_text(b, "passwd: files\ngroup: files\nhosts: files dns\n"
		    "services: files\nprotocols: files\n",
	    "/etc/nsswitch.conf");
}

static void
add_place(struct bwrap *b, const char *path, uint64_t size, const char *perms)
{
	if (size) {
		strvec_push(&b->argv, "--size");
		strvec_pushf(&b->argv, "%llu", (unsigned long long)size);
	}
	add(b, "--perms", perms, NULL);
	add(b, "--tmpfs", path, NULL);
}

static void
add_places(struct bwrap *b, const struct limits *l, enum userns_kind userns)
{
	add(b, "--proc", "/proc", NULL);
	/* Kernel addresses help nobody who has good intentions.  In a
	   namespace of one uid each run mounts a /proc of its own and covers it
	   there: the kernel refuses another where one is covered in part. */
	if (userns != USERNS_SINGLE)
		add(b, "--ro-bind", "/dev/null", "/proc/kallsyms");
	add(b, "--dev", "/dev", NULL);
	add_place(b, "/dev/shm", l->shm, "1777");
	add_place(b, "/tmp", l->tmp, "1777");
	add_place(b, SANDBOX_WORKSPACE, l->disk, "0777");
	/* Made by --symlink itself, /var would be closed to programs. */
	add(b, "--dir", "/var", NULL);
	add(b, "--symlink", "../tmp", "/var/tmp");
	add(b, "--dir", "/run", NULL);
	/* Both are memory without a bound, and would be the user's. */
	add(b, "--remount-ro", "/dev", NULL);
	add(b, "--remount-ro", "/", NULL);
}

static void
add_namespaces(struct bwrap *b, enum userns_kind userns, unsigned uid,
    unsigned gid)
{
	/*
	 * Without --die-with-parent: a bwrap that dies between making its child
	 * and telling it to go on leaves it waiting for ever.  The runner ends
	 * when nobody holds the other end of its stdin.
	 *
	 * Without --unshare-cgroup: nothing shows cgroups in there, and from a
	 * namespace that does not hold the leaf the runner could not fork into
	 * it (cgroup.procs of v2 mounted with nsdelegate).
	 */
	static const char *const always[] = {"--unshare-pid", "--unshare-ipc",
	    "--unshare-uts", "--unshare-net",
	    "--as-pid-1", "--new-session", "--cap-drop", "ALL"};
	static const char *const caps[] = {"CAP_SETUID", "CAP_SETGID",
	    "CAP_KILL", "CAP_SETPCAP"};

	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		add(b, always[i], NULL, NULL);
	add(b, "--hostname", SANDBOX_HOSTNAME, NULL);
	if (userns != USERNS_SINGLE) {
		for (size_t i = 0; i < ARRAY_SIZE(caps); i++)
			add(b, "--cap-add", caps[i], NULL);
		return;
	}
	/* For the PID and mount namespace of each run. */
	add(b, "--cap-add", "CAP_SYS_ADMIN", NULL);
	add(b, "--cap-add", "CAP_SETPCAP", NULL);
	strvec_push(&b->argv, "--unshare-user");
	strvec_push(&b->argv, "--uid");
	strvec_pushf(&b->argv, "%u", uid);
	strvec_push(&b->argv, "--gid");
	strvec_pushf(&b->argv, "%u", gid);
}

/* ---- the whole ---- */

static int
add_runner(struct bwrap *b, struct err *err)
{
	autofree char *path = runtime_runner_path(NULL, err);
	int fd;

	if (!path)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "%s", path);
	if (!add_copy(b, "0755", fd, RUNNER))
		return err_sys(err, EMFILE, "%s", path);
	return 0;
}

static int
add_info(struct bwrap *b, struct err *err)
{
	int theirs;

	/* Not a pipe: without a reader bwrap would die over it, and leave its
	   child waiting for ever. */
	b->info = memfd_create("info", MFD_CLOEXEC);
	theirs = b->info >= 0 ? fcntl(b->info, F_DUPFD_CLOEXEC, 3) : -1;
	if (!add_fd(b, "--info-fd", theirs))
		return err_sys(err, errno, "memfd");
	return 0;
}

int
bwrap_build(struct bwrap *b, const struct env_spec *spec,
    enum userns_kind userns, unsigned uid, unsigned gid, struct err *err)
{
	char *program = runtime_find_program("bwrap");

	if (!program) {
		err_set(err, ERR_SANDBOX,
		    "the restricted sandbox needs bubblewrap, which is not "
		    "installed");
		return err_hint(err, "install the package bubblewrap");
	}
	strvec_push_owned(&b->argv, program);
	add_namespaces(b, userns, uid, gid);
	add_host(b, spec->limits.network == NET_FULL);
	add_accounts(b, uid, gid, spec->limits.network == NET_FULL);
	if (add_runner(b, err) || add_info(b, err))
		return -1;
	add_places(b, &spec->limits, userns);
	add(b, "--chdir", "/", NULL);
	add(b, "--", RUNNER, NULL);
	return 0;
}

void
bwrap_release(struct bwrap *b)
{
	for (size_t i = 0; i < b->nfds; i++)
		close(b->fds[i]);
	if (b->info >= 0)
		close(b->info);
	strvec_release(&b->argv);
}

pid_t
bwrap_child(int info)
{
	char text[512];
	ssize_t n = info >= 0 ? pread(info, text, sizeof(text) - 1, 0) : -1;
	const char *p;

	if (n <= 0)
		return -1;
	text[n] = '\0';
	p = strstr(text, "\"child-pid\":");
	return p ? (pid_t)strtol(p + strlen("\"child-pid\":"), NULL, 10) : -1;
}
