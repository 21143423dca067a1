/* Why a container ended that gave no verdict. */
#include "sandbox/engine_impl.h"

#include <string.h>

#include "base/clock.h"
#include "engine/container.h"
#include "engine/http.h"
#include "engine/progress.h"

#define EVENTS_MS 3000
#define LATE_US 300000

struct autopsy {
	struct objects objects;
	bool oom, died;
	char *exit_code;
};

/* Since API 1.52 there is only Action; before, status is the same word. */
static int
on_object(void *arg, const json *o, struct err *err)
{
	struct autopsy *a = arg;
	const char *action = json_str(o, "Action", json_str(o, "status", ""));
	const json *attributes = json_path(o, "Actor.Attributes");

	if (!strcmp(action, "oom"))
		a->oom = true;
	if (!strcmp(action, "die") || !strcmp(action, "died")) {
		a->died = true;
		free(a->exit_code);
		a->exit_code = xstrdup(json_str(attributes, "exitCode",
		    json_str(attributes, "containerExitCode", "")));
	}
	/* Nothing comes after it. */
	return a->died ? err_set(err, ERR_INTERRUPTED, "known") : 0;
}

static int
on_events(void *arg, const void *p, size_t n, struct err *err)
{
	struct autopsy *a = arg;

	return objects_feed(&a->objects, p, n, on_object, a, err);
}

/*
 * Where the answer ends, should it not tell of the end: the engine learns of that
 * a little later than we, who read the container's output.  Podman takes whole
 * seconds only.
 */
static void
add_until(struct strbuf *path, const struct engine *e, int64_t now_us)
{
	int64_t until = now_us + LATE_US;

	if (engine_kind(e) == ENGINE_DOCKER)
		strbuf_addf(path, "%lld.%06lld", (long long)until / 1000000,
		    (long long)until % 1000000);
	else
		strbuf_addf(path, "%lld", (long long)until / 1000000 + 1);
}

static void
ask_events(struct engine *e, const char *id, struct autopsy *a)
{
	autojson json *filters = json_object();
	json *list = json_array();
	autofree char *text = NULL;
	autofree char *base = NULL;
	autobuf struct strbuf path = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;
	int64_t now_us = clock_wall_us();
	struct http_request rq = {.doing = "reading events", .method = "GET",
	    .sink = on_events, .sink_arg = a, .first_byte_ms = EVENTS_MS,
	    .silence_ms = EVENTS_MS};

	json_push_str(list, id);
	json_put(filters, "container", list);
	text = json_print(filters);
	base = engine_path(e, "/events?since=%lld&until=",
	    (long long)now_us / 1000000 - 3600);
	strbuf_adds(&path, base);
	add_until(&path, e, now_us);
	strbuf_adds(&path, "&filters=");
	http_add_escaped(&path, text, "");
	rq.path = path.buf;
	http_do(engine_http(e), &rq, NULL, &ignored);
}

static void
ask_state(struct engine *e, const char *id, struct autopsy *a)
{
	autoerr struct err ignored = ERR_INIT;
	autojson json *c = container_inspect(e, id, &ignored);

	if (json_bool(json_get(c, "State"), "OOMKilled", false))
		a->oom = true;
}

void
container_autopsy(struct engine *e, const char *id, struct verdict *v)
{
	struct autopsy a = {.objects = OBJECTS_INIT};

	ask_state(e, id, &a);
	if (!a.oom)
		ask_events(e, id, &a);
	if (a.oom) {
		v->oom = OOM_YES;
		strbuf_adds(&v->why, "; it ran out of memory");
	} else if (a.died && a.exit_code && *a.exit_code) {
		strbuf_addf(&v->why, "; the container ended with status %s",
		    a.exit_code);
	}
	free(a.exit_code);
	objects_release(&a.objects);
}
