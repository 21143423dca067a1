/*
 * HTTP to an engine over a unix socket, TCP, TLS or ssh.  The calls wait on the
 * loop.  Connections are kept and used again.
 */
#ifndef ADDESH_ENGINE_HTTP_H
#define ADDESH_ENGINE_HTTP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/loop.h"
#include "engine/endpoint.h"
#include "engine/engine.h"

/* The most that is kept of an answer in memory. */
#define HTTP_BODY_MAX (16u << 20)
/* For first_byte_ms and silence_ms of what may take as long as it likes. */
#define HTTP_PATIENT_MS ((int64_t)365 * 86400 * 1000)

/* Of http_request.source. */
#define HTTP_LATER (-2)

struct http;

struct http *http_new(const struct endpoint *ep,
    const struct engine_settings *settings, struct loop *loop,
    const unsigned *interrupts);
void http_free(struct http *h); /* NULL is fine */
/* Another deadline than that of the settings. */
void http_set_first_byte(struct http *h, int64_t ms);

/* From now on the first interrupt ends no call, and the second does: for what
   is done at the engine anyway, and has to be known then. */
void http_defer(struct http *h);
/* Whether one was deferred; from now on each ends a call again. */
bool http_defer_end(struct http *h);

struct http_request {
	const char *doing; /* for errors: "creating the container" */
	const char *method;
	const char *path;  /* with the query: "/v1.41/info" */
	const char *content_type; /* NULL: application/json */
	const void *body;	  /* borrowed; NULL: none */
	size_t body_len;
	/* Or a body of unknown length that is made while it is sent: as
	   read(2), 0 at its end; -1 with err ends the request; HTTP_LATER if
	   there is nothing yet: it is asked again when the loop has turned.
	   An engine that answers with an error before that is heard. */
	ssize_t (*source)(void *arg, void *p, size_t n, struct err *err);
	void *source_arg;
	const char *registry_auth; /* X-Registry-Auth, or NULL */
	/* Gets a successful answer as it comes; -1 ends the request.  It must
	   not make requests itself.  NULL: the answer goes to http_do()'s
	   body. */
	int (*sink)(void *arg, const void *p, size_t n, struct err *err);
	void *sink_arg;
	int64_t first_byte_ms; /* 0: as the settings say */
	int64_t silence_ms;    /* the longest within the answer; 0: the same */
	int64_t end_ms; /* clock_ms() at which it ends with ERR_TIMEOUT; 0:
			   never */
	struct strvec *headers; /* gets the lines of the answer's head, "NAME:
				   VALUE"; or NULL */
};

/*
 * 0 if the answer is a success (2xx, and 304: it is so already).  The engine's
 * own words are the error of any other status, which is err->code.  body may be
 * NULL.
 */
int http_do(struct http *h, const struct http_request *rq, struct strbuf *body,
    struct err *err);
/* Lets the loop run for ms; -1 if interrupted. */
int http_pause(struct http *h, int64_t ms, const char *doing, struct err *err);

/* The value of "NAME: VALUE" among the lines of a head, borrowed; "" if there is
   none. */
const char *http_header(const struct strvec *headers, const char *name);
/* "Sat, 21 Nov 2026 16:19:21 GMT" (RFC 9110, 5.6.7) in seconds since 1970; -1 if
   it is none. */
int64_t http_date(const char *value);
/* Appends s percent-encoded, except unreserved characters and those in safe. */
void http_add_escaped(struct strbuf *sb, const char *s, const char *safe);
/*
 * Sets the error for an answer of this status: the "message" of a JSON body,
 * or the first line of what else came.  Returns -1.
 */
int http_status_error(struct err *err, const char *doing, int status,
    const char *body, size_t n);

#endif
