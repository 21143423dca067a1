/* Commands that are about jobs in the background. */
#ifndef ADDESH_CMD_JOB_CALL_H
#define ADDESH_CMD_JOB_CALL_H

#include "base/err.h"
#include "sandbox/jobs.h"

/* "3", or "%3" as in other shells; ERR_USAGE for anything else. */
int job_parse(const char *word, unsigned *number, struct err *err);

#endif
