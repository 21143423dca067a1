/*
 * The process in which a session file is carried out: an addesh of its own,
 * with new directories instead of the user's, so that no file, no setting and
 * no variable of his is part of what it shows, and none of it stays.
 */
#ifndef ADDESH_CMD_FILE_PROCESS_H
#define ADDESH_CMD_FILE_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#include "base/err.h"
#include "base/json.h"
#include "base/strvec.h"
#include "sandbox/scratch.h"

struct host;

/* With --keep what was opened stays so long. */
#define FILE_KEEP_MS (60 * 60 * 1000)

/* Who sees what the process writes. */
enum file_audience {
	FILE_NOBODY, /* all is in its report */
	FILE_PERSON, /* it has the terminal, and asks there */
	FILE_ROOM,   /* the same, with the colours and sizes of it */
};

struct file_process {
	pid_t pid; /* 0: not begun, or over */
	int fd;	   /* its report: objects in lines; at its end the process is
		      over */
	struct scratch scratch; /* its directories; there is none at first */
	bool terminal; /* it has ours, whose modes were: */
	struct termios modes;
};

/* ---- for whoever starts it ---- */

/* Appends the program and those of our options that hold for it, too. */
void file_process_words(struct strvec *argv, const struct host *h);
/* argv: those, a command and its words.  After an error, too,
   file_process_release() is due. */
int file_process_start(struct file_process *p, const struct strvec *argv,
    enum file_audience audience, struct err *err);
/* Waits for it, and takes the terminal back, whatever it was left in; its wait
   status. */
int file_process_end(struct file_process *p);
/* Removes its directories, or (keep) leaves them to the sweep, later. */
void file_process_release(struct file_process *p, bool keep);

/* ---- in it ---- */

/* The descriptor of the report; 0: this is no such process; -1: what says that
   it is one is not true. */
int file_process_fd(struct err *err);
/* Goes where the file is, whose name there is returned (of path), and ends when
   whoever started it does.  NULL: that is no directory. */
const char *file_process_enter(int fd, const char *path, struct err *err);
/* Writes one object of the report, and frees it. */
void file_process_report(int fd, json *event);
/* Reports that nothing could be done. */
void file_process_report_error(int fd, const struct err *err);

#endif
