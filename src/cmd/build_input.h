/*
 * What a call of build is given: a directory of this host or a context that was
 * staged, and the Dockerfile, which is the heredoc, that of -f, the context's
 * own, or a template.
 */
#ifndef ADDESH_CMD_BUILD_INPUT_H
#define ADDESH_CMD_BUILD_INPUT_H

#include "cmd/call.h"
#include "project/template.h"
#include "session/build.h"

struct build_input {
	char *root; /* without links; NULL: it is staged */
	const struct staged *staged;
	char *title;  /* of the context: a directory's or its own name */
	char *name;   /* of the Dockerfile, for people */
	char *inside; /* its path in the context; NULL: it is not there */
	struct strbuf text;
	struct template_choice template; /* name NULL: none was needed */
	char *ignore; /* where a staged context has no .dockerignore */
};

#define BUILD_INPUT_INIT                                                       \
	{.text = STRBUF_INIT, .template = TEMPLATE_CHOICE_INIT}
void build_input_release(struct build_input *in);

/* From the operand, -f and the heredoc of c; -1 with c->err. */
int build_input_take(struct build_input *in, struct call *c);
/* Writes the template's text where a Dockerfile is missing. */
int build_input_write(struct build_input *in, struct call *c);
/* The plan borrows from in. */
void build_input_plan(const struct build_input *in, struct build_plan *plan);

#endif
