/* The last lines of what a step, a server or a job has written. */
#ifndef ADDESH_CMD_LOG_TAIL_H
#define ADDESH_CMD_LOG_TAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "session/steps.h"

/* A line of a log: complete, or the last of its stream. */
struct line {
	bool err;
	uint64_t us; /* when its last byte came */
	struct strbuf text;
};

/*
 * The last lines of both streams, in the order in which they were ended; a
 * ring, so that a long log takes no more memory than what is asked for.
 */
struct tail {
	struct line *ring;
	size_t max, n, next; /* max 0: all lines, and the ring grows */
	size_t cap;
	struct line open[2]; /* the unfinished line of each stream */
	bool want[2];
	bool cut; /* bytes of the middle were not kept */
};

/* Of streams that are not wanted nothing is kept.  As of steps_read_log(). */
bool tail_add(void *tail, const struct step_record *r);
/* What is there is all: lines without an end are lines, too. */
void tail_finish(struct tail *t);
void tail_release(struct tail *t);

#endif
