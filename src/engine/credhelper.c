#include "engine/credhelper.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/spawn.h"

/* A helper may ask for a passphrase. */
#define HELPER_MS 120000
#define ANSWER_MAX 65536

/* What a helper without an entry says, on stdout. */
static const char not_found[] = "credentials not found in native keychain";

struct answer {
	struct strbuf text; /* never moves: ANSWER_MAX is there at once */
	bool done, ended, too_long;
};

static void
on_answer(void *arg, int fd, unsigned events)
{
	struct answer *a = arg;
	size_t room = ANSWER_MAX - a->text.len;
	ssize_t r = read(fd, a->text.buf + a->text.len, room);

	if (r > 0) {
		a->text.len += (size_t)r;
		a->text.buf[a->text.len] = '\0';
		a->too_long = a->text.len == ANSWER_MAX;
	}
	if (r == 0 || a->too_long ||
	    (r < 0 && errno != EAGAIN && errno != EINTR))
		a->done = true;
}

static void
on_end(void *arg, int fd, unsigned events)
{
	((struct answer *)arg)->ended = true;
}

/* Its answer, and its end: it may close its output and live on. */
static int
wait_answer(struct answer *a, int fd, pid_t pid, const struct auth_inputs *in,
    struct err *err)
{
	autoclose int pidfd = syscall(SYS_pidfd_open, pid, 0);
	struct loop_fd *w = loop_fd_add(in->loop, fd, POLLIN, on_answer, a);
	struct loop_fd *end_w = NULL;
	unsigned before = in->interrupts ? *in->interrupts : 0;
	int64_t end = clock_ms() + HELPER_MS, left = HELPER_MS;

	if (pidfd >= 0)
		end_w = loop_fd_add(in->loop, pidfd, POLLIN, on_end, a);
	a->ended = pidfd < 0;
	while (!(a->done && (a->ended || a->too_long)) && left > 0 &&
	       (!in->interrupts || *in->interrupts == before)) {
		loop_step(in->loop, (int)left);
		left = end - clock_ms();
		loop_fd_set(w, a->done ? 0 : POLLIN);
		if (end_w)
			loop_fd_set(end_w, a->ended ? 0 : POLLIN);
	}
	loop_fd_remove(w);
	loop_fd_remove(end_w);
	if (a->done && a->ended && !a->too_long)
		return 0;
	if (a->too_long)
		return err_set(err, ERR_CONFIG, "its answer is too long");
	return err_set(err, left > 0 ? ERR_INTERRUPTED : ERR_CONFIG, "%s",
	    left > 0 ? "interrupted" : "it gives no answer");
}

static pid_t
start(const char *program, const char *server, int *out, struct err *err)
{
	char *argv[] = {(char *)program, (char *)"get", NULL};
	int in[2], o[2];
	pid_t pid;

	if (pipe2(in, O_CLOEXEC))
		return err_sys(err, errno, "pipe");
	if (pipe2(o, O_CLOEXEC)) {
		close(in[0]);
		close(in[1]);
		return err_sys(err, errno, "pipe");
	}
	/* Fits the pipe (PIPE_BUF), so it may be written before it is read. */
	if (strlen(server) > 4096 || io_write_all(in[1], server,
					 strlen(server)))
		pid = err_set(err, ERR_CONFIG,
		    "the registry's name is too long");
	else
		pid = spawn_start(&(struct spawn){.argv = argv, .in = in[0],
				      .out = o[1], .err = -1}, err);
	close(in[0]);
	close(in[1]);
	close(o[1]);
	if (pid < 0)
		close(o[0]);
	*out = pid < 0 ? -1 : o[0];
	return pid;
}

static int
read_answer(struct auth *a, struct answer *answer, int status,
    const char *server, struct err *err)
{
	autoerr struct err ignored = ERR_INIT;
	json *j = NULL;
	const char *user;

	if (status) {
		/* Its words are not repeated: they may hold a secret. */
		if (strstr(answer->text.buf, not_found))
			return 0;
		return err_set(err, ERR_CONFIG, "it failed with status %d",
		    WIFEXITED(status) ? WEXITSTATUS(status) : status);
	}
	j = json_parse(answer->text.buf, answer->text.len, &ignored);
	user = json_str(j, "Username", NULL);
	if (!user || !json_str(j, "Secret", NULL)) {
		auth_wipe_json(j);
		return err_set(err, ERR_CONFIG, "its answer is not understood");
	}
	if (!strcmp(user, "<token>")) {
		a->identitytoken = xstrdup(json_str(j, "Secret", ""));
	} else {
		a->username = xstrdup(user);
		a->password = xstrdup(json_str(j, "Secret", ""));
	}
	a->serveraddress = xstrdup(server);
	auth_wipe_json(j);
	return 1;
}

int
credhelper_get(struct auth *a, const char *helper, const char *server,
    const struct auth_inputs *in, struct err *err)
{
	autofree char *program = xasprintf("docker-credential-%s", helper);
	struct answer answer = {.text = STRBUF_INIT};
	autoclose int fd = -1;
	int rc, status;
	pid_t pid;

	if (strchr(helper, '/'))
		return err_set(err, ERR_CONFIG,
		    "'%s' is not the name of a credential helper", helper);
	pid = start(program, server, &fd, err);
	if (pid < 0)
		return err_prefix(err, "credential helper");
	io_set_nonblock(fd, true);
	strbuf_grow(&answer.text, ANSWER_MAX);
	rc = wait_answer(&answer, fd, pid, in, err);
	if (rc)
		kill(pid, SIGKILL);
	status = spawn_wait(pid);
	if (!rc)
		rc = read_answer(a, &answer, status, server, err);
	explicit_bzero(answer.text.buf, answer.text.len);
	strbuf_release(&answer.text);
	return rc < 0 ? err_prefix(err, "%s", program) : rc;
}
