/*
 * Known failures: what the last lines of a program's output say about why it
 * ended.  The patterns are data, share/addesh/diagnosis.yaml.
 */
#ifndef ADDESH_SESSION_DIAGNOSIS_H
#define ADDESH_SESSION_DIAGNOSIS_H

#include "base/err.h"
#include "base/json.h"
#include "sandbox/volume.h"

struct diagnosis_input {
	const char *language; /* name, or NULL */
	const char *image;    /* of the environment, or NULL */
	const char *image_language; /* that its name tells, or NULL */
	bool network;	      /* programs reach one */
	bool restricted;      /* the programs are this host's */
	const struct volume *volumes; /* of the environment */
	size_t nvolumes;
	const char *workdir; /* where programs start, or NULL */
	const struct strbuf *out, *err;
};

/*
 * Sets *found to an object with `kind`, and what else is known, the caller's;
 * NULL if the failure is none that we know.  `message` is the sentence for
 * people, `suggestion` what to type; either may be absent.
 */
int diagnosis_find(const struct diagnosis_input *in, json **found,
    struct err *err);

#endif
