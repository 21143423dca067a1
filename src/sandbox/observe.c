#include "sandbox/observe.h"

#include <string.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "sandbox/box_impl.h"

#define ANSWER_MS 10000
/* A runner that never ends its list is hostile: of an honest one each page but
   the last is full, with dozens of processes. */
#define PROCESSES_MAX 100000
#define PAGES_MAX 4096

/* ---- of a runner ---- */

/* Of any client of the box; r is freed. */
static int
await(struct box *box, struct client *c, struct request *r, struct err *err)
{
	unsigned before = box_interrupts(box);
	int64_t deadline = clock_ms() + ANSWER_MS;

	while (!request_done(r)) {
		int64_t left = deadline - clock_ms();

		if (box_interrupts(box) != before)
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		if (left <= 0)
			return err_set(
			    err, ERR_SANDBOX, "the runner does not answer");
		loop_step(box->ctx.loop, (int)left);
	}
	return 0;
}

static int
ask(struct box *box, struct client *c, enum proto_type type,
    const struct field_writer *w,
    void (*take)(void *arg, const struct field *f), void *arg, struct err *err)
{
	struct request *r = client_request(
	    c, type, w ? w->buf : NULL, w ? w->len : 0, NULL, NULL);
	struct field_reader fields;
	struct field f;
	int bad = await(box, c, r, err);

	if (!bad && request_verdict(r, &fields))
		while (field_next(&fields, &f) > 0)
			take(arg, &f);
	else if (!bad)
		bad = request_error(r, err);
	request_free(r);
	return bad;
}

static void
take_stat(void *arg, const struct field *f)
{
	if (f->key == PROTO_K_STAT)
		strvec_push_owned(arg, xstrndup((const char *)f->data, f->len));
}

static int
ask_stats(
    struct box *box, struct client *c, struct strvec *stats, struct err *err)
{
	return ask(box, c, PROTO_STATS, NULL, take_stat, stats, err);
}

int
box_stats(struct box *box, struct strvec *stats, struct err *err)
{
	return ask_stats(box, box->client, stats, err);
}

struct listing {
	box_process_fn *fn;
	void *arg;
	bool ours_too;
	uint64_t last, next;
	size_t n;
};

/* What an engine started in it has no parent there: the runner, and what
   connects to it or looks. */
static void
take_process(void *arg, const struct field *f)
{
	struct listing *l = arg;
	struct process p;
	uint64_t n;

	if (f->key == PROTO_K_PID && !field_u64(f, &n))
		l->next = n;
	if (f->key != PROTO_K_PROCESS ||
	    process_unpack((const char *)f->data, f->len, &p))
		return;
	l->n++;
	if (p.parent || l->ours_too)
		l->fn(l->arg, &p);
}

static int
ask_processes(
    struct box *box, struct client *c, struct listing *l, struct err *err)
{
	uint8_t buf[FIELD_SIZE(8)];
	struct field_writer w;
	size_t pages = 0;

	do {
		l->last = l->next;
		l->next = 0;
		field_writer_init(&w, buf, sizeof(buf));
		field_put_u64(&w, PROTO_K_PID, l->last);
		if (ask(box, c, PROTO_PROCESSES, &w, take_process, l, err))
			return -1;
	} while (l->next > l->last && l->n < PROCESSES_MAX &&
		 ++pages < PAGES_MAX);
	return 0;
}

/* ---- the ways ---- */

static bool
knows_enough(const struct strvec *stats)
{
	return strvec_env_get(stats, "memory") &&
	       strvec_env_get(stats, "memory_file") &&
	       strvec_env_get(stats, "cpu_us");
}

/* What was said first counts. */
static void
merge(struct strvec *stats, const struct strvec *more)
{
	for (size_t i = 0; i < more->n; i++) {
		autofree char *name =
		    xstrndup(more->v[i], strcspn(more->v[i], "="));

		if (!strvec_env_get(stats, name))
			strvec_push(stats, more->v[i]);
	}
}

/* Connected for this alone; NULL with err. */
static struct client *
observer(struct box *box, struct err *err)
{
	if (box->observer && client_lost(box->observer))
		box_observe_end(box);
	if (!box->observer && box->ops->observer)
		box->observer = box->ops->observer(box, err);
	return box->observer;
}

/* Itself is one of those it counts. */
static void
leave_out_observer(struct strvec *stats)
{
	const char *pids = strvec_env_get(stats, "pids");
	unsigned long n = pids ? strtoul(pids, NULL, 10) : 0;
	autofree char *text = xasprintf("pids=%lu", n ? n - 1 : 0);

	if (n)
		strvec_env_set(stats, text);
}

/* A way that failed is forgiven if another one tells something. */
struct looking {
	struct strvec *stats;
	bool told;
	struct err why; /* of the first that failed */
};

static void
note_way(struct looking *l, int bad, const struct strvec *more, struct err *err)
{
	if (!bad) {
		l->told = true;
		merge(l->stats, more);
	} else if (l->why.kind == ERR_NONE) {
		err_move(&l->why, err);
	}
}

static void
ask_runner(struct box *box, struct looking *l)
{
	autovec struct strvec more = STRVEC_INIT;
	autoerr struct err err = ERR_INIT;

	if (box_connected(box))
		note_way(
		    l, ask_stats(box, box->client, &more, &err), &more, &err);
}

static void
ask_engine(struct box *box, struct looking *l)
{
	autovec struct strvec more = STRVEC_INIT;
	autoerr struct err err = ERR_INIT;

	if (box->ops->observe)
		note_way(l, box->ops->observe(box, &more, &err), &more, &err);
}

static void
ask_observer(struct box *box, struct looking *l)
{
	autovec struct strvec more = STRVEC_INIT;
	autoerr struct err err = ERR_INIT;
	struct client *c;
	int bad;

	if (box_connected(box) || !box->ops->observer)
		return;
	c = observer(box, &err);
	bad = c ? ask_stats(box, c, &more, &err) : -1;
	leave_out_observer(&more);
	note_way(l, bad, &more, &err);
}

/* What Podman says of a container is half of it: it comes last there. */
static int
observe_engine(struct box *box, struct strvec *stats, struct err *err)
{
	bool podman = engine_kind(box->ctx.engine) == ENGINE_PODMAN;
	void (*const ways[])(struct box * box, struct looking * l) = {
	    ask_runner, podman ? ask_observer : ask_engine,
	    podman ? ask_engine : ask_observer};
	struct looking l = {.stats = stats, .why = ERR_INIT};
	int bad;

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		if (!knows_enough(stats) && l.why.kind != ERR_INTERRUPTED &&
		    l.why.code != BOX_ENDED)
			ways[i](box, &l);
	bad = l.told ? 0 : err_move(err, &l.why);
	err_clear(&l.why);
	return bad;
}

int
box_observe(struct box *box, struct strvec *stats, struct err *err)
{
	if (box->spec.kind == BOX_RESTRICTED)
		return box->ops->observe(box, stats, err);
	return observe_engine(box, stats, err);
}

int
box_processes(struct box *box, box_process_fn *fn, void *arg, struct err *err)
{
	struct listing l = {
	    .fn = fn, .arg = arg, .ours_too = box->spec.attach != NULL};
	struct client *c;

	if (box->spec.kind == BOX_RESTRICTED)
		return box->ops->processes(box, fn, arg, err);
	c = box_connected(box) ? box->client : observer(box, err);
	return c ? ask_processes(box, c, &l, err) : -1;
}

void
box_observe_end(struct box *box)
{
	client_free(steal(&box->observer));
}
