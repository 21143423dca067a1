/* Looking at the files of an environment, and starting over. */
#include "sandbox/box_impl.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/io.h"

struct request *
box_get_start(struct box *box, const char *path, int depth,
    uint64_t max_bytes, const struct request_ops *ops, void *arg)
{
	autofree char *full = box_path(box, path);
	size_t size = FIELD_SIZE(strlen(full)) + 2 * FIELD_SIZE(8);
	autofree uint8_t *buf = xmalloc(size);
	struct field_writer w;

	field_writer_init(&w, buf, size);
	field_put_text(&w, PROTO_K_PATH, full);
	if (depth >= 0)
		field_put_u64(&w, PROTO_K_DEPTH, depth);
	if (max_bytes)
		field_put_u64(&w, PROTO_K_BYTES_MAX, max_bytes);
	return client_request(box->client, PROTO_GET, buf, w.len, ops, arg);
}

/* ---- entries ---- */

static bool
entry_text(const struct field *f, char **text)
{
	if (memchr(f->data, '\0', f->len) || *text)
		return false;
	*text = xstrndup((const char *)f->data, f->len);
	return true;
}

bool
box_entry_read(struct box_entry_own *own, struct field_reader *fields)
{
	struct box_entry *e = &own->e;
	struct field f;
	uint64_t n = 0;
	bool good = true;

	*own = (struct box_entry_own){0};
	while (good && field_next(fields, &f) > 0) {
		if (f.key == PROTO_K_PATH)
			good = entry_text(&f, &own->path);
		else if (f.key == PROTO_K_TARGET)
			good = entry_text(&f, &own->target);
		else if (field_u64(&f, &n))
			continue;
		else if (f.key == PROTO_K_TYPE)
			e->type = n < 128 ? (char)n : '?';
		else if (f.key == PROTO_K_MODE)
			e->mode = n & 07777;
		else if (f.key == PROTO_K_SIZE)
			e->size = n;
		else if (f.key == PROTO_K_MTIME)
			e->mtime = (int64_t)n;
		else if (f.key == PROTO_K_OWNER) {
			e->uid = (uid_t)(n >> 32);
			e->gid = (gid_t)n;
		} else if (f.key == PROTO_K_ERRNO)
			e->sys = n < 4096 ? (int)n : EIO;
	}
	e->path = own->path ? own->path : "";
	e->target = own->target;
	if (!good)
		box_entry_release(own);
	return good;
}

void
box_entry_release(struct box_entry_own *own)
{
	free(own->path);
	free(own->target);
	*own = (struct box_entry_own){0};
}

struct listing {
	struct request *request;
	box_entry_fn *fn;
	void *arg;
	uint64_t entries;
};

static void
on_list_entry(void *arg, struct field_reader *fields)
{
	struct listing *l = arg;
	struct box_entry_own own;

	/* The runner keeps the bound; if it was replaced, we do. */
	if (++l->entries == PROTO_ENTRIES_DEFAULT + 1)
		request_cancel(l->request);
	if (l->entries > PROTO_ENTRIES_DEFAULT ||
	    !box_entry_read(&own, fields))
		return;
	l->fn(l->arg, &own.e);
	box_entry_release(&own);
}

/* Waits for the end of a request and frees it. */
int
box_finish(struct box *box, struct request *r, struct err *err)
{
	struct field_reader fields;
	int bad = 0;

	box_wait(box, r, BOX_FILES_MS);
	if (!request_verdict(r, &fields))
		bad = request_error(r, err);
	request_free(r);
	return bad;
}

static int
list(struct box *box, const char *path, int depth, box_entry_fn *fn, void *arg,
    struct err *err)
{
	static const struct request_ops ops = {.entry = on_list_entry};
	struct listing l = {.fn = fn, .arg = arg};

	l.request = box_get_start(box, path, depth, 0, &ops, &l);
	return box_finish(box, l.request, err);
}

int
box_list(struct box *box, const char *path, unsigned depth, box_entry_fn *fn,
    void *arg, struct err *err)
{
	return list(box, path, (int)depth, fn, arg, err);
}

int
box_list_all(struct box *box, const char *path, box_entry_fn *fn, void *arg,
    struct err *err)
{
	return list(box, path, INT_MAX, fn, arg, err);
}

/* ---- cat ---- */

struct cat {
	struct box *box;
	struct request *request;
	const struct box_sink *sink;
	uint64_t left;
	int sys; /* why it was refused, or 0 */
};

static void
on_cat_entry(void *arg, struct field_reader *fields)
{
	struct cat *c = arg;
	struct box_entry_own own;

	/* The first one is what was asked for. */
	if (c->sys || !box_entry_read(&own, fields))
		return;
	if (own.e.sys)
		c->sys = own.e.sys;
	else if (own.e.type != 'f')
		c->sys = own.e.type == 'd' ? EISDIR : EINVAL;
	box_entry_release(&own);
	if (c->sys)
		request_cancel(c->request);
}

static void
on_cat_data(void *arg, const void *p, size_t n, bool end)
{
	struct cat *c = arg;

	if (c->sys)
		return;
	/* The runner keeps the bound; if it was replaced, we do. */
	if (n > c->left) {
		c->sys = EFBIG;
		request_cancel(c->request);
		return;
	}
	c->left -= n;
	if (n && c->sink->out)
		c->sink->out(c->sink->arg, 1, p, n, false);
}

int
box_cat(struct box *box, const char *path, uint64_t max_bytes,
    const struct box_sink *sink, struct err *err)
{
	static const struct request_ops ops = {
	    .entry = on_cat_entry, .data = on_cat_data};
	struct cat c = {.box = box, .sink = sink,
	    .left = max_bytes ? max_bytes : UINT64_MAX};
	int bad;

	c.request = box_get_start(box, path, -1, max_bytes, &ops, &c);
	bad = box_finish(box, c.request, err);
	if (c.sys)
		return err_sys(err, c.sys, "%s", path);
	return bad;
}

/* ---- the whole ---- */

int
box_reset(struct box *box, struct err *err)
{
	return box_finish(box,
	    client_request(box->client, PROTO_RESET, NULL, 0, NULL, NULL),
	    err);
}
