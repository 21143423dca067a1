/*
 * Somebody's expectations against somebody's output: whatever both hold, the
 * comparison ends, an alignment has every line in order and differs only where
 * the whole does, new expectations match, output expects itself, and nothing
 * but text is shown.  The input is a pattern for the mask OWN, the expected
 * lines, and the output, with a byte 0xfe between them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "replay/show.h"
#include "replay/update.h"
#include "fuzz.h"

struct text {
	const char *s;
	size_t n;
};

/* What is up to the next separator, which is taken too. */
static struct text
part(const char **s, const char *end)
{
	const char *stop = memchr(*s, 0xfe, (size_t)(end - *s));
	struct text t = {*s, (size_t)((stop ? stop : end) - *s)};

	*s = stop ? stop + 1 : end;
	return t;
}

static struct expected_text *
lines_of(struct text t, size_t *n)
{
	struct expected_text *v = NULL;
	const char *end = t.s + t.n, *nl;
	size_t cap = 0;

	*n = 0;
	for (const char *s = t.s; s < end; s = nl + 1) {
		nl = memchr(s, '\n', (size_t)(end - s));
		nl = nl ? nl : end;
		GROW(v, *n, &cap);
		v[(*n)++] = (struct expected_text){s, (size_t)(nl - s), 1};
	}
	return v;
}

/* Each line in a row, in order; an expected one again where it may. */
static void
check_order(const struct alignment *al, const struct expectation *x,
    const struct actual *a)
{
	ptrdiff_t i = 0, j = 0;

	for (size_t r = 0; r < al->n; r++) {
		const struct align_row *row = &al->v[r];
		bool again = row->expected >= 0 && row->expected == i - 1 &&
			     row->actual >= 0 &&
			     !expect_line_is_once(&x->v[row->expected]);

		require(row->expected < 0 || row->expected == i || again);
		require(row->actual < 0 || row->actual == j);
		i += row->expected >= 0 && !again;
		j += row->actual >= 0;
	}
	require(i == (ptrdiff_t)x->n && j == (ptrdiff_t)a->n);
}

static void
check_update(const struct alignment *al, struct expectation *x,
    const struct actual *a, const struct masks *m, bool err_stream)
{
	autoerr struct err err = ERR_INIT;
	struct updated u;

	if (update_lines(&u, al, x, a, m, err_stream, NULL, &err))
		require(err.kind == ERR_CONFIG && expectation_exhausted(x));
	updated_release(&u);
}

static void
check_shown(const struct show_stream *st, const struct masks *m, int width)
{
	struct show s = {.file = "f",
	    .line = 1,
	    .command = "x",
	    .got = "1",
	    .wanted = "0",
	    .out = *st,
	    .err = *st,
	    .masks = m,
	    .cut_short = true,
	    .width = width};
	autobuf struct strbuf sb = STRBUF_INIT;

	show_failure(&sb, &s);
	for (size_t i = 0; i < sb.len; i++)
		require((unsigned char)sb.buf[i] >= ' ' || sb.buf[i] == '\n' ||
			sb.buf[i] == '\t');
}

/* Its lines, as they are compared, match it. */
static void
check_itself(const struct actual *a, const struct masks *m)
{
	autofree struct expected_text *v = xcalloc(a->n + 1, sizeof(*v));
	autoerr struct err err = ERR_INIT;
	struct expectation x;

	for (size_t i = 0; i < a->n; i++)
		v[i] = (struct expected_text){a->v[i].text, a->v[i].full, 1};
	if (!expectation_init(&x, v, a->n, m, &err))
		require(expectation_matches(&x, a));
	expectation_release(&x);
}

static void
check(struct text expected, const struct actual *a, const struct masks *m)
{
	autoerr struct err err = ERR_INIT;
	struct expectation x;
	struct alignment al;
	size_t n;
	autofree struct expected_text *v = lines_of(expected, &n);
	bool matches;

	if (expectation_init(&x, v, n, m, &err)) {
		require(err.kind == ERR_CONFIG);
		return;
	}
	matches = expectation_matches(&x, a);
	if (expectation_exhausted(&x))
		matches = false;
	align(&al, &x, a);
	check_order(&al, &x, a);
	if (!expectation_exhausted(&x))
		require(alignment_matches(&al) == matches);
	check_update(&al, &x, a, m, false);
	check_update(&al, &x, a, m, true);
	check_shown(&(struct show_stream){&x, a, &al}, m, (int)n * 7);
	alignment_release(&al);
	expectation_release(&x);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const char *s = (const char *)data, *end = s + size;
	struct text own = part(&s, end), expected = part(&s, end);
	autofree char *pattern = xstrndup(own.s, own.n);
	autobuf struct strbuf masked = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct masks *m = masks_new();
	const char *names[] = {"OWN", "TIME", "ID"};
	struct actual a;

	if (!masks_add(m, "OWN", pattern, &err) && own.n % 2)
		masks_record_only(m, names, 3, &err);
	masks_add_value(m, "TMP", "/tmp/x");
	actual_read(&a, s, (size_t)(end - s));
	check(expected, &a, m);
	check_itself(&a, m);
	mask_line(m, &masked, s, (size_t)(end - s));
	actual_release(&a);
	masks_free(m);
	return 0;
}
