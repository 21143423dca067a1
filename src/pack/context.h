/*
 * A build context: a directory and what is put over it, as a tar that is made
 * while it is read.  Memory does not grow with the tree; nothing that
 * .dockerignore leaves out is opened, and no directory whose files it all
 * leaves out is walked.
 *
 * Links stay links and are never followed, modes are kept, uid and gid are 0 and
 * further names of a file hard links, as with Docker's client; sockets, FIFOs
 * and devices are left out and told.  Entries are in the order of their bytes,
 * so that the same tree gives the same tar.
 */
#ifndef ADDESH_PACK_CONTEXT_H
#define ADDESH_PACK_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/strvec.h"

/* A file of the context that is not, or not so, in the directory. */
struct context_file {
	const char *path; /* relative, without ".." */
	mode_t mode;      /* permissions */
	const void *data;
	size_t size;
	int64_t mtime; /* seconds since 1970; 0 makes zip(1) and wheels fail */
};

struct context_spec {
	const char *root; /* the directory; NULL: there are only files */
	/* Where the Dockerfile is, relative to root: it and .dockerignore are
	   sent even if they are ignored, as Docker's client does. */
	const char *dockerfile;
	const struct context_file *files; /* win over those of root */
	size_t nfiles;
	/* What stands for .dockerignore where there is none; or NULL. */
	const char *ignore;
	/*
	 * Put everything into this directory, and above it the file; then the
	 * Dockerfile and .dockerignore are left out where .dockerignore says
	 * so.  Both or neither.
	 */
	const char *under;
	const struct context_file *above;
};

struct context;

/* Everything in spec is borrowed until context_close(). */
struct context *context_open(const struct context_spec *spec, struct err *err);
/*
 * As read(2): the next bytes of the tar, 0 at its end; -1 with the path of a
 * file that cannot be read or changed its size below its length.
 * CONTEXT_LATER if there are none yet, although much was looked at: to be asked
 * again, when whatever else waits has had its turn.
 */
#define CONTEXT_LATER (-2)
ssize_t context_read(struct context *c, void *p, size_t n, struct err *err);
void context_close(struct context *c); /* NULL is fine */

/* What was seen so far; paths of what was left out because of its kind:
   "PATH (socket)", at most 20. */
struct context_count {
	uint64_t files, bytes, ignored, skipped;
};
const struct context_count *context_count(const struct context *c);
const struct strvec *context_skipped(const struct context *c);
/* The first link that was sent and leads out of the context by its name, or
   NULL.  Podman's containers/storage refuses such a context. */
const char *context_leads_out(const struct context *c);
/* The text of the .dockerignore that decides; false if no file of the context
   is one, and it is that of the spec. */
bool context_rules(const struct context *c, const struct strbuf **text);
/* Does .dockerignore leave path out?  The Dockerfile and itself it may name,
   although they are sent. */
bool context_ignores(const struct context *c, const char *path);

#endif
