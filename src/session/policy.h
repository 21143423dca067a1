/*
 * The policy: every setting with its value, who set it, and the ceilings.
 *
 * A value comes from the last layer that has one: the built-in default, the
 * site's file, the user's file, the policy named by --policy, the project's
 * ./.addesh.yaml (which may only tighten), variables, options of addesh, 'set',
 * options of one command.  What stands in `max` of any file is a ceiling for
 * everybody: a default or a file's value above it is lowered to it, an option
 * or 'set' above it is refused.
 *
 * Files, first found counts:
 *	user	--config FILE, $ADDESH_CONFIG (empty: none),
 *		$XDG_CONFIG_HOME/addesh/addesh.yaml (~/.config)
 *	site	DIR/addesh/addesh.yaml for DIR in $XDG_CONFIG_DIRS (/etc/xdg),
 *		then in sysconfdir
 *	named	DIR/policies/NAME.yaml beside the user's file, then in
 *		share/addesh; a FILE has a '/' or ends in .yaml or .yml
 */
#ifndef ADDESH_SESSION_POLICY_H
#define ADDESH_SESSION_POLICY_H

#include "base/json.h"
#include "engine/reference.h"
#include "sandbox/spec.h"
#include "session/settings.h"

enum layer {
	LAYER_DEFAULT,
	LAYER_SITE,
	LAYER_USER,
	LAYER_POLICY,
	LAYER_PROJECT,
	LAYER_VARIABLE,
	LAYER_OPTION,
	LAYER_SET,
	LAYER_COMMAND,
	LAYER_COUNT
};

struct policy_inputs {
	const char *config; /* --config FILE, or NULL */
	const char *policy; /* --policy NAME|FILE, or NULL */
	bool no_config;	    /* neither the user's file nor the project's */
	/* For adde and MCP: an agent's defaults and ceilings (settings.h), and
	   `auto` means an engine and nothing else. */
	bool agent;
};

struct policy;

/* ERR_CONFIG: the message is the first thing that is wrong, the hint the
   others, each with FILE:LINE:COLUMN. */
struct policy *policy_load(const struct policy_inputs *in, struct err *err);
/* The built-in defaults alone. */
struct policy *policy_new(void);
struct policy *policy_copy(const struct policy *p);
/*
 * From now on commands are those of somebody else's session file: the ceilings
 * are those for agents, what they read of this host is below dir or tmp, what
 * they write below tmp (each may be NULL), its commands are not for them, and
 * 'set' is for limits and for the form of output only.
 */
void policy_use_stranger(struct policy *p, const char *dir, const char *tmp);
/* ERR_POLICY if it is so: what (a command, an option) is not for them. */
int policy_check_stranger(const struct policy *p, const char *what,
    struct err *err);
void policy_free(struct policy *p); /* NULL is fine */

/* What loading should tell, one line each; borrowed. */
const struct strvec *policy_warnings(const struct policy *p);

/* The value that counts; texts and lists are borrowed. */
const struct value *policy_value(const struct policy *p, enum setting_id id);
bool policy_bool(const struct policy *p, enum setting_id id);
uint64_t policy_num(const struct policy *p, enum setting_id id);
const char *policy_text(const struct policy *p, enum setting_id id);
const struct strvec *policy_list(const struct policy *p, enum setting_id id);
/* Who set it: "FILE:LINE", "the default", "the option -m". */
const char *policy_where(const struct policy *p, enum setting_id id);
/* Is it a variable of the environment that says what counts? */
bool policy_from_variable(const struct policy *p, enum setting_id id);
/* The lowest ceiling of a setting that is not a list, or NULL. */
const struct value *policy_ceiling(const struct policy *p, enum setting_id id);
/* Does it differ from the built-in default, or has a file narrowed it? */
bool policy_changed(const struct policy *p, enum setting_id id);

/*
 * Sets by path or short name in LAYER_OPTION ("--engine" as option) or
 * LAYER_SET (option NULL).  ERR_USAGE for a wrong name or value, ERR_POLICY above a
 * ceiling.
 */
int policy_set(struct policy *p, const char *name, const char *text,
    const char *option, struct err *err);
/* The same for an option of one command, which counts above whatever was set
   before: p is a copy of the session's policy. */
int policy_override(struct policy *p, const char *name, const char *text,
    const char *option, struct err *err);

/* The limits of a new environment. */
void policy_limits(const struct policy *p, struct limits *out);
/*
 * ERR_POLICY if memory and the places that are kept in it together are more
 * than the memory of the machine that runs the environment (0: unknown).
 */
int policy_check_memory(const struct limits *l, uint64_t machine,
    struct err *err);

/* Each returns 0, or -1 with ERR_POLICY: a sentence that says where it was set
   and what to do. */
int policy_may_execute(const struct policy *p, struct err *err);
/*
 * image is what was asked for; digest ("sha256:...", of the image or of its
 * manifest) may be NULL.  "docker.io/library/" is the same with and without.
 */
int policy_may_use_image(const struct policy *p, const char *image,
    const char *digest, struct err *err);
/* May it be sent to the registry that its name begins with? */
int policy_may_push(const struct policy *p, const struct reference *ref,
    struct err *err);
/* names: of one language, NULL-terminated: its name, then its aliases. */
int policy_may_use_language(const struct policy *p, const char *const *names,
    struct err *err);
/* A path of the host; links in it are resolved.  id: SET_HOST_READ or
   SET_HOST_WRITE. */
int policy_may_use_path(const struct policy *p, enum setting_id id,
    const char *path, struct err *err);

/* For people: one setting with all that was said about it. */
int policy_explain(const struct policy *p, const char *name,
    struct strbuf *out, struct err *err);
/* `policy show`: the whole as YAML, with where each value comes from. */
void policy_show(const struct policy *p, struct strbuf *out);
json *policy_to_json(const struct policy *p);
/* The same for one setting. */
json *policy_setting_to_json(const struct policy *p, enum setting_id id);
/*
 * Reads a file as a user's file would be read, over the built-in defaults.
 * Appends what it sets and what it does not understand.
 */
int policy_check_file(const char *path, struct strbuf *report,
    struct err *err);
/* Names of the policies that --policy knows, sorted. */
void policy_names(struct strvec *names);

#endif
