/*
 * The tools (adde/tool.h) as MCP shows them: what is listed, what may stand in
 * the arguments of a call, and how its response becomes a result.  Where the
 * response holds a log, the log itself is the structured content.
 */
#ifndef ADDESH_ADDE_MCP_TOOLS_H
#define ADDESH_ADDE_MCP_TOOLS_H

#include "adde/mcp_message.h"
#include "adde/tool.h"

/* The result of tools/list, the caller's. */
json *mcp_tools_list(enum mcp_era era);

/* What a client is told that calls a tool which there is not; the caller's. */
char *mcp_tools_unknown(const char *name);

/* Fails with a member that the tool does not know, or that it lacks: a slip in
   a name would otherwise pass unseen.  Types are checked by tool_run(). */
int mcp_tools_check(const struct tool *t, const json *arguments,
    struct err *err);

/* Appends the line with the result of a call: what tool_run() returned, and
   its response. */
void mcp_tools_answer(struct strbuf *out, const char *id, enum mcp_era era,
    int status, const json *response);
/* That of one that did not come to a response; the model is told why. */
void mcp_tools_fail(struct strbuf *out, const char *id, enum mcp_era era,
    const char *why);

#endif
