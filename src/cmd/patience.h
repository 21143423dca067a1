/*
 * What is asked in passing, for a prompt or a completion: a person waits only
 * so long for it, and then it is left out.
 */
#ifndef ADDESH_CMD_PATIENCE_H
#define ADDESH_CMD_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

struct env;
struct host;
struct loop_timer;

struct patience {
	struct host *host;
	unsigned before;
	struct loop_timer *timer;
};

/*
 * From now on whatever waits is ended after ms as Ctrl-C would end it, and
 * Ctrl-C itself counts for nothing else: nobody looks at the counter where
 * lines are read.
 */
void patience_begin(struct patience *p, struct host *h, int64_t ms);
/*
 * Whether env can be talked to.  A kept one is held until patience_end(); one
 * that another process has taken meanwhile is taken back.
 */
bool patience_reach(struct patience *p, struct env *env);
void patience_end(struct patience *p);

#endif
