/* An answer without its secrets, for what is kept of it. */
#include <string.h>

#include "base/mask.h"
#include "replay/answer.h"

/* From places in a stream to those in what it becomes. */
struct shift {
	const struct secret_span *spans;
	size_t n, at;  /* the span that is next, of those asked for in order */
	size_t before; /* bytes of the old text up to there */
	size_t now;    /* and what they became */
};

/* Places must not go down.  One inside of a secret is behind it. */
static size_t
move(struct shift *sh, size_t place)
{
	for (; sh->at < sh->n && sh->spans[sh->at].start < place; sh->at++) {
		const struct secret_span *span = &sh->spans[sh->at];

		sh->now += span->start - sh->before + strlen(MASK_TEXT);
		sh->before = span->start + span->n;
	}
	return place < sh->before ? sh->now : sh->now + place - sh->before;
}

static void
hide_stream(struct answer *a, int fd, const struct secrets *s)
{
	struct strbuf *text = &a->stream[fd];
	autofree struct secret_span *spans = NULL;
	struct strbuf hidden = STRBUF_INIT;
	struct shift sh = {
	    .n = secrets_find(s, text->buf, text->len, true, &spans)};

	if (!sh.n)
		return;
	sh.spans = spans;
	for (size_t i = 0; i < a->n_events; i++) {
		struct answer_event *e = &a->events[i];
		size_t end = e->start + e->n;

		if (e->fd != fd)
			continue;
		e->start = move(&sh, e->start);
		e->n = move(&sh, end) - e->start;
	}
	secrets_hide(s, &hidden, text->buf, text->len, true);
	strbuf_release(text);
	*text = hidden;
}

void
answer_hide(struct answer *a, const struct secrets *s)
{
	hide_stream(a, 1, s);
	hide_stream(a, 2, s);
	if (a->object)
		secrets_hide_json(s, a->object);
}
