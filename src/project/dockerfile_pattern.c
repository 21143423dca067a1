/* The patterns of ${x#p}, ${x%p} and ${x/p/r}: `*`, `?` and `\`. */
#include "project/dockerfile_impl.h"

#include <string.h>

/* A pattern taken apart; a place is a byte, ANY or MANY. */
enum { ANY = 256, MANY };
struct pattern {
	unsigned short *at;
	size_t n;
};

static void
reverse(struct pattern *p)
{
	for (size_t i = 0; i < p->n / 2; i++) {
		unsigned short c = p->at[i];

		p->at[i] = p->at[p->n - 1 - i];
		p->at[p->n - 1 - i] = c;
	}
}

/* A backslash before a brace or a slash was for ${} and not for the pattern. */
static int
compile(struct pattern *p, const char *s, struct err *err)
{
	p->at = xcalloc(strlen(s) + 1, sizeof(*p->at));
	for (; *s; s++) {
		unsigned short c = (unsigned char)*s;

		if (*s == '*') {
			c = MANY;
		} else if (*s == '?') {
			c = ANY;
		} else if (*s == '\\') {
			s++;
			if (!*s || !strchr("}/*?\\", *s))
				return err_set(err, ERR_CONFIG,
				    "the pattern of a variable has a "
				    "backslash before a plain character");
			c = (unsigned char)*s;
		}
		p->at[p->n++] = c;
	}
	return 0;
}

/* The states that are reached without a character. */
static void
skip_many(const struct pattern *p, bool *at)
{
	for (size_t i = 0; i < p->n; i++)
		if (at[i] && p->at[i] == MANY)
			at[i + 1] = true;
}

static bool
step(const struct pattern *p, bool *at, unsigned char c)
{
	bool any = false;

	for (size_t i = p->n + 1; i-- > 0;) {
		bool stay = i < p->n && at[i] && p->at[i] == MANY;
		bool come = i > 0 && at[i - 1] &&
		    (p->at[i - 1] == ANY || p->at[i - 1] == c);

		at[i] = stay || come;
		any |= at[i];
	}
	skip_many(p, at);
	return any;
}

/*
 * How much of n bytes, taken forwards or backwards from s, matches: the most or
 * the least.  -1: nothing does.
 */
static ptrdiff_t
match(const struct pattern *p, const char *s, size_t n, int direction,
    bool longest)
{
	autofree bool *at = xcalloc(p->n + 1, sizeof(*at));
	ptrdiff_t found = -1;

	at[0] = true;
	skip_many(p, at);
	for (size_t i = 0;; i++) {
		if (at[p->n])
			found = (ptrdiff_t)i;
		if ((found >= 0 && !longest) || i == n ||
		    !step(p, at, (unsigned char)s[(ptrdiff_t)i * direction]))
			return found;
	}
}

static int
replace(struct strbuf *out, const char *value, const struct pattern *p,
    bool all, const char *with, uint64_t *budget, struct err *err)
{
	size_t len = strlen(value), i = 0;
	bool more = true;

	while (i <= len) {
		ptrdiff_t n = more ? match(p, value + i, len - i, 1, true) : -1;
		size_t cost = (len - i + 1) * (p->n + 1) + strlen(with);

		if (*budget < cost)
			return err_set(err, ERR_CONFIG,
			    "the variables of this file grow too long");
		*budget -= more ? cost : 0;
		if (n >= 0) {
			strbuf_adds(out, with);
			more = all;
		}
		if (n <= 0 && i < len)
			strbuf_addc(out, value[i]);
		i += n > 0 ? (size_t)n : 1;
	}
	return 0;
}

int
dockerfile_pattern(struct strbuf *out, const char *value, char op,
    const char *pattern, bool all, const char *replacement, uint64_t *budget,
    struct err *err)
{
	struct pattern p = {0};
	size_t n = strlen(value);
	ptrdiff_t gone = -1;
	int rc = compile(&p, pattern, err);

	if (!rc && op == '/') {
		rc = replace(out, value, &p, all, replacement, budget, err);
	} else if (!rc && *budget < n * (p.n + 1)) {
		rc = err_set(err, ERR_CONFIG,
		    "the variables of this file grow too long");
	} else if (!rc) {
		*budget -= n * (p.n + 1);
		if (op == '%')
			reverse(&p);
		gone = op == '#' ? match(&p, value, n, 1, all)
				 : match(&p, value + n - !!n, n, -1, all);
		n -= gone > 0 ? (size_t)gone : 0;
		strbuf_add(out, value + (op == '#' && gone > 0 ? gone : 0), n);
	}
	free(p.at);
	return rc;
}
