/*
 * Known failures: what the last lines of a program's output say about why it
 * ended, and where in its user's own code.  The patterns are data,
 * share/addesh/diagnosis.yaml.
 */
#ifndef ADDESH_SESSION_DIAGNOSIS_H
#define ADDESH_SESSION_DIAGNOSIS_H

#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "sandbox/volume.h"

/* How the program ended, by which entries are chosen. */
enum diagnosis_end {
	ENDED_ITSELF,
	ENDED_AT_LIMIT, /* what it wrote when it was interrupted counts */
	ENDED_BY_CRASH, /* SIGSEGV and the like */
};

struct diagnosis_input {
	const char *language; /* name; NULL: it may be any */
	const char *image;    /* of the environment, or NULL */
	const char *image_language; /* that its name tells, or NULL */
	bool network;	      /* programs reach one */
	bool restricted;      /* the programs are this host's */
	enum diagnosis_end end;
	uint64_t memory;      /* the environment's limit in bytes; 0: unknown */
	const struct volume *volumes; /* of the environment */
	size_t nvolumes;
	const char *project; /* its directory on this host, or NULL */
	const char *workspace; /* the user's own code is in here, in workdir */
	const char *workdir; /* where programs start, or NULL */
	const char *cwd;     /* or where this one did; or NULL */
	const char *file;    /* that was run, in the workspace; or NULL */
	const struct strbuf *out, *err;
};

/*
 * Sets *found to an object with `kind`, and what else is known, the caller's;
 * NULL if the failure is none that we know.  `message` is the sentence for
 * people, `suggestion` what to type, `file` (relative to the workspace), `line`
 * and `column` (numbers) the place in the user's own code, or only the file
 * that was run; each may be absent.
 */
int diagnosis_find(const struct diagnosis_input *in, json **found,
    struct err *err);

#endif
