#include "project/coverage.h"

#include <string.h>

void
coverage_init(struct coverage *c)
{
	*c = (struct coverage){0};
}

void
coverage_release(struct coverage *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->files[i].path);
		free(c->files[i].known);
		free(c->files[i].hit);
	}
	free(c->files);
	free(c->inconsistent);
	coverage_init(c);
}

bool
coverage_has_format(const char *format)
{
	return false;
}

int
coverage_read(struct coverage *c, const char *format, const char *text,
    size_t n, const struct source_root *root, struct err *err)
{
	return err_set(
	    err, ERR_CONFIG, "no reader of coverage in '%s'", format);
}

int
coverage_percent(uint64_t covered, uint64_t total)
{
	return total ? (int)((double)covered * 10000 / (double)total) : -1;
}

void
coverage_add_missing(
    const struct coverage_file *f, size_t ranges, struct strbuf *out)
{
}
