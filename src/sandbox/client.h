/*
 * The client's side of runner/protocol.h over one stream, in the loop.  The
 * runner's words are hostile input: what is malformed is dropped or ends the
 * connection, never more.
 */
#ifndef ADDESH_SANDBOX_CLIENT_H
#define ADDESH_SANDBOX_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/stream.h"
#include "base/strvec.h"
#include "runner/frame.h"

struct client;
struct request;

/* The configuration that goes with the first HELLO; see protocol.h. */
struct client_config {
	uint64_t uid, gid;
	const char *user;      /* "sandbox", "root", NAME or UID[:GID] */
	const char *isolation; /* "uid" or "pidns" */
	const char *workspace;
	struct strvec places;
	struct strvec base_env;
	struct strvec cgroup_fds; /* ROLE=FD */
	uint64_t lease_ms;
	bool keep;
	uint64_t silence_ms; /* 0: the runner waits for us however long */
	bool fresh; /* the stream began with the runner: see OPENING */
	bool again; /* it is configured already: all but silence_ms is void */
	/* A program beside the runs: see SERVICE.  No argv: none. */
	struct strvec service_argv, service_env;
	const char *service_cwd, *service_user;
	const void *preface; /* for who starts the runner, before all else */
	size_t preface_len;
	const void *seccomp; /* struct sock_filter[] */
	size_t seccomp_len;  /* bytes */
	uint64_t nofile_soft, nofile_hard; /* 0: not set */
	uint64_t nproc;		      /* 0: not set */
};

#define CLIENT_CONFIG_INIT                                                     \
	{.places = STRVEC_INIT, .base_env = STRVEC_INIT,                       \
	    .cgroup_fds = STRVEC_INIT, .service_argv = STRVEC_INIT,            \
	    .service_env = STRVEC_INIT, .user = "sandbox", .isolation = "uid"}
void client_config_release(struct client_config *c);
/* As fields, and how many bytes they take at most. */
void client_config_put(struct field_writer *w, const struct client_config *cfg);
size_t client_config_size(const struct client_config *cfg);
/* A field of this key for each text, and their bytes. */
void client_texts_put(struct field_writer *w, enum proto_key key,
    const struct strvec *sv);
size_t client_texts_size(const struct strvec *sv);

/* What came back in the WELCOME. */
struct welcome {
	uint64_t version;
	uint64_t runner; /* size << 32 | CRC-32C of its file */
	struct strvec limits, notes;
};

/* What a request hears while it is on; any may be NULL. */
struct request_ops {
	void (*out)(void *arg, int fd, const void *p, size_t n, bool tail);
	void (*started)(void *arg);
	void (*event)(void *arg, const char *text);
	void (*entry)(void *arg, struct field_reader *fields);
	void (*data)(void *arg, const void *p, size_t n, bool end);
	/* Called when some of the window came back, or when sending data. */
	void (*credit)(void *arg);
};

/* Takes the stream over. */
struct client *client_new(struct loop *loop, struct stream *stream);
/* To pass descriptors over it between frames; nothing may be unsent. */
int client_fd(const struct client *c);
void client_free(struct client *c); /* closes the stream; NULL is fine */

/*
 * Sends the sync bytes and HELLO, and waits for WELCOME until deadline (of
 * clock_ms()).  Anything else that comes before it and is no zero byte is the
 * reason why the runner could not start, and is in the error.  interrupts as
 * in box_ctx.
 */
int client_hello(struct client *c, const struct client_config *cfg,
    int64_t deadline, const unsigned *interrupts, struct err *err);
/*
 * From now on a zero, which means nothing, follows each frame: an exec on
 * Podman keeps a single byte 0x10 for itself until another one comes.
 */
void client_pad(struct client *c);
/* Asks the runner for a sign of life, unless it takes nothing anyway. */
void client_ping(struct client *c);
/* So often at least it says that it is there; ms is at least 1. */
void client_ping_every(struct client *c, int64_t ms);
const struct welcome *client_welcome(const struct client *c);
/* clock_ms() when the last whole frame came. */
int64_t client_heard_ms(const struct client *c);

/* Set once the stream ended or broke; then every request is over. */
bool client_lost(const struct client *c);
const char *client_lost_why(const struct client *c);
/* Gives it up from our side: every request is over. */
void client_give_up(struct client *c, const char *why);

/*
 * Sends a request of this type with these fields (as written by field_put()).
 * It is the caller's until request_free().  Its callbacks come from the loop.
 */
struct request *client_request(struct client *c, enum proto_type type,
    const void *fields, size_t n, const struct request_ops *ops, void *arg);
uint32_t request_id(const struct request *r);
/* A message about a request (SIGNAL, RESIZE), or PING, QUIT. */
void client_send(struct client *c, enum proto_type type, uint32_t id,
    const void *fields, size_t n);
/* Until it is false what is sent may wait for more, or for the loop to turn:
   each write to an engine is copied by three processes. */
void client_hold(struct client *c, bool hold);
/* How many bytes of payload may be sent in one DATA frame now, 0: wait. */
size_t request_window(const struct request *r);
/* Bytes of frames that were sent and not given back. */
size_t request_in_window(const struct request *r);
/* n at most request_window(). */
void request_data(struct request *r, const void *p, size_t n, bool end);
/* A message ENTRY counts against the window too: false if it does not fit. */
bool request_entry(struct request *r, const void *fields, size_t n);

/* Asks the runner to end it; its end still comes. */
void request_cancel(struct request *r);
bool request_cancelled(const struct request *r);
/* Grows with each ENTRY and DATA that comes, until it is cancelled. */
uint64_t request_progress(const struct request *r);
/* True once VERDICT or FAIL came, or the client was lost. */
bool request_done(const struct request *r);
/* The fields of the VERDICT; false if it failed or the client was lost. */
bool request_verdict(const struct request *r, struct field_reader *fields);
/* -1 with the FAIL's text and errno, or why the client was lost. */
int request_error(const struct request *r, struct err *err);
void request_free(struct request *r);

#endif
