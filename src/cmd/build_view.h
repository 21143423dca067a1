/*
 * A build as it is watched: on a terminal the step that runs with the last
 * lines of its output, and a line for each that ended; elsewhere lines alone.
 */
#ifndef ADDESH_CMD_BUILD_VIEW_H
#define ADDESH_CMD_BUILD_VIEW_H

#include "cmd/call.h"
#include "session/build.h"

struct build_view {
	struct call *c;
	const char *title; /* told in place of the steps; NULL: they are */
	struct loop_timer *timer; /* draws while nothing is told */
	/* The step that runs, NULL: none. */
	const struct build_record_step *step;
	size_t total;
	int64_t cleaning_ms; /* since when; 0: it goes on, or succeeded */
};

void build_view_open(struct build_view *v, struct call *c);
void build_view_close(struct build_view *v);
/* What session_build() is to tell; its arg is v. */
struct build_watch build_view_watch(struct build_view *v);

/*
 * Says how it ended: of a failure the whole log of the step, its instruction
 * and line, the reason and a remedy.
 */
void build_view_result(struct build_view *v, const struct build_record *r,
    const char *dockerfile);

#endif
