/*
 * A program of this host with the terminal: the pager, the editor and what
 * stands behind `|`.  The loop goes on while it runs.
 */
#ifndef ADDESH_CMD_CHILD_H
#define ADDESH_CMD_CHILD_H

#include <sys/types.h>

#include "base/err.h"
#include "base/strvec.h"

struct loop;

/* A command of the user's environment ("less -R") is words, not shell text. */
void child_words(struct strvec *argv, const char *command);
/* Starts argv (found in PATH) with in_fd as its stdin (-1: ours), default
   signals and our other streams; its pid, or -1. */
pid_t child_start(char *const *argv, int in_fd, struct err *err);
/* The same with these as its streams, none of which is the terminal's alone. */
pid_t child_start_with(char *const *argv, const int fd[3], struct err *err);
/* Writes to it, which may take as long as its user likes.  fd is made
   non-blocking; a child that reads no more gets no more. */
void child_feed(struct loop *l, int fd, const char *p, size_t n);
/* Waits for it; its exit status, 128+n by signal n. */
int child_wait(struct loop *l, pid_t pid);

#endif
