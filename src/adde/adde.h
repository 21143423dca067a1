/*
 * The program `adde`: one tool a process, as ADDE's Python client calls it.  It
 * is addesh under another name; `addesh adde TOOL [JSON]` is the same.
 */
#ifndef ADDESH_ADDE_ADDE_H
#define ADDESH_ADDE_ADDE_H

#include <stdbool.h>

struct host;
struct output;

/* Was the program called by the name adde? */
bool adde_is_name(const char *argv0);

/* Makes of a host, whose session is not open, one that works for an agent. */
void adde_use_agent(struct host *h);

/*
 * argv: adde TOOL [JSON].  Writes the response to stdout, and to stderr what
 * is wrong with the call itself; returns the exit status, 0, 1 or 2.
 */
int adde_main(struct host *h, struct output *o, int argc, char **argv);

#endif
