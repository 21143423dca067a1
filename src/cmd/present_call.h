/*
 * `present`, between those who take part in it: the command starts a process
 * for the file (cmd/cmd_present.c), which shows its steps to a room
 * (present/present.h), or tries them without one.
 *
 * Its report (cmd/file_process.h) has
 *
 *	{"event":"step",...}	of a rehearsal, see present/rehearse.c
 *	{"event":"end",...}	of all, see present/present.c
 *	{"event":"error",...}	instead of these
 */
#ifndef ADDESH_CMD_PRESENT_CALL_H
#define ADDESH_CMD_PRESENT_CALL_H

#include <stdbool.h>
#include <stdint.h>

struct present_order {
	const char *file;
	const char *notes; /* a terminal or FIFO for the notes, or NULL */
	bool rehearse;	   /* without a room, and without keys */
	bool offline;	   /* from the recording beside the file */
	bool types;	   /* alone, with this pause between two keys */
	uint64_t type_ms;
	uint64_t time_ms; /* what there is for all of it; 0: not said */
	int width;	  /* of the narration */
	int report_fd;
};

#endif
