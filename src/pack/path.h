/* Paths as text: nothing is looked up. */
#ifndef ADDESH_PACK_PATH_H
#define ADDESH_PACK_PATH_H

#include <stdbool.h>

/* As filepath.Clean of Go: without ".", double slashes, and ".." behind a name;
   "." for what is nothing then.  s is not empty.  The caller's. */
char *path_clean(const char *s);
/* Is it relative, without empty components, "." and ".."?  Then it leads
   nowhere but below the directory that it begins in. */
bool path_is_below(const char *s);

#endif
