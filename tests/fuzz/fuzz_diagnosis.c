/*
 * What a program wrote, into the diagnosis of known failures: nothing of it may
 * mean something to the shell in the command that is suggested, or be a place
 * outside of the user's own code.
 */
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "session/diagnosis.h"
#include "fuzz.h"

static void
check_suggestion(const json *found)
{
	static const char *const joints[] = {" && exec -- ", " && env new ",
	    " && exec /tmp/crash"};
	static const char special[] = "|&;<>\"'`$\\\n\r\033";
	const char *s = json_str(found, "suggestion", ""), *joint = NULL;
	size_t plain = strcspn(s, special);

	/* Those of the file itself have none of these, but for one joint. */
	for (size_t i = 0; plain && i < 3; i++)
		if (str_starts(s + plain - 1, joints[i]))
			joint = s + plain - 1 + strlen(joints[i]);
	if (!json_str(found, "kind", NULL) ||
	    (s[plain] && (!joint || strpbrk(joint, special))))
		abort();
}

/* The user's own code lies in two directories. */
static void
check_place(const json *found)
{
	const char *file = json_str(found, "file", "");

	if (*file == '/' || strstr(file, "..") || strpbrk(file, "<>\n\033") ||
	    json_int(found, "line", 1) < 1 ||
	    (json_get(found, "line") && !*file))
		abort();
}

static void
diagnose(const struct strbuf *text, const char *language, unsigned how)
{
	char source[] = "/a", data[] = "/data", below[] = "/data/c";
	const struct volume volumes[] = {
	    {.source = source, .target = data, .read_only = true},
	    {.source = source, .target = below, .read_only = true}};
	struct diagnosis_input in = {.language = language,
	    .volumes = volumes,
	    .nvolumes = 2,
	    .workspace = "/workspace",
	    .workdir = how & 1 ? "/data/c" : "/workspace",
	    .memory = how & 1 ? 1 << 20 : 0,
	    .network = how & 1,
	    .restricted = how & 2,
	    .file = how & 2 ? "a.py" : NULL,
	    .end = how == 5 ? ENDED_AT_LIMIT
		: how == 7 ? ENDED_BY_CRASH : ENDED_ITSELF,
	    .out = how & 4 ? text : NULL,
	    .err = how & 4 ? NULL : text};
	autoerr struct err err = ERR_INIT;
	json *found;

	/* A failure here is a missing file: then this tests nothing. */
	if (diagnosis_find(&in, &found, &err))
		abort();
	if (found)
		check_suggestion(found);
	if (found)
		check_place(found);
	json_free(found);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const char *const languages[] = {NULL, "python", "javascript",
	    "ruby", "perl", "lua", "r", "go", "java", "typescript", "shell",
	    "rust", "c", "cpp", "php"};
	autobuf struct strbuf text = STRBUF_INIT;
	size_t count = sizeof(languages) / sizeof(languages[0]);

	if (size == 0)
		return 0;
	strbuf_add(&text, data + 1, size - 1);
	diagnose(&text, languages[(data[0] >> 3) % count], data[0] & 7);
	return 0;
}
