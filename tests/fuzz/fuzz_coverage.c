/*
 * Files of coverage: the first line is the name of the format.  What was read
 * adds up, and is of the project.
 */
#include <string.h>

#include "pack/path.h"
#include "project/coverage.h"
#include "fuzz.h"

static void
check_file(const struct coverage_file *f)
{
	autobuf struct strbuf missing = STRBUF_INIT;

	require(path_is_below(f->path));
	require(f->covered <= f->total);
	coverage_add_missing(f, 5, &missing);
	require(!missing.len || f->known);
	require(missing.len || !f->known || f->statements ||
		f->covered == f->total);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const struct source_root root = {.dir = "/ws", .module = "m"};
	const char *text;
	size_t n;
	autofree char *format = format_line(data, size, &text, &n);
	autoerr struct err err = ERR_INIT;
	struct coverage c;

	if (!format)
		return 0;
	coverage_init(&c);
	require(
	    !coverage_read(&c, format, text, n, &root, &err) || err.msg.len);
	for (size_t i = 0; i < c.n; i++) {
		check_file(&c.files[i]);
		require(!i || strcmp(c.files[i - 1].path, c.files[i].path) < 0);
	}
	require(coverage_percent(c.covered, c.total) <= 10000);
	coverage_release(&c);
	return 0;
}
