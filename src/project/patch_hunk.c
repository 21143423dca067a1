/* Reading the hunks of a file in a patch. */
#include "project/patch_impl.h"

#include <string.h>

/* Digits at *s; more than a file can have lines is no number. */
static bool
number(const char **s, const char *end, size_t *n)
{
	const char *begin = *s;

	for (*n = 0; *s < end && **s >= '0' && **s <= '9'; ++*s) {
		*n = *n * 10 + (size_t)(**s - '0');
		if (*n > LINES_MAX)
			return false;
	}
	return *s > begin;
}

/* "-12,3" or "-12" */
static bool
range(const char **s, const char *end, char sign, size_t *start, size_t *count)
{
	if (*s == end || **s != sign)
		return false;
	++*s;
	*count = 1;
	if (!number(s, end, start))
		return false;
	if (*s == end || **s != ',')
		return true;
	++*s;
	return number(s, end, count);
}

static bool
hunk_header(const struct patch_text *t, struct patch_hunk *h)
{
	const char *s = t->p + 3, *end = t->p + t->n;

	if (!range(&s, end, '-', &h->old_start, &h->old_count) || s == end ||
	    *s++ != ' ' ||
	    !range(&s, end, '+', &h->new_start, &h->new_count) ||
	    end - s < 3 || memcmp(s, " @@", 3))
		return false;
	/* Only what is empty begins before the first line. */
	return (h->old_start || !h->old_count) &&
	       (h->new_start || !h->new_count);
}

static void
hunk_add(struct patch_hunk *h, char sign, const char *p, size_t n)
{
	GROW(h->v, h->n, &h->cap);
	h->v[h->n++] = (struct patch_line){.sign = sign, .p = p, .n = n};
}

/* Is it the end of a mail's text, or the beginning of the next file? */
static bool
ends_hunk(const struct patch_reader *r, const struct patch_text *t)
{
	return t->n == 0 || !memchr(" +-", t->p[0], 3) ||
	       patch_is_signature(t) || patch_at_names(r);
}

/* "\ No newline at end of file", in any language. */
static bool
no_newline(struct patch_reader *r, struct patch_hunk *h)
{
	struct patch_text t;

	if (!patch_peek(r, &t) || !patch_begins(&t, "\\ "))
		return false;
	if (h->n)
		h->v[h->n - 1].open = true;
	patch_advance(r);
	return true;
}

static int
hunk_line(struct patch_reader *r, struct patch_hunk *h, size_t left[2])
{
	struct patch_text t = {"", 0};
	bool there = patch_peek(r, &t);
	char sign = there && t.n ? t.p[0] : ' ';

	if (!there || !memchr(" -+", sign, 3) ||
	    (sign != '+' && !left[0]) || (sign != '-' && !left[1])) {
		err_set(r->err, ERR_USAGE,
		    "line %zu of the patch: the hunk that begins on line %zu "
		    "lacks %zu old and %zu new lines of those that it counts",
		    r->line, h->line, left[0], left[1]);
		return -1;
	}
	left[0] -= sign != '+';
	left[1] -= sign != '-';
	hunk_add(h, sign, t.n ? t.p + 1 : t.p, t.n ? t.n - 1 : 0);
	patch_advance(r);
	return 0;
}

/* A line that has no newline is the last one of its side. */
static bool
open_lines_are_last(const struct patch_hunk *h)
{
	bool old_ended = false, new_ended = false;

	for (size_t i = 0; i < h->n; i++) {
		const struct patch_line *l = &h->v[i];

		if ((old_ended && l->sign != '+') ||
		    (new_ended && l->sign != '-'))
			return false;
		old_ended |= l->open && l->sign != '+';
		new_ended |= l->open && l->sign != '-';
	}
	return true;
}

static int
read_hunk(struct patch_reader *r, struct patch_file *f, struct patch_text t)
{
	struct patch_hunk *h;
	size_t left[2];

	GROW(f->v, f->n, &f->cap);
	h = &f->v[f->n++];
	*h = (struct patch_hunk){.line = r->line};
	if (!hunk_header(&t, h))
		return patch_wrong(r, r->line, PATCH_HUNK_FORM);
	patch_advance(r);
	left[0] = h->old_count;
	left[1] = h->new_count;
	while (left[0] || left[1])
		if (!no_newline(r, h) && hunk_line(r, h, left))
			return -1;
	while (no_newline(r, h))
		;
	if (!open_lines_are_last(h))
		return patch_wrong(r, h->line,
		    "a line without a newline is not the last one");
	if (patch_peek(r, &t) && !ends_hunk(r, &t))
		return err_set(r->err, ERR_USAGE,
		    "line %zu of the patch: the hunk that begins on line %zu "
		    "has more lines than it counts",
		    r->line, h->line);
	return 0;
}

int
patch_read_hunks(struct patch_reader *r, struct patch_file *f)
{
	struct patch_text t;

	while (patch_peek(r, &t) && patch_begins(&t, "@@ "))
		if (read_hunk(r, f, t))
			return -1;
	return 0;
}
