/* YAML texts into policies, as the user's file and as the project's. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "session/policy_impl.h"
#include "fuzz.h"

static void
read_as(enum layer layer, const struct yaml *y)
{
	struct policy *p = policy_new(), *copy;
	autovec struct strvec problems = STRVEC_INIT;
	autobuf struct strbuf out = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	json *all;

	policy_read(p, layer, y, &problems);
	copy = policy_copy(p);
	policy_report(&problems, &err);
	policy_show(copy, &out);
	all = policy_to_json(copy);
	json_free(all);
	policy_may_use_image(copy, "docker.io/library/python:3", NULL, &err);
	policy_set(copy, "timeout", "5m", NULL, &err);
	policy_free(p);
	policy_free(copy);
}

/* The same bytes as a value of each setting, where they are text. */
static void
set_all(const unsigned char *data, size_t size)
{
	autofree char *text = xstrndup((const char *)data, size);
	struct policy *p = policy_new();

	for (size_t i = 0; i < SET_COUNT; i++) {
		autoerr struct err err = ERR_INIT;

		policy_set(p, settings_table[i].path, text, "-x", &err);
	}
	policy_free(p);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	autoerr struct err err = ERR_INIT;
	struct yaml *y = yaml_parse("f", (const char *)data, size, &err);

	if (y) {
		read_as(LAYER_USER, y);
		read_as(LAYER_PROJECT, y);
	}
	yaml_doc_free(y);
	if (size < 200 && !memchr(data, '\0', size))
		set_all(data, size);
	return 0;
}
