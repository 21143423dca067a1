/* Steps and their logs: what session/steps.c and session/steps_log.c share. */
#ifndef ADDESH_SESSION_STEPS_IMPL_H
#define ADDESH_SESSION_STEPS_IMPL_H

#include "base/secrets.h"
#include "session/named.h"
#include "session/steps.h"

struct steps {
	const char *parent; /* where the directory is made; NULL: named */
	struct named *named;
	char *dir; /* NULL until something was saved */
	int lock;
	unsigned last, last_log;
	unsigned hint; /* of a named session: what it began with */
	/* The newest log that could not be kept on disk; -1: none. */
	int spare;
	unsigned spare_step;
	bool spare_owned; /* no other process can have a step of that number */
	const struct secrets *secrets; /* that are known, or NULL */
};

/* Of addesh itself. */
struct own_text {
	unsigned stream;
	uint64_t us, at;
	struct strbuf text;
};

/* What people were shown of a step: session/steps_shown.c. */
struct step_shown {
	bool known;
	bool program[2]; /* what is in the log of that stream */
	bool cut[2];	 /* there was more */
	size_t bytes;	 /* of own texts */
	struct own_text *own;
	size_t n, cap;
	bool changed; /* since the record was written */
};

struct step {
	struct steps *steps;
	unsigned n;
	char *command;
	struct strbuf input;
	bool has_input, input_cut;
	int64_t began_us, began_wall;
	bool claimed; /* the number is this step's, on disk */
	struct err why; /* it is not kept, or its log is not */
	int fd; /* of the log, -1 before the first record */
	bool in_memory; /* the log */
	off_t whole; /* bytes of the log that are records */
	uint64_t kept[2];
	/* Of each stream: what is not in the log yet, and when it came; what is
	   there; and all of it as it was written, for who began the log. */
	struct secret_stream held[2];
	uint64_t held_us[2], logged[2];
	struct strbuf raw[2];
	bool wants_raw, gap[2];
	struct {
		const void *p;
		size_t n;
		unsigned stream;
		bool whole;
	} last; /* that was logged */
	struct step_shown shown;
	json *record; /* once it has ended */
	json *about;
};

/* DIR/N.SUFFIX; the caller's. */
char *step_path(const struct steps *s, unsigned n, const char *suffix);
/* "stdout" for that and for stdout_b64; NULL: the member of a result is no
   stream. */
const char *step_stream_of(const char *member);
/* What a log has of one stream. */
int step_log_stream(const char *path, bool err_stream, struct strbuf *out,
    struct err *err);
int step_missing(unsigned n, struct err *err); /* ERR_USAGE */
/* The directory is there, and the number is the step's; -1 and st->why. */
int step_place(struct step *st);
/* The number in N.json or N.log, 0 if it is another name. */
unsigned step_file_number(const char *name);
/* After a step of a named session: the oldest beyond its limits go. */
void steps_drop_old(const struct step *st);
/* What is held of both streams goes into the log. */
void step_log_flush(struct step *st, unsigned stream);
/* As a member of the record; NULL: it is not known. */
json *step_shown_json(const struct step *st);
void step_shown_release(struct step_shown *shown);
/* At the end: the descriptor is closed, or kept as the spare one. */
void step_log_close(struct step *st);

#endif
