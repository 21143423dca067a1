/* Words, quotes and variables, as frontend/dockerfile/shell of moby/buildkit;
   it is no shell: it has no globs, no commands and no braces. */
#include "project/dockerfile_impl.h"

#include <ctype.h>
#include <string.h>

/* ${a:-${b:-${c...}}} */
#define DEPTH_MAX 32

/* A lexer at work. */
struct run {
	const struct dockerfile_lexer *x;
	const char *p; /* what comes next */
	bool raw_escapes;
	bool keep; /* the variable at hand stays as it was written */
	unsigned depth;
	struct err *err;
};

/* The words of a line while they are found. */
struct words {
	struct strvec *list;
	struct strbuf word;
	bool in_word;
};

enum found { FOUND, NOT_SET, NOT_KNOWN };

size_t
dockerfile_space(const char *s)
{
	/* U+0085, U+00A0, U+1680, U+2000..200A, 2028, 2029, 202F, 205F, 3000;
	   space(7) of the others in UTF-8. */
	static const char *const wide[] = {"\xc2\x85", "\xc2\xa0",
	    "\xe1\x9a\x80", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf",
	    "\xe2\x81\x9f", "\xe3\x80\x80"};

	if (*s == ' ' || (*s >= '\t' && *s <= '\r'))
		return 1;
	if (!(*s & 0x80))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(wide); i++)
		if (str_starts(s, wide[i]))
			return strlen(wide[i]);
	return str_starts(s, "\xe2\x80") && (unsigned char)s[2] >= 0x80 &&
		       (unsigned char)s[2] <= 0x8a
	    ? 3
	    : 0;
}

static int
spend(const struct dockerfile_lexer *x, size_t n, struct err *err)
{
	if (*x->budget < n) {
		*x->budget = 0;
		return err_set(err, ERR_CONFIG,
		    "the variables of this file grow too long");
	}
	*x->budget -= n;
	return 0;
}

/* Appends it to the word that is begun, at spaces to the list. */
static void
add_split(struct words *w, const char *s, size_t n)
{
	for (size_t i = 0, space; w && i < n; i += space ? space : 1) {
		space = dockerfile_space(s + i);
		if (!space) {
			strbuf_addc(&w->word, s[i]);
			w->in_word = true;
		} else if (w->in_word && w->word.len) {
			strvec_push(w->list, w->word.buf);
			strbuf_reset(&w->word);
			w->in_word = false;
		}
	}
}

static void
add_whole(struct words *w, const char *s, size_t n)
{
	if (!w)
		return;
	strbuf_add(&w->word, s, n);
	w->in_word = true;
}

static bool
is_letter(char c)
{
	/* Letters of all scripts may stand in a name. */
	return isalpha((unsigned char)c) || c == '_' || (c & 0x80);
}

/* A name, a number or one of the special parameters; len may be 0. */
static size_t
name_length(const char *s)
{
	size_t n = 0;

	if (isdigit((unsigned char)*s)) {
		while (isdigit((unsigned char)s[n]))
			n++;
		return n;
	}
	if (*s && strchr("@*#?-$!", *s))
		return 1;
	while (is_letter(s[n]) || isdigit((unsigned char)s[n]))
		n++;
	return n;
}

/* The one that counts: the last ENV, else the last ARG. */
static const struct dockerfile_variable *
find_variable(const struct dockerfile_lexer *x, const char *name, size_t n,
    enum found *found)
{
	const struct dockerfile_variable *best = NULL;
	size_t steps = 0;

	*found = NOT_SET;
	for (const struct dockerfile_variable *v = x->scope; v;
	    v = v->before, steps++) {
		if (v->open)
			*found = NOT_KNOWN;
		if (!v->value || strncmp(v->name, name, n) || v->name[n])
			continue;
		best = best && !v->env ? best : v;
		if (v->env)
			break;
	}
	*x->budget -= *x->budget < steps ? *x->budget : steps;
	if (best)
		*found = FOUND;
	return best;
}

static void
use(const struct dockerfile_lexer *x, unsigned what)
{
	if (x->used)
		*x->used |= what;
}

static enum found
find(const struct dockerfile_lexer *x, const char *name, size_t n,
    const char **value)
{
	enum found found;
	const struct dockerfile_variable *v =
	    find_variable(x, name, n, &found);

	*value = v ? v->value : "";
	if (v && v->platform)
		use(x, USED_PLATFORM);
	else if (v && !v->env && v->stage != x->stage)
		use(x, USED_PARENT);
	return found;
}

static int expand_until(struct run *r, int stop, bool raw_escapes,
    struct strbuf *out, struct words *w);

static int
fail(struct run *r, const char *what)
{
	return err_set(r->err, ERR_CONFIG, "%s", what);
}

static int
single_quote(struct run *r, struct strbuf *out)
{
	const char *end = strchr(r->p + 1, '\'');
	size_t raw = r->x->raw_quotes;

	if (!end)
		return fail(r, "a single quote is not closed");
	strbuf_add(out, r->p + !raw, (size_t)(end - r->p) - 1 + 2 * raw);
	r->p = end + 1;
	return 0;
}

static int dollar(struct run *r, struct strbuf *out);

/* In double quotes the escape stands for itself but before " $ and itself. */
static int
double_quote(struct run *r, struct strbuf *out)
{
	if (r->x->raw_quotes)
		strbuf_addc(out, '"');
	for (r->p++; *r->p && *r->p != '"';) {
		if (*r->p == '$') {
			if (dollar(r, out))
				return -1;
			continue;
		}
		if (*r->p == r->x->escape) {
			if (r->raw_escapes)
				strbuf_addc(out, *r->p);
			if (!r->p[1])
				break;
			if (r->p[1] == '"' || r->p[1] == '$' ||
			    r->p[1] == r->x->escape)
				r->p++;
		}
		strbuf_addc(out, *r->p++);
	}
	if (*r->p != '"')
		return fail(r, "a double quote is not closed");
	if (r->x->raw_quotes)
		strbuf_addc(out, '"');
	r->p++;
	return 0;
}

static int
refuse_unset(
    struct run *r, const char *name, size_t n, bool empty, const char *why)
{
	if (*why)
		return err_set(r->err, ERR_CONFIG, "%.*s: %s", (int)n, name,
		    why);
	return err_set(r->err, ERR_CONFIG, "%.*s must be set%s", (int)n, name,
	    empty ? " and not empty" : "");
}

/* The value, or that the variable stays as it is. */
static enum found
look_up(struct run *r, const char *name, size_t n, const char **value)
{
	enum found found = find(r->x, name, n, value);

	if (found == NOT_KNOWN || (found == NOT_SET && r->x->keep_unset))
		r->keep = true;
	return found;
}

/* "-", "+" and "?", each with a ':' before it perhaps. */
static int
default_form(struct run *r, const char *name, size_t n, char op, bool colon,
    const char *word, struct strbuf *out)
{
	const char *value;
	enum found found = look_up(r, name, n, &value);
	bool has = found == FOUND && (!colon || *value);

	if (op != '?' && !r->x->keep_unset)
		r->keep = false; /* the word says what stands there */
	if (op == '-')
		strbuf_adds(out, has ? value : word);
	else if (op == '+')
		strbuf_adds(out, has ? word : "");
	else if (has)
		strbuf_adds(out, value);
	else if (!r->keep)
		return refuse_unset(r, name, n, found == FOUND, word);
	return 0;
}

/* "#", "##", "%", "%%", "/" and "//". */
static int
pattern_form(struct run *r, const char *name, size_t n, char op,
    const char *word, bool all, const char *replacement, struct strbuf *out)
{
	const char *value;

	look_up(r, name, n, &value);
	if (op != '/' && *word == op) {
		all = true;
		word++;
	}
	if (r->keep)
		return 0;
	return dockerfile_pattern(
	    out, value, op, word, all, replacement, r->x->budget, r->err);
}

/* At the operator behind the name: a word up to the brace. */
static int
operator_form(struct run *r, const char *name, size_t n, struct strbuf *out)
{
	autobuf struct strbuf word = STRBUF_INIT;
	bool colon = *r->p == ':';
	char op = *(r->p += colon);

	if (!op)
		return fail(r, "${ has no }");
	if (!colon)
		use(r->x, USED_OPERATOR);
	r->p++;
	if (expand_until(r, '}', op == '#' || op == '%', &word, NULL))
		return -1;
	if (strchr("-+?", op))
		return default_form(r, name, n, op, colon, word.buf, out);
	if (strchr("#%", op))
		return pattern_form(r, name, n, op, word.buf, false, NULL, out);
	return fail(r, "${} has an operator that is none");
}

/* "/pattern/replacement}" */
static int
replace_form(struct run *r, const char *name, size_t n, struct strbuf *out)
{
	autobuf struct strbuf pattern = STRBUF_INIT, with = STRBUF_INIT;
	bool all = *++r->p == '/';

	use(r->x, USED_OPERATOR);
	r->p += all;
	if (expand_until(r, '/', true, &pattern, NULL) ||
	    expand_until(r, '}', true, &with, NULL))
		return -1;
	return pattern_form(r, name, n, '/', pattern.buf, all, with.buf, out);
}

static void
plain_form(struct run *r, const char *name, size_t n, struct strbuf *out)
{
	const char *value;

	look_up(r, name, n, &value);
	strbuf_adds(out, value);
}

/* Behind "${". */
static int
braces(struct run *r, struct strbuf *out)
{
	const char *name = r->p;
	size_t n = name_length(name);

	if (*name && strchr("{}:", *name))
		return fail(r, "${} is a bad substitution");
	r->p += n;
	switch (*r->p) {
	case '}':
		r->p++;
		plain_form(r, name, n, out);
		return 0;
	case ':':
	case '+':
	case '-':
	case '?':
	case '#':
	case '%':
		return operator_form(r, name, n, out);
	case '/':
		return replace_form(r, name, n, out);
	default:
		return fail(r, *r->p ? "${} has an operator that is none"
				     : "${ has no }");
	}
}

static int
variable(struct run *r, struct strbuf *out)
{
	size_t n = name_length(r->p);
	int rc;

	if (*r->p != '{') {
		if (!n)
			strbuf_addc(out, '$');
		else
			plain_form(r, r->p, n, out);
		r->p += n;
		return 0;
	}
	if (r->depth == DEPTH_MAX)
		return fail(r, "${} is nested too deep");
	r->p++;
	r->depth++;
	rc = braces(r, out);
	r->depth--;
	return rc;
}

static int
dollar(struct run *r, struct strbuf *out)
{
	const char *begin = r->p++;
	size_t begun = out->len;
	bool outer = r->keep;

	r->keep = false;
	if (variable(r, out))
		return -1;
	if (r->keep) {
		strbuf_truncate(out, begun);
		strbuf_add(out, begin, (size_t)(r->p - begin));
	}
	r->keep = outer;
	return spend(r->x, out->len - begun, r->err);
}

/* A character that may be escaped. */
static void
plain(struct run *r, struct strbuf *out, struct words *w)
{
	if (*r->p != r->x->escape) {
		strbuf_addc(out, *r->p);
		add_split(w, r->p, 1);
		r->p++;
		return;
	}
	if (r->raw_escapes) {
		strbuf_addc(out, *r->p);
		add_whole(w, r->p, 1);
	}
	if (*++r->p) {
		strbuf_addc(out, *r->p);
		add_whole(w, r->p++, 1);
	}
}

static int
special(struct run *r, struct strbuf *out, struct words *w)
{
	size_t begun = out->len;
	char c = *r->p;
	int rc = c == '$' ? dollar(r, out)
	    : c == '"'	  ? double_quote(r, out)
			  : single_quote(r, out);

	if (rc)
		return -1;
	if (c == '$')
		add_split(w, out->buf + begun, out->len - begun);
	else
		add_whole(w, out->buf + begun, out->len - begun);
	return 0;
}

/* To the end (stop 0) or behind the stop. */
static int
expand_until(struct run *r, int stop, bool raw_escapes, struct strbuf *out,
    struct words *w)
{
	bool outer = r->raw_escapes;
	int rc = 0;

	r->raw_escapes = raw_escapes;
	while (!rc && *r->p && (!stop || *r->p != stop)) {
		size_t space = dockerfile_space(r->p);

		if (*r->p == '$' ||
		    (!r->x->no_quotes && (*r->p == '\'' || *r->p == '"'))) {
			rc = special(r, out, w);
		} else if (space > 1) {
			strbuf_add(out, r->p, space);
			add_split(w, r->p, space);
			r->p += space;
		} else {
			plain(r, out, w);
		}
	}
	r->raw_escapes = outer;
	if (rc || !stop)
		return rc;
	if (!*r->p)
		return fail(r, stop == '/' ? "${ has no second /"
					   : "${ has no }");
	r->p++;
	return 0;
}

static int
run(const struct dockerfile_lexer *x, const char *text, struct strbuf *out,
    struct words *w, struct err *err)
{
	struct run r = {.x = x, .p = text, .err = err};

	if (spend(x, strlen(text), err) ||
	    expand_until(&r, 0, x->raw_escapes, out, w))
		return -1;
	return 0;
}

int
dockerfile_expand(const struct dockerfile_lexer *x, const char *word,
    struct strbuf *out, struct err *err)
{
	return run(x, word, out, NULL, err);
}

int
dockerfile_split(const struct dockerfile_lexer *x, const char *line,
    struct strvec *words, struct err *err)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct words w = {.list = words, .word = STRBUF_INIT};
	int rc = run(x, line, &text, &w, err);

	if (!rc && w.word.len)
		strvec_push(words, w.word.buf);
	strbuf_release(&w.word);
	return rc;
}
