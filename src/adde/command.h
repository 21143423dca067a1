/* What the tools are made of: commands of the table. */
#ifndef ADDESH_ADDE_COMMAND_H
#define ADDESH_ADDE_COMMAND_H

#include "adde/tool.h"
#include "base/strvec.h"

/* Appends words; NULL ends them. */
void words_add(struct strvec *words, ...) __attribute__((sentinel));

/*
 * Carries out the command that words are, as if somebody had typed them.
 * Returns its object (man addesh-json), the caller's; NULL with c->err if it
 * failed, which the exit status of a program is not.  What it warns of is added
 * to the response's "warnings", progress goes to c->progress.
 */
json *command_run(struct tool_call *c, const struct strvec *words,
    const struct strbuf *heredoc);
/* The `result` of that object. */
json *command_result(struct tool_call *c, const struct strvec *words,
    const struct strbuf *heredoc);

/* Puts the last 20 lines of text, or if it is empty of what the last command
   logged, into the response; nothing if there are none. */
void command_put_summary(struct tool_call *c, const char *field,
    const struct strbuf *text);

/* The session, which is opened if it is not; NULL with c->err. */
struct session *call_session(struct tool_call *c);

/* Says of an error with which no engine was reached what Docker's client says. */
void command_say_unreachable(struct tool_call *c);

/* Adds to the response's "warnings". */
void command_warn(struct tool_call *c, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

/* A text of the request without blanks around it, "" if it is absent; the
   caller's. */
char *request_trimmed(const struct tool_call *c, const char *name);

/* "ok": as it ends the response of tools that have nothing else to say; returns
   rc. */
int response_ok(struct tool_call *c, int rc);

/* Bytes in ADDE's megabytes, of 2^20. */
json *megabytes(int64_t bytes);

#endif
