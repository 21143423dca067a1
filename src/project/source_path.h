/*
 * Which file of a project a report, a stack trace or a coverage file means.
 * They name files of the environment where they were written: absolute ones,
 * ones below the directory of the tests, Go's import paths, or Java's packages.
 * What lies elsewhere, such as a library, is none of the project's.
 */
#ifndef ADDESH_PROJECT_SOURCE_PATH_H
#define ADDESH_PROJECT_SOURCE_PATH_H

#include <stdbool.h>
#include <stddef.h>

#define SOURCE_PATH_MAX 4096 /* bytes */

/* All is borrowed; all zero: relative paths are the project's. */
struct source_root {
	const char *dir;    /* the project's, absolute: "/workspace"; or NULL */
	const char *module; /* Go's name of it: "example.com/sum"; or NULL */
	/* Is there a regular file of this path below dir?  NULL: nobody knows,
	   and what leads below dir is taken for one. */
	bool (*exists)(void *arg, const char *path);
	void *arg;
};

/*
 * Below the project's directory, clean, the caller's; NULL: no file of the
 * project.  Its bytes are the file's, and may be no UTF-8.  Files of installed
 * packages (node_modules, site-packages, vendor/bundle and such) are none,
 * where they lie below it, too.
 */
char *source_path(const struct source_root *root, const char *path);
/* The same for a path that is relative to another directory (NULL: root->dir),
   itself absolute or relative to the project. */
char *source_path_at(const struct source_root *root, const char *dir,
    const char *path);
/* Of a Java source by its package's path: "com/acme/SumTest.java".  Where it
   is below one of the directories that Maven and Gradle have for them. */
char *source_path_java(const struct source_root *root, const char *path);

#endif
