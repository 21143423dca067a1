/* export: a recorded session as something to be sent to somebody. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "cmd/call.h"
#include "export/export.h"
#include "replay/recording.h"

typedef int export_fn(struct strbuf *out, const struct export_session *s,
    const struct export_options *o, struct err *err);

#define FORMATS "md|txt"

static const struct format {
	const char *name; /* one of FORMATS */
	const char *suffixes[3];
	export_fn *fn;
} formats[] = {
    {"md", {".md", ".markdown"}, export_md},
    {"txt", {".txt"}, export_txt},
};

static const struct format *
format_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return NULL;
}

static const struct format *
format_of_file(const char *path)
{
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(formats); i++)
		for (int k = 0; formats[i].suffixes[k]; k++)
			if (!strcasecmp(dot, formats[i].suffixes[k]))
				return &formats[i];
	return NULL;
}

static const struct format *
choose_format(struct call *c)
{
	const char *name = call_str(c, "format"), *path = call_str(c, "output");
	const struct format *f = NULL;

	if (name)
		f = format_named(name);
	else if (path)
		f = format_of_file(path);
	else
		f = format_named("txt");
	if (!f)
		err_set(&c->err, ERR_USAGE,
		    "the name %s does not say which format: --format " FORMATS,
		    path);
	return f;
}

/* ---- where it goes ---- */

static bool
is_same(const char *path, const struct stat *st)
{
	struct stat other;

	return !stat(path, &other) && other.st_dev == st->st_dev &&
	       other.st_ino == st->st_ino;
}

/* What it is made of is not what is written over. */
static int
check_output(struct call *c, const char *path, const struct stat *st)
{
	autofree char *recording = recording_path(c->argv[0]);

	if (S_ISDIR(st->st_mode))
		return err_sys(&c->err, EISDIR, "%s", path);
	if (is_same(c->argv[0], st) || is_same(recording, st))
		return err_set(&c->err, ERR_USAGE,
		    "%s is what is exported, and not written over", path);
	return 0;
}

/* A device or a pipe is not replaced, but written to. */
static int
write_to(const char *path, const struct strbuf *text, struct err *err)
{
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 || io_write_all(fd, text->buf, text->len))
		return err_sys(err, errno, "%s", path);
	return 0;
}

static int
write_output(struct call *c, const char *path, const struct strbuf *text)
{
	struct stat st;

	if (!stat(path, &st)) {
		if (check_output(c, path, &st))
			return -1;
		if (!S_ISREG(st.st_mode))
			return write_to(path, text, &c->err);
	}
	return io_replace_file(path, text->buf, text->len, 0666, &c->err);
}

static int
put_out(struct call *c, const struct format *f, const struct strbuf *text)
{
	const char *path = call_str(c, "output");

	if (!path) {
		call_bytes(c, text->buf, text->len);
		return 0;
	}
	if (write_output(c, path, text))
		return -1;
	json_put_str(call_data(c), "file", path);
	json_put_str(call_data(c), "format", f->name);
	json_put_int(call_data(c), "bytes", (int64_t)text->len);
	return 0;
}

/* ---- the command ---- */

static int
export_exec(struct call *c)
{
	autobuf struct strbuf text = STRBUF_INIT;
	const struct format *f = choose_format(c);
	const char *path = call_str(c, "output");
	struct export_options o = {0};
	struct export_session *s;
	int rc;

	if (!f || call_may_use_path(c, SET_HOST_READ, c->argv[0]) ||
	    (path && call_may_use_path(c, SET_HOST_WRITE, path)))
		return -1;
	s = export_open(c->argv[0], &c->err);
	if (!s)
		return -1;
	rc = f->fn(&text, s, &o, &c->err);
	export_close(s);
	return rc ? -1 : put_out(c, f, &text);
}

static const struct opt export_opts[] = {
    OPT_CHOICE(0, "format", FORMATS,
	"what is made; else the name of -o says so, or it is txt"),
    OPT_STR('o', "output", "FILE", "write it there, and not to stdout",
	COMP_HOST_FILE),
    OPT_END,
};

const struct cmd cmd_export = {
    .name = "export",
    .summary = "make a recorded session file a report or plain text",
    .help = "Nothing is executed: what each step shows is what its recording "
	    "says, FILE.rec.jsonl, which 'record' writes beside the file, and "
	    "'replay --record'.\n"
	    "md is Markdown for a forge, and txt is for people who cannot "
	    "watch. An -o that is there is replaced.",
    .examples = "export lesson.md\nexport lesson.md -o report.md",
    .opts = export_opts,
    .args = {ARG("FILE", COMP_HOST_FILE)},
    .flags = CMD_NO_SESSION | CMD_NO_STEP | CMD_PAGEABLE,
    .exec = export_exec,
};
