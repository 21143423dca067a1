#include "engine/credhelper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/spawn.h"
#include "engine/secret.h"

/* A helper may ask for a passphrase. */
#define HELPER_MS 120000
#define ANSWER_MAX 65536
/* Instead of a user: the secret is an identity token. */
#define TOKEN_USER "<token>"

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

/* A file of its own for the input: a pipe may be too small for a token, and
   nobody reads it while it is filled. */
static int
input_file(const char *input, struct err *err)
{
	int fd = memfd_create("credentials", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "memfd_create");
	if (io_write_all(fd, input, strlen(input)) || lseek(fd, 0, SEEK_SET)) {
		err_sys(err, errno, "a file in memory");
		close(fd);
		return -1;
	}
	return fd;
}

static pid_t
start(const char *program, const char *verb, const char *input, int *out,
    struct err *err)
{
	char *argv[] = {(char *)program, (char *)verb, NULL};
	autoclose int in = input_file(input, err);
	int o[2];
	pid_t pid;

	if (in < 0)
		return -1;
	if (pipe2(o, O_CLOEXEC))
		return err_sys(err, errno, "pipe");
	pid = spawn_start(
	    &(struct spawn){.argv = argv, .in = in, .out = o[1], .err = -1},
	    err);
	close(o[1]);
	if (pid < 0)
		close(o[0]);
	*out = pid < 0 ? -1 : o[0];
	return pid;
}

/* What it says is not repeated: it may hold a secret. */
static int
failed(int status, struct err *err)
{
	return err_set(err, ERR_CONFIG, "it failed with status %d",
	    WIFEXITED(status) ? WEXITSTATUS(status) : status);
}

static int
run(const char *program, const char *verb, const char *input,
    struct answer *answer, const struct auth_inputs *in, struct err *err)
{
	autoclose int fd = -1;
	int status, rc;
	pid_t pid = start(program, verb, input, &fd, err);

	if (pid < 0)
		return err_prefix(err, "credential helper");
	io_set_nonblock(fd, true);
	strbuf_grow(&answer->text, ANSWER_MAX);
	rc = wait_answer(answer, fd, pid, in, err);
	if (rc)
		kill(pid, SIGKILL);
	status = spawn_wait(pid);
	if (!rc && status) {
		if (strstr(answer->text.buf, not_found))
			return 0;
		rc = failed(status, err);
	}
	return rc ? err_prefix(err, "%s", program) : 1;
}

static int
read_answer(struct auth *a, const struct strbuf *text, const char *server,
    struct err *err)
{
	autoerr struct err ignored = ERR_INIT;
	json *j = json_parse(text->buf, text->len, &ignored);
	const char *user = json_str(j, "Username", NULL);
	const char *secret = json_str(j, "Secret", NULL);
	int rc = 1;

	if (!user || !secret) {
		rc = err_set(err, ERR_CONFIG, "its answer is not understood");
	} else if (!strcmp(user, TOKEN_USER)) {
		a->identitytoken = xstrdup(secret);
	} else {
		a->username = xstrdup(user);
		a->password = xstrdup(secret);
	}
	if (rc > 0)
		a->serveraddress = xstrdup(server);
	secret_free_json(j);
	return rc;
}

/*
 * Asks the helper of this name; a is filled if it is one to get.  1 if it did
 * as asked, 0 if it has no such entry.
 */
static int
ask(const char *helper, const char *verb, const char *input, struct auth *a,
    const struct auth_inputs *in, struct err *err)
{
	autofree char *program = xasprintf("docker-credential-%s", helper);
	struct answer answer = {.text = STRBUF_INIT};
	int rc;

	if (strchr(helper, '/'))
		return err_set(err, ERR_CONFIG,
		    "'%s' is not the name of a credential helper", helper);
	rc = run(program, verb, input, &answer, in, err);
	if (rc > 0 && a && read_answer(a, &answer.text, input, err) < 0)
		rc = err_prefix(err, "%s", program);
	secret_release(&answer.text);
	return rc;
}

int
credhelper_get(struct auth *a, const char *helper, const char *server,
    const struct auth_inputs *in, struct err *err)
{
	return ask(helper, "get", server, a, in, err);
}

int
credhelper_store(const struct auth *a, const char *helper, const char *server,
    const struct auth_inputs *in, struct err *err)
{
	autosecret char *input = NULL;
	json *j = json_object();

	json_put_str(j, "ServerURL", server);
	json_put_str(
	    j, "Username", a->identitytoken ? TOKEN_USER : a->username);
	json_put_str(
	    j, "Secret", a->identitytoken ? a->identitytoken : a->password);
	input = secret_print(j, false);
	secret_free_json(j);
	return ask(helper, "store", input, NULL, in, err) < 0 ? -1 : 0;
}

int
credhelper_erase(const char *helper, const char *server,
    const struct auth_inputs *in, struct err *err)
{
	return ask(helper, "erase", server, NULL, in, err);
}
