/* Programs in environments: execute_code_block and get_container_logs. */
#include <string.h>

#include "adde/advice.h"
#include "adde/command.h"
#include "adde/environment.h"
#include "adde/wire.h"
#include "cmd/host.h"
#include "pack/path.h"
#include "sandbox/kept.h"
#include "session/session.h"

#define TIMEOUT_DEFAULT 30
#define TIMEOUT_MAX 1000000000 /* beyond any ceiling */
#define NOT_EXECUTABLE 126

/* ---- logs ---- */

/* Of bytes, the last lines: as many newlines, one at the very end aside. */
static struct strbuf
last_lines(const struct strbuf *text, int64_t lines)
{
	struct strbuf out = STRBUF_INIT;
	const char *p = text->buf + text->len;

	if (lines <= 0)
		p = text->buf;
	while (p > text->buf) {
		if (p[-1] == '\n' && p < text->buf + text->len && !--lines)
			break;
		p--;
	}
	strbuf_add(&out, p, (size_t)(text->buf + text->len - p));
	return out;
}

static void
put_stream(json *log, const char *name, const json *result, int64_t lines)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct strbuf tail;

	wire_take_bytes(result, name, &text);
	tail = last_lines(&text, lines);
	json_put(log, name, wire_string(tail.buf, tail.len));
	strbuf_release(&tail);
}

/* What a result has beside ADDE's four fields, in its order, and as it is. */
static const char *const more_fields[] = {"status", "signal", "timed_out",
    "oom_killed", "cancelled", "environment_lost", "stdout_truncated",
    "stderr_truncated", "stdout_bytes", "stderr_bytes", "duration_ms",
    "memory_peak", "limits", "message", NULL};

/*
 * Where there is nothing to run a file with, ADDE has the status and the words
 * of the engine, on stdout: its clients look nowhere else.
 */
static void
put_missing(json *log, const json *result)
{
	const char *message = json_str(result, "message", "");
	const char *why = strstr(message, ": "); /* behind "exit 127 in" */
	autofree char *text =
	    xasprintf("exec failed: executable file not found in $PATH: %s\r\n",
		why ? why + 2 : message);

	json_put_int(log, "exit_code", NOT_EXECUTABLE);
	json_put(log, "stdout", wire_string(text, strlen(text)));
}

static bool
is_missing(const json *result)
{
	return !strcmp(json_str(json_get(result, "diagnosis"), "kind", ""),
	    "interpreter_missing");
}

static void
put_advice(json *log, const json *result)
{
	json *diagnosis = advice_diagnosis(result);
	autofree char *hint = advice_for_run(result);

	if (diagnosis)
		json_put(log, "diagnosis", diagnosis);
	if (hint)
		json_put(log, "hint", wire_string(hint, strlen(hint)));
}

/* lines: how many of the last; 0: all. */
static void
put_log(struct tool_call *c, const json *result, int64_t lines)
{
	json *log = json_object();

	if (is_missing(result)) {
		put_missing(log, result);
	} else {
		json_put_int(
		    log, "exit_code", json_int(result, "exit_code", 0));
		put_stream(log, "stdout", result, lines);
	}
	put_stream(log, "stderr", result, lines);
	json_put_str(log, "execution_time",
	    json_str(result, "execution_time", "0.00s"));
	for (size_t i = 0; more_fields[i]; i++) {
		const json *value = json_get(result, more_fields[i]);

		if (value && !cJSON_IsNull(value) && !cJSON_IsFalse(value))
			json_put(log, more_fields[i], json_copy(value));
	}
	put_advice(log, result);
	json_put(c->response, "log", log);
}

/* ---- execute_code_block ---- */

/* Below /workspace, whatever the request says; the caller's, NULL with
   c->err. */
static char *
wanted_file(struct tool_call *c)
{
	const char *name = json_str(c->request, "filename", "");
	autofree char *clean = *name ? path_clean(name) : NULL;
	const char *path = clean ? clean + (*clean == '/') : "";

	if (strcmp(path, "-") && *path && path_is_below(path))
		return xstrdup(path);
	err_set(&c->err, ERR_USAGE,
	    str_starts(path, "..") ? "filename: '%s' is outside of " SANDBOX_WORKSPACE
		  : "filename: '%s' is no name of a file",
	    name);
	return NULL;
}

static json *
run_it(struct tool_call *c, const json *record, const char *file)
{
	int64_t seconds = json_int(c->request, "timeout_sec", 0);
	autovec struct strvec words = STRVEC_INIT;
	autobuf struct strbuf code = STRBUF_INIT;

	if (seconds > TIMEOUT_MAX) {
		err_set(&c->err, ERR_USAGE,
		    "timeout_sec: %lld is more than %d",
		    (long long)seconds, TIMEOUT_MAX);
		return NULL;
	}
	wire_bytes(&code, json_str(c->request, "code_content", ""));
	words_add(&words, "run", "--in", json_str(record, "id", ""), NULL);
	strvec_pushf(&words, "--timeout=%llds",
	    (long long)(seconds > 0 ? seconds : TIMEOUT_DEFAULT));
	words_add(&words, "--", file, NULL);
	return command_run(c, &words, &code);
}

/* One that has ended is not in the register any more. */
static void
look_again(struct tool_call *c, const json *record)
{
	const struct runtime *rt = &c->host->session->runtime;

	if (!kept_exists(rt, json_str(record, "id", "")))
		environment_not_found(c);
}

/* What ended before the program did is no result of it; the log has what there
   was until then. */
static int
check_ended(struct tool_call *c, const json *result)
{
	if (json_bool(result, "environment_lost", false))
		return err_set(&c->err, ERR_SANDBOX, "%s",
		    json_str(result, "message", "the environment was lost"));
	if (json_bool(result, "cancelled", false))
		return err_set(&c->err, ERR_INTERRUPTED, "interrupted");
	return 0;
}

int
tool_execute_code_block(struct tool_call *c)
{
	autofree char *file = wanted_file(c);
	autojson json *record = file ? environment_find(c) : NULL;
	autojson json *object = record ? run_it(c, record, file) : NULL;
	const json *result = json_get(object, "result");

	if (!object) {
		if (record)
			look_again(c, record);
		return -1;
	}
	put_log(c, result, 0);
	return check_ended(c, result);
}

/* ---- get_container_logs ---- */

int
tool_get_container_logs(struct tool_call *c)
{
	autojson json *record = environment_find(c);
	autojson json *result = NULL;

	if (!record)
		return -1;
	result = session_last_in(
	    c->host->session, json_str(record, "id", ""));
	if (!json_get(result, "exit_code"))
		return err_set(&c->err, ERR_USAGE,
		    "no previous execution log found (run execute_code_block "
		    "first)");
	put_log(c, result, json_int(c->request, "tail_lines", 0));
	return 0;
}
