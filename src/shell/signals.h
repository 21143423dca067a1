/*
 * Signals, blocked and read from a signalfd(2) in the loop: nothing runs in a
 * handler.  Children start with none blocked (cmd/child.c and its like).
 */
#ifndef ADDESH_SHELL_SIGNALS_H
#define ADDESH_SHELL_SIGNALS_H

struct host;
struct loop_fd;
struct output;

struct signals {
	struct host *host;
	struct output *out;
	struct loop_fd *watch;
	int fd;
	/* The line editor while it reads, or NULL: told of every signal. */
	void (*editor)(void *arg, int signo);
	void *arg;
};

/* Blocks INT, TERM, HUP, WINCH and TSTP, ignores PIPE, and watches. */
void signals_init(struct signals *s, struct host *host, struct output *out);
void signals_release(struct signals *s);

#endif
