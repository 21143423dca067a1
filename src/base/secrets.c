#include "base/secrets.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "base/encode.h"
#include "base/mask.h"

/* A form in which a value may stand; bytes beside it that tell of it, too. */
struct form {
	char *text;
	size_t n;
	size_t before, behind;
	bool coded; /* lines may have broken it */
};

/* Of those that commands taught; a value has up to seven. */
#define FORMS_MAX 2048

struct secrets {
	struct form *v;
	size_t n, cap;
	size_t fixed; /* the first ones stay */
};

struct spans {
	struct secret_span *v;
	size_t n, cap;
	size_t from; /* where the text begins that is looked at */
};

struct secrets *
secrets_new(void)
{
	return xcalloc(1, sizeof(struct secrets));
}

static void
form_release(struct form *f)
{
	explicit_bzero(f->text, f->n);
	free(f->text);
}

void
secrets_free(struct secrets *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		form_release(&s->v[i]);
	free(s->v);
	free(s);
}

static bool
is_known(const struct secrets *s, const char *text, size_t n)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].n == n && !memcmp(s->v[i].text, text, n))
			return true;
	return false;
}

/* A session that goes on for ever learns for ever. */
static void
drop_oldest(struct secrets *s)
{
	struct form *old = s->v + s->fixed;
	size_t n = (s->n - s->fixed) / 8;

	for (size_t i = 0; i < n; i++)
		form_release(&old[i]);
	s->n -= n;
	memmove(old, old + n, (s->n - s->fixed) * sizeof(*old));
}

static void
add_form(struct secrets *s, const char *text, size_t n, size_t before,
    size_t behind, bool coded)
{
	if (is_known(s, text, n))
		return;
	if (s->n - s->fixed >= FORMS_MAX)
		drop_oldest(s);
	GROW(s->v, s->n, &s->cap);
	s->v[s->n++] =
	    (struct form){xmemdup(text, n), n, before, behind, coded};
}

/*
 * The digits of base64 that hold nothing but bits of the value, where `before`
 * bytes of something else precede it in its group of three.
 */
static void
add_base64(
    struct secrets *s, const char *value, size_t n, size_t before, bool url)
{
	static const size_t begins[] = {0, 2, 3};
	autobuf struct strbuf bytes = STRBUF_INIT, text = STRBUF_INIT;
	size_t begin = begins[before], end = (before + n) * 8 / 6;

	strbuf_add(&bytes, "\0\0", before);
	strbuf_add(&bytes, value, n);
	base64_encode(&text, bytes.buf, bytes.len, url);
	add_form(s, text.buf + begin, end - begin, before > 0,
	    (before + n) % 3 > 0, true);
	explicit_bzero(bytes.buf, bytes.len);
	explicit_bzero(text.buf, text.len);
}

void
secrets_add(struct secrets *s, const char *value, size_t n)
{
	if (n < SECRET_LENGTH_MIN || is_known(s, value, n))
		return;
	add_form(s, value, n, 0, 0, false);
	for (size_t before = 0; before < 3; before++) {
		add_base64(s, value, n, before, false);
		add_base64(s, value, n, before, true);
	}
}

struct learning {
	struct secrets *secrets;
	const char *command;
};

/* Without the quotes around it. */
static void
learn_one(void *arg, size_t start, size_t n)
{
	struct learning *l = arg;
	const char *value = l->command + start;

	if (n >= 2 && (*value == '\'' || *value == '"') &&
	    value[n - 1] == *value) {
		value++;
		n -= 2;
	}
	secrets_add(l->secrets, value, n);
}

void
secrets_learn(struct secrets *s, const char *command, size_t n)
{
	struct learning l = {s, command};

	mask_find(command, n, learn_one, &l);
}

void
secrets_learn_lines(struct secrets *s, const char *text, size_t n)
{
	const char *end = text + n, *nl;

	for (const char *p = text; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		nl = nl ? nl : end;
		secrets_learn(s, p, (size_t)(nl - p));
	}
}

static void
count_one(void *arg, size_t start, size_t n)
{
	size_t *count = arg;

	(void)start, (void)n;
	++*count;
}

void
secrets_learn_env(struct secrets *s, char *const *env)
{
	bool first = !s->n;

	for (; env && *env; env++) {
		size_t name = strcspn(*env, "="), count = 0;
		autofree char *probe = xasprintf("%.*s=x", (int)name, *env);

		mask_find(probe, strlen(probe), count_one, &count);
		if (count && (*env)[name])
			secrets_add(
			    s, *env + name + 1, strlen(*env + name + 1));
	}
	if (first)
		s->fixed = s->n;
}

static void
add_span(void *arg, size_t start, size_t n)
{
	struct spans *spans = arg;

	GROW(spans->v, spans->n, &spans->cap);
	spans->v[spans->n++] = (struct secret_span){spans->from + start, n};
}

/* By the rules; in output for each line. */
static void
find_named(struct spans *spans, const char *text, size_t n, bool output)
{
	const char *end = text + n, *nl;

	if (!output) {
		mask_find(text, n, add_span, spans);
		return;
	}
	for (const char *p = text; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		nl = nl ? nl : end;
		spans->from = (size_t)(p - text);
		mask_find(p, (size_t)(nl - p), add_span, spans);
	}
	spans->from = 0;
}

static void
find_form(struct spans *spans, const struct form *f, const char *text, size_t n)
{
	const char *p = text, *end = text + n;

	while ((p = memmem(p, (size_t)(end - p), f->text, f->n))) {
		const char *first = p, *last = p + f->n;

		p = last;
		if (first > text && first[-1] != '\n')
			first -= f->before;
		if (last < end && *last != '\n' && *last != '\r')
			last += f->behind;
		add_span(spans, (size_t)(first - text), (size_t)(last - first));
	}
}

/* ---- base64 in lines, as base64(1) and openssl write it ---- */

/* Digits of a line at least that goes on in the next one. */
#define CODED_LINE_MIN 16

/* Does what ends before nl look like such a line? Of the first one the
   beginning may have been given away. */
static bool
is_coded_line(const char *text, const char *nl)
{
	size_t n = 0;

	while (n < CODED_LINE_MIN && nl - n > text &&
	       (isalnum((unsigned char)nl[-1 - (ptrdiff_t)n]) ||
		   strchr("+/-_", nl[-1 - (ptrdiff_t)n])))
		n++;
	return n == CODED_LINE_MIN || (n && nl - n == text);
}

/* Where the form ends that begins at p, lines not counted; NULL: it does not,
   and perhaps only as the text ends before that (begun). */
static const char *
match_lines(const struct form *f, const char *p, const char *end, bool *begun)
{
	size_t i = 0;

	for (*begun = false; p < end && i < f->n; p++) {
		if (*p == f->text[i])
			i++;
		else if (*p != '\n' && *p != '\r')
			return NULL;
	}
	*begun = i < f->n;
	return *begun ? NULL : p;
}

/* Each place where a line's end is inside the form, or may be. */
static void
find_at_line_end(struct spans *spans, const struct form *f, const char *text,
    const char *nl, const char *end, size_t *begins)
{
	for (size_t k = 1; k < f->n && k <= (size_t)(nl - text); k++) {
		const char *first = nl - k, *last;
		bool begun;

		if (*first == '\n')
			break;
		if (*first != *f->text || memcmp(first, f->text, k) != 0)
			continue;
		last = match_lines(f, first, end, &begun);
		if (first > text && first[-1] != '\n')
			first -= f->before;
		if (begun && (size_t)(first - text) < *begins)
			*begins = (size_t)(first - text);
		if (!last || !spans)
			continue;
		if (last < end && *last != '\n' && *last != '\r')
			last += f->behind;
		add_span(spans, (size_t)(first - text), (size_t)(last - first));
	}
}

/* Forms that go over the ends of lines; spans may be NULL.  Returns where one
   begins of which the text has not all, n: there is none. */
static size_t
find_coded(
    struct spans *spans, const struct secrets *s, const char *text, size_t n)
{
	const char *end = text + n, *nl;
	size_t begins = n;

	for (const char *p = text; s && s->n && p < end; p = nl + 1) {
		const char *last;

		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			break;
		last = nl > p && nl[-1] == '\r' ? nl - 1 : nl;
		if (!is_coded_line(text, last))
			continue;
		for (size_t i = 0; i < s->n; i++)
			if (s->v[i].coded)
				find_at_line_end(
				    spans, &s->v[i], text, last, end, &begins);
	}
	return begins;
}

/* ---- all of them ---- */

static int
compare_spans(const void *a, const void *b)
{
	const struct secret_span *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* In order, and those that touch become one. */
static void
join(struct spans *spans)
{
	size_t n = 0;

	if (!spans->n)
		return;
	qsort(spans->v, spans->n, sizeof(*spans->v), compare_spans);
	for (size_t i = 1; i < spans->n; i++) {
		struct secret_span *last = &spans->v[n], *next = &spans->v[i];
		size_t end = next->start + next->n;

		if (next->start > last->start + last->n)
			spans->v[++n] = *next;
		else if (end > last->start + last->n)
			last->n = end - last->start;
	}
	spans->n = n + 1;
}

size_t
secrets_find(const struct secrets *s, const char *text, size_t n, bool output,
    struct secret_span **found)
{
	struct spans spans = {0};

	find_named(&spans, text, n, output);
	for (size_t i = 0; s && i < s->n; i++)
		find_form(&spans, &s->v[i], text, n);
	find_coded(&spans, s, text, n);
	join(&spans);
	*found = spans.v;
	return spans.n;
}

void
secrets_hide(const struct secrets *s, struct strbuf *out, const char *text,
    size_t n, bool output)
{
	autofree struct secret_span *spans = NULL;
	size_t count = secrets_find(s, text, n, output, &spans), done = 0;

	for (size_t i = 0; i < count; i++) {
		strbuf_add(out, text + done, spans[i].start - done);
		strbuf_adds(out, MASK_TEXT);
		done = spans[i].start + spans[i].n;
	}
	strbuf_add(out, text + done, n - done);
}

void
secrets_hide_json(const struct secrets *s, json *j)
{
	json *item;

	if (cJSON_IsString(j)) {
		autobuf struct strbuf text = STRBUF_INIT;

		secrets_hide(
		    s, &text, j->valuestring, strlen(j->valuestring), true);
		if (strcmp(text.buf, j->valuestring) != 0)
			cJSON_SetValuestring(j, text.buf);
	}
	json_each (item, j)
		secrets_hide_json(s, item);
}

/* ---- output that comes in parts ---- */

/* Where the text ends with the beginning of a value that has several lines; n:
   it does not. */
static size_t
begun_value(const struct secrets *s, const char *text, size_t n)
{
	size_t at = find_coded(NULL, s, text, n);

	for (size_t i = 0; s && i < s->n; i++) {
		const struct form *f = &s->v[i];
		size_t k = f->n - 1 < n ? f->n - 1 : n;

		if (!memchr(f->text, '\n', f->n))
			continue;
		while (k && memcmp(text + n - k, f->text, k) != 0)
			k--;
		if (n - k < at)
			at = n - k;
	}
	return at;
}

/* Bytes that nothing which follows can make a secret of. */
static size_t
ready(const struct secret_stream *st, const struct secrets *s)
{
	const struct strbuf *held = &st->held;
	const char *nl = memrchr(held->buf, '\n', held->len);
	size_t begun = begun_value(s, held->buf, held->len);
	size_t end = nl ? (size_t)(nl + 1 - held->buf) : 0;

	if (begun < end)
		end = begun;
	if (!end && held->len > SECRET_LINE_MAX)
		end = held->len - SECRET_LINE_MAX / 16;
	return end;
}

/* Gives away the first n bytes, or less where a secret begins among them. */
static void
give(struct secret_stream *st, const struct secrets *s, size_t n,
    struct strbuf *out)
{
	struct strbuf *held = &st->held;
	autofree struct secret_span *spans = NULL;
	size_t count = secrets_find(s, held->buf, held->len, true, &spans);
	size_t done = 0;

	for (size_t i = 0; i < count && spans[i].start < n; i++) {
		size_t end = spans[i].start + spans[i].n;

		strbuf_add(out, held->buf + done, spans[i].start - done);
		done = spans[i].start;
		/* It may go on, unless that is most of what is held. */
		if (end > n && done > held->len / 2) {
			n = done;
			break;
		}
		strbuf_adds(out, MASK_TEXT);
		done = end;
	}
	if (done < n) {
		strbuf_add(out, held->buf + done, n - done);
		done = n;
	}
	strbuf_consume(held, done);
}

void
secret_stream_add(struct secret_stream *st, const struct secrets *s,
    const char *p, size_t n, struct strbuf *out)
{
	bool whole = memchr(p, '\n', n);
	size_t end;

	strbuf_add(&st->held, p, n);
	if (!whole && st->held.len <= SECRET_LINE_MAX)
		return;
	end = ready(st, s);
	if (end)
		give(st, s, end, out);
}

void
secret_stream_end(struct secret_stream *st, const struct secrets *s,
    struct strbuf *out)
{
	secrets_hide(s, out, st->held.buf, st->held.len, true);
	strbuf_reset(&st->held);
}

void
secret_stream_release(struct secret_stream *st)
{
	if (st->held.len)
		explicit_bzero(st->held.buf, st->held.len);
	strbuf_release(&st->held);
}
