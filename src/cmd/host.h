/*
 * What stands behind the commands.  The session fills in the functions; the
 * dispatcher, the prompt and completion know nothing else of it.
 */
#ifndef ADDESH_CMD_HOST_H
#define ADDESH_CMD_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "base/strvec.h"
#include "cmd/present_call.h"
#include "cmd/replay_call.h"
#include "cmd/table.h"

struct breakpoint;
struct call;
struct host;
struct interp;
struct loop;
struct output;
struct policy;
struct recorder;
struct secrets;
struct session;

/* What the command line of addesh said; borrowed from main's argv. */
struct invocation {
	const char *config; /* --config FILE, or NULL */
	const char *policy; /* --policy NAME|FILE, or NULL */
	const char *engine; /* --engine URL|NAME, or NULL */
	const char *session; /* of the named session, or NULL */
	bool no_config, no_history;
	bool yes;	    /* no questions */
	bool allow_host;    /* pipes to the host's shell without a terminal */
	const char *format; /* of results: "json", "plain", or NULL */
	const char *color;  /* --color WORD, or NULL */
	bool quiet;
	bool agent; /* as in policy_inputs */
	bool stranger; /* see host_use_stranger() */
};

/* Facts for the prompt; strings are borrowed until the next command. */
struct prompt_facts {
	const char *env;    /* name of the current environment, or NULL */
	const char *engine; /* its name when it is not the default, or NULL */
	bool net;	    /* programs there reach the network */
};

/*
 * Adds candidates that begin with prefix to out: "WORD" or "WORD\tSUMMARY".
 * before is the operand before it, NULL if it is the first: COMP_VALUE is that
 * of a setting.
 */
typedef void complete_fn(struct host *h, const char *before,
    const char *prefix, struct strvec *out);

struct host {
	struct invocation inv;
	struct loop *loop; /* the process's only one */
	struct session *session; /* NULL until open() */
	struct policy *policy;	 /* until then; see host_policy() */
	bool policy_wrong;	 /* it stands in for files that are wrong */
	struct strvec vars;	 /* NAME=VALUE of `var`, of this process only */
	char *stranger_dir; /* see host_use_stranger(); NULL: there is none */
	struct strvec program_env; /* of each program that is run, NAME=VALUE:
				      what the front matter of a file says */
	int last_status;	 /* $? */
	int step_status;	 /* the same, of what was no CMD_TAKES_UP */
	/* Of the environment and of all commands so far; for what is kept. */
	struct secrets *secrets;
	struct strvec told; /* what is told only once, by its key */
	char *not_kept; /* why, for the agent's next answer; or NULL */
	uint64_t memory_peak; /* of the last program that ended here */
	/* That of the last command as --json has it, if somebody wants it. */
	bool keep_object;
	json *object;

	/* Opens the session (policy, settings); the first command that needs
	   it causes that.  close() ends all that it opened; -1 if something
	   of ours may be left behind. */
	int (*open)(struct host *h, struct err *err);
	int (*close)(struct host *h, struct err *err);
	/* The numbered step of a call; not for CMD_NO_STEP.  begin() sets
	   call->step; end() keeps what it came to; close() what was shown of
	   it, too. */
	int (*begin)(struct call *c);
	void (*end)(struct call *c);
	void (*close_step)(struct call *c);
	/* Sets call->env to the named environment (NULL: the current one). */
	int (*need_env)(struct call *c, const char *name);
	int (*need_engine)(struct call *c);
	/* The command has ended: what it used is free for others. */
	void (*release)(struct host *h);
	/* The value of a variable: a read-only one such as "env" or
	   "last.stdout", or one of `var`.  The caller's; NULL if it has
	   none. */
	char *(*variable)(struct host *h, const char *name);
	/* Adds those of `var` to out, NAME=VALUE. */
	void (*variables)(struct host *h, struct strvec *out);
	/* Sets one for the session. */
	void (*set_variable)(struct host *h, const char *name_value);
	void (*prompt)(struct host *h, struct prompt_facts *facts);
	/* Before a prompt: tells what has happened without a command. */
	void (*tell)(struct host *h, struct output *o);
	/* A person wants to end the shell: -1 if there is a reason to ask
	   again, which is given once. */
	int (*leave)(struct host *h, struct output *o, struct err *err);
	/* Brings the form of output in line with the settings. */
	void (*settings)(struct host *h, struct output *o);
	complete_fn *complete[COMP_COUNT]; /* NULL: the shell's own, or none */

	/*
	 * How often Ctrl-C was pressed since the command began; whatever waits
	 * on the loop watches it grow (1: stop what runs, 2: abandon it).
	 */
	unsigned interrupted;
	int terminated;	 /* SIGTERM or SIGHUP came: its number */

	/* The shell's part, filled in by shell/interp.c. */
	struct interp *interp;
	unsigned lines; /* that a person has typed */
	unsigned warned; /* their number when leave() said no, or 0 */
	bool quit; /* `quit` was given, with this status (-1: none) */
	int quit_status;
	int (*source)(struct call *c, const char *path);
	/* Begins a recording, or (path NULL) ends it; see shell/recorder.h. */
	int (*record)(struct call *c, const char *path, bool replace,
	    bool cast);
	struct recorder *recorder; /* NULL: nothing is recorded */
	/* The steps of a session file; see cmd/replay_call.h. */
	int (*replay)(struct call *c, const struct replay_order *order);
	/* The same in front of a room; see cmd/present_call.h. */
	int (*present)(struct call *c, const struct present_order *order);
	bool replaying; /* while one of them does */
	/* Set while it has stopped at a step, for a person to choose. */
	int (*choose)(struct call *c, enum break_choice choice);
	struct breakpoint *breakpoint;
	/* Lines of the language, as the user wrote them. */
	int (*again)(struct call *c, const char *text);
	void (*keys)(struct strbuf *sb); /* the list of `help --keys` */
};

/* Names of the read-only variables, NULL-terminated; `last.` takes a member. */
extern const char *const host_readonly[];

/* Fills in the functions above (src/cmd/session_host.c). */
void host_init(struct host *h);
void host_release(struct host *h);

/*
 * Waits on the loop until fd can be read.  False: Ctrl-C was pressed more often
 * than before, or the shell is to end.
 */
bool host_wait_input(struct host *h, int fd, unsigned before);

/* Lets all that waits on the loop have its turn; -1 after Ctrl-C. */
int host_turn(struct host *h, struct err *err);

/*
 * The named session is that of the option -s (NULL: not given), else that of
 * ADDESH_SESSION unless it is empty.  ERR_USAGE if it is no name.
 */
int host_choose_session(struct host *h, const char *option, struct err *err);

/*
 * The commands from now on are those of somebody else's session file, see
 * policy_use_stranger(): it reads what is in dir with it, unless the user's
 * home is there, too, and the replay's own $TMPDIR is its to write in.
 */
void host_use_stranger(struct host *h, const char *dir);
/* ERR_POLICY if they are: what is not for them. */
int host_check_stranger(struct host *h, const char *what, struct err *err);

/*
 * The settings as they are now: the session's, once it is open.  Before that
 * they are read when they are first asked for, and where a file is wrong the
 * defaults stand in; open() says what is wrong.  Never NULL; borrowed until the
 * next command.
 */
const struct policy *host_policy(struct host *h);

#endif
