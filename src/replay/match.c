#include "replay/match.h"

#include <ctype.h>
#include <string.h>

#include "replay/match_impl.h"

#define WORK 1000000000 /* comparisons; some seconds */
#define MEMO 4096       /* answers that are kept */
#define RECENT 64       /* programs that are looked at for the same text */

struct expect_program {
	uint64_t hash;
	char *text;
	struct regexp *re;
};

/* What a program said of n bytes at s. */
struct expect_memo {
	const struct regexp *re;
	const char *s;
	size_t n;
	bool matches;
};

/* Suffixes */

static bool
ends(const char *s, size_t n, const char *what)
{
	size_t len = strlen(what);

	return n >= len && !memcmp(s + n - len, what, len);
}

/* " (WORDt)" at the end, t a quantifier or nothing: bytes of it, or 0. */
static size_t
suffix_length(const char *s, size_t n, const char *word, char *times)
{
	size_t len = strlen(word), all = len + 3;
	const char *close = s + n - 1;

	*times = 0;
	if (n < all || *close != ')')
		return 0;
	if (close[-1] && strchr("?*+", close[-1])) {
		*times = *--close;
		all++;
	}
	if (n < all || memcmp(s + n - all, " (", 2) ||
	    memcmp(close - len, word, len))
		return 0;
	return len || *times ? all : 0;
}

enum match_suffix
match_suffix_take(struct expect_line *e)
{
	static const char *const words[] = {"", "re", "glob", "eq", "esc"};
	size_t len;
	char times;

	if (ends(e->text, e->n, MATCH_NO_EOL)) {
		e->no_eol = true;
		e->n -= strlen(MATCH_NO_EOL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		len = suffix_length(e->text, e->n, words[i], &times);
		if (!len)
			continue;
		e->n -= len;
		e->times = times;
		return (enum match_suffix)i;
	}
	return SUFFIX_NONE;
}

/* Compiling */

/* "\xNN" at s: the byte; -1: it is none. */
static int
hex_byte(const char *s, size_t n)
{
	char digits[3] = {0};

	if (n < 4 || s[0] != '\\' || s[1] != 'x' ||
	    !isxdigit((unsigned char)s[2]) || !isxdigit((unsigned char)s[3]))
		return -1;
	memcpy(digits, s + 2, 2);
	return (int)strtol(digits, NULL, 16);
}

static void
decode(struct strbuf *out, const char *s, size_t n)
{
	static const char letters[] = "trne\\", bytes[] = "\t\r\n\033\\";
	const char *letter;
	int byte;

	for (size_t i = 0; i < n; i++) {
		letter = s[i] == '\\' && i + 1 < n && s[i + 1]
			     ? strchr(letters, s[i + 1])
			     : NULL;
		byte = hex_byte(s + i, n - i);
		if (letter) {
			strbuf_addc(out, bytes[letter - letters]);
			i++;
		} else if (byte >= 0) {
			strbuf_addc(out, (char)byte);
			i += 3;
		} else {
			strbuf_addc(out, s[i]);
		}
	}
}

/* The program for a text: one of the last ones, if the text is the same. */
static const struct regexp *
program(struct expectation *x, const char *text, size_t n, struct err *err)
{
	uint64_t hash = match_hash(text, n);
	struct expect_program *p;
	struct regexp *re;

	for (size_t i = x->n_programs; i-- > 0 && x->n_programs - i < RECENT;)
		if (x->programs[i].hash == hash &&
		    strlen(x->programs[i].text) == n &&
		    !memcmp(x->programs[i].text, text, n))
			return x->programs[i].re;
	re = regexp_new(text, n, err);
	if (!re)
		return NULL;
	GROW(x->programs, x->n_programs, &x->programs_cap);
	p = &x->programs[x->n_programs++];
	*p = (struct expect_program){hash, xstrndup(text, n), re};
	return re;
}

static int
compile_re(struct expectation *x, struct expect_line *e, struct err *err)
{
	if (e->n > REGEXP_TEXT_MAX)
		return err_set(err, ERR_CONFIG,
		    "a regular expression has at most %d bytes",
		    REGEXP_TEXT_MAX);
	e->kind = EXPECT_PATTERN;
	e->re = program(x, e->text, e->n, err);
	return e->re ? 0 : -1;
}

static int
compile_words(struct expectation *x, struct expect_line *e, bool glob,
    const struct masks *masks, struct err *err)
{
	autobuf struct strbuf re = STRBUF_INIT;

	if (!match_translate(e, glob, masks, &re))
		return 0;
	e->kind = EXPECT_PATTERN;
	if (!strcmp(re.buf, ".*"))
		return 0;
	e->re = program(x, re.buf, re.len, err);
	return e->re ? 0 : -1;
}

/* "\TEXT"; where that ends in (esc) its \ may begin the first escape. */
static int
compile_literal(struct expect_line *e)
{
	struct expect_line bytes = *e;

	e->text++;
	e->n--;
	if (match_suffix_take(&bytes) != SUFFIX_ESC)
		return 0;
	e->kind = EXPECT_BYTES;
	e->times = bytes.times;
	e->no_eol = bytes.no_eol;
	decode(&e->bytes, bytes.text, bytes.n);
	return 0;
}

static int
compile(struct expectation *x, struct expect_line *e, const struct masks *masks,
    struct err *err)
{
	e->text = e->raw.s;
	e->n = e->raw.n;
	e->hash = match_hash(e->text, e->n);
	if (e->n && *e->text == '\\')
		return compile_literal(e);
	if (e->n == strlen(MATCH_ELISION) &&
	    !memcmp(e->text, MATCH_ELISION, e->n)) {
		e->kind = EXPECT_ELISION;
		return 0;
	}
	switch (match_suffix_take(e)) {
	case SUFFIX_RE:
		return compile_re(x, e, err);
	case SUFFIX_ESC:
		e->kind = EXPECT_BYTES;
		decode(&e->bytes, e->text, e->n);
		return 0;
	case SUFFIX_EQ:
		return 0;
	case SUFFIX_GLOB:
		return compile_words(x, e, true, masks, err);
	default:
		return compile_words(x, e, false, masks, err);
	}
}

int
expectation_init(struct expectation *x, const struct expected_text *lines,
    size_t n, const struct masks *masks, struct err *err)
{
	*x = (struct expectation){.run = REGEXP_RUN_INIT, .work = WORK};
	x->v = n ? xcalloc(n, sizeof(*x->v)) : NULL;
	for (; x->n < n; x->n++) {
		struct expect_line *e = &x->v[x->n];

		e->raw = lines[x->n];
		strbuf_init(&e->bytes);
		if (compile(x, e, masks, err)) {
			unsigned line = e->raw.line;

			strbuf_release(&e->bytes);
			expectation_release(x);
			return err_prefix(err, "line %u", line);
		}
	}
	return 0;
}

void
expectation_of_output(struct expectation *x, const struct actual *before)
{
	*x = (struct expectation){.run = REGEXP_RUN_INIT, .work = WORK};
	x->v = before->n ? xcalloc(before->n, sizeof(*x->v)) : NULL;
	for (; x->n < before->n; x->n++) {
		const struct actual_line *a = &before->v[x->n];

		x->v[x->n] = (struct expect_line){
		    .raw = {a->text, a->full, (unsigned)x->n + 1},
		    .kind = EXPECT_TEXT,
		    .no_eol = a->no_eol,
		    .hash = a->hash,
		    .text = a->text,
		    .n = a->n,
		    .bytes = STRBUF_INIT};
	}
}

void
expectation_release(struct expectation *x)
{
	for (size_t i = 0; i < x->n; i++)
		strbuf_release(&x->v[i].bytes);
	free(x->v);
	for (size_t i = 0; i < x->n_programs; i++) {
		free(x->programs[i].text);
		regexp_free(x->programs[i].re);
	}
	free(x->programs);
	regexp_run_release(&x->run);
	match_memo_end(x);
	*x = (struct expectation){0};
}

/* Comparing lines */

bool
expect_line_is_once(const struct expect_line *e)
{
	return !e->times && e->kind != EXPECT_ELISION;
}

bool
expect_line_equals(const struct expect_line *e, const struct actual_line *a)
{
	return !a->rest && e->hash == a->hash && e->raw.n == a->full &&
	       !memcmp(e->raw.s, a->text, a->full);
}

static bool
same(const char *s, size_t n, const char *t, size_t m)
{
	return n == m && !memcmp(s, t, n);
}

static bool
is_literal(const struct expect_line *e)
{
	return e->raw.n && *e->raw.s == '\\';
}

static bool
bytes_match(const struct expect_line *e, const struct actual_line *a)
{
	size_t n = a->n_raw;

	return same(e->bytes.buf, e->bytes.len, a->raw, n) ||
	       (n && a->raw[n - 1] == '\r' &&
		   same(e->bytes.buf, e->bytes.len, a->raw, n - 1));
}

void
match_memo_begin(struct expectation *x)
{
	x->memo = xcalloc(MEMO, sizeof(*x->memo));
}

void
match_memo_end(struct expectation *x)
{
	free(x->memo);
	x->memo = NULL;
}

static bool
program_matches(
    struct expectation *x, const struct regexp *re, const char *s, size_t n)
{
	uint64_t key = ((uint64_t)(uintptr_t)re * 31 + (uintptr_t)s) * 31 + n;
	struct expect_memo *memo;

	if (!x->memo)
		return regexp_full(re, &x->run, s, n);
	memo = &x->memo[key * 0x9e3779b97f4a7c15u >> 48 & (MEMO - 1)];
	if (memo->re != re || memo->s != s || memo->n != n)
		*memo = (struct expect_memo){
		    re, s, n, regexp_full(re, &x->run, s, n)};
	return memo->matches;
}

static bool
pattern_matches(struct expectation *x, const struct expect_line *e,
    const struct actual_line *a)
{
	size_t n = a->n - (a->escaped ? strlen(MATCH_ESC) : 0);

	if (n > MATCH_LINE_MAX || n < e->head + e->tail ||
	    memcmp(e->text, a->text, e->head) ||
	    memcmp(e->text + e->n - e->tail, a->text + n - e->tail, e->tail))
		return false;
	return !e->re || program_matches(x, e->re, a->text + e->head,
			     n - e->head - e->tail);
}

bool
expect_line_matches(
    struct expectation *x, size_t i, const struct actual_line *a)
{
	const struct expect_line *e = &x->v[i];

	if (!x->work || a->rest)
		return false;
	x->work--;
	if (expect_line_equals(e, a) ||
	    (is_literal(e) && same(e->text, e->n, a->text, a->full)))
		return true;
	if (e->no_eol != a->no_eol)
		return false;
	switch (e->kind) {
	case EXPECT_TEXT:
		return same(e->text, e->n, a->text, a->n);
	case EXPECT_BYTES:
		return bytes_match(e, a);
	case EXPECT_PATTERN:
		return pattern_matches(x, e, a);
	default:
		return false;
	}
}

bool
expectation_exhausted(const struct expectation *x)
{
	return !x->work || !x->run.steps;
}

void
expectation_rewind(struct expectation *x)
{
	x->work = WORK;
	x->run.steps = REGEXP_STEPS;
}
