/* ps: what runs in an environment. */
#include <stdlib.h>
#include <string.h>

#include "base/sanitise.h"
#include "base/units.h"
#include "cmd/call.h"
#include "cmd/env_look.h"
#include "cmd/host.h"
#include "sandbox/observe.h"
#include "session/session.h"

/* For what only looks at an environment. */
int
env_look(struct call *c)
{
	struct session *s = c->session;

	if (!c->argc && !s->current)
		session_envs_refresh(s);
	c->env = c->argc ? session_env(s, c->argv[0], &c->err) : s->current;
	if (c->env)
		return session_env_look(s, c->env, &c->err);
	if (c->argc)
		return -1;
	err_set(&c->err, ERR_USAGE, "no environment is selected");
	return err_hint(&c->err, "name one:  %s NAME      they are:  env ls -a",
	    c->cmd->name);
}

#define PERCENT_MAX 1e9
#define RUN_UIDS 32 /* concurrent runs have one each: runner/runner.h */

/* What its state is called: proc(5). */
static const char *
state_word(char state)
{
	switch (state) {
	case 'R':
		return "running";
	case 'D':
		return "waiting"; /* for a disk, and not to be interrupted */
	case 'T':
	case 't':
		return "stopped";
	case 'Z':
	case 'X':
		return "ended";
	default:
		return "sleeping";
	}
}

/* Root, or one of those that runs get; NULL: somebody else. */
static const char *
user_of(const struct env *env, uint32_t uid)
{
	const char *base = box_limit(env->box, "uid");
	unsigned long first = base ? strtoul(base, NULL, 10) : 0;

	if (!uid)
		return "root";
	return first && uid >= first && uid - first < RUN_UIDS ? "sandbox"
							       : NULL;
}

static double
percent(const struct process *p)
{
	double v = p->elapsed_us
	    ? (double)p->cpu_us * 100 / (double)p->elapsed_us : 0;

	/* Who runs there may say what he likes. */
	return v < PERCENT_MAX ? v : PERCENT_MAX;
}

static json *
process_json(const struct env *env, const struct process *p)
{
	json *j = json_object();

	json_put_int(j, "pid", p->pid);
	json_put_int(j, "parent", p->parent);
	json_put_int(j, "uid", p->uid);
	json_put_str(j, "user", user_of(env, p->uid));
	json_put_str(j, "state", state_word(p->state));
	json_put_int(j, "threads", (int64_t)p->threads);
	json_put_num(
	    j, "cpu_percent", (double)(int64_t)(percent(p) * 10 + 0.5) / 10);
	json_put_int(j, "cpu_ms", (int64_t)(p->cpu_us / 1000));
	json_put_int(j, "memory_bytes", (int64_t)p->memory);
	json_put_int(j, "elapsed_ms", (int64_t)(p->elapsed_us / 1000));
	json_put_bytes(j, "command", p->command, p->command_len);
	return j;
}

struct ps {
	struct call *c;
	struct call_table *table;
	size_t n;
};

static void
on_process(void *arg, const struct process *p)
{
	struct ps *ps = arg;
	const char *user = user_of(ps->c->env, p->uid);
	autofree char *pid = xasprintf("%d", (int)p->pid);
	autofree char *uid = xasprintf("%u", p->uid);
	autofree char *cpu = xasprintf("%.1f%%", percent(p));
	autobuf struct strbuf time = STRBUF_INIT, memory = STRBUF_INIT;
	autobuf struct strbuf age = STRBUF_INIT, command = STRBUF_INIT;
	const char *cells[] = {pid, user ? user : uid, state_word(p->state),
	    cpu, NULL, NULL, NULL, NULL};

	units_add_duration(&time, p->cpu_us / 1000);
	units_add_size(&memory, p->memory);
	units_add_duration(&age, p->elapsed_us / 1000);
	/* Its own words: a line of them must not look like another one's. */
	sanitise_name(&command, p->command);
	ps->n++;
	cells[4] = time.buf;
	cells[5] = memory.buf;
	cells[6] = age.buf;
	cells[7] = command.buf;
	call_table_row(ps->table, cells, process_json(ps->c->env, p));
}

static int
ps_exec(struct call *c)
{
	static const struct column cols[] = {{"pid", "PID", true, 0},
	    {"user", "USER", false, 3}, {"state", "STATE", false, 0},
	    {"cpu_percent", "CPU", true, 0}, {"cpu_ms", "TIME", true, 2},
	    {"memory_bytes", "MEMORY", true, 0},
	    {"elapsed_ms", "ELAPSED", true, 1},
	    {"command", "COMMAND", false, 0}};
	struct ps ps = {.c = c};
	int rc;

	if (env_look(c))
		return -1;
	ps.table = call_table_new(c, "processes", cols, ARRAY_SIZE(cols));
	rc = box_processes(c->env->box, on_process, &ps, &c->err);
	call_table_end(ps.table);
	if (!rc && !ps.n)
		call_note(c, "no process runs in %s", c->env->spec.name);
	box_observe_end(c->env->box);
	return rc;
}

const struct cmd cmd_ps = {
    .name = "ps",
    .summary = "list the processes of an environment",
    .help =
	"Numbers and users are those inside.  CPU is the share of a core "
	"since the process began, MEMORY what is its own and not of files.  "
	"Processes of addesh itself are left out.  Like 'stats' it works "
	"beside whatever runs there.",
    .examples = "ps\n"
		"ps py311",
    .args = {ARG_OPTIONAL("NAME", COMP_ENV)},
    .flags = CMD_NO_STEP | CMD_PAGEABLE,
    .exec = ps_exec,
};
