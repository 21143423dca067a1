/*
 * What checks look for, and which programs of an environment they use, is data:
 * share/addesh/checks.yaml, whose head describes its form.
 */
#ifndef ADDESH_PROJECT_CHECK_RULES_H
#define ADDESH_PROJECT_CHECK_RULES_H

#include "base/err.h"
#include "base/regexp.h"
#include "base/strvec.h"
#include "project/check.h"

/* How a language writes what is no code, for who has no parser of it; the head
   of checks.yaml says what {fill} and {sign} of these marks stand for. */
struct check_string {
	char *open, *close;
	struct strvec code; /* pairs: what begins and what ends code in it */
	bool character; /* it is one character, or none at all */
	bool twice; /* two texts */
	char *code_flag; /* a letter behind it that makes the second one code */
	char *behind; /* only behind these bytes, or NULL, */
	struct strvec behind_words; /* or these words */
	struct strvec not_behind; /* and not right behind these */
	bool runs; /* a shell runs it: a call of ` */
	bool raw;   /* no byte takes the next one's meaning away */
	bool lines; /* may go on over the end of a line */
};

struct check_lexis {
	struct strvec comments; /* what begins one up to the end of the line */
	struct strvec blocks;	/* pairs: what begins and what ends one */
	struct check_string *strings;
	size_t n_strings;
	bool blocks_nest;
	char *blocks_behind; /* those with = only behind these bytes, or NULL */
	char *comments_behind; /* the same of all comments, and nothing between */
	struct strvec plain; /* what looks like the begin of others and is none */
	bool escapes; /* a backslash outside of strings takes a sign's meaning */
	char *fill; /* the bytes of {fill}, or with ^ those that are not */
	char *inside; /* bytes in numbers, and in names that begin with $ */
	bool joined; /* a backslash at its end joins a line with the next */
	struct strvec heredocs; /* marks before the word that ends a text, which
				   begins in the next line; of those with a third
				   byte the word may be indented */
	bool heredoc_blanks; /* between mark and word */
	struct strvec joints; /* what stands between names of a path */
	bool string_calls; /* a string behind a name is its argument */
	struct strvec imports; /* words before a module's name */
	bool import_paths; /* that is a string, as `NAME "a/b"`, or several in
			      parentheses */
};

/* A program of the environment that looks at texts. */
struct check_command {
	char *name;
	struct strvec argv; /* {program}, {program_file}, {calls}, {names},
			       {dir} */
	char *program; /* a file in share/addesh/checks that speaks the form of
			  project/check_facts.h about many texts, or NULL: the
			  command reads one text and complains in lines */
	struct strvec build; /* compiles it, where it is not run as it is, and
				writes what comes out to standard output; with
				the same marks */
	struct strvec without; /* directives (project/check_text.h) that are
				  not given to it */
	struct strvec errors; /* forms of those lines (project/check_lines.h) */
	struct strvec resolved; /* the same, where nothing is missing here */
	struct strvec warnings; /* the same, of what is less than an error */
	struct strvec unless; /* what in such a line says that it is not about
				 syntax but about what is missing here */
};

/* What a fact (project/check_facts.h) is called that matches. */
struct check_rule {
	char *name;
	/* Patterns (base/glob.h) of names: called, set, imported, or used. */
	struct strvec calls, sets, imports, names;
	char *with; /* an argument KEY=VALUE must match this pattern, or NULL */
	struct strvec unless; /* none may match these */
	char *not_before; /* bytes that must not follow the name, or NULL */
	enum check_severity severity;
	enum check_severity constant; /* where all arguments are literals */
	char *message;
	char *remedy; /* or NULL */
};

struct check_language {
	char *name; /* as in languages.yaml, or of this file alone */
	struct strvec files; /* patterns of names, of those not in that file */
	struct strvec shown_as; /* in pages: its names, and behind the dot of
				   files; none: it is not marked there */
	char *keywords; /* for pages, with a blank between them; or NULL */
	bool scripts; /* the texts of its <script> elements are programs */
	bool needs_parser; /* a text that no parser has seen is worth a word */
	struct check_lexis lexis;
	struct check_command *parsers, *linters;
	size_t n_parsers, n_linters;
	struct check_rule *rules;
	size_t n_rules;
};

/* What a text must have. */
struct check_structure {
	char *name;
	struct strvec files; /* patterns of names */
	struct strvec but;   /* and of those that are none of them */
	struct regexp *where; /* only for texts in which it is found; or NULL */
	struct regexp *unless; /* only where it is not found; or NULL */
	struct regexp *needs; /* found outside of comments; or NULL */
	char *balanced; /* two bytes, as often the one as the other; or NULL */
	enum check_severity severity;
	char *message;
	char *remedy; /* or NULL */
};

struct check_rules {
	struct check_language *languages;
	size_t n_languages;
	struct check_structure *structure;
	size_t n_structure;
};

/* path NULL: the installed file.  NULL with ERR_CONFIG. */
struct check_rules *check_rules_load(const char *path, struct err *err);
void check_rules_free(struct check_rules *r); /* NULL is fine */
/* NULL if there is none. */
const struct check_language *check_rules_by_name(
    const struct check_rules *r, const char *name);
/* Of those that languages.yaml does not know, by a file's name. */
const struct check_language *check_rules_by_file(
    const struct check_rules *r, const char *file);

/* Of those that pages mark, by one of the words of `shown_as`, case ignored. */
const struct check_language *check_rules_by_shown(
    const struct check_rules *r, const char *word);

#endif
