/*
 * Plain text, for people who cannot watch, and for programs that search it.
 *
 *	A heading
 *	---------
 *
 *	Narration.
 *
 *	  $ run a.py <<EOF
 *	  > print("hello")
 *	  > EOF
 *	      hello
 *	  exit 0 in 0.03s, 9.1 MB
 *
 * Only output stands so far to the right, so that no program can forge another
 * kind of line.
 */
#include <string.h>

#include "base/encode.h"
#include "export/export_impl.h"
#include "replay/fold.h"

enum { COLUMNS = 80, COMMAND_INDENT = 2, OUTPUT_INDENT = 6 };

/* Each line behind blanks, but for empty ones. */
static void
add_indented(struct strbuf *out, int indent, const struct strbuf *text)
{
	const char *end = text->buf + text->len, *next;

	for (const char *p = text->buf; p < end; p = next) {
		const char *nl = memchr(p, '\n', end - p);

		next = nl ? nl + 1 : end;
		if (nl != p)
			strbuf_addf(out, "%*s", indent, "");
		strbuf_add(out, p, next - p);
	}
}

static void
add_heading(struct strbuf *out, const struct export_item *item)
{
	int width = text_width(item->text.buf);

	strbuf_addf(out, "%s\n", item->text.buf);
	for (int i = 0; i < width; i++)
		strbuf_addc(out, item->level == 1 ? '=' : '-');
	strbuf_addc(out, '\n');
}

/* "$ " before the first line, "> " before the others. */
static void
add_command(struct strbuf *out, const struct transcript_step *s)
{
	autobuf struct strbuf text = STRBUF_INIT;

	export_add_text(&text, s->text, s->n);
	for (char *p = text.buf, *nl; *p; p = nl + 1) {
		nl = p + strcspn(p, "\n");
		strbuf_addf(out, "%*s%c%s%.*s\n", COMMAND_INDENT, "",
		    p == text.buf ? '$' : '>', nl > p ? " " : "", (int)(nl - p),
		    p);
		if (!*nl)
			break;
	}
}

static void
add_step(struct strbuf *out, const struct export_step *s)
{
	autobuf struct strbuf text = STRBUF_INIT;

	add_command(out, s->step);
	export_add_output(&text, s);
	add_indented(out, OUTPUT_INDENT, &text);
	strbuf_addf(out, "%*s", COMMAND_INDENT, "");
	export_add_end(out, s);
	strbuf_addc(out, '\n');
}

static void
add_item(struct strbuf *out, const struct export_session *s,
    const struct export_item *item)
{
	switch (item->kind) {
	case EXPORT_HEADING:
		add_heading(out, item);
		break;
	case EXPORT_PROSE:
		fold_prose(out, item->text.buf, COLUMNS);
		break;
	case EXPORT_CODE:
		strbuf_add(out, item->text.buf, item->text.len);
		break;
	case EXPORT_STEP:
		add_step(out, &s->steps[item->step]);
		break;
	}
	strbuf_addc(out, '\n');
}

int
export_txt(struct strbuf *out, const struct export_session *s,
    const struct export_options *o, struct err *err)
{
	(void)o;
	(void)err;
	for (size_t i = 0; i < s->n_items; i++)
		add_item(out, s, &s->items[i]);
	export_add_origin(out, s);
	return 0;
}
