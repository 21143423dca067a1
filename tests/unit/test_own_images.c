/* Which images are ours, and when one was used. */
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "session/dep_use.h"
#include "session/own_image.h"
#include "tap.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static json *
labels(const char *text)
{
	autoerr struct err err = ERR_INIT;

	return json_parse(text, strlen(text), &err);
}

static void
test_own(void)
{
	autojson json *ours = labels("{\"x\":\"\",\"addesh.image\":\"build\"}");
	autojson json *other = labels("{\"x.addesh.image\":\"build\"}");
	autojson json *wrong = labels("[\"addesh.image\"]");

	ok(own_image(ours), "one of our labels makes it ours");
	ok(!own_image(other), "one that only ends so does not");
	ok(!own_image(wrong), "nor does a list");
	ok(!own_image(NULL), "nor does none");
}

static void
test_deps(void)
{
	autojson json *deps = labels(
	    "{\"addesh.image\":\"deps\",\"addesh.deps.key\":\"k1\"}");
	autojson json *built = labels(
	    "{\"addesh.image\":\"build\",\"addesh.deps.key\":\"k1\"}");
	autojson json *no_key = labels("{\"addesh.image\":\"deps\"}");

	ok(own_image_is_deps(deps, "addesh-deps:k1"), "the name and the key");
	ok(own_image_is_deps(deps, "localhost/addesh-deps:k1"),
	    "as Podman names it");
	ok(!own_image_is_deps(deps, "addesh-deps:k2"), "another key");
	ok(!own_image_is_deps(deps, "my-addesh-deps:k1"), "another name");
	ok(!own_image_is_deps(deps, "derived:k1"),
	    "what inherits the labels is not it");
	ok(!own_image_is_deps(built, "addesh-deps:k1"), "another kind");
	ok(!own_image_is_deps(no_key, "addesh-deps:"), "no key");
}

static void
test_use(const char *dir)
{
	struct runtime rt = {.state_dir = (char *)dir};
	struct timeval old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	autofree char *path = xasprintf("%s/deps/" ID, dir);
	autovec struct strvec ids = STRVEC_INIT;
	autoerr struct err err = ERR_INIT;
	int64_t before = time(NULL);

	is_int(dep_use_time(&rt, ID), 0, "not used yet");
	dep_use_list(&rt, &ids);
	is_int(ids.n, 0, "none is");
	is_int(access(dir, F_OK), -1, "which wrote nothing");
	is_int(dep_use_note(&rt, "sha256:" ID, &err), 0, "used: %s",
	    err.msg.buf);
	/* The clock of a file may be a tick behind. */
	ok(dep_use_time(&rt, ID) >= before - 1, "the time of that");
	utimes(path, old);
	is_int(dep_use_time(&rt, "sha256:" ID), 1000, "it is kept");
	is_int(dep_use_note(&rt, ID, &err), 0, "used again");
	ok(dep_use_time(&rt, ID) >= before - 1, "which counts");
	dep_use_list(&rt, &ids);
	ok(ids.n == 1 && !strcmp(ids.v[0], ID), "the list has it");
	dep_use_forget(&rt, ID);
	dep_use_forget(&rt, ID);
	is_int(dep_use_time(&rt, ID), 0, "forgotten");
}

static void
test_bad_ids(const char *dir)
{
	static const char *const bad[] = {"", "sha256:", "../x", "sha256:../x",
	    "abc/def", "ABC", "abc\n"};
	struct runtime rt = {.state_dir = (char *)dir};
	autoerr struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		is_int(dep_use_note(&rt, bad[i], &err), -1, "no id: %zu", i);
		is_int(dep_use_time(&rt, bad[i]), 0, "and no time: %zu", i);
		dep_use_forget(&rt, bad[i]);
	}
}

int
main(void)
{
	char top[] = "/tmp/addesh-test-XXXXXX";
	autofree char *dir = NULL;
	autoerr struct err err = ERR_INIT;

	if (!mkdtemp(top))
		return 99;
	dir = io_join(top, "state");
	test_own();
	test_deps();
	test_use(dir);
	test_bad_ids(dir);
	io_remove_tree(top, &err);
	return done();
}
