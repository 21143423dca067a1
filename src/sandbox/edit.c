/* Reading and changing several files of an environment. */
#include "sandbox/edit.h"

#include <errno.h>
#include <string.h>

#include "runner/frame.h"
#include "sandbox/box_impl.h"

#define ITEMS_BYTES (1u << 20) /* of the names in one request */

struct fetching {
	struct request *request;
	const struct box_fetch *fetch;
	uint64_t left; /* bytes that may come */
	uint64_t entries;
	int sys;
};

static void
stop(struct fetching *f, int sys)
{
	if (!f->sys)
		request_cancel(f->request);
	f->sys = sys;
}

static void
on_entry(void *arg, struct field_reader *fields)
{
	struct fetching *f = arg;
	struct box_entry_own own;

	if (f->sys)
		return;
	if (++f->entries > PROTO_ENTRIES_DEFAULT ||
	    !box_entry_read(&own, fields)) {
		stop(f, EPROTO);
		return;
	}
	f->fetch->entry(f->fetch->arg, &own.e);
	box_entry_release(&own);
}

static void
on_data(void *arg, const void *p, size_t n, bool end)
{
	struct fetching *f = arg;

	if (f->sys || !f->entries)
		return;
	/* The runner keeps the bound; if it was replaced, we do. */
	if (n > f->left) {
		stop(f, EFBIG);
		return;
	}
	f->left -= n;
	f->fetch->data(f->fetch->arg, p, n);
}

/* A request for the paths from *next on, as many as fit. */
static struct request *
fetch_start(struct box *box, const struct strvec *paths, size_t *next,
    struct fetching *f)
{
	static const struct request_ops ops = {
	    .entry = on_entry, .data = on_data};
	autofree char *top = box_path(box, "");
	size_t size = FIELD_SIZE(strlen(top)) + FIELD_SIZE(8), n = *next;
	autofree uint8_t *buf = NULL;
	struct field_writer w;

	while (n < paths->n && (n == *next || size < ITEMS_BYTES))
		size += FIELD_SIZE(strlen(paths->v[n++]));
	buf = xmalloc(size);
	field_writer_init(&w, buf, size);
	field_put_text(&w, PROTO_K_PATH, top);
	field_put_u64(&w, PROTO_K_BYTES_MAX, f->left);
	for (; *next < n; ++*next)
		field_put_text(&w, PROTO_K_ITEM, paths->v[*next]);
	return client_request(box->client, PROTO_GET, buf, w.len, &ops, f);
}

int
box_fetch(struct box *box, const struct strvec *paths, uint64_t max_bytes,
    const struct box_fetch *fetch, struct err *err)
{
	struct fetching f = {.fetch = fetch, .left = max_bytes};
	size_t next = 0;
	int bad = 0;

	while (!bad && next < paths->n) {
		f.request = fetch_start(box, paths, &next, &f);
		bad = box_finish(box, f.request, err);
		if (f.sys)
			return err_sys(err, f.sys, "the files");
	}
	return bad;
}

/* -------- changing -------- */

static size_t
edit_fields(uint8_t **buf, const struct box_edit *e)
{
	size_t size = FIELD_SIZE(strlen(e->path)) + 4 * FIELD_SIZE(8);
	struct field_writer w;

	*buf = xmalloc(size);
	field_writer_init(&w, *buf, size);
	field_put_text(&w, PROTO_K_PATH, e->path);
	field_put_u64(&w, PROTO_K_TYPE, e->removes ? 'x' : 'f');
	field_put_u64(&w, PROTO_K_MODE, e->mode & 0777);
	if (e->was) {
		field_put_u64(&w, PROTO_K_WAS_SIZE, e->old_len);
		field_put_u64(&w, PROTO_K_WAS_CRC,
		    frame_crc(0, e->old, e->old_len));
	}
	return w.len;
}

static bool
send_edit(struct box *box, struct request *r, const struct box_edit *e)
{
	autofree uint8_t *buf = NULL;
	size_t n = edit_fields(&buf, e);

	if (!box_put_entry(box, r, buf, n))
		return false;
	return e->removes || (box_put_content(box, r, e->data, e->len) &&
				 box_put_end(box, r, false));
}

static struct request *
edit_start(struct box *box)
{
	autofree char *top = box_path(box, "");
	size_t size = FIELD_SIZE(strlen(top));
	autofree uint8_t *buf = xmalloc(size);
	struct field_writer w;

	field_writer_init(&w, buf, size);
	field_put_text(&w, PROTO_K_PATH, top);
	return client_request(
	    box->client, PROTO_EDIT, buf, w.len, NULL, NULL);
}

int
box_edit(struct box *box, const struct box_edit *v, size_t n, struct err *err)
{
	struct request *r = edit_start(box);
	bool going = true;

	for (size_t i = 0; going && i < n; i++)
		going = send_edit(box, r, &v[i]);
	if (going)
		box_put_end(box, r, true);
	return box_finish(box, r, err);
}
