/* Pulling and pushing: what goes on between an engine and a registry. */
#include <string.h>

#include "engine/auth.h"
#include "engine/http.h"
#include "engine/image.h"
#include "engine/secret.h"

/* A pull may be silent this many times the usual patience: while a registry
   is slow, or a big layer is unpacked. */
#define PATIENCE 10

#define TRUST "DOCKER_CONTENT_TRUST"

/* As docker/cli reads it: what is no boolean of Go's strconv is true. */
static bool
wants_trust(void)
{
	static const char *const off[] = {
	    "0", "f", "F", "false", "FALSE", "False", NULL};
	const char *value = getenv(TRUST);

	return value && *value && !str_in(value, off);
}

int
image_check_trust(const struct reference *ref, struct err *err)
{
	autofree char *name = NULL, *path = NULL;

	if (ref->digest || !wants_trust())
		return 0;
	name = reference_familiar(ref);
	path = reference_familiar_name(ref);
	err_set(err, ERR_POLICY,
	    "%s: " TRUST " is set, and signatures are not checked here", name);
	return err_hint(err,
	    "name the image by its digest, %s@sha256:..., or unset " TRUST,
	    path);
}

int
image_check_trust_name(const char *name, struct err *err)
{
	struct reference ref = {0};
	autoerr struct err ignored = ERR_INIT;
	int rc = 0;

	if (!str_starts(name, "sha256:") &&
	    !reference_parse(&ref, name, &ignored))
		rc = image_check_trust(&ref, err);
	reference_release(&ref);
	return rc;
}

/* What is pushed under it would have to be signed. */
static int
check_signing(const char *name, struct err *err)
{
	if (!wants_trust())
		return 0;
	err_set(err, ERR_POLICY,
	    "%s: " TRUST " is set, and nothing is signed here", name);
	return err_hint(err, "unset " TRUST);
}

/* One request with a progress stream for an answer. */
struct moving {
	struct engine *e;
	const struct reference *ref;
	const char *doing; /* for errors */
	char *path;
	char *auth;         /* the header, or NULL: the user has none */
	struct err no_auth; /* why not */
	struct objects objects;
	struct pull pull;
};

static int
on_data(void *arg, const void *p, size_t n, struct err *err)
{
	struct moving *m = arg;

	return objects_feed(&m->objects, p, n, pull_object, &m->pull, err);
}

static int
find_credentials(struct moving *m)
{
	autovec struct strvec env = STRVEC_INIT;
	struct auth_inputs in;
	struct auth a;

	auth_inputs_here(&in, m->e, &env);
	if (auth_find(&a, m->ref, &in, &m->no_auth) > 0)
		m->auth = auth_header(&a);
	auth_release(&a);
	return m->no_auth.kind == ERR_INTERRUPTED ? -1 : 0;
}

static int
request(struct moving *m, const char *auth, struct err *err)
{
	struct http_request rq = {.doing = m->doing,
	    .method = "POST",
	    .path = m->path,
	    .registry_auth = auth,
	    .sink = on_data,
	    .sink_arg = m,
	    .silence_ms = PATIENCE * engine_settings(m->e)->first_byte_ms};
	int rc = http_do(engine_http(m->e), &rq, NULL, err);

	if (!rc && !objects_at_end(&m->objects))
		return err_set(err, ERR_ENGINE,
		    "%s: the engine's answer ends in the middle", m->doing);
	if (rc && err->code >= 400)
		err->kind = ERR_IMAGE;
	return rc;
}

/* As Docker's and Podman's registries' clients say it. */
static bool
is_refused_login(const char *text)
{
	static const char *const words[] = {
	    "unauthorized", "no basic auth credentials"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

/* Most images need no login, so why there are no credentials is said only if
   it matters. */
static int
explain(struct moving *m, struct err *err)
{
	const char *domain = m->ref->domain;

	if (err->kind == ERR_INTERRUPTED)
		return -1;
	if (m->no_auth.kind)
		return err_hint(
		    err, "no credentials were sent: %s", m->no_auth.msg.buf);
	if (!is_refused_login(err->msg.buf))
		return -1;
	if (m->auth)
		return err_hint(err,
		    "the credentials kept for %s were refused; again:  "
		    "login %s",
		    domain, domain);
	return err_hint(err, "log in:  login %s", domain);
}

/* auth: what is sent without credentials, or NULL for nothing. */
static int
move(struct moving *m, const char *auth, progress_fn *tell, void *arg,
    struct err *err)
{
	int rc;

	pull_init(&m->pull, tell, arg);
	if (find_credentials(m))
		rc = err_move(err, &m->no_auth);
	else
		rc = request(m, m->auth ? m->auth : auth, err);
	return rc ? explain(m, err) : 0;
}

static void
moving_release(struct moving *m)
{
	objects_release(&m->objects);
	pull_release(&m->pull);
	secret_free(&m->auth);
	err_clear(&m->no_auth);
	free(m->path);
}

static char *
pull_path(struct engine *e, const struct reference *ref, const char *platform)
{
	struct strbuf sb = STRBUF_INIT;
	autofree char *base = engine_path(e, "/images/create?fromImage=");
	autofree char *name = xasprintf("%s/%s", ref->domain, ref->path);

	if (!platform)
		platform = engine_endpoint(e)->platform;
	strbuf_adds(&sb, base);
	http_add_escaped(&sb, name, "");
	strbuf_adds(&sb, "&tag=");
	http_add_escaped(&sb,
	    ref->digest ? ref->digest
	    : ref->tag  ? ref->tag
			: "latest",
	    "");
	if (platform) {
		strbuf_adds(&sb, "&platform=");
		http_add_escaped(&sb, platform, "");
	}
	return strbuf_detach(&sb);
}

int
image_pull(struct engine *e, const char *name, const char *platform,
    progress_fn *tell, void *arg, struct err *err)
{
	autofree char *doing = xasprintf("pulling %s", name);
	struct reference ref;
	struct moving m = {.e = e,
	    .ref = &ref,
	    .doing = doing,
	    .no_auth = ERR_INIT,
	    .objects = OBJECTS_INIT};
	int rc;

	if (reference_parse(&ref, name, err))
		return -1;
	rc = image_check_trust(&ref, err);
	if (!rc) {
		m.path = pull_path(e, &ref, platform);
		rc = move(&m, NULL, tell, arg, err);
		moving_release(&m);
	}
	reference_release(&ref);
	return rc;
}

int
image_obtain(struct engine *e, const char *name, const struct image_pull *how,
    struct image *img, struct err *err)
{
	if (image_check_trust_name(name, err))
		return -1;
	if (how->policy == PULL_NEVER)
		return image_inspect(e, name, img, err);
	if (how->policy == PULL_MISSING) {
		if (!image_look_up(e, name, img, err))
			return 0;
		if (err->code != 404)
			return -1;
		err_clear(err);
	}
	if (how->begin)
		how->begin(how->arg);
	if (!image_pull(e, name, how->platform, how->tell, how->arg, err))
		return image_inspect(e, name, img, err);
	if (how->policy == PULL_ALWAYS || err->kind == ERR_INTERRUPTED)
		return -1;
	err_prefix(err, "image %s is not here", name);
	return image_hint_near(e, name, err);
}

/* Without a tag Docker would push all that there are. */
static char *
push_path(struct engine *e, const struct reference *ref)
{
	struct strbuf sb = STRBUF_INIT;
	autofree char *base = engine_path(e, "/images/");

	strbuf_adds(&sb, base);
	http_add_escaped(&sb, ref->domain, ":");
	strbuf_addc(&sb, '/');
	http_add_escaped(&sb, ref->path, "/");
	strbuf_adds(&sb, "/push?tag=");
	http_add_escaped(&sb, ref->tag ? ref->tag : "latest", "");
	return strbuf_detach(&sb);
}

int
image_push(struct engine *e, const struct reference *ref, progress_fn *tell,
    void *arg, char **digest, struct err *err)
{
	autofree char *name = reference_familiar(ref);
	autofree char *doing = xasprintf("pushing %s", name);
	struct moving m = {.e = e,
	    .ref = ref,
	    .doing = doing,
	    .no_auth = ERR_INIT,
	    .objects = OBJECTS_INIT};
	/* The header must be there: older engines refuse its absence. */
	autosecret char *none = auth_header(NULL);
	struct image img = IMAGE_INIT;
	int rc = check_signing(name, err);

	/* Docker says what is missing with the name it would push to. */
	if (!rc)
		rc = image_inspect(e, name, &img, err);
	image_release(&img);
	if (!rc) {
		m.path = push_path(e, ref);
		rc = move(&m, none, tell, arg, err);
		*digest = rc ? NULL : steal(&m.pull.digest);
		moving_release(&m);
	}
	return rc;
}
