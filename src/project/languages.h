/*
 * Languages are data: share/addesh/languages.yaml, then languages.yaml in the
 * user's configuration directory, which adds languages and overrides keys of
 * known ones.  The form of the file is described at its top and in
 * addesh.yaml(5).
 */
#ifndef ADDESH_PROJECT_LANGUAGES_H
#define ADDESH_PROJECT_LANGUAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strvec.h"
#include "project/frameworks.h"

/* Commands, argvs with placeholders, of which each must succeed. */
struct commands {
	struct strvec *v;
	size_t n;
};

/* One way to run a file: compile steps that must succeed, then the program. */
struct recipe {
	struct strvec check;	/* must succeed, else the recipe does not fit
				   here; or empty */
	struct commands compile;
	struct strvec run;
};

/* A list of packages that an installer reads: requirements.txt. */
struct installer_file {
	char *name; /* a pattern of the file's name */
	struct commands commands; /* {file}: the file */
};

/* How packages get into an image. */
struct installer {
	struct commands packages; /* {packages}: the words; or none */
	struct installer_file *files;
	size_t n_files;
	char *dir; /* made, where all of it runs; NULL: that of the image */
	struct strvec env;	 /* NAME=VALUE for all of it */
	struct strvec variables; /* names of those that it gets from outside */
	struct strvec set; /* NAME=VALUE for what runs in the image later; $NAME
			      is what it was before */
	struct strvec beside; /* directories of packages that programs look for
				 beside their own files: "node_modules" */
	struct strvec list;	/* prints what is installed, or empty */
	char *installed;	/* of a line of that: group 1 is the name, group
				   2 the version (regex(7)); or NULL */
	char *instead; /* there is none: a sentence what to do, or NULL */
};

/* A project, known by files at the top of its directory. */
struct project_kind {
	struct strvec files; /* patterns (base/glob.h); all must be there */
	char *template;	     /* project/template.h */
	char *image; /* that has what builds it, or NULL: the language's */
};

struct language {
	char *name;
	struct strvec names;	  /* name, then the aliases */
	struct strvec extensions; /* ".py" */
	struct strvec shebangs;	  /* programs in `#!` lines, without versions */
	struct recipe *recipes;	  /* in the order in which they are tried */
	size_t n_recipes;
	int interrupt;	   /* signal before the kill at the deadline, or 0 */
	struct strvec env; /* NAME=VALUE with placeholders */
	char *image;	   /* base image, or NULL */
	struct strvec images; /* names of images that bring it: "python" */
	struct strvec version; /* argv that prints the version, or empty */
	uint64_t memory, disk; /* bytes a build wants; 0: no hint */
	/* What later stages of a project use; argvs. */
	struct installer dependencies;
	struct strvec skips; /* names of directories that tools make: they hold
				no source of a project's own */
	struct framework *frameworks; /* that test; in order of preference */
	size_t n_frameworks;
	struct build_kind *builds; /* in order of preference */
	size_t n_builds;
	struct project_kind *projects; /* in order of preference */
	size_t n_projects;
	bool added; /* by the user's file */
};

struct languages;

/* path NULL: the installed file; user NULL: none, "": languages.yaml in
   xdg_config_dir(), if it is there. */
struct languages *languages_load(const char *path, const char *user,
    struct err *err);
void languages_free(struct languages *ls); /* NULL is fine */

size_t languages_count(const struct languages *ls);
const struct language *languages_at(const struct languages *ls, size_t i);
/* By name or alias, case ignored; NULL if unknown. */
const struct language *languages_by_name(const struct languages *ls,
    const char *name);
/* By the extension of a file name, case ignored. */
const struct language *languages_by_file(const struct languages *ls,
    const char *file);
/* Which language an image brings ("docker.io/library/python:3" is python). */
const struct language *languages_by_image(const struct languages *ls,
    const char *image);

/* What a file is to be run with. */
struct language_choice {
	const struct language *language; /* NULL: a #! program not known */
	struct recipe *recipes; /* those of the language, or from the `#!` */
	size_t n_recipes;
	struct recipe shebang;	/* owned, for the latter */
};

/*
 * Chooses: lang (--lang, or NULL), else the extension of file, else the `#!`
 * line at the head of its text.  ERR_USAGE when none of them tells.
 */
int languages_choose(const struct languages *ls, const char *lang,
    const char *file, const char *text, size_t n, struct language_choice *c,
    struct err *err);
void language_choice_release(struct language_choice *c);

/* What the placeholders stand for; all are paths inside the environment. */
struct language_places {
	const char *file; /* {file}: the program's text; {dir} and {name} (its
			     name without extension) come from it */
	const char *out;  /* {out}: a file to compile to, in a directory of its
			     own: {outdir} */
	const char *home, *tmp; /* {home} {tmp} */
};

/*
 * Puts the values in, as words of their own or parts of one; nothing is ever
 * shell text.  What begins with '-' as {file} gets "./" in front.
 */
void language_expand(const struct strvec *argv,
    const struct language_places *places, struct strvec *out);
/* The same for NAME=VALUE; later ones win over earlier ones of `out`. */
void language_env(const struct language *l,
    const struct language_places *places, struct strvec *out);
/* "python3 or python": the programs that the recipes begin with. */
void language_add_programs(const struct language_choice *c,
    struct strbuf *out);

#endif
