/*
 * The tools of ADDE: a request becomes a command of the table, carried out by
 * cmd/dispatch, and its JSON object becomes ADDE's response.  So policy, steps
 * and messages are those of the commands, and a session shows commands that a
 * person can repeat.  adde(1) describes requests and responses.
 */
#ifndef ADDESH_ADDE_TOOL_H
#define ADDESH_ADDE_TOOL_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"

struct host;
struct output;
struct tool_call;

struct tool {
	const char *name, *title, *description;
	/* JSON Schemas (2020-12), as text.  A request is checked against its
	   own: the schema is the only list of a tool's fields. */
	const char *input_schema, *output_schema;
	/* MCP's hints. */
	bool read_only, destructive, idempotent, open_world;
	bool beside; /* it need not wait for what uses the environment */
	/* 0, or -1 with call->err set; what it put into the response stays. */
	int (*exec)(struct tool_call *call);
};

/* All tools; ends with name NULL. */
extern const struct tool tool_table[];

/* NULL if there is none. */
const struct tool *tool_find(const char *name);

/* A request with its fields under their own names and of their types, the
   caller's; NULL with ERR_USAGE.  tool_run() does this itself. */
json *tool_request(const struct tool *t, const json *given, struct err *err);

/* Called while a tool is carried out; message is borrowed. */
typedef void tool_progress_fn(void *arg, const char *message);

/*
 * Carries out t.  request: an object or null, whose fields are found as Go's
 * encoding/json finds them: without regard to case, the last of several, null
 * as absent, unknown ones ignored.  Returns ADDE's exit status, 0 or 1 (1: the
 * response has "error"), and *response, an object, the caller's; or -1 with
 * ERR_USAGE if the request has a wrong type, and no response.
 */
int tool_run(const struct tool *t, struct host *h, struct output *o,
    const json *request, tool_progress_fn *progress, void *arg,
    json **response, struct err *err);

/* ---- for the tools themselves ---- */

struct tool_call {
	const struct tool *tool;
	struct host *host;
	struct output *out;
	const json *request; /* checked, each field at most once */
	json *response;
	unsigned step; /* of the command that was carried out last; 0: none */
	tool_progress_fn *progress; /* or NULL */
	void *arg;
	struct err err;
};

int tool_pull_image(struct tool_call *c);
int tool_create_runtime_env(struct tool_call *c);
int tool_execute_code_block(struct tool_call *c);
int tool_get_container_logs(struct tool_call *c);
int tool_get_stats(struct tool_call *c);
int tool_cleanup_env(struct tool_call *c);
int tool_prepare_build_context(struct tool_call *c);
int tool_build_image_from_context(struct tool_call *c);
int tool_build_image_from_path(struct tool_call *c);
int tool_list_agent_images(struct tool_call *c);
int tool_prune_build_cache(struct tool_call *c);
int tool_delete_image(struct tool_call *c);

#endif
