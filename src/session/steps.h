/*
 * The steps of a session, on disk for as long as the session lives, so that
 * output beyond what was shown can still be read.  A step is one executed
 * command; its log holds what a program wrote, in order of arrival.
 *
 * DIR.lock is locked with flock(2) while the owner lives: a directory whose
 * lock can be had belongs to nobody and is removed by steps_sweep().
 *
 * DIR/N.json	the step as a JSON object (see addesh-json(5), "show")
 * DIR/N.log	records: u64 microseconds since the step began, u32 length,
 *		u8 flags (STEP_LOG_*), 3 zero bytes, then the bytes; integers
 *		in host order, as the file never leaves this host
 */
#ifndef ADDESH_SESSION_STEPS_H
#define ADDESH_SESSION_STEPS_H

#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "base/strvec.h"

#define STEP_LOG_STDERR 0x01
#define STEP_LOG_TAIL 0x02 /* begins after bytes that were not kept */

struct steps;
struct step;

/* Nothing is written before the first step is saved.  parent is borrowed. */
struct steps *steps_new(const char *parent);
/* Removes the directory. */
void steps_free(struct steps *s);
/* Removes what dead sessions left below parent; how many, or what there is
   with dry_run.  names may be NULL; else it gets their paths. */
int steps_sweep(const char *parent, bool dry_run, struct strvec *names);

/* Number of the newest step, 0 if there is none. */
unsigned steps_last(const struct steps *s);
/* Number of the newest step with a log, 0 if there is none. */
unsigned steps_last_log(const struct steps *s);

/* Secrets in command are not kept (base/mask.h). step_end() frees the step. */
struct step *step_begin(struct steps *s, const char *command);
unsigned step_number(const struct step *st);
/*
 * Appends output to the step's log.  At most limit bytes a stream are kept
 * (0: all), and then an empty record with STEP_LOG_TAIL: what the runner cut
 * already fits.  Failing to write is remembered and told by step_end().
 */
void step_log(struct step *st, unsigned flags, const void *p, size_t n,
    uint64_t limit);
/* What was kept of one stream so far. */
void step_read(struct step *st, bool err_stream, struct strbuf *out);
/* Saves and closes; result (may be NULL) is taken. */
int step_end(struct step *st, int status, json *result, struct err *err);

/* The saved object of a step, or NULL with ERR_USAGE "no step @N". */
json *steps_load(const struct steps *s, unsigned n, struct err *err);

struct step_record {
	uint64_t us;	/* since the step began */
	unsigned flags; /* STEP_LOG_* */
	const char *p;	/* valid during the call */
	size_t n;
};
/* Calls fn for each record of a step's log, in order; a step without a log has
   none.  fn returns false to stop. */
int steps_read_log(const struct steps *s, unsigned n,
    bool (*fn)(void *arg, const struct step_record *r), void *arg,
    struct err *err);
/* All that was kept of one stream of a step. */
int steps_read_stream(const struct steps *s, unsigned n, bool err_stream,
    struct strbuf *out, struct err *err);

#endif
