/*
 * The files of a project's directory, as they are sent into its environment
 * and kept in a snapshot at the same time.
 */
#ifndef ADDESH_SESSION_PROJECT_TREE_H
#define ADDESH_SESSION_PROJECT_TREE_H

#include "pack/context.h"
#include "pack/ignore.h"
#include "project/snapshot.h"
#include "sandbox/box.h"
#include "session/session.h"

/* Appends the text of such a file of rules at the top of a directory, if it is
   a regular file and no link: 1, 0 if there is none, or -1.  What it leaves out
   may be secret: one that cannot be read is an error. */
int project_rules_file(const char *root, const char *name, struct strbuf *text,
    struct err *err);
/*
 * The rules for a directory: its .dockerignore, else the template projectignore
 * and then its .gitignore, of which only files are read.  Appends the text;
 * name (the caller's) says where an error would be.
 */
int project_rules_read(const char *root, struct strbuf *text, char **name,
    struct err *err);

/* Appends the text of one of its files, which no link leads to: at most max
   bytes of it.  -1: it cannot be read. */
int project_file_read(const char *root, const char *path, size_t max,
    struct strbuf *out);
/* The paths of its files that the rules leave, in order; at most max of them.
   The loop of the session turns meanwhile; Ctrl-C ends it. */
int project_paths(struct session *s, const char *root,
    const struct ignore *rules, size_t max, struct strvec *paths,
    struct err *err);

struct project_tree;

/* rules are parsed.  A copy of all goes to w; more than max_bytes of content
   (0: no limit) is an error.  Everything is borrowed. */
struct project_tree *project_tree_open(const char *root,
    const struct ignore *rules, struct snapshot_writer *w, uint64_t max_bytes,
    struct strvec *skipped, struct err *err);
/* What box_put_source() takes. */
struct box_source project_tree_source(struct project_tree *t);
/* Of what was left out; valid until it is closed. */
const struct context_count *project_tree_count(const struct project_tree *t);
void project_tree_close(struct project_tree *t); /* NULL is fine */

/* The same from a snapshot. */
struct project_replay {
	const struct snapshot *snapshot;
	size_t next;
	const struct snapshot_entry *entry; /* whose content was not given */
};
struct box_source project_replay_source(struct project_replay *r);

#endif
