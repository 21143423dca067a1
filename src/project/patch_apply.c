/* Applying the hunks of a patch to the text of a file. */
#include "project/patch_impl.h"

#include <stdint.h>
#include <string.h>

#include "base/encode.h"
#include "base/sanitise.h"

#define SHOWN_COLUMNS 100 /* of a line in a message */
#define WORK_MAX (1u << 28) /* lines looked at for all files of a patch */
#define LINE_BYTES 64 /* of a longer one so many count as one */

struct text_line {
	const char *p;
	size_t n;
	bool open;
};

struct applying {
	const struct patch_file *f;
	struct text_line *v;
	size_t n, cap;
	size_t done;  /* lines that are behind the last hunk */
	long offset;  /* of the last hunk */
	bool add_cr;  /* CR LF throughout, which the patch does not have */
	size_t *work; /* of the whole patch */
	struct strbuf *out;
};

void
patch_miss_release(struct patch_miss *m)
{
	strbuf_release(&m->wanted);
	strbuf_release(&m->found);
}

/* False: they are too many. */
static bool
split_lines(struct applying *a, const char *s, size_t n)
{
	const char *end = s + n, *nl;

	for (; s < end; s = nl + 1) {
		if (a->n == PATCH_LINES_MAX)
			return false;
		nl = memchr(s, '\n', (size_t)(end - s));
		GROW(a->v, a->n, &a->cap);
		a->v[a->n++] = (struct text_line){.p = s,
		    .n = (size_t)((nl ? nl : end) - s), .open = !nl};
		if (!nl)
			break;
	}
	return true;
}

static bool
patch_has_cr(const struct patch_file *f)
{
	for (size_t h = 0; h < f->n; h++)
		for (size_t i = 0; i < f->v[h].n; i++) {
			const struct patch_line *l = &f->v[h].v[i];

			if (l->n && l->p[l->n - 1] == '\r')
				return true;
		}
	return false;
}

static bool
text_has_cr(const struct applying *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (!a->v[i].open &&
		    (!a->v[i].n || a->v[i].p[a->v[i].n - 1] != '\r'))
			return false;
	return a->n && !a->v[0].open;
}

static bool
same_line(const struct applying *a, const struct text_line *t,
    const struct patch_line *l)
{
	size_t n = t->n - (a->add_cr && !t->open);

	if (t->open != l->open || n != l->n)
		return false;
	*a->work += n / LINE_BYTES;
	return !memcmp(t->p, l->p, n);
}

/* How many lines of the given side in a row are at `at`; all: *whole. */
static size_t
count_same(struct applying *a, const struct patch_hunk *h, size_t at,
    char side, bool *whole)
{
	size_t same = 0, pos = at;

	*whole = true;
	for (size_t i = 0; i < h->n; i++) {
		++*a->work;
		if (h->v[i].sign != ' ' && h->v[i].sign != side)
			continue;
		if (pos < a->n && same_line(a, &a->v[pos], &h->v[i]))
			same++;
		else
			*whole = false;
		pos++;
	}
	return same;
}

static bool
matches(struct applying *a, const struct patch_hunk *h, size_t at)
{
	size_t pos = at;

	if (at < a->done || at > a->n || h->old_count > a->n - at)
		return false;
	for (size_t i = 0; i < h->n; i++) {
		++*a->work;
		if (h->v[i].sign == '+')
			continue;
		if (!same_line(a, &a->v[pos++], &h->v[i]))
			return false;
	}
	return true;
}

/* The last of the lines that it makes is without a newline, and lines of the
   file follow; or it follows such a line of the file. */
static bool
joins_lines(const struct applying *a, const struct patch_hunk *h, size_t at)
{
	bool open = false, adds = false;
	size_t after = at + h->old_count;

	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].sign != '-') {
			open = h->v[i].open;
			adds = true;
		}
	return adds && ((open && after < a->n) ||
			   (at && at <= a->n && a->v[at - 1].open));
}

static size_t
said_place(const struct applying *a, const struct patch_hunk *h)
{
	long at = (long)h->old_start - (h->old_count ? 1 : 0) + a->offset;

	return at < 0 ? 0 : (size_t)at;
}

/* No place is farther away than that. */
static size_t
begin_of_search(const struct applying *a, const struct patch_hunk *h)
{
	size_t at = said_place(a, h);

	return at < a->n ? at : a->n;
}

/* The nearest place from where it is said to be; SIZE_MAX: there is none. */
static size_t
find_place(struct applying *a, const struct patch_hunk *h)
{
	size_t said = said_place(a, h), at = begin_of_search(a, h);

	if (!h->old_count)
		return said <= a->n && said >= a->done ? said : SIZE_MAX;
	for (size_t d = 0; d <= a->n && *a->work < WORK_MAX; d++) {
		if (d <= at && matches(a, h, at - d))
			return at - d;
		if (d && matches(a, h, at + d))
			return at + d;
	}
	return SIZE_MAX;
}

/* -------- one that does not apply -------- */

/* Where most of its lines are, the nearest of those. */
static size_t
likely_place(struct applying *a, const struct patch_hunk *h)
{
	size_t said = begin_of_search(a, h), best = said, most = 0, n;
	bool whole;

	*a->work = 0; /* nothing is applied any more */
	if (said < a->done)
		said = best = a->done;
	for (size_t d = 0; d <= a->n && *a->work < WORK_MAX; d++) {
		for (int up = 0; up < 2; up++) {
			size_t at = up ? said + d : said - d;

			if (d > said && !up)
				continue;
			if (at < a->done || at >= a->n)
				continue;
			n = count_same(a, h, at, '-', &whole);
			if (n > most) {
				most = n;
				best = at;
			}
		}
	}
	return best;
}

static void
add_line(struct strbuf *sb, const char *p, size_t n, bool open)
{
	strbuf_add(sb, p, n);
	if (open)
		strbuf_adds(sb, " (without a newline at the end of the file)");
}

/* The first line that is another one there. */
static void
describe_miss(struct applying *a, const struct patch_hunk *h, size_t at,
    struct patch_miss *m)
{
	size_t pos = at, line = h->line;
	const struct text_line *t;

	m->patch_line = h->line;
	m->line = at + 1;
	for (size_t i = 0; i < h->n; i++) {
		const struct patch_line *l = &h->v[i];

		line++; /* the marks of lines without a newline come last */
		if (l->sign == '+')
			continue;
		t = pos < a->n ? &a->v[pos] : NULL;
		if (t && same_line(a, t, l)) {
			pos++;
			continue;
		}
		m->patch_line = line;
		m->line = pos + 1;
		m->at_end = !t;
		add_line(&m->wanted, l->p, l->n, l->open && t && !t->open);
		if (t)
			add_line(&m->found, t->p, t->n, t->open && !l->open);
		return;
	}
	m->at_end = h->old_count == 0 && at >= a->n;
}

static bool
is_applied(struct applying *a, const struct patch_hunk *h)
{
	size_t at = h->new_start ? h->new_start - 1 : 0;
	bool whole;

	return h->new_count && count_same(a, h, at, '+', &whole) && whole;
}

/* For one line of a message: of what is long the beginning. */
static void
add_quoted(struct strbuf *out, const struct strbuf *line)
{
	autofree char *begin = xstrndup(line->buf,
	    text_fit(line->buf, line->len, SHOWN_COLUMNS));

	strbuf_addc(out, '"');
	sanitise_name(out, begin);
	strbuf_adds(out, strlen(begin) < line->len ? "...\"" : "\"");
}

static int
say_miss(const struct patch_file *f, const struct patch_miss *m,
    struct err *err)
{
	const char *name = f->old_path ? f->old_path : f->new_path;
	autobuf struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "hunk %zu of %zu, line %zu of the patch", m->hunk,
	    f->n, m->patch_line);
	if (m->at_end && !m->wanted.len) {
		strbuf_adds(&text, ": the file has not so many lines");
	} else if (m->at_end) {
		strbuf_addf(&text, ": the file ends before line %zu, which "
		    "should be ", m->line);
		add_quoted(&text, &m->wanted);
	} else if (m->wanted.len || m->found.len) {
		strbuf_addf(&text, ": line %zu of the file should be ",
		    m->line);
		add_quoted(&text, &m->wanted);
		strbuf_adds(&text, " and is ");
		add_quoted(&text, &m->found);
	} else {
		strbuf_adds(&text, ": it does not fit there");
	}
	err_set(err, ERR_USAGE, "%s does not apply: %s", name, text.buf);
	return m->applied ? err_hint(err, "what it makes is there already: "
					  "it may have been applied before")
			  : -1;
}

static int
miss(struct applying *a, size_t hunk, struct patch_miss *m, struct err *err)
{
	const struct patch_hunk *h = &a->f->v[hunk];

	m->hunk = hunk + 1;
	if (*a->work >= WORK_MAX)
		return err_set(err, ERR_USAGE,
		    "%s: hunk %zu: the patch takes too long to find places for",
		    a->f->old_path ? a->f->old_path : a->f->new_path, m->hunk);
	m->applied = is_applied(a, h);
	describe_miss(a, h, likely_place(a, h), m);
	return say_miss(a->f, m, err);
}

/* -------- one that does -------- */

static void
put_line(struct applying *a, const struct text_line *t)
{
	strbuf_add(a->out, t->p, t->n);
	if (!t->open)
		strbuf_addc(a->out, '\n');
}

static void
put_hunk(struct applying *a, const struct patch_hunk *h, size_t at)
{
	while (a->done < at)
		put_line(a, &a->v[a->done++]);
	for (size_t i = 0; i < h->n; i++) {
		const struct patch_line *l = &h->v[i];

		if (l->sign == ' ')
			put_line(a, &a->v[a->done]);
		a->done += l->sign != '+';
		if (l->sign != '+')
			continue;
		strbuf_add(a->out, l->p, l->n);
		if (!l->open)
			strbuf_adds(a->out, a->add_cr ? "\r\n" : "\n");
	}
}

static void
note_place(struct applying *a, const struct patch_hunk *h, size_t at,
    struct patch_place *place)
{
	long moved = (long)at - ((long)h->old_start - (h->old_count ? 1 : 0));

	a->offset = moved;
	place->moved += moved != 0;
	if (labs(moved) > labs(place->offset))
		place->offset = moved;
}

static int
apply_hunks(struct applying *a, struct patch_place *place,
    struct patch_miss *m, struct err *err)
{
	for (size_t i = 0; i < a->f->n; i++) {
		const struct patch_hunk *h = &a->f->v[i];
		size_t at = find_place(a, h);

		if (at == SIZE_MAX || joins_lines(a, h, at))
			return miss(a, i, m, err);
		note_place(a, h, at, place);
		put_hunk(a, h, at);
	}
	while (a->done < a->n)
		put_line(a, &a->v[a->done++]);
	return 0;
}

int
patch_apply(const struct patch_file *f, const char *old, size_t n,
    struct strbuf *out, size_t *work, struct patch_place *place,
    struct patch_miss *m, struct err *err)
{
	struct applying a = {.f = f, .work = work, .out = out};
	size_t before = out->len;
	int rc;

	*place = (struct patch_place){0};
	if (split_lines(&a, old, n)) {
		a.add_cr = text_has_cr(&a) && !patch_has_cr(f);
		rc = apply_hunks(&a, place, m, err);
	} else {
		rc = err_set(err, ERR_USAGE,
		    "%s: a file of more than %d lines is not patched",
		    f->old_path, PATCH_LINES_MAX);
	}
	if (rc)
		strbuf_truncate(out, before);
	free(a.v);
	return rc;
}
