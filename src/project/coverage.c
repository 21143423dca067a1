#include "project/coverage_impl.h"

#include <string.h>

static const struct {
	const char *name;
	int (*read)(struct coverage_reading *cr, const char *text, size_t n);
} formats[] = {
    {"cobertura", coverage_read_cobertura},
    {"coverage-py", coverage_read_coveragepy},
    {"go", coverage_read_go},
    {"istanbul", coverage_read_istanbul},
    {"jacoco", coverage_read_jacoco},
    {"lcov", coverage_read_lcov},
    {"simplecov", coverage_read_simplecov},
};

void
coverage_init(struct coverage *c)
{
	*c = (struct coverage){0};
}

static void
file_release(struct coverage_file *f)
{
	free(f->path);
	free(f->known);
	free(f->hit);
}

void
coverage_release(struct coverage *c)
{
	for (size_t i = 0; i < c->n; i++)
		file_release(&c->files[i]);
	free(c->files);
	free(c->inconsistent);
	coverage_init(c);
}

bool
coverage_has_format(const char *format)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(formats[i].name, format))
			return true;
	return false;
}

struct coverage_file *
coverage_begin(struct coverage_reading *cr, char *path)
{
	struct coverage *c = cr->c;

	c->elsewhere += !path;
	if (c->n >= COVERAGE_FILES_MAX || c->elsewhere > COVERAGE_FILES_MAX) {
		free(path);
		err_set(cr->err, ERR_IO, "coverage of more than %d files",
		    COVERAGE_FILES_MAX);
		return NULL;
	}
	if (!path)
		return NULL;
	GROW(c->files, c->n, &c->cap);
	c->files[c->n] = (struct coverage_file){.path = path};
	return &c->files[c->n++];
}

static bool
bit(const unsigned char *bits, size_t i)
{
	return bits[i / 8] & (1u << i % 8);
}

static void
set_bit(unsigned char *bits, size_t i)
{
	bits[i / 8] |= (unsigned char)(1u << i % 8);
}

static unsigned char *
grown(unsigned char *bits, size_t from, size_t to)
{
	bits = xreallocarray(bits, to / 8, 1);
	memset(bits + from / 8, 0, (to - from) / 8);
	return bits;
}

/* Room for lines up to that; in steps, which double. */
static void
grow_lines(struct coverage *c, struct coverage_file *f, size_t lines)
{
	size_t to = f->lines ? f->lines : 256;

	if (lines <= f->lines)
		return;
	while (to < lines)
		to *= 2;
	c->lines += to - f->lines;
	f->known = grown(f->known, f->lines, to);
	f->hit = grown(f->hit, f->lines, to);
	f->lines = to;
}

void
coverage_line(struct coverage_reading *cr, struct coverage_file *f,
    int64_t line, bool hit)
{
	if (line < 1 || line > COVERAGE_LINE_MAX)
		return;
	if (++cr->marks > COVERAGE_LINES_MAX ||
	    cr->c->lines > COVERAGE_LINES_MAX) {
		err_set(cr->err, ERR_IO, "coverage of more than %d lines",
		    COVERAGE_LINES_MAX);
		return;
	}
	grow_lines(cr->c, f, (size_t)line);
	set_bit(f->known, (size_t)line - 1);
	if (hit)
		set_bit(f->hit, (size_t)line - 1);
}

static void
count_lines(struct coverage_file *f)
{
	if (f->statements || !f->known)
		return;
	f->covered = f->total = 0;
	for (size_t i = 0; i < f->lines / 8; i++) {
		f->total += (uint64_t)__builtin_popcount(f->known[i]);
		f->covered += (uint64_t)__builtin_popcount(f->hit[i]);
	}
}

void
coverage_disagrees(struct coverage *c, const char *fmt, ...)
{
	va_list ap;

	if (c->inconsistent)
		return;
	va_start(ap, fmt);
	c->inconsistent = xvasprintf(fmt, ap);
	va_end(ap);
}

void
coverage_hold(struct coverage_reading *cr, const struct coverage_file *f,
    int64_t covered, int64_t total)
{
	struct coverage_file counted = *f;

	count_lines(&counted);
	if (covered < 0 || total < 0 ||
	    ((uint64_t)covered == counted.covered &&
		(uint64_t)total == counted.total))
		return;
	coverage_disagrees(cr->c,
	    "of %s it claims %lld lines of %lld and has %llu of %llu", f->path,
	    (long long)covered, (long long)total,
	    (unsigned long long)counted.covered,
	    (unsigned long long)counted.total);
}

void
coverage_hold_statements(struct coverage_reading *cr, struct coverage_file *f,
    int64_t covered, int64_t total)
{
	struct coverage_file counted = *f;

	count_lines(&counted);
	if (covered < 0 || total < covered ||
	    (uint64_t)covered > counted.covered ||
	    (uint64_t)(total - covered) != counted.total - counted.covered) {
		coverage_hold(cr, f, covered, total);
		return;
	}
	f->statements = true;
	f->covered = (uint64_t)covered;
	f->total = (uint64_t)total;
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(((const struct coverage_file *)a)->path,
	    ((const struct coverage_file *)b)->path);
}

/* What only has numbers cannot be put together: the best of them stays. */
static void
merge_into(
    struct coverage *c, struct coverage_file *to, struct coverage_file *from)
{
	if (from->known) {
		grow_lines(c, to, from->lines);
		for (size_t i = 0; i < from->lines / 8; i++) {
			to->known[i] |= from->known[i];
			to->hit[i] |= from->hit[i];
		}
		c->lines -= from->lines;
	}
	to->statements = to->statements && from->statements;
	if (from->covered > to->covered || !to->total) {
		to->covered = from->covered;
		to->total = from->total;
	}
	file_release(from);
}

static void
put_together(struct coverage *c)
{
	size_t n = 0;

	if (c->n)
		qsort(c->files, c->n, sizeof(*c->files), by_path);
	for (size_t i = 0; i < c->n; i++) {
		if (n && !strcmp(c->files[n - 1].path, c->files[i].path))
			merge_into(c, &c->files[n - 1], &c->files[i]);
		else
			c->files[n++] = c->files[i];
	}
	c->n = n;
	c->covered = c->total = 0;
	for (size_t i = 0; i < n; i++) {
		count_lines(&c->files[i]);
		c->covered += c->files[i].covered;
		c->total += c->files[i].total;
	}
}

static int
read_as(
    struct coverage_reading *cr, const char *format, const char *text, size_t n)
{
	if (n > COVERAGE_BYTES_MAX)
		return err_set(cr->err, ERR_IO,
		    "a coverage file of more than %u MB",
		    COVERAGE_BYTES_MAX >> 20);
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(formats[i].name, format))
			return formats[i].read(cr, text, n);
	return err_set(
	    cr->err, ERR_CONFIG, "no reader of coverage in '%s'", format);
}

int
coverage_read(struct coverage *c, const char *format, const char *text,
    size_t n, const struct source_root *root, struct err *err)
{
	struct coverage_reading cr = {.c = c, .root = root, .err = err};
	int rc = read_as(&cr, format, text, n);

	put_together(c);
	return rc || err->kind ? -1 : 0;
}

int
coverage_percent(uint64_t covered, uint64_t total)
{
	if (!total)
		return -1;
	/* Lines are no more than fit, numbers are what a stranger says. */
	if (total > UINT64_MAX / 10000)
		return (int)(covered / (total / 10000));
	return (int)(covered * 10000 / total);
}

static bool
is_missing(const struct coverage_file *f, size_t i)
{
	return bit(f->known, i) && !bit(f->hit, i);
}

/* Where a range that begins at i ends: lines that do not count end none. */
static size_t
range_end(const struct coverage_file *f, size_t i)
{
	size_t end = i;

	for (; i < f->lines && !bit(f->hit, i); i++)
		if (bit(f->known, i))
			end = i;
	return end;
}

void
coverage_add_missing(
    const struct coverage_file *f, size_t ranges, struct strbuf *out)
{
	size_t n = 0, end;

	for (size_t i = 0; i < f->lines; i = end + 1) {
		end = i;
		if (!is_missing(f, i))
			continue;
		if (n++ == ranges) {
			strbuf_adds(out, ", ...");
			return;
		}
		end = range_end(f, i);
		strbuf_addf(out, "%s%zu", n > 1 ? ", " : "", i + 1);
		if (end > i)
			strbuf_addf(out, "-%zu", end + 1);
	}
}
