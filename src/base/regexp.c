/* From the text of a regular expression to its tree. */
#include "base/regexp_impl.h"

#include <ctype.h>
#include <string.h>

#include "base/encode.h"

#define DEPTH_MAX 200
#define NONE REGEXP_NONE
#define ENDLESS REGEXP_ENDLESS
#define REPEAT_MAX 255 /* RE_DUP_MAX of POSIX */

size_t
regexp_char(const char *s, size_t n, uint32_t *c)
{
	unsigned cp = 0;
	int len = utf8_next(s, n, &cp);

	*c = len > 0 ? cp : CHAR_BYTE | (unsigned char)*s;
	return len > 0 ? (size_t)len : 1;
}

static uint32_t
node_new(struct parser *p, enum node_type type)
{
	GROW(p->nodes, p->n, &p->cap);
	p->nodes[p->n] = (struct node){
	    .type = type, .child = NONE, .last = NONE, .next = NONE};
	return p->n++;
}

static uint32_t
state_new(struct parser *p, enum op op, uint32_t x)
{
	uint32_t at = node_new(p, NODE_STATE);

	p->nodes[at].op = op;
	p->nodes[at].x = x;
	return at;
}

static void
add_child(struct parser *p, uint32_t parent, uint32_t child)
{
	struct node *n = &p->nodes[parent];

	if (n->last == NONE)
		n->child = child;
	else
		p->nodes[n->last].next = child;
	n->last = child;
}

static int
refuse(struct parser *p, const char *what)
{
	return err_set(p->err, ERR_CONFIG, "%s", what);
}

static uint32_t
fail(struct parser *p, const char *what)
{
	refuse(p, what);
	return NONE;
}

static bool
at(const struct parser *p, char c)
{
	return p->s < p->end && *p->s == c;
}

/* Sets */

static void
set_range(struct parser *p, struct set *set, uint32_t from, uint32_t to)
{
	for (; from <= to && from < 0x80; from++)
		set->ascii[from / 32] |= 1u << from % 32;
	if (from > to)
		return;
	GROW(p->re->ranges, p->re->nranges, &p->re->ranges_cap);
	p->re->ranges[p->re->nranges++] = (struct range){from, to};
	set->n++;
}

static int
is_word(int c)
{
	return isalnum(c) || c == '_';
}

/* Those of ASCII for which is() holds; the others and all above if not. */
static void
set_class(struct parser *p, struct set *set, int (*is)(int), bool other)
{
	for (int c = 0; c < 0x80; c++)
		if (!is(c) == other)
			set_range(p, set, c, c);
	if (other)
		set_range(p, set, 0x80, CHAR_LAST);
}

/* \d, \w, \s and their opposites; false: c is none of these. */
static bool
set_letter(struct parser *p, struct set *set, char c)
{
	bool other = isupper((unsigned char)c);

	switch (tolower((unsigned char)c)) {
	case 'd':
		set_class(p, set, isdigit, other);
		return true;
	case 'w':
		set_class(p, set, is_word, other);
		return true;
	case 's':
		set_class(p, set, isspace, other);
		return true;
	}
	return false;
}

static struct set
set_begin(const struct parser *p)
{
	return (struct set){.first = p->re->nranges};
}

static uint32_t
set_end(struct parser *p, struct set *set)
{
	for (size_t i = 0; set->negated && i < ARRAY_SIZE(set->ascii); i++)
		set->ascii[i] = ~set->ascii[i];
	GROW(p->re->sets, p->re->nsets, &p->re->sets_cap);
	p->re->sets[p->re->nsets] = *set;
	return state_new(p, OP_SET, p->re->nsets++);
}

/* "[:alpha:]" at p->s. */
static int
parse_class(struct parser *p, struct set *set)
{
	static const struct {
		const char *name;
		int (*is)(int);
	} classes[] = {{"alnum", isalnum}, {"alpha", isalpha},
	    {"blank", isblank}, {"cntrl", iscntrl}, {"digit", isdigit},
	    {"graph", isgraph}, {"lower", islower}, {"print", isprint},
	    {"punct", ispunct}, {"space", isspace}, {"upper", isupper},
	    {"xdigit", isxdigit}};

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		size_t n = strlen(classes[i].name);

		if ((size_t)(p->end - p->s) >= n + 4 &&
		    !memcmp(p->s + 2, classes[i].name, n) &&
		    !memcmp(p->s + 2 + n, ":]", 2)) {
			set_class(p, set, classes[i].is, false);
			p->s += n + 4;
			return 0;
		}
	}
	return refuse(p, "no such class of characters after '[:'");
}

static char
control(char c)
{
	return c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : 0;
}

/* One character of a bracket; false at its end. */
static bool
bracket_char(struct parser *p, uint32_t *c)
{
	if (at(p, '\\') && p->s + 1 < p->end) {
		p->s++;
		if (control(*p->s)) {
			*c = (unsigned char)control(*p->s++);
			return true;
		}
	}
	if (p->s == p->end)
		return false;
	p->s += regexp_char(p->s, p->end - p->s, c);
	return true;
}

/* "a", "a-z", "[:digit:]" or "\d". */
static int
bracket_item(struct parser *p, struct set *set)
{
	size_t left = p->end - p->s;
	uint32_t from, to;

	if (left > 1 && p->s[0] == '[' && p->s[1] == ':')
		return parse_class(p, set);
	if (left > 1 && p->s[0] == '[' && strchr(".=", p->s[1]))
		return refuse(p, "[. and [= in brackets are not supported");
	if (left > 1 && p->s[0] == '\\' && set_letter(p, set, p->s[1])) {
		p->s += 2;
		return 0;
	}
	if (!bracket_char(p, &from))
		return 0; /* the caller sees the end */
	to = from;
	if (at(p, '-') && p->end - p->s > 1 && p->s[1] != ']') {
		p->s++;
		bracket_char(p, &to);
	}
	if (to < from)
		return refuse(p, "a range in brackets ends before it begins");
	set_range(p, set, from, to);
	return 0;
}

static uint32_t
parse_bracket(struct parser *p)
{
	struct set set = set_begin(p);
	const char *first;

	if (at(p, '^')) {
		set.negated = true;
		p->s++;
	}
	first = p->s;
	while (p->s < p->end && (*p->s != ']' || p->s == first))
		if (bracket_item(p, &set))
			return NONE;
	if (p->s == p->end)
		return fail(p, "a [ without its ]");
	p->s++;
	return set_end(p, &set);
}

/* The rest */

static uint32_t
parse_escape(struct parser *p)
{
	struct set set = set_begin(p);
	uint32_t c;

	if (p->s == p->end)
		return fail(p, "a \\ at the end");
	if (set_letter(p, &set, *p->s)) {
		p->s++;
		return set_end(p, &set);
	}
	if (isdigit((unsigned char)*p->s))
		return fail(p, "back-references are not supported");
	if (control(*p->s))
		return state_new(p, OP_CHAR, control(*p->s++));
	if (isalpha((unsigned char)*p->s)) {
		err_set(p->err, ERR_CONFIG, "\\%c is not supported", *p->s);
		return NONE;
	}
	p->s += regexp_char(p->s, p->end - p->s, &c);
	return state_new(p, OP_CHAR, c);
}

static uint32_t parse_alternatives(struct parser *p);

static uint32_t
parse_group(struct parser *p)
{
	uint32_t group, inner;
	unsigned number = ++p->groups;

	if (++p->depth > DEPTH_MAX)
		return fail(p, "nested too deeply");
	inner = parse_alternatives(p);
	p->depth--;
	if (inner == NONE)
		return NONE;
	if (!at(p, ')'))
		return fail(p, "a ( without its )");
	p->s++;
	group = node_new(p, NODE_GROUP);
	p->nodes[group].x = number == 1;
	add_child(p, group, inner);
	return group;
}

static uint32_t
parse_atom(struct parser *p)
{
	uint32_t c;

	switch (*p->s++) {
	case '(':
		return parse_group(p);
	case '[':
		return parse_bracket(p);
	case '\\':
		return parse_escape(p);
	case '.':
		return state_new(p, OP_ANY, 0);
	case '^':
		return state_new(p, OP_BEGIN, 0);
	case '$':
		return state_new(p, OP_END, 0);
	case '*':
	case '+':
	case '?':
		return fail(p, "nothing in front to repeat");
	}
	p->s--;
	p->s += regexp_char(p->s, p->end - p->s, &c);
	return state_new(p, OP_CHAR, c);
}

static bool
parse_number(const char **s, const char *end, uint32_t *n)
{
	const char *begin = *s;

	for (*n = 0; *s < end && isdigit((unsigned char)**s); (*s)++)
		*n = *n > REPEAT_MAX ? *n : *n * 10 + (**s - '0');
	return *s > begin;
}

/* "{2}", "{2,}", "{2,5}" or "{,5}" at p->s: bytes of it, 0: it is text. */
static size_t
parse_interval(const struct parser *p, uint32_t *min, uint32_t *max)
{
	const char *s = p->s + 1;
	bool low = parse_number(&s, p->end, min);

	*max = *min;
	if (s < p->end && *s == ',') {
		s++;
		if (!parse_number(&s, p->end, max))
			*max = ENDLESS;
	} else if (!low) {
		return 0;
	}
	return s < p->end && *s == '}' ? (size_t)(s + 1 - p->s) : 0;
}

/* Bytes of the repetition at p->s, or 0. */
static size_t
repetition(const struct parser *p, uint32_t *min, uint32_t *max)
{
	if (p->s == p->end)
		return 0;
	*min = *p->s == '+';
	*max = *p->s == '?' ? 1 : ENDLESS;
	if (strchr("*+?", *p->s) && *p->s)
		return 1;
	return *p->s == '{' ? parse_interval(p, min, max) : 0;
}

static uint32_t
parse_repeated(struct parser *p)
{
	uint32_t node = parse_atom(p), outer, min, max;
	size_t len;

	for (unsigned depth = 0; node != NONE; node = outer) {
		len = repetition(p, &min, &max);
		if (!len)
			return node;
		if (min > REPEAT_MAX || (max > REPEAT_MAX && max != ENDLESS) ||
		    min > max)
			return fail(p, "a repetition {m,n} has m <= n <= 255");
		if (++depth > DEPTH_MAX)
			return fail(p, "nested too deeply");
		p->s += len;
		outer = node_new(p, NODE_REPEAT);
		p->nodes[outer].min = min;
		p->nodes[outer].max = max;
		add_child(p, outer, node);
	}
	return NONE;
}

static uint32_t
parse_branch(struct parser *p)
{
	uint32_t cat = node_new(p, NODE_CAT), part;

	while (p->s < p->end && *p->s != '|' && *p->s != ')') {
		part = parse_repeated(p);
		if (part == NONE)
			return NONE;
		add_child(p, cat, part);
	}
	return cat;
}

static uint32_t
parse_alternatives(struct parser *p)
{
	uint32_t alt = node_new(p, NODE_ALT), branch;

	for (;;) {
		branch = parse_branch(p);
		if (branch == NONE)
			return NONE;
		add_child(p, alt, branch);
		if (!at(p, '|'))
			return alt;
		p->s++;
	}
}

static int
compile(struct parser *p)
{
	uint32_t root = parse_alternatives(p);

	if (root == NONE)
		return -1;
	if (p->s < p->end)
		return refuse(p, "a ) without its (");
	if (!p->groups)
		regexp_put(p, OP_SAVE, 0, 0);
	regexp_emit(p, root);
	if (!p->groups)
		regexp_put(p, OP_SAVE, 1, 0);
	regexp_put(p, OP_MATCH, 0, 0);
	if (p->emitted > REGEXP_STATES_MAX)
		return refuse(p, "the pattern is too large when its "
				 "repetitions are written out");
	return 0;
}

struct regexp *
regexp_new(const char *text, size_t n, struct err *err)
{
	struct regexp *re = xcalloc(1, sizeof(*re));
	struct parser p = {.re = re, .s = text, .end = text + n, .err = err};

	if (compile(&p)) {
		regexp_free(re);
		re = NULL;
	}
	free(p.nodes);
	return re;
}

void
regexp_free(struct regexp *re)
{
	if (!re)
		return;
	free(re->states);
	free(re->sets);
	free(re->ranges);
	free(re);
}

void
regexp_quote(struct strbuf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strchr("\\.[]{}()*+?^$|", s[i]) && s[i])
			strbuf_addc(out, '\\');
		strbuf_addc(out, s[i]);
	}
}
