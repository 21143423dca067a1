/*
 * One step of a session file: its commands are executed as if they stood in a
 * script, and what people would be shown of them is caught.
 */
#ifndef ADDESH_SHELL_PERFORM_H
#define ADDESH_SHELL_PERFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/strbuf.h"

struct interp;

/* A part of what was shown, when it came. */
struct perform_event {
	uint64_t us;  /* since the step began */
	int fd;	      /* 1 or 2 */
	size_t start; /* in that stream */
	size_t n;
};

struct performed {
	struct strbuf stream[3]; /* of fd 1 and 2 */
	struct perform_event *events;
	size_t n_events, events_cap;
	int status;
	int64_t us;
	bool overdue; /* it was stopped at the time limit */
	bool cut;     /* there was more than PERFORM_MAX */
	json *object; /* of its last command (addesh-json(5)), or NULL */
};

/* Bytes of one stream that are kept. */
#define PERFORM_MAX (128u << 20)

void performed_init(struct performed *p);
void performed_release(struct performed *p);

/*
 * Executes text, which is line `line` of a file.  limit_ms: it is interrupted
 * after that time, as by Ctrl-C, and then abandoned; 0: no limit.  shown: on
 * the terminal, too.
 */
void perform(struct interp *ip, const char *text, unsigned line,
    uint64_t limit_ms, bool shown, struct performed *p);

#endif
