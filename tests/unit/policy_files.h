/*
 * For the unit programs of session/policy: a home, a site and a project of our
 * own, the files of policies in them, and what a policy then says.
 */
#ifndef ADDESH_TESTS_POLICY_FILES_H
#define ADDESH_TESTS_POLICY_FILES_H

#include "tap.h"

#include "base/io.h"
#include "base/xdg.h"
#include "session/policy.h"

static char *top; /* a directory of our own; the project is in top/project */

static inline char *
path_of(const char *name)
{
	return io_join(top, name);
}

static inline void
put_file(const char *name, const char *text)
{
	autofree char *path = path_of(name);
	autofree char *dir = xstrdup(path);
	struct err err = ERR_INIT;

	*strrchr(dir, '/') = '\0';
	if (io_mkdirs(dir, 0700, &err) ||
	    io_replace_file(path, text, strlen(text), 0600, &err))
		abort();
}

/* No file is there, and no variable is set. */
static inline void
start(void)
{
	static const char *const variables[] = {"ADDESH_CONFIG",
	    "ADDESH_ENGINE", "ADDESH_PROGRESS", "BUILDKIT_PROGRESS",
	    "ACCESSIBLE"};
	static const char *const files[] = {"home/.config/addesh", "site",
	    "project/.addesh.yaml"};

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		unsetenv(variables[i]);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		autofree char *path = path_of(files[i]);
		struct err err = ERR_INIT;

		io_remove_tree(path, &err);
		err_clear(&err);
	}
}

#define USER_FILE "home/.config/addesh/addesh.yaml"
#define SITE_FILE "site/addesh/addesh.yaml"
#define PROJECT_FILE "project/.addesh.yaml"
#define CODE "tools:\n  code_execution:\n"

static inline struct policy *
load_with(const struct policy_inputs *in)
{
	struct err err = ERR_INIT;
	struct policy *p = policy_load(in, &err);

	if (!ok(p, "the policy loads")) {
		printf("# %s\n# %s\n", err.msg.buf, err.hint.buf);
		exit(1);
	}
	return p;
}

static inline struct policy *
load(void)
{
	return load_with(&(struct policy_inputs){0});
}

/* The message and hint, with the directory as T. */
static inline char *
shorten(const char *text)
{
	struct strbuf out = STRBUF_INIT;
	size_t n = strlen(top);

	while (*text) {
		if (!strncmp(text, top, n)) {
			strbuf_addc(&out, 'T');
			text += n;
		} else {
			strbuf_addc(&out, *text++);
		}
	}
	return strbuf_detach(&out);
}

static inline void
is_err(struct err *err, enum err_kind kind, const char *msg, const char *hint)
{
	autofree char *m = shorten(err->msg.buf), *h = shorten(err->hint.buf);

	is_int(err->kind, kind, "the kind of error");
	is_str(m, msg, "the message");
	is_str(h, hint, "the hint");
	err_clear(err);
}

static inline void
not_set(struct policy *p, const char *name, const char *text,
    enum err_kind kind, const char *msg, const char *hint)
{
	struct err err = ERR_INIT;

	ok(policy_set(p, name, text, NULL, &err) < 0, "set %s wrongly", name);
	is_err(&err, kind, msg, hint);
}

static inline void
prepare(void)
{
	static char name[] = "/tmp/test_policy.XXXXXX";
	autofree char *home = NULL, *site = NULL, *project = NULL;
	struct err err = ERR_INIT;

	if (!mkdtemp(name))
		abort();
	top = realpath(name, NULL);
	home = path_of("home");
	site = path_of("site");
	project = path_of("project");
	if (io_mkdirs(home, 0700, &err) || io_mkdirs(project, 0700, &err) ||
	    chdir(project))
		abort();
	setenv("HOME", home, 1);
	setenv("XDG_CONFIG_DIRS", site, 1);
	unsetenv("XDG_CONFIG_HOME");
}

static inline int
finish(void)
{
	struct err err = ERR_INIT;

	io_remove_tree(top, &err);
	free(top);
	return done();
}

#endif
