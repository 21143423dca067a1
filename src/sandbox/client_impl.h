/* What the files of the client share. */
#ifndef ADDESH_SANDBOX_CLIENT_IMPL_H
#define ADDESH_SANDBOX_CLIENT_IMPL_H

#include "sandbox/client.h"

/* Of what a runner says in words at once; a real one needs far less. */
#define CLIENT_TEXT_MAX 4096

struct request {
	struct client *client;
	struct request *next;
	uint32_t id;
	const struct request_ops *ops;
	void *arg;
	size_t in_window; /* bytes of frames not given back yet */
	uint64_t progress;
	unsigned events;
	bool started, cancelled, done;
	uint8_t final; /* PROTO_VERDICT, PROTO_FAIL or 0: lost */
	struct strbuf fields;
};

struct client {
	struct loop *loop;
	struct stream *stream;
	struct loop_fd *watch;
	struct loop_timer *ping, *again;
	struct strbuf out;	/* to be written; out_done of it is */
	size_t out_done;
	struct frame_reader reader;
	struct message_reader messages;
	struct request *requests;
	uint32_t last_id;
	bool welcomed, lost, reading, pad, held;
	uint8_t nonce[PROTO_NONCE_SIZE];
	struct strbuf early;
	struct strbuf why;
	struct strbuf refused; /* what of the HELLO the runner cannot do */
	struct welcome welcome;
	int64_t heard_ms, ping_ms;
	uint8_t input[4 * PROTO_FRAME_MAX];
};

/* Writes what can be written now, and waits for room for the rest. */
void client_flush(struct client *c);
/* The same, unless it is held: see client_hold(). */
void client_push(struct client *c);
/* The text of a field, the caller's, cut where it is too long. */
char *client_text(const struct field *f);

#endif
