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
	    OPT_REFUSED('v', "volume", REFUSED_FILES),                         \
	    OPT_REFUSED(0, "mount", REFUSED_FILES),                            \
	    OPT_REFUSED('p', "publish",                                        \
		"an environment's ports stay inside of it"),                   \
	    OPT_REFUSED(0, "privileged", REFUSED_ROOT)

#endif
