/* From a pattern to states, as Docker and Go come to them. */
#include <ctype.h>
#include <string.h>

#include "base/encode.h"
#include "pack/pattern_impl.h"

#define NODES_MAX 4096
#define RUNE_MAX 0x10ffffu

size_t
pattern_rune(const char *s, size_t n, unsigned *rune)
{
	int len = utf8_next(s, n, rune);

	if (len > 0)
		return (size_t)len;
	*rune = RUNE_BAD;
	return 1;
}

/* ---- the syntax of filepath.Match ---------------------------------------- */

static int
check_member(const char **s)
{
	unsigned rune;
	int len;

	if (**s == '-' || **s == ']')
		return -1;
	if (**s == '\\')
		(*s)++;
	len = **s ? utf8_next(*s, strlen(*s), &rune) : 0;
	if (len <= 0)
		return -1;
	*s += len;
	return **s ? 0 : -1;
}

static int
check_class(const char **s)
{
	if (**s == '^')
		(*s)++;
	for (size_t n = 0; **s != ']' || !n; n++) {
		if (check_member(s))
			return -1;
		if (**s != '-')
			continue;
		(*s)++;
		if (check_member(s))
			return -1;
	}
	(*s)++;
	return 0;
}

static int
check_syntax(const char *s, struct err *err)
{
	while (*s) {
		char c = *s++;

		if (c == '\\' && !*s++)
			return err_set(
			    err, ERR_CONFIG, "nothing follows the backslash");
		if (c == '[' && check_class(&s)) {
			err_set(err, ERR_CONFIG, "the brackets are not closed, "
			    "are empty, or hold half a range");
			return err_hint(
			    err, "a bracket of a name is written \\[");
		}
	}
	return 0;
}

/* ---- the expression that Docker makes of it ------------------------------ */

static void
add_rune(struct strbuf *out, const char *s, size_t len, unsigned rune)
{
	if (rune == RUNE_BAD)
		strbuf_adds(out, "\xef\xbf\xbd");
	else
		strbuf_add(out, s, len);
}

/* Stars from s on; what follows them is returned. */
static const char *
translate_stars(const char *s, struct strbuf *out, bool first, enum kind *kind)
{
	if (s[1] != '*') {
		strbuf_adds(out, "[^/]*");
		*kind = EXPRESSION;
		return s + 1;
	}
	s += s[2] == '/' ? 3 : 2;
	strbuf_adds(out, *s ? "(.*/)?" : ".*");
	*kind = !*s && *kind == EXACT ? PREFIX : EXPRESSION;
	if (first)
		*kind = SUFFIX;
	return s;
}

static enum kind
translate(const char *text, struct strbuf *out)
{
	const char *s = text, *end = text + strlen(text);
	enum kind kind = EXACT;
	unsigned rune;
	size_t len;

	while (s < end) {
		if (*s == '*') {
			s = translate_stars(s, out, s == text, &kind);
			continue;
		}
		if (strchr(".+()|{}$", *s))
			strbuf_addc(out, '\\');
		if (strchr("?\\[]", *s))
			kind = EXPRESSION;
		if (*s == '?') {
			strbuf_adds(out, "[^/]");
			s++;
			continue;
		}
		if (*s == '\\')
			strbuf_addc(out, *s++);
		len = pattern_rune(s, (size_t)(end - s), &rune);
		add_rune(out, s, len, rune);
		s += len;
	}
	return kind;
}

/* ---- reading it as Go's regexp/syntax ------------------------------------ */

struct reader {
	const char *s, *end;
	struct pattern *p;
	struct err *err;
};

/* Pairs of bytes, lowest first. */
struct group {
	const char *name;
	size_t n;
	const char *pairs;
};

static const struct group perl_groups[] = {
    {"d", 1, "09"},
    {"s", 3, "\t\n\f\r  "},
    {"w", 4, "09AZ__az"},
};

static const struct group posix_groups[] = {
    {"alnum", 3, "09AZaz"},
    {"alpha", 2, "AZaz"},
    {"ascii", 1, "\0\x7f"},
    {"blank", 2, "\t\t  "},
    {"cntrl", 2, "\0\x1f\x7f\x7f"},
    {"digit", 1, "09"},
    {"graph", 1, "!~"},
    {"lower", 1, "az"},
    {"print", 1, " ~"},
    {"punct", 4, "!/:@[`{~"},
    {"space", 2, "\t\r  "},
    {"upper", 1, "AZ"},
    {"word", 4, "09AZ__az"},
    {"xdigit", 3, "09AFaf"},
};

static struct node *
add_node(struct pattern *p, enum node_kind kind)
{
	struct node *node;

	GROW(p->nodes, p->n, &p->nodes_cap);
	node = &p->nodes[p->n++];
	*node = (struct node){.kind = kind, .first = (unsigned)p->nranges};
	return node;
}

static void
add_range(struct pattern *p, unsigned lo, unsigned hi)
{
	GROW(p->ranges, p->nranges, &p->ranges_cap);
	p->ranges[p->nranges++] = (struct range){lo, hi};
	p->nodes[p->n - 1].n++;
}

static void
add_group(struct pattern *p, const struct group *g, bool negated)
{
	const unsigned char *pair = (const unsigned char *)g->pairs;
	unsigned from = 0;

	for (size_t i = 0; i < g->n; i++, pair += 2) {
		if (!negated)
			add_range(p, pair[0], pair[1]);
		else if (pair[0] > from)
			add_range(p, from, pair[0] - 1);
		from = pair[1] + 1;
	}
	if (negated)
		add_range(p, from, RUNE_MAX);
}

static const struct group *
find_group(const struct group *groups, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(groups[i].name) == len &&
		    !memcmp(groups[i].name, name, len))
			return &groups[i];
	return NULL;
}

/* \d, \W and such at r->s, into the last node. */
static bool
read_perl_group(struct reader *r)
{
	const struct group *g;
	char name;

	if (r->end - r->s < 2 || *r->s != '\\')
		return false;
	name = (char)tolower((unsigned char)r->s[1]);
	g = find_group(perl_groups, ARRAY_SIZE(perl_groups), &name, 1);
	if (!g)
		return false;
	add_group(r->p, g, name != r->s[1]);
	r->s += 2;
	return true;
}

/* [:alpha:] at r->s: 1 if it was one, 0 if it is none, -1 if it is bad. */
static int
read_posix_group(struct reader *r)
{
	const char *name = r->s + 2, *close;
	const struct group *g;
	bool negated;

	if (r->end - r->s < 3 || r->s[0] != '[' || r->s[1] != ':')
		return 0;
	close = memmem(name, (size_t)(r->end - name), ":]", 2);
	if (!close)
		return 0;
	negated = *name == '^';
	name += negated;
	g = find_group(posix_groups, ARRAY_SIZE(posix_groups), name,
	    (size_t)(close - name));
	if (!g)
		return err_set(
		    r->err, ERR_CONFIG, "there is no such class of characters");
	add_group(r->p, g, negated);
	r->s = close + 2;
	return 1;
}

/* A backslash and what is behind it. */
static int
read_escape(struct reader *r, unsigned *rune)
{
	static const char names[] = "afnrtv", runes[] = "\a\f\n\r\t\v";
	char c = r->s[1];
	const char *name = strchr(names, c);

	r->s += 2;
	if (name)
		*rune = (unsigned char)runes[name - names];
	else if ((unsigned char)c < 0x80 && !isalnum((unsigned char)c))
		*rune = (unsigned char)c;
	else
		return err_set(r->err, ERR_CONFIG,
		    "a backslash stands before a letter or digit");
	return 0;
}

static int
read_member(struct reader *r, unsigned *rune)
{
	if (r->s == r->end)
		return err_set(
		    r->err, ERR_CONFIG, "the brackets are not closed");
	if (*r->s == '\\')
		return read_escape(r, rune);
	r->s += pattern_rune(r->s, (size_t)(r->end - r->s), rune);
	return 0;
}

static int
read_range(struct reader *r)
{
	unsigned lo, hi;

	if (read_member(r, &lo))
		return -1;
	hi = lo;
	if (r->end - r->s >= 2 && r->s[0] == '-' && r->s[1] != ']') {
		r->s++;
		if (read_member(r, &hi))
			return -1;
	}
	if (hi < lo)
		return err_set(
		    r->err, ERR_CONFIG, "a range ends before it begins");
	add_range(r->p, lo, hi);
	return 0;
}

static int
read_class(struct reader *r)
{
	struct node *node = add_node(r->p, NODE_CLASS);
	const char *first;

	if (*++r->s == '^') {
		node->negated = true;
		r->s++;
	}
	first = r->s;
	while (r->s == r->end || *r->s != ']' || r->s == first) {
		int rc = read_posix_group(r);

		if (!rc && !read_perl_group(r))
			rc = read_range(r);
		if (rc < 0)
			return -1;
	}
	r->s++;
	return 0;
}

static int
read_one(struct reader *r)
{
	struct node *node;
	unsigned rune;

	if (*r->s == '[')
		return read_class(r);
	if (r->end - r->s >= 6 && !memcmp(r->s, "(.*/)?", 6)) {
		r->s += 6;
		/* One more after another says no more than the one. */
		if (r->p->n && r->p->nodes[r->p->n - 1].kind == NODE_WITHIN)
			return 0;
		add_node(r->p, NODE_PARENTS);
		add_node(r->p, NODE_WITHIN);
		return 0;
	}
	node = add_node(r->p, *r->s == '.'   ? NODE_ANY
			      : *r->s == '^' ? NODE_START
					     : NODE_CLASS);
	if (node->kind != NODE_CLASS) {
		r->s++;
		return 0;
	}
	if (read_perl_group(r))
		return 0;
	node->kind = NODE_RUNE;
	if (read_member(r, &rune))
		return -1;
	node->first = rune;
	return 0;
}

static int
read_expression(struct reader *r)
{
	while (r->s < r->end) {
		if (r->p->n + 2 > NODES_MAX)
			return err_set(r->err, ERR_CONFIG,
			    "the pattern is longer than %d elements",
			    NODES_MAX);
		if (read_one(r))
			return -1;
		if (r->s < r->end && *r->s == '*') {
			r->p->nodes[r->p->n - 1].star = true;
			r->s++;
		}
	}
	return 0;
}

static int
compile_expression(
    struct pattern *p, const struct strbuf *text, struct err *err)
{
	struct reader r = {text->buf, text->buf + text->len, p, err};

	if (read_expression(&r))
		return -1;
	p->words = p->n / 64 + 1;
	for (int i = 0; i < 2; i++)
		p->set[i] = xcalloc(p->words, sizeof(*p->set[i]));
	return 0;
}

struct pattern *
pattern_compile(const char *text, struct err *err)
{
	autobuf struct strbuf expression = STRBUF_INIT;
	struct pattern *p;

	if (check_syntax(text, err))
		return NULL;
	p = xcalloc(1, sizeof(*p));
	p->kind = translate(text, &expression);
	if (p->kind == EXPRESSION && compile_expression(p, &expression, err)) {
		pattern_free(p);
		return NULL;
	}
	p->text = xstrdup(text + (p->kind == SUFFIX ? 2 : 0));
	p->len = strlen(p->text) - (p->kind == PREFIX ? 2 : 0);
	return p;
}

size_t
pattern_size(const struct pattern *p)
{
	return p->n + p->nranges;
}

void
pattern_free(struct pattern *p)
{
	if (!p)
		return;
	free(p->text);
	free(p->nodes);
	free(p->ranges);
	free(p->set[0]);
	free(p->set[1]);
	free(p);
}
