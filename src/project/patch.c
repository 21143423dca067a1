/* Reading a unified diff. */
#include "project/patch_impl.h"

#include <string.h>

#define HUNK_FORM "a hunk begins with \"@@ -LINE,COUNT +LINE,COUNT @@\""

void
patch_release(struct patch *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct patch_file *f = &p->v[i];

		for (size_t k = 0; k < f->n; k++)
			free(f->v[k].v);
		free(f->v);
		free(f->old_path);
		free(f->new_path);
	}
	free(p->v);
	free(p->text);
	*p = (struct patch)PATCH_INIT;
}

/* -------- lines -------- */

static bool
crlf_throughout(const char *s, size_t n)
{
	const char *end = s + n, *nl;

	if (!n)
		return false;
	for (; s < end; s = nl + 1) {
		nl = memchr(s, '\n', (size_t)(end - s));
		if (!nl)
			break;
		if (nl == s || nl[-1] != '\r')
			return false;
	}
	return true;
}

/* The line at r->at without its end; false: there is none. */
static bool
peek(const struct patch_reader *r, struct patch_text *line)
{
	const char *nl;

	if (r->at == r->end)
		return false;
	nl = memchr(r->at, '\n', (size_t)(r->end - r->at));
	line->p = r->at;
	line->n = (size_t)((nl ? nl : r->end) - r->at);
	if (r->crlf && line->n && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

static void
advance(struct patch_reader *r)
{
	const char *nl = memchr(r->at, '\n', (size_t)(r->end - r->at));

	r->at = nl ? nl + 1 : r->end;
	r->line++;
}

bool
patch_begins(const struct patch_text *t, const char *s)
{
	size_t n = strlen(s);

	return t->n >= n && !memcmp(t->p, s, n);
}

static int
wrong(struct patch_reader *r, size_t line, const char *what)
{
	return err_set(r->err, ERR_USAGE, "line %zu of the patch: %s", line,
	    what);
}

/* -------- hunks -------- */

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
	return (h->old_start || !h->old_count) && (h->new_start || !h->new_count);
}

static void
hunk_add(struct patch_hunk *h, char sign, const char *p, size_t n)
{
	GROW(h->v, h->n, &h->cap);
	h->v[h->n++] = (struct patch_line){.sign = sign, .p = p, .n = n};
}

/* One that begins so, and behind it one that begins so. */
static bool
at_pair(const struct patch_reader *r, const char *first, const char *second)
{
	struct patch_reader next = *r;
	struct patch_text t;

	if (!peek(r, &t) || !patch_begins(&t, first))
		return false;
	advance(&next);
	return peek(&next, &t) && patch_begins(&t, second);
}

/* The two lines of names; false: they are none. */
static bool
at_names(const struct patch_reader *r)
{
	return at_pair(r, "--- ", "+++ ");
}

/* Behind a mail's text. */
static bool
is_signature(const struct patch_text *t)
{
	return t->n <= 3 && patch_begins(t, "--") &&
	       (t->n == 2 || t->p[2] == ' ');
}

/* Is it the end of a mail's text, or the beginning of the next file? */
static bool
ends_hunk(const struct patch_reader *r, const struct patch_text *t)
{
	return t->n == 0 || !memchr(" +-", t->p[0], 3) || is_signature(t) ||
	       at_names(r);
}

/* "\ No newline at end of file", in any language. */
static bool
no_newline(struct patch_reader *r, struct patch_hunk *h)
{
	struct patch_text t;

	if (!peek(r, &t) || !patch_begins(&t, "\\ "))
		return false;
	if (h->n)
		h->v[h->n - 1].open = true;
	advance(r);
	return true;
}

static int
hunk_line(struct patch_reader *r, struct patch_hunk *h, size_t left[2])
{
	struct patch_text t = {"", 0};
	bool there = peek(r, &t);
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
	advance(r);
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
		return wrong(r, r->line, HUNK_FORM);
	advance(r);
	left[0] = h->old_count;
	left[1] = h->new_count;
	while (left[0] || left[1])
		if (!no_newline(r, h) && hunk_line(r, h, left))
			return -1;
	while (no_newline(r, h))
		;
	if (!open_lines_are_last(h))
		return wrong(r, h->line,
		    "a line without a newline is not the last one");
	if (peek(r, &t) && !ends_hunk(r, &t))
		return err_set(r->err, ERR_USAGE,
		    "line %zu of the patch: the hunk that begins on line %zu "
		    "has more lines than it counts",
		    r->line, h->line);
	return 0;
}

/* -------- files -------- */

static int
mode_of(struct patch_reader *r, const struct patch_text *t, size_t skip,
    int *mode)
{
	unsigned m = 0;
	size_t i = skip;

	for (; i < t->n && t->p[i] >= '0' && t->p[i] <= '7' && i < skip + 6; i++)
		m = m * 8 + (unsigned)(t->p[i] - '0');
	if (i != skip + 6 || (m & 0170000) != 0100000)
		return wrong(r, r->line,
		    m == 0120000  ? "links are not made"
		    : m == 0160000 ? "it is about a submodule"
				   : "that is no mode of a file");
	*mode = (int)m;
	return 0;
}

/* The lines of git between "diff --git" and the names. */
static int
extended(struct patch_reader *r, struct patch_head *h,
    const struct patch_text *t)
{
	static const struct {
		const char *text;
		enum { OLD_MODE, NEW_MODE, CREATED, DELETED, FROM, TO, COPIED,
			IGNORED } what;
	} lines[] = {{"old mode ", OLD_MODE}, {"new mode ", NEW_MODE},
	    {"new file mode ", CREATED}, {"deleted file mode ", DELETED},
	    {"rename from ", FROM}, {"rename to ", TO}, {"copy from ", COPIED},
	    {"copy to ", TO}, {"index ", IGNORED}, {"similarity ", IGNORED},
	    {"dissimilarity ", IGNORED}};
	size_t i = 0, n;

	while (i < ARRAY_SIZE(lines) && !patch_begins(t, lines[i].text))
		i++;
	if (i == ARRAY_SIZE(lines))
		return 0;
	n = strlen(lines[i].text);
	h->created |= lines[i].what == CREATED;
	h->deleted |= lines[i].what == DELETED;
	h->copied |= lines[i].what == COPIED;
	switch (lines[i].what) {
	case OLD_MODE:
	case DELETED:
		return mode_of(r, t, n, &h->old_mode) ? -1 : 1;
	case NEW_MODE:
	case CREATED:
		return mode_of(r, t, n, &h->new_mode) ? -1 : 1;
	case FROM:
	case COPIED:
		return patch_name(r, t, n, &h->from) ? -1 : 1;
	case TO:
		return patch_name(r, t, n, &h->to) ? -1 : 1;
	default:
		return 1;
	}
}

static bool
is_binary(const struct patch_text *t)
{
	return patch_begins(t, "GIT binary patch") ||
	       (patch_begins(t, "Binary files ") && t->n > 7 &&
		   !memcmp(t->p + t->n - 7, " differ", 7));
}

static int
read_names(struct patch_reader *r, struct patch_head *h)
{
	struct patch_text t;

	peek(r, &t);
	h->line = h->line ? h->line : r->line;
	h->old_epoch = patch_is_epoch(&t);
	if (patch_name(r, &t, 4, &h->old))
		return -1;
	advance(r);
	peek(r, &t);
	h->new_epoch = patch_is_epoch(&t);
	if (patch_name(r, &t, 4, &h->new))
		return -1;
	advance(r);
	return 0;
}

static int
read_hunks(struct patch_reader *r, struct patch_file *f)
{
	struct patch_text t;

	while (peek(r, &t) && patch_begins(&t, "@@ "))
		if (read_hunk(r, f, t))
			return -1;
	return 0;
}

/* From "diff --git" or "---" on, to behind the last hunk. */
static int
read_file(struct patch_reader *r, struct patch_head *h)
{
	struct patch_file *f;
	struct patch_text t;
	int more = 1;

	while (more > 0 && peek(r, &t)) {
		more = extended(r, h, &t);
		if (more > 0)
			advance(r);
	}
	if (more < 0)
		return -1;
	if (peek(r, &t) && is_binary(&t))
		return wrong(r, r->line, "binary files are not patched");
	if (at_names(r) && read_names(r, h))
		return -1;
	GROW(r->patch->v, r->patch->n, &r->patch->cap);
	f = &r->patch->v[r->patch->n++];
	*f = (struct patch_file){.line = h->line, .old_mode = h->old_mode,
	    .new_mode = h->new_mode, .copied = h->copied};
	if (read_hunks(r, f))
		return -1;
	return patch_file_names(r, h, f);
}

/* -------- what stands around them -------- */

/* Text follows that may have lines with any sign: another mail, or commit of
   Mercurial, or what Subversion says of a file beside its content. */
static bool
begins_text(const struct patch_text *t)
{
	static const char *const texts[] = {
	    "From ", "# HG changeset patch", "Property changes on: "};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (patch_begins(t, texts[i]))
			return true;
	return false;
}

/* What git format-patch --attach divides a mail with; a line of dashes alone
   may be one of a text that is removed. */
static bool
is_boundary(const struct patch_text *t)
{
	static const char dashes[] = "--------------";
	size_t n = sizeof(dashes) - 1;

	return t->n > n && patch_begins(t, dashes) && t->p[n] >= '0' &&
	       t->p[n] <= '9';
}

/* A line of a change that no hunk counts. */
static bool
is_left_over(const struct patch_reader *r, const struct patch_text *t)
{
	return r->behind && t->n && memchr("+-", t->p[0], 2) &&
	       !is_signature(t) && !is_boundary(t);
}

/* A line that is not of a file: 0, or the error that a change would be missing
   without it. */
static int
check_around(struct patch_reader *r, const struct patch_text *t)
{
	if (patch_begins(t, "@@@") || patch_begins(t, "diff --cc ") ||
	    patch_begins(t, "diff --combined "))
		return wrong(r, r->line, "a diff of a merge cannot be applied");
	if (patch_begins(t, "@@ -"))
		return wrong(r, r->line,
		    "a hunk without the lines \"--- FILE\" and \"+++ FILE\" "
		    "before it");
	if (patch_begins(t, "@@"))
		return wrong(r, r->line, HUNK_FORM);
	if (is_binary(t))
		return wrong(r, r->line, "binary files are not patched");
	if (at_pair(r, "*** ", "--- "))
		return wrong(r, r->line,
		    "a context diff is not read: make it with diff -u");
	if (is_left_over(r, t))
		return wrong(r, r->line, "a change that is in no hunk");
	return 0;
}

static int
read_any(struct patch_reader *r, struct patch_text t)
{
	struct patch_head h = {.line = r->line, .old_mode = -1, .new_mode = -1};
	int rc;

	if (patch_begins(&t, "diff --git ")) {
		rc = patch_git_names(r, &t, &h);
		advance(r);
		rc = rc ? rc : read_file(r, &h);
	} else if (at_names(r)) {
		rc = read_file(r, &h);
	} else {
		rc = check_around(r, &t);
		r->behind &= !begins_text(&t);
		advance(r);
		return rc;
	}
	r->behind = true;
	patch_head_release(&h);
	return rc;
}

static bool
has_too_many_lines(const char *s, size_t n)
{
	const char *end = s + n;

	for (size_t lines = 0; s < end; s++, lines++) {
		if (lines == PATCH_LINES_MAX)
			return true;
		s = memchr(s, '\n', (size_t)(end - s));
		if (!s)
			break;
	}
	return false;
}

int
patch_parse(struct patch *p, const char *text, size_t n, int strip,
    struct err *err)
{
	struct patch_reader r = {.patch = p, .line = 1, .strip = strip,
	    .err = err};
	struct patch_text t;
	int rc = 0;

	*p = (struct patch)PATCH_INIT;
	if (n > PATCH_MAX)
		return err_set(err, ERR_USAGE,
		    "a patch of more than 64 MB is not read");
	if (has_too_many_lines(text, n))
		return err_set(err, ERR_USAGE,
		    "a patch of more than %d lines is not read",
		    PATCH_LINES_MAX);
	p->text = xmemdup(n ? text : "", n ? n : 1);
	r.at = p->text;
	r.end = p->text + n;
	r.crlf = crlf_throughout(r.at, n);
	while (!rc && peek(&r, &t))
		rc = read_any(&r, t);
	if (!rc && !p->n)
		rc = err_set(err, ERR_USAGE,
		    "no change is in it: a patch has lines \"--- FILE\", "
		    "\"+++ FILE\" and \"@@ -LINE,COUNT +LINE,COUNT @@\"");
	if (rc)
		patch_release(p);
	return rc;
}
