/* What every fuzz target has; see driver.c. */
#ifndef ADDESH_FUZZ_FUZZ_H
#define ADDESH_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* What must hold whatever the input is. */
static inline void
require(bool right)
{
	if (!right)
		abort();
}

/* An input whose first line is the name of a format, as a string of the
   caller's; NULL: it has no line.  text is set to the n bytes behind it. */
static inline char *
format_line(const unsigned char *data, size_t size, const char **text,
    size_t *n)
{
	const char *all = (const char *)data;
	const char *end = size ? memchr(all, '\n', size) : NULL;

	if (!end)
		return NULL;
	*text = end + 1;
	*n = size - (size_t)(*text - all);
	return strndup(all, (size_t)(end - all));
}

#endif
