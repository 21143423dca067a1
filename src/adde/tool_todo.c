/* Tools that this version does not carry out yet. */
#include "adde/tool.h"

static int
not_yet(struct tool_call *c)
{
	return err_set(&c->err, ERR_USAGE,
	    "this version of addesh has no %s yet", c->tool->name);
}

int
tool_create_runtime_env(struct tool_call *c)
{
	return not_yet(c);
}

int
tool_execute_code_block(struct tool_call *c)
{
	return not_yet(c);
}

int
tool_get_container_logs(struct tool_call *c)
{
	return not_yet(c);
}

int
tool_cleanup_env(struct tool_call *c)
{
	return not_yet(c);
}
