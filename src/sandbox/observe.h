/*
 * What an environment uses, and its processes.  It is looked at without its
 * lock, so while another process runs something in it, too, or this one's jobs
 * run: a restricted sandbox from this host, a container through the runner
 * where that is connected, else by one request to its engine, and what that
 * does not tell (Podman; processes) by a program of ours in it that only looks.
 */
#ifndef ADDESH_SANDBOX_OBSERVE_H
#define ADDESH_SANDBOX_OBSERVE_H

#include "runner/process.h"
#include "sandbox/box.h"

/*
 * Adds NAME=VALUE, with the names of runner/observe.h; one that is not there is
 * not known here.  A kept one on an engine needs box_use_engine() first.
 * err->code is BOX_ENDED if it has ended.
 */
int box_observe(struct box *box, struct strvec *stats, struct err *err);
/*
 * Calls fn for each process, but those that addesh itself has in it; p->uid is
 * the environment's own.  What is in it is hostile.
 */
typedef void box_process_fn(void *arg, const struct process *p);
int box_processes(struct box *box, box_process_fn *fn, void *arg,
    struct err *err);
/* Ends what may be connected for that alone. */
void box_observe_end(struct box *box);

#endif
