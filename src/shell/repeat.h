/* `time -n COUNT COMMAND`: a command again and again, and what it cost. */
#ifndef ADDESH_SHELL_REPEAT_H
#define ADDESH_SHELL_REPEAT_H

struct host;
struct output;
struct request;

/*
 * Executes rq count times without showing its results (with --json each has its
 * object), then says in one line the
 * least, the median and the greatest of its time, and in one of the memory of the
 * programs that it ran, if it is known.  The first that fails is the last;
 * returns its status.
 */
int repeat_run(struct host *h, struct output *o, const struct request *rq,
    unsigned count);

#endif
