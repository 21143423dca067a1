/*
 * `replay`, between those who take part in it: the command starts a process
 * for each file (cmd/cmd_replay.c), which executes its steps (shell/replay.c)
 * and reports them, and shows what they report (replay/report.h).
 */
#ifndef ADDESH_CMD_REPLAY_CALL_H
#define ADDESH_CMD_REPLAY_CALL_H

#include <stdbool.h>

#include "base/err.h"

/* What is not as expected is written into the file. */
enum replay_update { UPDATE_NONE, UPDATE_ASK, UPDATE_ALL };

/* What a person can do there. */
enum break_choice {
	BREAK_QUIT,
	BREAK_DIFF,
	BREAK_RETRY,
	BREAK_ACCEPT,
	BREAK_SKIP,
	BREAK_CONTINUE,
	BREAK_EDIT,
};

struct call;

/* `replay --list`. */
int replay_list(struct call *c);

struct replay_order {
	const char *file;
	const char *only; /* an id, a number, or /RE/; NULL: all steps */
	unsigned line;	  /* only the step at that line; 0: all */
	unsigned from;	  /* number of a step; those before it are not told */
	bool offline;	  /* from the recording beside the file */
	bool keep_going;  /* beyond the first step that is not as expected */
	bool keep;	  /* what was opened stays */
	bool record;	  /* what comes out becomes the recording */
	bool stop;	  /* at what is not as expected, for a person */
	enum replay_update update;
	int width; /* of what is shown of a difference; 0: as wide as it is */
	bool color;
	int report_fd;
};

#endif
