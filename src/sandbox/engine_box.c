/*
 * An environment in a container of an engine.  The order is create, attach,
 * start and never another: a container that was started before anybody is
 * attached would outlive a shell that dies in between.
 */
#include "sandbox/engine_impl.h"

#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "engine/container.h"
#include "engine/http.h"
#include "engine/reference.h"

#define HELLO_MS 20000
#define REMOVE_MS 30000
#define ATTEMPTS 3
#define LOG_PAUSE_MS 100
#define CONNECT_TRIES 3

/* ---- the end ---- */

/* A container whose programs use up its CPU time is slow to be killed. */
static void
raise_cpus(struct box *box, const char *id)
{
	struct engine *e = box->ctx.engine;
	autoerr struct err err = ERR_INIT;
	const struct engine_facts *f = engine_facts(e, &err);

	if (box->spec.limits.cpu_milli && f && f->cpus)
		container_set_cpus(e, id, (int64_t)f->cpus * 1000000000, &err);
}

static void
engine_box_kill(struct box *box, struct verdict *v)
{
	struct engine_box *eb = box->impl;
	autoerr struct err err = ERR_INIT;

	if (!eb->container)
		return;
	raise_cpus(box, eb->container);
	container_autopsy(box->ctx.engine, eb->container, v);
	if (container_remove(box->ctx.engine, eb->container, REMOVE_MS, &err)) {
		strbuf_addf(&v->why, "; %s", err.msg.buf);
		return;
	}
	free(steal(&eb->container));
}

static void
engine_box_examine(struct box *box, struct verdict *v)
{
	const struct engine_box *eb = box->impl;

	container_autopsy(box->ctx.engine, eb->container, v);
}

static int
engine_box_remove(struct box *box, struct err *err)
{
	struct engine_box *eb = box->impl;

	disk_watch_free(steal(&eb->disk));
	if (!eb->container)
		return 0;
	return container_remove(box->ctx.engine, eb->container, REMOVE_MS, err);
}

static void
engine_box_release(struct box *box)
{
	struct engine_box *eb = box->impl;

	disk_watch_free(eb->disk);
	free(eb->container);
	free(eb->url);
	free(eb->caller);
	image_release(&eb->image);
	runner_way_release(&eb->way);
	free(eb);
}

static void
engine_run_begin(struct box *box)
{
	struct engine_box *eb = box->impl;

	if (eb->disk)
		disk_watch_begin(eb->disk);
}

static void
engine_run_end(struct box *box, struct verdict *v)
{
	struct engine_box *eb = box->impl;

	if (eb->disk)
		disk_watch_end(eb->disk, v);
}

/* ---- what holds ---- */

/* What an engine has no limit for at all. */
static void
note_gaps(struct box *box)
{
	const struct limits *l = &box->spec.limits;

	if (l->writable)
		box_gap_add(box, "room in /", "a limit", "none", false,
		    "the root file system lies on the engine's disk, where "
		    "nothing bounds it");
	container_note_volumes(box);
}

static void
watch_disk(struct box *box)
{
	struct engine_box *eb = box->impl;
	const struct limits *l = &box->spec.limits;
	autobuf struct strbuf asked = STRBUF_INIT;

	if (l->workspace != WORKSPACE_DISK || !l->disk ||
	    env_spec_volume(&box->spec, SANDBOX_WORKSPACE))
		return;
	eb->disk = disk_watch_new(box, eb->container);
	units_add_size_exact(&asked, l->disk);
	box_gap_add(box, "disk_limit", asked.buf, "no limit", eb->disk != NULL,
	    eb->disk ? "a volume of the engine has no size: it is looked at "
		       "while programs run"
		     : "a volume of the engine has no size");
}

void
engine_box_check_limits(struct box *box)
{
	struct engine_box *eb = box->impl;

	note_gaps(box);
	watch_disk(box);
	box_limits_check(box, eb->memory);
	eb->checked = true;
}

/* Whether a log that is followed has not come to its end with the container;
   the next question is for what came since. */
static bool
goes_on(struct box *box, struct log_query *q, struct err *err)
{
	const struct engine_box *eb = box->impl;
	autoerr struct err gone = ERR_INIT;
	autojson json *c =
	    container_inspect(box->ctx.engine, eb->container, &gone);

	q->since_ms = clock_wall_ms();
	q->tail = 0;
	return c && json_bool(json_get(c, "State"), "Running", false) &&
	       !http_pause(engine_http(box->ctx.engine), LOG_PAUSE_MS,
		   "following the log", err);
}

/* Docker ends one that is followed when it changes its file at the wrong
   moment. */
static int
engine_box_log(struct box *box, const struct box_log *log, struct err *err)
{
	const struct engine_box *eb = box->impl;
	struct log_query q = {.follow = log->follow,
	    .timestamps = log->timestamps,
	    .since_ms = log->since_ms,
	    .tail = log->tail,
	    .out = log->out,
	    .arg = log->arg};
	int rc;

	do
		rc = container_logs(box->ctx.engine, eb->container, &q, err);
	while (!rc && log->follow && goes_on(box, &q, err));
	if (!log->follow || err->kind != ERR_INTERRUPTED)
		return rc;
	err_clear(err);
	return 0;
}

static const struct box_ops ops = {.kill = engine_box_kill,
    .examine = engine_box_examine,
    .run_begin = engine_run_begin,
    .run_end = engine_run_end,
    .remove = engine_box_remove,
    .observe = engine_box_observe,
    .observer = engine_box_observer,
    .release = engine_box_release,
    .keep = engine_box_keep,
    .connect = engine_box_connect,
    .record = engine_box_record,
    .log = engine_box_log,
    .engine = engine_box_url};

struct engine_box *
engine_box_new(struct box *box)
{
	struct engine_box *eb = xcalloc(1, sizeof(*eb));

	eb->image = (struct image)IMAGE_INIT;
	box->impl = eb;
	box->ops = &ops;
	return eb;
}

/* ---- the image ---- */

struct pulling {
	struct box *box;
	int64_t told_ms;
};

/* One line at most every few seconds: a pull may take minutes. */
static void
on_pull(void *arg, const struct progress *p)
{
	struct pulling *pulling = arg;
	int64_t now = clock_ms();

	if (now - pulling->told_ms < 5000)
		return;
	pulling->told_ms = now;
	box_event(pulling->box, "pull", "%s: %u of %u layers, %llu of %llu MB",
	    pulling->box->spec.image, p->layers_done, p->layers,
	    (unsigned long long)(p->current >> 20),
	    (unsigned long long)(p->total >> 20));
}

static void
on_pull_begin(void *arg)
{
	struct pulling *pulling = arg;
	const char *image = pulling->box->spec.image;
	autoerr struct err ignored = ERR_INIT;
	struct reference ref = {0};
	bool implicit = !reference_parse(&ref, image, &ignored) &&
			reference_is_implicit(&ref);

	reference_release(&ref);
	box_event(pulling->box, "pull", "pulling %s%s", image,
	    implicit ? ", which means :latest" : "");
}

/* Of this engine alone: it cannot be pulled. */
static int
get_layer(struct box *box, struct err *err)
{
	struct engine_box *eb = box->impl;

	if (!image_inspect(box->ctx.engine, box->spec.layer, &eb->image, err))
		return 0;
	if (err->code != 404)
		return -1;
	err_set(err, ERR_IMAGE,
	    "the layer with the packages of this environment was removed");
	return err_hint(err, "install them again:  env new %s --dep PACKAGE",
	    box->spec.image);
}

static int
get_image(struct box *box, struct err *err)
{
	struct engine_box *eb = box->impl;
	struct pulling pulling = {.box = box, .told_ms = clock_ms()};
	const struct image_pull how = {.policy = box->spec.pull,
	    .begin = on_pull_begin,
	    .tell = on_pull,
	    .arg = &pulling};

	if (!box->spec.image)
		return err_set(err, ERR_USAGE,
		    "an environment on an engine needs an image");
	if (box->spec.layer)
		return get_layer(box, err);
	return image_obtain(
	    box->ctx.engine, box->spec.image, &how, &eb->image, err);
}

static int
check_image(struct box *box, struct err *err)
{
	struct engine_box *eb = box->impl;

	if (strcmp(eb->image.os, "linux") && eb->image.os[0])
		return err_set(err, ERR_IMAGE, "%s is an image for %s, not for "
		    "Linux", box->spec.image, eb->image.os);
	if (box->spec.limits.user == USER_SANDBOX)
		eb->caller = container_caller(box);
	/* Which runner fits is said before anything is started. */
	return runner_way_init(&eb->way, box->ctx.engine,
	    eb->image.arch[0] ? eb->image.arch : NULL, &box->runtime,
	    eb->caller, err);
}

/* ---- the container ---- */

static int
create(struct box *box, struct err *err)
{
	struct engine_box *eb = box->impl;
	autojson json *spec =
	    container_spec(box, &eb->image, &eb->way, eb->memory);
	autovec struct strvec warnings = STRVEC_INIT;
	autofree char *name = NULL;

	eb->named = box->spec.lease_ms != 0;
	if (eb->named)
		name = container_kept_name(box);
	eb->container = container_create(box->ctx.engine, name, NULL, spec,
	    &warnings, err);
	return eb->container ? 0 : -1;
}

static int
greet(struct box *box, struct client_config *cfg, struct err *err)
{
	struct engine_box *eb = box->impl;
	uint64_t runner;

	if (client_hello(box->client, cfg, clock_ms() + HELLO_MS,
		box->ctx.interrupts, err))
		return -1;
	box_take_welcome(box);
	runner = client_welcome(box->client)->runner;
	if (runner != eb->way.id)
		return err_set(err, ERR_SANDBOX,
		    "the runner in the container is not the one of this "
		    "addesh");
	return 0;
}

/* Its stdin and stdout are the server's: the runner in there listens, and
   needs some milliseconds until it does. */
static int
attempt_service(struct box *box, struct client_config *cfg, struct err *err)
{
	struct engine_box *eb = box->impl;
	int tries = CONNECT_TRIES;

	if (container_start(box->ctx.engine, eb->container, err))
		return -1;
	for (;;) {
		struct stream *stream = engine_box_exec_runner(box, "connect", err);

		if (!stream)
			return -1;
		box->client = client_new(box->ctx.loop, stream);
		client_pad(box->client);
		if (!greet(box, cfg, err))
			return 0;
		if (!--tries || err->kind != ERR_SANDBOX)
			return -1;
		client_free(steal(&box->client));
		err_clear(err);
	}
}

static int
attempt(struct box *box, struct client_config *cfg, struct err *err)
{
	struct engine_box *eb = box->impl;
	struct engine *e = box->ctx.engine;
	struct stream *stream;

	if (create(box, err))
		return -1;
	if (box->spec.image_cmd)
		return attempt_service(box, cfg, err);
	stream = container_attach(e, eb->container, false, err);
	if (!stream)
		return -1;
	box->client = client_new(box->ctx.loop, stream);
	if (container_start(e, eb->container, err))
		return -1;
	return greet(box, cfg, err);
}

static void
undo(struct box *box)
{
	struct engine_box *eb = box->impl;
	autoerr struct err ignored = ERR_INIT;

	client_free(box->client);
	box->client = NULL;
	if (eb->container && !container_remove(box->ctx.engine, eb->container,
				 REMOVE_MS, &ignored))
		free(steal(&eb->container));
}

/* An engine's host runs programs of another architecture only by emulation. */
static bool
is_foreign(struct box *box, struct err *why)
{
	const struct engine_box *eb = box->impl;
	autoerr struct err ignored = ERR_INIT;
	const struct engine_facts *host;

	if (!strstr(why->msg.buf, "xec format error"))
		return false;
	host = engine_facts(box->ctx.engine, &ignored);
	if (!host || !*host->arch || !*eb->image.arch ||
	    !strcmp(host->arch, eb->image.arch))
		return false;
	err_set(why, ERR_IMAGE,
	    "%s is an image for %s, whose programs the engine's host (%s) "
	    "cannot run", box->spec.image, eb->image.arch, host->arch);
	err_hint(why, "an image for %s, or on that host the emulation of "
	    "%s: QEMU's, by binfmt_misc", host->arch, eb->image.arch);
	return true;
}

/*
 * A socket on this host does not prove that the engine sees our files, and a
 * volume may be half full: each failure is tried once in the next better way,
 * and the first reason is the one that is told.  The last one does without the
 * files for /etc, whose path the engine may not take.
 */
static int
open_container(struct box *box, struct client_config *cfg, struct err *err)
{
	struct engine_box *eb = box->impl;
	struct engine *e = box->ctx.engine;

	for (int i = 0; i < ATTEMPTS; i++) {
		autoerr struct err again = ERR_INIT;
		struct err *why = err->kind == ERR_NONE ? err : &again;

		if (i == 0 && !eb->way.bind &&
		    runner_way_volume(&eb->way, e, box, false, why))
			return -1;
		if (i + 1 == ATTEMPTS)
			free(steal(&eb->way.mountpoint));
		if (!attempt(box, cfg, why)) {
			err_clear(err);
			return 0;
		}
		undo(box);
		if (why->kind == ERR_INTERRUPTED || why->kind == ERR_USAGE ||
		    container_port_taken(&box->spec, why) ||
		    is_foreign(box, why))
			return err == why ? -1 : err_move(err, why);
		if (eb->container || i + 1 == ATTEMPTS ||
		    runner_way_volume(&eb->way, e, box, !eb->way.bind, &again))
			return -1;
	}
	return -1;
}

static void
describe(struct box *box)
{
	struct engine_box *eb = box->impl;
	bool podman = engine_kind(box->ctx.engine) == ENGINE_PODMAN;

	box_describe_add(box, "kind", "%s", podman ? "podman" : "docker");
	box_describe_add(box, "id", "%.12s", eb->container);
	box_describe_add(box, "container", "%s", eb->container);
	box_describe_add(box, "engine", "%s", engine_title(box->ctx.engine));
	box_describe_add(box, "image", "%s", box->spec.image);
	box_describe_add(box, "image_id", "%s", eb->image.id);
	box_describe_add(box, "arch", "%s", eb->image.arch);
	box_describe_add(box, "isolation", "uid");
	box_describe_workspace(box);
	box_describe_add(box, "runner_way", "%s",
	    eb->way.bind ? "bind" : eb->way.volume);
}

int
engine_box_open(struct box *box, struct err *err)
{
	struct engine_box *eb = engine_box_new(box);
	struct client_config cfg = CLIENT_CONFIG_INIT;
	int bad;

	/* Podman ends the stdin of a container when any client of it leaves. */
	eb->attach = box->spec.lease_ms && !box->spec.image_cmd &&
		     engine_kind(box->ctx.engine) == ENGINE_DOCKER;
	if (get_image(box, err) || check_image(box, err))
		return -1;
	if (box->spec.image_cmd && !eb->image.entrypoint.n &&
	    !eb->image.cmd.n)
		return err_set(err, ERR_IMAGE,
		    "--image-cmd: %s names no command", box->spec.image);
	eb->memory = box_memory_total(box,
	    container_extra_memory(box, &eb->image));
	container_configure(box, &cfg);
	bad = container_check_volumes(box, &cfg.places, err) ||
	      open_container(box, &cfg, err) ||
	      container_read_ports(box, eb->container, err);
	client_config_release(&cfg);
	if (bad)
		return -1;
	describe(box);
	engine_box_check_limits(box);
	if (eb->disk)
		disk_watch_connected(eb->disk, true);
	return 0;
}
