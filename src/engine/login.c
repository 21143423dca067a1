#include "engine/login.h"

#include <errno.h>
#include <string.h>

#include "base/encode.h"
#include "base/io.h"
#include "engine/credhelper.h"
#include "engine/http.h"
#include "engine/secret.h"

#define FILE_MAX (4u << 20)
#define ANSWER_MAX (64u << 10)
/* A registry may be slow: so many times the usual patience. */
#define PATIENCE 4

void
login_place_release(struct login_place *p)
{
	free(p->file);
	free(p->helper);
	*p = (struct login_place){0};
}

/* ---- the engine ---- */

/* Podman says it with status 500, in Docker's words. */
static void
explain(const char *domain, struct err *err)
{
	if (err->code == 401 || strstr(err->msg.buf, "401 Unauthorized")) {
		err_set(err, ERR_ENGINE,
		    "%s does not know this user with this password", domain);
		err->code = 401;
	} else if (strstr(err->msg.buf, "HTTP response to HTTPS client")) {
		err_hint(err,
		    "it speaks no TLS, and this engine tries "
		    "credentials over TLS only; Podman's own client can log "
		    "in to it with --tls-verify=false");
	}
}

static int
take_answer(const struct strbuf *text, struct auth *a, struct err *err)
{
	autoerr struct err wrong = ERR_INIT;
	json *j = json_parse(text->buf, text->len, &wrong);
	const char *token = json_str(j, "IdentityToken", "");

	if (j && *token) {
		a->identitytoken = xstrdup(token);
		secret_free(&a->password);
	}
	secret_free_json(j);
	return wrong.kind
		   ? err_set(err, ERR_ENGINE,
			 "logging in: the engine's answer is %s", wrong.msg.buf)
		   : 0;
}

int
login_verify(
    struct engine *e, const char *domain, struct auth *a, struct err *err)
{
	bool podman = engine_kind(e) == ENGINE_PODMAN;
	autofree char *path = engine_path(e, "/auth");
	autofree char *doing = xasprintf("logging in to %s", domain);
	struct http_request rq = {.doing = doing,
	    .method = "POST",
	    .path = path,
	    .first_byte_ms = PATIENCE * engine_settings(e)->first_byte_ms};
	struct strbuf answer = STRBUF_INIT;
	autosecret char *body = NULL;
	json *j;
	int rc;

	free(a->serveraddress);
	a->serveraddress = xstrdup(auth_key(domain, podman));
	j = auth_json(a);
	body = secret_print(j, false);
	secret_free_json(j);
	rq.body = body;
	rq.body_len = strlen(body);
	strbuf_grow(&answer, ANSWER_MAX);
	rc = http_do(engine_http(e), &rq, &answer, err);
	if (rc)
		explain(domain, err);
	else
		rc = take_answer(&answer, a, err);
	secret_release(&answer);
	return rc;
}

/* ---- the file ---- */

/* An empty object if there is no file; NULL with err. */
static json *
load(const char *path, struct err *err)
{
	struct strbuf text = STRBUF_INIT;
	json *j = NULL;

	strbuf_grow(&text, FILE_MAX);
	if (!io_read_file(path, &text, FILE_MAX, err)) {
		j = json_parse(text.buf, text.len, err);
		if (j && !cJSON_IsObject(j)) {
			secret_free_json(j);
			j = NULL;
			err_set(err, ERR_CONFIG, "it is not an object");
		}
		if (!j)
			err_prefix(err, "%s", path);
	} else if (err->code == ENOENT) {
		err_clear(err);
		j = json_object();
	}
	secret_release(&text);
	return j;
}

/* A link stays one: what it points to is replaced. */
static int
save(const char *path, const json *j, struct err *err)
{
	autofree char *real = realpath(path, NULL);
	autofree char *dir = xstrdup(real ? real : path);
	autosecret char *text = secret_print(j, true);
	char *slash = strrchr(dir, '/');

	if (slash && slash != dir) {
		*slash = '\0';
		if (io_mkdirs(dir, 0700, err))
			return -1;
	}
	return io_replace_file(
	    real ? real : path, text, strlen(text), 0600, err);
}

static json *
auths_of(json *config)
{
	json *auths = (json *)json_get(config, "auths");

	if (cJSON_IsObject(auths))
		return auths;
	json_remove(config, "auths");
	auths = json_object();
	json_put(config, "auths", auths);
	return auths;
}

/* Podman's key with a path is of a namespace, which has credentials of its
   own. */
static bool
is_entry_of(const char *name, const char *key, bool podman)
{
	if (podman && strchr(name, '/') && !strstr(name, "://"))
		return false;
	return !strcmp(name, key) || auth_same_host(name, key);
}

static int
remove_entries(json *config, const char *key, bool podman)
{
	json *auths = (json *)json_get(config, "auths"), *m, *next;
	int found = 0;

	for (m = cJSON_IsObject(auths) ? auths->child : NULL; m; m = next) {
		next = m->next;
		if (!m->string || !is_entry_of(m->string, key, podman))
			continue;
		secret_free_json(cJSON_DetachItemViaPointer(auths, m));
		found = 1;
	}
	return found;
}

/* As ConfigFile.SaveToWriter() of docker/cli writes it. */
static json *
entry_json(const struct auth *a)
{
	struct strbuf out = STRBUF_INIT;
	const char *password = a->password ? a->password : "";
	autosecret char *pair = xasprintf("%s:%s", a->username, password);
	json *entry = json_object();

	strbuf_grow(&out, strlen(pair) * 2 + 8);
	base64_encode(&out, pair, strlen(pair), false);
	json_put_str(entry, "auth", out.buf);
	if (a->identitytoken)
		json_put_str(entry, "identitytoken", a->identitytoken);
	secret_release(&out);
	return entry;
}

/*
 * The file of the engine's own client with what it holds, and the helper that
 * it names for the key, in place; NULL with err.
 */
static json *
open_place(const struct auth_inputs *in, const char *key,
    struct login_place *place, struct err *err)
{
	const char *helper;
	json *config;

	*place = (struct login_place){.file = auth_file(in, in->podman)};
	if (!place->file) {
		err_set(err, ERR_CONFIG,
		    "no place to keep credentials: HOME is not set");
		return NULL;
	}
	config = load(place->file, err);
	helper = auth_helper(config, key);
	if (helper)
		place->helper = xstrdup(helper);
	return config;
}

/*
 * Docker's client takes one of these by itself as long as its file names none
 * and holds nothing (docker/cli cli/config/credentials,
 * DetectDefaultStore()); here one that does not work is none.  1 if one keeps
 * them now.
 */
static int
store_by_default(const struct auth *a, const char *key,
    const struct auth_inputs *in, json *config, struct login_place *place,
    struct err *err)
{
	static const char *const helpers[] = {"pass", "secretservice"};
	const json *auths = json_get(config, "auths");

	if (in->podman || json_get(config, "credHelpers") ||
	    (cJSON_IsObject(auths) && auths->child))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(helpers); i++) {
		if (!credhelper_store(a, helpers[i], key, in, err)) {
			place->helper = xstrdup(helpers[i]);
			json_remove(config, "credsStore"); /* it was "" */
			json_put_str(config, "credsStore", helpers[i]);
			return 1;
		}
		if (err->kind == ERR_INTERRUPTED)
			return -1;
		err_clear(err);
	}
	return 0;
}

static int
store(const struct auth *a, const char *key, const struct auth_inputs *in,
    json *config, struct login_place *place, struct err *err)
{
	int rc;

	if (place->helper)
		return credhelper_store(a, place->helper, key, in, err);
	rc = store_by_default(a, key, in, config, place, err);
	/* In the file the first colon ends the name. */
	if (!rc && strchr(a->username, ':'))
		return err_set(err, ERR_USAGE, "a user's name has no colon");
	return rc < 0 ? -1 : 0;
}

int
login_store(const struct auth *a, const char *domain,
    const struct auth_inputs *in, struct login_place *place, struct err *err)
{
	const char *key = auth_key(domain, in->podman);
	json *config = open_place(in, key, place, err);
	int rc;

	if (!config)
		return -1;
	rc = store(a, key, in, config, place, err);
	if (!rc) {
		remove_entries(config, key, in->podman);
		/* Docker's client lists with it what a helper keeps. */
		json_put(auths_of(config), key,
		    place->helper ? json_object() : entry_json(a));
		rc = save(place->file, config, err);
	}
	secret_free_json(config);
	return rc;
}

int
login_erase(const char *domain, const struct auth_inputs *in,
    struct login_place *place, struct err *err)
{
	const char *key = auth_key(domain, in->podman);
	json *config = open_place(in, key, place, err);
	int found = 0, rc;

	if (!config)
		return -1;
	if (place->helper) {
		struct auth a = {0};

		/* Some say yes to erasing what they do not have. */
		found = credhelper_get(&a, place->helper, key, in, err);
		auth_release(&a);
		if (found > 0)
			found = credhelper_erase(place->helper, key, in, err);
	}
	rc = remove_entries(config, key, in->podman);
	if (rc && save(place->file, config, err))
		found = -1;
	else if (found >= 0)
		found |= rc;
	secret_free_json(config);
	return found;
}
