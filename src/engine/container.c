#include "engine/container.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "engine/attach.h"
#include "engine/demux.h"
#include "engine/http.h"

/* "/v1.41" + before + escaped id + after; the caller's. */
static char *
id_path(const struct engine *e, const char *before, const char *id,
    const char *after)
{
	struct strbuf sb = STRBUF_INIT;
	autofree char *head = engine_path(e, "%s", before);

	strbuf_adds(&sb, head);
	http_add_escaped(&sb, id, "");
	strbuf_adds(&sb, after);
	return strbuf_detach(&sb);
}

static char *
container_path(const struct engine *e, const char *id, const char *after)
{
	return id_path(e, "/containers/", id, after);
}

static char *
take_id(const json *answer, const char *doing, struct err *err)
{
	const char *id = json_str(answer, "Id", "");

	if (*id)
		return xstrdup(id);
	err_set(err, ERR_ENGINE, "%s: the engine's answer has no Id", doing);
	return NULL;
}

char *
container_create(struct engine *e, const char *name, const char *platform,
    const json *body, struct strvec *warnings, struct err *err)
{
	static const char doing[] = "creating the container";
	autobuf struct strbuf path = STRBUF_INIT;
	autofree char *base = engine_path(e, "/containers/create");
	autofree char *id = NULL;
	autojson json *answer = NULL;
	bool interrupted;

	strbuf_addf(&path, "%s?", base);
	if (name) {
		strbuf_adds(&path, "name=");
		http_add_escaped(&path, name, "");
	}
	if (platform) {
		strbuf_adds(&path, "&platform=");
		http_add_escaped(&path, platform, "");
	}
	http_defer(engine_http(e));
	answer = engine_call(e, doing, "POST", path.buf, body, err);
	interrupted = http_defer_end(engine_http(e));
	id = answer ? take_id(answer, doing, err) : NULL;
	if (id && interrupted) {
		autoerr struct err ignored = ERR_INIT;

		container_remove(e, id, 0, &ignored);
		err_set(err, ERR_INTERRUPTED, "%s: interrupted", doing);
		return NULL;
	}
	if (id && warnings)
		json_strings(json_get(answer, "Warnings"), warnings);
	return steal(&id);
}

struct stream *
container_attach(struct engine *e, const char *id, bool tty, struct err *err)
{
	/* Without empty detach keys Podman looks for ctrl-p ctrl-q in what is
	   sent, and keeps a 0x10 at the end of a read for itself. */
	autofree char *path = container_path(e, id,
	    "/attach?stream=1&stdin=1&stdout=1&stderr=1&detachKeys=");

	return attach_open(e, "attaching to the container", path, NULL, tty,
	    err);
}

int
container_start(struct engine *e, const char *id, struct err *err)
{
	autofree char *path = container_path(e, id, "/start");

	return engine_do(e, "starting the container", "POST", path, NULL, err);
}

int
container_rename(struct engine *e, const char *id, const char *name,
    struct err *err)
{
	autobuf struct strbuf path = STRBUF_INIT;
	autofree char *base = container_path(e, id, "/rename?name=");

	strbuf_adds(&path, base);
	http_add_escaped(&path, name, "");
	return engine_do(e, "renaming the container", "POST", path.buf, NULL,
	    err);
}

json *
container_inspect(struct engine *e, const char *id, struct err *err)
{
	autofree char *path = container_path(e, id, "/json");

	return engine_call(e, "inspecting the container", "GET", path, NULL,
	    err);
}

int
container_set_cpus(struct engine *e, const char *id, int64_t nano_cpus,
    struct err *err)
{
	autofree char *path = container_path(e, id, "/update");
	autojson json *body = json_object();

	json_put_int(body, "NanoCpus", nano_cpus);
	return engine_do(e, "changing the container's CPU limit", "POST", path,
	    body, err);
}

/*
 * AutoRemove, another client, or a runtime that is slow to report a death can
 * all make a removal fail that succeeds a moment later: 409 "already in
 * progress", and 500 on both engines.  Only 404 tells that it is gone.
 */
int
container_remove(struct engine *e, const char *id, int64_t timeout_ms,
    struct err *err)
{
	static const char doing[] = "removing the container";
	autofree char *path = container_path(e, id, "?force=1&v=1");
	int64_t end = clock_ms() + (engine_hurries(e) ? 0 : timeout_ms);
	int64_t delay = 5;

	for (;;) {
		autoerr struct err why = ERR_INIT;

		if (!engine_do(e, doing, "DELETE", path, NULL, &why) ||
		    why.code == 404)
			return 0;
		if ((why.code < 400 && why.code != ETIMEDOUT) ||
		    clock_ms() + delay > end)
			return err_move(err, &why);
		if (http_pause(engine_http(e), delay, doing, err))
			return -1;
		delay = delay < 250 ? delay * 2 : 500;
	}
}

json *
container_list(struct engine *e, const struct strvec *labels, struct err *err)
{
	autobuf struct strbuf path = STRBUF_INIT;
	autofree char *base = engine_path(e, "/containers/json?all=1");

	strbuf_adds(&path, base);
	engine_add_filter(&path, labels);
	return engine_call(e, "listing the containers", "GET", path.buf, NULL,
	    err);
}

int
container_put_tar(struct engine *e, const char *id, const char *path,
    const void *tar, size_t n, struct err *err)
{
	autobuf struct strbuf url = STRBUF_INIT;
	autofree char *base = container_path(e, id, "/archive?path=");
	struct http_request rq = {.doing = "copying into the container",
	    .method = "PUT", .content_type = "application/x-tar",
	    .body = tar, .body_len = n};

	strbuf_adds(&url, base);
	http_add_escaped(&url, path, "/");
	rq.path = url.buf;
	return http_do(engine_http(e), &rq, NULL, err);
}

struct log_reader {
	const struct log_query *q;
	struct demux demux;
	struct strbuf text; /* of stderr */
};

/* So much belongs to one stream, or to the head of a frame. */
static size_t
log_slice(const struct demux *d, size_t n)
{
	size_t whole = d->left ? d->left : sizeof(d->head) - d->have;

	return n < whole ? n : whole;
}

static int
on_log(void *arg, const void *p, size_t n, struct err *err)
{
	struct log_reader *r = arg;
	const char *from = p;

	while (n) {
		char slice[8192];
		size_t len = log_slice(&r->demux, n), got;

		len = len < sizeof(slice) ? len : sizeof(slice);
		memcpy(slice, from, len);
		got = demux_feed(&r->demux, slice, len);
		if (r->demux.broken)
			return err_set(err, ERR_ENGINE,
			    "reading the container's log: what comes is no "
			    "log");
		if (got)
			r->q->out(r->q->arg, 1, slice, got);
		if (r->text.len)
			r->q->out(r->q->arg, 2, r->text.buf, r->text.len);
		strbuf_reset(&r->text);
		from += len;
		n -= len;
	}
	return 0;
}

int
container_logs(struct engine *e, const char *id, const struct log_query *q,
    struct err *err)
{
	struct log_reader r = {.q = q, .text = STRBUF_INIT};
	autofree char *tail =
	    q->tail ? xasprintf("%zu", q->tail) : xstrdup("all");
	autofree char *query = xasprintf("/logs?stdout=1&stderr=1&follow=%d"
	    "&timestamps=%d&since=%lld.%03d&tail=%s", q->follow, q->timestamps,
	    (long long)(q->since_ms / 1000), (int)(q->since_ms % 1000), tail);
	autofree char *path = container_path(e, id, query);
	struct http_request rq = {.doing = "reading the container's log",
	    .method = "GET", .path = path, .sink = on_log, .sink_arg = &r,
	    .first_byte_ms = q->follow ? HTTP_PATIENT_MS : 0,
	    .silence_ms = q->follow ? HTTP_PATIENT_MS : 0};
	int rc;

	demux_init(&r.demux, &r.text, SIZE_MAX);
	rc = http_do(engine_http(e), &rq, NULL, err);
	strbuf_release(&r.text);
	return rc;
}

char *
container_exec_create(struct engine *e, const char *id, const json *body,
    struct err *err)
{
	static const char doing[] = "preparing a command in the container";
	autofree char *path = container_path(e, id, "/exec");
	autojson json *answer = engine_call(e, doing, "POST", path, body, err);

	return answer ? take_id(answer, doing, err) : NULL;
}

struct stream *
container_exec_start(struct engine *e, const char *exec_id, bool tty,
    struct err *err)
{
	autofree char *path =
	    id_path(e, "/exec/", exec_id, "/start?detachKeys=");

	return attach_open(e, "starting a command in the container", path,
	    tty ? "{\"Detach\":false,\"Tty\":true}"
		: "{\"Detach\":false,\"Tty\":false}",
	    tty, err);
}

json *
container_exec_inspect(struct engine *e, const char *exec_id, struct err *err)
{
	autofree char *path = id_path(e, "/exec/", exec_id, "/json");

	return engine_call(e, "inspecting a command in the container", "GET",
	    path, NULL, err);
}

int
volume_create(struct engine *e, const char *name, const struct strvec *labels,
    struct err *err)
{
	autofree char *path = engine_path(e, "/volumes/create");
	autojson json *body = json_object();
	json *map = json_object();

	for (size_t i = 0; labels && i < labels->n; i++) {
		autofree char *label = xstrdup(labels->v[i]);
		char *value = label, *key = strsep(&value, "=");

		json_put_str(map, key, value ? value : "");
	}
	json_put_str(body, "Name", name);
	json_put(body, "Labels", map);
	return engine_do(e, "creating the volume", "POST", path, body, err);
}

json *
volume_inspect(struct engine *e, const char *name, struct err *err)
{
	autofree char *path = id_path(e, "/volumes/", name, "");

	return engine_call(e, "inspecting the volume", "GET", path, NULL, err);
}

int
volume_remove(struct engine *e, const char *name, struct err *err)
{
	autofree char *path = id_path(e, "/volumes/", name, "");

	if (!engine_do(e, "removing the volume", "DELETE", path, NULL, err))
		return 0;
	if (err->code != 404)
		return -1;
	err_clear(err);
	return 0;
}

json *
volume_list(struct engine *e, const struct strvec *labels, struct err *err)
{
	autobuf struct strbuf path = STRBUF_INIT;
	autofree char *base = engine_path(e, "/volumes");
	autojson json *answer = NULL;
	const json *list;

	strbuf_adds(&path, base);
	engine_add_filter(&path, labels);
	answer = engine_call(e, "listing the volumes", "GET", path.buf, NULL,
	    err);
	list = json_get(answer, "Volumes");
	if (!answer)
		return NULL;
	/* null where there are none */
	return cJSON_IsArray(list) ? cJSON_Duplicate(list, true)
				   : json_array();
}

int64_t
volume_size(struct engine *e, const char *name, struct err *err)
{
	/* Before API 1.42 the type is not looked at, and all is counted. */
	autofree char *path = engine_path(e, "/system/df?type=volume");
	autojson json *answer = engine_call(e, "asking for the volume's size",
	    "GET", path, NULL, err);
	const json *v;
	int64_t size = -1;

	if (!answer)
		return -1;
	json_each(v, json_get(answer, "Volumes"))
		if (!strcmp(json_str(v, "Name", ""), name))
			size = json_int(json_get(v, "UsageData"), "Size", 0);
	/* -1 is also what an engine says that does not know. */
	return size >= 0 ? size
			 : err_set(err, ERR_ENGINE,
			       "the engine knows no size of volume %s", name);
}
