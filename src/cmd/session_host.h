/* The session behind the commands: what fills in host.h, and what the commands
   of environments and runs share. */
#ifndef ADDESH_CMD_SESSION_HOST_H
#define ADDESH_CMD_SESSION_HOST_H

#include "base/json.h"
#include "cmd/host.h"
#include "sandbox/box.h"

struct call;
struct env;
struct session;

/* Of struct session_events; arg is the call. */
void session_host_event(void *call, const char *phase, const char *text);
/*
 * Tells once in a session, even with -q, that something is not kept: on stderr,
 * or in the answer to the call of an agent, who does not read that.
 */
void session_host_not_kept(struct host *h, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
/* What a session with a name goes on with, one line, or that it is new. */
void session_host_resumed(const struct session *s, struct strbuf *line);
/* True once in a session: nothing was told of key yet. */
bool session_host_first(struct host *h, const char *key);
/* Tells something once in a session, on stderr; key says what it is about.
   Where progress may be drawn, session_host_first() and call_note(). */
void session_host_once(struct host *h, const char *key, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* The name 'python' means 'python:latest', and that is worth saying once. */
void session_host_note_latest(struct call *c, const char *image);
/* A fact of box_describe(), "" if it is not known or box is NULL. */
const char *session_host_fact(const struct box *box, const char *name);
/* What is to be known of a kept one as the member `keep` of j. */
void session_host_put_keep(json *j, const struct env *env);
/* All facts as members of j. */
void session_host_put_facts(json *j, const struct box *box);

#endif
