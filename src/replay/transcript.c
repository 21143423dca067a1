#include "replay/transcript.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/io.h"
#include "lexer/lexer.h"
#include "replay/transcript_impl.h"

bool
reader_next(struct reader *r, struct line *l)
{
	const char *nl;

	if (r->pos == r->n)
		return false;
	nl = memchr(r->s + r->pos, '\n', r->n - r->pos);
	*l = (struct line){.start = r->pos, .number = r->line++};
	l->end = nl ? (size_t)(nl + 1 - r->s) : r->n;
	l->stop = nl ? l->end - 1 : l->end;
	if (nl && l->stop > l->start && r->s[l->stop - 1] == '\r')
		l->stop--;
	r->pos = l->end;
	return true;
}

int
reader_fail(struct reader *r, unsigned line, const char *fmt, ...)
{
	autobuf struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	return err_set(
	    r->err, ERR_CONFIG, "%s:%u: %s", r->t->name, line, text.buf);
}

int
reader_not_finished(struct reader *r, const char *s, size_t n, unsigned line)
{
	autoerr struct err why = ERR_INIT;
	struct lex_line l;

	lex_line(&l, s, n, line, LEX_EOF, TRANSCRIPT_TEXT_MAX, &why);
	reader_fail(r, l.err_line, "%s", why.msg.buf);
	lex_line_release(&l);
	return -1;
}

static bool
grows(enum transcript_block_kind kind)
{
	return kind == BLOCK_FRONT || kind == BLOCK_PROSE ||
	       kind == BLOCK_LAYOUT;
}

void
reader_block(struct reader *r, enum transcript_block_kind kind, size_t start,
    size_t end, unsigned line, size_t index)
{
	struct transcript *t = r->t;
	struct transcript_block *last =
	    t->n_blocks ? &t->blocks[t->n_blocks - 1] : NULL;

	if (start == end)
		return;
	if (last && last->kind == kind && grows(kind)) {
		last->at.end = end;
		return;
	}
	GROW(t->blocks, t->n_blocks, &t->blocks_cap);
	t->blocks[t->n_blocks++] =
	    (struct transcript_block){kind, line, {start, end}, index};
}

bool
is_blank(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] != ' ' && s[i] != '\t')
			return false;
	return true;
}

static unsigned
line_at(const struct reader *r, size_t pos)
{
	unsigned line = 1;

	for (size_t i = 0; i < pos; i++)
		line += r->s[i] == '\n';
	return line;
}

/* All of it is text, and not too much. */
static int
check_text(struct reader *r)
{
	size_t lines = 1, i = 0;

	while (i < r->n) {
		int len = utf8_next(r->s + i, r->n - i, NULL);

		if (!r->s[i])
			return reader_fail(
			    r, line_at(r, i), "a NUL byte: this is no text");
		if (len <= 0)
			return reader_fail(r, line_at(r, i),
			    "the byte 0x%02x is not UTF-8; in expected output "
			    "it is written \\x%02x (esc)",
			    (unsigned char)r->s[i], (unsigned char)r->s[i]);
		lines += r->s[i] == '\n';
		i += len;
	}
	if (lines > TRANSCRIPT_LINES_MAX)
		return err_set(r->err, ERR_CONFIG, "%s: more than %u lines",
		    r->t->name, TRANSCRIPT_LINES_MAX);
	return 0;
}

static int
compare_ids(const void *a, const void *b)
{
	const struct transcript_step *x =
	    *(const struct transcript_step *const *)a;
	const struct transcript_step *y =
	    *(const struct transcript_step *const *)b;
	int order = strcmp(x->id, y->id);

	return order ? order
		     : (x->number > y->number) - (x->number < y->number);
}

/* An id names one step. */
static int
check_ids(struct reader *r)
{
	struct transcript *t = r->t;
	autofree const struct transcript_step **v =
	    xcalloc(t->n_steps + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < t->n_steps; i++)
		if (t->steps[i].id)
			v[n++] = &t->steps[i];
	qsort(v, n, sizeof(*v), compare_ids);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(v[i - 1]->id, v[i]->id))
			return reader_fail(r, v[i]->first,
			    "the id %s stands twice, first for line %u",
			    v[i]->id, v[i - 1]->first);
	return 0;
}

static int
read_all(struct reader *r)
{
	const char *nl = memchr(r->s, '\n', r->n);
	struct transcript *t = r->t;

	t->crlf = nl && nl > r->s && nl[-1] == '\r';
	if (check_text(r) || front_read(r))
		return -1;
	if (transcript_is_markdown(t->name))
		return markdown_read(r) ? -1 : check_ids(r);
	t->kind = is_bare(r) ? TRANSCRIPT_BARE : TRANSCRIPT_SCRIPT;
	return t->kind == TRANSCRIPT_BARE ? bare_read(r) : script_read(r);
}

struct transcript *
transcript_read(const char *name, const char *text, size_t n, struct err *err)
{
	struct transcript *t;
	struct reader r = {.line = 1, .err = err};

	if (n > TRANSCRIPT_TEXT_MAX) {
		err_set(err, ERR_CONFIG, "%s: more than %u MiB", name,
		    TRANSCRIPT_TEXT_MAX >> 20);
		return NULL;
	}
	t = xcalloc(1, sizeof(*t));
	t->name = xstrdup(name);
	/* A newline for the lexer, should the last line have none. */
	t->text = xmalloc(n + 2);
	memcpy(t->text, text, n);
	memcpy(t->text + n, "\n", 2);
	t->len = n;
	strvec_init(&t->front.normalize);
	strvec_init(&t->front.env);
	r.t = t;
	r.s = t->text;
	r.n = n;
	if (!read_all(&r))
		return t;
	transcript_free(t);
	return NULL;
}

struct transcript *
transcript_read_file(const char *path, struct err *err)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct transcript *t;
	uid_t owner;

	if (io_read_file_of(path, &text, TRANSCRIPT_TEXT_MAX, &owner, err))
		return NULL;
	t = transcript_read(path, text.buf, text.len, err);
	if (t)
		t->foreign = owner != 0 && owner != geteuid();
	return t;
}

void
step_release(struct transcript_step *s)
{
	free(s->id);
	free(s->text);
	free(s->out.v);
	free(s->err.v);
	step_options_release(&s->options);
}

void
transcript_free(struct transcript *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_steps; i++)
		step_release(&t->steps[i]);
	for (size_t i = 0; i < t->n_headings; i++)
		free(t->headings[i].text);
	for (size_t i = 0; i < t->n_notes; i++)
		free(t->notes[i]);
	front_release(&t->front);
	free(t->steps);
	free(t->headings);
	free(t->notes);
	free(t->blocks);
	free(t->text);
	free(t->name);
	free(t);
}

bool
transcript_is_markdown(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot &&
	       (!strcasecmp(dot, ".md") || !strcasecmp(dot, ".markdown"));
}

const char *
transcript_step_title(const struct transcript_step *s, size_t *n)
{
	const char *p = s->text + strspn(s->text, " \t");

	*n = strcspn(p, "\r\n");
	while (*n && (p[*n - 1] == ' ' || p[*n - 1] == '\t'))
		--*n;
	return p;
}

const char *
transcript_step_heading(
    const struct transcript *t, const struct transcript_step *s)
{
	return s->heading < 0 ? NULL : t->headings[s->heading].text;
}

uint64_t
transcript_step_timeout(
    const struct transcript *t, const struct transcript_step *s)
{
	return s->options.timeout_ms ? s->options.timeout_ms
				     : t->front.timeout_ms;
}

ptrdiff_t
transcript_find(const struct transcript *t, const char *id)
{
	for (size_t i = 0; i < t->n_steps; i++)
		if (t->steps[i].id && !strcmp(t->steps[i].id, id))
			return (ptrdiff_t)i;
	return -1;
}

ptrdiff_t
transcript_at_line(const struct transcript *t, unsigned line)
{
	for (size_t i = 0; i < t->n_steps; i++)
		if (t->steps[i].last >= line)
			return (ptrdiff_t)i;
	return -1;
}
