/* Files and descriptors: whole reads and writes, safe replacement, spawning. */
#ifndef ADDESH_BASE_IO_H
#define ADDESH_BASE_IO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Writes all of it, waiting where the descriptor would block; 0 or -1/errno. */
int io_write_all(int fd, const void *p, size_t n);
/* Appends what is left of fd to sb, at most max bytes (else ERR_IO EFBIG). */
int io_read_all(int fd, struct strbuf *sb, size_t max, struct err *err);
/* A regular file (or /dev/stdin) as a whole; max as above. */
int io_read_file(const char *path, struct strbuf *sb, size_t max,
    struct err *err);
/* And whose the file is that was read: of a path that could be another one by
   the time it is asked. */
int io_read_file_of(const char *path, struct strbuf *sb, size_t max,
    uid_t *owner, struct err *err);
/* Replaces path by a new file with this mode: temporary file and rename. */
int io_replace_file(const char *path, const void *p, size_t n, mode_t mode,
    struct err *err);
/* The same for what may be lost with the power: nothing waits for the disk. */
int io_put_file(const char *path, const void *p, size_t n, mode_t mode,
    struct err *err);
/* Makes a directory and what is missing above it; existing ones are fine. */
int io_mkdirs(const char *path, mode_t mode, struct err *err);
/* Removes a tree that is ours, never following a link, however deep it is and
   whatever the modes of its directories; missing is fine. */
int io_remove_tree(const char *path, struct err *err);
int io_set_nonblock(int fd, bool on);
/* DIR/NAME, the caller's. */
char *io_join(const char *dir, const char *name);

/* From getrandom(2); the second as lower-case hexadecimal, the caller's. */
void io_random(void *p, size_t n);
char *io_random_hex(size_t bytes);

#endif
