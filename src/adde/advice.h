/*
 * What helps, in the words of the tools.  The hints of commands are commands
 * to be typed (behind a colon and two blanks), which who calls a tool cannot.
 */
#ifndef ADDESH_ADDE_ADVICE_H
#define ADDESH_ADDE_ADVICE_H

#include "base/err.h"
#include "base/json.h"

/* Of a run's result; the caller's, NULL if nothing helps. */
char *advice_for_run(const json *result);
/* Its diagnosis without what is to be typed; the caller's, NULL if none. */
json *advice_diagnosis(const json *result);
/* Adds the lines of a command's hint that are no commands; returns -1. */
int advice_add(struct err *err, const char *hint);

#endif
