/*
 * A session file in front of a room: each step is shown, typed and run, and
 * whoever presents it decides by single keys what comes next.
 */
#ifndef ADDESH_PRESENT_PRESENT_H
#define ADDESH_PRESENT_PRESENT_H

struct host;

/* Fills in the presenter's part of host. */
void present_init(struct host *h);

#endif
