/* What a policy lets a session do: run code, use images, paths and memory. */
#include "policy_files.h"

#include <sys/stat.h>

static void
not_executed(const char *text, const char *msg, const char *hint)
{
	struct policy *p;
	struct err err = ERR_INIT;

	start();
	put_file(USER_FILE, text);
	p = load();
	ok(policy_may_execute(p, &err) < 0, "running is refused");
	is_err(&err, ERR_POLICY, msg, hint);
	not_set(p, "enabled", "true", ERR_POLICY,
	    "enabled stays false (T/home/.config/addesh/addesh.yaml:3)",
	    "only a file can lift what a file says");
	policy_free(p);
}

static void
test_disabled(void)
{
	struct policy *p = (start(), load());
	struct err err = ERR_INIT;

	ok(!policy_may_execute(p, &err), "by default code runs");
	ok(!policy_set(p, "enabled", "no", NULL, &err), "it can be turned off");
	ok(policy_may_execute(p, &err) < 0, "then none runs");
	is_err(&err, ERR_POLICY, "running code is disabled: "
	    "tools.code_execution.enabled is false ('set')", "");
	ok(!policy_set(p, "enabled", "yes", NULL, &err), "and on again");
	policy_free(p);
	not_executed(CODE "    enabled: false\n",
	    "running code is disabled: tools.code_execution.enabled is false "
	    "(T/home/.config/addesh/addesh.yaml:3)",
	    "to allow it, change T/home/.config/addesh/addesh.yaml:3");
}

static void
is_allowed(const struct policy *p, const char *image, const char *digest,
    bool want)
{
	struct err err = ERR_INIT;

	is_int(!policy_may_use_image(p, image, digest, &err), want, "%s%s",
	    image, want ? " is allowed" : " is not allowed");
	err_clear(&err);
}

static void
may_push(const struct policy *p, const char *image, bool want)
{
	struct err err = ERR_INIT;
	struct reference ref;

	ok(!reference_parse(&ref, image, &err), "%s", image);
	is_int(!policy_may_push(p, &ref, &err), want, "%s %s", image,
	    want ? "may be pushed" : "is not pushed");
	reference_release(&ref);
	err_clear(&err);
}

static void
test_push(void)
{
	struct policy *p = (start(), load());

	may_push(p, "ghcr.io/a/b", false);
	may_push(p, "python", false);
	policy_free(p);
	start();
	put_file(USER_FILE, "engine: {push_registries: ['*.example.com', "
	    "'ghcr.io/team/*', docker.io]}\n");
	p = load();
	may_push(p, "r.example.com/a/b", true);
	may_push(p, "example.com/a", false);
	may_push(p, "evil.test/r.example.com", false);
	may_push(p, "r.example.com:5000/a", false);
	may_push(p, "ghcr.io/team/app:1", true);
	may_push(p, "ghcr.io/team", false);
	may_push(p, "ghcr.io/other/team/x", false);
	may_push(p, "x.ghcr.io/team/x", false);
	may_push(p, "index.docker.io/me/app", true);
	may_push(p, "python", true);
	policy_free(p);
}

static void
test_images(void)
{
	struct policy *p;
	struct err err = ERR_INIT;

	start();
	put_file(USER_FILE, CODE "    images: ['python:3*', node:latest, "
				 "'docker.io/library/ruby:*', "
				 "'sha256:0a', 'ghcr.io/me/*']\n");
	p = load();
	is_allowed(p, "python:3.11", NULL, true);
	is_allowed(p, "docker.io/library/python:3.11", NULL, true);
	is_allowed(p, "library/python:3.11", NULL, true);
	is_allowed(p, "evil.io/python:3.11", NULL, false);
	is_allowed(p, "node", NULL, true);
	is_allowed(p, "node:20", NULL, false);
	is_allowed(p, "ruby:3", NULL, true);
	is_allowed(p, "ghcr.io/me/x/y", NULL, true);
	is_allowed(p, "other", "sha256:0a", true);
	is_allowed(p, "other@sha256:0a", NULL, true);
	is_allowed(p, "other", "sha256:0b", false);
	policy_may_use_image(p, "perl", NULL, &err);
	is_err(&err, ERR_POLICY,
	    "the image perl is not allowed: tools.code_execution.images is "
	    "[\"python:3*\", node:latest, \"docker.io/library/ruby:*\", "
	    "sha256:0a, \"ghcr.io/me/*\"] "
	    "(T/home/.config/addesh/addesh.yaml:3)", "");
	policy_free(p);
}

static void
may_use(const struct policy *p, const char *path, bool want)
{
	struct err err = ERR_INIT;

	is_int(!policy_may_use_path(p, SET_HOST_WRITE, path, &err), want,
	    "writing %s", path);
	err_clear(&err);
}

static void
test_paths(void)
{
	struct err err = ERR_INIT;
	autofree char *outside = path_of("outside");
	struct policy *p;

	start();
	put_file(USER_FILE, "host: {read: [.], write: [./out]}\n");
	p = load();

	ok(!policy_may_use_path(p, SET_HOST_READ, "x/y", &err), "below .");
	ok(policy_may_use_path(p, SET_HOST_READ, "/etc/passwd", &err) < 0,
	    "elsewhere");
	is_err(&err, ERR_POLICY, "reading /etc/passwd is not allowed: "
	    "host.read is [\".\"] (T/home/.config/addesh/addesh.yaml:1)", "");
	may_use(p, "out", true);
	may_use(p, "out/", true);
	may_use(p, "out/a/b", true);
	may_use(p, "outer", false);
	may_use(p, "out/../x", false);
	may_use(p, ".", false);
	if (mkdir("out", 0700) || symlink(outside, "out/link") ||
	    symlink("..", "out/up"))
		abort();
	may_use(p, "out/link", false);
	may_use(p, "out/link/x", false);
	may_use(p, "out/up/x", false);
	may_use(p, "out/x", true);
	policy_free(p);
}

static void
test_memory(void)
{
	struct limits l = LIMITS_DEFAULT;
	struct err err = ERR_INIT;

	ok(!policy_check_memory(&l, UINT64_C(1) << 30, &err), "fits into 1g");
	ok(!policy_check_memory(&l, 0, &err), "an unknown size");
	ok(policy_check_memory(&l, 512u << 20, &err) < 0, "not into 512m");
	is_err(&err, ERR_POLICY, "the environment could take 784 MB of memory, "
	    "and the machine has 512 MB",
	    "memory_limit, /workspace, /tmp and /dev/shm count together\n"
	    "ask for less:  env new -m SIZE --disk SIZE");
	l.workspace = WORKSPACE_DISK;
	ok(!policy_check_memory(&l, 600u << 20, &err), "with the disk's place");
}

int
main(void)
{
	prepare();
	test_disabled();
	test_images();
	test_push();
	test_paths();
	test_memory();
	return finish();
}
