/* A message of MCP: whatever it is, it is one of the kinds, and an answer to it
   is one line of JSON. */
#include <stdlib.h>
#include <string.h>

#include "adde/mcp_tools.h"
#include "adde/wire.h"
#include "fuzz.h"

static void
check_line(const struct strbuf *line)
{
	autoerr struct err err = ERR_INIT;
	autojson json *j = wire_parse(line->buf, line->len, &err);

	if (!j || memchr(line->buf, '\n', line->len) !=
		      line->buf + line->len - 1)
		abort();
}

static void
check_wrong(const struct mcp_message *m)
{
	autobuf struct strbuf line = STRBUF_INIT;

	if (m->kind != MCP_WRONG)
		return;
	mcp_write_error(&line, m->id, m->code, m->why, m->data);
	check_line(&line);
}

static void
check_call(const struct mcp_message *m)
{
	const json *arguments = mcp_member(m->params, "arguments");
	autobuf struct strbuf line = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;

	if (m->kind != MCP_REQUEST)
		return;
	if (!m->id || !m->method)
		abort();
	for (const struct tool *t = tool_table; t->name; t++)
		if (mcp_tools_check(t, arguments, &err) && !err.msg.len)
			abort();
	mcp_tools_fail(&line, m->id, m->era, err.msg.buf);
	check_line(&line);
	if (!cJSON_IsObject(m->params))
		return;
	strbuf_reset(&line);
	mcp_tools_answer(&line, m->id, m->era, 0, m->params);
	mcp_tools_answer(&line, m->id, m->era, 1, m->params);
}

static void
check(struct mcp_message *m)
{
	check_wrong(m);
	check_call(m);
	if (m->kind == MCP_NOTIFICATION && !m->method)
		abort();
	mcp_message_release(m);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct mcp_message m, of_batch;

	mcp_message_read(&m, (const char *)data, size);
	while (m.kind == MCP_BATCH && cJSON_GetArraySize(m.tree)) {
		mcp_message_take(
		    &of_batch, cJSON_DetachItemFromArray(m.tree, 0));
		check(&of_batch);
	}
	check(&m);
	return 0;
}
