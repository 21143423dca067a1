/* Coverage in lines of text: lcov and Go. */
#include "project/coverage_impl.h"

#include <stdio.h>
#include <string.h>

#include "project/slice.h"

/* SF:PATH  DA:LINE,COUNT[,CHECKSUM]  LF:LINES  LH:COVERED  end_of_record;
   other records are of functions and branches. */
struct lcov {
	struct coverage_reading *cr;
	struct coverage_file *file;
	bool seen, open;        /* any record; one that did not end */
	int64_t lines, covered; /* as claimed */
};

static void
lcov_record(struct lcov *l, char *line)
{
	long long number, count;

	if (str_starts(line, "SF:")) {
		l->seen = l->open = true;
		l->lines = l->covered = -1;
		l->file =
		    coverage_begin(l->cr, source_path(l->cr->root, line + 3));
	} else if (!strcmp(line, "end_of_record")) {
		if (l->file)
			coverage_hold(l->cr, l->file, l->covered, l->lines);
		l->file = NULL;
		l->open = false;
	} else if (l->file &&
		   sscanf(line, "DA:%9lld,%18lld", &number, &count) == 2) {
		coverage_line(l->cr, l->file, number, count > 0);
	} else if (sscanf(line, "LF:%9lld", &number) == 1) {
		l->lines = number;
	} else if (sscanf(line, "LH:%9lld", &number) == 1) {
		l->covered = number;
	}
}

int
coverage_read_lcov(struct coverage_reading *cr, const char *text, size_t n)
{
	struct lcov l = {.cr = cr};
	struct slice rest = {text, n}, line;

	if (memchr(text, '\0', n))
		return err_set(cr->err, ERR_IO, "a NUL byte in a tracefile");
	while (slice_line(&rest, &line) && !cr->err->kind) {
		autofree char *copy = xstrndup(line.p, line.n);

		lcov_record(&l, copy);
	}
	if (!l.seen)
		return err_set(cr->err, ERR_IO, "no tracefile of lcov's");
	return l.open && !cr->err->kind
		   ? err_set(cr->err, ERR_IO, "it ends within a record")
		   : 0;
}

/* A block of statements; the same one may stand in it for several packages
   whose tests were run. */
struct block {
	char *path;  /* as it stands there, with the range behind */
	size_t name; /* bytes of the path itself */
	unsigned first, last;
	uint64_t statements;
	bool hit;
};

struct go_profile {
	struct block *v;
	size_t n, cap;
};

/* "PATH:LINE.COLUMN,LINE.COLUMN STATEMENTS COUNT" */
static bool
read_block(struct go_profile *g, char *line)
{
	char *colon = strrchr(line, ':');
	unsigned first, last, column;
	unsigned long long statements, count;
	struct block *b;

	if (!colon ||
	    sscanf(colon, ":%7u.%7u,%7u.%7u %9llu %18llu", &first, &column,
		&last, &column, &statements, &count) != 6 ||
	    !first || last < first || last > COVERAGE_LINE_MAX)
		return false;
	GROW(g->v, g->n, &g->cap);
	b = &g->v[g->n++];
	*b = (struct block){.name = (size_t)(colon - line),
	    .first = first,
	    .last = last,
	    .statements = statements,
	    .hit = count > 0};
	colon[strcspn(colon, " ")] = '\0';
	b->path = xstrdup(line);
	return true;
}

static int
by_range(const void *a, const void *b)
{
	return strcmp(
	    ((const struct block *)a)->path, ((const struct block *)b)->path);
}

static bool
same_file(const struct block *a, const struct block *b)
{
	return a->name == b->name && !memcmp(a->path, b->path, a->name);
}

/* A line that several blocks share was carried out if one of them was. */
static void
add_block(
    struct coverage_reading *cr, struct coverage_file *f, const struct block *b)
{
	f->total += b->statements;
	f->covered += b->hit ? b->statements : 0;
	for (unsigned i = b->first; i <= b->last && !cr->err->kind; i++)
		coverage_line(cr, f, i, b->hit);
}

/* Each range once; the number of those that are left. */
static size_t
merge_blocks(struct block *v, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(v, n, sizeof(*v), by_range);
	for (size_t i = 0; i < n; i++) {
		if (kept && !strcmp(v[kept - 1].path, v[i].path)) {
			v[kept - 1].hit = v[kept - 1].hit || v[i].hit;
			free(v[i].path);
		} else {
			v[kept++] = v[i];
		}
	}
	return kept;
}

/* Files are named by their import path: another module's are elsewhere. */
static char *
go_path(const struct source_root *root, const struct block *b)
{
	autofree char *path = xstrndup(b->path, b->name);
	size_t n = root->module ? strlen(root->module) : 0;

	if (n && *path != '/' &&
	    (strncmp(path, root->module, n) || path[n] != '/'))
		return NULL;
	return source_path(root, path);
}

static void
add_blocks(struct coverage_reading *cr, const struct go_profile *g)
{
	struct coverage_file *f = NULL;

	for (size_t i = 0; i < g->n && !cr->err->kind; i++) {
		const struct block *b = &g->v[i];

		if (!i || !same_file(b, b - 1)) {
			f = coverage_begin(cr, go_path(cr->root, b));
			if (f)
				f->statements = true;
		}
		if (f)
			add_block(cr, f, b);
	}
}

int
coverage_read_go(struct coverage_reading *cr, const char *text, size_t n)
{
	struct go_profile g = {0};
	struct slice rest = {text, n}, line;
	bool seen = n >= 6 && !memcmp(text, "mode: ", 6);
	int rc = seen && !memchr(text, '\0', n)
		     ? 0
		     : err_set(cr->err, ERR_IO, "no profile of Go's");

	while (!rc && slice_line(&rest, &line)) {
		autofree char *copy = xstrndup(line.p, line.n);

		if (*copy && !str_starts(copy, "mode: ") &&
		    !read_block(&g, copy))
			rc = err_set(cr->err, ERR_IO,
			    "no line of a profile: %.100s", copy);
	}
	g.n = merge_blocks(g.v, g.n);
	add_blocks(cr, &g);
	for (size_t i = 0; i < g.n; i++)
		free(g.v[i].path);
	free(g.v);
	return rc;
}
