/* Records of kept environments: what was read is written and read the same. */
#include <stdlib.h>
#include <string.h>

#include "sandbox/kept.h"
#include "fuzz.h"

static void
again(const struct env_spec *spec)
{
	autojson json *j = kept_spec_json(spec);
	autofree char *text = json_print(j), *second = NULL;
	autojson json *back = NULL;
	autoerr struct err err = ERR_INIT;
	struct env_spec copy;

	if (kept_spec_read(j, &copy, &err))
		abort();
	back = kept_spec_json(&copy);
	second = json_print(back);
	if (strcmp(text, second))
		abort();
	env_spec_release(&copy);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	autoerr struct err err = ERR_INIT, wrong = ERR_INIT;
	autojson json *record = json_parse((const char *)data, size, &err);
	struct env_spec spec;

	if (!record)
		return 0;
	kept_state(record, NULL, NULL);
	kept_state(record, record, "unix:///x");
	if (!kept_spec_read(json_get(record, "spec"), &spec, &wrong))
		again(&spec);
	else if (wrong.kind == ERR_NONE)
		abort();
	env_spec_release(&spec);
	return 0;
}
