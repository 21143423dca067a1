/*
 * The Markdown of session files, by the rules of CommonMark 0.31 for what
 * matters here: fenced code (section 4.5), ATX headings (4.2) and comments
 * (4.6, kind 2).  All else is prose.  What is not ended would hide the rest of
 * the file, steps and all, so it is an error and not, as there, closed by the
 * end of the file.
 */
#include <string.h>

#include "replay/transcript_impl.h"

enum { INDENT_MAX = 3 }; /* a line with more is indented code */

struct fence {
	char mark; /* '`' or '~' */
	size_t length, indent;
	size_t info; /* where its words begin, in the file */
	struct line open;
};

static size_t
count(const char *s, size_t n, char c)
{
	size_t i = 0;

	while (i < n && s[i] == c)
		i++;
	return i;
}

static bool
opens_fence(const struct reader *r, const struct line *l, struct fence *f)
{
	const char *s = r->s + l->start;
	size_t n = l->stop - l->start, indent = count(s, n, ' ');

	if (indent > INDENT_MAX || indent == n)
		return false;
	f->mark = s[indent];
	f->length = count(s + indent, n - indent, f->mark);
	f->indent = indent;
	f->info = l->start + indent + f->length;
	f->open = *l;
	if (f->length < 3 || (f->mark != '`' && f->mark != '~'))
		return false;
	return f->mark == '~' ||
	       !memchr(r->s + f->info, '`', l->stop - f->info);
}

static bool
closes_fence(
    const struct reader *r, const struct line *l, const struct fence *f)
{
	const char *s = r->s + l->start;
	size_t n = l->stop - l->start, indent = count(s, n, ' '), length;

	if (indent > INDENT_MAX)
		return false;
	length = count(s + indent, n - indent, f->mark);
	return length >= f->length &&
	       is_blank(s + indent + length, n - indent - length);
}

static int
not_ended(struct reader *r, const struct fence *f)
{
	autofree char *mark = xcalloc(1, f->length + 1);

	memset(mark, f->mark, f->length);
	return reader_fail(
	    r, f->open.number, "the fence is not ended: no line is %s", mark);
}

static size_t
skip_blanks(const struct reader *r, size_t at, size_t stop)
{
	while (at < stop && is_blank(r->s + at, 1))
		at++;
	return at;
}

/* The words behind ```: is the first "addesh"?  *rest is behind it. */
static bool
is_ours(const struct reader *r, const struct fence *f, size_t *rest)
{
	static const char word[] = "addesh";
	size_t n = sizeof(word) - 1, stop = f->open.stop;
	size_t at = skip_blanks(r, f->info, stop);

	if (stop - at < n || memcmp(r->s + at, word, n) != 0)
		return false;
	at += n;
	*rest = skip_blanks(r, at, stop);
	return *rest == stop || *rest > at || r->s[at] == '{';
}

static int
read_fence_options(struct reader *r, const struct fence *f, size_t at,
    struct body *b, char **id)
{
	size_t stop = f->open.stop;
	struct yaml *y;
	int status;

	while (stop > at && is_blank(r->s + stop - 1, 1))
		stop--;
	if (at == stop)
		return 0;
	if (r->s[at] != '{' || r->s[stop - 1] != '}')
		return reader_fail(r, f->open.number,
		    "options of a fence are written {key: value, ...}");
	y = yaml_parse_at(r->t->name, f->open.number, at - f->open.start + 1,
	    r->s + at, stop - at, r->err);
	if (!y)
		return -1;
	status = step_options_read_map(&b->options, id, y, r->err);
	yaml_doc_free(y);
	return status;
}

/* The steps of a fence; its opening line is read. */
static int
read_steps(struct reader *r, const struct fence *f, struct body *b)
{
	struct line l;

	while (reader_next(r, &l)) {
		if (!closes_fence(r, &l, f)) {
			if (body_line(b, &l))
				return -1;
			continue;
		}
		if (body_end(b))
			return -1;
		reader_block(r, BLOCK_FENCE_END, l.start, l.end, l.number, 0);
		return 0;
	}
	return not_ended(r, f);
}

static int
read_ours(struct reader *r, const struct fence *f, size_t options)
{
	autofree char *id = NULL;
	struct body b;
	int status;

	body_init(&b, r);
	b.indent = f->indent;
	reader_block(
	    r, BLOCK_FENCE, f->open.start, f->open.end, f->open.number, 0);
	status = read_fence_options(r, f, options, &b, &id);
	b.id = id;
	if (!status)
		status = read_steps(r, f, &b);
	body_release(&b);
	return status;
}

/* Code of others: whatever stands in it is neither a step nor a heading. */
static int
skip_fence(struct reader *r, const struct fence *f)
{
	struct line l;

	while (reader_next(r, &l))
		if (closes_fence(r, &l, f)) {
			reader_block(r, BLOCK_CODE, f->open.start, l.end,
			    f->open.number, 0);
			return 0;
		}
	return not_ended(r, f);
}

/* "## Text ##" */
static bool
read_heading(struct reader *r, const struct line *l)
{
	struct transcript *t = r->t;
	size_t start = l->start, stop = l->stop, level, end;

	start += count(r->s + start, stop - start, ' ');
	level = count(r->s + start, stop - start, '#');
	if (start - l->start > INDENT_MAX || level < 1 || level > 6)
		return false;
	start += level;
	if (start < stop && r->s[start] != ' ' && r->s[start] != '\t')
		return false;
	while (start < stop && is_blank(r->s + start, 1))
		start++;
	while (stop > start && is_blank(r->s + stop - 1, 1))
		stop--;
	for (end = stop; end > start && r->s[end - 1] == '#';)
		end--;
	/* #s at the end count as text if no blank is in front of them. */
	if (end == start || is_blank(r->s + end - 1, 1))
		stop = end;
	while (stop > start && is_blank(r->s + stop - 1, 1))
		stop--;
	GROW(t->headings, t->n_headings, &t->headings_cap);
	t->headings[t->n_headings] = (struct transcript_heading){
	    (unsigned)level, l->number, xstrndup(r->s + start, stop - start)};
	reader_block(
	    r, BLOCK_HEADING, l->start, l->end, l->number, t->n_headings++);
	return true;
}

/* The text of "<!-- note: TEXT -->" without blanks around it, else NULL. */
static char *
note_text(const char *s, size_t n)
{
	static const char note[] = "note:";
	size_t skip = sizeof(note) - 1;

	while (n && strchr(" \t\r\n", *s)) {
		s++;
		n--;
	}
	if (n < skip || memcmp(s, note, skip) != 0)
		return NULL;
	s += skip;
	n -= skip;
	while (n && strchr(" \t\r\n", *s)) {
		s++;
		n--;
	}
	while (n && strchr(" \t\r\n", s[n - 1]))
		n--;
	return xstrndup(s, n);
}

/* A comment, up to the end of the line with its "-->". */
static int
read_comment(struct reader *r, const struct line *open, size_t text)
{
	struct transcript *t = r->t;
	/* "<!-->" is a whole one. */
	const char *close =
	    memmem(r->s + text - 2, r->n - text + 2, "-->", strlen("-->"));
	struct line l = *open;
	char *note;

	if (!close)
		return reader_fail(r, open->number,
		    "the comment is not ended: --> is missing");
	while (l.end <= (size_t)(close - r->s))
		reader_next(r, &l);
	note = close < r->s + text
		   ? NULL
		   : note_text(r->s + text, close - (r->s + text));
	if (!note) {
		reader_block(
		    r, BLOCK_COMMENT, open->start, l.end, open->number, 0);
		return 0;
	}
	GROW(t->notes, t->n_notes, &t->notes_cap);
	t->notes[t->n_notes] = note;
	reader_block(
	    r, BLOCK_NOTE, open->start, l.end, open->number, t->n_notes++);
	return 0;
}

/* Does a comment begin the line?  *text is behind its "<!--". */
static bool
opens_comment(const struct reader *r, const struct line *l, size_t *text)
{
	const char *s = r->s + l->start;
	size_t n = l->stop - l->start, indent = count(s, n, ' ');

	*text = l->start + indent + 4;
	return indent <= INDENT_MAX && n - indent >= 4 &&
	       !memcmp(s + indent, "<!--", 4);
}

static int
read_line(struct reader *r, const struct line *l)
{
	struct fence f;
	size_t at;

	if (opens_fence(r, l, &f))
		return is_ours(r, &f, &at) ? read_ours(r, &f, at)
					   : skip_fence(r, &f);
	if (opens_comment(r, l, &at))
		return read_comment(r, l, at);
	if (!read_heading(r, l))
		reader_block(r, BLOCK_PROSE, l->start, l->end, l->number, 0);
	return 0;
}

int
markdown_read(struct reader *r)
{
	struct line l;

	while (reader_next(r, &l))
		if (read_line(r, &l))
			return -1;
	return 0;
}
