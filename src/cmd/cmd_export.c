/* export: a recorded session as something to be sent to somebody. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

#define FORMATS "cast|html|md|txt"

static const struct format {
	const char *name; /* one of FORMATS */
	const char *suffixes[3];
	export_fn *fn;
} formats[] = {
    {"cast", {".cast"}, export_cast},
    {"html", {".html", ".htm"}, export_html},
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

/* ---- options of a cast ---- */

enum {
	CELLS_MIN = 10,
	CELLS_MAX = 1000,
	WPM_MAX = 10000,
	IDLE_MAX_MS = 3600000
};

/* "80x24" */
static int
read_size(struct call *c, struct export_options *o)
{
	const char *text = call_str(c, "size");
	char end;

	if (!text)
		return 0;
	if (strlen(text) > 9 || strspn(text, "0123456789x") != strlen(text) ||
	    sscanf(text, "%ux%u%c", &o->columns, &o->rows, &end) != 2 ||
	    o->columns < CELLS_MIN || o->columns > CELLS_MAX ||
	    o->rows < CELLS_MIN || o->rows > CELLS_MAX)
		return err_set(&c->err, ERR_USAGE,
		    "--size %s is not WxH from %dx%d to %dx%d", text, CELLS_MIN,
		    CELLS_MIN, CELLS_MAX, CELLS_MAX);
	return 0;
}

static int
read_options(struct call *c, struct export_options *o)
{
	const char *version = call_str(c, "cast-version");
	uint64_t wpm;

	*o = (struct export_options)EXPORT_OPTIONS_INIT;
	if (version && !strcmp(version, "3"))
		o->cast_version = 3;
	o->idle_ms = call_ms(c, "idle", o->idle_ms);
	wpm = call_int(c, "wpm", o->wpm);
	o->wpm = (unsigned)wpm;
	if (!wpm || wpm > WPM_MAX)
		return err_set(&c->err, ERR_USAGE,
		    "--wpm %s is not between 1 and %d", call_str(c, "wpm"),
		    WPM_MAX);
	if (o->idle_ms > IDLE_MAX_MS)
		return err_set(&c->err, ERR_USAGE,
		    "--idle %s is more than an hour", call_str(c, "idle"));
	return read_size(c, o);
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

/* A device or a pipe is not replaced, but written to; a pipe must have a
   reader. */
static int
write_to(const char *path, const struct strbuf *text, struct err *err)
{
	autoclose int fd =
	    open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

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
	struct export_options o;
	struct export_session *s;
	int rc;

	if (!f || read_options(c, &o) ||
	    call_may_use_path(c, SET_HOST_READ, c->argv[0]) ||
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
    OPT_CHOICE(0, "cast-version", "2|3", "of the format of a cast (2)"),
    OPT_TIME(0, "idle", "no pause of a cast is longer (2s)"),
    OPT_STR(0, "size", "WxH", "columns and rows of a cast (80x24)", COMP_NONE),
    OPT_INT(0, "wpm", "N", "words a minute that are typed in a cast (220)"),
    OPT_END,
};

const struct cmd cmd_export = {
    .name = "export",
    .summary = "make a recorded session a cast, a page, a report or text",
    .help =
	"Nothing is executed: what each step shows is what its recording "
	"says, FILE.rec.jsonl, which 'record' writes beside the file, and "
	"'replay --record'.\n"
	"A cast is for the players of asciinema: commands are typed, output "
	"comes when it came, and each heading is a marker. html is a page "
	"that needs nothing else, with times, and with runs of a program "
	"side by side. md is Markdown for a forge, and txt is for people "
	"who cannot watch. An -o that is there is replaced.",
    .examples = "export lesson.md\nexport lesson.md -o lesson.html\n"
		"export lesson.md -o demo.cast --size 100x30",
    .opts = export_opts,
    .args = {ARG("FILE", COMP_HOST_FILE)},
    .flags = CMD_NO_SESSION | CMD_NO_STEP | CMD_PAGEABLE,
    .exec = export_exec,
};
