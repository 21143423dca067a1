/* What an installer lists, names of packages, and what becomes of them in the
   instructions of a layer. */
#include <stdlib.h>
#include <string.h>

#include "session/deps_layer.h"
#include "fuzz.h"

static struct languages *all;

static void
list(const struct language *l, const unsigned char *data, size_t size)
{
	autobuf struct strbuf before = STRBUF_INIT, after = STRBUF_INIT;
	struct dep_installed *v;
	size_t n;

	strbuf_add(&before, data, size / 3);
	strbuf_add(&after, data, size);
	v = deps_installed(l, &before, &after, &n);
	for (size_t i = 0; i < n; i++)
		if (!v[i].name || !v[i].version)
			abort();
	deps_installed_free(v, n);
}

/* Each instruction is a line, whatever the package is called. */
static void
instructions(const struct language *l, const char *package)
{
	autobuf struct strbuf text = STRBUF_INIT, plain = STRBUF_INIT;
	autovec struct strvec args = STRVEC_INIT, lists = STRVEC_INIT;
	struct image base = IMAGE_INIT;
	struct deps d = DEPS_INIT;
	autoerr struct err err = ERR_INIT;
	size_t lines = 0, wanted = 0;

	base.user = base.workdir = (char *)"";
	if (!deps_add(&d, l, package, &err)) {
		deps_dockerfile(&d, &base, NULL, &text, &args, &lists);
		deps_release(&d);
		if (deps_add(&d, l, "plain", &err))
			abort();
		deps_dockerfile(&d, &base, NULL, &plain, &args, &lists);
		for (const char *p = text.buf; *p; p++)
			lines += *p == '\n';
		for (const char *p = plain.buf; *p; p++)
			wanted += *p == '\n';
		if (lines != wanted || strlen(text.buf) != text.len)
			abort();
		deps_remove(&d, package, &err);
	}
	deps_release(&d);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const char *const names[] = {"python", "javascript", "ruby",
	    "go"};
	autofree char *text = xstrndup((const char *)data, size);
	autofree char *name = deps_name(text);
	autoerr struct err err = ERR_INIT;

	if (!all)
		all = languages_load(NULL, NULL, &err);
	if (!all || strlen(name) > strlen(text))
		abort();
	deps_file_language(all, NULL, text, &err);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct language *l = languages_by_name(all, names[i]);

		deps_file_language(all, l, text, &err);
		list(l, data, size);
		instructions(l, text);
	}
	return 0;
}
