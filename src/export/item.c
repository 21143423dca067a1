/* What of a session file people are shown, in its order. */
#include <string.h>

#include "base/clock.h"
#include "export/export_impl.h"

static struct export_item *
add_item(struct export_session *s, enum export_item_kind kind)
{
	GROW(s->items, s->n_items, &s->items_cap);
	s->items[s->n_items] =
	    (struct export_item){.kind = kind, .text = STRBUF_INIT};
	return &s->items[s->n_items++];
}

/* One line, whatever is in it. */
static void
add_heading(
    struct export_session *s, unsigned level, bool plain, const char *text)
{
	struct export_item *item = add_item(s, EXPORT_HEADING);

	item->level = level;
	item->plain = plain;
	export_add_text(&item->text, text, strlen(text));
	for (char *p = item->text.buf; *p; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
}

/* Without empty lines around it; what is empty then is nothing. */
static void
add_text(struct export_session *s, enum export_item_kind kind, bool plain,
    const char *p, size_t n)
{
	const char *nl;
	struct export_item *item;

	while (n && (p[n - 1] == '\n' || p[n - 1] == '\r' || p[n - 1] == ' ' ||
			p[n - 1] == '\t'))
		n--;
	while ((nl = memchr(p, '\n', n)) &&
	       strspn(p, " \t\r") == (size_t)(nl - p)) {
		n -= nl + 1 - p;
		p = nl + 1;
	}
	if (!n)
		return;
	item = add_item(s, kind);
	item->plain = plain;
	export_add_text(&item->text, p, n);
	strbuf_addc(&item->text, '\n');
}

/* "# TEXT" of a script. */
static void
add_comments(struct export_session *s, const char *p, size_t n)
{
	autobuf struct strbuf text = STRBUF_INIT;
	const char *end = p + n, *next;

	for (; p < end; p = next) {
		const char *nl = memchr(p, '\n', end - p);

		next = nl ? nl + 1 : end;
		while (p < next && (*p == ' ' || *p == '\t'))
			p++;
		if (p < next && *p == '#')
			p++;
		if (p < next && *p == ' ')
			p++;
		strbuf_add(&text, p, next - p);
	}
	add_text(s, EXPORT_PROSE, true, text.buf, text.len);
}

static void
add_step(struct export_session *s, size_t i)
{
	const struct step_options *o = &s->t->steps[i].options;

	if (o->hide)
		return;
	if (o->say)
		add_text(s, EXPORT_PROSE, true, o->say, strlen(o->say));
	add_item(s, EXPORT_STEP)->step = i;
}

static void
add_block(struct export_session *s, const struct transcript_block *b)
{
	const struct transcript_heading *h;
	const char *text = s->t->text + b->at.start;
	size_t n = b->at.end - b->at.start;

	switch (b->kind) {
	case BLOCK_PROSE:
		add_text(s, EXPORT_PROSE, false, text, n);
		break;
	case BLOCK_CODE:
		add_text(s, EXPORT_CODE, false, text, n);
		break;
	case BLOCK_HEADING:
		h = &s->t->headings[b->index];
		add_heading(s, h->level, false, h->text);
		break;
	case BLOCK_LAYOUT:
		if (s->t->kind != TRANSCRIPT_MARKDOWN)
			add_comments(s, text, n);
		break;
	case BLOCK_STEP:
		add_step(s, b->index);
		break;
	default:
		break;
	}
}

/* A file whose title stands in its front matter only has it as its heading. */
static void
add_title(struct export_session *s)
{
	const struct transcript *t = s->t;

	if (t->front.title && !(t->n_headings && t->headings[0].level == 1))
		add_heading(s, 1, true, t->front.title);
}

void
export_make_items(struct export_session *s)
{
	const struct strbuf *first = NULL;

	add_title(s);
	for (size_t i = 0; i < s->t->n_blocks; i++)
		add_block(s, &s->t->blocks[i]);
	for (size_t i = 0; i < s->n_items && !first; i++)
		if (s->items[i].kind == EXPORT_HEADING)
			first = &s->items[i].text;
	if (first && first->len)
		s->title = xstrdup(first->buf);
}

void
export_add_origin(struct strbuf *out, const struct export_session *s)
{
	char text[32];

	if (!s->created)
		return;
	clock_format_utc(clock_s_to_ms(s->created), text);
	strbuf_addf(out, "Recorded %.10s %.5s UTC.\n", text, text + 11);
}
