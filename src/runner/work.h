/*
 * The helper's own side: one forked process for one request, with the rights
 * of a run.  It may block; its parent keeps the time.
 */
#ifndef ADDESH_RUNNER_WORK_H
#define ADDESH_RUNNER_WORK_H

#include "runner.h"
#include "swap.h"

#define NAME_SIZE 256 /* NAME_MAX and its end */

struct work {
	const struct runner *rn;
	const struct request *r;
	const char *path;	/* of the request */
	struct frame_reader reader;
	struct message_reader messages;
	uint64_t consumed;	/* frames, with headers, not yet credited */
	/* Called when the client has gone before its last frame; or NULL. */
	void (*left)(struct work *w);
	void *arg;		/* whose it is */
};

/* An ENTRY of the client; path is NULL if it has no right one. */
struct work_entry {
	char *path;   /* relative; "" is the request's */
	char *target; /* of a link, or NULL */
	uint64_t type, mode, mtime, was_size, was_crc;
	bool has_mtime, has_was;
};

/* Replaces what *e had. */
void work_entry_read(struct work_entry *e, const struct message *m);
/* Of a file that is made: see PUT. */
mode_t work_mode(const struct work *w, uint64_t mode);

/* Sends a message of the fields. */
void work_send(struct work *w, uint8_t type, const struct field_writer *f);
/* Sends n bytes of content, at most PROTO_PAYLOAD_MAX. */
void work_send_data(struct work *w, const void *data, size_t n, bool end);
/* Tells the parent that something goes on. */
void work_alive(void);
/* Ends the request: FAIL with errno or error, and the path it is about. */
void work_fail(struct work *w, int error, const char *text, const char *path)
    __attribute__((noreturn));
/* Ends the request: VERDICT with these fields. */
void work_verdict(struct work *w, const struct field_writer *f)
    __attribute__((noreturn));
/* The next frame of the client; ends the process if there is none. */
void work_next_frame(struct work *w, struct frame *f);

/*
 * Opens the directory that holds the last component of path, and copies that
 * to name.  No component may be ".." or a link, but that an absolute path may
 * lead over links of root's where code is not root.  Missing directories are
 * made if make is set.  Returns a descriptor (O_PATH), or -1 with errno.
 */
int path_open_parent(int at, const char *path, bool make, char *name);
/* Opens a directory below at, "" for itself; the same rules. */
int path_open_dir(int at, const char *path, bool make);
/* Makes the directories that BASE_ENV names below places. */
int path_make_base(const struct config *c);

void files_put(struct work *w);
void files_get(struct work *w);
void files_edit(struct work *w);
void files_reset(struct work *w);
/* Makes the directories and tells the limits: the helper of HELLO. */
void limits_probe(struct work *w);

#endif
