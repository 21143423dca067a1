/* Which engine is chosen, from what, and why. */
#include "engine/endpoint.h"

#include <sys/stat.h>

#include "base/io.h"
#include "engine/context.h"
#include "tap.h"

static char *dir; /* DOCKER_CONFIG of most tests */
static const char *sockets[4];

static bool
fake_socket(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(sockets) && sockets[i]; i++)
		if (!strcmp(sockets[i], path))
			return true;
	return false;
}

static int
resolve(struct endpoint *ep, const char *asked, const char *const *env,
    struct err *err)
{
	autovec struct strvec vars = STRVEC_INIT;
	struct endpoint_inputs in = {.asked = asked, .asked_by = "--engine",
	    .env = &vars, .home = "/nonexistent", .uid = 1000,
	    .is_socket = fake_socket};

	for (; *env; env++)
		strvec_push(&vars, *env);
	return endpoint_resolve(ep, &in, err);
}

/* "URL why" */
static void
chooses(const char *asked, const char *const *env, const char *url,
    const char *why)
{
	autoerr struct err err = ERR_INIT;
	struct endpoint ep;

	if (!ok(!resolve(&ep, asked, env, &err), "%s, %s...: found",
		asked ? asked : "nothing asked", env[0] ? env[0] : "")) {
		printf("# %s\n", err.msg.buf);
		return;
	}
	is_str(ep.url, url, "it is %s", url);
	is_str(ep.why, why, "because %s", why);
	endpoint_release(&ep);
}

static void
refuses(const char *asked, const char *const *env, const char *why)
{
	autoerr struct err err = ERR_INIT;
	struct endpoint ep;

	if (ok(resolve(&ep, asked, env, &err) < 0, "%s, %s: refused",
		asked ? asked : "nothing asked", env[0] ? env[0] : ""))
		is_str(err.msg.buf, why, "because %s", why);
	else
		endpoint_release(&ep);
}

#define ENV(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NOTHING ((const char *const[]){NULL})

static void
write_file(const char *name, const char *text)
{
	autoerr struct err err = ERR_INIT;
	autofree char *path = io_join(dir, name), *parent = xstrdup(path);

	*strrchr(parent, '/') = '\0';
	if (io_mkdirs(parent, 0700, &err) ||
	    io_replace_file(path, text, strlen(text), 0600, &err))
		ok(false, "%s", err.msg.buf);
}

#define MY_CONTEXT                                                             \
	"60b9683c6c2b05b8adc06ff4d150b15a5c69d74c7a7ee35bd733df12861dd2b0"
#define DESKTOP \
	"fe9c6bd7a66301f49ca9b6a70b217107cd1284598bfc254700c989b916da791e"

static void
test_order(void)
{
	autofree char *config = xasprintf("DOCKER_CONFIG=%s", dir);

	chooses(NULL, NOTHING, "unix:///var/run/docker.sock",
	    "no socket of an engine is there");
	chooses("docker", NOTHING, "unix:///var/run/docker.sock",
	    "--engine says docker and no socket of Docker is there");
	sockets[0] = "/run/podman/podman.sock";
	chooses(NULL, NOTHING, "unix:///run/podman/podman.sock",
	    "it is the first known socket that is there");
	sockets[1] = "/run/user/1000/podman/podman.sock";
	chooses(NULL, NOTHING, "unix:///run/user/1000/podman/podman.sock",
	    "it is the first known socket that is there");
	sockets[2] = "/x/docker.sock";
	chooses(NULL, ENV("XDG_RUNTIME_DIR=/x"), "unix:///x/docker.sock",
	    "it is the first known socket that is there");
	sockets[3] = "/var/run/docker.sock";
	chooses(NULL, ENV("XDG_RUNTIME_DIR=/x"),
	    "unix:///var/run/docker.sock",
	    "it is the first known socket that is there");
	chooses("podman", NOTHING, "unix:///run/user/1000/podman/podman.sock",
	    "--engine says podman and it is the first known socket that is "
	    "there");
	chooses("podman", ENV("CONTAINER_HOST=unix:///p"), "unix:///p",
	    "CONTAINER_HOST is set");
	chooses("docker", ENV("CONTAINER_HOST=unix:///p"),
	    "unix:///var/run/docker.sock",
	    "--engine says docker and it is the first known socket that is "
	    "there");
	chooses(NULL, ENV("CONTAINER_HOST=unix:///p"), "unix:///p",
	    "CONTAINER_HOST is set");
	chooses(NULL, ENV("CONTAINER_HOST=unix:///p", "DOCKER_HOST=unix:///d"),
	    "unix:///d", "DOCKER_HOST is set");
	chooses(NULL, ENV("DOCKER_HOST=unix:///d", "DOCKER_CONTEXT=nope"),
	    "unix:///d", "DOCKER_HOST is set");
	chooses("/s", ENV("DOCKER_HOST=unix:///d"), "unix:///s",
	    "--engine says /s");
	chooses(NULL, ENV("DOCKER_HOST=", "CONTAINER_HOST=unix:///p"),
	    "unix:///p", "CONTAINER_HOST is set");
	chooses(NULL, ENV("DOCKER_CONTEXT=default"),
	    "unix:///var/run/docker.sock", "DOCKER_CONTEXT is default");
	chooses(NULL, ENV(config, "CONTAINER_HOST=unix:///p"),
	    "unix:///p", "CONTAINER_HOST is set");
	memset(sockets, 0, sizeof(sockets));
}

static void
test_contexts(void)
{
	autofree char *config = xasprintf("DOCKER_CONFIG=%s", dir);
	autofree char *why = xasprintf(
	    "%s/config.json says currentContext my-context", dir);
	autofree char *broken = xasprintf("%s/config.json: not valid JSON at "
					  "byte 0", dir);
	autofree char *other = xasprintf("DOCKER_CONTEXT: "
	    "%s/contexts/meta/" DESKTOP "/meta.json: it is of the context "
	    "'other', not of 'desktop-linux'", dir);

	write_file("contexts/meta/" MY_CONTEXT "/meta.json",
	    "{\"Name\":\"my-context\",\"Metadata\":{\"Description\":"
	    "\"build box\",\"Other\":1},\"Endpoints\":{\"kubernetes\":{},"
	    "\"docker\":{\"host\":\"ssh://me@build-host\","
	    "\"SkipTLSVerify\":false}}}");
	write_file("contexts/meta/" DESKTOP "/meta.json",
	    "{\"Name\":\"other\"}");
	chooses(NULL, ENV(config, "DOCKER_CONTEXT=my-context"),
	    "ssh://me@build-host", "DOCKER_CONTEXT is my-context");
	chooses("my-context", ENV(config), "ssh://me@build-host",
	    "--engine says my-context");
	refuses(NULL, ENV(config, "DOCKER_CONTEXT=gone"),
	    "DOCKER_CONTEXT: there is no Docker context 'gone'");
	refuses(NULL, ENV(config, "DOCKER_CONTEXT=../../etc"),
	    "DOCKER_CONTEXT: '../../etc' is not the name of a Docker "
	    "context");
	refuses(NULL, ENV(config, "DOCKER_CONTEXT=desktop-linux"), other);
	write_file("config.json",
	    "{\"currentContext\":\"my-context\",\"auths\":{}}");
	chooses(NULL, ENV(config), "ssh://me@build-host", why);
	chooses(NULL, ENV(config, "DOCKER_HOST=unix:///d"), "unix:///d",
	    "DOCKER_HOST is set");
	write_file("config.json", "{\"currentContext\":\"gone\"}");
	refuses(NULL, ENV(config), "there is no Docker context 'gone'");
	write_file("config.json", "{");
	refuses(NULL, ENV(config), broken);
	write_file("config.json", "{}");
}

static void
test_tls(void)
{
	autofree char *config = xasprintf("DOCKER_CONFIG=%s", dir);
	autofree char *cert = xasprintf("DOCKER_CERT_PATH=%s", dir);
	autofree char *ca = io_join(dir, "ca.pem");
	autoerr struct err err = ERR_INIT;
	struct endpoint ep;

	write_file("ca.pem", "x");
	write_file("key.pem", "x");
	resolve(&ep, NULL, ENV("DOCKER_HOST=tcp://h"), &err);
	ok(!ep.tls && ep.port == 2375, "plain: 2375");
	endpoint_release(&ep);
	resolve(&ep, NULL, ENV("DOCKER_HOST=tcp://h", "DOCKER_TLS_VERIFY=1",
			       cert), &err);
	ok(ep.tls && !ep.tls_skip_verify && ep.port == 2376, "TLS: 2376");
	is_str(ep.ca, ca, "the CA of DOCKER_CERT_PATH");
	ok(!ep.cert && ep.key, "a missing certificate is none");
	endpoint_release(&ep);
	resolve(&ep, NULL, ENV("DOCKER_HOST=tcp://h:1", "DOCKER_TLS=1",
			       config), &err);
	ok(ep.tls && ep.tls_skip_verify && ep.port == 1 && !ep.ca && ep.key,
	    "DOCKER_TLS does not verify");
	endpoint_release(&ep);

	write_file("contexts/meta/" MY_CONTEXT "/meta.json",
	    "{\"Name\":\"my-context\",\"Endpoints\":{\"docker\":{"
	    "\"Host\":\"tcp://h\"}}}");
	resolve(&ep, "my-context", ENV(config), &err);
	ok(!ep.tls && ep.port == 2375, "a context without TLS files");
	endpoint_release(&ep);
	write_file("contexts/tls/" MY_CONTEXT "/docker/cert.pem", "x");
	resolve(&ep, "my-context", ENV(config), &err);
	ok(ep.tls && ep.port == 2376 && ep.cert && !ep.key && !ep.ca,
	    "a context with one");
	is_str(ep.context, "my-context", "its name is known");
	endpoint_release(&ep);
}

static void
test_more(void)
{
	autofree char *config = xasprintf("DOCKER_CONFIG=%s", dir);
	autoerr struct err err = ERR_INIT;
	struct endpoint ep, twin;

	write_file("config.json", "{\"HttpHeaders\":{\"X-Meta\":\"a b\","
				  "\"User-Agent\":\"docker\"}}");
	resolve(&ep, NULL, ENV(config, "DOCKER_HOST=tcp://[::1]:99/base/",
	    "DOCKER_API_VERSION=1.44", "DOCKER_DEFAULT_PLATFORM=linux/arm64",
	    "DOCKER_CUSTOM_HEADERS=A=1,\"B=x,\"\"y\"\"\",C="), &err);
	is_str(ep.host, "::1", "IPv6");
	is_str(ep.path, "/base", "a base path");
	is_int(ep.port, 99, "a port");
	is_str(ep.api_version, "1.44", "DOCKER_API_VERSION");
	is_str(ep.platform, "linux/arm64", "DOCKER_DEFAULT_PLATFORM");
	is_int(ep.headers.n, 4, "headers");
	is_str(ep.headers.v[0], "X-Meta: a b", "of config.json");
	is_str(ep.headers.v[2], "B: x,\"y\"", "of DOCKER_CUSTOM_HEADERS");
	endpoint_copy(&twin, &ep);
	endpoint_release(&ep);
	is_str(twin.headers.v[3], "C: ", "and in a copy");
	endpoint_release(&twin);
	resolve(&ep, NULL, ENV(config, "CONTAINER_HOST=unix:///p"), &err);
	is_int(ep.headers.n, 0, "Docker's headers do not go to Podman");
	endpoint_release(&ep);
	refuses(NULL, ENV("DOCKER_HOST=unix:///d",
			  "DOCKER_CUSTOM_HEADERS=A=1\r\nX: y"),
	    "DOCKER_CUSTOM_HEADERS: the header A has a control character");
	refuses(NULL, ENV("DOCKER_HOST=unix:///d",
			  "DOCKER_CUSTOM_HEADERS=A"),
	    "DOCKER_CUSTOM_HEADERS: 'A' is not NAME=VALUE");
}

static void
test_urls(void)
{
	autoerr struct err err = ERR_INIT;
	struct endpoint ep = ENDPOINT_INIT;

	endpoint_parse(&ep, "ssh://me@box:22/run/d.sock", false, &err);
	is_str(ep.user, "me", "ssh: user");
	is_str(ep.host, "box", "ssh: host");
	is_str(ep.path, "/run/d.sock", "ssh: socket");
	is_int(ep.port, 22, "ssh: port");
	endpoint_release(&ep);

#define FORMS                                                                  \
	": an engine is named by unix:///SOCKET, tcp://HOST:PORT or "         \
	"ssh://[USER@]HOST"
	refuses("unix://", NOTHING, "--engine: unix://" FORMS);
	refuses("unix://rel/path", NOTHING, "--engine: unix://rel/path" FORMS);
	refuses("npipe:////./pipe/x", NOTHING,
	    "--engine: npipe:////./pipe/x" FORMS);
	refuses("http://h:1", NOTHING, "--engine: http://h:1" FORMS);
	refuses("fd://", NOTHING, "--engine: fd://" FORMS);
	refuses("tcp://", NOTHING,
	    "--engine: tcp://: this is not the name of a host");
	refuses("tcp://h:70000", NOTHING,
	    "--engine: tcp://h:70000: no such port");
	refuses("tcp://h:0", NOTHING, "--engine: tcp://h:0: no such port");
	refuses("tcp://h:1x", NOTHING, "--engine: tcp://h:1x: no such port");
	refuses("tcp://[::1", NOTHING, "--engine: tcp://[::1: no such address");
	refuses("tcp://u@h", NOTHING,
	    "--engine: tcp://u@h: this is not the name of a host");
	refuses("tcp://h/?x", NOTHING,
	    "--engine: tcp://h/?x: a tcp:// URL is tcp://HOST:PORT");
	refuses("ssh://-oProxyCommand=x", NOTHING, "--engine: "
	    "ssh://-oProxyCommand=x: this is not the name of a host");
	refuses("ssh://-l@h", NOTHING,
	    "--engine: ssh://-l@h: this is not the name of a user");
	refuses("ssh://me:secret@h", NOTHING,
	    "--engine: the URL of an engine holds no password");
	refuses("tcp://me:secret@h", NOTHING,
	    "--engine: the URL of an engine holds no password");
	refuses("https://me:sec/ret@h", NOTHING,
	    "--engine: the URL of an engine holds no password");
	refuses("ssh://h/run/$(id)", NOTHING, "--engine: ssh://h/run/$(id): "
	    "an ssh:// URL is ssh://[USER@]HOST[:PORT][/SOCKET]");
	refuses(NULL, ENV("DOCKER_HOST=bogus"), "DOCKER_HOST: bogus" FORMS);
	refuses(NULL, ENV("CONTAINER_HOST=bogus"),
	    "CONTAINER_HOST: bogus" FORMS);
}

int
main(void)
{
	char template[] = "/tmp/addesh-endpoint-XXXXXX";
	autoerr struct err err = ERR_INIT;

	dir = mkdtemp(template);
	test_order();
	test_contexts();
	test_tls();
	test_more();
	test_urls();
	io_remove_tree(dir, &err);
	return done();
}
