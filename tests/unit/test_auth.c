/* Credentials for registries: where they come from and how they are sent. */
#include "engine/auth.h"

#include <sys/stat.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/io.h"
#include "engine/secret.h"
#include "tap.h"

static char *dir;
static struct loop *loop;
static unsigned interrupts;

static void
write_mode(const char *name, const char *text, mode_t mode)
{
	autoerr struct err err = ERR_INIT;
	autofree char *path = io_join(dir, name), *parent = xstrdup(path);

	*strrchr(parent, '/') = '\0';
	if (io_mkdirs(parent, 0700, &err) ||
	    io_replace_file(path, text, strlen(text), mode, &err))
		ok(false, "%s", err.msg.buf);
}

static void
write_config(const char *text)
{
	write_mode("config.json", text, 0600);
}

static int
find(struct auth *a, const char *image, const char *more, bool podman,
    struct err *err)
{
	autofree char *config = xasprintf("DOCKER_CONFIG=%s", dir);
	autofree char *xdg = xasprintf("XDG_RUNTIME_DIR=%s/run", dir);
	autovec struct strvec env = STRVEC_INIT;
	struct auth_inputs in = {.env = &env, .podman = podman, .loop = loop,
	    .interrupts = &interrupts};
	struct reference ref;
	int rc;

	strvec_push(&env, config);
	strvec_push(&env, xdg);
	if (more)
		strvec_push(&env, more);
	if (reference_parse(&ref, image, err))
		return -2;
	rc = auth_find(a, &ref, &in, err);
	reference_release(&ref);
	return rc;
}

/* want: "user password server", NULL for none, or "!" and the error. */
static void
finds(const char *image, const char *more, bool podman, const char *want)
{
	autoerr struct err err = ERR_INIT;
	autofree char *got = NULL;
	struct auth a;
	int rc = find(&a, image, more, podman, &err);

	if (rc > 0)
		got = xasprintf("%s %s %s",
		    a.username ? a.username : "<token>",
		    a.username ? a.password
		    : a.identitytoken ? a.identitytoken : a.registrytoken,
		    a.serveraddress);
	else if (rc < 0)
		got = xasprintf("!%s", err.msg.buf);
	is_str(got, want, "%s: %s", image, want ? want : "none");
	auth_release(&a);
}

#define HUB "https://index.docker.io/v1/"

static void
test_auths(void)
{
	write_config("{\"auths\":{"
	    "\"" HUB "\":{\"auth\":\"aHViOnB3\"},"		  /* hub:pw */
	    "\"ghcr.io\":{\"auth\":\"dTpwOnc=\"},"		  /* u:p:w */
	    "\"https://old.example/v1/\":{\"auth\":\"bzpwAAA=\"}," /* o:p\0\0 */
	    "\"tok.example\":{\"identitytoken\":\"idt\"},"
	    "\"reg.example\":{\"registrytoken\":\"rt\"},"
	    "\"plain.example\":{\"username\":\"n\",\"password\":\"m\"},"
	    "\"bad.example\":{\"auth\":\"****\"},"
	    "\"unpadded.example\":{\"auth\":\"YTpiYw\"},"
	    "\"nocolon.example\":{\"auth\":\"YWJj\"},"
	    "\"empty.example\":{}}}");
	finds("python", NULL, false, "hub pw " HUB);
	finds("index.docker.io/a/b", NULL, false, "hub pw " HUB);
	finds("ghcr.io/a/b", NULL, false, "u p:w ghcr.io");
	finds("old.example/a", NULL, false, "o p old.example");
	finds("tok.example/a", NULL, false, "<token> idt tok.example");
	finds("reg.example/a", NULL, false, "<token> rt reg.example");
	finds("plain.example/a", NULL, false, "n m plain.example");
	finds("empty.example/a", NULL, false, NULL);
	finds("other.example/a", NULL, false, NULL);
	finds("ghcr.io:443/a", NULL, false, NULL);
	finds("bad.example/a", NULL, false, "!the credentials for "
	    "bad.example: \"auth\" is not the base64 of user:password");
	finds("unpadded.example/a", NULL, false, "!the credentials for "
	    "unpadded.example: \"auth\" is not the base64 of user:password");
	finds("nocolon.example/a", NULL, false, "!the credentials for "
	    "nocolon.example: \"auth\" is not the base64 of user:password");
}

static void
test_environment(void)
{
	finds("ghcr.io/a", "DOCKER_AUTH_CONFIG={\"auths\":{\"ghcr.io\":"
			   "{\"auth\":\"ZTplZQ==\"}}}", false,
	    "e ee ghcr.io");
	finds("plain.example/a", "DOCKER_AUTH_CONFIG={\"auths\":{\"ghcr.io\":"
			   "{\"auth\":\"ZTplZQ==\"}}}", false,
	    "n m plain.example");
	finds("ghcr.io/a", "DOCKER_AUTH_CONFIG={\"credsStore\":\"x\"}", false,
	    "!DOCKER_AUTH_CONFIG: unknown field 'credsStore'");
	finds("ghcr.io/a", "DOCKER_AUTH_CONFIG={\"auths\":{\"ghcr.io\":"
			   "{\"auth\":\"ZTplZQ==\",\"email\":\"x\"}}}", false,
	    "!DOCKER_AUTH_CONFIG: ghcr.io: unknown field 'email'");
	finds("ghcr.io/a", "DOCKER_AUTH_CONFIG=[1]", false,
	    "!DOCKER_AUTH_CONFIG: it is not an object");
	finds("ghcr.io/a", "DOCKER_AUTH_CONFIG={\"auths\":[[1]]}", false,
	    "!DOCKER_AUTH_CONFIG: \"auths\" is not an object");
	finds("ghcr.io/a", "DOCKER_AUTH_CONFIG={\"auths\":{\"ghcr.io\":[1]}}",
	    false, "!DOCKER_AUTH_CONFIG: ghcr.io: it is not an object");
	finds("ghcr.io/a", "DOCKER_AUTH_CONFIG={\"auths\":", false,
	    "!DOCKER_AUTH_CONFIG: not valid JSON at byte 8");
	finds("ghcr.io/a", "DOCKER_AUTH_CONFIG=", false, "u p:w ghcr.io");
}

static void
on_time(void *arg)
{
	interrupts++;
}

/* Its output is at its end, and it is not. */
static void
test_helper_stays(void)
{
	struct loop_timer *t =
	    loop_timer_add(loop, clock_ms() + 300, on_time, NULL);

	finds("stay.example/a", NULL, false,
	    "!docker-credential-one: interrupted");
	loop_timer_remove(t);
}

static void
test_helpers(void)
{
	autofree char *path = xasprintf("%s/bin:%s", dir, getenv("PATH"));

	setenv("PATH", path, 1);
	write_mode("bin/docker-credential-one",
	    "#!/bin/sh\n[ $# = 1 ] && [ \"$1\" = get ] || exit 3\n"
	    "read server\ncase $server in\n"
	    "one.example) echo '{\"ServerURL\":\"x\",\"Username\":\"one\","
	    "\"Secret\":\"s1\"}';;\n"
	    "tok.example) echo '{\"Username\":\"<token>\","
	    "\"Secret\":\"idt1\"}';;\n"
	    "fail.example) echo 'secret words'; exit 1;;\n"
	    "junk.example) echo 'secret words';;\n"
	    "long.example) head -c 100000 /dev/zero;;\n"
	    "stay.example) exec sleep 1000 >&-;;\n"
	    "*) echo 'credentials not found in native keychain'; exit 1;;\n"
	    "esac\n", 0700);
	write_mode("bin/docker-credential-two",
	    "#!/bin/sh\ncat >/dev/null\n"
	    "echo '{\"Username\":\"two\",\"Secret\":\"s2\"}'\n", 0700);
	write_config("{\"credsStore\":\"one\",\"credHelpers\":{"
		     "\"two.example\":\"two\",\"up.example\":\"../x\","
		     "\"gone.example\":\"gone\"},\"auths\":{"
		     "\"plain.example\":{\"auth\":\"dTpw\"}}}");
	finds("one.example/a", NULL, false, "one s1 one.example");
	finds("tok.example/a", NULL, false, "<token> idt1 tok.example");
	finds("two.example/a", NULL, false, "two s2 two.example");
	finds("plain.example/a", NULL, false, "u p plain.example");
	finds("none.example/a", NULL, false, NULL);
	finds("fail.example/a", NULL, false,
	    "!docker-credential-one: it failed with status 1");
	finds("junk.example/a", NULL, false,
	    "!docker-credential-one: its answer is not understood");
	finds("long.example/a", NULL, false,
	    "!docker-credential-one: its answer is too long");
	finds("gone.example/a", NULL, false, "!credential helper: "
	    "docker-credential-gone: No such file or directory");
	finds("up.example/a", NULL, false, "!'../x' is not the name of a "
	    "credential helper");
	test_helper_stays();
}

static void
test_podman(void)
{
	autofree char *other = xasprintf("REGISTRY_AUTH_FILE=%s/other", dir);

	write_config("{\"auths\":{\"both.example\":{\"auth\":\"ZDpk\"},"
		     "\"docker.example\":{\"auth\":\"ZDpk\"}}}");
	write_mode("run/containers/auth.json", "{\"auths\":{"
	    "\"both.example\":{\"auth\":\"cDpw\"},"
	    "\"docker.io\":{\"auth\":\"aDpo\"},"
	    "\"quay.io/team\":{\"auth\":\"dDp0\"},"
	    "\"quay.io/team/app\":{\"auth\":\"YTph\"}}}", 0600);
	write_mode("other", "{\"auths\":{\"o.example\":{\"auth\":\"bzpv\"}}}",
	    0600);
	finds("both.example/a", NULL, true, "p p both.example");
	finds("both.example/a", NULL, false, "d d both.example");
	finds("docker.example/a", NULL, true, "d d docker.example");
	finds("python", NULL, true, "h h docker.io");
	finds("quay.io/team/app", NULL, true, "a a quay.io");
	finds("quay.io/team/other", NULL, true, "t t quay.io");
	finds("quay.io/else", NULL, true, NULL);
	finds("both.example/a", other, true, NULL);
	finds("o.example/a", other, true, "o o o.example");
}

static void
sends(struct auth a, const char *want)
{
	char *header = auth_header(&a);

	is_str(header, want, "%s", want);
	secret_free(&header);
}

static void
test_header(void)
{
	autobuf struct strbuf back = STRBUF_INIT;
	struct auth ctl = {.username = (char *)"\"\\\n\001\xc3\xa9"};
	char *header;

	sends((struct auth){0}, "e30=");
	sends((struct auth){.identitytoken = (char *)"9cbaf023786cd7"},
	    "eyJpZGVudGl0eXRva2VuIjoiOWNiYWYwMjM3ODZjZDcifQ==");
	sends((struct auth){.username = (char *)"u",
		  .password = (char *)"~~~?\?\?>>>",
		  .serveraddress = (char *)"ghcr.io"},
	    "eyJ1c2VybmFtZSI6InUiLCJwYXNzd29yZCI6In5-fj8_Pz4-PiIsInNlcnZlcmFk"
	    "ZHJlc3MiOiJnaGNyLmlvIn0=");
	header = auth_header(NULL);
	is_str(header, "e30=", "none at all");
	secret_free(&header);
	header = auth_header(&ctl);
	for (char *s = header; *s; s++)
		*s = *s == '-' ? '+' : *s == '_' ? '/' : *s;
	ok(!base64_decode(&back, header, strlen(header)), "odd names pass");
	is_str(back.buf, "{\"username\":\"\\\"\\\\\\n\\u0001\xc3\xa9\"}",
	    "as JSON");
	secret_free(&header);
}

int
main(void)
{
	char template[] = "/tmp/addesh-auth-XXXXXX";
	autoerr struct err err = ERR_INIT;

	dir = mkdtemp(template);
	loop = loop_new();
	test_header();
	test_auths();
	test_environment();
	test_helpers();
	test_podman();
	loop_free(loop);
	io_remove_tree(dir, &err);
	return done();
}
