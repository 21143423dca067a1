#include "cmd/log_tail.h"

#include <stdlib.h>
#include <string.h>

static struct line *
tail_slot(struct tail *t)
{
	if (t->max && t->n == t->max) {
		struct line *slot = &t->ring[t->next];

		t->next = (t->next + 1) % t->max;
		strbuf_release(&slot->text);
		return slot;
	}
	GROW(t->ring, t->n, &t->cap);
	return &t->ring[t->n++];
}

static void
tail_end_line(struct tail *t, struct line *open, uint64_t us)
{
	struct line *slot = tail_slot(t);

	*slot = *open;
	slot->us = us;
	strbuf_init(&open->text);
}

bool
tail_add(void *tail, const struct step_record *r)
{
	struct tail *t = tail;
	bool err = r->flags & STEP_LOG_STDERR;
	struct line *open = &t->open[err];
	const char *p = r->p, *end = r->p + r->n;

	if (!t->want[err])
		return true;
	if (r->flags & STEP_LOG_TAIL) {
		if (open->text.len)
			tail_end_line(t, open, r->us);
		strbuf_adds(&open->text, "... (not kept) ...");
		tail_end_line(t, open, r->us);
	}
	while (p < end) {
		const char *nl = memchr(p, '\n', end - p);

		strbuf_add(&open->text, p, (nl ? nl : end) - p);
		if (nl)
			tail_end_line(t, open, r->us);
		open->us = r->us;
		p = nl ? nl + 1 : end;
	}
	return true;
}

void
tail_finish(struct tail *t)
{
	for (int i = 0; i < 2; i++)
		if (t->open[i].text.len)
			tail_end_line(t, &t->open[i], t->open[i].us);
}

void
tail_release(struct tail *t)
{
	for (size_t i = 0; i < t->n; i++)
		strbuf_release(&t->ring[i].text);
	strbuf_release(&t->open[0].text);
	strbuf_release(&t->open[1].text);
	free(t->ring);
}
