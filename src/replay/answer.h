/* What a step of a session file came to, whether it was executed just now or
   is read from a recording. */
#ifndef ADDESH_REPLAY_ANSWER_H
#define ADDESH_REPLAY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/secrets.h"
#include "base/strbuf.h"
#include "replay/status.h"

/* Bytes of one stream that are kept. */
#define ANSWER_MAX (128u << 20)

/* A part of what was shown. */
struct answer_event {
	uint64_t us;  /* since the step began */
	int fd;	      /* 1 or 2 */
	size_t start; /* in that stream */
	size_t n;
};

struct answer {
	struct strbuf stream[3]; /* of fd 1 and 2, as a pipe would get them */
	struct answer_event *events;
	size_t n_events, events_cap;
	struct got_status status;
	uint64_t us;
	bool overdue; /* it was stopped at the limit of the step */
	bool cut;     /* there was more than ANSWER_MAX */
	json *object; /* of its last command (addesh-json(5)), or NULL */
};

void answer_init(struct answer *a);
void answer_release(struct answer *a); /* it is new then */
/* What came on fd 1 or 2 after that time. */
void answer_add(struct answer *a, uint64_t us, int fd, const void *p,
    size_t n);
/* Replaces secrets (base/secrets.h) in the streams and in the object's texts. */
void answer_hide(struct answer *a, const struct secrets *s);
/* What its object says of how the program ended. */
void answer_set_status(struct answer *a, int code);

#endif
