/*
 * The steps of a session, so that output beyond what was shown can still be
 * read.  A step is one executed command; its log holds what a program wrote, in
 * order of arrival.
 *
 * DIR/N.json	the step as a JSON object (see addesh-json(5), "show"), where
 *		null stands for a stream of a run's result: it is in the log
 * DIR/N.log	records: u64 microseconds since the step began, u32 length,
 *		u8 flags (STEP_LOG_*), 3 zero bytes, then the bytes; integers
 *		in host order, as the file never leaves this host
 *
 * Neither holds a secret (base/secrets.h): MASK_TEXT stands for each.  So what
 * a program wrote goes into the log line by line, and of one whose addesh is
 * killed the last line may be missing, if it had no end.
 *
 * DIR/last	of a named session: a recent number
 *
 * Those of a session without a name are on disk for as long as it lives.
 * DIR.lock is locked while the owner lives: a directory whose lock can be had
 * belongs to nobody and is removed by steps_sweep().
 *
 * Those of a named session (session/named.h) stay, and several processes add to
 * them at once.  A number is claimed when the step begins, by link(2), which
 * fails where another process was faster; the record says then who runs it, and
 * is replaced when the step ends.  So there are no gaps, and a step whose
 * process was killed is there and says that it was interrupted.  Of old ones
 * those beyond a limit go (session/steps_limit.c).  Nothing is synced to the
 * disk, which would cost more than a run: after a failure of the power the
 * newest records may be damaged.
 *
 * Where the disk does not take a log it is kept in memory until the next one is
 * not taken either.
 */
#ifndef ADDESH_SESSION_STEPS_H
#define ADDESH_SESSION_STEPS_H

#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "base/strvec.h"

#define STEP_LOG_STDERR 0x01
#define STEP_LOG_TAIL 0x02 /* begins after bytes that were not kept */

struct named;
struct secrets;
struct steps;
struct step;

/* Nothing is written before the first step is saved.  parent is borrowed. */
struct steps *steps_new(const char *parent);
/* Those of a named session, which is borrowed. */
struct steps *steps_shared(struct named *named);
/* Those that are known, borrowed, from now on; without it, and with NULL, only
   the rules of base/mask.h count. */
void steps_use_secrets(struct steps *s, const struct secrets *secrets);
/* Removes the directory, unless they are shared. */
void steps_free(struct steps *s);
/* Removes what dead sessions left below parent; how many, or what there is
   with dry_run.  names may be NULL; else it gets their paths. */
int steps_sweep(const char *parent, bool dry_run, struct strvec *names);
/* Number of the newest step in a directory, and how many there are. */
unsigned steps_scan(const char *dir, unsigned *count);

/* Number of the newest step, whoever made it; 0 if there is none. */
unsigned steps_last(struct steps *s);
/* Number of the newest step with a log, 0 if there is none. */
unsigned steps_last_log(struct steps *s);

/*
 * input is what stood in the command's heredoc, or NULL; its first 256 KiB are
 * kept.  about: what else is to be known of the call, taken, or NULL:
 *
 *	{"cmd":its row's name,"env":name of its environment,
 *	 "vars":[NAME=VALUE of the variables in it]}
 *
 * Each step is ended and closed.
 */
struct step *step_begin(struct steps *s, const char *command,
    const struct strbuf *input, json *about);
/* What cannot be kept has the number that it would have had. */
unsigned step_number(const struct step *st);
/* It has a log from now on, if only an empty one, and step_read() gives what
   was written, with its secrets. */
void step_log_begin(struct step *st);
/*
 * Appends output to the step's log.  At most limit bytes a stream are kept
 * (0: all), and then an empty record with STEP_LOG_TAIL: what the runner cut
 * already fits.  Failing to write is remembered and told by step_end().
 */
void step_log(struct step *st, unsigned flags, const void *p, size_t n,
    uint64_t limit);
/* What was kept of one stream so far. */
void step_read(struct step *st, bool err_stream, struct strbuf *out);
/* How many bytes step_read() would give: of what is written from now on it
   gives those after them. */
size_t step_length(const struct step *st, bool err_stream);
/* Keeps it.  result, and error, why the command failed, which is taken, may be
   NULL.  What it shows is still taken. */
int step_end(struct step *st, int status, const json *result, json *error,
    struct err *err);
/* Keeps what it has shown since, and frees it.  NULL is fine. */
int step_close(struct step *st, struct err *err);

/*
 * What people were shown, for who makes a session file of the step.  The record
 * has it as
 *
 *	"shown":{"log":[OUT,ERR],"cut":[OUT,ERR],
 *		 "own":[[US,"o" or "e",AT,TEXT or {"b64":BASE64}],...]}
 *
 * where the log of a stream was shown as far as so many bytes; 0: none of it.
 * A text of addesh's own stands in front of byte AT of the log; of all of them
 * 256 KiB are kept, and cut says of which stream there was more.  The member is
 * absent where it is not known what people would have been shown.
 */
void step_shows(struct step *st);
/* Shown on fd 1 or 2: what was logged just before, or addesh's own text. */
void step_shown(struct step *st, int fd, const void *p, size_t n);
/* What is shown is made for this terminal alone: it is not known. */
void step_shows_otherwise(struct step *st);

/*
 * The object of a step as in addesh-json(5), or NULL with ERR_USAGE "there is
 * no step @N".  Its state is done, running, interrupted (its process is dead)
 * or damaged (nothing is known but its number).  Of a run's result the streams
 * are null: they are in the log.
 */
json *steps_load(struct steps *s, unsigned n, struct err *err);
/* The same with the streams, which are absent where the log is gone. */
json *steps_load_whole(struct steps *s, unsigned n, struct err *err);

/*
 * Gives a step that has ended another name, in place of what has it, where it
 * stays when the session or its old steps go: PATH for the record, and
 * PATH.INODE for its log.
 */
int steps_link(struct steps *s, unsigned n, const char *path, struct err *err);
void steps_unlink(const char *path);
/* The step's whole `result` there, the caller's; NULL if there is none. */
json *steps_linked_result(const char *path);

struct step_record {
	uint64_t us;	/* since the step began */
	unsigned flags; /* STEP_LOG_* */
	const char *p;	/* valid during the call */
	size_t n;
};
/* Calls fn for each record of a step's log, in order; a step without a log has
   none.  fn returns false to stop. */
int steps_read_log(struct steps *s, unsigned n,
    bool (*fn)(void *arg, const struct step_record *r), void *arg,
    struct err *err);
/* All that was kept of one stream of a step. */
int steps_read_stream(struct steps *s, unsigned n, bool err_stream,
    struct strbuf *out, struct err *err);

#endif
