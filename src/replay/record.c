#include "replay/record.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"
#include "base/sanitise.h"
#include "replay/expect_write.h"
#include "replay/match_impl.h"
#include "replay/transcript.h"

struct record {
	char *path;
	int fd;
	size_t size; /* of what is whole */
	const struct masks *masks;
};

/* A string of JSON is one of YAML, too. */
static void
add_scalar(struct strbuf *sb, const char *s)
{
	autojson json *j = json_string(s);
	autofree char *text = json_print(j);

	strbuf_adds(sb, text);
}

static void
add_requires(struct strbuf *sb, const struct strvec *words)
{
	strbuf_adds(sb, "requires: [");
	for (size_t i = 0; i < words->n; i++) {
		strbuf_adds(sb, i ? ", " : "");
		add_scalar(sb, words->v[i]);
	}
	strbuf_adds(sb, "]\n");
}

static void
add_env(struct strbuf *sb, const struct strvec *env)
{
	strbuf_adds(sb, "env:\n");
	for (size_t i = 0; i < env->n; i++) {
		size_t name = strcspn(env->v[i], "=");

		strbuf_addf(sb, "  %.*s: ", (int)name, env->v[i]);
		add_scalar(sb, env->v[i][name] ? env->v[i] + name + 1 : "");
		strbuf_addc(sb, '\n');
	}
}

/* One line of text, whatever it holds. */
static void
add_heading(struct strbuf *sb, const char *mark, const char *text)
{
	strbuf_addf(sb, "%s ", mark);
	sanitise_name(sb, text);
	strbuf_adds(sb, "\n\n");
}

void
record_add_front(struct strbuf *sb, const struct record_front *f)
{
	strbuf_addf(sb, "---\naddesh-session: %d\n", TRANSCRIPT_VERSION);
	if (f->title) {
		strbuf_adds(sb, "title: ");
		add_scalar(sb, f->title);
		strbuf_addc(sb, '\n');
	}
	if (f->requires && f->requires->n)
		add_requires(sb, f->requires);
	if (f->env && f->env->n)
		add_env(sb, f->env);
	strbuf_adds(sb, "---\n");
	if (f->title)
		add_heading(sb, "#", f->title);
	else
		strbuf_addc(sb, '\n');
}

/* "$ " in front of the first line, "> " in front of the others. */
static void
add_command(struct strbuf *sb, const char *text, size_t n)
{
	const char *end = text + n;
	char mark = '$';

	while (text < end) {
		const char *nl = memchr(text, '\n', end - text);
		const char *stop = nl ? nl : end;

		strbuf_addc(sb, mark);
		if (stop > text)
			strbuf_addc(sb, ' ');
		strbuf_add(sb, text, stop - text);
		strbuf_addc(sb, '\n');
		text = stop + 1;
		mark = '>';
	}
}

/* Is it read back as the same command? */
static int
check_command(
    const char *command, size_t n, const struct strbuf *text, struct err *err)
{
	autobuf struct strbuf file = STRBUF_INIT;
	autoerr struct err why = ERR_INIT;
	struct transcript *t;
	const struct transcript_step *s;
	bool same;

	strbuf_adds(&file, "```addesh\n");
	strbuf_add(&file, command, n);
	strbuf_adds(&file, "```\n");
	t = transcript_read("step.md", file.buf, file.len, &why);
	s = t && t->n_steps == 1 ? t->steps : NULL;
	same = s && s->n == text->len && !memcmp(s->text, text->buf, s->n);
	transcript_free(t);
	if (same)
		return 0;
	return err_set(err, ERR_CONFIG,
	    "the command cannot stand in a session file: %s",
	    why.kind ? why.msg.buf : "its lines would be read otherwise");
}

static void
add_output(struct strbuf *sb, const struct masks *m,
    const struct record_step *s, const char *output, size_t n, bool err)
{
	autobuf struct strbuf text = STRBUF_INIT;

	if (!n)
		return;
	secrets_hide(s->secrets, &text, output, n, true);
	expect_write(sb, m, text.buf, text.len, err, RECORD_OUTPUT_MAX);
}

struct record_step
record_step_of(const char *text, const struct answer *a)
{
	const struct strbuf *out = &a->stream[1], *err = &a->stream[2];

	return (struct record_step){.text = text,
	    .n = strlen(text),
	    .out = out->buf,
	    .n_out = out->len,
	    .err = err->buf,
	    .n_err = err->len,
	    .open_out = a->cut,
	    .open_err = a->cut,
	    .status = want_status_of(&a->status)};
}

int
record_add_step(struct strbuf *sb, const struct masks *m,
    const struct record_step *s, struct err *err)
{
	autobuf struct strbuf text = STRBUF_INIT;
	size_t before = sb->len, command;

	secrets_hide(s->secrets, &text, s->text, s->n, false);
	if (!text.len || text.buf[text.len - 1] != '\n')
		strbuf_addc(&text, '\n');
	if (s->heading)
		add_heading(sb, "##", s->heading);
	strbuf_adds(sb, "```addesh\n");
	command = sb->len;
	add_command(sb, text.buf, text.len);
	if (check_command(sb->buf + command, sb->len - command, &text, err)) {
		strbuf_truncate(sb, before);
		return -1;
	}
	add_output(sb, m, s, s->out, s->n_out, false);
	strbuf_adds(sb, s->open_out ? MATCH_ELISION "\n" : "");
	add_output(sb, m, s, s->err, s->n_err, true);
	strbuf_adds(sb, s->open_err ? "! " MATCH_ELISION "\n" : "");
	if (s->status.kind != WANT_CODE || s->status.number) {
		want_status_add(sb, &s->status);
		strbuf_addc(sb, '\n');
	}
	strbuf_adds(sb, "```\n\n");
	return 0;
}

/*
 * A write(2) of several pages ends between two of them when its process is
 * killed.  So that the file stays right another process does it, which nobody
 * kills: the number of what went wrong, or 0.
 */
static int
write_apart(int fd, const struct strbuf *text)
{
	sigset_t all, old;
	int status = 0;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	pid = fork();
	if (!pid)
		_exit(io_write_all(fd, text->buf, text->len) ? errno : 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return errno;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

/* All of it, or nothing. */
static int
append(struct record *r, const struct strbuf *text, struct err *err)
{
	int sys;

	if (r->size + text->len > TRANSCRIPT_TEXT_MAX)
		return err_set(err, ERR_IO,
		    "%s: a session file has at most %u MiB", r->path,
		    TRANSCRIPT_TEXT_MAX >> 20);
	sys = write_apart(r->fd, text);
	if (!sys) {
		r->size += text->len;
		return 0;
	}
	if (ftruncate(r->fd, (off_t)r->size) < 0)
		sys = errno;
	return err_sys(err, sys, "%s", r->path);
}

struct record *
record_open(const char *path, bool replace, const struct record_front *f,
    const struct masks *m, struct err *err)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct record *r;
	int fd = open(path,
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
		(replace ? O_TRUNC : O_EXCL),
	    0666);

	if (fd < 0) {
		err_sys(err, errno, "%s", path);
		return NULL;
	}
	r = xcalloc(1, sizeof(*r));
	*r = (struct record){.path = xstrdup(path), .fd = fd, .masks = m};
	record_add_front(&text, f);
	if (!append(r, &text, err))
		return r;
	record_close(r, NULL);
	return NULL;
}

int
record_append(struct record *r, const struct record_step *s, struct err *err)
{
	autobuf struct strbuf text = STRBUF_INIT;

	if (record_add_step(&text, r->masks, s, err))
		return -1;
	return append(r, &text, err);
}

int
record_close(struct record *r, struct err *err)
{
	int status = 0;

	if (!r)
		return 0;
	if (close(r->fd) < 0 && err)
		status = err_sys(err, errno, "%s", r->path);
	free(r->path);
	free(r);
	return status;
}
