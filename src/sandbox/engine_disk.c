/*
 * The size of a workspace on disk.  Volumes of an engine have no limit, and
 * what lies in one cannot be seen from inside as a whole: a program can close its
 * directories, and those of others are not ours to read.  But nothing can grow
 * there without the file system filling up, which the runner watches (DISK in
 * runner/protocol.h); only when that may have been our program the engine is
 * asked for the volume's size.  Files that were removed while they are open are
 * not in its answer.
 */
#include "sandbox/engine_impl.h"

#include <string.h>

#include "base/clock.h"
#include "engine/container.h"

struct disk_watch {
	struct box *box;
	char *volume;
	struct loop_timer *timer;
	struct request *told; /* in flight: an EVENT says that it filled up */
	uint64_t size;	      /* the volume's when it was asked for last */
	uint64_t allowed;
	uint64_t exceeded;    /* the size that was too large for a run, or 0 */
	bool due;	      /* it filled up, and was not looked at yet */
	bool jobs;	      /* were stopped: it may have been one of them */
};

/* Where the engine gives no answer, it stays as it was known. */
static void
ask_size(struct disk_watch *w)
{
	autoerr struct err ignored = ERR_INIT;
	int64_t size =
	    volume_size(w->box->ctx.engine, w->volume, &ignored);

	if (size >= 0)
		w->size = (uint64_t)size;
}

/* What a run found too large may be made smaller by the next, not larger. */
static void
set_allowed(struct disk_watch *w)
{
	uint64_t limit = w->box->spec.limits.disk;

	w->allowed = w->size > limit ? w->size : limit;
}

/* ---- what the runner is told ---- */

/* Others wait on the loop, perhaps for this very runner: it is seen to from
   there. */
static void
on_event(void *arg, const char *text)
{
	struct disk_watch *w = arg;

	w->due = true;
	w->jobs = !strcmp(text, "stopped");
	loop_timer_set(w->timer, clock_ms());
}

static void
send_disk(struct disk_watch *w, const uint64_t *room, uint64_t killed)
{
	static const struct request_ops ops = {.event = on_event};
	uint8_t buf[2 * FIELD_SIZE(8)];
	struct field_writer f;

	field_writer_init(&f, buf, sizeof(buf));
	if (killed)
		field_put_u64(&f, PROTO_K_DISK_USED, killed);
	if (room)
		field_put_u64(&f, PROTO_K_ROOM, *room);
	request_free(w->told);
	w->told = client_request(
	    w->box->client, PROTO_DISK, buf, f.len, &ops, w);
}

/* From what was in use when it was looked at, or now. */
static void
send_room(struct disk_watch *w, uint64_t killed)
{
	uint64_t room = w->allowed > w->size ? w->allowed - w->size : 0;

	send_disk(w, &room, killed);
}

static void
look(struct disk_watch *w)
{
	w->due = false;
	loop_timer_set(w->timer, INT64_MAX);
	ask_size(w); /* waits on the loop */
	if (!box_alive(w->box) || !w->box->client)
		return;
	if (w->size <= w->allowed) {
		send_room(w, 0);
		return;
	}
	set_allowed(w);
	send_room(w, w->size);
	if (w->jobs)
		return; /* should it still grow, it is the run */
	w->exceeded = w->size;
	box_kill_run(w->box);
}

/* Between commands, too: then it is ours until it is done. */
static void
on_timer(void *arg)
{
	struct disk_watch *w = arg;
	struct box *box = w->box;
	bool busy = box->busy;

	if (!box->client)
		return;
	box->busy = true;
	look(w);
	if (!busy)
		box_release(box);
}

void
disk_watch_connected(struct disk_watch *w, bool fresh)
{
	set_allowed(w);
	if (fresh)
		send_room(w, 0);
	else
		send_disk(w, NULL, 0);
}

/* ---- while a run is on ---- */

void
disk_watch_begin(struct disk_watch *w)
{
	w->exceeded = 0;
	if (w->size <= w->box->spec.limits.disk)
		return;
	ask_size(w);
	set_allowed(w);
	send_room(w, 0);
}

/* It may have been too quick to be stopped. */
void
disk_watch_end(struct disk_watch *w, struct verdict *v)
{
	if (w->due && w->box->client)
		look(w);
	if (!w->exceeded)
		return;
	v->disk_used = w->exceeded;
	v->cancelled = false;
}

/* ---- life ---- */

static char *
workspace_volume(struct box *box, const char *container)
{
	autoerr struct err ignored = ERR_INIT;
	autojson json *c =
	    container_inspect(box->ctx.engine, container, &ignored);
	const json *m;

	json_each(m, json_get(c, "Mounts"))
		if (!strcmp(json_str(m, "Destination", ""),
			SANDBOX_WORKSPACE))
			return xstrdup(json_str(m, "Name", ""));
	return NULL;
}

struct disk_watch *
disk_watch_new(struct box *box, const char *container)
{
	char *volume = workspace_volume(box, container);
	struct disk_watch *w;

	if (!volume)
		return NULL;
	w = xcalloc(1, sizeof(*w));
	w->box = box;
	w->volume = volume;
	w->timer = loop_timer_add(box->ctx.loop, INT64_MAX, on_timer, w);
	return w;
}

void
disk_watch_free(struct disk_watch *w)
{
	if (!w)
		return;
	loop_timer_remove(w->timer);
	request_free(w->told);
	free(w->volume);
	free(w);
}
