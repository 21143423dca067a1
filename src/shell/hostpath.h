/* Candidates for paths of this host. */
#ifndef ADDESH_SHELL_HOSTPATH_H
#define ADDESH_SHELL_HOSTPATH_H

#include <stdbool.h>

#include "base/strbuf.h"
#include "base/strvec.h"

/* Adds the paths that begin with prefix, directories with a slash.  Hidden
   ones only if prefix begins so; names with a newline never. */
void hostpath_complete(const char *prefix, bool only_dirs, struct strvec *out);

#endif
