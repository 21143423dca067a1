/*
 * Options of a step in a session file: "% KEY: VALUE" lines above its command,
 * and the map of its fence.
 */
#ifndef ADDESH_REPLAY_STEP_OPTIONS_H
#define ADDESH_REPLAY_STEP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "base/yaml.h"
#include "replay/requirement.h"

#define STEP_WAIT_DEFAULT_MS 15000 /* of `% wait: /RE/` alone */
#define STEP_RETRY_DEFAULT_MS 1000 /* between attempts of `% retry: N` */
#define STEP_RETRY_MAX 1000

enum step_stream { STREAM_BOTH, STREAM_STDOUT, STREAM_STDERR };

/* `% capture: NAME=/RE/`: group 1 of RE in stdout becomes $NAME. */
struct step_capture {
	char *name, *re;
};

struct step_options {
	uint64_t timeout_ms; /* its limit; 0: not said */
	uint64_t max_ms;     /* it may not take longer; 0: not said */
	uint64_t min_ms;     /* nor be faster */
	unsigned retry;      /* attempts in all; 0: not said */
	uint64_t retry_every_ms;
	char *wait; /* repeated until stdout matches this, or NULL */
	uint64_t wait_within_ms;
	enum step_stream stream; /* what is compared */
	struct step_capture *captures;
	size_t n_captures, captures_cap;
	struct requirement *skip_if; /* or NULL */
	char *expect_fail; /* it does not match, for this reason; or NULL */
	json *json;        /* a part of the command's JSON object, or NULL */
	bool hide;         /* not shown to a room */
	bool pause;        /* explained before it runs */
	bool has_type;
	uint64_t type_ms; /* between typed keys; 0: at once */
	char *say;        /* what is said before it, or NULL */
	uint32_t given;   /* which keys its own lines had */
};

/* All keys; NULL behind the last. */
const char *step_options_key(size_t i);

void step_options_release(struct step_options *o);
/* What a fence gave, for a step of it; to is new. */
void step_options_inherit(
    struct step_options *to, const struct step_options *from);

/*
 * Reads what follows the "% " of a line: bytes without NUL or newline.  -1:
 * ERR_CONFIG that begins with "NAME:LINE: ".
 */
int step_options_read(struct step_options *o, const char *name, unsigned line,
    unsigned column, const char *s, size_t n, struct err *err);
/*
 * Reads the map of a fence; *id is the caller's, NULL if it has none.  -1:
 * ERR_CONFIG that begins with "NAME:LINE:COLUMN: ".
 */
int step_options_read_map(
    struct step_options *o, char **id, const struct yaml *y, struct err *err);

#endif
