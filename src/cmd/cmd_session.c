/* session ls, session info, session rm: sessions with a name. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "cmd/call.h"
#include "cmd/output.h"
#include "sandbox/kept.h"
#include "session/session.h"

/* What belongs to a named session beside its files: kept environments. */
struct belongings {
	struct strvec envs, ids; /* names, and ids in the register */
};

static void
find_belongings(struct call *c, const char *name, struct belongings *b)
{
	autojson json *list = kept_list(&c->session->runtime, NULL);
	const json *item;

	strvec_init(&b->envs);
	strvec_init(&b->ids);
	json_each (item, list) {
		if (strcmp(json_str(item, "session", ""), name))
			continue;
		strvec_push(&b->envs, json_str(item, "name", ""));
		strvec_push(&b->ids, json_str(item, "id", ""));
	}
}

static void
belongings_release(struct belongings *b)
{
	strvec_release(&b->envs);
	strvec_release(&b->ids);
}

/* What cannot be reached now stays in the register, and the first of them is
   said. */
static int
close_envs(struct call *c, const struct belongings *b)
{
	struct session *s = c->session;

	for (size_t i = 0; i < b->ids.n; i++) {
		autoerr struct err err = ERR_INIT;
		struct env *env = session_env(s, b->ids.v[i], &err);

		if (env && !session_env_remove(s, env, &err))
			continue;
		if (c->err.kind)
			continue;
		err_prefix(&err, "environment %s is left", b->envs.v[i]);
		err_hint(&err, "later:  env rm %.8s", b->ids.v[i]);
		err_move(&c->err, &err);
	}
	return c->err.kind ? -1 : 0;
}

static void
add_joined(struct strbuf *sb, const struct strvec *words)
{
	for (size_t i = 0; i < words->n; i++)
		strbuf_addf(sb, "%s%s", i ? ", " : "", words->v[i]);
}

/* "1234-ab12" of each: the number in front. */
static json *
pids(const struct named_info *info)
{
	json *list = json_array();

	for (size_t i = 0; i < info->processes.n; i++)
		json_push(list, cJSON_CreateNumber(
				    strtod(info->processes.v[i], NULL)));
	return list;
}

static void
add_pids(struct strbuf *sb, const struct named_info *info)
{
	for (size_t i = 0; i < info->processes.n; i++)
		strbuf_addf(sb, "%s%.*s", i ? ", " : "",
		    (int)strcspn(info->processes.v[i], "-"),
		    info->processes.v[i]);
}

static void
put_time(json *j, const char *name, int64_t ms)
{
	char when[32];

	clock_format_utc(ms, when);
	json_put_str(j, name, ms ? when : NULL);
}

static json *
session_json(const char *name, const struct named_info *info,
    const struct belongings *b)
{
	json *j = json_object();

	json_put_str(j, "name", name);
	json_put_int(j, "steps", info->steps);
	json_put_int(j, "variables", info->variables);
	json_put(j, "environments", json_from_strings(&b->envs));
	json_put_int(j, "bytes", (int64_t)info->bytes);
	put_time(j, "created", info->created_ms);
	put_time(j, "last_used", info->used_ms);
	json_put(j, "processes", pids(info));
	return j;
}

static void
add_age(struct strbuf *sb, int64_t ms)
{
	units_add_age(sb, (clock_wall_ms() - ms) / 1000);
}

static void
ls_row(struct call *c, struct call_table *t, const char *name)
{
	autofree char *steps = NULL;
	autobuf struct strbuf envs = STRBUF_INIT, age = STRBUF_INIT;
	autobuf struct strbuf users = STRBUF_INIT;
	autoerr struct err gone = ERR_INIT;
	struct named_info info;
	struct belongings b;

	if (named_info(c->session->runtime.state_dir, name, &info, &gone))
		return;
	find_belongings(c, name, &b);
	steps = xasprintf("%u", info.steps);
	add_joined(&envs, &b.envs);
	add_age(&age, info.used_ms);
	add_pids(&users, &info);
	const char *cells[] = {name, steps, envs.buf, age.buf, users.buf};
	call_table_row(t, cells, session_json(name, &info, &b));
	belongings_release(&b);
	named_info_release(&info);
}

static int
session_ls_exec(struct call *c)
{
	static const struct column cols[] = {{"name", "NAME", false, 0},
	    {"steps", "STEPS", true, 0},
	    {"environments", "ENVIRONMENTS", false, 2},
	    {"last_used", "LAST USED", false, 1},
	    {"processes", "IN USE BY", false, 0}};
	struct call_table *t =
	    call_table_new(c, "sessions", cols, ARRAY_SIZE(cols));
	autovec struct strvec names = STRVEC_INIT;

	named_list(c->session->runtime.state_dir, &names);
	for (size_t i = 0; i < names.n; i++)
		ls_row(c, t, names.v[i]);
	call_table_end(t);
	return 0;
}

const struct cmd cmd_session_ls = {
    .name = "session ls",
    .summary = "the sessions that have a name",
    .help = "With the processes that use them at this moment.",
    .flags = CMD_NO_STEP | CMD_PAGEABLE,
    .exec = session_ls_exec,
};

/* NULL: there are none, which is worth no line. */
static const char *
some(const struct strbuf *list)
{
	return list->len ? list->buf : NULL;
}

static void
show_info(struct call *c, const char *name, const struct named_info *info,
    const struct belongings *b)
{
	autofree char *steps = xasprintf("%u", info->steps);
	autofree char *variables = xasprintf("%u", info->variables);
	autobuf struct strbuf envs = STRBUF_INIT, users = STRBUF_INIT;
	autobuf struct strbuf size = STRBUF_INIT, age = STRBUF_INIT;
	char created[32];

	add_joined(&envs, &b->envs);
	add_pids(&users, info);
	units_add_size(&size, info->bytes);
	add_age(&age, info->used_ms);
	clock_format_utc(info->created_ms, created);
	call_fact(c, "name", "name", name);
	call_fact(c, "steps", "steps", steps);
	call_fact(c, "variables", "variables", variables);
	call_fact(c, "environments", "environments", some(&envs));
	call_fact(c, "bytes", "on the disk", size.buf);
	call_fact(c, "created", "created",
	    info->created_ms ? created : NULL);
	call_fact(c, "last_used", "last used", age.buf);
	call_fact(c, "processes", "in use by", some(&users));
}

static int
session_info_exec(struct call *c)
{
	const char *name = c->argc ? c->argv[0] : c->session->name;
	struct named_info info;
	struct belongings b;

	if (!name) {
		err_set(&c->err, ERR_USAGE, "this session has no name");
		return err_hint(&c->err, "see those that have:  session ls");
	}
	if (named_info(c->session->runtime.state_dir, name, &info, &c->err))
		return -1;
	find_belongings(c, name, &b);
	show_info(c, name, &info, &b);
	call_set_data(c, session_json(name, &info, &b));
	belongings_release(&b);
	named_info_release(&info);
	return 0;
}

const struct cmd cmd_session_info = {
    .name = "session info",
    .summary = "what a session holds, and who uses it",
    .help = "Without NAME the one that addesh was started with (-s).",
    .args = {ARG_OPTIONAL("NAME", COMP_NAMED)},
    .flags = CMD_NO_STEP | CMD_PAGEABLE,
    .exec = session_info_exec,
};

static int
remove_one(struct call *c, const char *name, json *removed)
{
	const char *state = c->session->runtime.state_dir;
	struct named_info info;
	struct belongings b;
	int rc;

	if (c->session->name && !strcmp(c->session->name, name)) {
		const char *set = getenv("ADDESH_SESSION");

		err_set(&c->err, ERR_USAGE,
		    "session %s is this process's own", name);
		return err_hint(&c->err, "when it has ended:  %saddesh "
		    "session rm %s", set && *set ?
		    "env -u ADDESH_SESSION " : "", name);
	}
	if (named_info(state, name, &info, &c->err))
		return -1;
	find_belongings(c, name, &b);
	rc = named_remove(state, name, call_has(c, "force"), &c->err);
	if (!rc) {
		autobuf struct strbuf size = STRBUF_INIT;

		rc = close_envs(c, &b);
		units_add_size(&size, info.bytes);
		json_push(removed, session_json(name, &info, &b));
		call_text(c, "%s: %u step%s, %u variable%s and %zu "
		    "environment%s, %s\n", name, info.steps,
		    info.steps == 1 ? "" : "s", info.variables,
		    info.variables == 1 ? "" : "s", b.envs.n,
		    b.envs.n == 1 ? "" : "s", size.buf);
	}
	belongings_release(&b);
	named_info_release(&info);
	return rc;
}

static int
session_rm_exec(struct call *c)
{
	json *removed = json_array();
	int rc = 0;

	json_put(call_data(c), "removed", removed);
	for (size_t i = 0; !rc && i < c->argc; i++)
		rc = remove_one(c, c->argv[i], removed);
	return rc;
}

static const struct opt session_rm_opts[] = {
    OPT_FLAG('f', "force", "even while a process uses it"),
    OPT_END,
};

const struct cmd cmd_session_rm = {
    .name = "session rm",
    .summary = "remove sessions with all that they hold",
    .help = "Steps, logs and variables are gone then, and its environments are "
	    "closed.  A process that uses the "
	    "session goes on with its work, and keeps no steps any more.",
    .examples = "session rm lesson",
    .opts = session_rm_opts,
    .args = {ARG_SOME("NAME", COMP_NAMED)},
    .flags = CMD_OWN_ONLY,
    .exec = session_rm_exec,
};

const struct cmd cmd_session = {
    .name = "session",
    .summary = "sessions that have a name: ls, info, rm",
    .help = "'addesh -s NAME' begins or resumes one, and several processes may "
	    "use it at once: its steps, variables and environments stay.",
};
