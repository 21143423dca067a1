/*
 * Markdown that a forge renders: the narration as it is, each command and what
 * it showed in fences of their own, and below how it ended.
 *
 * The fences are no session's: who opens the report with addesh executes
 * nothing.  A fence is longer than each run of backticks in it, so nothing gets
 * out of it (CommonMark 4.5).
 */
#include <ctype.h>
#include <string.h>

#include "export/export_impl.h"

/* ---- text as it stands ---- */

/* Does what stands first on a line make it something else than a paragraph? */
static bool
begins_block(const char *p)
{
	return *p && strchr("#>+-=|~:", *p);
}

/* All of it is shown: what has a meaning in Markdown gets a backslash
   (CommonMark 2.4), and blanks that would make it code are dropped. */
static void
add_plain_line(struct strbuf *out, const char *p, size_t n)
{
	const char *end = p + n, *begin;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	begin = p;
	if (p < end && begins_block(p))
		strbuf_addc(out, '\\');
	for (; p < end; p++) {
		bool number = p > begin && isdigit((unsigned char)p[-1]) &&
			      isdigit((unsigned char)*begin) &&
			      (*p == '.' || *p == ')');

		if (number || (strchr("\\`*_[]<>&~|", *p) &&
				  !(p == begin && begins_block(p))))
			strbuf_addc(out, '\\');
		strbuf_addc(out, *p);
	}
	strbuf_addc(out, '\n');
}

static void
add_plain(struct strbuf *out, const struct strbuf *text)
{
	const char *end = text->buf + text->len, *next;

	for (const char *p = text->buf; p < end; p = next) {
		size_t n = strcspn(p, "\n");

		next = p + n + (p[n] == '\n');
		add_plain_line(out, p, n);
	}
}

/* ---- fences ---- */

static size_t
longest_run(const struct strbuf *text)
{
	size_t longest = 0, run = 0;

	for (size_t i = 0; i < text->len; i++) {
		run = text->buf[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest;
}

/* text is whole lines. */
static void
add_fence(struct strbuf *out, const char *language, const struct strbuf *text)
{
	size_t n = longest_run(text) + 1;
	autobuf struct strbuf mark = STRBUF_INIT;

	for (n = n < 3 ? 3 : n; n; n--)
		strbuf_addc(&mark, '`');
	strbuf_addf(out, "%s%s\n", mark.buf, language);
	strbuf_add(out, text->buf, text->len);
	strbuf_addf(out, "%s\n", mark.buf);
}

/* ---- the session ---- */

static void
add_step(struct strbuf *out, const struct export_step *s)
{
	autobuf struct strbuf command = STRBUF_INIT, output = STRBUF_INIT;

	export_add_text(&command, s->step->text, s->step->n);
	if (command.len && command.buf[command.len - 1] != '\n')
		strbuf_addc(&command, '\n');
	add_fence(out, "sh", &command);
	strbuf_addc(out, '\n');
	export_add_output(&output, s);
	if (output.len) {
		add_fence(out, "text", &output);
		strbuf_addc(out, '\n');
	}
	strbuf_addc(out, '*');
	export_add_end(out, s);
	strbuf_adds(out, "*\n");
}

static void
add_item(struct strbuf *out, const struct export_session *s,
    const struct export_item *item)
{
	if (item->kind == EXPORT_HEADING) {
		for (unsigned i = 0; i < item->level; i++)
			strbuf_addc(out, '#');
		strbuf_addc(out, ' ');
	}
	if (item->kind == EXPORT_STEP)
		add_step(out, &s->steps[item->step]);
	else if (item->plain)
		add_plain(out, &item->text);
	else
		strbuf_add(out, item->text.buf, item->text.len);
	if (item->kind == EXPORT_HEADING && !item->plain)
		strbuf_addc(out, '\n');
	strbuf_addc(out, '\n');
}

int
export_md(struct strbuf *out, const struct export_session *s,
    const struct export_options *o, struct err *err)
{
	(void)o;
	(void)err;
	/* A rule at the very beginning would be that of front matter. */
	if (s->n_items && str_starts(s->items[0].text.buf, "---"))
		strbuf_addc(out, '\n');
	for (size_t i = 0; i < s->n_items; i++)
		add_item(out, s, &s->items[i]);
	export_add_origin(out, s);
	return 0;
}
