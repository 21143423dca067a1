/* The writer of unified diffs. */
#include "project/text_diff.h"

#include <stdint.h>
#include <string.h>

#include "base/sanitise.h"

#define CONTEXT 3
#define DISTANCE_MAX 2000	   /* lines added and removed, of a way */
#define TEXT_MAX (4u << 20)

struct line {
	const char *p;
	size_t n; /* its newline among them */
	size_t hash;
};

struct side {
	struct line *v;
	size_t n, cap;
	bool *differs; /* that line is in the other one not */
};

struct differ {
	struct side a, b;
};

/* -------- lines -------- */

static size_t
hash_of(const char *p, size_t n)
{
	size_t h = 5381;

	while (n--)
		h = h * 33 + (unsigned char)*p++;
	return h;
}

static void
split(struct side *s, const struct strbuf *text)
{
	const char *p = text->buf, *end = p + text->len, *nl;

	for (; p < end; p = nl) {
		nl = memchr(p, '\n', (size_t)(end - p));
		nl = nl ? nl + 1 : end;
		GROW(s->v, s->n, &s->cap);
		s->v[s->n++] = (struct line){p, (size_t)(nl - p),
		    hash_of(p, (size_t)(nl - p))};
	}
	s->differs = xcalloc(s->n + 1, sizeof(*s->differs));
}

static bool
same(const struct differ *d, size_t i, size_t k)
{
	const struct line *a = &d->a.v[i], *b = &d->b.v[k];

	return a->hash == b->hash && a->n == b->n && !memcmp(a->p, b->p, a->n);
}

/* -------- the shortest way -------- */

/* Lines [a0, a1) and [b0, b1); the farthest points of each number of steps are
   kept, so that the way can be gone back. */
struct way {
	size_t a0, a1, b0, b1;
	int **v;     /* of step d: d + 1 entries for diagonals -d, -d+2, ... */
	int n;	     /* steps kept */
};

static int
farthest(const struct way *w, int d, int k)
{
	return w->v[d][(k + d) / 2];
}

/* The point of step d on diagonal k before the lines that are the same: did it
   come from the diagonal above (a line is added)? */
static bool
comes_down(const struct way *w, int d, int k)
{
	return k == -d || (k != d && farthest(w, d - 1, k - 1) <
					 farthest(w, d - 1, k + 1));
}

static int
step_start(const struct way *w, int d, int k)
{
	if (!d)
		return 0;
	return comes_down(w, d, k) ? farthest(w, d - 1, k + 1)
				   : farthest(w, d - 1, k - 1) + 1;
}

/* One step more; true: it has arrived. */
static bool
step(const struct differ *df, struct way *w, int d)
{
	int na = (int)(w->a1 - w->a0), nb = (int)(w->b1 - w->b0);

	w->v[d] = xcalloc((size_t)d + 1, sizeof(**w->v));
	w->n = d + 1;
	for (int k = -d; k <= d; k += 2) {
		int x = step_start(w, d, k), y = x - k;

		while (x >= 0 && y >= 0 && x < na && y < nb &&
		       same(df, w->a0 + (size_t)x, w->b0 + (size_t)y)) {
			x++;
			y++;
		}
		w->v[d][(k + d) / 2] = x;
		if (k == na - nb && x >= na)
			return true;
	}
	return false;
}

static void
go_back(struct differ *df, const struct way *w)
{
	int k = (int)(w->a1 - w->a0) - (int)(w->b1 - w->b0);

	for (int d = w->n - 1; d > 0; d--) {
		bool down = comes_down(w, d, k);
		int x = step_start(w, d, k), y = x - k;

		if (down)
			df->b.differs[w->b0 + (size_t)y - 1] = true;
		else
			df->a.differs[w->a0 + (size_t)x - 1] = true;
		k += down ? 1 : -1;
	}
}

static void
mark_all(struct differ *d, const struct way *w)
{
	for (size_t i = w->a0; i < w->a1; i++)
		d->a.differs[i] = true;
	for (size_t i = w->b0; i < w->b1; i++)
		d->b.differs[i] = true;
}

static void
compare(struct differ *d)
{
	struct way w = {0, d->a.n, 0, d->b.n, NULL, 0};
	bool arrived = false;

	while (w.a0 < w.a1 && w.b0 < w.b1 && same(d, w.a0, w.b0)) {
		w.a0++;
		w.b0++;
	}
	while (w.a0 < w.a1 && w.b0 < w.b1 && same(d, w.a1 - 1, w.b1 - 1)) {
		w.a1--;
		w.b1--;
	}
	if (w.a0 == w.a1 || w.b0 == w.b1) {
		mark_all(d, &w);
		return;
	}
	w.v = xcalloc(DISTANCE_MAX + 1, sizeof(*w.v));
	for (int i = 0; !arrived && i <= DISTANCE_MAX; i++)
		arrived = step(d, &w, i);
	if (arrived)
		go_back(d, &w);
	else
		mark_all(d, &w);
	for (int i = 0; i < w.n; i++)
		free(w.v[i]);
	free(w.v);
}

/* -------- hunks -------- */

static void
put_line(struct strbuf *out, char sign, const struct line *l)
{
	strbuf_addc(out, sign);
	strbuf_add(out, l->p, l->n);
	if (l->p[l->n - 1] != '\n')
		strbuf_adds(out, "\n\\ No newline at end of file\n");
}

static void
put_range(struct strbuf *out, char sign, size_t begin, size_t n)
{
	strbuf_addf(out, "%c%zu", sign, n ? begin + 1 : begin);
	if (n != 1)
		strbuf_addf(out, ",%zu", n);
}

struct span {
	size_t a0, a1, b0, b1;
};

static void
put_hunk(struct strbuf *out, const struct differ *d, struct span s,
    struct diff_count *count)
{
	strbuf_adds(out, "@@ ");
	put_range(out, '-', s.a0, s.a1 - s.a0);
	strbuf_addc(out, ' ');
	put_range(out, '+', s.b0, s.b1 - s.b0);
	strbuf_adds(out, " @@\n");
	while (s.a0 < s.a1 || s.b0 < s.b1) {
		if (s.a0 < s.a1 && d->a.differs[s.a0]) {
			count->removed++;
			put_line(out, '-', &d->a.v[s.a0++]);
		} else if (s.b0 < s.b1 && d->b.differs[s.b0]) {
			count->added++;
			put_line(out, '+', &d->b.v[s.b0++]);
		} else {
			put_line(out, ' ', &d->a.v[s.a0++]);
			s.b0++;
		}
	}
}

/* Passes lines that are the same, at most so many. */
static size_t
pass_same(const struct differ *d, struct span *s, size_t most)
{
	size_t n = 0;

	while (n < most && s->a1 < d->a.n && !d->a.differs[s->a1] &&
	       s->b1 < d->b.n && !d->b.differs[s->b1]) {
		s->a1++;
		s->b1++;
		n++;
	}
	return n;
}

static void
pass_different(const struct differ *d, struct span *s)
{
	while (s->a1 < d->a.n && d->a.differs[s->a1])
		s->a1++;
	while (s->b1 < d->b.n && d->b.differs[s->b1])
		s->b1++;
}

static bool
at_end(const struct differ *d, const struct span *s)
{
	return s->a1 == d->a.n && s->b1 == d->b.n;
}

static void
put_hunks(struct strbuf *out, const struct differ *d, struct diff_count *count)
{
	struct span s = {0};
	size_t passed, back;

	for (;;) {
		passed = pass_same(d, &s, SIZE_MAX);
		if (at_end(d, &s))
			return;
		back = passed < CONTEXT ? passed : CONTEXT;
		s.a0 = s.a1 - back;
		s.b0 = s.b1 - back;
		do {
			pass_different(d, &s);
			passed = pass_same(d, &s, 2 * CONTEXT);
		} while (passed < 2 * CONTEXT && !at_end(d, &s));
		/* More of the same may follow: three belong to this one. */
		back = passed > CONTEXT ? passed - CONTEXT : 0;
		s.a1 -= back;
		s.b1 -= back;
		put_hunk(out, d, s, count);
	}
}

/* -------- a file -------- */

static bool
needs_quotes(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == '"' || *s == '\\' ||
		    (unsigned char)*s >= 0x7f)
			return true;
	return false;
}

static void
put_name(struct strbuf *out, const char *prefix, const char *name)
{
	if (!needs_quotes(name)) {
		strbuf_addf(out, "%s%s", prefix, name);
		return;
	}
	strbuf_addf(out, "\"%s", prefix);
	for (const char *s = name; *s; s++) {
		if ((unsigned char)*s < ' ' || (unsigned char)*s >= 0x7f)
			strbuf_addf(out, "\\%03o", (unsigned char)*s);
		else
			strbuf_addf(out, *s == '"' || *s == '\\' ? "\\%c" : "%c",
			    *s);
	}
	strbuf_addc(out, '"');
}

/* Behind a name with a blank stands a tab, as GNU patch ends it there. */
static void
put_name_line(struct strbuf *out, const char *mark, const char *prefix,
    const char *name)
{
	strbuf_adds(out, mark);
	put_name(out, prefix, name);
	strbuf_adds(out, strchr(name, ' ') && !needs_quotes(name) ? "\t\n"
								  : "\n");
}

static unsigned
git_mode(const struct file_state *s)
{
	return s->mode & 0100 ? 0100755 : 0100644;
}

static void
put_head(struct strbuf *out, const struct edit *e)
{
	strbuf_adds(out, "diff --git ");
	put_name(out, "a/", e->path);
	strbuf_addc(out, ' ');
	put_name(out, "b/", e->path);
	strbuf_addc(out, '\n');
	if (!e->before.exists)
		strbuf_addf(out, "new file mode %o\n", git_mode(&e->after));
	else if (!e->after.exists)
		strbuf_addf(out, "deleted file mode %o\n",
		    git_mode(&e->before));
	else if (git_mode(&e->before) != git_mode(&e->after))
		strbuf_addf(out, "old mode %o\nnew mode %o\n",
		    git_mode(&e->before), git_mode(&e->after));
}

static bool
is_text(const struct file_state *s)
{
	return s->content.len <= TEXT_MAX &&
	       !memchr(s->content.buf, 0, s->content.len);
}

static void
put_binary(struct strbuf *out, const struct edit *e)
{
	strbuf_adds(out, "Binary files ");
	put_name(out, e->before.exists ? "a/" : "",
	    e->before.exists ? e->path : "/dev/null");
	strbuf_adds(out, " and ");
	put_name(out, e->after.exists ? "b/" : "",
	    e->after.exists ? e->path : "/dev/null");
	strbuf_adds(out, " differ\n");
}

static void
put_text(struct strbuf *out, const struct edit *e, struct diff_count *count)
{
	struct differ d = {{0}, {0}};

	split(&d.a, &e->before.content);
	split(&d.b, &e->after.content);
	compare(&d);
	put_name_line(out, "--- ", e->before.exists ? "a/" : "",
	    e->before.exists ? e->path : "/dev/null");
	put_name_line(out, "+++ ", e->after.exists ? "b/" : "",
	    e->after.exists ? e->path : "/dev/null");
	put_hunks(out, &d, count);
	free(d.a.v);
	free(d.a.differs);
	free(d.b.v);
	free(d.b.differs);
}

void
text_diff(struct strbuf *out, const struct edit *e, struct diff_count *count)
{
	const struct strbuf *a = &e->before.content, *b = &e->after.content;

	*count = (struct diff_count){0};
	put_head(out, e);
	if (a->len == b->len && !memcmp(a->buf, b->buf, a->len))
		return;
	count->binary = !is_text(&e->before) || !is_text(&e->after);
	if (count->binary)
		put_binary(out, e);
	else
		put_text(out, e, count);
}

/* -------- for a terminal -------- */

/* Of a line outside a hunk, and in one. */
static const char *
color_of(const char *p, size_t n, bool in_hunk)
{
	if (n >= 2 && !memcmp(p, "@@", 2))
		return "\033[36m";
	if (!in_hunk)
		return "\033[1m";
	if (n && *p == '+')
		return "\033[32m";
	return n && *p == '-' ? "\033[31m" : "";
}

void
text_diff_show(struct strbuf *out, const char *diff, size_t n, bool color)
{
	const char *end = diff + n, *nl;
	bool in_hunk = false;

	for (; diff < end; diff = nl + (nl < end)) {
		const char *set = "";
		struct sanitiser s = {0};

		nl = memchr(diff, '\n', (size_t)(end - diff));
		nl = nl ? nl : end;
		if (!strncmp(diff, "diff --git ", 11))
			in_hunk = false;
		if (color)
			set = color_of(diff, (size_t)(nl - diff), in_hunk);
		in_hunk |= !strncmp(diff, "@@", 2);
		strbuf_adds(out, set);
		sanitise_add(&s, out, diff, (size_t)(nl - diff));
		sanitise_end(&s, out);
		strbuf_adds(out, *set ? "\033[0m\n" : "\n");
	}
}
