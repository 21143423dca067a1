/* Kept environments: in the register, under their lock, reached again. */
#include "sandbox/box_impl.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "engine/endpoint.h"
#include "engine/engine.h"
#include "sandbox/kept.h"

#define LOCK_STEP_MS 5
#define KEEP_MS 10000
#define PINGS 4 /* within a lease, of which each renews it */

bool
box_alive(const struct box *box)
{
	return box->client ? !client_lost(box->client) : box->lease_ms != 0;
}

bool
box_connected(const struct box *box)
{
	return box->client && !client_lost(box->client);
}

const char *
box_id(const struct box *box)
{
	return box->id;
}

uint64_t
box_lease(const struct box *box)
{
	return box->lease_ms;
}

/* ---- the record ---- */

json *
box_record(const struct box *box)
{
	json *j = json_object(), *members = json_object();

	json_put_int(j, "v", 1);
	json_put_str(j, "id", box->id);
	json_put_str(j, "name", box->spec.name);
	json_put_str(j, "session", box->spec.session);
	json_put_str(j, "owner", box->runtime.owner);
	json_put_int(j, "opened_ms", box->opened_ms);
	json_put_int(j, "lease_ms", (int64_t)box->lease_ms);
	json_put(j, "spec", kept_spec_json(&box->spec));
	json_put(j, "facts", json_from_strings(&box->describe));
	json_put_str(j, "path", box->path);
	json_put(j, "limits", json_from_strings(&box->limits));
	json_put_str(j, "runtime_dir", box->runtime.runtime_dir);
	box->ops->record(box, members);
	json_put(j, "box", members);
	return j;
}

static void
find_runtime(struct box *box, const json *record)
{
	struct runtime rt = kept_runtime(record, &box->runtime);

	box->runtime_dir = xstrdup(rt.runtime_dir);
	box->runtime.runtime_dir = box->runtime_dir;
}

static int
read_record(struct box *box, const json *record, struct err *err)
{
	if (kept_spec_read(json_get(record, "spec"), &box->spec, err))
		return -1;
	box->id = xstrdup(json_str(record, "id", ""));
	box->opened_ms = json_int(record, "opened_ms", 0);
	box->lease_ms = (uint64_t)json_int(record, "lease_ms", 0);
	box->spec.lease_ms = box->lease_ms;
	box->far = kept_is_far(record);
	find_runtime(box, record);
	json_strings(json_get(record, "facts"), &box->describe);
	if (json_str(record, "path", NULL))
		box->path = xstrdup(json_str(record, "path", NULL));
	json_strings(json_get(record, "limits"), &box->limits);
	return box->lease_ms >= 1000 && box->lease_ms <= PROTO_LEASE_MS_MAX
		   ? 0
		   : err_set(err, ERR_IO, "lease_ms: not a value of it");
}

struct box *
box_reopen(const json *record, const struct box_ctx *ctx, struct err *err)
{
	struct box *box = box_new(ctx);
	const json *members = json_get(record, "box");
	int bad = read_record(box, record, err);

	if (!bad)
		bad = box->spec.kind == BOX_ENGINE
			  ? engine_box_reopen(box, members, err)
			  : restricted_reopen(box, members, err);
	if (!bad)
		return box;
	err_prefix(err, "the record of %s", json_str(record, "name", "?"));
	box_leave(box);
	return NULL;
}

/* ---- keeping ---- */

/* One that a session has open is in use. */
static void
renew_lease(struct box *box)
{
	client_ping_every(box->client, (int64_t)box->lease_ms / PINGS);
}

int
box_send_keep(struct box *box, struct err *err)
{
	uint8_t buf[FIELD_SIZE(8)];
	struct field_writer w;
	struct field_reader fields;
	struct request *r;
	int bad = 0;

	field_writer_init(&w, buf, sizeof(buf));
	field_put_u64(&w, PROTO_K_LEASE_MS, box->lease_ms);
	r = client_request(
	    box->client, PROTO_KEEP, buf, w.len, NULL, NULL);
	box_wait(box, r, KEEP_MS);
	if (request_verdict(r, &fields))
		renew_lease(box);
	else
		bad = request_error(r, err);
	request_free(r);
	return bad;
}

/* A sweep that has another register leaves it alone then. */
static void
note_record(const struct box *box)
{
	autofree char *path = kept_path(&box->runtime, box->id);

	runtime_lock_note(box->lock_fd, "kept", path);
}

/*
 * The record comes first: whoever is killed in between leaves a record of what
 * then ends by itself, and not an environment that nobody knows.
 */
int
box_keep(struct box *box, uint64_t lease_ms, struct err *err)
{
	autojson json *record = NULL;
	autoerr struct err ignored = ERR_INIT;
	uint64_t before = box->lease_ms;

	if (box->spec.attach) {
		err_set(err, ERR_USAGE, "%s is in a container that somebody "
		    "else started, and ends with the session",
		    box->spec.name);
		return err_hint(err, "come back to it:  env attach %s",
		    box->spec.attach);
	}
	box->lease_ms = box->spec.lease_ms = lease_ms;
	record = box_record(box);
	if (!kept_save(&box->runtime, record, err) &&
	    !box->ops->keep(box, err)) {
		if (!before)
			note_record(box);
		box_watch_lock(box);
		return 0;
	}
	if (!before)
		kept_remove(&box->runtime, box->id, &ignored);
	box->lease_ms = box->spec.lease_ms = before;
	return -1;
}

/* ---- the lock ---- */

static void
disconnect(struct box *box)
{
	client_free(steal(&box->client));
	box_unwatch_lock(box);
	if (box->lock_fd >= 0)
		close(steal_fd(&box->lock_fd));
	box->wanted = false;
}

static void
on_wanted(void *arg, int fd, unsigned events)
{
	struct box *box = arg;
	char c;

	while (recv(fd, &c, 1, 0) > 0)
		;
	box->wanted = true;
	if (!box->busy)
		disconnect(box);
}

/*
 * Whoever has the lock has this socket too, at which others knock.  (To watch
 * the lock's file by inotify(7) would cost each command some 20 ms: that is how
 * long the kernel takes to close such a descriptor.)
 */
static int
wake_address(const struct box *box, struct sockaddr_un *un)
{
	autofree char *path = runtime_wake_path(&box->runtime, box->id);

	*un = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(un->sun_path))
		return -1;
	memcpy(un->sun_path, path, strlen(path));
	return 0;
}

/* Without one others get their turn when this command has ended. */
void
box_watch_lock(struct box *box)
{
	struct sockaddr_un un;

	if (box->wake_fd >= 0 || wake_address(box, &un))
		return;
	box->wake_fd =
	    socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (box->wake_fd < 0)
		return;
	unlink(un.sun_path);
	if (bind(box->wake_fd, (struct sockaddr *)&un, sizeof(un))) {
		close(steal_fd(&box->wake_fd));
		return;
	}
	box->wake = loop_fd_add(
	    box->ctx.loop, box->wake_fd, POLLIN, on_wanted, box);
}

void
box_unwatch_lock(struct box *box)
{
	struct sockaddr_un un;

	loop_fd_remove(steal(&box->wake));
	if (box->wake_fd < 0)
		return;
	close(steal_fd(&box->wake_fd));
	if (!wake_address(box, &un))
		unlink(un.sun_path);
}

/* It may be on its way out, and hear nothing: that is why others try again. */
static void
knock(const struct box *box)
{
	struct sockaddr_un un;
	autoclose int fd =
	    socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && !wake_address(box, &un))
		(void)!sendto(fd, "", 1, MSG_NOSIGNAL, (struct sockaddr *)&un,
		    sizeof(un));
}

int
box_use_engine(struct box *box, struct engine *e, struct err *err)
{
	const char *url = box->ops->engine ? box->ops->engine(box) : NULL;
	const char *here = engine_endpoint(e)->url;

	box->ctx.engine = e;
	if (!url || !strcmp(url, here))
		return 0;
	err_set(err, ERR_USAGE, "it is on another engine: %s", url);
	return err_hint(err, "addesh --engine %s", url);
}

static int
take_lock(struct box *box, struct err *err)
{
	unsigned before = box_interrupts(box);
	int64_t deadline = clock_ms() + box->ctx.lock_ms;

	for (;;) {
		autoerr struct err held = ERR_INIT;

		box->lock_fd =
		    runtime_lock(&box->runtime, box->id, 0, &held);
		if (box->lock_fd >= 0)
			return 0;
		if (held.kind != ERR_TIMEOUT || clock_ms() >= deadline)
			return err_move(err, &held);
		knock(box);
		loop_step(box->ctx.loop, LOCK_STEP_MS);
		if (box_interrupts(box) != before)
			return err_set(err, ERR_INTERRUPTED, "interrupted");
	}
}

/* ---- a later client ---- */

int
box_greet_again(struct box *box, int64_t timeout_ms, struct err *err)
{
	struct client_config cfg = CLIENT_CONFIG_INIT;
	int bad;

	cfg.workspace = SANDBOX_WORKSPACE; /* counts in the first one only */
	cfg.again = true;
	cfg.silence_ms = BOX_SILENCE_MS;
	bad = client_hello(box->client, &cfg, clock_ms() + timeout_ms,
	    box->ctx.interrupts, err);
	client_config_release(&cfg);
	if (!bad)
		renew_lease(box);
	return bad;
}

static int
connect_again(struct box *box, struct err *err)
{
	client_free(steal(&box->client));
	if (box->lock_fd < 0 && take_lock(box, err))
		return -1;
	/* Its record goes with it: see box_close(). */
	if (!kept_exists(&box->runtime, box->id)) {
		err_set(err, ERR_SANDBOX, "it was closed");
		err->code = BOX_ENDED;
	} else if (!box->ops->connect(box, err)) {
		return 0;
	}
	client_free(steal(&box->client));
	close(steal_fd(&box->lock_fd));
	return -1;
}

int
box_acquire(struct box *box, struct err *err)
{
	if (!box->lease_ms || box->busy)
		return 0;
	if (!box_alive(box) || !box->client) {
		if (connect_again(box, err))
			return -1;
		box_take_welcome(box);
		box_watch_lock(box);
	}
	box->busy = true;
	return 0;
}

void
box_release(struct box *box)
{
	box->busy = false;
	if (box->lease_ms &&
	    (box->wanted || box->wake_fd < 0 || !box_alive(box)))
		disconnect(box);
}

void
box_leave(struct box *box)
{
	box->leaving = true;
	disconnect(box);
	if (box->ops)
		box->ops->release(box);
	box_free(box);
}
