/* What the files that implement session/policy.h share. */
#ifndef ADDESH_SESSION_POLICY_IMPL_H
#define ADDESH_SESSION_POLICY_IMPL_H

#include "session/policy.h"

struct policy {
	struct value layers[LAYER_COUNT][SET_COUNT];
	struct value max[LAYER_COUNT][SET_COUNT]; /* of files only */
	const struct value *now[SET_COUNT]; /* one of the above */
	struct strvec files;	/* that were read: "the user's file PATH" */
	struct strvec foreign;	/* sections not ours: "NAME (FILE:LINE)" */
	struct strvec warnings;
	bool stranger; /* policy_use_stranger() */
};

/* What policy_inputs.agent means, once the files are read. */
void policy_use_agent(struct policy *p);
/* Finds what counts now, after a layer of it was set. */
void policy_resolve(struct policy *p, enum setting_id id);
/* The value that would count without any ceiling. */
const struct value *policy_wanted(const struct policy *p, enum setting_id id);
/*
 * Everything that a list must allow: the list that counts, then the project's
 * and the ceilings.  NULL at the end.
 */
const struct value *policy_constraint(const struct policy *p,
    enum setting_id id, size_t i);

/* Reads a tree into a layer; what is wrong is added to problems. */
void policy_read(struct policy *p, enum layer layer, const struct yaml *y,
    struct strvec *problems);
/* Adds a warning for each value that somebody set above a ceiling. */
void policy_warn_lowered(struct policy *p);
/* Sets err to the first problem and the others as hints; 0 without any. */
int policy_report(const struct strvec *problems, struct err *err);

#endif
