/* Names of a directory's entries, bytewise sorted, in little memory. */
#ifndef ADDESH_PACK_NAMES_H
#define ADDESH_PACK_NAMES_H

#include <stddef.h>

#include "base/strbuf.h"

struct names {
	struct strbuf bytes; /* NUL-terminated names, one behind the other */
	size_t *at;          /* where they begin */
	size_t n, cap;
};

#define NAMES_INIT                   \
	{                            \
		.bytes = STRBUF_INIT \
	}

void names_release(struct names *names);
void names_add(struct names *names, const char *name, size_t len);
/* Adds all but "." and ".." of the directory; fd stays open.  -1 with errno. */
int names_read(struct names *names, int fd);
void names_sort(struct names *names); /* and drops doubles */
const char *names_get(const struct names *names, size_t i);

#endif
