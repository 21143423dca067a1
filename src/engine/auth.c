#include "engine/auth.h"

#include <errno.h>
#include <string.h>

#include "base/encode.h"
#include "base/io.h"
#include "base/json.h"
#include "engine/context.h"
#include "engine/credhelper.h"
#include "engine/secret.h"

#define HUB_KEY "https://index.docker.io/v1/"
#define FILE_MAX (4u << 20)
/* Room for any sane file at once: memory that grows leaves copies behind. */
#define FILE_USUAL (256u << 10)

void
auth_release(struct auth *a)
{
	secret_free(&a->username);
	secret_free(&a->password);
	secret_free(&a->serveraddress);
	secret_free(&a->identitytoken);
	secret_free(&a->registrytoken);
}

static char *
dup_field(const json *entry, const char *name)
{
	const char *s = json_str(entry, name, "");

	return *s ? xstrdup(s) : NULL;
}

/* "auth": base64 of user:password; NULs behind are of an old client. */
static int
decode_auth(struct auth *a, const char *text, struct err *err)
{
	struct strbuf sb = STRBUF_INIT;
	const char *colon = NULL;
	bool ok;

	/* So that it never moves and leaves a copy. */
	strbuf_grow(&sb, strlen(text) + 4);
	if (!base64_decode(&sb, text, strlen(text)))
		colon = strchr(sb.buf, ':');
	ok = colon && colon != sb.buf;
	if (ok) {
		secret_free(&a->username);
		secret_free(&a->password);
		a->username = xstrndup(sb.buf, (size_t)(colon - sb.buf));
		a->password = xstrdup(colon + 1);
	} else {
		err_set(err, ERR_CONFIG,
		    "\"auth\" is not the base64 of user:password");
	}
	secret_release(&sb);
	return ok ? 0 : -1;
}

static bool
has_credentials(const struct auth *a)
{
	return a->username || a->identitytoken || a->registrytoken;
}

static int
take_entry(struct auth *a, const json *entry, const char *key,
    struct err *err)
{
	const char *text = json_str(entry, "auth", "");

	a->username = dup_field(entry, "username");
	a->password = dup_field(entry, "password");
	a->identitytoken = dup_field(entry, "identitytoken");
	a->registrytoken = dup_field(entry, "registrytoken");
	if (*text && decode_auth(a, text, err))
		return err_prefix(err, "the credentials for %s", key);
	if (!has_credentials(a))
		return 0;
	a->serveraddress = xstrdup(key);
	return 1;
}

/* "https://HOST/v1/" and "HOST/path" to HOST: [start, n). */
static size_t
host_of(const char **key)
{
	const char *s = *key;

	if (str_starts(s, "https://"))
		s += 8;
	else if (str_starts(s, "http://"))
		s += 7;
	*key = s;
	return strcspn(s, "/");
}

static bool
is_hub(const char *host, size_t n)
{
	return (n == 9 && !strncmp(host, "docker.io", n)) ||
	       (n == 15 && !strncmp(host, "index.docker.io", n));
}

bool
auth_same_host(const char *a, const char *b)
{
	size_t na = host_of(&a), nb = host_of(&b);

	return (na == nb && !strncmp(a, b, na)) ||
	       (is_hub(a, na) && is_hub(b, nb));
}

/* A member by its exact name: hosts are no keys of Go's structs. */
static const json *
member(const json *object, const char *name)
{
	const json *m;

	json_each(m, object)
	{
		if (m->string && !strcmp(m->string, name))
			return m;
	}
	return NULL;
}

/* Podman: "quay.io/team/app", then "quay.io/team". */
static const json *
by_namespace(const json *auths, const struct reference *ref)
{
	autofree char *key = xasprintf("%s/%s", ref->domain, ref->path);
	char *slash;

	while ((slash = strrchr(key, '/'))) {
		const json *m = member(auths, key);

		if (m)
			return m;
		*slash = '\0';
	}
	return NULL;
}

static int
from_auths(struct auth *a, const json *auths, const struct reference *ref,
    const char *key, bool podman, struct err *err)
{
	const json *entry = podman ? by_namespace(auths, ref) : NULL, *m;

	if (!entry)
		entry = member(auths, key);
	json_each(m, auths)
	{
		/* Podman's key with a path is of another namespace. */
		if (podman && m->string && strchr(m->string, '/') &&
		    !strstr(m->string, "://"))
			continue;
		if (!entry && m->string && auth_same_host(m->string, key))
			entry = m;
	}
	return entry ? take_entry(a, entry, key, err) : 0;
}

const char *
auth_helper(const json *config, const char *key)
{
	const json *helper = member(json_get(config, "credHelpers"), key);
	const char *name = cJSON_IsString(helper)
	    ? helper->valuestring
	    : json_str(config, "credsStore", "");

	return *name ? name : NULL;
}

static int
from_config(struct auth *a, const json *config, const struct reference *ref,
    const char *key, const struct auth_inputs *in, bool podman,
    struct err *err)
{
	const char *helper = auth_helper(config, key);
	int rc = 0;

	if (helper)
		rc = credhelper_get(a, helper, key, in, err);
	/* Entries from before the store was set up are still good. */
	return rc ? rc
		  : from_auths(a, json_get(config, "auths"), ref, key, podman,
			err);
}

/* An object that has no member but those of this name. */
static int
check_only(const json *object, const char *name, struct err *err)
{
	const json *m;

	if (!cJSON_IsObject(object))
		return err_set(err, ERR_CONFIG, "it is not an object");
	json_each(m, object)
	{
		if (strcasecmp(m->string, name))
			return err_set(err, ERR_CONFIG, "unknown field '%s'",
			    m->string);
	}
	return 0;
}

/* DOCKER_AUTH_CONFIG: only auths, and in them only auth. */
static int
check_env_config(const json *config, struct err *err)
{
	const json *auths, *entry;

	if (check_only(config, "auths", err))
		return -1;
	json_each(auths, config)
	{
		if (!cJSON_IsObject(auths))
			return err_set(err, ERR_CONFIG,
			    "\"auths\" is not an object");
		json_each(entry, auths)
		{
			if (check_only(entry, "auth", err))
				return err_prefix(err, "%s", entry->string);
		}
	}
	return 0;
}

static int
from_env(struct auth *a, const struct reference *ref, const char *key,
    const struct auth_inputs *in, struct err *err)
{
	const char *text = strvec_env_get(in->env, "DOCKER_AUTH_CONFIG");
	json *config;
	int rc = -1;

	if (!text || !*text)
		return 0;
	config = json_parse(text, strlen(text), err);
	if (config && !check_env_config(config, err))
		rc = from_auths(a, json_get(config, "auths"), ref, key, false,
		    err);
	secret_free_json(config);
	return rc < 0 ? err_prefix(err, "DOCKER_AUTH_CONFIG") : rc;
}

static int
from_file(struct auth *a, const char *path, const struct reference *ref,
    const char *key, const struct auth_inputs *in, bool podman,
    struct err *err)
{
	struct strbuf text = STRBUF_INIT;
	json *config = NULL;
	int rc = -1;

	strbuf_grow(&text, FILE_USUAL);
	if (io_read_file(path, &text, FILE_MAX, err)) {
		if (err->code == ENOENT || err->code == ENOTDIR) {
			err_clear(err);
			rc = 0;
		}
	} else {
		config = json_parse(text.buf, text.len, err);
		rc = config ? from_config(a, config, ref, key, in, podman, err)
			    : err_prefix(err, "%s", path);
	}
	secret_free_json(config);
	secret_release(&text);
	return rc;
}

const char *
auth_key(const char *domain, bool podman)
{
	if (is_hub(domain, strlen(domain)))
		return podman ? "docker.io" : HUB_KEY;
	return domain;
}

/* As getPathToAuth() of containers/image has it. */
static char *
podman_file(const struct auth_inputs *in)
{
	const char *file = strvec_env_get(in->env, "REGISTRY_AUTH_FILE");
	const char *xdg = strvec_env_get(in->env, "XDG_RUNTIME_DIR");

	if (file && *file)
		return xstrdup(file);
	if (xdg && *xdg)
		return xasprintf("%s/containers/auth.json", xdg);
	return xasprintf("/run/containers/%u/auth.json", (unsigned)getuid());
}

/* Does no other file count? */
static bool
is_only(const struct auth_inputs *in)
{
	const char *file = strvec_env_get(in->env, "REGISTRY_AUTH_FILE");

	return in->podman && file && *file;
}

char *
auth_file(const struct auth_inputs *in, bool podman)
{
	autofree char *dir = NULL;

	if (podman)
		return podman_file(in);
	dir = context_config_dir(in->env, in->home);
	return dir ? io_join(dir, "config.json") : NULL;
}

int
auth_find(struct auth *a, const struct reference *ref,
    const struct auth_inputs *in, struct err *err)
{
	const char *key = auth_key(ref->domain, false);
	autofree char *config = auth_file(in, false);
	int rc;

	*a = (struct auth){0};
	rc = from_env(a, ref, key, in, err);
	if (!rc && in->podman) {
		autofree char *file = auth_file(in, true);

		rc = from_file(a, file, ref, auth_key(ref->domain, true), in,
		    true, err);
	}
	if (rc || is_only(in) || !config)
		return rc;
	return from_file(a, config, ref, key, in, false, err);
}

void
auth_inputs_here(struct auth_inputs *in, struct engine *e, struct strvec *env)
{
	struct endpoint_inputs here;

	endpoint_inputs_here(&here, env);
	*in = (struct auth_inputs){.env = env, .home = here.home,
	    .podman = engine_kind(e) == ENGINE_PODMAN,
	    .loop = engine_loop(e), .interrupts = engine_interrupts(e)};
}

static void
put(json *j, const char *name, const char *value)
{
	if (value && *value)
		json_put_str(j, name, value);
}

json *
auth_json(const struct auth *a)
{
	json *j = json_object();

	put(j, "username", a->username);
	put(j, "password", a->password);
	put(j, "serveraddress", a->serveraddress);
	put(j, "identitytoken", a->identitytoken);
	put(j, "registrytoken", a->registrytoken);
	return j;
}

char *
auth_header(const struct auth *a)
{
	struct strbuf out = STRBUF_INIT;
	json *j = a ? auth_json(a) : json_object();
	autosecret char *text = secret_print(j, false);

	secret_free_json(j);
	strbuf_grow(&out, strlen(text) * 2 + 8);
	base64_encode(&out, text, strlen(text), true);
	return strbuf_detach(&out);
}
