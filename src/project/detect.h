/*
 * Which languages a project is written in, what tests it and what builds it,
 * each with the reason.  All knowledge is in languages.yaml; nothing of the
 * project is executed.
 *
 * The files are a stranger's: at most DETECT_FILES_MAX are looked at, and of
 * their texts DETECT_TEXT_MAX bytes each and DETECT_READ_MAX in all.
 */
#ifndef ADDESH_PROJECT_DETECT_H
#define ADDESH_PROJECT_DETECT_H

#include "base/err.h"
#include "base/json.h"
#include "project/languages.h"

#define DETECT_FILES_MAX 100000
#define DETECT_TEXT_MAX (64u << 10)
#define DETECT_READ_MAX (4u << 20)

/* The files of a project, of this host or of an environment. */
struct project_source {
	/* Regular files, relative to the project's directory: "src/a.py". */
	const struct strvec *paths;
	/* Appends one of at most max bytes.  -1: it is larger or cannot be
	   read, which is no error. */
	int (*read)(void *arg, const char *path, size_t max,
	    struct strbuf *out);
	void *arg;
};

/* Does a directory of this name (not a path) hold no source of the project's
   own: .git, node_modules, target ...?  Who lists files need not look into
   it; what lies there is not looked at. */
bool detect_skips(const struct languages *ls, const char *name);
/* Is one of those that a file's path leads through of that kind? */
bool detect_skips_path(const struct languages *ls, const char *path);
/* By the names of this language alone: what it keeps there for itself. */
bool detect_language_skips(const struct language *l, const char *path);

struct detected_language {
	const struct language *language;
	size_t files; /* so many have its extension */
	bool named;   /* a project file at the top names it */
	char *why;    /* "3 files, requirements.txt" */
};

struct detected_test {
	const struct language *language;
	const struct framework *framework;
	char *why; /* "pytest.ini", "package.json: \"jest\": \"^30.0.0\"" */
	bool coverage; /* it could be measured */
};

struct detected_build {
	const struct language *language;
	const struct build_kind *build;
	char *why;
};

struct detection {
	/* The main one first: those that a project file names, then by the
	   number of files. */
	struct detected_language *languages;
	size_t nlanguages;
	struct detected_test *tests; /* the first is what `test` runs */
	size_t ntests;
	struct detected_build *builds; /* the first is what `build` runs */
	size_t nbuilds;
};

/*
 * lang: only this language's frameworks and builds count (--lang); NULL: all.
 * -1: lang is unknown, or a text in languages.yaml is no regular expression.
 * Nothing found is no error.
 */
int project_detect(const struct languages *ls,
    const struct project_source *source, const char *lang,
    struct detection *d, struct err *err);
void detection_release(struct detection *d);
/* {"languages":[],"tests":[],"builds":[]} as in addesh-json(5). */
json *detection_json(const struct detection *d);

/* What stands for the placeholders of a framework's commands; all are paths
   inside the environment, and may be NULL where the command has no use. */
struct framework_places {
	const char *dir;      /* {dir}: the project's directory */
	const char *report;   /* {report} */
	const char *coverage; /* {coverage} */
	const char *helper;   /* {helper} */
	const char *tmp;      /* {tmp}: a directory of the run's own */
	/* {cover} and {args}, words that stand for all of these: what coverage
	   adds, with placeholders, and what the user gives.  Where there is no
	   such word they stand at the end. */
	const struct strvec *cover, *args;
};
void framework_expand(const struct strvec *argv,
    const struct framework_places *places, struct strvec *out);
/* For people: what is drawn for each run is told as REPORT, COVERAGE and TMP;
   helper: the name of its own program, or NULL. */
void framework_show(
    const struct strvec *argv, const char *helper, struct strvec *out);
/* The same within one text; the caller's. */
char *framework_text(const char *text, const struct framework_places *places);

#endif
