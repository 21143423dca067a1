/*
 * A text and what it becomes, each up to a NUL: the diff of both makes the one of
 * the other.  Then changes of any form, for files that have the first text: what
 * is to be done leads nowhere but below, and one path is not in it twice.
 */
#include <stdlib.h>
#include <string.h>

#include "pack/path.h"
#include "project/text_diff.h"
#include "fuzz.h"

static const struct file_state *
now(void *arg, const char *path)
{
	/* A name with an x in it is free. */
	return strchr(path, 'x') ? NULL : arg;
}

static void
check_edits(const struct edits *e)
{
	for (size_t i = 0; i < e->n; i++)
		if (!path_is_below(e->v[i].path) ||
		    (i && strcmp(e->v[i - 1].path, e->v[i].path) >= 0))
			abort();
}

static void
resolve(const struct strbuf *text, int strip, struct file_state *file,
    struct edits *edits)
{
	struct changeset cs;
	struct patch_miss miss = PATCH_MISS_INIT;
	autoerr struct err err = ERR_INIT;

	if (!changeset_read(&cs, text->buf, text->len, strip, &err)) {
		if (changeset_resolve(&cs, now, file, edits, &miss, &err) &&
		    (edits->n || err.kind != ERR_USAGE))
			abort();
		check_edits(edits);
		changeset_release(&cs);
	}
	patch_miss_release(&miss);
}

/* The diff of an edit makes it. */
static void
round_trip(const struct edit *e)
{
	autobuf struct strbuf diff = STRBUF_INIT, shown = STRBUF_INIT;
	struct edits again = EDITS_INIT;
	struct file_state before = e->before;
	struct diff_count count;

	/* Of a mode it says only who may execute, of a new file all of it. */
	if (!e->before.exists || (e->after.exists &&
		e->before.content.len == e->after.content.len &&
		!memcmp(e->before.content.buf, e->after.content.buf,
		    e->after.content.len)))
		return;
	text_diff(&diff, e, &count);
	text_diff_show(&shown, diff.buf, diff.len, true);
	resolve(&diff, -1, &before, &again);
	if (!count.binary && (again.n != 1 ||
		strcmp(again.v[0].path, e->path) ||
		again.v[0].after.exists != e->after.exists ||
		again.v[0].after.content.len != e->after.content.len ||
		memcmp(again.v[0].after.content.buf, e->after.content.buf,
		    e->after.content.len)))
		abort();
	edits_release(&again);
}

static struct strbuf
part(const unsigned char **data, size_t *size, bool last)
{
	const unsigned char *end = last ? NULL : memchr(*data, 0, *size);
	size_t n = end ? (size_t)(end - *data) : *size;
	struct strbuf sb = STRBUF_INIT;

	strbuf_add(&sb, *data, n);
	n += end != NULL;
	*data += n;
	*size -= n;
	return sb;
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct strbuf before = part(&data, &size, false);
	struct strbuf after = part(&data, &size, false);
	struct strbuf text = part(&data, &size, true);
	struct file_state file = {true, 0644, before};
	char path[] = "d/\377 f";
	const struct edit e = {.path = path, .before = file,
	    .after = {true, 0644, after}};
	struct edits edits = EDITS_INIT;

	round_trip(&e);
	resolve(&text, text.len % 5 ? -1 : 1, &file, &edits);
	for (size_t i = 0; i < edits.n; i++)
		round_trip(&edits.v[i]);
	edits_release(&edits);
	strbuf_release(&before);
	strbuf_release(&after);
	strbuf_release(&text);
	return 0;
}
