#include "engine/context.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/encode.h"
#include "base/io.h"

#define FILE_MAX (4u << 20)
#define DEFAULT_HOST "unix:///var/run/docker.sock"

char *
context_config_dir(const struct strvec *env, const char *home)
{
	const char *dir = strvec_env_get(env, "DOCKER_CONFIG");

	if (dir && *dir)
		return xstrdup(dir);
	return home ? io_join(home, ".docker") : NULL;
}

int
context_config(const struct strvec *env, const char *home, json **config,
    struct err *err)
{
	autofree char *dir = context_config_dir(env, home), *path = NULL;
	autobuf struct strbuf text = STRBUF_INIT;

	*config = NULL;
	if (!dir)
		return 0;
	path = io_join(dir, "config.json");
	if (io_read_file(path, &text, FILE_MAX, err)) {
		if (err->code != ENOENT && err->code != ENOTDIR)
			return -1;
		err_clear(err);
		return 0;
	}
	*config = json_parse(text.buf, text.len, err);
	return *config ? 0 : err_prefix(err, "%s", path);
}

int
context_current(const struct strvec *env, const char *home, char **name,
    struct err *err)
{
	autojson json *config = NULL;
	const char *s;

	*name = NULL;
	if (context_config(env, home, &config, err))
		return -1;
	s = json_str(config, "currentContext", "");
	*name = *s ? xstrdup(s) : NULL;
	return 0;
}

/* ^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$, as cli/context/store has it. */
static bool
name_ok(const char *name)
{
	if (!isalnum((unsigned char)name[0]) || !name[1])
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("_.+-", *name))
			return false;
	return true;
}

int
context_parse(struct endpoint *ep, const char *name, const char *text,
    size_t n, bool tls, struct err *err)
{
	autojson json *meta = json_parse(text, n, err);
	const json *docker = json_path(meta, "Endpoints.docker");
	const char *host = json_str(docker, "Host", "");

	if (!meta)
		return -1;
	if (strcmp(json_str(meta, "Name", ""), name))
		return err_set(err, ERR_CONFIG,
		    "it is of the context '%s', not of '%s'",
		    json_str(meta, "Name", ""), name);
	ep->tls_skip_verify = json_bool(docker, "SkipTLSVerify", false);
	return endpoint_parse(ep, *host ? host : DEFAULT_HOST,
	    tls || ep->tls_skip_verify, err);
}

static char *
pem(const char *dir, const char *id, const char *name)
{
	char *path =
	    xasprintf("%s/contexts/tls/%s/docker/%s.pem", dir, id, name);

	if (!access(path, F_OK))
		return path;
	free(path);
	return NULL;
}

int
context_load(struct endpoint *ep, const struct strvec *env, const char *home,
    const char *name, struct err *err)
{
	autofree char *dir = context_config_dir(env, home), *path = NULL;
	autobuf struct strbuf text = STRBUF_INIT;
	char id[SHA256_HEX_SIZE];

	if (!name_ok(name))
		return err_set(err, ERR_USAGE,
		    "'%s' is not the name of a Docker context", name);
	sha256_hex(name, strlen(name), id);
	path = xasprintf("%s/contexts/meta/%s/meta.json", dir ? dir : "", id);
	if (!dir || io_read_file(path, &text, FILE_MAX, err)) {
		if (dir && err->code != ENOENT && err->code != ENOTDIR)
			return -1;
		return err_set(err, ERR_CONFIG,
		    "there is no Docker context '%s'", name);
	}
	ep->ca = pem(dir, id, "ca");
	ep->cert = pem(dir, id, "cert");
	ep->key = pem(dir, id, "key");
	if (context_parse(ep, name, text.buf, text.len,
		ep->ca || ep->cert || ep->key, err))
		return err_prefix(err, "%s", path);
	ep->context = xstrdup(name);
	return 0;
}

/* A header of ours could be forged by a line break in a value. */
static int
add_header(struct strvec *headers, const char *name, const char *value,
    struct err *err)
{
	for (const char *s = name; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("-_", *s))
			return err_set(err, ERR_CONFIG,
			    "'%s' is not the name of a header", name);
	for (const char *s = value; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 127)
			return err_set(err, ERR_CONFIG,
			    "the header %s has a control character", name);
	if (!*name)
		return err_set(err, ERR_CONFIG, "a header without a name");
	strvec_pushf(headers, "%s: %s", name, value);
	return 0;
}

/* The next field of a line of comma-separated values (RFC 4180), in place. */
static char *
csv_field(char **rest)
{
	char *s = *rest, *out = s, *field = s;
	bool quoted = *s == '"';

	if (quoted)
		s++;
	for (; *s && (quoted || *s != ','); s++) {
		if (quoted && *s == '"') {
			if (s[1] != '"') {
				quoted = false;
				continue;
			}
			s++;
		}
		*out++ = *s;
	}
	*rest = *s ? s + 1 : NULL;
	*out = '\0';
	return field;
}

/* DOCKER_CUSTOM_HEADERS: NAME=VALUE,"NAME=VALUE, AND MORE" */
static int
custom_headers(struct strvec *headers, const char *list, struct err *err)
{
	autofree char *text = xstrdup(list);
	char *rest = text;

	while (rest && *rest) {
		char *value = csv_field(&rest), *name = strsep(&value, "=");

		if (!value)
			return err_set(err, ERR_CONFIG,
			    "DOCKER_CUSTOM_HEADERS: '%s' is not NAME=VALUE",
			    name);
		if (add_header(headers, name, value, err))
			return err_prefix(err, "DOCKER_CUSTOM_HEADERS");
	}
	return 0;
}

int
context_headers(struct strvec *headers, const struct strvec *env,
    const char *home, struct err *err)
{
	const char *list = strvec_env_get(env, "DOCKER_CUSTOM_HEADERS");
	autojson json *config = NULL;
	const json *h;

	if (context_config(env, home, &config, err))
		return -1;
	json_each(h, json_get(config, "HttpHeaders"))
	{
		/* The client's own name is no use to anybody here. */
		if (!h->string || !cJSON_IsString(h) ||
		    !strcasecmp(h->string, "User-Agent"))
			continue;
		if (add_header(headers, h->string, h->valuestring, err))
			return err_prefix(err, "config.json: HttpHeaders");
	}
	return list ? custom_headers(headers, list, err) : 0;
}
