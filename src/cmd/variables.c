#include "cmd/variables.h"

#include <string.h>

#include "base/encode.h"
#include "base/mask.h"
#include "cmd/host.h"
#include "cmd/session_host.h"
#include "session/session.h"

/* A named session is opened for its variables, which are expanded before the
   first command is looked at. */
static struct session *
get_session(struct host *h)
{
	autoerr struct err told_later = ERR_INIT;

	if (!h->session && h->inv.session)
		h->open(h, &told_later);
	return h->session;
}

static const json *
kept_variables(struct host *h)
{
	const struct session *s = get_session(h);

	return s && s->named ? json_get(named_state(s->named), "vars") : NULL;
}

/* $last.NAME: what the last run came to. */
static char *
last_variable(struct session *s, const char *name)
{
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;
	const struct last_run *r = session_last_run(s);

	if (!r->step)
		return NULL;
	if (!strcmp(name, "exit_code"))
		return xasprintf("%d", r->exit_code);
	if (!strcmp(name, "duration_ms"))
		return xasprintf("%lld", (long long)r->duration_ms);
	if (!strcmp(name, "status"))
		return xstrdup(r->status);
	if (strcmp(name, "stdout") && strcmp(name, "stderr"))
		return NULL;
	steps_read_stream(s->steps, r->step, !strcmp(name, "stderr"), &sb,
	    &ignored);
	return strbuf_detach(&sb);
}

static char *
session_variable(struct session *s, const char *name)
{
	const struct env *env = s ? s->current : NULL;

	if (s && str_starts(name, "last."))
		return last_variable(s, name + strlen("last."));
	if (!strcmp(name, "n"))
		return xasprintf("%u", s ? steps_last(s->steps) : 0);
	if (!strcmp(name, "workspace"))
		return xstrdup(env ? env_spec_workspace(&env->spec)
				   : SANDBOX_WORKSPACE);
	if (s && s->engine && !strcmp(name, "engine"))
		return xstrdup(engine_endpoint(s->engine)->url);
	if (!env)
		return NULL;
	if (!strcmp(name, "env"))
		return xstrdup(env->spec.name);
	if (!strcmp(name, "image"))
		return xstrdup(env->spec.image);
	if (!strcmp(name, "container"))
		return xstrdup(session_host_fact(env->box, "id"));
	return NULL;
}

/* The value of one that is kept as {"text":...} or {"text_b64":...}. */
static char *
kept_value(const json *entry)
{
	const char *text = json_str(entry, "text", NULL);
	const char *coded = json_str(entry, "text_b64", NULL);
	autobuf struct strbuf sb = STRBUF_INIT;

	if (text)
		return xstrdup(text);
	if (!coded || base64_decode(&sb, coded, strlen(coded)))
		return NULL;
	return strbuf_detach(&sb);
}

static char *
variable(struct host *h, const char *name)
{
	char *text = session_variable(get_session(h), name);
	const json *kept = kept_variables(h), *entry;
	const char *own = strvec_env_get(&h->vars, name);

	if (text)
		return text;
	if (own)
		return xstrdup(own);
	json_each (entry, kept)
		if (!strcmp(entry->string, name))
			return kept_value(entry);
	return NULL;
}

static void
variables(struct host *h, struct strvec *out)
{
	const json *kept = kept_variables(h), *entry;

	json_each (entry, kept) {
		autofree char *value = kept_value(entry);

		if (value)
			strvec_pushf(out, "%s=%s", entry->string, value);
	}
	for (size_t i = 0; i < h->vars.n; i++)
		strvec_env_set(out, h->vars.v[i]);
}

static void
put_variable(void *arg, json *state)
{
	const char *text = arg, *value = strchr(text, '=') + 1;
	autofree char *name = xstrndup(text, value - text - 1);
	json *entry = json_object();
	json *vars = json_copy(json_get(state, "vars"));

	if (!cJSON_IsObject(vars)) {
		json_free(vars);
		vars = json_object();
	}
	json_put_bytes(entry, "text", value, strlen(value));
	json_remove(vars, name);
	json_put(vars, name, entry);
	json_remove(state, "vars");
	json_put(state, "vars", vars);
}

static bool
is_secret(const char *text)
{
	autobuf struct strbuf masked = STRBUF_INIT;

	mask_secrets(&masked, text, strlen(text));
	return strcmp(masked.buf, text) != 0;
}

/* Is it kept for whoever resumes the session? */
static bool
keep_variable(struct host *h, const char *text)
{
	const struct session *s = get_session(h);
	autofree char *name = xstrndup(text, strcspn(text, "="));
	autoerr struct err err = ERR_INIT;

	if (!s || !s->named)
		return false;
	if (is_secret(text)) {
		session_host_once(h, name, "%s looks like a secret: session "
		    "%s does not keep it", name, s->name);
		return false;
	}
	if (!named_change(s->named, put_variable, (char *)text, &err))
		return true;
	session_host_not_kept(h, "variables are not kept: %s", err.msg.buf);
	return false;
}

static void
set_variable(struct host *h, const char *text)
{
	size_t n = strcspn(text, "=") + 1;

	if (!keep_variable(h, text)) {
		strvec_env_set(&h->vars, text);
		return;
	}
	for (size_t i = h->vars.n; i-- > 0;)
		if (!strncmp(h->vars.v[i], text, n))
			strvec_remove(&h->vars, i);
}

void
variables_init(struct host *h)
{
	h->variable = variable;
	h->variables = variables;
	h->set_variable = set_variable;
}
