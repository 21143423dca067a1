#include "engine/engine.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/arch.h"
#include "engine/http.h"

struct engine {
	struct http *http;
	struct endpoint ep;
	struct engine_settings settings;
	bool hurries;
	struct loop *loop;
	const unsigned *interrupts;
	enum engine_kind kind;
	unsigned api; /* minor */
	char *version, *title;
	bool have_facts;
	struct engine_facts facts;
};

static void
facts_release(struct engine_facts *f)
{
	free(f->name);
	free(f->kernel);
	free(f->os);
	free(f->arch);
	free(f->cgroup_driver);
	free(f->storage_driver);
	strvec_release(&f->security);
	strvec_release(&f->warnings);
}

void
engine_close(struct engine *e)
{
	if (!e)
		return;
	http_free(e->http);
	endpoint_release(&e->ep);
	facts_release(&e->facts);
	free(e->version);
	free(e->title);
	free(e);
}

const struct endpoint *
engine_endpoint(const struct engine *e)
{
	return &e->ep;
}

enum engine_kind
engine_kind(const struct engine *e)
{
	return e->kind;
}

const char *
engine_title(const struct engine *e)
{
	return e->title;
}

unsigned
engine_api(const struct engine *e)
{
	return e->api;
}

struct http *
engine_http(struct engine *e)
{
	return e->http;
}

struct loop *
engine_loop(const struct engine *e)
{
	return e->loop;
}

const unsigned *
engine_interrupts(const struct engine *e)
{
	return e->interrupts;
}

void
engine_hurry(struct engine *e)
{
	e->hurries = true;
	e->settings.first_byte_ms = e->settings.connect_ms;
	http_set_first_byte(e->http, e->settings.first_byte_ms);
}

bool
engine_hurries(const struct engine *e)
{
	return e->hurries;
}

const struct engine_settings *
engine_settings(const struct engine *e)
{
	return &e->settings;
}

void
engine_add_filter(struct strbuf *path, const struct strvec *labels)
{
	autofree char *text = NULL;
	autojson json *filters = json_object();

	if (!labels || !labels->n)
		return;
	json_put(filters, "label", json_from_strings(labels));
	text = json_print(filters);
	strbuf_adds(path, strchr(path->buf, '?') ? "&filters=" : "?filters=");
	http_add_escaped(path, text, "");
}

/* "1.41" to 41; 0 if it is not that. */
static unsigned
api_minor(const char *s)
{
	unsigned minor = 0;

	if (strncmp(s, "1.", 2) || !s[2] || strlen(s) > 5)
		return 0;
	for (s += 2; *s; s++) {
		if (!isdigit((unsigned char)*s))
			return 0;
		minor = minor * 10 + (unsigned)(*s - '0');
	}
	return minor;
}

#define HTTP_BAD_REQUEST 400

/*
 * The highest version that both sides speak.  What the engine says decides, as
 * some refuse versions that others need: Docker 29.0 takes nothing below 1.44.
 */
static int
settle_api(struct engine *e, const json *v, struct err *err)
{
	const char *theirs = json_str(v, "ApiVersion", "");
	const char *least = json_str(v, "MinAPIVersion", "1.12");
	const char *asked = e->ep.api_version;
	unsigned max = api_minor(theirs), min = api_minor(least);

	if (!max)
		return err_set(err, ERR_ENGINE,
		    "what answers at %s is no engine: it has no ApiVersion",
		    e->ep.url);
	if (max < ENGINE_API_MIN)
		return err_set(err, ERR_ENGINE,
		    "%s is too old: it speaks API %s, addesh needs 1.%d "
		    "or newer (Docker 20.10)",
		    e->title, theirs, ENGINE_API_MIN);
	if (min > ENGINE_API_MAX) {
		err_set(err, ERR_ENGINE,
		    "%s is too new: it speaks API %s and newer, this addesh "
		    "1.%d to 1.%d", e->title, least, ENGINE_API_MIN,
		    ENGINE_API_MAX);
		return err_hint(err, "use a newer addesh");
	}
	e->api = max < ENGINE_API_MAX ? max : ENGINE_API_MAX;
	if (!asked)
		return 0;
	max = api_minor(asked);
	if (max < ENGINE_API_MIN || max < min || max > e->api)
		return err_set(err, ERR_ENGINE,
		    "DOCKER_API_VERSION is %s: addesh and %s share 1.%u to "
		    "1.%u", asked, e->title,
		    min > ENGINE_API_MIN ? min : ENGINE_API_MIN, e->api);
	e->api = max;
	return 0;
}

static void
set_title(struct engine *e, const json *v)
{
	const json *component;

	json_each(component, json_get(v, "Components"))
	{
		if (!strcmp(json_str(component, "Name", ""), "Podman Engine"))
			e->kind = ENGINE_PODMAN;
	}
	e->version = xstrdup(json_str(v, "Version", "?"));
	e->title = xasprintf("%s %s",
	    e->kind == ENGINE_PODMAN ? "Podman" : "Docker", e->version);
}

static int
ask_version(struct engine *e, struct err *err)
{
	struct http_request rq = {.doing = "connecting to the engine",
	    .method = "GET", .path = "/version",
	    .first_byte_ms = e->settings.startup_ms,
	    .silence_ms = e->settings.startup_ms};
	autobuf struct strbuf body = STRBUF_INIT;
	autojson json *v = NULL;
	autoerr struct err ignored = ERR_INIT;

	if (http_do(e->http, &rq, &body, err))
		return -1;
	v = json_parse(body.buf, body.len, &ignored);
	if (!v)
		return err_set(err, ERR_ENGINE,
		    "what answers at %s is no engine: %s", e->ep.url,
		    ignored.msg.buf);
	set_title(e, v);
	if (!settle_api(e, v, err))
		return 0;
	err->code = HTTP_BAD_REQUEST; /* as engines call it: it was reached */
	return -1;
}

static bool
looks_like_podman(const struct endpoint *ep)
{
	autofree char *real =
	    ep->scheme == ENDPOINT_UNIX && ep->path ? realpath(ep->path, NULL)
						    : NULL;

	return real && str_ends(real, "/podman.sock");
}

/*
 * To say its version Podman executes conmon and runc and asks both for theirs,
 * which takes it 10 ms; in the answer to a ping it stands as well.  1: that was
 * it; 0: it is something else, which /version finds out.
 */
static int
ask_podman(struct engine *e, struct err *err)
{
	autovec struct strvec headers = STRVEC_INIT;
	struct http_request rq = {.doing = "connecting to the engine",
	    .method = "GET", .path = "/_ping", .headers = &headers,
	    .first_byte_ms = e->settings.startup_ms,
	    .silence_ms = e->settings.startup_ms};
	autoerr struct err why = ERR_INIT;
	const char *version;
	unsigned api;

	if (!looks_like_podman(&e->ep) || e->ep.api_version)
		return 0;
	if (http_do(e->http, &rq, NULL, &why))
		return why.code >= 400 && why.code < 600 ? 0
							 : err_move(err, &why);
	version = http_header(&headers, "Libpod-Api-Version");
	api = api_minor(http_header(&headers, "Api-Version"));
	if (!*version || api < ENGINE_API_MIN)
		return 0;
	e->api = api < ENGINE_API_MAX ? api : ENGINE_API_MAX;
	e->kind = ENGINE_PODMAN;
	e->version = xstrdup(version);
	e->title = xasprintf("Podman %s", version);
	return 1;
}

struct engine *
engine_open(const struct endpoint *ep, const struct engine_settings *settings,
    struct loop *loop, const unsigned *interrupts, struct err *err)
{
	struct engine *e = xcalloc(1, sizeof(*e));
	int known;

	*e = (struct engine){.ep = ENDPOINT_INIT, .settings = *settings,
	    .loop = loop, .interrupts = interrupts,
	    .facts = {.security = STRVEC_INIT, .warnings = STRVEC_INIT}};
	endpoint_copy(&e->ep, ep);
	e->http = http_new(ep, settings, loop, interrupts);
	known = ask_podman(e, err);
	if (known < 0 || (!known && ask_version(e, err))) {
		engine_close(e);
		return NULL;
	}
	return e;
}

int
engine_ping(struct engine *e, const char *doing, struct strvec *headers,
    struct err *err)
{
	struct http_request rq = {.doing = doing, .method = "GET",
	    .path = "/_ping", .headers = headers};

	return http_do(e->http, &rq, NULL, err);
}

char *
engine_path(const struct engine *e, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	strbuf_addf(&sb, "/v1.%u", e->api);
	va_start(ap, fmt);
	strbuf_vaddf(&sb, fmt, ap);
	va_end(ap);
	return strbuf_detach(&sb);
}

static int
request(struct engine *e, const char *doing, const char *method,
    const char *path, const json *body, struct strbuf *answer, struct err *err)
{
	autofree char *text = body ? json_print(body) : NULL;
	struct http_request rq = {.doing = doing, .method = method,
	    .path = path, .body = text, .body_len = text ? strlen(text) : 0};

	return http_do(e->http, &rq, answer, err);
}

json *
engine_call(struct engine *e, const char *doing, const char *method,
    const char *path, const json *body, struct err *err)
{
	autobuf struct strbuf answer = STRBUF_INIT;
	autoerr struct err wrong = ERR_INIT;
	json *j;

	if (request(e, doing, method, path, body, &answer, err))
		return NULL;
	if (!answer.len)
		return json_object();
	j = json_parse(answer.buf, answer.len, &wrong);
	if (!j)
		err_set(err, ERR_ENGINE, "%s: the engine's answer is %s",
		    doing, wrong.msg.buf);
	return j;
}

int
engine_do(struct engine *e, const char *doing, const char *method,
    const char *path, const json *body, struct err *err)
{
	return request(e, doing, method, path, body, NULL, err);
}

static void
read_facts(struct engine_facts *f, const json *info)
{
	const char *version = json_str(info, "CgroupVersion", "0");

	f->name = xstrdup(json_str(info, "Name", ""));
	f->kernel = xstrdup(json_str(info, "KernelVersion", ""));
	f->os = xstrdup(json_str(info, "OperatingSystem", ""));
	f->arch = xstrdup(arch_name(json_str(info, "Architecture", "")));
	f->cgroup_driver = xstrdup(json_str(info, "CgroupDriver", ""));
	f->storage_driver = xstrdup(json_str(info, "Driver", ""));
	f->cgroup_version = version[0] == '1' ? 1 : version[0] == '2' ? 2 : 0;
	f->cpus = (uint64_t)json_int(info, "NCPU", 0);
	f->memory = (uint64_t)json_int(info, "MemTotal", 0);
	json_strings(json_get(info, "SecurityOptions"), &f->security);
	json_strings(json_get(info, "Warnings"), &f->warnings);
	f->rootless = json_bool(info, "Rootless", false); /* Podman's */
	for (size_t i = 0; i < f->security.n; i++)
		if (!strncmp(f->security.v[i], "name=rootless", 13))
			f->rootless = true;
}

const struct engine_facts *
engine_facts(struct engine *e, struct err *err)
{
	autofree char *path = engine_path(e, "/info");
	autojson json *info = NULL;

	if (e->have_facts)
		return &e->facts;
	info = engine_call(e, "asking the engine about itself", "GET", path,
	    NULL, err);
	if (!info)
		return NULL;
	read_facts(&e->facts, info);
	e->have_facts = true;
	return &e->facts;
}

bool
engine_is_here(struct engine *e)
{
	autoerr struct err ignored = ERR_INIT;
	const struct engine_facts *f = engine_facts(e, &ignored);
	struct utsname u;

	return f && e->ep.scheme == ENDPOINT_UNIX && !uname(&u) &&
	       !strcmp(f->name, u.nodename) && !strcmp(f->kernel, u.release);
}
