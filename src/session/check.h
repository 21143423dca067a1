/*
 * The checks before anything runs: what languages' own parsers in an
 * environment, and the rules of checks.yaml, find in texts.  The texts go to
 * the parsers' standard input: nothing of them is written into the environment,
 * and nothing of them is run.  Settings: checks.* (session/settings.h).
 */
#ifndef ADDESH_SESSION_CHECK_H
#define ADDESH_SESSION_CHECK_H

#include "base/json.h"
#include "project/check.h"
#include "session/session.h"

#define CHECK_TEXT_MAX (16u << 20) /* bytes of one text */

struct check_input {
	const char *name; /* as findings name it */
	const char *text;
	size_t n;
	const char *language; /* its name, or NULL: as `run` would find it */
};

/* What became of one layer. */
struct check_state {
	bool asked;
	bool done;   /* of all texts for which it means something */
	char *trouble; /* why not, or NULL */
};

struct check_outcome {
	struct check_findings findings;
	struct check_state layers[CHECK_LAYERS];
	size_t texts; /* that were looked at */
};

void check_outcome_init(struct check_outcome *o);
void check_outcome_release(struct check_outcome *o);

/* Bits of CHECK_SYNTAX ... for names (--only), or NULL: checks.layers.  0 with
   ERR_USAGE for an unknown one. */
unsigned check_layers(
    const struct policy *p, const struct strvec *names, struct err *err);
/* Is this text anything that checks know? */
bool check_knows(struct session *s, const struct check_input *in);
/* Does any of the texts need an environment for these layers? */
bool check_needs_env(struct session *s, const struct check_input *in, size_t n,
    unsigned layers);

/*
 * Checks n texts.  env may be NULL if none needs one.  directory: they are all
 * of a project, so that what checks.expect names must be among them.  ev gets
 * "compile" while one of our programs is compiled for the environment.  -1: it
 * could not be done; what a parser could not do is a finding ("not-checked").
 */
int session_check(struct session *s, struct env *env,
    const struct check_input *in, size_t n, unsigned layers, bool directory,
    const struct session_events *ev, struct check_outcome *out,
    struct err *err);

/* How many findings are refused, or warned of. */
size_t check_count(const struct check_outcome *o, enum check_action action);
/* "2 denied, 1 warning" */
void check_message(const struct check_outcome *o, struct strbuf *out);
/* One finding of the record. */
json *check_finding_json(const struct check_finding *f);
/* The members passed, message, details, findings and denied of the record:
   addesh-json(5), "check". */
void check_put_json(const struct check_outcome *o, json *record);

#endif
