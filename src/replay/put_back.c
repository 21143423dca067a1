/* The placeholders of a line that changed, put into the new one. */
#include <string.h>

#include "replay/match_impl.h"
#include "replay/update.h"

#define PLACES_MAX 64
#define AROUND 8 /* bytes of text that are looked for beside a placeholder */

struct text {
	const char *s;
	size_t n;
};

/* A placeholder of the old line. */
struct place {
	int mask;                        /* or -1: any text */
	struct text name, before, after; /* with its brackets; text up to the
					    next placeholders */
	bool first, last;
};

/* Where it stands in the new one. */
struct found {
	size_t start, end;
};

static int
place_at(const struct masks *m, const char *s, size_t n, size_t *len)
{
	*len = strlen(MATCH_ANY);
	if (n >= *len && !memcmp(s, MATCH_ANY, *len))
		return -1;
	return masks_at(m, s, n, len);
}

/* The placeholders of the text; 0: there are none, or very many. */
static size_t
places_of(struct place *v, const char *s, size_t n, const struct masks *m)
{
	size_t count = 0, text = 0, len;

	for (size_t i = 0; i < n; i++) {
		int mask = s[i] == '[' ? place_at(m, s + i, n - i, &len) : -1;

		if (mask < 0 && (s[i] != '[' || n - i < 4 ||
				    memcmp(s + i, MATCH_ANY, 4) != 0))
			continue;
		if (count == PLACES_MAX)
			return 0;
		v[count] = (struct place){.mask = mask,
		    .name = {s + i, len},
		    .before = {s + text, i - text},
		    .first = !count};
		if (count)
			v[count - 1].after = v[count].before;
		count++;
		text = i + len;
		i = text - 1;
	}
	if (count) {
		v[count - 1].after = (struct text){s + text, n - text};
		v[count - 1].last = true;
	}
	return count;
}

/* Is a part of the text beside a placeholder enough to know it by?  Blanks are
   everywhere. */
static bool
is_telling(const char *s, size_t n, size_t all)
{
	return n == all || strspn(s, " \t") < n;
}

/* Where what follows the placeholder begins, from `at` on; SIZE_MAX: nowhere.
 */
static size_t
find_after(const struct place *p, const char *s, size_t n, size_t at)
{
	size_t most = p->after.n < AROUND ? p->after.n : AROUND;
	const char *found;

	if (!p->after.n)
		return p->last ? n : SIZE_MAX;
	for (size_t len = most; len; len--) {
		found = memmem(s + at, n - at, p->after.s, len);
		if (found && is_telling(p->after.s, len, p->after.n))
			return (size_t)(found - s);
	}
	return SIZE_MAX;
}

/* Does its value begin at start? */
static bool
fits(const struct place *p, const struct masks *m, const char *s, size_t n,
    size_t start, struct found *f)
{
	size_t len;

	f->start = start;
	if (p->mask < 0) {
		f->end = find_after(p, s, n, start);
		return f->end != SIZE_MAX;
	}
	len = masks_value_at(m, p->mask, s, n, start);
	f->end = start + len;
	if (!len)
		return false;
	if (p->after.n)
		return f->end < n && s[f->end] == *p->after.s;
	return !p->last || f->end == n;
}

/* Looks for it from `at` on, by as much as possible of what was before it. */
static bool
find(const struct place *p, const struct masks *m, const char *s, size_t n,
    size_t at, struct found *f)
{
	size_t most = p->before.n < AROUND ? p->before.n : AROUND;
	const char *end = p->before.s + p->before.n, *next;

	if (!p->before.n)
		return fits(p, m, s, n, p->first ? 0 : at, f);
	for (size_t len = most;
	     len && (p->mask >= 0 || is_telling(end - len, len, p->before.n));
	     len--)
		for (const char *c = s + at;
		     (next = memmem(c, n - (size_t)(c - s), end - len, len));
		     c = next + 1)
			if (fits(p, m, s, n, (size_t)(next - s) + len, f))
				return true;
	return false;
}

bool
update_put_back(struct strbuf *out, const struct expect_line *e,
    const struct actual_line *a, const struct masks *m)
{
	struct place places[PLACES_MAX];
	autobuf struct strbuf text = STRBUF_INIT;
	size_t n, at = 0, placed = 0;
	struct found f;

	if (e->kind != EXPECT_PATTERN || a->escaped || a->n > MASK_LINE_MAX)
		return false;
	n = places_of(places, e->text, e->n, m);
	for (size_t i = 0; i < n; i++) {
		if (!find(&places[i], m, a->text, a->n, at, &f))
			continue;
		strbuf_add(&text, a->text + at, f.start - at);
		strbuf_add(&text, places[i].name.s, places[i].name.n);
		at = f.end;
		placed++;
	}
	strbuf_add(&text, a->text + at, a->full - at);
	/* what came out may hold the name of one, too */
	if (!placed || places_of(places, text.buf, text.len, m) != placed)
		return false;
	strbuf_add(out, text.buf, text.len);
	return true;
}
