#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "engine/image.h"
#include "engine/reference.h"
#include "sandbox/keeper.h"
#include "session/build_impl.h"
#include "session/dockerfile_policy.h"

/* How often a build begins that Podman's own race fails. */
#define RACE_TRIES 5

/* A build while it goes on. */
struct building {
	struct session *session;
	const struct build_plan *plan;
	const struct build_watch *watch;
	const char *platform; /* the plan's, else the user's; or NULL */
	struct build_record *record;
	struct dockerfile *dockerfile;
	struct builder builder;
	struct build_map map;
	struct build_context context;
	unsigned logged; /* the builder's step whose log came last */
};

static void
note(struct building *b, const char *fmt, ...)
{
	autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	if (b->watch->note)
		b->watch->note(b->watch->arg, text);
}

static int
find_builder(struct building *b, struct err *err)
{
	autofree char *why = NULL;

	if (build_choose_builder(b->session->engine, b->dockerfile,
		b->plan->name, &b->builder, &why, err))
		return -1;
	b->map.kind = b->builder.kind;
	b->record->builder = xstrdup(b->builder.title);
	if (b->builder.limits)
		b->record->memory = b->plan->memory;
	if (why)
		note(b, "%s", why);
	return 0;
}

/* Of our own Dockerfiles only the image is somebody else's. */
static int
may_build(struct building *b, struct err *err)
{
	const struct policy *p = b->session->policy;
	autovec struct strvec images = STRVEC_INIT;

	build_record_args(b->record, b->dockerfile, b->plan->args);
	if (!b->plan->trusted)
		return policy_review(p, b->dockerfile, b->plan->name,
		    &b->record->warnings, err);
	dockerfile_images(b->dockerfile, true, &images, NULL);
	for (size_t i = 0; i < images.n; i++)
		if (policy_may_use_image(p, images.v[i], NULL, err))
			return -1;
	return 0;
}

static int
have_images(struct building *b, struct err *err)
{
	const struct build_bases bases = {.engine = b->session->engine,
	    .kind = b->builder.kind,
	    .platform = b->platform,
	    .pull = b->plan->pull,
	    .watch = b->watch,
	    .record = b->record};

	return build_have_images(&bases, b->dockerfile, err);
}

static void
on_sent(void *arg, uint64_t bytes)
{
	struct building *b = arg;

	if (b->watch->sent)
		b->watch->sent(b->watch->arg, bytes);
}

static void
on_cleaning(void *arg)
{
	struct building *b = arg;

	if (b->watch->cleaning)
		b->watch->cleaning(b->watch->arg);
}

static void
log_bytes(struct building *b, unsigned flags, const void *p, size_t n)
{
	if (b->session->step)
		step_log(b->session->step, flags, p, n, BUILD_OUTPUT_MAX);
}

/* Whose the following lines of the log are; steps may run at once. */
static void
log_title(struct building *b, unsigned id, const struct build_record_step *step)
{
	autobuf struct strbuf line = STRBUF_INIT;

	if (id == b->logged || !step)
		return;
	b->logged = id;
	strbuf_addf(
	    &line, "[%u/%zu] %s\n", step->n, b->record->n,
	    step->trigger ? step->trigger : step->text);
	log_bytes(b, 0, line.buf, line.len);
}

static void
on_step(void *arg, const struct build_step *told)
{
	struct building *b = arg;
	struct build_record_step *step;

	if (told->state == BUILD_WAITING) {
		build_record_forget(&b->map, told->id);
		return;
	}
	step = build_record_step(&b->map, told);
	if (!step)
		return;
	step->state = told->state;
	step->began_ms = told->began_ms;
	step->ended_ms = told->ended_ms;
	log_title(b, told->id, step);
	if (told->state == BUILD_FAILED || told->state == BUILD_STOPPED)
		step->log_cut = build_record_clipped(step);
	if (told->state == BUILD_FAILED) {
		b->record->failed = step;
		b->record->exit_code = told->exit_code;
	} else if (told->state == BUILD_DONE || told->state == BUILD_CACHED) {
		strbuf_release(&step->log);
	}
	if (b->watch->step)
		b->watch->step(b->watch->arg, step, b->record->n);
}

static void
on_log(void *arg, unsigned id, int fd, const void *p, size_t n)
{
	struct building *b = arg;
	struct build_step told = {.id = id, .stage = "", .text = ""};
	struct build_record_step *step = build_record_step(&b->map, &told);

	log_title(b, id, step);
	log_bytes(b, fd == STDERR_FILENO ? STEP_LOG_STDERR : 0, p, n);
	if (!step)
		return;
	build_record_log(step, p, n);
	if (b->watch->log)
		b->watch->log(b->watch->arg, step, p, n);
}

/* What gives a step more of what it had too little of. */
static void
hint_more(const struct building *b, const char *why, const char *option,
    const char *setting, const struct strbuf *twice)
{
	if (!strcmp(b->plan->kind, LABEL_IMAGE_DEPS))
		err_hint(&b->record->why, "%s:  set dependencies.%s %s", why,
		    setting, twice->buf);
	else
		err_hint(&b->record->why, "%s:  build %s %s ...", why, option,
		    twice->buf);
}

static void
hint_time(const struct building *b)
{
	autobuf struct strbuf twice = STRBUF_INIT;

	units_add_duration_exact(&twice, b->plan->timeout_ms * 2);
	hint_more(b, "more time", "--timeout", "timeout", &twice);
}

static void
hint_memory(const struct building *b)
{
	autobuf struct strbuf why = STRBUF_INIT, twice = STRBUF_INIT;

	strbuf_adds(&why, "it was killed: perhaps it needed more memory than ");
	units_add_size_exact(&why, b->record->memory);
	units_add_size_exact(&twice, b->record->memory * 2);
	hint_more(b, why.buf, "-m", "memory_limit", &twice);
}

/* The step that was on when the time was over: the one that took too long. */
static void
note_stopped(struct build_record *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->steps[i].state == BUILD_STOPPED)
			r->failed = &r->steps[i];
}

/* A build that failed is a result; an engine that did not build is an error. */
static int
note_failure(const struct building *b, struct err *err)
{
	struct build_record *r = b->record;

	switch (err->kind) {
	case ERR_IMAGE:
		r->status = BUILD_UNSUCCESSFUL;
		break;
	case ERR_TIMEOUT:
		r->status = BUILD_TIMEOUT;
		note_stopped(r);
		break;
	case ERR_INTERRUPTED:
		r->status = BUILD_INTERRUPTED;
		break;
	default:
		return -1;
	}
	err_move(&r->why, err);
	build_record_name_failure(r);
	if (r->status == BUILD_TIMEOUT)
		hint_time(b);
	if (r->memory && build_record_killed(r))
		hint_memory(b);
	return 0;
}

/* All that there are, before anything is sent. */
static void
tell_warnings(struct building *b)
{
	const struct strvec *w = &b->record->warnings;

	for (size_t i = 0; b->watch->warn && i < w->n; i++)
		b->watch->warn(b->watch->arg, w->v[i]);
}

/* Ctrl-C that met a question to the engine whose failing does not matter: it is
   of this command, and what is asked for comes now. */
static int
check_interrupt(const struct building *b, struct err *err)
{
	return *b->session->interrupts
		   ? err_set(err, ERR_INTERRUPTED,
			 "building the image: interrupted")
		   : 0;
}

/* The id, or NULL. */
static char *
run_once(struct building *b, struct build_spec *spec, struct err *err)
{
	const struct build_events ev = {
	    .step = on_step, .log = on_log, .sent = on_sent,
	    .cleaning = on_cleaning, .arg = b};
	autoerr struct err ignored = ERR_INIT;
	struct box *keeper;
	char *id = NULL;

	if (build_keeper_open(b->session, b->dockerfile, b->builder.kind,
		spec->network, &keeper, err))
		return NULL;
	if (keeper)
		spec->keeper = keeper_id(keeper);
	if (!check_interrupt(b, err))
		id = build_run(b->session->engine, spec, &ev,
		    &b->record->size, err);
	if (keeper)
		box_close(keeper, &ignored);
	return id;
}

/* The last of errors that are put together with colons, or the only one. */
static bool
ends_with_error(const char *said, const char *error)
{
	size_t before = strlen(said) - strlen(error);

	return str_ends(said, error) &&
	       (!before || (before > 1 && str_starts(said + before - 2, ": ")));
}

/*
 * Podman's storage is not locked for as long as buildah looks at it: what
 * another client removes meanwhile fails a build that has nothing to do with it.
 * And before buildah 1.31 what starts a RUN is killed when a thread of Podman's
 * happens to end (containers/podman issue 17918); a RUN that is killed itself,
 * as for its memory, has an exit status.  Docker's own builder fails where a
 * child of the base is removed while it looks for one that it could use again.
 */
static bool
is_race(const struct building *b, const struct err *err)
{
	static const char *const ends[] = {"layer not known",
	    "image not known", "container not known",
	    "identifier is not a container",
	    "while running runtime: signal: killed"};
	const char *said = err->msg.buf;

	if (b->builder.kind == BUILDER_CLASSIC)
		return strstr(said, "failed to get digest sha256:") ||
		       strstr(said, "unable to find image \"sha256:");
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (b->builder.kind == BUILDER_BUILDAH &&
		    ends_with_error(said, ends[i]))
			return true;
	return false;
}

static int
begin_again(struct building *b, const struct build_spec *spec, struct err *err)
{
	struct build_record *r = b->record;

	err_clear(err);
	note(b, "the images changed meanwhile; the build begins again");
	b->map.n = 0;
	r->failed = NULL;
	r->exit_code = 0;
	for (size_t i = 0; i < r->n; i++) {
		r->steps[i].seen = false;
		strbuf_release(&r->steps[i].log);
	}
	return build_context_rewind(&b->context, spec, err);
}

/* The images of others that have the names now; "" where there is none. */
static void
find_others(const struct building *b, struct strvec *ids)
{
	const struct strvec *tags = b->plan->tags;

	for (size_t i = 0; i < tags->n; i++) {
		char *id = own_image_other(b->session->engine, tags->v[i]);

		strvec_push_owned(ids, id ? id : xstrdup(""));
	}
}

static void
tell_lost_names(struct building *b, const struct strvec *ids)
{
	struct build_record *r = b->record;

	for (size_t i = 0; i < ids->n; i++) {
		if (!*ids->v[i] || !strcmp(ids->v[i], r->id))
			continue;
		strvec_push_owned(&r->warnings,
		    own_image_lost(r->tags.v[i], ids->v[i]));
		if (b->watch->warn)
			b->watch->warn(b->watch->arg,
			    r->warnings.v[r->warnings.n - 1]);
	}
}

static int
run_builder(struct building *b, struct build_spec *spec, struct err *err)
{
	struct build_record *r = b->record;
	autovec struct strvec others = STRVEC_INIT;

	tell_warnings(b);
	find_others(b, &others);
	build_record_plan(r, b->dockerfile, b->builder.kind);
	r->id = run_once(b, spec, err);
	for (int i = 1; !r->id && i < RACE_TRIES && is_race(b, err); i++) {
		if (begin_again(b, spec, err))
			return -1;
		r->id = run_once(b, spec, err);
	}
	build_context_note_sent(&b->context);
	if (!r->id) {
		build_explain(&b->builder, b->dockerfile,
		    context_leads_out(b->context.context), err);
		return note_failure(b, err);
	}
	strvec_pushv(&r->tags, b->plan->tags->v, b->plan->tags->n);
	tell_lost_names(b, &others);
	return 0;
}

/* By its name as it is written: older builders of Docker do not know a stage by
   its number, and buildah none in lower case that is written otherwise. */
static const char *
target_of(const struct building *b)
{
	const struct dockerfile *d = b->dockerfile;
	const struct dockerfile_stage *stage = &d->stages[d->target];

	if (!b->plan->target || !stage->name)
		return b->plan->target;
	return d->instructions[stage->first].args.v[2];
}

static int
build(struct building *b, struct err *err)
{
	const struct build_plan *p = b->plan;
	struct build_spec spec = BUILD_SPEC_INIT;
	int rc;

	spec.builder = &b->builder;
	strvec_pushv(&spec.tags, p->tags->v, p->tags->n);
	strvec_pushv(&spec.args, p->args->v, p->args->n);
	strvec_pushv(&spec.labels, p->labels.v, p->labels.n);
	spec.target = target_of(b);
	spec.platform = b->platform;
	spec.no_cache = p->no_cache;
	spec.network = p->network;
	spec.memory = p->memory;
	spec.timeout_ms = p->timeout_ms;
	b->context.dockerfile = b->dockerfile;
	rc = build_context_make(&b->context, &spec, err);
	if (!rc)
		rc = build_context_note_ignored(
		    &b->context, b->session, err);
	if (!rc)
		rc = run_builder(b, &spec, err);
	strvec_release(&spec.tags);
	strvec_release(&spec.args);
	strvec_release(&spec.labels);
	return rc;
}

static void
building_release(struct building *b)
{
	build_context_release(&b->context);
	dockerfile_free(b->dockerfile);
	builder_release(&b->builder);
	free(b->map.ids);
}

int
session_build(struct session *s, const struct build_plan *plan,
    const struct build_watch *watch, struct build_record *r, struct err *err)
{
	struct building b = {.session = s, .plan = plan, .watch = watch,
	    .record = r, .map = {.record = r}};
	int64_t began_ms = clock_ms();
	int rc = -1;

	b.context = (struct build_context){
	    .plan = plan, .map = &b.map, .record = r};
	/* The steps of a build are code that is run. */
	if (policy_may_execute(s->policy, err) || !session_engine(s, err))
		goto out;
	b.platform = plan->platform ? plan->platform
				    : engine_endpoint(s->engine)->platform;
	b.dockerfile = dockerfile_parse(plan->name, plan->text, plan->len,
	    &(struct dockerfile_options){
		plan->args, plan->target, b.platform},
	    err);
	if (b.dockerfile && !may_build(&b, err) && !find_builder(&b, err) &&
	    !have_images(&b, err))
		rc = build(&b, err);
out:
	r->duration_ms = clock_ms() - began_ms;
	building_release(&b);
	return rc;
}
