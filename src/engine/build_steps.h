/* The steps of a build so far, and telling them to who watches it. */
#ifndef ADDESH_ENGINE_BUILD_STEPS_H
#define ADDESH_ENGINE_BUILD_STEPS_H

#include "engine/build.h"

/* Nobody writes a Dockerfile of more steps; what comes after is not told. */
#define BUILD_STEPS_MAX 4096
/* The instruction of a step, or its error, is cut after so many bytes. */
#define BUILD_TEXT_MAX 65536

struct step {
	struct build_step told; /* strings are those below */
	char *stage, *text, *error;
	char *key; /* the builder's own name of it */
	/* Of builders that write text, see build_text.h: */
	bool cached;
	char container[65]; /* that it ran in, or "" */
	char image[65];	    /* that it ended with, or "" */
	bool made;	    /* image is of this build, not of before */
	size_t doubtful;    /* where it begins in what is doubtful */
};

struct steps {
	const struct build_events *ev;
	struct step **v; /* in the order of their ids */
	size_t n, cap;
};

void steps_release(struct steps *s);
/* NULL if there is none. */
struct step *steps_find(const struct steps *s, const char *key);
/* A new one, WAITING and not yet told; NULL if there are too many. */
struct step *steps_add(struct steps *s, const char *key);
void steps_name(struct step *st, const char *stage, unsigned n,
    unsigned total, const char *text);
void steps_tell(struct steps *s, struct step *st);

/* Change it, and tell it if it changed. */
void steps_begin(struct steps *s, struct step *st);
void steps_end(struct steps *s, struct step *st, enum build_state state);
void steps_fail(struct steps *s, struct step *st, const char *error,
    int exit_code);
void steps_withdraw(struct steps *s, struct step *st);
/* Whatever still runs has been stopped. */
void steps_stop(struct steps *s);

/* st may be NULL. */
void steps_log(struct steps *s, const struct step *st, int fd, const void *p,
    size_t n);
/* The number behind the last mark ("exit code: ") in what a builder says; 0 if
   there is none. */
int steps_exit_code(const char *text, const char *mark);

#endif
