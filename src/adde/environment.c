#include "adde/environment.h"

#include <string.h>

#include "adde/command.h"
#include "sandbox/kept.h"
#include "session/session.h"

#define DIGITS_MIN 4 /* of a beginning of an id */

int
environment_not_found(struct tool_call *c)
{
	err_set(&c->err, ERR_USAGE, "No such container: %s",
	    json_str(c->request, "container_id", ""));
	return err_hint(
	    &c->err, "create_runtime_env gives the id of a new one");
}

/* 2: exactly it, 1: a beginning, 0: something else. */
static int
matches(const json *record, const char *asked)
{
	const char *ids[] = {json_str(record, "id", ""),
	    json_str(json_get(record, "box"), "container", "")};
	int best = !strcmp(json_str(record, "name", ""), asked) ? 2 : 0;

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		if (!strcmp(ids[i], asked))
			best = 2;
		else if (!best && strlen(asked) >= DIGITS_MIN &&
			 str_starts(ids[i], asked))
			best = 1;
	}
	return best;
}

static json *
choose(struct tool_call *c, const json *list, const char *asked)
{
	const json *record, *found = NULL;
	bool several = false;
	int best = 0;

	json_each (record, list) {
		int match = matches(record, asked);

		several = match == best ? several || match : match < best &&
								 several;
		if (match > best) {
			best = match;
			found = record;
		}
	}
	if (found && !several)
		return json_copy(found);
	if (!found)
		environment_not_found(c);
	else
		err_set(&c->err, ERR_USAGE,
		    "container_id: several environments are meant by %s",
		    asked);
	return NULL;
}

json *
environment_find(struct tool_call *c)
{
	autofree char *asked = request_trimmed(c, "container_id");
	struct session *s;
	autojson json *list = NULL;

	if (!*asked) {
		err_set(&c->err, ERR_USAGE, "container_id is required");
		return NULL;
	}
	s = call_session(c);
	if (!s)
		return NULL;
	list = kept_list(&s->runtime, NULL);
	return choose(c, list, asked);
}

char *
environment_image(const json *record)
{
	autovec struct strvec facts = STRVEC_INIT;
	const char *id;

	json_strings(json_get(record, "facts"), &facts);
	id = strvec_env_get(&facts, "image_id");
	return id ? xstrdup(id) : NULL;
}
