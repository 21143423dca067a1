/* doctor: what this host and its engine can do, tried out. */
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/units.h"
#include "cmd/call.h"
#include "cmd/help.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "cmd/table.h"
#include "sandbox/network.h"
#include "sandbox/probe.h"
#include "session/execute.h"
#include "session/session.h"

#define TRIAL_FILE "doctor.py"
#define TRIAL_TEXT "print('OK')\n"
#define TRIAL_OUTPUT "OK\n"
#define TRIAL_TIMEOUT_MS 10000

/* Takes message and remedy of an error over into a finding. */
static void
add_error(struct findings *f, const char *name, enum finding_state state,
    const struct err *err)
{
	struct finding *found =
	    findings_add(f, name, state, "%s", err->msg.buf);

	if (err->hint.len)
		found->fix = xstrdup(err->hint.buf);
}

/* The policy's files; opens the session if it can be opened. */
static void
examine_policy(struct call *c, struct findings *f)
{
	struct host *h = c->host;
	autoerr struct err err = ERR_INIT;

	if (!h->session && h->open(h, &err)) {
		add_error(f, "configuration", FINDING_FAIL, &err);
		return;
	}
	c->session = h->session;
	findings_add(f, "configuration", FINDING_OK, "sandbox %s, %s",
	    policy_text(c->session->policy, SET_SANDBOX),
	    policy_where(c->session->policy, SET_SANDBOX));
	if (policy_may_execute(c->session->policy, &err))
		add_error(f, "execution", FINDING_FAIL, &err);
}

static void
examine_dirs(const struct session *s, struct findings *f)
{
	const char *dirs[] = {s->runtime.runtime_dir, s->runtime.state_dir};

	/* The session made them, and refuses those of others. */
	findings_add(
	    f, "directories", FINDING_OK, "%s and %s", dirs[0], dirs[1]);
}

static void
examine_engine_host(struct engine *e, struct findings *f)
{
	autoerr struct err err = ERR_INIT;
	autobuf struct strbuf memory = STRBUF_INIT;
	const struct engine_facts *facts = engine_facts(e, &err);

	if (!facts) {
		add_error(f, "engine host", FINDING_FAIL, &err);
		return;
	}
	units_add_size(&memory, facts->memory);
	findings_add(f, "engine host", FINDING_OK,
	    "%s, %s, Linux %s, %llu CPU%s, %s%s", facts->os, facts->arch,
	    facts->kernel, (unsigned long long)facts->cpus,
	    facts->cpus == 1 ? "" : "s", memory.buf,
	    engine_is_here(e) ? ", this host" : "");
	if (facts->rootless && facts->cgroup_version != 2)
		findings_add(f, "engine cgroups", FINDING_WARN,
		    "rootless on version 1: no limits at all")
		    ->fix = xstrdup("boot with systemd.unified_cgroup_"
				    "hierarchy=1, or use a rootful engine");
	else if (!strcmp(facts->cgroup_driver, "none"))
		findings_add(f, "engine cgroups", FINDING_WARN,
		    "the engine uses none: no limits at all")
		    ->fix = xstrdup("set native.cgroupdriver for the engine");
	else
		findings_add(f, "engine cgroups", FINDING_OK,
		    "version %u, driver %s%s", facts->cgroup_version,
		    facts->cgroup_driver, facts->rootless ? ", rootless" : "");
	for (size_t i = 0; i < facts->warnings.n; i++)
		findings_add(f, "engine warning", FINDING_WARN, "%s",
		    facts->warnings.v[i]);
}

static void
examine_engine(struct session *s, struct findings *f)
{
	autoerr struct err err = ERR_INIT;
	struct engine *e = session_engine(s, &err);
	const struct endpoint *ep;

	if (!e) {
		add_error(f, "engine", FINDING_WARN, &err);
		return;
	}
	ep = engine_endpoint(e);
	findings_add(f, "engine", FINDING_OK, "%s, API 1.%u, %s%s%s",
	    engine_title(e), engine_api(e), ep->url, ep->why ? ": " : "",
	    ep->why ? ep->why : "");
	examine_engine_host(e, f);
}

/* An environment that was opened to see whether it works. */
struct trial {
	const char *kind; /* "docker", "podman", "restricted" */
	enum finding_state state;
	int64_t open_ms, run_ms, close_ms;
	struct err err; /* why it does not work */
	json *limits;   /* as result_limits() has them, or NULL */
	struct findings gaps;
};

static void
trial_release(struct trial *t)
{
	err_clear(&t->err);
	json_free(t->limits);
	findings_release(&t->gaps);
}

static void
note_gaps(struct trial *t, const struct box *box)
{
	const struct limit_gap *gaps;
	size_t n;

	gaps = box_gaps(box, &n);
	for (size_t i = 0; i < n; i++) {
		findings_add(&t->gaps, "limit", FINDING_WARN,
		    "%s %s: asked %s, got %s: %s", gaps[i].name,
		    gaps[i].weak ? "is weak" : "does not hold", gaps[i].asked,
		    gaps[i].got, gaps[i].why);
		t->state = FINDING_WARN;
	}
}

static void
collect(void *arg, int fd, const void *p, size_t n, bool tail)
{
	struct strbuf *out = arg;

	if (fd == STDOUT_FILENO && out->len < sizeof(TRIAL_OUTPUT))
		strbuf_add(out, p, n);
}

static int
trial_outcome(const struct result *r, const struct strbuf *out, struct err *err)
{
	if (r->status == RUN_COMPLETED && !strcmp(out->buf, TRIAL_OUTPUT))
		return 0;
	autobuf struct strbuf how = STRBUF_INIT;

	result_summary(r, &how);
	err_set(err, ERR_SANDBOX, "a Python program did not work: %s", how.buf);
	return r->note.hint.len ? err_hint(err, "%s", r->note.hint.buf) : -1;
}

static int
trial_run(struct session *s, struct env *env, struct trial *t)
{
	struct language_choice choice = {0};
	struct program p = PROGRAM_INIT;
	struct result r;
	autobuf struct strbuf out = STRBUF_INIT;
	struct box_sink sink = {.out = collect, .arg = &out};
	struct languages *all = session_languages(s, &t->err);
	int rc = -1;

	if (!all || languages_choose(all, NULL, TRIAL_FILE, TRIAL_TEXT,
			strlen(TRIAL_TEXT), &choice, &t->err))
		return -1;
	p.choice = &choice;
	p.file = TRIAL_FILE;
	p.text = TRIAL_TEXT;
	p.len = strlen(TRIAL_TEXT);
	p.timeout_ms = TRIAL_TIMEOUT_MS;
	p.timeout_where = "doctor";
	p.output_max = p.log_max = 4096;
	result_init(&r);
	if (!execute_program(s, env, &p, &sink, &r, &t->err))
		rc = trial_outcome(&r, &out, &t->err);
	result_limits(&r, env->box);
	t->limits = steal(&r.limits);
	result_release(&r);
	program_release(&p);
	language_choice_release(&choice);
	return rc;
}

/* Opens, runs, closes; each is timed, and closing counts too. */
static int
trial_steps(struct session *s, const struct env_spec *spec, struct trial *t)
{
	autoerr struct err later = ERR_INIT;
	int64_t began = clock_ms();
	struct env *env = session_env_new(s, spec, NULL, &t->err);
	int rc;

	t->open_ms = clock_ms() - began;
	if (!env)
		return -1;
	note_gaps(t, env->box);
	began = clock_ms();
	rc = trial_run(s, env, t);
	t->run_ms = clock_ms() - began;
	began = clock_ms();
	if (session_env_remove(s, env, rc ? &later : &t->err))
		rc = -1;
	t->close_ms = clock_ms() - began;
	return rc;
}

static void
try_kind(struct session *s, enum box_kind kind, struct trial *t)
{
	const struct policy *p = s->policy;
	struct env *current = s->current;
	struct env_spec spec;

	env_spec_init(&spec);
	spec.kind = kind;
	spec.name = xasprintf("doctor-%s", t->kind);
	/* A download is the user's decision: the remedy says how. */
	spec.pull = PULL_NEVER;
	if (kind == BOX_ENGINE)
		spec.image = xstrdup(policy_text(p, SET_IMAGE));
	policy_limits(p, &spec.limits);
	if ((spec.image &&
		policy_may_use_image(p, spec.image, NULL, &t->err)) ||
	    trial_steps(s, &spec, t))
		t->state = FINDING_FAIL;
	env_spec_release(&spec);
	s->current = current;
}

static void
add_times(struct strbuf *sb, const struct trial *t)
{
	strbuf_adds(sb, "OK in ");
	units_add_duration(sb, t->open_ms + t->run_ms + t->close_ms);
	strbuf_adds(sb, ": opened in ");
	units_add_duration(sb, t->open_ms);
	strbuf_adds(sb, ", ran in ");
	units_add_duration(sb, t->run_ms);
	strbuf_adds(sb, ", closed in ");
	units_add_duration(sb, t->close_ms);
}

static json *
trial_json(const struct trial *t)
{
	json *j = json_object();

	json_put_str(j, "kind", t->kind);
	json_put_bool(j, "ok", t->state != FINDING_FAIL);
	json_put_int(j, "open_ms", t->open_ms);
	json_put_int(j, "run_ms", t->run_ms);
	json_put_int(j, "close_ms", t->close_ms);
	json_put_str(
	    j, "message", t->err.kind == ERR_NONE ? NULL : t->err.msg.buf);
	if (t->limits)
		json_put(j, "limits", json_copy(t->limits));
	return j;
}

static void
report_trial(struct findings *f, const struct trial *t)
{
	autobuf struct strbuf times = STRBUF_INIT;

	if (t->state == FINDING_FAIL) {
		add_error(f, t->kind, FINDING_FAIL, &t->err);
	} else {
		add_times(&times, t);
		findings_add(f, t->kind, t->state, "%s", times.buf);
	}
	for (size_t i = 0; i < t->gaps.n; i++)
		findings_add(
		    f, "limit", t->gaps.v[i].state, "%s", t->gaps.v[i].text);
	if (t->limits && !t->gaps.n)
		findings_add(f, "limits", FINDING_OK, "each holds as asked");
}

static bool
try_out(struct session *s, enum box_kind kind, const char *name,
    struct findings *f, json *list)
{
	struct trial t = {.kind = name, .err = ERR_INIT};
	bool works;

	try_kind(s, kind, &t);
	report_trial(f, &t);
	json_push(list, trial_json(&t));
	works = t.state != FINDING_FAIL;
	trial_release(&t);
	return works;
}

/* Does the policy leave this kind to be used?  Says why if it does not. */
static bool
is_allowed(const struct session *s, enum box_kind kind, const char *name,
    struct findings *f)
{
	const char *word = policy_text(s->policy, SET_SANDBOX);

	if (!strcmp(word, "auto") ||
	    !strcmp(word, kind == BOX_ENGINE ? "docker" : "restricted"))
		return true;
	findings_add(f, name, FINDING_INFO, "not used: sandbox is %s, %s", word,
	    policy_where(s->policy, SET_SANDBOX));
	return false;
}

static void
examine_network(struct findings *f)
{
	autoerr struct err err = ERR_INIT;

	if (network_check(&err))
		add_error(f, "network", FINDING_INFO, &err);
	else
		findings_add(f, "network", FINDING_OK,
		    "restricted environments can have one:  env new --net");
}

static bool
examine_environments(struct session *s, struct findings *f, json *list)
{
	autoerr struct err err = ERR_INIT;
	bool works = false;

	if (policy_may_execute(s->policy, &err))
		return false;
	if (s->engine) {
		const char *name = engine_kind(s->engine) == ENGINE_PODMAN
				       ? "podman"
				       : "docker";

		if (is_allowed(s, BOX_ENGINE, name, f))
			works |= try_out(s, BOX_ENGINE, name, f, list);
	}
	if (is_allowed(s, BOX_RESTRICTED, "restricted", f)) {
		works |= try_out(s, BOX_RESTRICTED, "restricted", f, list);
		examine_network(f);
	}
	return works;
}

static json *
finding_json(const struct finding *found)
{
	json *j = json_object();

	json_put_str(j, "state", finding_state_name(found->state));
	json_put_str(j, "name", found->name);
	json_put_str(j, "text", found->text);
	json_put_str(j, "fix", found->fix);
	return j;
}

/* For people: the remedy stands below what it mends, and its lines are not
   broken, as they are to be copied. */
static void
show_finding(struct call *c, const struct finding *found)
{
	const char *p = found->fix, *end;
	int columns, rows, indent = 5 + 1 + 16 + 1;

	call_text(c, "%-5s %-16s ", finding_state_name(found->state),
	    found->name);
	output_size(c->out, &columns, &rows);
	if (!output_is_terminal(c->out) || columns < 2 * indent)
		call_text(c, "%s\n", found->text);
	else {
		c->out->fitted = true;
		text_wrap(&c->body, found->text, indent, columns);
	}
	for (; p && *p; p = *end ? end + 1 : end) {
		end = p + strcspn(p, "\n");
		call_text(c, "      %-16s %.*s\n",
		    p == found->fix ? "fix:" : "", (int)(end - p), p);
	}
}

static void
show_findings(struct call *c, const struct findings *f)
{
	static const struct column columns[] = {
	    {"state", "STATE", false, 0},
	    {"name", "NAME", false, 0},
	    {"text", "WHAT", false, 0},
	    {"fix", "FIX", false, 0},
	};
	struct call_table *t;

	if (c->out->mode == OUTPUT_TEXT) {
		for (size_t i = 0; i < f->n; i++)
			show_finding(c, &f->v[i]);
		return;
	}
	t = call_table_new(c, "findings", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < f->n; i++)
		call_table_row(t,
		    (const char *[]){finding_state_name(f->v[i].state),
			f->v[i].name, f->v[i].text, f->v[i].fix},
		    finding_json(&f->v[i]));
	call_table_end(t);
}

static int
doctor_exec(struct call *c)
{
	struct findings f = {0};
	json *environments = json_array();
	bool works = false;

	json_put(call_data(c), "environments", environments);
	probe_host(&f);
	examine_policy(c, &f);
	if (c->session) {
		examine_dirs(c->session, &f);
		examine_engine(c->session, &f);
		works = examine_environments(c->session, &f, environments);
	}
	show_findings(c, &f);
	findings_release(&f);
	if (works)
		return 0;
	return err_set(
	    &c->err, ERR_SANDBOX, "no environment can be opened here");
}

const struct cmd cmd_doctor = {
    .name = "doctor",
    .summary = "examine this host and try out each kind of environment",
    .help =
	"Says what this host, its engine and the policy allow, which limits "
	"hold and which do not, and how to mend what is missing.\n"
	"It ends by opening an environment of each kind that can be had, "
	"running a Python program there and closing it, with the times.  "
	"Nothing is downloaded.  The status is 0 if one kind works, else 125.",
    .examples = "doctor",
    .flags = CMD_NO_SESSION,
    .exec = doctor_exec,
};
