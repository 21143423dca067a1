#include "cmd/file_process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/spawn.h"
#include "cmd/host.h"
#include "cmd/terminal.h"

/* Names the descriptor of the report, in such a process. */
#define REPORT_FD "ADDESH_REPLAY_FD"
/* Names the note of its directories, so that it holds them, too. */
#define SCRATCH_NOTE "ADDESH_REPLAY_NOTE"

/* Kept of ours: where the engine is, and what the system needs. */
static const char *const inherited[] = {"PATH", "USER", "LOGNAME", "CI",
    "TERM", "VISUAL", "EDITOR", "XDG_RUNTIME_DIR", "CONTAINER_HOST",
    "REGISTRY_AUTH_FILE", "ADDESH_ENGINE", "ADDESH_RUNNER", "ADDESH_DATADIR",
    "ADDESH_LIBEXECDIR", "ADDESH_TIMEOUT_SCALE", "ASAN_OPTIONS",
    "UBSAN_OPTIONS", "LSAN_OPTIONS", NULL};

/* And where people look at it: how they want to see it. */
static const char *const of_the_room[] = {"ACCESSIBLE", "NO_COLOR", "CLICOLOR",
    "CLICOLOR_FORCE", "EDITRC", NULL};

static const char *const always_same[] = {"LANG=C.UTF-8", "TZ=UTC",
    REPORT_FD "=3", NULL};

static const char *const always_shown[] = {"COLUMNS=80", "LINES=24",
    "NO_COLOR=1", NULL};

static void
inherit(struct strvec *env, const char *const *names)
{
	const char *v;

	for (int i = 0; names[i]; i++)
		if ((v = getenv(names[i])))
			strvec_pushf(env, "%s=%s", names[i], v);
}

static void
inherit_engine(struct strvec *env)
{
	const char *home = getenv("HOME");

	for (char **e = environ; *e; e++)
		if (str_starts(*e, "DOCKER_"))
			strvec_push(env, *e);
	/* Who may pull from which registry, and what contexts mean. */
	if (!getenv("DOCKER_CONFIG") && home)
		strvec_pushf(env, "DOCKER_CONFIG=%s/.docker", home);
}

static void
set(struct strvec *env, const char *const *pairs)
{
	for (int i = 0; pairs[i]; i++)
		strvec_push(env, pairs[i]);
}

static int
make_directories(struct file_process *p, struct strvec *env, struct err *err)
{
	static const char *const dirs[][2] = {{"HOME", "home"},
	    {"TMPDIR", "tmp"}, {"TMP", "tmp"}, {"XDG_CONFIG_HOME", "config"},
	    {"XDG_STATE_HOME", "state"}, {"XDG_CACHE_HOME", "cache"},
	    {"XDG_DATA_HOME", "data"}};
	const char *tmp = getenv("TMPDIR");

	if (scratch_make(&p->scratch, tmp && *tmp == '/' ? tmp : "/tmp", err))
		return -1;
	if (p->scratch.note)
		strvec_pushf(env, SCRATCH_NOTE "=%s", p->scratch.note);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		autofree char *path = io_join(p->scratch.dir, dirs[i][1]);

		if (io_mkdirs(path, 0700, err))
			return -1;
		strvec_pushf(env, "%s=%s", dirs[i][0], path);
	}
	return 0;
}

static int
make_environment(struct file_process *p, enum file_audience audience,
    struct strvec *env, struct err *err)
{
	inherit(env, inherited);
	inherit_engine(env);
	if (make_directories(p, env, err))
		return -1;
	set(env, always_same);
	if (audience == FILE_ROOM)
		inherit(env, of_the_room);
	else
		set(env, always_shown);
	return 0;
}

static void
add_option(struct strvec *argv, const char *name, const char *value)
{
	if (value)
		strvec_pushf(argv, "%s=%s", name, value);
}

void
file_process_words(struct strvec *argv, const struct host *h)
{
	strvec_push(argv, "/proc/self/exe");
	strvec_push(argv, "--no-history");
	add_option(argv, "--config", h->inv.config);
	add_option(argv, "--policy", h->inv.policy);
	add_option(argv, "--engine", h->inv.engine);
	if (h->inv.allow_host)
		strvec_push(argv, "--allow-host");
}

static void
lend_terminal(struct file_process *p)
{
	terminal_lend();
	terminal_set_stops(STOPS_NOT);
	p->terminal = tcgetattr(STDIN_FILENO, &p->modes) == 0;
}

/* Who was killed has put nothing back. */
static void
take_terminal(struct file_process *p, bool killed)
{
	static const char usual[] = "\033[0m\033[?2004l\r\n";

	terminal_set_stops(STOPS_ITSELF);
	if (!p->terminal)
		return;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &p->modes);
	if (killed)
		(void)io_write_all(STDOUT_FILENO, usual, sizeof(usual) - 1);
	terminal_take();
}

int
file_process_start(struct file_process *p, const struct strvec *argv,
    enum file_audience audience, struct err *err)
{
	autovec struct strvec env = STRVEC_INIT;
	bool asks = audience == FILE_PERSON || audience == FILE_ROOM;
	struct spawn sp = {.argv = argv->v,
	    .in = asks ? STDIN_FILENO : -1,
	    .out = asks ? STDOUT_FILENO : -1,
	    .err = STDERR_FILENO,
	    .session = !asks};
	int fd[2];

	p->scratch = (struct scratch)SCRATCH_INIT;
	if (make_environment(p, audience, &env, err))
		return -1;
	sp.env = env.v;
	if (pipe2(fd, O_CLOEXEC) < 0)
		return err_sys(err, errno, "making a pipe");
	sp.three = fd[1];
	if (asks)
		lend_terminal(p);
	p->pid = spawn_start(&sp, err);
	close(fd[1]);
	if (p->pid < 0) {
		p->pid = 0;
		close(fd[0]);
		if (asks)
			take_terminal(p, false);
		return -1;
	}
	p->fd = fd[0];
	io_set_nonblock(p->fd, true);
	return 0;
}

int
file_process_end(struct file_process *p)
{
	int status = spawn_wait(p->pid);

	close(p->fd);
	p->pid = 0;
	take_terminal(p, WIFSIGNALED(status));
	return status;
}

void
file_process_release(struct file_process *p, bool keep)
{
	scratch_release(&p->scratch, keep ? clock_wall_ms() + FILE_KEEP_MS : 0);
}

/* ---- in it ---- */

int
file_process_fd(struct err *err)
{
	const char *text = getenv(REPORT_FD);
	char *end = NULL;
	long n = text ? strtol(text, &end, 10) : 0;

	if (!text)
		return 0;
	if (end > text && !*end && n > STDERR_FILENO && n <= INT_MAX &&
	    fcntl((int)n, F_GETFD) >= 0)
		return (int)n;
	return err_set(err, ERR_USAGE,
	    REPORT_FD " is for processes that replay starts; unset it");
}

const char *
file_process_enter(int fd, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	const char *note = getenv(SCRATCH_NOTE);
	autofree char *dir = NULL;

	/* Whoever started it is not there to end it. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	unsetenv(REPORT_FD);
	terminal_set_stops(STOPS_BOTH);
	if (note)
		scratch_hold(note);
	unsetenv(SCRATCH_NOTE);
	if (!slash)
		return path;
	dir = xstrndup(path, slash == path ? 1 : slash - path);
	if (!chdir(dir))
		return slash + 1;
	err_sys(err, errno, "%s", dir);
	return NULL;
}

void
file_process_report(int fd, json *event)
{
	autofree char *line = json_print(event);

	(void)io_write_all(fd, line, strlen(line));
	(void)io_write_all(fd, "\n", 1);
	json_free(event);
}

void
file_process_report_error(int fd, const struct err *err)
{
	json *j = json_object();

	json_put_str(j, "event", "error");
	json_put_str(j, "message", err->msg.buf);
	json_put_str(j, "hint", err->hint.len ? err->hint.buf : NULL);
	file_process_report(fd, j);
}
