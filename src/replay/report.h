/*
 * What a replay came to, for those who asked: a person, TAP (version 13), JUnit
 * XML, or JSON, an object a line.  Fed with what the processes of the files
 * report:
 *
 *	{"event":"begin","title":T,"steps":N}
 *	{"event":"step","n":N,"line":N,"id":ID,"name":T,"verdict":V,"why":T,
 *	 "text":T,"ms":N}	V: ok, not ok, skip, error, not reached
 *	{"event":"end","status":N,"passed":N,"failed":N,"skipped":N,"why":T}
 */
#ifndef ADDESH_REPLAY_REPORT_H
#define ADDESH_REPLAY_REPORT_H

#include <stdbool.h>

#include "base/json.h"
#include "base/strbuf.h"

enum report_form { REPORT_PEOPLE, REPORT_TAP, REPORT_JSON };

struct report;

/* each: people are told of each step, not only of failures. */
struct report *report_new(enum report_form form, bool each);
void report_free(struct report *r);

/* Appends what is to be printed of an event of this file. */
void report_event(struct report *r, const char *file, const json *event,
    struct strbuf *out);
/* A file that could not be replayed, for that reason. */
void report_error(struct report *r, const char *file, const char *message,
    struct strbuf *out);
/* What stands at the end. */
void report_end(struct report *r, struct strbuf *out);
/* All of it as JUnit XML. */
void report_junit(const struct report *r, struct strbuf *out);
/* 0 all as expected, 1 not, 77 nothing was replayed, 99 something could not
   be. */
int report_status(const struct report *r);
/* {"files":[{"file","status","passed","failed","skipped","steps":[...]}]},
   the caller's. */
json *report_json(const struct report *r);

#endif
