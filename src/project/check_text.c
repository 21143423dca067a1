#include "project/check_text.h"

#include <ctype.h>
#include <string.h>

#include "base/xalloc.h"

#define NAME_MAX_BYTES 256
#define ARGUMENTS_MAX_BYTES 4096 /* that are read of one call */

enum token_kind { TOKEN_END, TOKEN_COMMENT, TOKEN_STRING, TOKEN_NAME,
	TOKEN_NUMBER, TOKEN_OTHER };

struct scan {
	const struct check_lexis *x;
	const char *s;
	size_t n, i;
	unsigned line;
	size_t line_start;
};

struct token {
	enum token_kind kind;
	size_t start, end;
	unsigned line, column;
	size_t inner, inner_end; /* of a string: its content */
};

static bool
starts(const struct scan *sc, const char *what)
{
	size_t n = strlen(what);

	return n && n <= sc->n - sc->i && !memcmp(sc->s + sc->i, what, n);
}

static void
advance(struct scan *sc, size_t to)
{
	for (; sc->i < to; sc->i++)
		if (sc->s[sc->i] == '\n') {
			sc->line++;
			sc->line_start = sc->i + 1;
		}
}

/* Behind the next mark, or the end of the text if it is empty or not there. */
static size_t
behind(const struct scan *sc, size_t from, const char *mark)
{
	const char *p = !*mark ? NULL : memmem(sc->s + from, sc->n - from, mark, strlen(mark));

	return p ? (size_t)(p - sc->s) + strlen(mark) : sc->n;
}

static size_t
line_end(const struct scan *sc, size_t from)
{
	const char *p = memchr(sc->s + from, '\n', sc->n - from);

	return p ? (size_t)(p - sc->s) : sc->n;
}

static bool
after_blank(const struct scan *sc)
{
	return !sc->i || strchr(" \t\n;(", sc->s[sc->i - 1]);
}

/* Bytes up to the end of a comment that begins here, or 0. */
static size_t
comment_end(const struct scan *sc)
{
	const struct check_lexis *x = sc->x;

	for (size_t k = 0; k + 1 < x->blocks.n; k += 2) {
		const char *open = x->blocks.v[k];

		if (!starts(sc, open) ||
		    (strchr("=_", *open) && sc->i != sc->line_start))
			continue;
		return behind(sc, sc->i + strlen(open), x->blocks.v[k + 1]);
	}
	for (size_t k = 0; k < x->comments.n; k++)
		if (starts(sc, x->comments.v[k]) &&
		    (!x->blank_before || after_blank(sc)))
			return line_end(sc, sc->i);
	return 0;
}

/* Of a string that begins here: sets where it and its content end. */
static bool
take_string(const struct scan *sc, struct token *t)
{
	for (size_t k = 0; k < sc->x->n_strings; k++) {
		const struct check_string *form = &sc->x->strings[k];
		size_t close = strlen(form->close), i;

		if (!starts(sc, form->open))
			continue;
		t->inner = i = sc->i + strlen(form->open);
		while (i < sc->n && (form->lines || sc->s[i] != '\n')) {
			if (close <= sc->n - i &&
			    !memcmp(sc->s + i, form->close, close)) {
				t->inner_end = i;
				t->end = i + close;
				return true;
			}
			i += sc->s[i] == '\\' && !form->raw && i + 1 < sc->n
				 ? 2 : 1;
		}
		t->inner_end = t->end = i < sc->n ? i : sc->n;
		return true;
	}
	return false;
}

static bool
begins_name(char c)
{
	return isalpha((unsigned char)c) || c == '_' || c == '$' || (c & 0x80);
}

static bool
in_name(char c)
{
	return begins_name(c) || isdigit((unsigned char)c);
}

static size_t
name_end(const struct scan *sc, size_t i)
{
	while (i < sc->n && in_name(sc->s[i]))
		i++;
	return i;
}

static void
next_token(struct scan *sc, struct token *t)
{
	size_t end;

	while (sc->i < sc->n && isspace((unsigned char)sc->s[sc->i]))
		advance(sc, sc->i + 1);
	*t = (struct token){.start = sc->i,
	    .line = sc->line,
	    .column = (unsigned)(sc->i - sc->line_start) + 1};
	if (sc->i == sc->n)
		return;
	end = comment_end(sc);
	if (end) {
		t->kind = TOKEN_COMMENT;
		t->end = end;
	} else if (take_string(sc, t)) {
		t->kind = TOKEN_STRING;
	} else if (in_name(sc->s[sc->i])) {
		t->kind =
		    begins_name(sc->s[sc->i]) ? TOKEN_NAME : TOKEN_NUMBER;
		t->end = name_end(sc, sc->i);
	} else {
		t->kind = TOKEN_OTHER;
		t->end = sc->i + 1;
	}
	advance(sc, t->end);
}

/* The next that is no comment. */
static void
next_code(struct scan *sc, struct token *t)
{
	do
		next_token(sc, t);
	while (t->kind == TOKEN_COMMENT);
}

void
check_text_blank(const struct check_lexis *x, const char *s, size_t n,
    bool strings, struct strbuf *out)
{
	struct scan sc = {x, s, n, 0, 1, 0};
	struct token t;

	strbuf_add(out, s, n);
	for (next_token(&sc, &t); t.kind != TOKEN_END; next_token(&sc, &t)) {
		size_t from = t.kind == TOKEN_COMMENT ? t.start : t.inner;
		size_t to = t.kind == TOKEN_COMMENT ? t.end : t.inner_end;

		if (t.kind != TOKEN_COMMENT &&
		    (strings || t.kind != TOKEN_STRING))
			continue;
		for (; from < to; from++)
			if (out->buf[from] != '\n')
				out->buf[from] = ' ';
	}
}

static enum check_part
part_of(enum token_kind kind)
{
	switch (kind) {
	case TOKEN_COMMENT:
		return CHECK_PART_COMMENT;
	case TOKEN_STRING:
		return CHECK_PART_STRING;
	case TOKEN_NAME:
		return CHECK_PART_NAME;
	case TOKEN_NUMBER:
		return CHECK_PART_NUMBER;
	case TOKEN_OTHER:
	case TOKEN_END:
		break;
	}
	return CHECK_PART_OTHER;
}

void
check_text_parts(const struct check_lexis *x, const char *s, size_t n,
    check_part_fn *fn, void *arg)
{
	struct scan sc = {x, s, n, 0, 1, 0};
	struct token t;
	size_t at = 0;

	do {
		next_token(&sc, &t);
		if (t.start > at)
			fn(arg, CHECK_PART_OTHER, s + at, t.start - at);
		if (t.end > t.start)
			fn(arg, part_of(t.kind), s + t.start, t.end - t.start);
		at = t.end;
	} while (t.kind != TOKEN_END);
}

/* ---- facts ---- */

struct finding {
	const struct check_language *l;
	struct scan sc;
	size_t budget; /* bytes that may be read twice */
	check_fact_fn *fn;
	void *arg;
	/* What a value that follows would be given to. */
	struct token given;
	bool gives;
};

/* Is what follows a string and nothing more, into which no value is put?  'a'
   and q{a} of Perl and shells are as they stand. */
static bool
is_text_next(const struct finding *f)
{
	struct scan ahead = f->sc;
	struct token t, behind;
	char open;

	next_code(&ahead, &t);
	if (t.kind != TOKEN_STRING)
		return false;
	next_code(&ahead, &behind);
	if (behind.kind == TOKEN_OTHER && ahead.s[behind.start] == '.')
		return false;
	open = ahead.s[t.start];
	for (size_t i = t.inner; !strchr("'q", open) && i < t.inner_end; i++)
		if (strchr("$@`", ahead.s[i]))
			return false;
	return open != '`';
}

static void
tell(struct finding *f, char kind, const struct token *at, const char *name)
{
	size_t i = f->sc.i;
	struct check_fact fact = {.kind = kind,
	    .line = at->line,
	    .column = at->column,
	    .name = name,
	    .constant = kind == 'n' && is_text_next(f)};

	while (i < f->sc.n && strchr(" \t", f->sc.s[i]) && f->sc.s[i])
		i++;
	fact.next = i < f->sc.n ? f->sc.s[i] : 0;
	f->fn(f->arg, 0, &fact);
}

/* What joins names to a path: bytes of it here, or 0. */
static size_t
joint(const struct scan *sc)
{
	static const char *const joints[] = {"::", "->", "?.", "."};

	for (size_t k = 0; k < ARRAY_SIZE(joints); k++) {
		size_t n = strlen(joints[k]);

		if (starts(sc, joints[k]) && sc->i + n < sc->n &&
		    begins_name(sc->s[sc->i + n]))
			return n;
	}
	return 0;
}

/* "a.b.c" from the name at t, or from a joint behind something else. */
static void
read_path(struct scan *sc, const struct token *t, struct strbuf *path)
{
	size_t n;

	if (t->kind == TOKEN_NAME)
		strbuf_add(path, sc->s + t->start, t->end - t->start);
	while ((n = joint(sc))) {
		size_t from = sc->i + n, to = name_end(sc, from);

		strbuf_addc(path, '.');
		strbuf_add(path, sc->s + from, to - from);
		advance(sc, to);
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
	struct scan ahead = *sc;
	struct token sign, value;

	next_code(&ahead, &sign);
	next_code(&ahead, &value);
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
	*sc = ahead;
	sc->i = value.start;
	sc->line = value.line;
	sc->line_start = value.start - (value.column - 1);
}

/* Behind the "(" at which the scan is; the scan itself stays. */
static void
read_arguments(struct finding *f, struct arguments *a)
{
	struct scan sc = f->sc;
	struct token t;
	int depth = 0;

	a->constant = false;
	for (next_code(&sc, &t); t.kind != TOKEN_END; next_code(&sc, &t)) {
		char c = sc.s[t.start];

		if (t.end - f->sc.i > ARGUMENTS_MAX_BYTES ||
		    t.end - f->sc.i > f->budget) {
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
	f->budget -= f->budget < t.end - f->sc.i ? f->budget : t.end - f->sc.i;
}

static void
tell_call(struct finding *f, const struct token *at, const char *name)
{
	struct arguments a = {.text = STRBUF_INIT};
	struct check_fact fact = {
	    .kind = 'c', .line = at->line, .column = at->column, .name = name};
	size_t n = 0;

	read_arguments(f, &a);
	for (size_t i = 0; n < a.n; i += strlen(a.text.buf + i) + 1)
		fact.args[n++] = a.text.buf + i;
	fact.constant = a.constant;
	f->fn(f->arg, 0, &fact);
	strbuf_release(&a.text);
}

/* Behind "import", "require(" and the like. */
static void
tell_import(struct finding *f, const struct token *at)
{
	struct scan sc = f->sc;
	autobuf struct strbuf name = STRBUF_INIT;
	struct token t;

	next_code(&sc, &t);
	if (t.kind == TOKEN_OTHER && sc.s[t.start] == '(')
		next_code(&sc, &t);
	if (t.kind == TOKEN_STRING && t.inner_end - t.inner <= NAME_MAX_BYTES)
		strbuf_add(&name, sc.s + t.inner, t.inner_end - t.inner);
	else if (t.kind == TOKEN_NAME)
		read_path(&sc, &t, &name);
	if (name.len)
		tell(f, 'i', at, name.buf);
}

/* "=", "+=" or the like, and no "==" or "=>". */
static bool
is_set(const struct scan *sc)
{
	size_t i = sc->i;

	while (i < sc->n && (sc->s[i] == ' ' || sc->s[i] == '\t'))
		i++;
	if (i < sc->n && strchr("+|?", sc->s[i]) && sc->s[i])
		i++;
	return i + 1 < sc->n && sc->s[i] == '=' && sc->s[i + 1] != '=' &&
	       sc->s[i + 1] != '>';
}

static char
next_byte(const struct scan *sc)
{
	size_t i = sc->i;

	while (i < sc->n && (sc->s[i] == ' ' || sc->s[i] == '\t'))
		i++;
	return i < sc->n ? sc->s[i] : 0;
}

static void
on_path(struct finding *f, const struct token *t)
{
	autobuf struct strbuf path = STRBUF_INIT;

	read_path(&f->sc, t, &path);
	if (!path.len)
		return;
	tell(f, 'n', t, path.buf);
	if (strvec_has(&f->l->lexis.imports, path.buf))
		tell_import(f, t);
	if (next_byte(&f->sc) == '(')
		tell_call(f, t, path.buf);
	else if (strchr(path.buf, '.') && is_set(&f->sc))
		tell(f, 'a', t, path.buf);
	f->given = *t;
	f->given.end = f->sc.i;
	f->given.inner = f->sc.i;
	while (f->given.inner > t->start && in_name(f->sc.s[f->given.inner - 1]))
		f->given.inner--;
	f->given.inner_end = f->sc.i;
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

void
check_text_facts(const struct check_language *l, const char *s, size_t n,
    check_fact_fn *fn, void *arg)
{
	struct finding f = {.l = l,
	    .sc = {&l->lexis, s, n, 0, 1, 0},
	    .budget = 16 * n,
	    .fn = fn,
	    .arg = arg};
	struct token t;

	for (next_code(&f.sc, &t); t.kind != TOKEN_END; next_code(&f.sc, &t)) {
		if (t.kind == TOKEN_NAME) {
			on_path(&f, &t);
		} else if (t.kind == TOKEN_STRING) {
			on_string(&f, &t);
		} else if (t.end == t.start + 1 && strchr(".-:?", s[t.start])) {
			struct scan back = f.sc;

			f.sc.i = t.start;
			if (joint(&f.sc))
				on_path(&f, &t);
			else
				f.sc = back;
		}
		f.gives = is_giving(&f, &t);
	}
}
