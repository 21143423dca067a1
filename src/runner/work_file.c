/* What PUT and EDIT share: the client's ENTRYs, and files that are made. */
#include "work.h"

#include <stdlib.h>
#include <string.h>

static void
entry_number(struct work_entry *e, const struct field *f)
{
	uint64_t v;

	if (field_u64(f, &v) < 0)
		return;
	if (f->key == PROTO_K_TYPE) {
		e->type = v;
	} else if (f->key == PROTO_K_MODE) {
		e->mode = v & 0777;
	} else if (f->key == PROTO_K_MTIME) {
		e->mtime = v;
		e->has_mtime = true;
	} else if (f->key == PROTO_K_WAS_SIZE) {
		e->was_size = v;
		e->has_was = true;
	} else if (f->key == PROTO_K_WAS_CRC) {
		e->was_crc = v;
	}
}

void
work_entry_read(struct work_entry *e, const struct message *m)
{
	struct field_reader fr;
	struct field f;

	free(e->path);
	free(e->target);
	memset(e, 0, sizeof(*e));
	e->mode = 0644;
	field_reader_init(&fr, m->data, m->len);
	while (field_next(&fr, &f) > 0) {
		if (f.key == PROTO_K_PATH && e->path == NULL)
			e->path = text_of_field(&f);
		else if (f.key == PROTO_K_TARGET && e->target == NULL)
			e->target = text_of_field(&f);
		else
			entry_number(e, &f);
	}
	if (e->path != NULL && e->path[0] == '/') {
		free(e->path);
		e->path = NULL;
	}
}

/*
 * One that was put beside a run belongs to another uid of the same group, which
 * then gets the owner's rights.
 */
mode_t
work_mode(const struct work *w, uint64_t mode)
{
	mode_t m = (mode_t)mode;

	if (w->r->slot > 0 && !w->rn->config.shared_uid)
		m |= (m & 0700) >> 3;
	return m;
}
