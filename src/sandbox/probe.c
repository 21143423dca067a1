#include "sandbox/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "base/io.h"
#include "base/spawn.h"
#include "sandbox/runtime.h"

#define FILE_MAX 65536
#define CGROUPS "/sys/fs/cgroup"

const char *
finding_state_name(enum finding_state state)
{
	static const char *const names[] = {"ok", "info", "warn", "fail"};

	return names[state];
}

struct finding *
findings_add(struct findings *f, const char *name, enum finding_state state,
    const char *fmt, ...)
{
	va_list ap;

	GROW(f->v, f->n, &f->cap);
	va_start(ap, fmt);
	f->v[f->n] = (struct finding){
	    .name = name, .state = state, .text = xvasprintf(fmt, ap)};
	va_end(ap);
	return &f->v[f->n++];
}

void
findings_release(struct findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->v[i].text);
		free(f->v[i].fix);
	}
	free(f->v);
	*f = (struct findings){0};
}

/* A small file as one text, "" if it cannot be read. */
static void
slurp(const char *path, struct strbuf *sb)
{
	autoerr struct err ignored = ERR_INIT;

	strbuf_reset(sb);
	if (io_read_file(path, sb, FILE_MAX, &ignored))
		strbuf_reset(sb);
	while (sb->len && sb->buf[sb->len - 1] == '\n')
		strbuf_truncate(sb, sb->len - 1);
}

/* The number in a file of /proc/sys, -1 if there is none. */
static long
sysctl_number(const char *path)
{
	autobuf struct strbuf sb = STRBUF_INIT;
	char *end;
	long n;

	slurp(path, &sb);
	n = strtol(sb.buf, &end, 10);
	return sb.len && !*end ? n : -1;
}

/* The value of KEY=VALUE in /etc/os-release (os-release(5)), or "". */
static void
os_release(const char *key, struct strbuf *out)
{
	autobuf struct strbuf sb = STRBUF_INIT;
	char *rest, *line;
	size_t n = strlen(key);

	slurp("/etc/os-release", &sb);
	for (rest = sb.buf; (line = strsep(&rest, "\n"));) {
		if (strncmp(line, key, n) || line[n] != '=')
			continue;
		line += n + 1;
		line += *line == '"';
		strbuf_add(out, line, strcspn(line, "\""));
		return;
	}
}

/* Which packages bring a tool, by family of distributions. */
struct tool {
	const char *debian, *fedora, *alpine, *arch;
};

static char *
install_fix(const struct tool *t)
{
	autobuf struct strbuf id = STRBUF_INIT;

	strbuf_addc(&id, ' ');
	os_release("ID", &id);
	strbuf_addc(&id, ' ');
	os_release("ID_LIKE", &id);
	strbuf_addc(&id, ' ');
	if (strstr(id.buf, " debian ") || strstr(id.buf, " ubuntu "))
		return xasprintf("sudo apt-get install %s", t->debian);
	if (strstr(id.buf, " fedora ") || strstr(id.buf, " rhel "))
		return xasprintf("sudo dnf install %s", t->fedora);
	if (strstr(id.buf, " alpine "))
		return xasprintf("sudo apk add %s", t->alpine);
	if (strstr(id.buf, " arch "))
		return xasprintf("sudo pacman -S %s", t->arch);
	return xasprintf("install the package %s", t->debian);
}

/* The first line that a program prints. */
static void
program_line(char *const *argv, struct strbuf *out)
{
	autoerr struct err ignored = ERR_INIT;
	int pipefd[2];
	pid_t pid;

	if (pipe2(pipefd, O_CLOEXEC))
		return;
	pid = spawn_start(
	    &(struct spawn){
		.argv = argv, .in = -1, .out = pipefd[1], .err = -1},
	    &ignored);
	close(pipefd[1]);
	if (pid > 0) {
		io_read_all(pipefd[0], out, FILE_MAX, &ignored);
		spawn_wait(pid);
	}
	close(pipefd[0]);
	strbuf_truncate(out, strcspn(out->buf, "\n"));
}

/*
 * WSL 1 has no Linux kernel, hence no namespaces; its version text has
 * "Microsoft", WSL 2's "microsoft-standard" (learn.microsoft.com, WSL).
 */
static void
probe_system(struct findings *f)
{
	autobuf struct strbuf name = STRBUF_INIT, version = STRBUF_INIT;
	struct finding *found;
	struct utsname un;

	uname(&un);
	os_release("PRETTY_NAME", &name);
	slurp("/proc/version", &version);
	found = findings_add(f, "system", FINDING_OK, "%s %s on %s%s%s",
	    un.sysname, un.release, un.machine, name.len ? ", " : "", name.buf);
	if (strstr(version.buf, "microsoft-standard") ||
	    strstr(version.buf, "WSL2")) {
		findings_add(f, "wsl", FINDING_OK, "WSL 2");
	} else if (strstr(version.buf, "Microsoft")) {
		found->state = FINDING_FAIL;
		found->fix = xstrdup("WSL 1 has no sandboxes; in Windows: "
				     "wsl --set-version DISTRIBUTION 2");
	}
}

/* Where this process is in the hierarchy with that controller ("" is v2's),
   from /proc/self/cgroup: cgroups(7). */
static void
own_cgroup(const char *controller, struct strbuf *out)
{
	autobuf struct strbuf sb = STRBUF_INIT;
	char *rest, *line;

	slurp("/proc/self/cgroup", &sb);
	for (rest = sb.buf; (line = strsep(&rest, "\n"));) {
		char *names = strchr(line, ':');
		char *path = names ? strchr(names + 1, ':') : NULL;
		char *name;

		if (!path)
			continue;
		*path++ = '\0';
		names++;
		while ((name = strsep(&names, ",")))
			if (!strcmp(name, controller)) {
				strbuf_adds(out, path);
				return;
			}
	}
}

static const char *const wanted_controllers[] = {"memory", "pids", "cpu", NULL};

/* Which of the wanted words stand in text and which do not. */
static void
split_controllers(const char *text, struct strbuf *have, struct strbuf *lack)
{
	autofree char *padded = xasprintf(" %s ", text);

	for (size_t i = 0; wanted_controllers[i]; i++) {
		autofree char *word = xasprintf(" %s ", wanted_controllers[i]);
		struct strbuf *to = strstr(padded, word) ? have : lack;

		strbuf_addf(
		    to, "%s%s", to->len ? " " : "", wanted_controllers[i]);
	}
}

#define DELEGATE_FIX                                                          \
	"let systemd delegate the controllers to users, then log in again:\n" \
	"sudo mkdir -p /etc/systemd/system/user@.service.d\n"                 \
	"printf '[Service]\\nDelegate=cpu memory pids\\n' | sudo tee "        \
	"/etc/systemd/system/user@.service.d/delegate.conf\n"                 \
	"sudo systemctl daemon-reload"

/* The part of the v2 tree that is ours to make groups in, or NULL. */
static char *
writable_tree(void)
{
	autobuf struct strbuf own = STRBUF_INIT;
	autofree char *mine = NULL, *user = NULL;

	own_cgroup("", &own);
	mine = xasprintf(CGROUPS "%s", own.buf);
	if (!access(mine, W_OK))
		return steal(&mine);
	user = xasprintf(CGROUPS "/user.slice/user-%u.slice/user@%u.service",
	    (unsigned)getuid(), (unsigned)getuid());
	return access(user, W_OK) ? NULL : steal(&user);
}

static void
probe_cgroup2(struct findings *f)
{
	autobuf struct strbuf text = STRBUF_INIT, have = STRBUF_INIT,
			      lack = STRBUF_INIT;
	autofree char *tree = writable_tree(), *file = NULL;
	struct finding *found;

	if (!tree) {
		found = findings_add(f, "cgroups", FINDING_WARN,
		    "version 2, nothing is delegated to this user: restricted "
		    "can only watch memory and processes");
		found->fix = xstrdup(DELEGATE_FIX);
		return;
	}
	file = io_join(tree, "cgroup.controllers");
	slurp(file, &text);
	split_controllers(text.buf, &have, &lack);
	found = findings_add(f, "cgroups", lack.len ? FINDING_WARN : FINDING_OK,
	    "version 2, ours to use in restricted: %s%s%s",
	    have.len ? have.buf : "nothing", lack.len ? "; not: " : "",
	    lack.buf);
	if (lack.len && getuid())
		found->fix = xstrdup(DELEGATE_FIX);
	else if (lack.len)
		found->fix = xasprintf("this kernel or container gives none of "
				       "them away at %s: use an engine",
		    tree);
}

/* Is this controller of version 1 mounted, and may we make groups there? */
static bool
cgroup1_writable(const char *controller)
{
	autobuf struct strbuf own = STRBUF_INIT;
	autofree char *dir = NULL;
	struct statfs fs;

	own_cgroup(controller, &own);
	dir = xasprintf(CGROUPS "/%s", controller);
	return own.len && !statfs(dir, &fs) &&
	       fs.f_type == CGROUP_SUPER_MAGIC && !access(dir, W_OK);
}

static void
probe_cgroup1(struct findings *f)
{
	autobuf struct strbuf text = STRBUF_INIT, have = STRBUF_INIT,
			      lack = STRBUF_INIT;
	struct finding *found;

	for (size_t i = 0; wanted_controllers[i]; i++)
		if (cgroup1_writable(wanted_controllers[i]))
			strbuf_addf(&text, " %s", wanted_controllers[i]);
	split_controllers(text.buf, &have, &lack);
	found = findings_add(f, "cgroups", lack.len ? FINDING_WARN : FINDING_OK,
	    "version 1, ours to use in restricted: %s%s%s",
	    have.len ? have.buf : "nothing", lack.len ? "; not: " : "",
	    lack.buf);
	if (lack.len && getuid())
		found->fix = xstrdup(
		    "version 1 is root's: run addesh as root, use an engine, "
		    "or boot with systemd.unified_cgroup_hierarchy=1");
}

static void
probe_cgroups(struct findings *f)
{
	struct statfs fs;

	if (statfs(CGROUPS, &fs)) {
		findings_add(f, "cgroups", FINDING_WARN,
		    "none: restricted can only watch memory and processes")
		    ->fix = xstrdup("mount control groups at " CGROUPS);
		return;
	}
	if (fs.f_type == CGROUP2_SUPER_MAGIC)
		probe_cgroup2(f);
	else
		probe_cgroup1(f);
}

static int
write_proc(const char *path, const char *text)
{
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;
}

/* In a child: a namespace with a map, as bubblewrap needs it.  0 or errno. */
static int
child_userns(void)
{
	char map[64];
	uid_t uid = geteuid();

	snprintf(map, sizeof(map), "0 %u 1\n", (unsigned)uid);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return errno;
	if (write_proc("/proc/self/uid_map", map))
		return errno;
	return 0;
}

static int
try_userns(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(child_userns());
	if (pid < 0)
		return errno;
	status = spawn_wait(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

static bool
in_container(void)
{
	return !access("/.dockerenv", F_OK) ||
	       !access("/run/.containerenv", F_OK);
}

static const char *
userns_fix(void)
{
	if (access("/proc/self/ns/user", F_OK))
		return "use a kernel with CONFIG_USER_NS, or an engine";
	if (!sysctl_number("/proc/sys/user/max_user_namespaces"))
		return "sudo sysctl -w user.max_user_namespaces=15000";
	if (!sysctl_number("/proc/sys/kernel/unprivileged_userns_clone") &&
	    getuid())
		return "sudo sysctl -w kernel.unprivileged_userns_clone=1";
	if (in_container())
		return "this is a container, which forbids them: use an engine "
		       "(mount its socket, set DOCKER_HOST)";
	return "use an engine, or ask who runs this host";
}

static void
probe_userns(struct findings *f)
{
	int sys = try_userns();

	if (!sys) {
		findings_add(
		    f, "namespaces", FINDING_OK, "user namespaces can be made");
		return;
	}
	findings_add(f, "namespaces", FINDING_FAIL,
	    "user namespaces cannot be made: %s; restricted needs them",
	    strerror(sys))
	    ->fix = xstrdup(userns_fix());
}

/*
 * Ubuntu from 23.10 on gives an unprivileged user's namespaces no
 * capabilities, except to programs whose AppArmor profile says `userns,`
 * (discourse.ubuntu.com, SE045).
 */
#define BWRAP_PROFILE                                            \
	"allow it for bubblewrap alone:\n"                       \
	"printf 'abi <abi/4.0>,\\ninclude <tunables/global>\\n"  \
	"profile bwrap /usr/bin/bwrap flags=(unconfined) {\\n  " \
	"userns,\\n}\\n'"                                        \
	" | sudo tee /etc/apparmor.d/bwrap\n"                    \
	"sudo systemctl reload apparmor"

static bool
has_bwrap_profile(void)
{
	static const char *const files[] = {"/etc/apparmor.d/bwrap",
	    "/etc/apparmor.d/bwrap-userns-restrict",
	    "/etc/apparmor.d/usr.bin.bwrap"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (!access(files[i], F_OK))
			return true;
	return false;
}

static void
probe_apparmor(struct findings *f)
{
	autobuf struct strbuf on = STRBUF_INIT;
	long restricts = sysctl_number(
	    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns");

	slurp("/sys/module/apparmor/parameters/enabled", &on);
	if (on.buf[0] != 'Y')
		findings_add(f, "apparmor", FINDING_OK, "not in use");
	else if (restricts <= 0)
		findings_add(f, "apparmor", FINDING_OK,
		    "does not restrict user namespaces");
	else if (!getuid())
		findings_add(f, "apparmor", FINDING_OK,
		    "restricts user namespaces, but not root's");
	else if (has_bwrap_profile())
		findings_add(f, "apparmor", FINDING_OK,
		    "restricts user namespaces, bubblewrap has a profile");
	else
		findings_add(f, "apparmor", FINDING_FAIL,
		    "restricts user namespaces, bubblewrap has no profile: "
		    "restricted cannot work")
		    ->fix = xstrdup(BWRAP_PROFILE);
}

static void
probe_bubblewrap(struct findings *f)
{
	static const struct tool tool = {
	    "bubblewrap", "bubblewrap", "bubblewrap", "bubblewrap"};
	autofree char *path = runtime_find_program("bwrap");
	autobuf struct strbuf version = STRBUF_INIT;

	if (!path) {
		findings_add(f, "bubblewrap", FINDING_FAIL,
		    "bwrap is not installed; restricted needs it")
		    ->fix = install_fix(&tool);
		return;
	}
	program_line((char *[]){path, (char *)"--version", NULL}, &version);
	findings_add(f, "bubblewrap", FINDING_OK, "%s, %s",
	    version.len ? version.buf : "no version", path);
}

static void
probe_seccomp(struct findings *f)
{
	autobuf struct strbuf actions = STRBUF_INIT;

	slurp("/proc/sys/kernel/seccomp/actions_avail", &actions);
	if (strstr(actions.buf, "errno"))
		findings_add(f, "seccomp", FINDING_OK, "filters can be loaded");
	else
		findings_add(f, "seccomp", FINDING_FAIL,
		    "this kernel has no filters; restricted needs them")
		    ->fix = xstrdup("use a kernel with CONFIG_SECCOMP_FILTER, "
				    "or an engine");
}

/* Does a file of subuid(5) give this user ids? */
static bool
has_subordinates(const char *path)
{
	autobuf struct strbuf sb = STRBUF_INIT;
	const struct passwd *pw = getpwuid(getuid());
	autofree char *number = xasprintf("%u", (unsigned)getuid());
	char *rest, *line;

	slurp(path, &sb);
	for (rest = sb.buf; (line = strsep(&rest, "\n"));) {
		line[strcspn(line, ":")] = '\0';
		if (!strcmp(line, number) || (pw && !strcmp(line, pw->pw_name)))
			return true;
	}
	return false;
}

static void
probe_subordinates(struct findings *f)
{
	static const struct tool tool = {
	    "uidmap", "shadow-utils", "shadow-uidmap", "shadow"};
	autofree char *program = runtime_find_program("newuidmap");
	struct finding *found;

	if (!getuid()) {
		findings_add(f, "subordinate ids", FINDING_OK,
		    "not needed: root maps ids itself");
		return;
	}
	if (program && has_subordinates("/etc/subuid") &&
	    has_subordinates("/etc/subgid")) {
		findings_add(f, "subordinate ids", FINDING_OK,
		    "newuidmap and a range in /etc/subuid");
		return;
	}
	found = findings_add(f, "subordinate ids", FINDING_INFO,
	    "%s: restricted gives each run a PID namespace instead of a user",
	    program ? "no range in /etc/subuid" : "no newuidmap");
	found->fix = program
			 ? xstrdup("sudo usermod --add-subuids 100000-165535 "
				   "--add-subgids 100000-165535 $USER")
			 : install_fix(&tool);
}

/* The runner is chosen by an image's architecture, so others count too. */
static void
probe_runners(struct findings *f)
{
	static const char *const archs[] = {
	    "amd64", "arm64", "arm", "386", "riscv64", "ppc64le", "s390x"};
	autobuf struct strbuf found = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	autofree char *own = runtime_runner_path(NULL, &err);

	if (!own) {
		findings_add(f, "runner", FINDING_FAIL, "%s", err.msg.buf)
		    ->fix = xstrdup(
		    err.hint.len ? err.hint.buf : "install addesh again");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(archs); i++) {
		autoerr struct err missing = ERR_INIT;
		autofree char *path = runtime_runner_path(archs[i], &missing);

		if (path)
			strbuf_addf(&found, " %s", archs[i]);
	}
	findings_add(f, "runner", FINDING_OK, "for%s",
	    found.len ? found.buf : " this host");
}

void
probe_host(struct findings *f)
{
	probe_system(f);
	probe_cgroups(f);
	probe_userns(f);
	probe_apparmor(f);
	probe_bubblewrap(f);
	probe_seccomp(f);
	probe_subordinates(f);
	probe_runners(f);
}
