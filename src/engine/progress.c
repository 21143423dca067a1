#include "engine/progress.h"

#include <string.h>

#include "base/xalloc.h"

void
objects_release(struct objects *o)
{
	strbuf_release(&o->buf);
}

bool
objects_at_end(const struct objects *o)
{
	return !o->depth;
}

/* Follows one byte of an object; true if it is the last. */
static bool
follow(struct objects *o, char c)
{
	if (o->escaped) {
		o->escaped = false;
	} else if (o->in_string) {
		o->escaped = c == '\\';
		o->in_string = c != '"';
	} else if (c == '"') {
		o->in_string = true;
	} else if (c == '{' || c == '[') {
		o->depth++;
	} else if (c == '}' || c == ']') {
		return !--o->depth;
	}
	return false;
}

/* A string of ours would end at a NUL: it becomes U+FFFD, as what is no UTF-8
   has become at the engine already. */
static void
replace_nuls(struct objects *o)
{
	char *s = o->buf.buf, *end = s + o->buf.len;

	while ((s = memchr(s, '\\', (size_t)(end - s)))) {
		if (end - s >= 6 && !memcmp(s, "\\u0000", 6))
			memcpy(s, "\\ufffd", 6);
		s += end - s > 1 ? 2 : 1;
	}
}

static int
complete(struct objects *o, objects_fn *fn, void *arg, struct err *err)
{
	json *j;
	int rc;

	replace_nuls(o);
	j = json_parse(o->buf.buf, o->buf.len, err);
	strbuf_reset(&o->buf);
	if (!j)
		return -1;
	rc = fn(arg, j, err);
	json_free(j);
	return rc;
}

int
objects_feed(struct objects *o, const void *p, size_t n, objects_fn *fn,
    void *arg, struct err *err)
{
	const char *s = p;

	for (size_t i = 0, from = 0; i < n; i++) {
		bool last;

		if (!o->depth && s[i] && strchr(" \t\r\n", s[i])) {
			from = i + 1;
			continue;
		}
		if (!o->depth && s[i] != '{')
			return err_set(err, ERR_ENGINE,
			    "the engine's answer is not JSON");
		last = follow(o, s[i]);
		if (!last && i + 1 < n)
			continue;
		if (i + 1 - from > PROGRESS_OBJECT_MAX - o->buf.len)
			return err_set(err, ERR_ENGINE,
			    "the engine's answer has an object of more than "
			    "%u bytes", PROGRESS_OBJECT_MAX);
		strbuf_add(&o->buf, s + from, i + 1 - from);
		from = i + 1;
		if (last && complete(o, fn, arg, err))
			return -1;
	}
	return 0;
}

enum layer_state { LAYER_WAITING, LAYER_FETCHED, LAYER_DONE };

struct pull_layer {
	char *id;
	uint64_t current, total;
	enum layer_state state;
};

/* An image of more layers than this is an attack. */
#define LAYERS_MAX 1024

void
pull_init(struct pull *p, progress_fn *tell, void *arg)
{
	*p = (struct pull){.status = STRBUF_INIT, .tell = tell, .arg = arg};
}

void
pull_release(struct pull *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->layers[i].id);
	free(p->layers);
	free(p->digest);
	strbuf_release(&p->status);
}

static struct pull_layer *
find_layer(struct pull *p, const char *id)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->layers[i].id, id))
			return &p->layers[i];
	if (p->n == LAYERS_MAX)
		return NULL;
	GROW(p->layers, p->n, &p->cap);
	p->layers[p->n] = (struct pull_layer){.id = xstrdup(id)};
	return &p->layers[p->n++];
}

static void
update_layer(struct pull_layer *l, const char *status, const json *object)
{
	/* As moby's distribution/xfer and Podman's compat/images.go say it. */
	static const char *const moving[] = {"Downloading", "Pushing", NULL};
	static const char *const fetched[] = {"Verifying Checksum",
	    "Download complete", "Extracting", NULL};
	static const char *const finished[] = {"Pull complete",
	    "Already exists", "Layer already exists", "Pushed", NULL};
	const json *detail = json_get(object, "progressDetail");
	int64_t current = json_int(detail, "current", 0);
	int64_t total = json_int(detail, "total", 0);

	if (str_in(status, moving) && l->state == LAYER_WAITING) {
		if (total > 0)
			l->total = (uint64_t)total;
		if (current > 0)
			l->current = (uint64_t)current;
	} else if (str_in(status, fetched) && l->state == LAYER_WAITING) {
		l->state = LAYER_FETCHED;
	} else if (str_in(status, finished)) {
		l->state = LAYER_DONE;
	}
	if (l->current > l->total)
		l->total = l->current;
	if (l->state != LAYER_WAITING)
		l->current = l->total;
}

static void
tell(struct pull *p)
{
	struct progress sum = {.layers = (unsigned)p->n,
	    .status = p->status.buf};

	if (!p->tell)
		return;
	for (size_t i = 0; i < p->n; i++) {
		sum.current += p->layers[i].current;
		sum.total += p->layers[i].total;
		sum.layers_done += p->layers[i].state == LAYER_DONE;
	}
	p->tell(p->arg, &sum);
}

/* Lines about the image have no id, or its tag for one. */
static bool
is_layer(const char *status, const char *id)
{
	return id && strncmp(status, "Pulling from", 12) &&
	       strncmp(status, "Trying to pull", 14);
}

/* Of a pull "Digest: sha256:..."; of a push "TAG: digest: sha256:... size: N",
   and with Docker in aux too. */
static void
note_digest(struct pull *p, const char *status, const json *object)
{
	const char *said = json_str(json_get(object, "aux"), "Digest", NULL);
	const char *pushed = strstr(status, ": digest: ");

	if (!strncmp(status, "Digest: ", 8))
		said = status + 8;
	else if (!said && pushed)
		said = pushed + 10;
	if (!said)
		return;
	free(p->digest);
	p->digest = xstrndup(said, strcspn(said, " "));
}

int
pull_object(void *arg, const json *object, struct err *err)
{
	struct pull *p = arg;
	const json *failure = json_get(object, "errorDetail");
	const char *status = json_str(object, "status", "");
	const char *id = json_str(object, "id", NULL);
	const char *text = json_str(object, "error", NULL);

	if (failure || text) {
		err_set(err, ERR_IMAGE, "%s",
		    json_str(failure, "message", text ? text : "failed"));
		err->code = (int)json_int(failure, "code", 0);
		return -1;
	}
	if (is_layer(status, id)) {
		struct pull_layer *l = find_layer(p, id);

		if (l)
			update_layer(l, status, object);
	}
	note_digest(p, status, object);
	strbuf_reset(&p->status);
	strbuf_adds(&p->status, status);
	tell(p);
	return 0;
}
