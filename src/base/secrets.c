#include "base/secrets.h"

#include <string.h>

#include "base/encode.h"
#include "base/mask.h"

/* A form in which a value may stand; bytes beside it that tell of it, too. */
struct form {
	char *text;
	size_t n;
	size_t before, behind;
};

struct secrets {
	struct form *v;
	size_t n, cap;
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

void
secrets_free(struct secrets *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		explicit_bzero(s->v[i].text, s->v[i].n);
		free(s->v[i].text);
	}
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

static void
add_form(
    struct secrets *s, const char *text, size_t n, size_t before, size_t behind)
{
	if (is_known(s, text, n))
		return;
	GROW(s->v, s->n, &s->cap);
	s->v[s->n++] = (struct form){xmemdup(text, n), n, before, behind};
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
	add_form(
	    s, text.buf + begin, end - begin, before > 0, (before + n) % 3 > 0);
	explicit_bzero(bytes.buf, bytes.len);
	explicit_bzero(text.buf, text.len);
}

void
secrets_add(struct secrets *s, const char *value, size_t n)
{
	if (n < SECRET_LENGTH_MIN || is_known(s, value, n))
		return;
	add_form(s, value, n, 0, 0);
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
	for (; *env; env++) {
		size_t name = strcspn(*env, "="), count = 0;
		autofree char *probe = xasprintf("%.*s=x", (int)name, *env);

		mask_find(probe, strlen(probe), count_one, &count);
		if (count && (*env)[name])
			secrets_add(
			    s, *env + name + 1, strlen(*env + name + 1));
	}
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
		if (first > text)
			first -= f->before;
		if (last < end)
			last += f->behind;
		add_span(spans, (size_t)(first - text), (size_t)(last - first));
	}
}

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
