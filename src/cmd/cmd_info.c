/* env info: what an environment is and which limits hold there. */
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cmd/call.h"
#include "cmd/session_host.h"
#include "session/session.h"

static bool
is_size(const char *name)
{
	static const char *const sizes[] = {
	    "memory", "swap", "core", "stack", "fsize", NULL};

	return str_in(name, sizes) || str_starts(name, "space:");
}

/* A value of runner/protocol.h's limits as people read it. */
static char *
show_limit(const char *name, const char *value)
{
	struct strbuf sb = STRBUF_INIT;
	char *end;
	unsigned long long n = strtoull(value, &end, 10);

	if (!*value || *end)
		strbuf_adds(&sb, value);
	else if (is_size(name))
		units_add_size(&sb, n);
	else if (!strcmp(name, "cpu"))
		strbuf_addf(&sb, "%g CPU", (double)n / 1000);
	else
		strbuf_adds(&sb, value);
	return strbuf_detach(&sb);
}

static void
limit_row(struct call_table *t, const char *entry)
{
	size_t n = strcspn(entry, "=");
	autofree char *name = xstrndup(entry, n);
	autofree char *shown = show_limit(name, entry + n + 1);
	const char *cells[] = {name, shown};
	json *j = json_object();

	json_put_str(j, "name", name);
	json_put_str(j, "value", entry + n + 1);
	call_table_row(t, cells, j);
}

static void
show_facts(struct call *c, const struct env *env)
{
	const struct strvec *facts = box_describe(env->box);
	json *j = call_data(c);

	json_put_str(j, "name", env->spec.name);
	json_put_str(j, "image", env->spec.image);
	session_host_put_facts(j, env->box);
	call_text(c, "%-12s%s\n", "name", env->spec.name);
	for (size_t i = 0; i < facts->n; i++) {
		size_t n = strcspn(facts->v[i], "=");

		call_text(c, "%-12.*s%s\n", (int)n, facts->v[i],
		    facts->v[i] + n + 1);
	}
}

static void
show_limits(struct call *c, const struct env *env)
{
	static const struct column cols[] = {
	    {"name", "LIMIT", false, 0}, {"value", "READ BACK", false, 0}};
	const struct strvec *limits = box_limits(env->box);
	struct call_table *t =
	    call_table_new(c, "limits", cols, ARRAY_SIZE(cols));

	for (size_t i = 0; i < limits->n; i++)
		limit_row(t, limits->v[i]);
	call_table_end(t);
}

static void
show_gaps(struct call *c, const struct env *env)
{
	json *list = json_array();
	const struct limit_gap *gaps;
	size_t n;

	gaps = box_gaps(env->box, &n);
	for (size_t i = 0; i < n; i++) {
		json *j = json_object();

		json_put_str(j, "name", gaps[i].name);
		json_put_str(j, "asked", gaps[i].asked);
		json_put_str(j, "got", gaps[i].got);
		json_put_bool(j, "weak", gaps[i].weak);
		json_put_str(j, "why", gaps[i].why);
		json_push(list, j);
		call_text(c, "%s %s: asked %s, got %s: %s\n",
		    gaps[i].weak ? "weak:" : "does not hold:", gaps[i].name,
		    gaps[i].asked, gaps[i].got, gaps[i].why);
	}
	json_put(call_data(c), "not_applied", list);
}

static int
env_info_exec(struct call *c)
{
	const char *name = c->argc ? c->argv[0] : NULL;

	if (c->host->need_env(c, name))
		return -1;
	show_facts(c, c->env);
	show_limits(c, c->env);
	show_gaps(c, c->env);
	return 0;
}

const struct cmd cmd_env_info = {
    .name = "env info",
    .summary = "what an environment is, and the limits as read from inside",
    .help = "No limit is shown as it was asked for: each one is read in the "
	    "environment, from the cgroup's files, the mounts and the "
	    "process's own limits.",
    .args = {ARG_OPTIONAL("NAME", COMP_ENV)},
    .flags = CMD_NO_STEP,
    .exec = env_info_exec,
};
