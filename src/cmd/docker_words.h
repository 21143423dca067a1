/*
 * Options that people who come from `docker run` and `docker exec` give by
 * habit and that cannot be here: known, and refused with the reason.
 */
#ifndef ADDESH_CMD_DOCKER_WORDS_H
#define ADDESH_CMD_DOCKER_WORDS_H

#include "cmd/table.h"

#define REFUSED_ROOT                                                           \
	"programs here never get more rights than an ordinary user has"
#define REFUSED_FILES "files go in and out by 'put' and 'get'"

/* What is given to a container and to a program in one. */
#define OPTS_REFUSED                                                           \
	OPT_REFUSED('i', "interactive",                                        \
	    "programs have no terminal:  run --stdin FILE"),                   \
	    OPT_REFUSED(0, "mount", REFUSED_FILES),                            \
	    OPT_REFUSED(0, "privileged", REFUSED_ROOT)

/* What only an environment that is opened can be given. */
#define OPTS_REFUSED_LATER                                                     \
	OPT_REFUSED('v', "volume", REFUSED_FILES ", or 'env new -v'"),         \
	    OPT_REFUSED('p', "publish",                                        \
		"ports are an environment's:  env new -p HOST:CONTAINER")

#endif
