/* What earlier sessions left behind: gc. */
#include "cmd/call.h"
#include "cmd/table.h"
#include "engine/image.h"
#include "sandbox/sweep.h"
#include "session/agent_files.h"
#include "session/own_image.h"
#include "session/project.h"
#include "session/session.h"
#include "session/steps.h"

struct sweeping {
	struct call *c;
	struct call_table *table;
	bool dry;
	unsigned gone, kept;
};

static const struct column columns[] = {
    {"kind", "KIND", false, 0},
    {"name", "NAME", false, 0},
    {"action", "ACTION", false, 0},
    {"why", "WHY", false, 1},
};

static void
add_item(void *arg, const struct sweep_item *item)
{
	struct sweeping *s = arg;
	json *j = json_object();

	*(item->keep ? &s->kept : &s->gone) += 1;
	json_put_str(j, "kind", item->kind);
	json_put_str(j, "name", item->name);
	json_put_bool(j, "keep", item->keep);
	json_put_str(j, "why", item->why);
	call_table_row(s->table,
	    (const char *[]){item->kind, item->name,
		item->keep ? "keep" : "remove", item->why},
	    j);
}

/* Without an engine there is only this host to look at, which is no error. */
static struct engine *
try_engine(struct call *c)
{
	autoerr struct err err = ERR_INIT;
	struct engine *engine = session_engine(c->session, &err);

	json_put_bool(call_data(c), "engine", engine != NULL);
	if (!engine)
		call_note(c, "only this host was looked at, no engine: %s",
		    err.msg.buf);
	return engine;
}

static void
sweep_steps(struct sweeping *s)
{
	autovec struct strvec names = STRVEC_INIT;

	steps_sweep(s->c->session->steps_dir, s->dry, &names);
	for (size_t i = 0; i < names.n; i++)
		add_item(s, &(struct sweep_item){.kind = "steps",
				.name = names.v[i],
				.why = "its session has ended"});
}

static void
sweep_projects(struct sweeping *s)
{
	autovec struct strvec paths = STRVEC_INIT;

	project_sweep(&s->c->session->runtime, s->dry, &paths);
	for (size_t i = 0; i < paths.n; i++)
		add_item(s, &(struct sweep_item){.kind = "project",
				.name = paths.v[i],
				.why = "its session has ended"});
}

/* Named sessions stay until somebody removes them. */
static void
sweep_named(struct sweeping *s)
{
	const char *state = s->c->session->runtime.state_dir;
	autovec struct strvec left = STRVEC_INIT, names = STRVEC_INIT;

	named_sweep(state, s->dry, &left);
	for (size_t i = 0; i < left.n; i++)
		add_item(s, &(struct sweep_item){.kind = "steps",
				.name = left.v[i],
				.why = "its session was removed"});
	named_list(state, &names);
	for (size_t i = 0; i < names.n; i++)
		add_item(s, &(struct sweep_item){.kind = "session",
				.name = names.v[i],
				.keep = true,
				.why = "it has a name; 'session rm' removes "
				       "it"});
}

static void
sweep_agent_files(struct sweeping *s)
{
	autovec struct strvec paths = STRVEC_INIT;

	agent_files_sweep(&s->c->session->runtime, s->dry, &paths);
	for (size_t i = 0; i < paths.n; i++)
		add_item(s, &(struct sweep_item){.kind = "agent files",
				.name = paths.v[i],
				.why = "not used for a day"});
}

static const char *
why_kept(const json *labels, const char *name)
{
	if (!name)
		return "an image without a name, which 'prune' removes";
	return own_image_is_deps(labels, name)
		   ? "installed dependencies, which 'prune' removes"
		   : "an image that was built, which 'image rm' removes";
}

/* Images are made to stay. */
static int
list_images(struct sweeping *s, struct engine *engine)
{
	autovec struct strvec labels = STRVEC_INIT;
	autojson json *list = NULL;
	const json *image;

	strvec_push(&labels, LABEL_IMAGE);
	list = image_list(engine, &labels, &s->c->err);
	json_each (image, list) {
		const json *l = json_get(image, "Labels");
		autovec struct strvec names = STRVEC_INIT;

		image_names(image, &names);
		for (size_t i = 0; i < names.n; i++) {
			autofree char *name = reference_shorten(names.v[i]);

			add_item(s, &(struct sweep_item){.kind = "image",
					.name = name,
					.keep = true,
					.why = why_kept(l, names.v[i])});
		}
		if (!names.n)
			add_item(s, &(struct sweep_item){.kind = "image",
					.name = json_str(image, "Id", ""),
					.keep = true,
					.why = why_kept(l, NULL)});
	}
	return list ? 0 : -1;
}

static int
gc_exec(struct call *c)
{
	struct engine *engine = try_engine(c);
	struct sweeping s = {.c = c,
	    .table = call_table_new(c, "items", columns, ARRAY_SIZE(columns)),
	    .dry = call_has(c, "dry-run")};
	int rc;

	sweep_steps(&s);
	sweep_agent_files(&s);
	sweep_named(&s);
	rc = sweep_run(
	    &c->session->runtime, engine, s.dry, add_item, &s, &c->err);
	sweep_projects(&s);
	if (!rc && engine)
		rc = list_images(&s, engine);
	call_table_end(s.table);
	json_put_bool(call_data(c), "dry_run", s.dry);
	if (!rc)
		call_note(c, "%u %s, %u kept", s.gone,
		    s.dry ? "would be removed" : "removed", s.kept);
	return rc;
}

static const struct opt gc_opts[] = {
    OPT_FLAG('n', "dry-run", "remove nothing, only list"),
    OPT_END,
};

const struct cmd cmd_gc = {
    .name = "gc",
    .summary = "remove what earlier sessions left behind",
    .help =
	"Removes containers, volumes, control groups and files of addesh that "
	"belong to no living session, and lists what is kept and why.  "
	"Nothing that addesh did not make is ever touched.  A kept environment "
	"that nobody can reach any more, as its record is damaged or its "
	"socket was removed, is ended.\n"
	"A session does the same when it begins, with what it can know of "
	"without asking an engine, and for the engine when it opens its first "
	"environment there.",
    .examples = "gc --dry-run",
    .opts = gc_opts,
    .flags = CMD_SWEEPS,
    .exec = gc_exec,
};
