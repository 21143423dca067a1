/*
 * The command table.  One row says everything about a command: its words, its
 * options and operands and what may stand there, what it needs, its help and
 * its function.  Parsing, usage, help, completion, the completions of other
 * shells and the checks of the manual all come from the row; there is no second
 * list.
 *
 * To add a command: a `const struct cmd cmd_NAME` in src/cmd/cmd_*.c, a line in
 * src/cmd/rows.def (sorted by the full name), a paragraph in man/addesh.1 and a
 * test.  Tests fail for each one forgotten.
 */
#ifndef ADDESH_CMD_TABLE_H
#define ADDESH_CMD_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct call;

/* What can stand in a place; completion asks the provider of that kind. */
enum comp {
	COMP_NONE,     /* free text */
	COMP_COMMAND,  /* a row of this table */
	COMP_ENV,      /* an environment of the session */
	COMP_PROJECT,  /* one that is a project */
	COMP_IMAGE,    /* an image of the engine */
	COMP_HOST_FILE,
	COMP_HOST_DIR,
	COMP_ENV_FILE, /* a path inside the environment */
	COMP_SETTING,
	COMP_VALUE,    /* of the setting named by the operand before */
	COMP_STEP,     /* "@7" */
	COMP_SAVED,    /* the same, or a file of this host */
	COMP_VARIABLE, /* "NAME=" */
	COMP_LANGUAGE,
	COMP_BUILD,    /* a directory, or "@NAME" of a context */
	COMP_CONTEXT,  /* a context of the session */
	COMP_STAGED,   /* a file of the context named by the operand before */
	COMP_DEP,      /* a package of the environment */
	COMP_LAYERS,   /* layers of checks, divided by commas */
	COMP_POLICY,   /* a ready-made policy, or a file */
	COMP_NAMED,    /* a named session */
	COMP_JOB,      /* what runs in the background of the environment */
	COMP_CHOICE,   /* one of the words of the row itself */
	COMP_COUNT,
};

enum opt_type {
	OPT_TYPE_END,
	OPT_TYPE_FLAG,	  /* no value */
	OPT_TYPE_STR,	  /* text, the last one counts */
	OPT_TYPE_LIST,	  /* text, repeatable, all count */
	OPT_TYPE_TIME,	  /* a duration (base/units.h) */
	OPT_TYPE_MAY_TIME, /* the same, or no value at all: --NAME[=TIME] */
	OPT_TYPE_MAY_WORD, /* one of the words, or no value at all */
	OPT_TYPE_SIZE,	  /* a size in bytes (base/units.h) */
	OPT_TYPE_INT,	  /* a whole number from 0 on */
	OPT_TYPE_NUM,	  /* a number above 0 with decimals */
	OPT_TYPE_CHOICE,  /* one of the words in `choices` */
	OPT_TYPE_REFUSED, /* known, and refused with the reason in `help` */
};

struct opt {
	enum opt_type type;
	char letter;	     /* 0: none */
	const char *name;    /* the long name, without the dashes */
	const char *metavar; /* what the usage calls the value */
	const char *help;    /* half a sentence without a period */
	enum comp comp;
	const char *choices; /* "none|full" */
	bool bare; /* its value may stand behind one dash: -9, -KILL */
	enum comp operands; /* what they are with this flag, by its
			       long name; or COMP_NONE */
};

/* LETTER may be 0. */
#define OPT_FLAG(letter, name, help)                                           \
	{                                                                      \
		OPT_TYPE_FLAG, letter, name, NULL, help, COMP_NONE, NULL       \
	}
#define OPT_STR(letter, name, metavar, help, comp)                             \
	{                                                                      \
		OPT_TYPE_STR, letter, name, metavar, help, comp, NULL          \
	}
#define OPT_LIST(letter, name, metavar, help, comp)                            \
	{                                                                      \
		OPT_TYPE_LIST, letter, name, metavar, help, comp, NULL         \
	}
#define OPT_TIME(letter, name, help)                                           \
	{                                                                      \
		OPT_TYPE_TIME, letter, name, "TIME", help, COMP_NONE, NULL     \
	}
#define OPT_MAY_TIME(letter, name, help)                                       \
	{                                                                      \
		OPT_TYPE_MAY_TIME, letter, name, "TIME", help, COMP_NONE, NULL \
	}
#define OPT_MAY_WORD(letter, name, choices, help)                              \
	{                                                                      \
		OPT_TYPE_MAY_WORD, letter, name, choices, help, COMP_CHOICE,   \
		    choices                                                    \
	}
#define OPT_SIZE(letter, name, help)                                           \
	{                                                                      \
		OPT_TYPE_SIZE, letter, name, "SIZE", help, COMP_NONE, NULL     \
	}
#define OPT_INT(letter, name, metavar, help)                                   \
	{                                                                      \
		OPT_TYPE_INT, letter, name, metavar, help, COMP_NONE, NULL     \
	}
#define OPT_NUM(letter, name, metavar, help)                                   \
	{                                                                      \
		OPT_TYPE_NUM, letter, name, metavar, help, COMP_NONE, NULL     \
	}
#define OPT_CHOICE(letter, name, choices, help)                                \
	{                                                                      \
		OPT_TYPE_CHOICE, letter, name, "WORD", help, COMP_CHOICE,      \
		    choices                                                    \
	}
/* The whole message is "--NAME is refused: REASON". */
#define OPT_REFUSED(letter, name, reason)                                      \
	{                                                                      \
		OPT_TYPE_REFUSED, letter, name, NULL, reason, COMP_NONE, NULL  \
	}
#define OPT_END                                                                \
	{                                                                      \
		OPT_TYPE_END, 0, NULL, NULL, NULL, COMP_NONE, NULL             \
	}

/* Operands, in their order; those that may be absent come last. */
struct arg {
	const char *name; /* upper case, as the usage shows it */
	enum comp comp;
	bool optional;
	bool repeat; /* any number; only the last one */
	const char *choices; /* for COMP_CHOICE */
};

#define ARG(name, comp) {name, comp, false, false, NULL}
#define ARG_OPTIONAL(name, comp) {name, comp, true, false, NULL}
#define ARG_SOME(name, comp) {name, comp, false, true, NULL} /* one or more */
#define ARG_REST(name, comp) {name, comp, true, true, NULL}  /* none or more */

enum {
	/* Preconditions, established before the function is called. */
	CMD_NEEDS_ENV = 1 << 0,	   /* call->env; and --in ENV is accepted */
	CMD_NEEDS_ENGINE = 1 << 1, /* an engine answers */
	CMD_NO_SESSION = 1 << 2,   /* works without one: never opens it */
	CMD_SWEEPS = 1 << 7,	   /* it does what a session begins with */
	/* What the row takes. */
	CMD_TAKES_HEREDOC = 1 << 3, /* else a heredoc is an error */
	CMD_OPTS_FIRST = 1 << 4,    /* options end at the first operand */
	/* The status of the command before it is not a failure by itself. */
	CMD_TAKES_UP = 1 << 9,
	/* How it counts and shows. */
	CMD_NO_STEP = 1 << 5,  /* not numbered, not recorded */
	CMD_PAGEABLE = 1 << 6, /* a long text goes through the pager */
	/* It reaches what is the user's own, outside of the session: refused to
	   somebody else's session file. */
	CMD_OWN_ONLY = 1 << 10,
	CMD_OF_PROJECT = 1 << 11, /* with CMD_NEEDS_ENV: one that is a project */
	CMD_RUNS_CODE = 1 << 8, /* its result is the environment's last log */
};

#define CMD_MAX_ARGS 4

struct cmd {
	const char *name;  /* the full name: "run", "env new" */
	const char *alias; /* another first word for it, or NULL */
	const char *summary; /* one line for lists, no period */
	const char *help; /* paragraphs, one per line ('\n'); may be NULL */
	const char *examples; /* one per line; may be NULL */
	const struct opt *opts; /* ends with OPT_END; may be NULL */
	struct arg args[CMD_MAX_ARGS]; /* ends with an empty name */
	unsigned flags;
	/*
	 * Does the command; 0, or -1 with call->err set.  NULL in a row that
	 * only groups others ("env").  What a program that was run came to is
	 * no error: call->status.
	 */
	int (*exec)(struct call *call);
};

/* All rows, sorted by name, NULL-terminated. */
extern const struct cmd *const cmd_table[];

/* The row with exactly this full name or alias, or NULL. */
const struct cmd *table_find(const char *name);

/* Is row a command of the group ("env new" of "env")? */
bool table_in_group(const struct cmd *row, const struct cmd *group);

/*
 * The option with this long name or letter, --help and (where they apply)
 * --json and --in among them; NULL if the row has none.  table_option() counts
 * through all of them, in the row's order, --help last, NULL at the end.
 */
const struct opt *table_find_long(const struct cmd *row, const char *name,
    size_t len);
const struct opt *table_find_letter(const struct cmd *row, char letter);
const struct opt *table_option(const struct cmd *row, size_t i);
/* Is it --help or --json of all commands, which usage lines leave out? */
bool table_is_common(const struct opt *opt);

/* Does the option need a value? */
bool opt_has_value(const struct opt *opt);
/* Can it have one, as --NAME=VALUE? */
bool opt_may_have_value(const struct opt *opt);
/* Is word one of "a|b|c"? */
bool choice_has(const char *choices, const char *word);

#endif
