/*
 * What a project's directory was when it was opened, byte for byte as it was
 * sent into the environment: one file of this host, from which an environment
 * that was lost is filled again, and with which its files are compared.
 *
 *	"addesh snapshot 1\n", then for each entry, a directory before what is
 *	in it, in host order as the file never leaves this host:
 *	u32 mode (with the type), u32 length of the path, u32 of the link's
 *	target, u32 zero, i64 mtime, u64 size; the path and a NUL, the target
 *	and a NUL, the content.
 *	At the end one of mode 0 whose size is the number of entries: a file
 *	without it was not finished, and is none.
 */
#ifndef ADDESH_PROJECT_SNAPSHOT_H
#define ADDESH_PROJECT_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct snapshot_entry {
	const char *path; /* relative, of any bytes; never empty, no "..", */
	char type;	  /* 'f' 'd' 'l' */
	mode_t mode;	  /* permissions, 0777 */
	int64_t mtime;	  /* seconds since the epoch */
	uint64_t size;	  /* of a file's content */
	const char *target; /* of a link, else NULL */
	const void *data; /* size bytes; of a file, else NULL */
};

/* ---- reading ---- */

struct snapshot;

/* ERR_IO if it is damaged or was not finished. */
struct snapshot *snapshot_open(const char *path, struct err *err);
/* The same of bytes in memory, which are borrowed. */
struct snapshot *snapshot_parse(const void *p, size_t n, struct err *err);
void snapshot_close(struct snapshot *s); /* NULL is fine */
/* The entries in the order of the file; valid until snapshot_close(). */
size_t snapshot_count(const struct snapshot *s);
const struct snapshot_entry *snapshot_at(const struct snapshot *s, size_t i);
/* The entry of a path, or NULL. */
const struct snapshot_entry *snapshot_find(const struct snapshot *s,
    const char *path);

/* ---- writing ---- */

struct snapshot_writer;

/* A new file of mode 0600. */
struct snapshot_writer *snapshot_create(const char *path, struct err *err);
/* Begins an entry.  A file's content follows, whatever its size says; data is
   not looked at. */
int snapshot_add(struct snapshot_writer *w, const struct snapshot_entry *e,
    struct err *err);
int snapshot_write(struct snapshot_writer *w, const void *p, size_t n,
    struct err *err);
/* Ends the file and frees w, whatever is returned. */
int snapshot_finish(struct snapshot_writer *w, struct err *err);
/* Frees w; the file stays, and is none.  NULL is fine. */
void snapshot_abandon(struct snapshot_writer *w);

#endif
