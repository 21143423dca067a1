/* Reading a unified diff: its files, and what stands around them. */
#include "project/patch_impl.h"

#include <string.h>

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
	       !patch_is_signature(t) && !is_boundary(t);
}

/* A line that is not of a file: 0, or the error that a change would be missing
   without it. */
static int
check_around(struct patch_reader *r, const struct patch_text *t)
{
	if (patch_begins(t, "@@@") || patch_begins(t, "diff --cc ") ||
	    patch_begins(t, "diff --combined "))
		return patch_wrong(r, r->line,
		    "a diff of a merge cannot be applied");
	if (patch_begins(t, "@@ -"))
		return patch_wrong(r, r->line,
		    "a hunk without the lines \"--- FILE\" and \"+++ FILE\" "
		    "before it");
	if (patch_begins(t, "@@"))
		return patch_wrong(r, r->line, PATCH_HUNK_FORM);
	if (patch_is_binary(t))
		return patch_wrong(r, r->line, "binary files are not patched");
	if (patch_at_pair(r, "*** ", "--- "))
		return patch_wrong(r, r->line,
		    "a context diff is not read: make it with diff -u");
	if (is_left_over(r, t))
		return patch_wrong(r, r->line, "a change that is in no hunk");
	return 0;
}

static int
read_any(struct patch_reader *r, struct patch_text t)
{
	struct patch_head h = {.line = r->line, .old_mode = -1, .new_mode = -1};
	int rc;

	if (patch_begins(&t, "diff --git ")) {
		rc = patch_git_names(r, &t, &h);
		patch_advance(r);
		rc = rc ? rc : patch_read_file(r, &h);
	} else if (patch_at_names(r)) {
		rc = patch_read_file(r, &h);
	} else {
		rc = check_around(r, &t);
		r->behind &= !begins_text(&t);
		patch_advance(r);
		return rc;
	}
	r->behind = true;
	patch_head_release(&h);
	return rc;
}

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
	while (!rc && patch_peek(&r, &t))
		rc = read_any(&r, t);
	if (!rc && !p->n)
		rc = err_set(err, ERR_USAGE,
		    "no change is in it: a patch has lines \"--- FILE\", "
		    "\"+++ FILE\" and \"@@ -LINE,COUNT +LINE,COUNT @@\"");
	if (rc)
		patch_release(p);
	return rc;
}
