/*
 * Which worker carries out which call.  Calls in one environment go one after
 * the other, in the order in which they came, to the worker that has it open;
 * calls in different ones, and those that need none, go side by side.
 */
#ifndef ADDESH_ADDE_MCP_POOL_H
#define ADDESH_ADDE_MCP_POOL_H

#include <stdbool.h>

#include "adde/mcp_message.h"

struct host;
struct mcp_pool;

/* Lines for the client, whole and in order. */
typedef void mcp_line_fn(void *arg, const char *line, size_t n);

struct mcp_pool *mcp_pool_new(struct host *h, mcp_line_fn *line, void *arg);
/* Cancels what is carried out and waits for the workers to end; those that do
   not within a few seconds are killed. */
void mcp_pool_free(struct mcp_pool *p);

/*
 * Takes a call up; id, env (NULL: none) and call (see MCP_CALL) are copied.
 * -1 if too much waits already.
 */
int mcp_pool_call(struct mcp_pool *p, const char *id, enum mcp_era era,
    const char *env, const json *call, struct err *err);
/* Is a call of this id not done yet? */
bool mcp_pool_has(const struct mcp_pool *p, const char *id);
/* Nothing more is said of the call; an unknown id is fine. */
void mcp_pool_cancel(struct mcp_pool *p, const char *id);

/* Gives out what waits, starts and ends workers: after each turn of the loop,
   outside of its callbacks. */
void mcp_pool_turn(struct mcp_pool *p);
/* While the client reads nothing, nothing is read of the workers. */
void mcp_pool_pause(struct mcp_pool *p, bool pause);

#endif
