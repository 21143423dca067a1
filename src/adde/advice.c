#include "adde/advice.h"

#include <string.h>

#include "base/strbuf.h"

/* By the kind of a diagnosis.  %s is the last word of the command that is to be
   typed, which must be this one: the restricted sandbox has others. */
static const struct {
	const char *kind, *command, *advice;
} known[] = {
    {"connection_refused", NULL,
	"start what it connects to in the same program"},
    {"disk_full", NULL, "remove files, or begin anew: create_runtime_env"},
    {"environment_lost", NULL, "begin anew: create_runtime_env"},
    {"interpreter_missing", "env new ",
	"create_runtime_env with an image that has it, such as %s"},
    {"missing_module", "dep add ",
	"create_runtime_env with \"dependencies\": [\"%s\"]"},
    {"missing_file", NULL,
	"write it first: the environment has no files of this host"},
    {"network_refused", NULL, "create_runtime_env with \"network\": true"},
    {"no_input", NULL, "there is no input: put it into the code"},
    {"out_of_memory", NULL,
	"use less memory: the limit is the same in every environment"},
    {"port_in_use", NULL, "take another port"},
    {"read_only_path", NULL, "write into /workspace or /tmp"},
    {"timeout", NULL, "a larger timeout_sec"},
};

static const char *
typed(const char *line)
{
	const char *colon = strstr(line, ":  ");

	return colon ? colon + strlen(":  ") : NULL;
}

/* With a word of the hint in the place of %s; NULL if there is none for it. */
static char *
fill(const char *advice, const char *command, const char *hint)
{
	const char *line = typed(hint), *place = strstr(advice, "%s");

	if (!command)
		return xstrdup(advice);
	if (!line || !str_starts(line, command))
		return NULL;
	return xasprintf("%.*s%s%s", (int)(place - advice), advice,
	    strrchr(line, ' ') + 1, place + strlen("%s"));
}

char *
advice_for_run(const json *result)
{
	const json *diagnosis = json_get(result, "diagnosis");
	const char *kind = json_str(diagnosis, "kind", "");
	const char *hint = json_str(result, "hint", "");
	char *advice = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(known) && !advice; i++)
		if (!strcmp(known[i].kind, kind))
			advice = fill(known[i].advice, known[i].command,
			    hint);
	return advice || !*hint || typed(hint) ? advice : xstrdup(hint);
}

json *
advice_diagnosis(const json *result)
{
	const json *diagnosis = json_get(result, "diagnosis");
	json *copy;

	if (!json_get(diagnosis, "kind"))
		return NULL;
	copy = json_copy(diagnosis);
	json_remove(copy, "suggestion");
	return copy;
}

int
advice_add(struct err *err, const char *hint)
{
	autobuf struct strbuf line = STRBUF_INIT;

	for (const char *p = hint; *p; p += *p == '\n') {
		size_t n = strcspn(p, "\n");

		strbuf_reset(&line);
		strbuf_add(&line, p, n);
		if (n && !typed(line.buf) && !str_starts(line.buf, "usage: ") &&
		    !str_starts(line.buf, "addesh "))
			err_hint(err, "%s", line.buf);
		p += n;
	}
	return -1;
}
