#include "replay/expect_write.h"

#include <string.h>

#include "replay/match_impl.h"
#include "replay/status.h"

/* One line to be written. */
struct writer {
	const struct masks *masks;
	const struct actual_line *a;
	bool err;
};

static bool
is_blank(const char *s, size_t n)
{
	return strspn(s, " \t") >= n;
}

/* Would the reader take it for something else than a line of stdout? */
static bool
is_special(const char *s, size_t n)
{
	autoerr struct err ignored = ERR_INIT;
	struct want_status status;
	size_t skip = strspn(s, " ");

	if (is_blank(s, n) || *s == '#')
		return true;
	if (strchr("$>%!", *s) && (n == 1 || s[1] == ' '))
		return true;
	if (!strncmp(s + skip, "```", 3) || !strncmp(s + skip, "~~~", 3))
		return true;
	while (n && is_blank(s + n - 1, 1))
		n--;
	return want_status_parse(&status, s, n, &ignored) != 0;
}

static bool
is_read_back(const struct writer *w, const struct strbuf *line)
{
	return w->err || !is_special(line->buf, line->len);
}

/* Does the line match, and (exact) nothing else with it? */
static bool
is_matched(const struct writer *w, const struct strbuf *line, bool exact)
{
	const struct expected_text text = {line->buf, line->len, 1};
	autoerr struct err ignored = ERR_INIT;
	struct expectation x;
	const struct expect_line *e;
	bool matched;

	if (expectation_init(&x, &text, 1, w->masks, &ignored))
		return false;
	e = &x.v[0];
	matched = expect_line_is_once(e) && expect_line_matches(&x, 0, w->a);
	if (exact && e->kind != EXPECT_BYTES)
		matched = matched && e->kind == EXPECT_TEXT && e->n == w->a->n;
	expectation_release(&x);
	return matched;
}

/* The text, without its (esc), with masks in it; false: there are none. */
static bool
add_masked(const struct writer *w, struct strbuf *line)
{
	size_t n = w->a->n - (w->a->escaped ? strlen(MATCH_ESC) : 0);

	mask_line(w->masks, line, w->a->text, n);
	return line->len != n || memcmp(line->buf, w->a->text, n) != 0;
}

static void
add_no_eol(const struct writer *w, struct strbuf *line)
{
	if (w->a->no_eol)
		strbuf_adds(line, MATCH_NO_EOL);
}

static void
add_glob(const struct writer *w, struct strbuf *line, const struct strbuf *text)
{
	for (size_t i = 0; i < text->len; i++) {
		if (strchr("*?\\", text->buf[i]))
			strbuf_addc(line, '\\');
		strbuf_addc(line, text->buf[i]);
	}
	strbuf_adds(line, " (glob)");
	add_no_eol(w, line);
}

/* As a (glob), whose ? can stand for a first character that would be read
   otherwise. */
static bool
try_glob(const struct writer *w, struct strbuf *line, const struct strbuf *text)
{
	strbuf_reset(line);
	add_glob(w, line, text);
	if (is_read_back(w, line) && is_matched(w, line, false))
		return true;
	if (*line->buf == '\\')
		strbuf_consume(line, 1);
	if (*line->buf & 0x80)
		return false;
	*line->buf = '?';
	return is_read_back(w, line) && is_matched(w, line, false);
}

/* With masks, if there is something to mask. */
static bool
try_masked(const struct writer *w, struct strbuf *line)
{
	autobuf struct strbuf text = STRBUF_INIT;

	if (!add_masked(w, &text))
		return false;
	strbuf_add(line, text.buf, text.len);
	add_no_eol(w, line);
	if (is_read_back(w, line) && is_matched(w, line, false))
		return true;
	return try_glob(w, line, &text);
}

/* As it is, or quoted. */
static bool
try_literal(const struct writer *w, struct strbuf *line)
{
	strbuf_reset(line);
	strbuf_add(line, w->a->text, w->a->full);
	if (is_read_back(w, line) && is_matched(w, line, true))
		return true;
	strbuf_prepend(line, "\\");
	return is_matched(w, line, false);
}

/* What has no newline at its end cannot be quoted by a backslash. */
static bool
try_loose(const struct writer *w, struct strbuf *line)
{
	autobuf struct strbuf text = STRBUF_INIT;
	size_t n = w->a->n - (w->a->escaped ? strlen(MATCH_ESC) : 0);

	strbuf_add(&text, w->a->text, n);
	if (try_glob(w, line, &text))
		return true;
	strbuf_reset(line);
	strbuf_add(line, w->a->text, w->a->full);
	return is_read_back(w, line) && is_matched(w, line, false);
}

static void
write_line(struct strbuf *out, const struct writer *w, bool masked, bool last)
{
	autobuf struct strbuf line = STRBUF_INIT;

	if (w->err)
		strbuf_adds(out, w->a->full ? "! " : "!");
	if (!w->a->full) {
		strbuf_adds(out, last && !w->err ? "\\" : "");
		return;
	}
	if ((masked && try_masked(w, &line)) || try_literal(w, &line) ||
	    try_loose(w, &line))
		strbuf_add(out, line.buf, line.len);
	else
		strbuf_adds(out, MATCH_ELISION);
}

void
expect_write_line(struct strbuf *out, const struct masks *m,
    const struct actual_line *a, bool err, bool last)
{
	write_line(out, &(struct writer){m, a, err}, true, last);
}

void
expect_write_literal(struct strbuf *out, const struct masks *m,
    const struct actual_line *a, bool err, bool last)
{
	write_line(out, &(struct writer){m, a, err}, false, last);
}

bool
expect_write_text(struct strbuf *out, const struct masks *m,
    const struct actual_line *a, bool err, const struct strbuf *text)
{
	const struct writer w = {m, a, err};

	if (!is_read_back(&w, text) || !is_matched(&w, text, false))
		return false;
	strbuf_adds(out, err ? "! " : "");
	strbuf_add(out, text->buf, text->len);
	return true;
}

bool
expect_write_is_output(const char *s, size_t n)
{
	autobuf struct strbuf line = STRBUF_INIT;

	strbuf_add(&line, s, n);
	return !is_special(line.buf, line.len);
}

void
expect_write(struct strbuf *out, const struct masks *m, const char *output,
    size_t n, bool err, size_t max)
{
	const char *cut = n > max ? memrchr(output, '\n', max) : NULL;
	size_t shown = n <= max ? n : cut ? (size_t)(cut + 1 - output) : 0;
	struct actual a;

	actual_read(&a, output, shown);
	for (size_t i = 0; i < a.n; i++) {
		expect_write_line(out, m, &a.v[i], err, i + 1 == a.n);
		strbuf_addc(out, '\n');
	}
	actual_release(&a);
	if (shown < n)
		strbuf_addf(out, "%s%s\n", err ? "! " : "", MATCH_ELISION);
}
