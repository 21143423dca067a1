/* env info: what an environment is and which limits hold there. */
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cmd/dep_call.h"
#include "cmd/env_service.h"
#include "cmd/env_share.h"
#include "cmd/output.h"
#include "cmd/session_host.h"
#include "session/session.h"

/*
 * Names for people, in the order in which they ask; what is not here follows
 * under its own name.  --json and --plain keep the names of box_describe() and
 * of runner/protocol.h.
 */
struct title {
	const char *name, *title;
};

static const struct title fact_titles[] = {{"image", "image"},
    {"stand_in", "stands in for it"}, {"kind", "kind"}, {"engine", "engine"},
    {"id", "id"}, {"container", NULL}, {"arch", "architecture"},
    {"image_id", "image's id"},
    {"workspace", "workspace lies in"}, {"cgroup", "control group"},
    {"runner", "runner"},
    {"runner_way", "runner's way in"},
    /* read back from inside as well, which counts */
    {"isolation", NULL}, {"seccomp", NULL}};

static const struct title limit_titles[] = {{"memory", "memory"},
    {"swap", "swap"}, {"cpu", "CPUs"}, {"pids", "processes"},
    {"space:" SANDBOX_WORKSPACE, "space:" SANDBOX_WORKSPACE},
    {"space:/tmp", "room in /tmp and HOME"},
    {"space:/dev/shm", "space:/dev/shm"}, {"network", "network"},
    {"nofile", "open files"}, {"nproc", "processes of its user"},
    {"stack", "stack"}, {"fsize", "size of a file"}, {"core", "core dumps"},
    {"readonly_root", "image's files"}, {"root_mode", "mode of /"},
    {"uid", "user id"}, {"gid", "group id"}, {"caps", "capabilities"},
    {"no_new_privs", "gaining privileges"}, {"seccomp", "system calls"},
    {"isolation", "runs are kept apart by"},
    {"oom_counter", "out of memory is"}};

/* What a value means that is no amount. */
static const struct {
	const char *name, *value, *text;
} words[] = {{"core", "1", "none"}, /* 1 keeps them from a pipe, too */
    {"core", "0", "none"}, {"swap", "0", "none"}, {"network", "up", "full"},
    {"readonly_root", "1", "read-only"}, {"readonly_root", "0", "writable"},
    {"no_new_privs", "1", "impossible"}, {"no_new_privs", "0", "possible"},
    {"seccomp", "2", "filtered"}, {"seccomp", "0", "all allowed"},
    {"caps", "0000000000000000", "none"}, {"isolation", "uid", "user"},
    {"isolation", "pidns", "PID namespace"}, {"isolation", "shared", "nothing"},
    {"oom_counter", "v1", "counted (cgroup v1)"},
    {"oom_counter", "v2", "counted (cgroup v2)"},
    {"oom_counter", "none", "not counted"}};

static bool
is_size(const char *name)
{
	static const char *const sizes[] = {
	    "memory", "swap", "stack", "fsize", NULL};

	return str_in(name, sizes) || str_starts(name, "space:");
}

/* Files in memory count as memory: how much of the limit is theirs. */
static void
add_shares(struct strbuf *sb, const struct env *env, uint64_t total)
{
	uint64_t programs = env->spec.limits.memory;

	if (!programs || programs >= total)
		return;
	strbuf_adds(sb, " (");
	units_add_size(sb, programs);
	strbuf_adds(sb, " for programs, ");
	units_add_size(sb, total - programs);
	strbuf_adds(sb, " for files)");
}

/* A value of runner/protocol.h's limits as people read it. */
static char *
show_limit(const struct env *env, const char *name, const char *value)
{
	struct strbuf sb = STRBUF_INIT;
	char *end;
	unsigned long long n = strtoull(value, &end, 10);

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i].name, name) &&
		    !strcmp(words[i].value, value))
			return xstrdup(words[i].text);
	if (*value && !*end && is_size(name))
		units_add_size(&sb, n);
	else if (*value && !*end && !strcmp(name, "cpu"))
		strbuf_addf(&sb, "%g", (double)n / 1000);
	else
		strbuf_adds(&sb, value);
	if (!strcmp(name, "memory"))
		add_shares(&sb, env, n);
	return strbuf_detach(&sb);
}

/* Calls with each NAME=VALUE: those with a title first, in that order. */
static void
each_titled(const struct strvec *list, const struct title *titles, size_t n,
    void (*call)(void *arg, const char *title, const char *name,
	const char *value),
    void *arg)
{
	for (size_t i = 0; i < n; i++) {
		const char *value = strvec_env_get(list, titles[i].name);

		if (value && titles[i].title)
			call(arg, titles[i].title, titles[i].name, value);
	}
	for (size_t k = 0; k < list->n; k++) {
		size_t len = strcspn(list->v[k], "="), i = 0;
		autofree char *name = xstrndup(list->v[k], len);

		while (i < n && strcmp(titles[i].name, name))
			i++;
		if (i == n)
			call(arg, name, name, list->v[k] + len + 1);
	}
}

static void
titled_fact(void *arg, const char *title, const char *name, const char *value)
{
	call_fact(arg, name, title, value);
}

static void
show_facts(struct call *c, const struct env *env)
{
	autobuf struct strbuf packages = STRBUF_INIT;
	autobuf struct strbuf volumes = STRBUF_INIT, ports = STRBUF_INIT;
	json *j = call_data(c);

	json_put_str(j, "name", env->spec.name);
	json_put_str(j, "image", env->spec.image);
	session_host_put_facts(j, env->box);
	call_fact(c, "name", "name", env->spec.name);
	if (env->spec.kind == BOX_RESTRICTED && env->spec.image)
		call_fact(c, "image", "image", env->spec.image);
	each_titled(box_describe(env->box), fact_titles,
	    ARRAY_SIZE(fact_titles), titled_fact, c);
	env_share_put(j, env);
	env_share_volumes(env, &volumes);
	if (volumes.len)
		call_fact(c, "volumes", "directories", volumes.buf);
	env_share_ports(env, &ports);
	if (ports.len)
		call_fact(c, "ports", "ports", ports.buf);
	env_service_show(c, env);
	session_host_put_keep(j, env);
	if (env->id) {
		autobuf struct strbuf kept = STRBUF_INIT;

		strbuf_addf(&kept, "%.8s, until it has been idle for ", env->id);
		units_add_duration_exact(&kept, box_lease(env->box));
		call_fact(c, "keep", "kept", kept.buf);
	}
	if (!env->deps.n)
		return;
	deps_describe(&env->deps, SIZE_MAX, &packages);
	call_fact(c, "dependencies", "packages", packages.buf);
	dep_put(j, &env->deps, env->spec.layer);
}

struct limit_rows {
	const struct env *env;
	struct call_table *table;
	bool raw; /* names and values as the runner gave them */
};

static void
limit_row(void *arg, const char *title, const char *name, const char *value)
{
	const struct limit_rows *rows = arg;
	autofree char *shown = show_limit(rows->env, name, value);
	/* each image and engine has places of its own */
	autofree char *place = str_starts(title, "space:")
				   ? xasprintf("room in %s", title + 6)
				   : xstrdup(title);
	const char *cells[] = {
	    rows->raw ? name : place, rows->raw ? value : shown};
	json *j = json_object();

	json_put_str(j, "name", name);
	json_put_str(j, "value", value);
	call_table_row(rows->table, cells, j);
}

static void
show_limits(struct call *c, const struct env *env)
{
	static const struct column cols[] = {
	    {"name", "LIMIT", false, 0}, {"value", "READ BACK", false, 0}};
	struct limit_rows rows = {.env = env,
	    .table = call_table_new(c, "limits", cols, ARRAY_SIZE(cols)),
	    .raw = c->out->mode == OUTPUT_PLAIN};

	each_titled(box_limits(env->box), limit_titles,
	    ARRAY_SIZE(limit_titles), limit_row, &rows);
	call_table_end(rows.table);
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
	    "process's own limits.  --plain and --json have the short names "
	    "of addesh-json(5).",
    .args = {ARG_OPTIONAL("NAME", COMP_ENV)},
    .flags = CMD_NO_STEP | CMD_PAGEABLE,
    .exec = env_info_exec,
};
