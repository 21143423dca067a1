/* env keep: environments that outlive the session. */
#include "base/units.h"
#include "cmd/call.h"
#include "cmd/host.h"
#include "cmd/keep_call.h"
#include "session/session.h"

int
keep_call_lease(struct call *c, struct policy *p, const char *text,
    uint64_t *ms)
{
	if (text && policy_override(p, "lease", text, "the idle time", &c->err))
		return -1;
	*ms = policy_num(p, SET_LEASE);
	return 0;
}

int
keep_call_check(struct call *c, struct env *env)
{
	autofree char *name = xstrdup(env->spec.name);
	autoerr struct err ignored = ERR_INIT;

	if (!session_env_reach(c->session, env, &c->err))
		return 0;
	if (c->err.code != BOX_ENDED)
		return err_prefix(&c->err, "environment %s", name);
	session_env_remove(c->session, env, &ignored);
	err_prefix(&c->err, "environment %s has ended", name);
	return err_hint(&c->err, "those that live:  env ls -a");
}

/* A name or a time, in this order; the first may be left out. */
static int
take_operands(struct call *c, const char **name, const char **time)
{
	uint64_t ms;

	*name = c->argc ? c->argv[0] : NULL;
	*time = c->argc > 1 ? c->argv[1] : NULL;
	if (c->argc == 1 && !session_has_env(c->session, *name) &&
	    !units_parse_duration(*name, &ms)) {
		*time = *name;
		*name = NULL;
	}
	return *time && units_parse_duration(*time, &ms)
		   ? err_set(&c->err, ERR_USAGE,
			 "'%s' is no time: 90s, 5m, 12h or 7d", *time)
		   : 0;
}

static int
env_keep_exec(struct call *c)
{
	struct policy *p = policy_copy(c->session->policy);
	autobuf struct strbuf text = STRBUF_INIT;
	const char *name, *time;
	uint64_t ms;
	int rc = take_operands(c, &name, &time);

	if (!rc)
		rc = keep_call_lease(c, p, time, &ms);
	policy_free(p);
	if (rc || c->host->need_env(c, name) ||
	    session_env_keep(c->session, c->env, ms, &c->err))
		return -1;
	units_add_duration_exact(&text, ms);
	json_put_str(call_data(c), "name", c->env->spec.name);
	json_put_str(call_data(c), "id", c->env->id);
	json_put_int(call_data(c), "lease_ms", (int64_t)ms);
	call_note(c, "env %s (%.8s) is kept until it has been idle for %s",
	    c->env->spec.name, c->env->id, text.buf);
	return 0;
}

const struct cmd cmd_env_keep = {
    .name = "env keep",
    .summary = "let an environment outlive the session",
    .help =
	"It stays as it is when the session ends, with its files and what runs "
	"in the background, and any later session finds it: 'env ls -a', 'env "
	"use NAME'.  It ends itself when nobody has used it for TIME (setting "
	"lease), whether addesh is there or not; 'env rm' ends it at once.\n"
	"Given again it changes the time.",
    .examples = "env keep\n"
		"env keep py311 7d",
    .args = {ARG_OPTIONAL("NAME", COMP_ENV), ARG_OPTIONAL("TIME", COMP_NONE)},
    .exec = env_keep_exec,
};
