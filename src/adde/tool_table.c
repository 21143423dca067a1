/* The rows: what a client is told of each tool.  adde(1) describes the same. */
#include "adde/tool.h"

#include <stddef.h>

#define STR(name, what)                                                        \
	"\"" name "\":{\"type\":\"string\",\"description\":\"" what "\"}"
#define INT(name, what)                                                        \
	"\"" name "\":{\"type\":\"integer\",\"description\":\"" what "\"}"
#define NUM(name, what)                                                        \
	"\"" name "\":{\"type\":\"number\",\"description\":\"" what "\"}"
#define STAT(name, what)                                                       \
	"\"" name "\":{\"type\":[\"number\",\"null\"],"                        \
	"\"description\":\"" what "\"}"
#define BOOL(name, what)                                                       \
	"\"" name "\":{\"type\":\"boolean\",\"description\":\"" what "\"}"
#define LIST(name, what)                                                       \
	"\"" name "\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},"    \
	"\"description\":\"" what "\"}"
#define MAP(name, what)                                                        \
	"\"" name "\":{\"type\":\"object\",\"additionalProperties\":"          \
	"{\"type\":\"string\"},\"description\":\"" what "\"}"
#define SCHEMA(properties, required)                                           \
	"{\"type\":\"object\",\"properties\":{" properties                     \
	"},\"required\":[" required "]}"

/* What every response may have. */
#define ERRORS                                                                 \
	STR("error", "what went wrong; absent on success")                     \
	"," STR("hint", "what would help")

#define LOG                                                                    \
	"\"log\":{\"type\":\"object\",\"properties\":{"                        \
	INT("exit_code", "of the program; 124 at the time limit, 128+n by "    \
			 "signal n")                                           \
	"," STR("stdout", "what the program wrote there")                      \
	"," STR("stderr", "what the program wrote there")                      \
	"," STR("execution_time", "seconds, such as 0.07s")                    \
	"," BOOL("timed_out", "it was ended at the time limit")                \
	"," BOOL("oom_killed", "it had no memory left")                        \
	"," BOOL("stdout_truncated", "the middle of stdout was left out")      \
	"," BOOL("stderr_truncated", "the middle of stderr was left out")      \
	"," STR("message", "how it ended, in a sentence")                      \
	"," STR("hint", "what would help")                                     \
	"," "\"diagnosis\":{\"type\":[\"object\",\"null\"],"                   \
	"\"description\":\"why it failed, where that is known\"}"              \
	"},\"required\":[\"exit_code\",\"stdout\",\"stderr\","                 \
	"\"execution_time\"]}"

#define BUILD_ARGS MAP("build_args", "values of the Dockerfile's ARGs")
#define BUILD_TAG                                                              \
	STR("tag", "the image's tag, below agent-env; absent: one with the "   \
		   "time")
#define BUILD_RESULT                                                           \
	SCHEMA(STR("status", "success or error") ","                           \
	    STR("image_id", "the image's id, sha256:...") ","                  \
	    STR("tag", "the name that it has") ","                             \
	    NUM("size_mb", "in units of 1048576 bytes") ","                    \
	    STR("build_log_summary", "the last lines of the failed step, or "  \
				     "of the build") ","                       \
	    STR("failed_layer", "the instruction that failed, with its "       \
				"number") ","                                  \
	    ERRORS, "")

const struct tool tool_table[] = {
    {.name = "pull_image",
	.title = "Pull image",
	.description = "Fetches an image from its registry.",
	.input_schema = SCHEMA(
	    STR("image", "its name, such as python:3.11-slim"), "\"image\""),
	.output_schema = SCHEMA(
	    BOOL("ok", "the image is there now") "," ERRORS, "\"ok\""),
	.idempotent = true,
	.open_world = true,
	.exec = tool_pull_image},
    {.name = "create_runtime_env",
	.title = "Create runtime environment",
	.description =
	    "Opens an isolated environment in which code can be run, with "
	    "512 MiB of memory and half a CPU where the policy does not say "
	    "otherwise, and installs dependencies in it.  It stays, with its "
	    "files, until cleanup_env, or until it has not been used for a "
	    "day.",
	.input_schema = SCHEMA(
	    STR("image", "what it is made of, such as python:3.11-slim") ","
	    LIST("dependencies", "packages for the image's language, such as "
				 "requests==2.31.0") ","
	    MAP("env_vars", "environment variables of what runs in it") ","
	    BOOL("network", "programs reach the network; absent: they do "
			    "not") ","
	    MAP("port_bindings", "port of the environment to port of this "
				 "host, at 127.0.0.1; needs network") ","
	    BOOL("use_image_cmd", "start the image's own command, a server"),
	    "\"image\""),
	.output_schema = SCHEMA(
	    STR("container_id", "names it in the other tools") ","
	    STR("workspace", "the directory of this host that it sees as "
			     "/workspace") ","
	    STR("install_log_summary", "the last lines of an install of "
				       "dependencies that failed") ","
	    ERRORS, ""),
	.open_world = true,
	.exec = tool_create_runtime_env},
    {.name = "execute_code_block",
	.title = "Execute code",
	.description =
	    "Writes a file into /workspace of an environment and runs it with "
	    "what its extension says (.py, .js, .mjs, .ts, .sh and others).  "
	    "The files of earlier calls are there; programs in one "
	    "environment run one after the other.  That the program fails is "
	    "a result and no error: see exit_code, stderr and hint in the "
	    "log.",
	.input_schema = SCHEMA(
	    STR("container_id", "the environment, as create_runtime_env "
				"named it") ","
	    STR("filename", "the file's name below /workspace, such as "
			    "main.py") ","
	    STR("code_content", "the program") ","
	    INT("timeout_sec", "the time limit in seconds; absent: 30"),
	    "\"container_id\",\"filename\",\"code_content\""),
	.output_schema = SCHEMA(LOG "," ERRORS, ""),
	.destructive = true,
	.open_world = true,
	.exec = tool_execute_code_block},
    {.name = "get_container_logs",
	.title = "Get the last log",
	.description = "The log of the last program that execute_code_block "
		       "ran in an environment.",
	.input_schema = SCHEMA(
	    STR("container_id", "the environment, as create_runtime_env "
				"named it") ","
	    INT("tail_lines", "only so many last lines of stdout and of "
			      "stderr; absent: all"),
	    "\"container_id\""),
	.output_schema = SCHEMA(LOG "," ERRORS, ""),
	.read_only = true,
	.idempotent = true,
	.exec = tool_get_container_logs},
    {.name = "get_stats",
	.title = "Get statistics",
	.description =
	    "How much processor time, memory, processes, network and disk an "
	    "environment uses now, measured over half a second; also while "
	    "execute_code_block runs in it.  A number that is not known is "
	    "null, and unknown says why.",
	.input_schema = SCHEMA(
	    STR("container_id", "the environment, as create_runtime_env "
				"named it"), "\"container_id\""),
	.output_schema = SCHEMA(
	    STAT("cpu_percent", "100 is one core that is busy") ","
	    STAT("cpu_limit_percent", "100 is all that is allowed") ","
	    STAT("cpu_limit", "cores that may be used") ","
	    STAT("memory_usage_mb", "memory_bytes in units of 1048576") ","
	    STAT("memory_percent", "of memory_limit") ","
	    STAT("memory_bytes", "without the page cache of files") ","
	    STAT("memory_peak", "the most bytes it was, page cache included") ","
	    STAT("memory_limit", "in bytes") ","
	    STAT("pids", "processes and threads") ","
	    STAT("pids_limit", "how many there may be") ","
	    STAT("network_rx_mb", "received, in units of 1048576 bytes") ","
	    STAT("network_tx_mb", "sent") ","
	    STAT("block_read", "bytes read from disks") ","
	    STAT("block_write", "bytes written to disks") ","
	    INT("interval_ms", "what cpu_percent was measured over") ","
	    MAP("unknown", "name of a number that is null to the reason") ","
	    ERRORS, ""),
	.read_only = true,
	.idempotent = true,
	.beside = true,
	.exec = tool_get_stats},
    {.name = "cleanup_env",
	.title = "Remove environment",
	.description = "Ends and removes an environment with its workspace.",
	.input_schema = SCHEMA(
	    STR("container_id", "the environment, as create_runtime_env "
				"named it"), "\"container_id\""),
	.output_schema =
	    SCHEMA(BOOL("ok", "it is gone") "," ERRORS, "\"ok\""),
	.destructive = true,
	.exec = tool_cleanup_env},
    {.name = "prepare_build_context",
	.title = "Prepare build context",
	.description =
	    "Puts files into a new directory from which an image can be "
	    "built.  A .dockerignore is added, and a Dockerfile where there "
	    "is none but a project file that is known, such as "
	    "requirements.txt or package.json.",
	.input_schema = SCHEMA(MAP("files", "path to content") ","
	    STR("context_id", "not used"), "\"files\""),
	.output_schema = SCHEMA(
	    STR("context_id", "the directory") "," ERRORS, ""),
	.exec = tool_prepare_build_context},
    {.name = "build_image_from_context",
	.title = "Build image from context",
	.description = "Builds an image from what prepare_build_context made.",
	.input_schema = SCHEMA(
	    STR("context_id", "as prepare_build_context named it") ","
	    BUILD_TAG "," BUILD_ARGS, "\"context_id\""),
	.output_schema = BUILD_RESULT,
	.open_world = true,
	.exec = tool_build_image_from_context},
    {.name = "build_image_from_path",
	.title = "Build image from directory",
	.description = "Builds an image from a directory of this host that "
		       "has a Dockerfile.",
	.input_schema = SCHEMA(STR("path", "the directory") ","
	    BUILD_TAG "," BUILD_ARGS, "\"path\""),
	.output_schema = BUILD_RESULT,
	.open_world = true,
	.exec = tool_build_image_from_path},
    {.name = "list_agent_images",
	.title = "List images",
	.description = "The images whose names begin with agent-env:.",
	.input_schema = SCHEMA(
	    STR("filter_tag", "only those whose tag begins so"), ""),
	.output_schema = SCHEMA(
	    "\"images\":{\"type\":\"array\",\"description\":"
	    "\"absent: there are none\",\"items\":" SCHEMA(
		STR("id", "sha256:...") ","
		LIST("tags", "its names") ","
		NUM("size_mb", "in units of 1048576 bytes") ","
		STR("created", "when, as RFC 3339 has it"),
		"\"id\",\"tags\",\"size_mb\"") "}," ERRORS, ""),
	.read_only = true,
	.idempotent = true,
	.exec = tool_list_agent_images},
    {.name = "prune_build_cache",
	.title = "Prune build cache",
	.description = "Removes what the engine keeps to build faster.",
	.input_schema = SCHEMA(
	    INT("older_than_hrs", "only what has not been used for so many "
				  "hours; absent: all"), ""),
	.output_schema = SCHEMA(
	    NUM("space_reclaimed_mb", "in units of 1048576 bytes; absent: "
				      "none") "," ERRORS, ""),
	.destructive = true,
	.idempotent = true,
	.exec = tool_prune_build_cache},
    {.name = "delete_image",
	.title = "Delete image",
	.description = "Removes an image.",
	.input_schema = SCHEMA(STR("image", "its name or id") ","
	    BOOL("force", "even if it has other names or is in use by what "
			  "has ended") ","
	    BOOL("agent_env_only", "only if its name begins with agent-env:"),
	    "\"image\""),
	.output_schema = SCHEMA(BOOL("ok", "it is gone") ","
	    LIST("deleted", "what was untagged and deleted") "," ERRORS,
	    "\"ok\""),
	.destructive = true,
	.exec = tool_delete_image},
    {.name = NULL},
};
