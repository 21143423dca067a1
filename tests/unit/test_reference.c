/* Names of images: the rules of github.com/distribution/reference. */
#include "engine/reference.h"

#include "tap.h"

#define HEX32 "0123456789abcdef0123456789abcdef"
#define SHA "sha256:" HEX32 HEX32

static void
good(const char *name, const char *full, const char *familiar)
{
	autoerr struct err err = ERR_INIT;
	struct reference ref;
	autofree char *a = NULL, *b = NULL;

	if (!ok(!reference_parse(&ref, name, &err), "%s is a name", name))
		return;
	a = reference_full(&ref);
	b = reference_familiar(&ref);
	is_str(a, full, "%s in full", name);
	is_str(b, familiar, "%s as people write it", name);
	reference_release(&ref);
}

static void
bad(const char *name, const char *why)
{
	autoerr struct err err = ERR_INIT;
	struct reference ref;

	ok(reference_parse(&ref, name, &err) < 0 && err.kind == ERR_USAGE,
	    "\"%.60s\" is none", name);
	ok(strstr(err.msg.buf, why), "because %s: %s", why, err.msg.buf);
}

static void
implicit(const char *name, bool want)
{
	autoerr struct err err = ERR_INIT;
	struct reference ref;

	ok(!reference_parse(&ref, name, &err) &&
		reference_is_implicit(&ref) == want,
	    "%s %s :latest", name, want ? "means" : "does not mean");
	reference_release(&ref);
}

static void
registry(const char *name, const char *want)
{
	autoerr struct err err = ERR_INIT;
	autofree char *got = reference_registry(name, &err);

	is_str(got, want, "registry %s", name);
	ok(got || strstr(err.msg.buf, "is not the name of a registry"),
	    "and the reason: %s", err.msg.buf);
}

int
main(void)
{
	char longest[300] = "";

	good("python", "docker.io/library/python:latest", "python:latest");
	good("python:3.11-slim", "docker.io/library/python:3.11-slim",
	    "python:3.11-slim");
	good("docker.io/python", "docker.io/library/python:latest",
	    "python:latest");
	good("index.docker.io/library/python:3",
	    "docker.io/library/python:3", "python:3");
	good("me/app", "docker.io/me/app:latest", "me/app:latest");
	good("library/a/b", "docker.io/library/a/b:latest",
	    "library/a/b:latest");
	good("localhost/app", "localhost/app:latest", "localhost/app:latest");
	good("localhost:5000/app:v1", "localhost:5000/app:v1",
	    "localhost:5000/app:v1");
	good("ghcr.io/a/b/c:x.y-z_1", "ghcr.io/a/b/c:x.y-z_1",
	    "ghcr.io/a/b/c:x.y-z_1");
	good("Registry/app", "Registry/app:latest", "Registry/app:latest");
	good("[fd00::1]:5000/app", "[fd00::1]:5000/app:latest",
	    "[fd00::1]:5000/app:latest");
	good("app@" SHA, "docker.io/library/app@" SHA, "app@" SHA);
	good("app:1@" SHA, "docker.io/library/app:1@" SHA, "app:1@" SHA);
	good("a__b/c-----d/e.f_g", "docker.io/a__b/c-----d/e.f_g:latest",
	    "a__b/c-----d/e.f_g:latest");
	good("docker.io/a.b/c", "docker.io/a.b/c:latest",
	    "docker.io/a.b/c:latest");
	good("host:5000", "docker.io/library/host:5000", "host:5000");

	bad("", "empty");
	bad("Python", "lower case");
	bad("me/App", "lower case");
	bad(HEX32 HEX32, "id of an image");
	bad("a___b", "name is not valid");
	bad("a..b", "name is not valid");
	bad("-a", "name is not valid");
	bad("a-", "name is not valid");
	bad("a//b", "name is not valid");
	bad("a/", "name is not valid");
	bad("/a", "name is not valid");
	bad("a b", "name is not valid");
	bad("a?b#c", "name is not valid");
	bad("-x.io/a", "registry");
	bad("x..io/a", "registry");
	bad("x.io:/a", "registry");
	bad("x.io:port/a", "registry");
	bad("a:", "tag");
	bad("a:-x", "tag");
	bad("a:b:c", "tag");
	bad("a@", "digest");
	bad("a@sha256:abc", "digest");
	bad("a@md5:" HEX32, "digest");
	bad("\xc3\xa9", "name is not valid");
	memset(longest, 'a', 256);
	bad(longest, "255");
	memset(longest, 0, sizeof(longest));
	memcpy(longest, "a:", 2);
	memset(longest + 2, 'b', 129);
	bad(longest, "tag");

	registry("ghcr.io", "ghcr.io");
	registry("localhost", "localhost");
	registry("[::1]:5000", "[::1]:5000");
	registry("https://ghcr.io", "ghcr.io");
	registry("http://host:5000/", "host:5000");
	registry("https://index.docker.io/v1/", "docker.io");
	registry("registry-1.docker.io", "docker.io");
	registry("", NULL);
	registry("team", NULL);
	registry("ghcr.io/team", NULL);
	registry("a b.io", NULL);
	registry("https://", NULL);
	registry("x.io:port", NULL);
	registry("x.io\n", NULL);
	implicit("python", true);
	implicit("python:latest", false);
	implicit("python@" SHA, false);
	return done();
}
