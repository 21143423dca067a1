/* The words, strings and comments of a program, by the table of its language.
 */
#include <ctype.h>
#include <string.h>

#include "project/check_text_impl.h"

#define FILL_MAX 255 /* bytes; Rust's bound, and all others are less */

/* Does this text stand where the scan is? */
static bool
stands(const struct scan *sc, size_t i, const char *what, size_t n)
{
	return n <= sc->n - i && !memcmp(sc->s + i, what, n);
}

bool
scan_starts(const struct scan *sc, const char *what)
{
	return *what && stands(sc, sc->i, what, strlen(what));
}

void
scan_advance(struct scan *sc, size_t to)
{
	for (; sc->i < to; sc->i++)
		if (sc->s[sc->i] == '\n') {
			sc->line++;
			sc->line_start = sc->i + 1;
		}
}

static bool
is_one_of(char c, const char *bytes)
{
	return c && bytes && strchr(bytes, c);
}

bool
scan_begins_name(char c)
{
	return isalpha((unsigned char)c) || c == '_' || c == '$' || (c & 0x80);
}

bool
scan_in_name(char c)
{
	return scan_begins_name(c) || isdigit((unsigned char)c);
}

size_t
scan_name_end(const struct scan *sc, size_t i)
{
	while (i < sc->n && scan_in_name(sc->s[i]))
		i++;
	return i;
}

/* ---- marks: what begins and what ends a string or a comment ---- */

#define FILL "{fill}"
#define SIGN "{sign}"

static const char *
hole_of(const char *mark)
{
	const char *fill = strstr(mark, FILL);

	return fill ? fill : strstr(mark, SIGN);
}

static size_t
read_fill(const struct scan *sc, size_t i)
{
	const char *set = sc->x->fill ? sc->x->fill : "";
	bool others = *set == '^';
	size_t n = 0;

	while (i + n < sc->n && n < FILL_MAX && sc->s[i + n] &&
	       !strchr(set + others, sc->s[i + n]) == others)
		n++;
	return n;
}

/* Blanks may be before it: `q (a)`, but `q #a` is a word and a comment. */
static size_t
read_sign(const struct scan *sc, size_t i, struct scan_fill *f)
{
	static const char pairs[] = "()[]{}<>";
	const char *pair;
	size_t at = i;

	while (at < sc->n && is_one_of(sc->s[at], " \t\n"))
		at++;
	if (at == sc->n || !ispunct((unsigned char)sc->s[at]) ||
	    is_one_of(sc->s[at], at > i ? "_=)]}>,;#" : "_=)]}>"))
		return 0;
	pair = strchr(pairs, sc->s[at]);
	*f = (struct scan_fill){sc->s + at, 1, 0};
	if (pair)
		*f = (struct scan_fill){pair + 1, 1, *pair};
	return at + 1 - i;
}

/* Bytes of a mark that begins something at i, or 0. */
static size_t
opens(const struct scan *sc, size_t i, const char *mark, struct scan_fill *f)
{
	const char *hole;
	size_t n, more;

	*f = (struct scan_fill){0};
	if (*mark != sc->s[i])
		return 0;
	hole = hole_of(mark);
	n = hole ? (size_t)(hole - mark) : strlen(mark);
	if (!n || !stands(sc, i, mark, n) || !hole)
		return n && !hole && stands(sc, i, mark, n) ? n : 0;
	if (!strncmp(hole, SIGN, strlen(SIGN))) {
		more = read_sign(sc, i + n, f);
		return more ? n + more : 0;
	}
	*f = (struct scan_fill){sc->s + i + n, read_fill(sc, i + n), 0};
	hole += strlen(FILL);
	more = strlen(hole);
	n += f->n;
	return stands(sc, i + n, hole, more) ? n + more : 0;
}

/* Bytes of a mark at i that ends what began with this, or 0. */
static size_t
closes(const struct scan *sc, size_t i, const char *mark,
    const struct scan_fill *f)
{
	const char *hole = f->p ? hole_of(mark) : NULL;
	size_t n = hole ? (size_t)(hole - mark) : strlen(mark), more;

	if (!stands(sc, i, mark, n) || !hole)
		return stands(sc, i, mark, n) ? n : 0;
	more = strlen(hole + strlen(FILL));
	if (!stands(sc, i + n, f->p, f->n) ||
	    !stands(sc, i + n + f->n, hole + strlen(FILL), more))
		return 0;
	return n + f->n + more;
}

/* ---- comments ---- */

static size_t
line_end(const struct scan *sc, size_t from)
{
	const char *p = memchr(sc->s + from, '\n', sc->n - from);

	return p ? (size_t)(p - sc->s) : sc->n;
}

static bool
is_blank_to(const struct scan *sc, size_t from, size_t to)
{
	while (from < to && isspace((unsigned char)sc->s[from]))
		from++;
	return from == to;
}

/* Those with = or _ begin a line, and those with _ are all of it. */
static bool
may_begin_block(const struct scan *sc, const char *open, size_t n)
{
	const char *behind = sc->x->blocks_behind;

	if (!is_one_of(*open, "=_"))
		return true;
	if (sc->i != sc->line_start)
		return false;
	if (*open == '_')
		return is_blank_to(sc, sc->i + n, line_end(sc, sc->i));
	return !behind || !sc->last || is_one_of(sc->last, behind);
}

/* Behind a block that began before i, or the end of the text if its end is
   empty or not there. */
static size_t
block_end(const struct scan *sc, size_t i, const char *open, const char *close,
    const struct scan_fill *f)
{
	size_t deep = 0, n;

	if (!*close)
		return sc->n;
	while (i < sc->n) {
		if ((n = closes(sc, i, close, f))) {
			if (!deep)
				return i + n;
			deep--;
		} else if (sc->x->blocks_nest &&
			   stands(sc, i, open, strlen(open))) {
			n = strlen(open);
			deep++;
		}
		i += n ? n : 1;
	}
	return sc->n;
}

/* Where a comment ends that begins here, or 0. */
static size_t
comment_end(const struct scan *sc)
{
	const struct check_lexis *x = sc->x;
	struct scan_fill f;

	for (size_t k = 0; k + 1 < x->blocks.n; k += 2) {
		const char *open = x->blocks.v[k];
		size_t n = opens(sc, sc->i, open, &f);

		if (n && may_begin_block(sc, open, n))
			return block_end(
			    sc, sc->i + n, open, x->blocks.v[k + 1], &f);
	}
	for (size_t k = 0; k < x->comments.n; k++)
		if (scan_starts(sc, x->comments.v[k]) &&
		    (!x->comments_behind || !sc->i ||
			is_one_of(sc->s[sc->i - 1], x->comments_behind)))
			return line_end(sc, sc->i);
	return 0;
}

/* ---- strings ---- */

/* Code begins here, within the string: its level, and behind its mark. */
static size_t
enter_code(struct scan *sc, const struct check_string *form,
    const struct scan_fill *f, size_t i)
{
	for (size_t k = 0; k + 1 < form->code.n; k += 2) {
		const char *open = form->code.v[k];
		size_t n = strlen(open);

		if (!stands(sc, i, open, n))
			continue;
		if (sc->depth == ARRAY_SIZE(sc->in))
			sc->lost = true;
		else
			sc->in[sc->depth++] = (struct scan_level){
			    form, *f, open[n - 1], *form->code.v[k + 1], 0};
		return i + n;
	}
	return 0;
}

/* Behind what ends the string, or where code begins in it, from i. */
static size_t
body_end(struct scan *sc, const struct check_string *form,
    const struct scan_fill *f, size_t i, struct token *t)
{
	size_t deep = 0, n;

	while (i < sc->n && (form->lines || sc->s[i] != '\n')) {
		n = closes(sc, i, form->close, f);
		t->inner_end = i;
		if (n && !deep)
			return i + n;
		if (n)
			deep--;
		else if (f->nests && sc->s[i] == f->nests)
			deep++;
		else if ((n = enter_code(sc, form, f, i)))
			return n;
		i += sc->s[i] == '\\' && !form->raw && i + 1 < sc->n ? 2 : 1;
	}
	t->inner_end = i < sc->n ? i : sc->n;
	return t->inner_end;
}

/* The second half of one that has two; with its flag that is code. */
static size_t
second_end(struct scan *sc, const struct check_string *form, struct scan_fill f,
    struct token *t)
{
	size_t from = t->end, end, name;

	if (f.nests) {
		from += read_sign(sc, from, &f);
		if (from == t->end)
			return from;
	}
	t->inner_end = t->end - 1;
	end = body_end(sc, form, &f, from, &(struct token){0});
	name = scan_name_end(sc, end);
	if (form->code_flag &&
	    memchr(sc->s + end, *form->code_flag, name - end))
		return t->end;
	return end;
}

/* One character, maybe as an escape, and the end of the string. */
static bool
is_character(const struct scan *sc, size_t i, const char *close)
{
	size_t n = strlen(close), most = i + 12;

	if (i < sc->n && sc->s[i] == '\\') {
		for (i += 2; i < most && i < sc->n; i++)
			if (stands(sc, i, close, n))
				return true;
		return false;
	}
	for (i++; i < sc->n && (sc->s[i] & 0xc0) == 0x80; i++)
		;
	return i <= sc->n && stands(sc, i, close, n);
}

static bool
is_behind_word(const struct scan *sc, const struct strvec *words)
{
	size_t n = sc->last_end - sc->last_start;

	for (size_t i = 0; i < words->n; i++)
		if (n == strlen(words->v[i]) &&
		    !memcmp(sc->s + sc->last_start, words->v[i], n))
			return true;
	return false;
}

static bool
may_begin(const struct scan *sc, const struct check_string *form)
{
	if (form->behind && !is_one_of(sc->last, form->behind) &&
	    !is_behind_word(sc, &form->behind_words))
		return false;
	for (size_t k = 0; k < form->not_behind.n; k++) {
		size_t n = strlen(form->not_behind.v[k]);

		if (n <= sc->i &&
		    stands(sc, sc->i - n, form->not_behind.v[k], n))
			return false;
	}
	return true;
}

/* Of a string that begins here: sets where it and its content end. */
static bool
take_string(struct scan *sc, struct token *t)
{
	for (size_t k = 0; k < sc->x->n_strings && !sc->lost; k++) {
		const struct check_string *form = &sc->x->strings[k];
		struct scan_fill f;
		size_t n = opens(sc, sc->i, form->open, &f), depth = sc->depth;

		if (!n || !may_begin(sc, form) ||
		    (form->character &&
			!is_character(sc, sc->i + n, form->close)))
			continue;
		t->form = form;
		t->inner = sc->i + n;
		t->end = body_end(sc, form, &f, t->inner, t);
		t->has_code = sc->depth > depth || sc->lost;
		if (form->twice && t->end < sc->n)
			t->end = second_end(sc, form, f, t);
		return true;
	}
	return false;
}

/* A sign; or the end of code in a string, which goes on. */
static void
take_sign(struct scan *sc, struct token *t)
{
	struct scan_level *in =
	    sc->depth > sc->floor ? &sc->in[sc->depth - 1] : NULL;
	struct scan_fill fill = in ? in->fill : (struct scan_fill){0};
	char c = sc->s[sc->i];

	t->kind = TOKEN_OTHER;
	t->end = sc->i + 1;
	if (!in)
		return;
	if (c == in->close && !in->deep) {
		sc->depth--;
		t->kind = TOKEN_STRING;
		t->form = in->form;
		t->has_code = true;
		t->inner = t->end;
		t->end = body_end(sc, in->form, &fill, t->inner, t);
	} else if (c == in->open) {
		in->deep++;
	} else if (c == in->close) {
		in->deep--;
	}
}

/* ---- all of them ---- */

/* Where a sign ends that begins nothing, whatever its bytes are; or 0. */
static size_t
plain_end(const struct scan *sc)
{
	for (size_t k = 0; k < sc->x->plain.n; k++)
		if (scan_starts(sc, sc->x->plain.v[k]))
			return sc->i + strlen(sc->x->plain.v[k]);
	if (sc->x->escapes && sc->s[sc->i] == '\\' && sc->i + 1 < sc->n &&
	    !scan_in_name(sc->s[sc->i + 1]))
		return sc->i + 2;
	return 0;
}

/* Of a name or a number. */
static size_t
word_end(const struct scan *sc)
{
	bool whole = scan_begins_name(sc->s[sc->i]) && sc->s[sc->i] != '$';
	size_t i = scan_name_end(sc, sc->i);

	while (!whole && i + 1 < sc->n && is_one_of(sc->s[i], sc->x->inside) &&
	       scan_in_name(sc->s[i + 1]))
		i = scan_name_end(sc, i + 1);
	return i;
}

static void
take_token(struct scan *sc, struct token *t)
{
	if ((t->end = plain_end(sc)) || (t->end = scan_heredoc_mark(sc))) {
		t->kind = TOKEN_OTHER;
	} else if ((t->end = comment_end(sc))) {
		t->kind = TOKEN_COMMENT;
	} else if (take_string(sc, t)) {
		t->kind = TOKEN_STRING;
	} else if (scan_in_name(sc->s[sc->i])) {
		t->kind =
		    scan_begins_name(sc->s[sc->i]) ? TOKEN_NAME : TOKEN_NUMBER;
		t->end = word_end(sc);
	} else {
		take_sign(sc, t);
	}
}

static void
set_last(struct scan *sc, const struct token *t)
{
	sc->last = sc->s[t->end - 1];
	sc->last_start = t->start;
	sc->last_end = t->end;
}

/* To the next token, or the end of all. */
static void
skip_blanks(struct scan *sc)
{
	do {
		while (sc->i < sc->n && isspace((unsigned char)sc->s[sc->i])) {
			scan_advance(sc, sc->i + 1);
			if (sc->i == sc->line_start)
				scan_heredoc_enter(sc);
		}
	} while (sc->i == sc->n && scan_heredoc_leave(sc));
}

void
scan_token(struct scan *sc, struct token *t)
{
	skip_blanks(sc);
	*t = (struct token){.start = sc->i,
	    .end = sc->i,
	    .line = sc->line,
	    .column = (unsigned)(sc->i - sc->line_start) + 1};
	if (sc->i == sc->n)
		return;
	take_token(sc, t);
	scan_advance(sc, t->end);
	if (t->kind != TOKEN_COMMENT)
		set_last(sc, t);
}

/* The next that is no comment. */
void
scan_code(struct scan *sc, struct token *t)
{
	do
		scan_token(sc, t);
	while (t->kind == TOKEN_COMMENT);
}

void
scan_join_lines(const char *s, size_t n, struct strbuf *out)
{
	size_t joined = 0, to;

	for (size_t i = 0; i < n; i++) {
		for (to = i + 1; s[i] == '\\' && to < n && s[to] != '\n' &&
				 isspace((unsigned char)s[to]);)
			to++;
		if (s[i] == '\\' && to < n && s[to] == '\n') {
			joined++;
			i = to;
			continue;
		}
		strbuf_addc(out, s[i]);
		for (; s[i] == '\n' && joined; joined--)
			strbuf_addc(out, '\n');
	}
}
