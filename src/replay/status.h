/*
 * The status that a session file expects of a step: "[2]", "[signal KILL]",
 * "[timeout]", "[oom]", "[*]"; nothing said is 0.
 */
#ifndef ADDESH_REPLAY_STATUS_H
#define ADDESH_REPLAY_STATUS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum want_kind { WANT_CODE, WANT_SIGNAL, WANT_TIMEOUT, WANT_OOM, WANT_ANY };

struct want_status {
	enum want_kind kind;
	int number; /* of the status (0 to 255), or of the signal */
};

/* How a step ended; what does not apply is 0. */
struct got_status {
	int code; /* always */
	int signal;
	bool timed_out, oom;
};

/*
 * Is the line one?  1, 0 if it is something else, -1 if it is meant to be one
 * but there is no such signal (ERR_CONFIG, without a place).
 */
int want_status_parse(
    struct want_status *w, const char *s, size_t n, struct err *err);
/* "[N]" is met by whatever gives that status: [124] also by [timeout]. */
bool want_status_met(const struct want_status *w, const struct got_status *g);
bool want_status_same(const struct want_status *a, const struct want_status *b);
/* As a line of a file, "[0]" included. */
void want_status_add(struct strbuf *sb, const struct want_status *w);
/* What would be written for a step that ended so: the most that is known. */
struct want_status want_status_of(const struct got_status *g);

#endif
