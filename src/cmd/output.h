/*
 * Where results go: the one place that writes to stdout and stderr while
 * commands run.  It knows the form that was asked for (text, JSON, plain),
 * which of the two is a terminal, and the `>` or `|` of the current command.
 */
#ifndef ADDESH_CMD_OUTPUT_H
#define ADDESH_CMD_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/sanitise.h"

struct call;

enum output_mode { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_PLAIN };
enum output_when { OUTPUT_AUTO, OUTPUT_ALWAYS, OUTPUT_NEVER };
enum output_progress {
	PROGRESS_AUTO, /* PROGRESS_TTY or PROGRESS_PLAIN */
	PROGRESS_TTY,  /* a line that is drawn again and again */
	PROGRESS_PLAIN, /* lines, few */
	PROGRESS_JSON,	/* the same as JSON objects */
	PROGRESS_NONE,
};

/* Takes a line that stderr would have got, or the progress of a command. */
typedef void output_listener(void *arg, const char *text);

/*
 * Gets all that people would be shown, fd 1 or 2: as it came, without what a
 * terminal is spared or given, and without progress.  What goes to a file or a
 * command of this host is not shown.
 */
struct output_tap {
	void (*fn)(void *arg, int fd, const void *p, size_t n);
	void *arg;
	bool only; /* nobody else gets it */
};

struct output {
	output_listener *listener; /* NULL: it goes to stderr */
	void *listener_arg;
	struct output_tap tap; /* its fn is NULL: there is none */
	struct output_tap shown; /* the same, and changes nothing else */
	bool fitted; /* what was shown depends on the size of a terminal */
	enum output_mode mode;
	enum output_when pager;
	enum output_progress progress;
	uint64_t row_limit; /* of a table on a terminal; 0: none */
	bool quiet;	 /* -q: no notes */
	bool verbose;	 /* -v: each step of a command has a line */
	bool mute;	 /* the `quiet` prefix: no result, no notes */
	bool accessible; /* for screen readers: no redrawing */
	bool terminal[3]; /* is fd 1, 2 one? */
	bool color[3];
	int body_fd;	 /* 1, or that of `>` and `|`; borrowed */
	const char *body_name; /* for messages */
	struct loop *loop; /* to be turned while a write waits; NULL: none */
	int status_fd;	 /* --status-fd, or -1 */
	int write_errno; /* of the first write to stdout that failed */
	int body_errno;	 /* the same, of body_fd, since output_begin() */
	struct sanitiser program[3]; /* of the program's fd 1 and 2 */
	bool in_line[3]; /* the last line there is not ended */
	/* Progress of the current command. */
	int64_t progress_began, progress_shown;
	bool progress_drawn;
	char *progress_step; /* the last one that had its line */
};

/* By TERM: a terminal that is more than a typewriter. */
bool output_is_smart(void);
/* Finds out about terminals. */
void output_init(struct output *o);
/* OUTPUT_AUTO: as NO_COLOR, CLICOLOR and the terminal say. */
void output_use_color(struct output *o, enum output_when color);

/* Begins a command: the body goes to fd, whose name is for messages. */
void output_begin(struct output *o, int fd, const char *name);
/* Up to its end the program's stderr looks like its stdout. */
void output_same_streams(struct output *o);
/* Ends it: lines left open on a terminal are ended, progress is erased. */
void output_end(struct output *o);

/* The result text of a command, as a whole or in parts. */
void output_body(struct output *o, const void *p, size_t n);
/* Program output, fd 1 or 2; see call_program(). */
void output_program(struct output *o, int fd, const void *p, size_t n);
/* What a command of this host wrote that stands behind `|`, to fd 1 or 2. */
void output_host(struct output *o, int fd, const void *p, size_t n);
/* A line of addesh's own on stderr, newline added. */
void output_line(struct output *o, const char *text);
/* See call_progress(); text is `step` with its numbers, under (may be NULL)
   lines that a terminal shows beneath it. */
void output_progress(struct output *o, const char *step, const char *text,
    const char *under);
/* Lines of our own on the terminal of stderr, in place of those of the last
   time; they must fit into its columns. */
void output_draw(struct output *o, const char *lines);
/* What is drawn on the terminal goes; it is drawn again at the next time. */
void output_erase_progress(struct output *o);
/* Frees what it holds. */
void output_release(struct output *o);

/* Is the body made for a terminal?  One that is tapped is the same on all, and
   goes through no pager. */
bool output_is_terminal(const struct output *o);
/* Columns that a text for people may take: at most 80. */
int output_columns(const struct output *o);
/* Columns and rows of the terminal (COLUMNS and LINES first; 80 x 24). */
void output_size(const struct output *o, int *columns, int *rows);

#endif
