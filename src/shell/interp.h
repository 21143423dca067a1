/*
 * Executes programs of the language: from the command line, a script, a pipe
 * or the prompt, all by the same loop.
 */
#ifndef ADDESH_SHELL_INTERP_H
#define ADDESH_SHELL_INTERP_H

#include <stdbool.h>
#include <stddef.h>

struct host;
struct output;
struct signals;
struct source;

struct interp {
	struct host *host;
	struct output *out;
	struct signals *signals; /* for a line editor */
	bool keep_going;   /* -k */
	int failed; /* the first status that was not 0, else 0 */
	/* Of the last command, on that line: a failure unless the next one
	   takes it up (CMD_TAKES_UP). */
	int pending;
	unsigned pending_line;
	bool more; /* the next command is in another source */
	int depth;  /* of `source`; where its results go: */
	int body_fd;
	const char *body_name;
	bool mute;
	bool stop;  /* nothing further is executed */
};

/* Also fills in the shell's part of host. */
void interp_init(struct interp *ip, struct host *host, struct output *out);

/*
 * Executes all of the source.  Unless it is interactive it ends at the first
 * status that is not 0 (keep_going: never).  Returns the status of what was
 * executed last.
 */
int interp_run(struct interp *ip, struct source *src);

/* Executes one command given as words, without the lexer. */
int interp_words(struct interp *ip, char *const *words, size_t n);

/* The status that addesh exits with. */
int interp_status(const struct interp *ip);

#endif
