/*
 * An environment in a container of an engine.  The order is create, attach,
 * start and never another: a container that was started before anybody is
 * attached would outlive a shell that dies in between.
 */
#include "sandbox/engine_impl.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "engine/container.h"
#include "engine/reference.h"

#define HELLO_MS 20000
#define REMOVE_MS 30000
/* Of a runner that waits already; it is heard within milliseconds. */
#define ATTACH_MS 3000
#define ATTEMPTS 3
#define CONNECT_TRIES 3

struct engine_box {
	char *container; /* its id; NULL: gone or not made yet */
	struct image image;
	struct runner_way way;
	struct disk_watch *disk; /* of a workspace on disk, else NULL */
	char *caller; /* who programs are, if they write to this host */
	char *url; /* of the engine, where the register says it */
	bool attach; /* its stdin stays open for the next client */
	bool named;  /* as one that is kept */
	uint64_t memory; /* of its cgroup, as it was asked for */
	bool checked; /* against what holds inside */
};

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

static void
check_limits(struct box *box)
{
	struct engine_box *eb = box->impl;

	note_gaps(box);
	watch_disk(box);
	box_limits_check(box, eb->memory);
	eb->checked = true;
}

/* ---- kept ---- */

/*
 * A sweep knows a kept container by its name, since labels cannot be changed
 * later; one that is made to be kept has the name from the beginning.
 */
static int
engine_box_keep(struct box *box, struct err *err)
{
	struct engine_box *eb = box->impl;

	if (!eb->named) {
		autofree char *name = container_kept_name(box);

		if (container_rename(box->ctx.engine, eb->container, name, err))
			return -1;
		eb->named = true;
	}
	return box_send_keep(box, err);
}

static const char *
engine_box_url(const struct box *box)
{
	const struct engine_box *eb = box->impl;

	return eb->url ? eb->url : engine_endpoint(box->ctx.engine)->url;
}

static void
engine_box_record(const struct box *box, json *members)
{
	const struct engine_box *eb = box->impl;

	json_put_str(members, "engine", engine_box_url(box));
	json_put_str(members, "container", eb->container);
	json_put_bool(members, "attach", eb->attach);
	json_put_int(members, "memory", (int64_t)eb->memory);
}

/* It is said to be gone only by an engine that knows what it has. */
static int
check_running(struct box *box, struct err *err)
{
	struct engine_box *eb = box->impl;
	autoerr struct err why = ERR_INIT;
	autojson json *c =
	    container_inspect(box->ctx.engine, eb->container, &why);

	if (!c && why.code != 404)
		return err_move(err, &why);
	if (c && json_bool(json_get(c, "State"), "Running", false))
		return 0;
	err_set(err, ERR_SANDBOX, "its container has ended");
	err->code = ENOENT;
	return -1;
}

static int
greet_on(struct box *box, struct stream *stream, bool pad, struct err *err)
{
	if (!stream)
		return -1;
	client_free(box->client);
	box->client = client_new(box->ctx.loop, stream);
	if (pad)
		client_pad(box->client);
	return box_greet_again(box, ATTACH_MS, err);
}

/*
 * The runner itself carries what comes to the one that is PID 1: the container
 * may be anywhere.
 */
static struct stream *
exec_runner(struct box *box, struct err *err)
{
	struct engine_box *eb = box->impl;
	struct engine *e = box->ctx.engine;
	autojson json *body = json_object();
	json *cmd = json_array();
	autofree char *id = NULL;

	json_push_str(cmd, RUNNER_DIR "/runner");
	json_push_str(cmd, "connect");
	json_put(body, "Cmd", cmd);
	json_put_str(body, "User", "0:0");
	json_put_bool(body, "AttachStdin", true);
	json_put_bool(body, "AttachStdout", true);
	json_put_bool(body, "AttachStderr", true);
	id = container_exec_create(e, eb->container, body, err);
	return id ? container_exec_start(e, id, false, err) : NULL;
}

/* An engine that was started again has forgotten who could attach. */
static int
find_runner(struct box *box, struct err *err)
{
	struct engine_box *eb = box->impl;
	struct engine *e = box->ctx.engine;
	autoerr struct err first = ERR_INIT;

	if (eb->attach &&
	    !greet_on(box, container_attach(e, eb->container, false, &first),
		false, &first))
		return 0;
	if (first.kind == ERR_INTERRUPTED)
		return err_move(err, &first);
	return check_running(box, err) ||
	       greet_on(box, exec_runner(box, err), true, err);
}

static int
engine_box_connect(struct box *box, struct err *err)
{
	struct engine_box *eb = box->impl;

	if (find_runner(box, err))
		return -1;
	box_take_welcome(box);
	if (!eb->checked)
		check_limits(box);
	return 0;
}

static int
engine_box_log(struct box *box, const struct box_log *log, struct err *err)
{
	const struct engine_box *eb = box->impl;
	const struct log_query q = {.follow = log->follow,
	    .timestamps = log->timestamps,
	    .since_ms = log->since_ms,
	    .tail = log->tail,
	    .out = log->out,
	    .arg = log->arg};
	int rc = container_logs(box->ctx.engine, eb->container, &q, err);

	if (!rc || !log->follow || err->kind != ERR_INTERRUPTED)
		return rc;
	err_clear(err);
	return 0;
}

static const struct box_ops ops = {.kill = engine_box_kill,
    .run_begin = engine_run_begin,
    .run_end = engine_run_end,
    .remove = engine_box_remove,
    .release = engine_box_release,
    .keep = engine_box_keep,
    .connect = engine_box_connect,
    .record = engine_box_record,
    .log = engine_box_log,
    .engine = engine_box_url};

int
engine_box_reopen(struct box *box, const json *members, struct err *err)
{
	struct engine_box *eb = xcalloc(1, sizeof(*eb));

	eb->image = (struct image)IMAGE_INIT;
	eb->container = xstrdup(json_str(members, "container", ""));
	eb->url = xstrdup(json_str(members, "engine", ""));
	eb->attach = json_bool(members, "attach", false);
	eb->memory = (uint64_t)json_int(members, "memory", 0);
	eb->named = true;
	box->impl = eb;
	box->ops = &ops;
	if (!*eb->container)
		return err_set(err, ERR_IO, "container: missing");
	return 0;
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
	/* Which runner fits is said before anything is started. */
	return runner_way_init(&eb->way, box->ctx.engine,
	    eb->image.arch[0] ? eb->image.arch : NULL, err);
}

/* ---- the container ---- */

/* The image's own variables, then ours over them. */
static void
base_env(struct box *box, struct client_config *cfg)
{
	struct engine_box *eb = box->impl;
	autovec struct strvec ours = STRVEC_INIT;
	const char *path = strvec_env_get(&eb->image.env, "PATH");

	strvec_pushv(&ours, cfg->base_env.v, cfg->base_env.n);
	strvec_release(&cfg->base_env);
	strvec_pushv(&cfg->base_env, eb->image.env.v, eb->image.env.n);
	for (size_t i = 0; i < ours.n; i++)
		strvec_env_set(&cfg->base_env, ours.v[i]);
	if (path && !strvec_env_get(&box->spec.env, "PATH")) {
		autofree char *both = xasprintf(
		    "PATH=" SANDBOX_HOME "/.local/bin:%s", path);

		strvec_env_set(&cfg->base_env, both);
	}
}

/* A number has no name that is known here: it keeps that of the sandbox. */
static void
name_user(struct client_config *cfg)
{
	static const char *const names[] = {"USER", "LOGNAME"};
	size_t n = strcspn(cfg->user, ":");
	autofree char *user = xstrndup(cfg->user, n);
	const char *name = strcmp(user, "0") ? user : "root";

	if (!*name || !name[strspn(name, "0123456789")])
		return;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *pair = xasprintf("%s=%s", names[i], name);

		strvec_env_set(&cfg->base_env, pair);
	}
}

/* The image's entrypoint and command, its user, directory and variables, and
   over those the environment's. */
static void
configure_service(struct box *box, struct client_config *cfg)
{
	const struct engine_box *eb = box->impl;
	const struct image *img = &eb->image;
	struct strvec *env = &cfg->service_env;

	strvec_pushv(&cfg->service_argv, img->entrypoint.v, img->entrypoint.n);
	strvec_pushv(&cfg->service_argv, img->cmd.v, img->cmd.n);
	strvec_pushv(env, img->env.v, img->env.n);
	for (size_t i = 0; i < box->spec.env.n; i++)
		strvec_env_set(env, box->spec.env.v[i]);
	/* What an engine adds. */
	if (!strvec_env_get(env, "PATH"))
		strvec_push(env, "PATH=/usr/local/sbin:/usr/local/bin:"
				 "/usr/sbin:/usr/bin:/sbin:/bin");
	cfg->service_user = *img->user ? img->user : "0";
	cfg->service_cwd = *img->workdir ? img->workdir : "/";
}

static void
configure(struct box *box, struct client_config *cfg)
{
	struct engine_box *eb = box->impl;
	enum user_kind user = box->spec.limits.user;

	box_config_default(box, cfg);
	base_env(box, cfg);
	container_extra_places(box, &eb->image, &cfg->places);
	if (user == USER_NAMED && box->spec.user)
		cfg->user = box->spec.user;
	if (user == USER_IMAGE)
		cfg->user = eb->image.user[0] ? eb->image.user : "root";
	if (user == USER_SANDBOX) {
		eb->caller = container_caller(box);
		if (eb->caller)
			cfg->user = eb->caller;
	}
	name_user(cfg);
	if (box->spec.image_cmd)
		configure_service(box, cfg);
}

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
		struct stream *stream = exec_runner(box, err);

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
	box_describe_add(box, "runner_way", "%s",
	    eb->way.bind ? "bind" : eb->way.volume);
}

int
engine_box_open(struct box *box, struct err *err)
{
	struct engine_box *eb = xcalloc(1, sizeof(*eb));
	struct client_config cfg = CLIENT_CONFIG_INIT;
	int bad;

	eb->image = (struct image)IMAGE_INIT;
	/* Podman ends the stdin of a container when any client of it leaves. */
	eb->attach = box->spec.lease_ms && !box->spec.image_cmd &&
		     engine_kind(box->ctx.engine) == ENGINE_DOCKER;
	box->impl = eb;
	box->ops = &ops;
	if (get_image(box, err) || check_image(box, err))
		return -1;
	if (box->spec.image_cmd && !eb->image.entrypoint.n &&
	    !eb->image.cmd.n)
		return err_set(err, ERR_IMAGE,
		    "--image-cmd: %s names no command", box->spec.image);
	eb->memory = box_memory_total(box,
	    container_extra_memory(box, &eb->image));
	configure(box, &cfg);
	bad = container_check_volumes(box, &cfg.places, err) ||
	      open_container(box, &cfg, err) ||
	      container_read_ports(box, eb->container, err);
	client_config_release(&cfg);
	if (bad)
		return -1;
	describe(box);
	check_limits(box);
	return 0;
}
