/* A person at the prompt, in the session that the steps of a file have made. */
#ifndef ADDESH_SHELL_TAKEOVER_H
#define ADDESH_SHELL_TAKEOVER_H

struct interp;

/*
 * Commands are read and executed until the person ends it, with Ctrl-D or with
 * this key ("^T", or NULL), by `quit`, or by one that sets ip->stop.  What they
 * come to is nothing to the steps.  The terminal is open.
 */
void takeover(struct interp *ip, const char *key);

#endif
