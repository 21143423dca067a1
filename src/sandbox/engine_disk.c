/*
 * The size of a workspace on disk.  Volumes of an engine have no limit, and
 * what lies in one cannot be seen from inside as a whole: a program can close its
 * directories, and those of others are not ours to read.  But nothing can grow
 * there without the file system filling up, which costs nothing to ask; only
 * when that may have been our program the engine is asked for the volume's
 * size.  Files that were removed while they are open are not in its answer.
 */
#include "sandbox/engine_impl.h"

#include <string.h>

#include "base/clock.h"
#include "engine/container.h"

#define PERIOD_MS 100
#define REST 4 /* of the time: what asking the engine may take at most is 1/4 */

struct disk_watch {
	struct box *box;
	char *volume;
	struct loop_timer *timer;
	struct request *stats; /* asked and not yet answered */
	uint64_t size;	       /* the volume's when it was asked for last */
	uint64_t used;	       /* of the file system, the least since then */
	uint64_t allowed;      /* in this run */
	uint64_t exceeded;     /* the size that was too large, or 0 */
};

/* ---- what is known ---- */

/* The value of disk= in an answer of the runner's. */
static bool
take_used(const struct request *r, uint64_t *used)
{
	struct field_reader fields;
	struct field f;

	if (!request_verdict(r, &fields))
		return false;
	while (field_next(&fields, &f) > 0) {
		autofree char *text = NULL;

		if (f.key != PROTO_K_STAT)
			continue;
		text = xstrndup((const char *)f.data, f.len);
		if (!str_starts(text, "disk="))
			continue;
		*used = strtoull(text + 5, NULL, 10);
		return true;
	}
	return false;
}

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

/* Asks only where the volume may have grown beyond what is allowed. */
static void
consider(struct disk_watch *w, uint64_t used)
{
	if (used < w->used)
		w->used = used;
	if (w->size + (used - w->used) <= w->allowed)
		return;
	ask_size(w);
	w->used = used;
}

static void
end_run(struct disk_watch *w)
{
	w->exceeded = w->size;
	box_kill_run(w->box);
}

/* ---- while a run is on ---- */

static void
ask_used(struct disk_watch *w)
{
	w->stats = client_request(w->box->client, PROTO_STATS, NULL, 0, NULL,
	    NULL);
}

static void
on_timer(void *arg)
{
	struct disk_watch *w = arg;
	int64_t began = clock_ms(), pause = PERIOD_MS;
	uint64_t used;

	if (!request_done(w->stats)) {
		loop_timer_set(w->timer, began + PERIOD_MS);
		return;
	}
	if (take_used(w->stats, &used))
		consider(w, used); /* waits on the loop */
	request_free(w->stats);
	w->stats = NULL;
	if (w->size > w->allowed) {
		end_run(w);
		return;
	}
	if ((clock_ms() - began) * REST > pause)
		pause = (clock_ms() - began) * REST;
	ask_used(w);
	loop_timer_set(w->timer, clock_ms() + pause);
}

/* What a run found too large may be made smaller by the next, not larger. */
void
disk_watch_begin(struct disk_watch *w)
{
	uint64_t limit = w->box->spec.limits.disk;

	w->exceeded = 0;
	if (w->size > limit)
		ask_size(w);
	w->allowed = w->size > limit ? w->size : limit;
	ask_used(w);
	w->timer = loop_timer_add(w->box->ctx.loop, clock_ms() + PERIOD_MS,
	    on_timer, w);
}

void
disk_watch_end(struct disk_watch *w, struct verdict *v)
{
	loop_timer_remove(w->timer);
	w->timer = NULL;
	request_free(w->stats);
	w->stats = NULL;
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
	return w;
}

void
disk_watch_free(struct disk_watch *w)
{
	if (!w)
		return;
	free(w->volume);
	free(w);
}
