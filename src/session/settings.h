/*
 * The settings: one table whose rows serve the policy files, `set`, completion,
 * `policy show`, validation and the check of addesh.yaml(5).  A second list is
 * a defect.  To add a setting: an id here, a row in settings_table.c, a
 * paragraph in man/addesh.yaml.5.
 */
#ifndef ADDESH_SESSION_SETTINGS_H
#define ADDESH_SESSION_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strvec.h"
#include "base/yaml.h"

enum setting_id {
	/* tools.code_execution */
	SET_ENABLED,
	SET_SANDBOX,
	SET_IMAGE,
	SET_TIMEOUT,
	SET_LEASE,
	SET_LOCK_TIMEOUT,
	SET_MEMORY_LIMIT,
	SET_CPU_LIMIT,
	SET_PIDS_LIMIT,
	SET_DISK_LIMIT,
	SET_TMP_LIMIT,
	SET_SHM_LIMIT,
	SET_WORKSPACE,
	SET_OUTPUT_LIMIT,
	SET_NETWORK,
	SET_USER,
	SET_IMAGES,
	SET_ALLOWED_LANGUAGES,
	/* build, dependencies */
	SET_BUILD_TIMEOUT,
	SET_BUILD_MEMORY_LIMIT,
	SET_BUILD_NETWORK,
	SET_DEPENDENCIES_TIMEOUT,
	SET_DEPENDENCIES_MEMORY_LIMIT,
	SET_DEPENDENCIES_NETWORK,
	/* project */
	SET_PROJECT_TIMEOUT,
	SET_PROJECT_BUILD_TIMEOUT,
	SET_PROJECT_MEMORY_LIMIT,
	SET_PROJECT_CPU_LIMIT,
	SET_PROJECT_PIDS_LIMIT,
	SET_PROJECT_WORKSPACE,
	SET_PROJECT_DISK_LIMIT,
	SET_PROJECT_MIN_COVERAGE, /* percent, in thousandths of one */
	SET_PROJECT_AUTO_TEST,
	SET_PROJECT_AUTO_BUILD,
	SET_PROJECT_IMAGE_PREFIX,
	/* engine */
	SET_ENGINE_URL,
	SET_ENGINE_CONNECT_TIMEOUT,
	SET_ENGINE_START_TIMEOUT,
	SET_ENGINE_ANSWER_TIMEOUT,
	SET_ENGINE_PUSH_REGISTRIES,
	SET_ENGINE_REGISTRY,
	/* host */
	SET_HOST_READ,
	SET_HOST_WRITE,
	SET_HOST_PIPE,
	/* shell */
	SET_PROMPT,
	SET_HINTS,
	SET_SUGGESTIONS,
	SET_TRACE,
	SET_LONG_RUNNING,
	SET_MAX_HEREDOC,
	SET_CONFIRM_ENV_RM_ALL,
	SET_CONFIRM_IMAGE_RM,
	SET_ALIASES,
	SET_INIT,
	/* output */
	SET_FORMAT,
	SET_PAGER,
	SET_COLOR,
	SET_PROGRESS,
	SET_ACCESSIBLE,
	SET_ROW_LIMIT,
	/* dockerfile, in the order of project/dockerfile_rules.h */
	SET_DOCKERFILE_ENGINE_SOCKET,
	SET_DOCKERFILE_PRIVILEGED,
	SET_DOCKERFILE_HOST_NETWORK,
	SET_DOCKERFILE_HOST_MOUNT,
	SET_DOCKERFILE_SECRET_MOUNT,
	SET_DOCKERFILE_ADD_URL,
	SET_DOCKERFILE_BASE_IMAGE,
	SET_DOCKERFILE_FRONTEND,
	SET_DOCKERFILE_NO_USER,
	SET_DOCKERFILE_SECRET_ENV,
	SET_DOCKERFILE_LATEST_TAG,
	/* checks; the first three in the order of enum check_severity */
	SET_CHECKS_ERROR,
	SET_CHECKS_WARNING,
	SET_CHECKS_INFO,
	SET_CHECKS_RULES,
	SET_CHECKS_LAYERS,
	SET_CHECKS_EXPECT,
	SET_CHECKS_SIZE_LIMIT,
	/* history */
	SET_HISTORY_SIZE,
	SET_HISTORY_REDACT,
	SET_COUNT,
	SET_DOCKERFILE_FIRST = SET_DOCKERFILE_ENGINE_SOCKET,
	SET_DOCKERFILE_LAST = SET_DOCKERFILE_LATEST_TAG
};

enum value_type {
	VALUE_BOOL,
	VALUE_WORD,	/* one of the row's words */
	VALUE_SIZE,	/* bytes (base/units.h) */
	VALUE_DURATION, /* milliseconds (base/units.h) */
	VALUE_COUNT,	/* a whole number */
	VALUE_NUMBER,	/* a decimal number, kept in thousandths */
	VALUE_TEXT,
	VALUE_LIST,	/* of texts */
	VALUE_MAP,	/* NAME to text */
};

/* What a project's .addesh.yaml may do to a setting. */
enum tighten {
	TIGHTEN_NEVER,	 /* not stand there at all */
	TIGHTEN_SMALLER, /* the smaller one counts; words: the earlier one */
	TIGHTEN_LARGER,	 /* the larger one counts */
	TIGHTEN_BOTH,	 /* lists: what both allow */
	TIGHTEN_ONLY,	 /* be set to the row's `only` */
};

/* What a variable of the environment says, where it is not the value itself. */
enum variable_form {
	VARIABLE_VALUE,	   /* of a bool, also 0 and 1 */
	VARIABLE_THERE,	   /* it is, and does not say no: true */
	VARIABLE_FRACTION, /* 0.7 is 70 percent */
	VARIABLE_ENGINE,   /* whether there is an engine: false is `restricted`,
			      unless nothing may run; true says nothing */
};

struct setting {
	const char *path;  /* "tools.code_execution.timeout" */
	const char *name;  /* short, for `set`; NULL: the path alone */
	enum value_type type;
	const char *words; /* VALUE_WORD: "none|full", the stricter first */
	const char *def;   /* as a person would write it */
	uint64_t min, max; /* bounds of the number, max 0: none; of a
			      VALUE_TEXT the least length */
	enum tighten tighten;
	const char *only;
	bool ceiling;	   /* may stand in `max` */
	enum setting_id same; /* whose ceiling is this one's too; 0: none, and
				 never SET_ENABLED */
	const char *env;   /* variables that set it, with commas, or NULL */
	enum variable_form form;
	/* For agents (policy_inputs): another default, and the ceiling where no
	   file names one; or NULL. */
	const char *agent, *agent_max;
	const char *help;  /* one sentence without a period */
};

extern const struct setting settings_table[SET_COUNT];

#define SETTINGS_POLICY "tools.code_execution"
#define SETTINGS_MAX SETTINGS_POLICY ".max"

/* By path or short name; NULL if there is none. */
const struct setting *settings_find(const char *name);
/* The same, with an error (ERR_USAGE) that offers the nearest name. */
const struct setting *settings_lookup(const char *name, struct err *err);
enum setting_id settings_id(const struct setting *s);
/* The name to use with people: the short one if there is one. */
const char *settings_name(const struct setting *s);
/* Is path a map of ours: "shell", "tools", SETTINGS_MAX ...? */
bool settings_is_section(const char *path);

struct value {
	bool set;
	uint64_t num; /* bool 0/1, index of the word, bytes, ms, count,
			 thousandths */
	char *text;   /* in its canonical form */
	struct strvec list; /* of VALUE_LIST; of VALUE_MAP: NAME=VALUE */
	char *where;  /* who said so: "FILE:LINE", "the default", ... */
};

#define VALUE_INIT {.list = STRVEC_INIT}
void value_release(struct value *v);
void value_copy(struct value *dst, const struct value *src);
bool value_equal(const struct value *a, const struct value *b);

/*
 * Read a value; where is copied.  The message (ERR_USAGE) says what is expected
 * but not of which setting: callers put the name or the place in front.  A text
 * for a list is separated by commas, or a YAML list; for a map a YAML map.
 */
int value_parse(const struct setting *s, const char *text, const char *where,
    struct value *v, struct err *err);
int value_from_yaml(const struct setting *s, const struct yaml_node *node,
    const char *where, struct value *v, struct err *err);
/* Is a stricter than b?  For TIGHTEN_SMALLER. */
bool value_less(const struct value *a, const struct value *b);
/* Appends it as YAML, so that value_from_yaml() reads the same. */
void value_add_yaml(const struct setting *s, const struct value *v,
    struct strbuf *out);

#endif
