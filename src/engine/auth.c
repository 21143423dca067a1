#include "engine/auth.h"

#include <errno.h>
#include <string.h>

#include "base/encode.h"
#include "base/io.h"
#include "base/json.h"
#include "engine/context.h"
#include "engine/credhelper.h"

#define HUB_KEY "https://index.docker.io/v1/"
#define FILE_MAX (4u << 20)
/* Room for any sane file at once: memory that grows leaves copies behind. */
#define FILE_USUAL (256u << 10)

static void
wipe(char **s)
{
	if (*s)
		explicit_bzero(*s, strlen(*s));
	free(*s);
	*s = NULL;
}

void
auth_release(struct auth *a)
{
	wipe(&a->username);
	wipe(&a->password);
	wipe(&a->serveraddress);
	wipe(&a->identitytoken);
	wipe(&a->registrytoken);
}

void
auth_header_free(char *header)
{
	wipe(&header);
}

static void
wipe_strings(json *j)
{
	for (; j; j = j->next) {
		if (cJSON_IsString(j) && j->valuestring)
			explicit_bzero(j->valuestring,
			    strlen(j->valuestring));
		wipe_strings(j->child);
	}
}

void
auth_wipe_json(json *j)
{
	wipe_strings(j);
	json_free(j);
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
		wipe(&a->username);
		wipe(&a->password);
		a->username = xstrndup(sb.buf, (size_t)(colon - sb.buf));
		a->password = xstrdup(colon + 1);
	} else {
		err_set(err, ERR_CONFIG,
		    "\"auth\" is not the base64 of user:password");
	}
	explicit_bzero(sb.buf, sb.len);
	strbuf_release(&sb);
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

static bool
same_host(const char *a, const char *b)
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
		if (!entry && m->string && same_host(m->string, key))
			entry = m;
	}
	return entry ? take_entry(a, entry, key, err) : 0;
}

static int
from_config(struct auth *a, const json *config, const struct reference *ref,
    const char *key, const struct auth_inputs *in, bool podman,
    struct err *err)
{
	const json *helper = member(json_get(config, "credHelpers"), key);
	const char *name = cJSON_IsString(helper)
	    ? helper->valuestring
	    : json_str(config, "credsStore", "");
	int rc = 0;

	if (*name)
		rc = credhelper_get(a, name, key, in, err);
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
	auth_wipe_json(config);
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
	auth_wipe_json(config);
	explicit_bzero(text.buf, text.len);
	strbuf_release(&text);
	return rc;
}

/* Podman's own file; *only if no other counts. */
static char *
podman_file(const struct auth_inputs *in, bool *only)
{
	const char *file = strvec_env_get(in->env, "REGISTRY_AUTH_FILE");
	const char *xdg = strvec_env_get(in->env, "XDG_RUNTIME_DIR");

	*only = file && *file;
	if (*only)
		return xstrdup(file);
	return xdg && *xdg ? xasprintf("%s/containers/auth.json", xdg) : NULL;
}

int
auth_find(struct auth *a, const struct reference *ref,
    const struct auth_inputs *in, struct err *err)
{
	bool hub = is_hub(ref->domain, strlen(ref->domain)), only = false;
	const char *key = hub ? HUB_KEY : ref->domain;
	autofree char *file = NULL, *dir = NULL, *config = NULL;
	int rc;

	*a = (struct auth){0};
	rc = from_env(a, ref, key, in, err);
	if (!rc && in->podman && (file = podman_file(in, &only)))
		rc = from_file(a, file, ref, hub ? ref->domain : key, in, true,
		    err);
	if (rc || only)
		return rc;
	dir = context_config_dir(in->env, in->home);
	if (!dir)
		return 0;
	config = io_join(dir, "config.json");
	return from_file(a, config, ref, key, in, false, err);
}

static void
put(json *j, const char *name, const char *value)
{
	if (value && *value)
		json_put_str(j, name, value);
}

char *
auth_header(const struct auth *a)
{
	struct strbuf out = STRBUF_INIT;
	json *j = json_object();
	size_t max = 1024;
	char *text;

	if (a) {
		const char *const fields[] = {a->username, a->password,
		    a->serveraddress, a->identitytoken, a->registrytoken};

		put(j, "username", a->username);
		put(j, "password", a->password);
		put(j, "serveraddress", a->serveraddress);
		put(j, "identitytoken", a->identitytoken);
		put(j, "registrytoken", a->registrytoken);
		/* A byte grows to six ("\u0001") at most. */
		for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
			max += fields[i] ? 6 * strlen(fields[i]) : 0;
	}
	text = xcalloc(1, max);
	if (!cJSON_PrintPreallocated(j, text, (int)max, false))
		abort();
	strbuf_grow(&out, strlen(text) * 2 + 8);
	base64_encode(&out, text, strlen(text), true);
	wipe(&text);
	auth_wipe_json(j);
	return strbuf_detach(&out);
}
