/* What the files that implement session/project.h share. */
#ifndef ADDESH_SESSION_PROJECT_IMPL_H
#define ADDESH_SESSION_PROJECT_IMPL_H

#include "session/project.h"

struct project *project_new(void);
/* Its own directory, id and lock; -1: what was made goes with the project. */
int project_make_files(struct project *p, const struct runtime *rt,
    struct err *err);

#endif
