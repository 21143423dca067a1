#include "sandbox/box_impl.h"

#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/units.h"
#include "engine/endpoint.h"
#include "engine/engine.h"
#include "sandbox/kept.h"

/*
 * Of a request whose runner is not heard, from when it is overdue: it may be
 * slow, not silent.  Beside a fork bomb on a busy machine one was silent for
 * eight seconds in all, and an environment that is lost costs more than these.
 */
#define SILENCE_MS 6000
#define CANCEL_MS 3000
/*
 * One that is overdue and still heard may be slow: it gets so many times TALK_MS,
 * counted, since our own output may be what is slow.  Work on files takes
 * longer, and what comes of it is no talk.
 */
#define TALK_MS 500
#define TALK_MAX 20
#define TALK_FILES_MAX 1200
#define OPENING_MS 20000
#define LOCK_MS 5000
/*
 * Uids of programs, drawn at random: quotas that the kernel keeps for each user
 * are then nobody's of this host, and seldom another environment's.  Parallel
 * runs have those that follow.  share/addesh/etc/passwd and group name them.
 */
#define UID_FIRST 20000
#define UID_STEP 625
#define UID_CHOICES 64

void
box_event(struct box *box, const char *phase, const char *fmt, ...)
{
	autofree char *text = NULL;
	va_list ap;

	if (!box->ctx.event)
		return;
	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	box->ctx.event(box->ctx.arg, phase, text);
}

void
box_describe_add(struct box *box, const char *name, const char *fmt, ...)
{
	autofree char *value = NULL;
	va_list ap;

	va_start(ap, fmt);
	value = xvasprintf(fmt, ap);
	va_end(ap);
	strvec_pushf(&box->describe, "%s=%s", name, value);
}

void
box_gap_add(struct box *box, const char *name, const char *asked,
    const char *got, bool weak, const char *why)
{
	GROW(box->gaps, box->ngaps, &box->gaps_cap);
	box->gaps[box->ngaps++] = (struct limit_gap){.name = xstrdup(name),
	    .asked = xstrdup(asked), .got = xstrdup(got), .weak = weak,
	    .why = xstrdup(why)};
}

unsigned
box_interrupts(const struct box *box)
{
	return box->ctx.interrupts ? *box->ctx.interrupts : 0;
}

char *
box_path(const struct box *box, const char *path)
{
	const char *dir =
	    box->spec.workdir ? box->spec.workdir : SANDBOX_WORKSPACE;

	if (path[0] == '/')
		return xstrdup(path);
	return str_in(path, (const char *const[]){"", ".", "./", NULL})
		   ? xstrdup(dir)
		   : io_join(dir, path);
}

bool
box_workspace_in_memory(const struct box *box)
{
	return box->spec.limits.workspace == WORKSPACE_MEMORY &&
	       !env_spec_volume(&box->spec, SANDBOX_WORKSPACE);
}

void
box_describe_workspace(struct box *box)
{
	const char *place = box_workspace_in_memory(box) ? "memory"
	    : env_spec_volume(&box->spec, SANDBOX_WORKSPACE) ? "host" : "disk";

	box_describe_add(box, "workspace", "%s", place);
}

uint64_t
box_memory_total(const struct box *box, uint64_t extra)
{
	const struct limits *l = &box->spec.limits;

	if (!l->memory)
		return 0;
	return l->memory + l->tmp + l->shm + extra +
	       (box_workspace_in_memory(box) ? l->disk : 0);
}

void
box_config_default(struct box *box, struct client_config *cfg)
{
	static const char *const dirs[] = {"HOME=" SANDBOX_HOME, "TMPDIR=/tmp",
	    "XDG_CACHE_HOME=" SANDBOX_HOME "/.cache",
	    "XDG_CONFIG_HOME=" SANDBOX_HOME "/.config",
	    "MPLCONFIGDIR=" SANDBOX_HOME "/.config/matplotlib",
	    "PATH=" SANDBOX_HOME "/.local/bin:/usr/local/sbin:"
	    "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	    "LANG=C.UTF-8"};
	bool root = box->spec.limits.user == USER_ROOT;
	uint32_t random;

	io_random(&random, sizeof(random));
	cfg->uid = UID_FIRST + random % UID_CHOICES * UID_STEP;
	cfg->gid = cfg->uid;
	cfg->user = root ? "root" : "sandbox";
	cfg->workspace =
	    box->spec.workdir ? box->spec.workdir : SANDBOX_WORKSPACE;
	/* A kept one gets its own when it is in the register. */
	cfg->lease_ms = box->spec.lease_ms ? OPENING_MS : BOX_LEASE_MS;
	cfg->silence_ms = box->spec.lease_ms ? BOX_SILENCE_MS : 0;
	cfg->nofile_soft = 1024;
	cfg->nofile_hard = 4096;
	/* The runner empties places, and opens them to everybody. */
	if (!env_spec_volume(&box->spec, SANDBOX_WORKSPACE))
		strvec_push(&cfg->places, SANDBOX_WORKSPACE);
	strvec_push(&cfg->places, "/tmp");
	strvec_push(&cfg->places, "/dev/shm");
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		strvec_push(&cfg->base_env, dirs[i]);
	strvec_pushf(&cfg->base_env, "USER=%s", cfg->user);
	strvec_pushf(&cfg->base_env, "LOGNAME=%s", cfg->user);
}

/* ---- waiting ---- */

/*
 * Whether nothing was heard for ms.  After a stop (Ctrl-Z) time has passed and
 * what the runner said lies unread: look before judging.
 */
static bool
is_silent(struct box *box, int64_t since, int64_t ms)
{
	int64_t now = clock_ms(), heard;

	loop_step(box->ctx.loop, 0);
	heard = client_heard_ms(box->client);
	return now - (heard > since ? heard : since) >= ms;
}

void
box_kill_run(struct box *box)
{
	uint8_t buf[FIELD_SIZE(8)];
	struct field_writer w;

	if (!box->run)
		return;
	field_writer_init(&w, buf, sizeof(buf));
	field_put_u64(&w, PROTO_K_SIGNAL, SIGKILL);
	client_send(box->client, PROTO_CANCEL, request_id(box->run), buf,
	    w.len);
}

static int
wait_step(int64_t due, int64_t now)
{
	return due - now > 60000 ? 60000 : due > now ? (int)(due - now) : 0;
}

/*
 * One that is overdue since then: whether it gets more time.  It may have
 * nothing to say and wait for the kernel, which takes long to end many
 * processes on a busy machine: so it is asked for a sign of life.
 */
static bool
may_be_slow(struct box *box, struct request *r, int64_t since, unsigned *talk,
    uint64_t *progress)
{
	bool hurry = r == box->run || request_cancelled(r);

	if (is_silent(box, since, SILENCE_MS))
		return false;
	client_ping(box->client);
	if (request_progress(r) > *progress) {
		*progress = request_progress(r);
		*talk = 0;
	}
	return ++*talk <= (hurry ? TALK_MAX : TALK_FILES_MAX);
}

void
box_wait(struct box *box, struct request *r, uint64_t limit_ms)
{
	unsigned seen = box_interrupts(box), presses = 0, talk = 0;
	int64_t now = clock_ms(), late = 0;
	int64_t due = limit_ms ? now + (int64_t)limit_ms : INT64_MAX;
	uint64_t progress = 0;
	bool hurry = false;

	for (; !request_done(r); now = clock_ms()) {
		if (seen != box_interrupts(box)) {
			seen++;
			if (!presses++)
				request_cancel(r);
			else
				client_give_up(box->client,
				    "given up at the second interrupt");
		} else if (request_cancelled(r) && !hurry) {
			hurry = true;
			late = 0;
			due = now + CANCEL_MS;
		} else if (now < due) {
			loop_step(box->ctx.loop, wait_step(due, now));
		} else if (late == 0) {
			late = now;
		} else if (may_be_slow(box, r, late, &talk, &progress)) {
			due = now + TALK_MS;
		} else if (!request_done(r)) {
			box->doomed = true;
			client_give_up(box->client,
			    "its runner gave no answer in time");
		}
	}
}

bool
box_wait_credit(struct box *box, struct request *r)
{
	unsigned seen = box_interrupts(box);
	size_t before = request_in_window(r);
	int64_t since = clock_ms();

	while (!request_done(r) && request_in_window(r) == before) {
		if (seen != box_interrupts(box)) {
			request_cancel(r);
			return false;
		}
		loop_step(box->ctx.loop, 1000);
		if (request_in_window(r) == before &&
		    clock_ms() - since >= BOX_FILES_MS &&
		    (is_silent(box, since, BOX_FILES_MS) ||
			clock_ms() - since >= 2 * BOX_FILES_MS))
			client_give_up(box->client,
			    "its runner takes no more data");
	}
	return !request_done(r);
}

/* ---- life ---- */

struct box *
box_new(const struct box_ctx *ctx)
{
	struct box *box = xcalloc(1, sizeof(*box));

	box->ctx = *ctx;
	box->runtime = *ctx->runtime;
	env_spec_init(&box->spec);
	strvec_init(&box->describe);
	strvec_init(&box->limits);
	box->lock_fd = box->wake_fd = -1;
	return box;
}

void
box_free(struct box *box)
{
	for (size_t i = 0; i < box->ngaps; i++) {
		free(box->gaps[i].name);
		free(box->gaps[i].asked);
		free(box->gaps[i].got);
		free(box->gaps[i].why);
	}
	free(box->gaps);
	box_observe_end(box);
	box_unwatch_lock(box);
	if (box->lock_fd >= 0 && (box->left || box->leaving))
		close(box->lock_fd);
	else if (box->lock_fd >= 0)
		runtime_unlock_remove(&box->runtime, box->id, box->lock_fd);
	env_spec_release(&box->spec);
	strvec_release(&box->describe);
	free(box->path);
	strvec_release(&box->limits);
	free(box->id);
	free(box->runtime_dir);
	free(box);
}

static int
ask_version(struct box *box, struct run_spec *run, struct strbuf *version,
    struct err *err)
{
	struct verdict v = VERDICT_INIT;
	int bad;

	run->cwd = "/";
	run->timeout_ms = 10000;
	run->output_max = BOX_OUTPUT_MAX;
	bad = box_run_output(box, run, version, &v, err);
	if (!bad && (!v.exited || v.exit_code))
		bad = err_set(err, ERR_IMAGE,
		    "%s: this host has no %s to stand in for it",
		    box->spec.image, run->argv.v[0]);
	verdict_release(&v);
	return bad;
}

/* The version of the host's program, asked or known. */
static int
stand_in_version(struct box *box, struct run_spec *run, struct strbuf *version,
    struct err *err)
{
	struct strvec *versions = box->ctx.versions;
	const char *program = run->argv.v[0];
	const char *known =
	    versions ? strvec_env_get(versions, program) : NULL;

	if (known) {
		strbuf_adds(version, known);
		return 0;
	}
	if (ask_version(box, run, version, err))
		return -1;
	if (versions) {
		autofree char *entry =
		    xasprintf("%s=%s", program, version->buf);

		strvec_env_set(versions, entry);
	}
	return 0;
}

/*
 * Says which of the host's programs an image's name stands for here, so that
 * nobody takes python:3.9 for what it is not.
 */
static int
check_stand_in(struct box *box, struct err *err)
{
	struct run_spec run = RUN_SPEC_INIT;
	autobuf struct strbuf version = STRBUF_INIT;
	const char *image = box->spec.image;
	int bad;

	if (box->spec.kind != BOX_RESTRICTED || !image)
		return 0;
	if (!box->ctx.stand_in ||
	    !box->ctx.stand_in(box->ctx.arg, image, &run.argv)) {
		run_spec_release(&run);
		err_set(err, ERR_IMAGE,
		    "the restricted sandbox has no images, and nothing of this "
		    "host stands in for %s", image);
		return err_hint(err, "leave the image out to use the host's "
				     "own programs");
	}
	bad = stand_in_version(box, &run, &version, err);
	if (!bad) {
		box_event(box, "image", "%s of this host stands in for %s",
		    version.buf, image);
		box_describe_add(box, "stand_in", "%s", version.buf);
	}
	run_spec_release(&run);
	return bad;
}

/* The runner makes it where code can write; elsewhere it is the image's. */
static int
check_workdir(struct box *box, struct err *err)
{
	const char *dir = box->spec.workdir;

	if (!dir || box_is_directory(box, dir))
		return 0;
	err_set(err, ERR_USAGE,
	    "-w %s: there is no such directory, and none can be made there",
	    dir);
	return err_hint(err, "directories below /workspace and /tmp are made");
}

void
box_take_welcome(struct box *box)
{
	const struct welcome *w = client_welcome(box->client);

	for (size_t i = 0; i < w->notes.n && box->ctx.event; i++)
		box_event(box, "warning", "%s", w->notes.v[i]);
	strvec_release(&box->limits);
	strvec_pushv(&box->limits, w->limits.v, w->limits.n);
}

/* What only opening needs: the caller's, and gone when it returns. */
static void
forget_opening(struct box *box)
{
	box->ctx.event = NULL;
	box->ctx.stand_in = NULL;
	box->ctx.versions = NULL;
}

static int
open_kind(struct box *box, struct err *err)
{
	const char *engine;

	/* The name is new: only a sweep that has just seen it may hold it. */
	box->lock_fd =
	    runtime_lock(&box->runtime, box->id, LOCK_MS, err);
	if (box->lock_fd < 0)
		return -1;
	if (box->spec.kind == BOX_RESTRICTED)
		return restricted_open(box, err);
	engine = engine_endpoint(box->ctx.engine)->url;
	runtime_lock_note(box->lock_fd, "engine", engine);
	return box->spec.attach ? engine_attach_open(box, err)
				: engine_box_open(box, err);
}

struct box *
box_open(const struct env_spec *spec, const struct box_ctx *ctx,
    struct err *err)
{
	struct box *box = box_new(ctx);
	autoerr struct err ignored = ERR_INIT;

	env_spec_copy(&box->spec, spec);
	box->id = runtime_new_id();
	box->opened_ms = clock_wall_ms();
	if (!open_kind(box, err) && !check_stand_in(box, err) &&
	    !check_workdir(box, err)) {
		box_describe_add(box, "runner", "%016llx",
		    (unsigned long long)client_welcome(box->client)->runner);
		forget_opening(box);
		if (!spec->lease_ms || !box_keep(box, spec->lease_ms, err))
			return box;
	}
	box_close(box, &ignored);
	return NULL;
}

int
box_close(struct box *box, struct err *err)
{
	int bad = 0;

	client_free(steal(&box->client));
	if (box->ops) {
		bad = box->ops->remove(box, err);
		box->ops->release(box);
	}
	if (!bad && box->lease_ms) {
		bad = kept_remove(&box->runtime, box->id, err);
		runtime_lock_remove(&box->runtime, box->id);
	}
	box_free(box);
	return bad;
}

const struct strvec *
box_limits(const struct box *box)
{
	return &box->limits;
}

const char *
box_limit(const struct box *box, const char *name)
{
	return strvec_env_get(&box->limits, name);
}

int
box_service_log(struct box *box, const struct box_log *log, struct err *err)
{
	if (box->spec.image_cmd && box->ops->log)
		return box->ops->log(box, log, err);
	err_set(err, ERR_USAGE, "%s runs no command of its image",
	    box->spec.name);
	return err_hint(err, "open one that does:  env new --image-cmd %s",
	    box->spec.image ? box->spec.image : "IMAGE");
}

const struct port *
box_ports(const struct box *box, size_t *n)
{
	*n = box->spec.nports;
	return box->spec.ports;
}

const struct limit_gap *
box_gaps(const struct box *box, size_t *n)
{
	*n = box->ngaps;
	return box->gaps;
}

const char *
box_search_path(const struct box *box)
{
	return box->path;
}

const struct strvec *
box_describe(const struct box *box)
{
	return &box->describe;
}
