/* Output in the form in which it is compared: see match.h. */
#include "replay/match.h"

#include <string.h>

#include "base/sanitise.h"
#include "replay/match_impl.h"

uint64_t
match_hash(const char *s, size_t n)
{
	uint64_t h = 0x9e3779b97f4a7c15u ^ n, word;

	for (; n >= sizeof(word); n -= sizeof(word), s += sizeof(word)) {
		memcpy(&word, s, sizeof(word));
		h = (h ^ word) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	word = 0;
	if (n)
		memcpy(&word, s, n);
	h = (h ^ word) * 0xc4ceb9fe1a85ec53u;
	return h ^ h >> 29;
}

/* Most lines are in their normal form already. */
static bool
is_plain(const char *s, size_t n)
{
	size_t len;

	for (size_t i = 0; i < n; i += len) {
		len = s[i] >= ' ' && s[i] < 0x7f ? 1
						 : sanitise_plain(s + i, n - i);
		if (!len)
			return false;
	}
	return true;
}

/* Is anything left, without colours, that has to be escaped? */
static bool
needs_escapes(const char *s, size_t n)
{
	size_t len;

	for (size_t i = 0; i < n; i += len) {
		len = sanitise_plain(s + i, n - i);
		if (!len)
			len = sanitise_style(s + i, n - i);
		if (!len)
			return true;
	}
	return false;
}

void
match_add_normal(struct strbuf *out, const char *s, size_t n, bool escapes)
{
	size_t len;

	for (size_t i = 0; i < n; i += len) {
		len = sanitise_plain(s + i, n - i);
		if (len && escapes && s[i] == '\\')
			strbuf_adds(out, "\\\\");
		else if (len)
			strbuf_add(out, s + i, len);
		if (len)
			continue;
		len = sanitise_style(s + i, n - i);
		if (!len) {
			strbuf_addf(out, "\\x%02x", (unsigned char)s[i]);
			len = 1;
		}
	}
}

/* Gives l a text of its own. */
static void
normalise(struct actual_line *l, const char *s, size_t n, bool plain)
{
	struct strbuf own = STRBUF_INIT;

	l->escaped = !plain && needs_escapes(s, n);
	match_add_normal(&own, s, n, l->escaped);
	if (l->escaped)
		strbuf_adds(&own, MATCH_ESC);
	l->n = own.len;
	if (l->no_eol)
		strbuf_adds(&own, MATCH_NO_EOL);
	l->full = own.len;
	l->text = l->own = strbuf_detach(&own);
}

static void
add_line(struct actual *a, const char *s, size_t n, bool no_eol)
{
	struct actual_line *l;
	size_t end = n && s[n - 1] == '\r' && !no_eol ? n - 1 : n;
	bool plain = is_plain(s, end);

	GROW(a->v, a->n, &a->cap);
	l = &a->v[a->n++];
	*l = (struct actual_line){.text = s,
	    .raw = s,
	    .n = end,
	    .full = end,
	    .n_raw = n,
	    .no_eol = no_eol};
	if (!plain || no_eol)
		normalise(l, s, end, plain);
	l->hash = match_hash(l->text, l->full);
}

/* What is left is said to be, and matches nothing. */
static void
add_rest(struct actual *a, const char *s, size_t n)
{
	struct actual_line *l;
	char *text = xasprintf("(%zu bytes more)", n);

	GROW(a->v, a->n, &a->cap);
	l = &a->v[a->n++];
	*l = (struct actual_line){.text = text, .own = text, .raw = s,
	    .n = strlen(text), .full = strlen(text), .n_raw = n, .rest = true};
}

void
actual_read(struct actual *a, const char *output, size_t n)
{
	const char *end = output + n, *nl;

	*a = (struct actual){0};
	while (output < end && a->n + 1 < MATCH_LINES_MAX) {
		nl = memchr(output, '\n', (size_t)(end - output));
		add_line(a, output, (size_t)((nl ? nl : end) - output), !nl);
		output = nl ? nl + 1 : end;
	}
	if (output < end)
		add_rest(a, output, (size_t)(end - output));
}

void
actual_release(struct actual *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i].own);
	free(a->v);
	*a = (struct actual){0};
}
