/* What stands in a program, for who has no parser of its language. */
#include "project/check_text_impl.h"

#include <ctype.h>
#include <string.h>

#include "base/xalloc.h"

#define NAME_MAX_BYTES 256
#define ARGUMENTS_MAX_BYTES 4096 /* that are read of one call */
#define ALIASES_MAX 256

struct finding {
	const struct check_language *l;
	struct scan sc;
	size_t budget; /* bytes that may be read twice */
	check_fact_fn *fn;
	void *arg;
	/* NAME=MODULE of imports that have another name here. */
	struct strvec aliases;
	/* What a value that follows would be given to. */
	struct token given;
	bool gives;
};

/* Are values put into a string?  'a' and q{a} of Perl and shells are as they
   stand. */
static bool
is_literal(const struct scan *sc, const struct token *t)
{
	const char *s = sc->s + t->start;
	bool plain = *s == '\'' || (*s == 'q' && !isalpha((unsigned char)s[1]));

	for (size_t i = t->inner; !plain && i < t->inner_end; i++)
		if (strchr("$@`", sc->s[i]))
			return false;
	return !t->has_code && !t->form->runs;
}

/* Is what follows a string and nothing more, into which no value is put? */
static bool
is_text_next(const struct finding *f)
{
	struct scan ahead = f->sc;
	struct token t, behind;

	scan_code(&ahead, &t);
	if (t.kind != TOKEN_STRING)
		return false;
	scan_code(&ahead, &behind);
	if (behind.kind == TOKEN_OTHER && ahead.s[behind.start] == '.')
		return false;
	return is_literal(&ahead, &t);
}

/* "=NAME" of a name that follows, as an argument without parentheses; the
   caller's, or NULL. */
static char *
next_name(const struct finding *f)
{
	struct scan ahead = f->sc;
	struct token t;

	scan_code(&ahead, &t);
	if (t.kind != TOKEN_NAME || t.end - t.start > NAME_MAX_BYTES)
		return NULL;
	return xasprintf("=%.*s", (int)(t.end - t.start), ahead.s + t.start);
}

/* The first of what follows and is no comment; 0: nothing does. */
static char
next_byte(const struct finding *f)
{
	struct scan ahead = f->sc;
	struct token t;

	scan_code(&ahead, &t);
	return t.kind == TOKEN_END ? 0 : ahead.s[t.start];
}

static void
tell(struct finding *f, char kind, const struct token *at, const char *name)
{
	autofree char *follows = kind == 'n' ? next_name(f) : NULL;
	struct check_fact fact = {.kind = kind,
	    .line = at->line,
	    .column = at->column,
	    .name = name,
	    .constant = kind == 'n' && is_text_next(f),
	    .args = {follows},
	    .next = next_byte(f)};

	f->fn(f->arg, 0, &fact);
}

/* What joins names to a path: bytes of it at the sign t, or 0. */
static size_t
joint(const struct scan *sc, const struct token *t)
{
	static const char *const usual[] = {"::", "->", "?.", "."};
	const struct strvec *own = &sc->x->joints;
	size_t count = own->n ? own->n : ARRAY_SIZE(usual);

	for (size_t k = 0; k < count && t->kind == TOKEN_OTHER; k++) {
		const char *what = own->n ? own->v[k] : usual[k];
		size_t n = strlen(what);

		if (n && n >= t->end - t->start && n <= sc->n - t->start &&
		    !memcmp(sc->s + t->start, what, n))
			return n;
	}
	return 0;
}

/* Goes behind a joint and the name after it, if they follow. */
static bool
take_joint(struct scan *sc, struct token *name)
{
	struct scan ahead = *sc;
	struct token t;
	size_t n;

	scan_code(&ahead, &t);
	n = joint(&ahead, &t);
	if (!n)
		return false;
	scan_advance(&ahead, t.start + n);
	scan_code(&ahead, name);
	if (name->kind != TOKEN_NAME)
		return false;
	*sc = ahead;
	return true;
}

/* "return ::f()" is no path of return's. */
static bool
is_keyword(const struct check_language *l, const char *s, size_t n)
{
	const char *p = l->keywords;

	while (p && *p) {
		size_t len = strcspn(p, " \n");

		if (len == n && !memcmp(p, s, n))
			return true;
		p += len + strspn(p + len, " \n");
	}
	return false;
}

/* "a.b.c" from the name at t, or from a joint behind something else, before
   which the scan is then; one of :: behind nothing is left out. */
static void
read_path(const struct finding *f, struct scan *sc, const struct token *t,
    struct strbuf *path)
{
	bool global = t->kind != TOKEN_NAME && sc->s[t->start] == ':' &&
		      (!sc->last || !strchr(")]>\"'", sc->last));
	struct token name;

	if (t->kind == TOKEN_NAME)
		strbuf_add(path, sc->s + t->start, t->end - t->start);
	if (t->kind == TOKEN_NAME && sc->i + 1 < sc->n &&
	    isspace((unsigned char)sc->s[sc->i]) &&
	    is_keyword(f->l, path->buf, path->len))
		return;
	while (take_joint(sc, &name)) {
		if (!global)
			strbuf_addc(path, '.');
		global = false;
		strbuf_add(path, sc->s + name.start, name.end - name.start);
		if (path->len > NAME_MAX_BYTES)
			strbuf_truncate(path, NAME_MAX_BYTES);
	}
}

static bool
is_literal_name(const char *s, size_t n)
{
	static const char *const names[] = {"true", "false", "null", "None",
	    "True", "False", "nil", "NULL", "undefined"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == n && !memcmp(names[i], s, n))
			return true;
	return false;
}

struct arguments {
	struct strbuf text; /* KEY=VALUE, each with its NUL */
	size_t n;
	bool constant;
};

/* KEY=VALUE or KEY: VALUE, where VALUE is one word. */
static void
read_argument(struct scan *sc, const struct token *key, struct arguments *a)
{
	struct scan ahead = *sc, before;
	struct token sign, value;

	scan_code(&ahead, &sign);
	before = ahead;
	scan_code(&ahead, &value);
	if (!strchr("=:", ahead.s[sign.start < ahead.n ? sign.start : 0]) ||
	    sign.kind != TOKEN_OTHER || a->n >= CHECK_ARGS_MAX)
		return;
	strbuf_add(&a->text, sc->s + key->start, key->end - key->start);
	strbuf_addc(&a->text, '=');
	if (value.kind == TOKEN_NAME || value.kind == TOKEN_NUMBER ||
	    value.kind == TOKEN_OTHER)
		strbuf_add(&a->text, sc->s + value.start,
		    value.end - value.start);
	strbuf_addc(&a->text, 0);
	a->n++;
	*sc = before;
}

/* Behind the "(" that is next; or (Lua) the string there is all of them. */
static void
read_arguments(struct finding *f, struct scan sc, struct arguments *a)
{
	size_t from = sc.i;
	struct token t;
	int depth = 0;

	a->constant = false;
	for (scan_code(&sc, &t); t.kind != TOKEN_END; scan_code(&sc, &t)) {
		char c = sc.s[t.start];

		if (t.end - from > ARGUMENTS_MAX_BYTES ||
		    t.end - from > f->budget) {
			a->constant = false;
			break;
		}
		if (depth == 0)
			a->constant = true;
		if (t.kind == TOKEN_OTHER && strchr("([{", c))
			depth++;
		else if (t.kind == TOKEN_OTHER && strchr(")]}", c))
			depth--;
		if (depth <= 0)
			break;
		if (t.kind == TOKEN_NAME) {
			size_t had = a->n;

			read_argument(&sc, &t, a);
			if (had == a->n && !is_literal_name(sc.s + t.start,
					       t.end - t.start))
				a->constant = false;
		}
	}
	f->budget -= f->budget < t.end - from ? f->budget : t.end - from;
}

static void
tell_call(struct finding *f, const struct token *at, const char *name,
    const struct scan *before)
{
	struct arguments a = {.text = STRBUF_INIT};
	struct check_fact fact = {
	    .kind = 'c', .line = at->line, .column = at->column, .name = name};
	size_t n = 0;

	read_arguments(f, *before, &a);
	for (size_t i = 0; n < a.n; i += strlen(a.text.buf + i) + 1)
		fact.args[n++] = a.text.buf + i;
	fact.constant = a.constant;
	f->fn(f->arg, 0, &fact);
	strbuf_release(&a.text);
}

/* A module that is named by the string t. */
static void
tell_module(struct finding *f, const struct token *at, const struct token *t)
{
	autobuf struct strbuf name = STRBUF_INIT;

	if (t->inner_end - t->inner <= NAME_MAX_BYTES)
		strbuf_add(&name, f->sc.s + t->inner, t->inner_end - t->inner);
	if (name.len)
		tell(f, 'i', at, name.buf);
}

/* "gopkg.in/yaml.v3" is called yaml, and "math/rand/v2" is called rand. */
static void
add_alias(struct finding *f, const struct token *name, const struct token *t)
{
	const char *s = f->sc.s;
	autofree char *path = xstrndup(s + t->inner, t->inner_end - t->inner);
	char *slash = strrchr(path, '/');

	if (slash && slash[1] == 'v' &&
	    !slash[2 + strspn(slash + 2, "0123456789")]) {
		*slash = 0;
		slash = strrchr(path, '/');
	}
	slash = slash ? slash + 1 : path;
	if (f->aliases.n < ALIASES_MAX &&
	    name->end - name->start <= NAME_MAX_BYTES &&
	    strlen(slash) <= NAME_MAX_BYTES)
		strvec_pushf(&f->aliases, "%.*s=%.*s",
		    (int)(name->end - name->start), s + name->start,
		    (int)strcspn(slash, "."), slash);
}

/*
 * Go's: [NAME] "a/b", or more of them in parentheses.  No two of them read the
 * same text, as anything else ends one.
 */
static void
tell_import_paths(struct finding *f)
{
	struct scan sc = f->sc;
	struct token t, name = {TOKEN_END};
	bool group;

	scan_code(&sc, &t);
	group = t.kind == TOKEN_OTHER && sc.s[t.start] == '(';
	if (group)
		scan_code(&sc, &t);
	for (;; scan_code(&sc, &t)) {
		if (t.kind == TOKEN_NAME && name.kind == TOKEN_END) {
			name = t;
		} else if (t.kind == TOKEN_STRING) {
			tell_module(f, &t, &t);
			if (name.kind == TOKEN_NAME)
				add_alias(f, &name, &t);
			name.kind = TOKEN_END;
			if (!group)
				return;
		} else if (t.kind != TOKEN_OTHER ||
			   !strchr(".;", sc.s[t.start])) {
			return;
		}
	}
}

/* Behind "import", "require(" and the like. */
static void
tell_import(struct finding *f, const struct token *at)
{
	struct scan sc = f->sc;
	autobuf struct strbuf name = STRBUF_INIT;
	struct token t;

	if (f->l->lexis.import_paths) {
		tell_import_paths(f);
		return;
	}
	scan_code(&sc, &t);
	if (t.kind == TOKEN_OTHER && sc.s[t.start] == '(')
		scan_code(&sc, &t);
	if (t.kind == TOKEN_STRING) {
		tell_module(f, at, &t);
	} else if (t.kind == TOKEN_NAME) {
		read_path(f, &sc, &t, &name);
		tell(f, 'i', at, name.buf);
	}
}

/* A path that begins with such a name begins with the module instead. */
static void
use_alias(const struct finding *f, struct strbuf *path)
{
	size_t n = strcspn(path->buf, ".");
	autofree char *name = xstrndup(path->buf, n);
	const char *module =
	    path->buf[n] ? strvec_env_get(&f->aliases, name) : NULL;
	autofree char *whole =
	    module ? xasprintf("%s%s", module, path->buf + n) : NULL;

	if (!whole)
		return;
	strbuf_reset(path);
	strbuf_adds(path, whole);
}

/* "=", "+=" or the like, and no "==" or "=>". */
static bool
is_set(const struct scan *sc)
{
	struct scan ahead = *sc;
	struct token t;
	size_t i;

	scan_code(&ahead, &t);
	for (i = t.start; i < sc->n && strchr("+|?&", sc->s[i]) && sc->s[i];)
		i++;
	return i + 1 < sc->n && sc->s[i] == '=' && sc->s[i + 1] != '=' &&
	       sc->s[i + 1] != '>';
}

/* Do arguments follow, of a name that may be in parentheses itself: (f)(x),
   (0, f)(x)?  before: where. */
static bool
is_called(const struct finding *f, struct scan *before)
{
	struct scan ahead = *before = f->sc;
	struct token t;

	scan_code(&ahead, &t);
	if (t.kind == TOKEN_STRING)
		return f->l->lexis.string_calls;
	while (t.kind == TOKEN_OTHER && ahead.s[t.start] == ')') {
		*before = ahead;
		scan_code(&ahead, &t);
	}
	return t.kind == TOKEN_OTHER && ahead.s[t.start] == '(';
}

static void
on_path(struct finding *f, const struct token *t)
{
	autobuf struct strbuf path = STRBUF_INIT;
	struct scan before;

	read_path(f, &f->sc, t, &path);
	if (!path.len)
		return;
	if (f->aliases.n)
		use_alias(f, &path);
	/* A list or a map of Perl's is not what has the same name. */
	if (!t->start || !strchr("@%", f->sc.s[t->start - 1]))
		tell(f, 'n', t, path.buf);
	if (strvec_has(&f->l->lexis.imports, path.buf))
		tell_import(f, t);
	if (is_called(f, &before))
		tell_call(f, t, path.buf, &before);
	else if (strchr(path.buf, '.') && is_set(&f->sc))
		tell(f, 'a', t, path.buf);
	f->given = *t;
	f->given.end = f->sc.i;
	f->given.inner = f->sc.i;
	while (f->given.inner > t->start && scan_in_name(f->sc.s[f->given.inner - 1]))
		f->given.inner--;
	f->given.inner_end = f->sc.i;
}

/* A shell runs it, in languages that have a rule for that. */
static void
tell_backquoted(struct finding *f, const struct token *t)
{
	struct check_fact fact = {.kind = 'c',
	    .line = t->line,
	    .column = t->column,
	    .name = "`",
	    .constant = !t->has_code};

	for (size_t i = t->inner; i < t->inner_end; i++)
		fact.constant &= !strchr("$@#", f->sc.s[i]);
	f->fn(f->arg, 0, &fact);
}

static void
on_string(struct finding *f, const struct token *t)
{
	const struct token *g = &f->given;
	autofree char *name =
	    f->gives && g->inner_end > g->inner &&
		    g->inner_end - g->inner <= NAME_MAX_BYTES
		? xstrndup(f->sc.s + g->inner, g->inner_end - g->inner)
		: xstrdup("-");
	struct check_fact fact = {.kind = 's',
	    .line = t->line,
	    .column = t->column,
	    .name = name,
	    .value = f->sc.s + t->inner,
	    .n = t->inner_end - t->inner};
	autofree char *value = NULL;

	/* At its begin, where code in it divides it. */
	if (t->form->runs && t->end > t->inner_end &&
	    f->sc.s[t->start] == *t->form->open)
		tell_backquoted(f, t);
	if (fact.n > ARGUMENTS_MAX_BYTES)
		return;
	fact.value = value = xstrndup(fact.value, fact.n);
	f->fn(f->arg, 0, &fact);
	f->given = *t;
}

/* What divides a name from its value: =, :, :=, =>, <-; and ] behind a key. */
static bool
is_giving(const struct finding *f, const struct token *t)
{
	const char *s = f->sc.s + t->start;

	if (t->kind != TOKEN_OTHER || t->end != t->start + 1)
		return false;
	return strchr("=:>]", *s) || (*s == '-' && t->start && s[-1] == '<');
}

static void
find_facts(struct finding *f)
{
	struct scan before = f->sc;
	struct token t;

	for (scan_code(&f->sc, &t); t.kind != TOKEN_END;
	    scan_code(&f->sc, &t)) {
		if (t.kind == TOKEN_NAME) {
			on_path(f, &t);
		} else if (t.kind == TOKEN_STRING) {
			on_string(f, &t);
		} else if (joint(&f->sc, &t)) {
			struct scan behind = f->sc;
			struct token name;

			f->sc = before;
			if (take_joint(&before, &name))
				on_path(f, &t);
			else
				f->sc = behind;
		}
		f->gives = is_giving(f, &t);
		before = f->sc;
	}
}

void
check_text_facts(const struct check_language *l, const char *s, size_t n,
    check_fact_fn *fn, void *arg)
{
	autobuf struct strbuf joined = STRBUF_INIT;
	struct finding f = {.l = l,
	    .budget = 16 * n,
	    .fn = fn,
	    .arg = arg,
	    .aliases = STRVEC_INIT};

	if (l->lexis.joined)
		scan_join_lines(s, n, &joined);
	f.sc = l->lexis.joined
		   ? (struct scan)SCAN_INIT(&l->lexis, joined.buf, joined.len)
		   : (struct scan)SCAN_INIT(&l->lexis, s, n);
	find_facts(&f);
	strvec_release(&f.aliases);
}
