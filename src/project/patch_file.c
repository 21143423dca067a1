/* Reading what a patch says of one file. */
#include "project/patch_impl.h"

#include <string.h>

static int
mode_of(struct patch_reader *r, const struct patch_text *t, size_t skip,
    int *mode)
{
	unsigned m = 0;
	size_t i = skip;

	for (; i < t->n && t->p[i] >= '0' && t->p[i] <= '7' && i < skip + 6; i++)
		m = m * 8 + (unsigned)(t->p[i] - '0');
	if (i != skip + 6 || (m & 0170000) != 0100000)
		return patch_wrong(r, r->line,
		    m == 0120000  ? "links are not made"
		    : m == 0160000 ? "it is about a submodule"
				   : "that is no mode of a file");
	*mode = (int)m;
	return 0;
}

/* The lines of git between "diff --git" and the names. */
static int
extended(struct patch_reader *r, struct patch_head *h,
    const struct patch_text *t)
{
	static const struct {
		const char *text;
		enum { OLD_MODE, NEW_MODE, CREATED, DELETED, FROM, TO, COPIED,
			IGNORED } what;
	} lines[] = {{"old mode ", OLD_MODE}, {"new mode ", NEW_MODE},
	    {"new file mode ", CREATED}, {"deleted file mode ", DELETED},
	    {"rename from ", FROM}, {"rename to ", TO}, {"copy from ", COPIED},
	    {"copy to ", TO}, {"index ", IGNORED}, {"similarity ", IGNORED},
	    {"dissimilarity ", IGNORED}};
	size_t i = 0, n;

	while (i < ARRAY_SIZE(lines) && !patch_begins(t, lines[i].text))
		i++;
	if (i == ARRAY_SIZE(lines))
		return 0;
	n = strlen(lines[i].text);
	h->created |= lines[i].what == CREATED;
	h->deleted |= lines[i].what == DELETED;
	h->copied |= lines[i].what == COPIED;
	switch (lines[i].what) {
	case OLD_MODE:
	case DELETED:
		return mode_of(r, t, n, &h->old_mode) ? -1 : 1;
	case NEW_MODE:
	case CREATED:
		return mode_of(r, t, n, &h->new_mode) ? -1 : 1;
	case FROM:
	case COPIED:
		return patch_name(r, t, n, &h->from) ? -1 : 1;
	case TO:
		return patch_name(r, t, n, &h->to) ? -1 : 1;
	default:
		return 1;
	}
}

static int
read_names(struct patch_reader *r, struct patch_head *h)
{
	struct patch_text t;

	patch_peek(r, &t);
	h->line = h->line ? h->line : r->line;
	h->old_epoch = patch_is_epoch(&t);
	if (patch_name(r, &t, 4, &h->old))
		return -1;
	patch_advance(r);
	patch_peek(r, &t);
	h->new_epoch = patch_is_epoch(&t);
	if (patch_name(r, &t, 4, &h->new))
		return -1;
	patch_advance(r);
	return 0;
}

int
patch_read_file(struct patch_reader *r, struct patch_head *h)
{
	struct patch_file *f;
	struct patch_text t;
	int more = 1;

	while (more > 0 && patch_peek(r, &t)) {
		more = extended(r, h, &t);
		if (more > 0)
			patch_advance(r);
	}
	if (more < 0)
		return -1;
	if (patch_peek(r, &t) && patch_is_binary(&t))
		return patch_wrong(r, r->line, "binary files are not patched");
	if (patch_at_names(r) && read_names(r, h))
		return -1;
	GROW(r->patch->v, r->patch->n, &r->patch->cap);
	f = &r->patch->v[r->patch->n++];
	*f = (struct patch_file){.line = h->line, .old_mode = h->old_mode,
	    .new_mode = h->new_mode, .copied = h->copied};
	if (patch_read_hunks(r, f))
		return -1;
	return patch_file_names(r, h, f);
}
