/* Text that is gone through line by line, where it lies. */
#ifndef ADDESH_PROJECT_SLICE_H
#define ADDESH_PROJECT_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *p;
	size_t n;
};

/* The next line, without its end ("\n" or "\r\n"); false: there is none. */
static inline bool
slice_line(struct slice *rest, struct slice *line)
{
	const char *end;

	if (!rest->n)
		return false;
	end = memchr(rest->p, '\n', rest->n);
	line->p = rest->p;
	line->n = end ? (size_t)(end - rest->p) : rest->n;
	rest->p += line->n + !!end;
	rest->n -= line->n + !!end;
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

#endif
