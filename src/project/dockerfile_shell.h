/*
 * The commands of a shell script, without running it: split as sh(1) does, with
 * quotes removed, comments left out and variables replaced that the script or
 * the Dockerfile sets.  Commands in $( ), in ` ` and behind `sh -c` and `eval`
 * are among them.  A script is hostile input; nesting and work are bounded.
 */
#ifndef ADDESH_PROJECT_DOCKERFILE_SHELL_H
#define ADDESH_PROJECT_DOCKERFILE_SHELL_H

#include <stddef.h>

#include "base/strvec.h"
#include "project/dockerfile.h"

struct shell_visit {
	/* The instruction whose variables the script knows. */
	const struct dockerfile_instruction *in;
	/* Words of one command, its assignments and redirections among them,
	   and where in the script it begins, in ascending order but for those
	   in a $( ), which come before the one around them. */
	void (*command)(
	    void *arg, const struct strvec *words, size_t offset);
	/* What follows is not seen: scripts in scripts, or variables. */
	void (*too_much)(void *arg, size_t offset);
	void *arg;
	/* Bytes that variables may still be replaced by; shared by scripts. */
	size_t *budget;
};

void shell_commands(const struct shell_visit *v, const char *script);
/* The same for the words of an exec form. */
void shell_words(const struct shell_visit *v, const struct strvec *words);
/* The index of the program's name: behind assignments, sudo, env and such;
   words->n if there is none. */
size_t shell_program(const struct strvec *words);

#endif
