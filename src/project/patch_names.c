/* The names in a patch, and which file they mean. */
#include "project/patch_impl.h"

#include <string.h>

void
patch_head_release(struct patch_head *h)
{
	free(h->git[0]);
	free(h->git[1]);
	free(h->old);
	free(h->new);
	free(h->from);
	free(h->to);
}

static int
bad_name(struct patch_reader *r)
{
	return patch_wrong(r, r->line, "that is no name of a file");
}

/* One of C's letters behind a backslash; 0: none. */
static char
escaped(char c)
{
	static const char names[] = "abtnvfr\"\\", values[] = "\a\b\t\n\v\f\r\"\\";
	const char *p = c ? strchr(names, c) : NULL;

	return p ? values[p - names] : 0;
}

/* Up to three digits of base 8 at s. */
static size_t
octal(const char *s, const char *end, char *c)
{
	unsigned v = 0;
	size_t n = 0;

	for (; n < 3 && s + n < end && s[n] >= '0' && s[n] <= '7'; n++)
		v = v * 8 + (unsigned)(s[n] - '0');
	*c = (char)v;
	return v < 256 ? n : 0;
}

/* Text in quotes at s; what is behind them, or NULL if they do not end. */
static const char *
unquote(const char *s, const char *end, struct strbuf *out)
{
	for (s++; s < end && *s != '"'; s++) {
		size_t n = 1;
		char c = *s;

		if (c == '\\' && ++s < end) {
			c = escaped(*s);
			n = c ? 1 : octal(s, end, &c);
		}
		if (s >= end || !n || !c)
			return NULL;
		strbuf_addc(out, c);
		s += n - 1;
	}
	return s < end ? s + 1 : NULL;
}

int
patch_name(struct patch_reader *r, const struct patch_text *t, size_t skip,
    char **name)
{
	const char *s = t->p + skip, *end = t->p + t->n, *tab;
	autobuf struct strbuf out = STRBUF_INIT;

	if (s < end && *s == '"') {
		if (!unquote(s, end, &out))
			return bad_name(r);
	} else {
		tab = memchr(s, '\t', (size_t)(end - s));
		strbuf_add(&out, s, (size_t)((tab ? tab : end) - s));
	}
	if (!out.len || memchr(out.buf, 0, out.len))
		return bad_name(r);
	free(*name);
	*name = strbuf_detach(&out);
	return 0;
}

static const char *
below_first(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash && slash[1] ? slash + 1 : NULL;
}

static bool
same_below(const char *a, const char *b)
{
	a = below_first(a);
	b = below_first(b);
	return a && b && !strcmp(a, b);
}

/*
 * "a/NAME b/NAME": blanks in names are not marked, so it is where both halves
 * are one name.  Those of a rename differ, and stand in lines of their own.
 */
static void
split_halves(const char *s, const char *end, struct patch_head *h)
{
	size_t n = (size_t)(end - s);
	autofree char *a = NULL, *b = NULL;

	if (n % 2 == 0 || s[n / 2] != ' ' || memchr(s, 0, n))
		return;
	a = xstrndup(s, n / 2);
	b = xstrndup(s + n / 2 + 1, n / 2);
	if (strcmp(a, b) && !same_below(a, b))
		return;
	h->git[0] = steal(&a);
	h->git[1] = steal(&b);
}

int
patch_git_names(struct patch_reader *r, const struct patch_text *t,
    struct patch_head *h)
{
	const char *s = t->p + strlen("diff --git "), *end = t->p + t->n;
	autobuf struct strbuf a = STRBUF_INIT, b = STRBUF_INIT;

	if (s == end || *s != '"') {
		split_halves(s, end, h);
		return 0;
	}
	s = unquote(s, end, &a);
	if (!s)
		return bad_name(r);
	if (end - s < 3 || s[0] != ' ' || s[1] != '"' ||
	    !unquote(s + 1, end, &b))
		return 0;
	h->git[0] = strbuf_detach(&a);
	h->git[1] = strbuf_detach(&b);
	return 0;
}

/* "--- NAME<tab>1970-01-01 00:00:00.000000000 +0000", in any time zone. */
bool
patch_is_epoch(const struct patch_text *t)
{
	const char *tab = memchr(t->p, '\t', t->n);
	struct patch_text time;

	if (!tab)
		return false;
	time.p = tab + 1;
	time.n = (size_t)(t->p + t->n - time.p);
	return patch_begins(&time, "1970-01-01 ") ||
	       patch_begins(&time, "1969-12-31 ");
}

/* -------- which file is meant -------- */

/* Name without so many components; NULL: it has no more. */
static const char *
strip(const char *name, int n)
{
	while (name && n-- > 0)
		name = below_first(name);
	return name;
}

/* Is b the same name as a with one of the usual ends of a former version? */
static bool
is_former(const char *a, const char *b)
{
	size_t n = strlen(a);

	return !strncmp(a, b, n) &&
	       (!strcmp(b + n, ".orig") || !strcmp(b + n, ".old") ||
		   !strcmp(b + n, ".bak") || !strcmp(b + n, "~"));
}

/* How many components both names lose; -1: nobody can tell. */
static int
strip_of_pair(const char *old, const char *new)
{
	if (str_starts(old, "a/") && str_starts(new, "b/"))
		return 1;
	if (!strcmp(old, new) || is_former(old, new) || is_former(new, old))
		return 0;
	return same_below(old, new) ? 1 : -1;
}

static bool
is_null(const char *name)
{
	return !name || !strcmp(name, "/dev/null");
}

static int
find_strip(const struct patch_head *h)
{
	if (h->git[0] && h->git[1])
		return strip_of_pair(h->git[0], h->git[1]);
	if (is_null(h->old))
		return str_starts(h->new, "b/");
	if (is_null(h->new))
		return str_starts(h->old, "a/");
	return strip_of_pair(h->old, h->new);
}

/* Only hunk of a file that is not there before, or after. */
static bool
is_whole(const struct patch_file *f, bool old)
{
	return f->n == 1 && !(old ? f->v[0].old_count : f->v[0].new_count);
}

static int
ambiguous(struct patch_reader *r, const struct patch_head *h, const char *old,
    const char *new)
{
	err_set(r->err, ERR_USAGE,
	    "line %zu of the patch: which file is meant, \"%s\" or \"%s\"?",
	    h->line, old, new);
	return err_hint(r->err, "say how many components the names lose:  "
				"apply --strip N");
}

static int
strip_name(struct patch_reader *r, const struct patch_head *h,
    const char *name, int n, char **out)
{
	const char *rest = strip(name, n);

	if (!rest)
		return err_set(r->err, ERR_USAGE,
		    "line %zu of the patch: \"%s\" has no %d components to "
		    "lose",
		    h->line, name, n);
	*out = xstrdup(rest);
	return 0;
}

/* "x.orig" and "x" are versions of x; a rename is said in words. */
static int
one_name(struct patch_reader *r, const struct patch_head *h,
    struct patch_file *f)
{
	bool first = strlen(f->old_path) < strlen(f->new_path);
	char **longer = first ? &f->new_path : &f->old_path;
	const char *name = first ? f->old_path : f->new_path;

	if (!strcmp(f->old_path, f->new_path))
		return 0;
	if (!is_former(name, *longer))
		return ambiguous(r, h, f->old_path, f->new_path);
	free(*longer);
	*longer = xstrdup(name);
	return 0;
}

static int
set_names(struct patch_reader *r, const struct patch_head *h,
    struct patch_file *f, const char *old, const char *new)
{
	int n = r->strip >= 0 ? r->strip : find_strip(h);

	if (n < 0)
		return ambiguous(r, h, h->old ? h->old : h->git[0],
		    h->new ? h->new : h->git[1]);
	if ((old && strip_name(r, h, old, n, &f->old_path)) ||
	    (new && strip_name(r, h, new, n, &f->new_path)))
		return -1;
	return old && new ? one_name(r, h, f) : 0;
}

int
patch_file_names(struct patch_reader *r, const struct patch_head *h,
    struct patch_file *f)
{
	const char *old = h->old ? h->old : h->git[0];
	const char *new = h->new ? h->new : h->git[1];

	if (h->from && h->to) {
		f->old_path = xstrdup(h->from);
		f->new_path = xstrdup(h->to);
		return 0;
	}
	if (h->from || h->to || (is_null(old) && is_null(new)))
		return err_set(r->err, ERR_USAGE,
		    "line %zu of the patch: it does not say which file is "
		    "meant", h->line);
	if (is_null(old) || h->created || (h->old_epoch && is_whole(f, true)))
		old = NULL;
	if (is_null(new) || h->deleted || (h->new_epoch && is_whole(f, false)))
		new = NULL;
	if (!old && !new)
		return err_set(r->err, ERR_USAGE,
		    "line %zu of the patch: it makes the file and deletes it",
		    h->line);
	if (set_names(r, h, f, old, new))
		return -1;
	f->may_create = f->old_path && is_whole(f, true);
	return 0;
}
