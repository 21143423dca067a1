/*
 * What tests and builds projects of a language: `tests` and `builds` in
 * languages.yaml, which addesh.yaml(5) describes.  Which of them a project has
 * says project/detect.h.
 */
#ifndef ADDESH_PROJECT_FRAMEWORKS_H
#define ADDESH_PROJECT_FRAMEWORKS_H

#include <stdbool.h>

#include "base/strvec.h"

/*
 * A sign that a project has something: one of its files has one of the paths
 * and, where there are texts, one of its lines matches one of them and none
 * matches one of `without`.
 *
 * A path is a pattern (base/glob.h) that begins with '/' for one from the
 * project's directory, else of names anywhere in it.  Texts are those of
 * base/regexp.h.
 */
struct sign {
	struct strvec files, texts, without;
};

struct signs {
	struct sign *v;
	size_t n;
};

/* Coverage of a test run.  Each command may hold what project/detect.h puts
   into commands. */
struct coverage_kind {
	char *format; /* of project/coverage.h; NULL: the framework has none */
	char *path;   /* the file; NULL: {coverage} */
	struct signs found_by; /* none: every project can be measured */
	struct strvec args;    /* added to the command's own */
	struct strvec command; /* instead of the command, or empty */
	struct strvec after;   /* makes the file after the tests, or empty */
	struct strvec needs; /* succeeds where it can be measured, or empty */
	char *package;	     /* what to install where it cannot, or NULL */
	char *remedy; /* what makes a project one that found_by finds, or without
			 that an environment one that can; or NULL */
};

struct framework {
	char *name; /* "pytest" */
	struct signs found_by;
	struct strvec command; /* argv with placeholders */
	struct strvec env;     /* NAME=VALUE, with placeholders */
	char *bin; /* a directory of the project in which the program is looked
		      for before PATH, or NULL */
	char *helper; /* a program of share/addesh/tests: {helper}, or NULL */
	/* The report: its format (project/report.h; NULL: there is none), the
	   file or directory (NULL: {report}; "-": standard output; behind "*"
	   and a slash directories wherever in the project), and of a directory
	   the names that count. */
	char *report_format, *report_path, *report_files;
	/* The directories where report_path lies are those of this file, as of
	   a pom.xml for each module; NULL: the project's own. */
	char *report_beside;
	struct coverage_kind coverage;
	struct strvec exits_no_tests;	/* exit statuses, as decimal texts */
	struct strvec exits_collection; /* it could not even collect them */
	struct strvec list; /* prints nothing where there are no tests, or
			       empty */
	/* What the project calls itself in the report: group 1 of a line of the
	   file that matches; or NULL. */
	char *module_file, *module_text;
	struct strvec needs; /* succeeds where the framework is, or empty */
	char *package; /* what `dep add` gets where it is not, or NULL */
};

struct build_kind {
	char *name; /* "make" */
	struct signs found_by;
	struct strvec command;
	struct strvec env;
	char *bin;		 /* as of a framework */
	struct strvec artifacts; /* patterns of what it is made for; none: all
				    that it adds */
};

#endif
