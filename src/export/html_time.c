/* How each step ended, how long it took, and what it needed. */
#include <string.h>

#include "base/units.h"
#include "export/html_impl.h"
#include "replay/status.h"

enum { ROWS_OPEN = 24 }; /* a longer table folds */

bool
html_failed(const struct html_page *page, size_t index)
{
	const struct export_step *s = &page->s->steps[index];
	const char *name = page->steps[index].name;

	if (!s->recorded || !s->answer.status.code)
		return false;
	return s->answer.status.code != 1 || !name || strcmp(name, "diff") != 0;
}

void
html_status(struct strbuf *out, const struct export_step *s)
{
	const struct want_status w = want_status_of(&s->answer.status);
	autobuf struct strbuf text = STRBUF_INIT;

	if (!s->recorded)
		strbuf_adds(out, "not run");
	else if (s->answer.overdue || w.kind == WANT_TIMEOUT)
		strbuf_adds(out, "time limit");
	else if (w.kind == WANT_OOM)
		strbuf_adds(out, "out of memory");
	else if (w.kind == WANT_CODE)
		strbuf_addf(out, "exit %d", w.number);
	else {
		want_status_add(&text, &w); /* [signal KILL] */
		html_text(out, text.buf + 1, text.len - 2);
	}
}

void
html_duration(struct strbuf *out, uint64_t us)
{
	if (us < 100)
		strbuf_adds(out, "&lt;0.1 ms");
	else if (us < 10000 && us % 1000)
		strbuf_addf(out, "%.1f ms", (double)us / 1000);
	else if (us < 10000)
		strbuf_addf(out, "%u ms", (unsigned)us / 1000);
	else
		units_add_duration(out, us / 1000);
}

static void
add_memory(struct strbuf *out, uint64_t bytes)
{
	strbuf_adds(out, "<td class=\"num\">");
	if (bytes)
		units_add_size(out, bytes);
	strbuf_adds(out, "</td>");
}

/* Where in the whole it ran, in thousandths; the least of it can be seen. */
static void
add_bar(struct strbuf *out, const struct html_page *page, size_t i)
{
	double all = page->us ? (double)page->us : 1;
	double from = 1000 * (double)page->steps[i].from / all;
	double width = 1000 * (double)page->steps[i].us / all;

	if (width < 6)
		width = 6;
	if (from + width > 1000)
		from = 1000 - width;
	strbuf_addf(out,
	    "<td class=\"bar\"><svg viewBox=\"0 0 1000 10\" "
	    "preserveAspectRatio=\"none\" aria-hidden=\"true\">"
	    "<rect x=\"%.0f\" width=\"%.0f\" height=\"10\" /></svg></td>",
	    from, width);
}

static void
add_title(struct strbuf *out, const struct transcript_step *s)
{
	size_t n;
	const char *title = transcript_step_title(s, &n);
	size_t most = n < 200 ? n : 200;

	while (most < n && ((unsigned char)title[most] & 0xc0) == 0x80)
		most--;
	html_text(out, title, most);
}

static void
add_row(struct html_page *page, size_t i)
{
	const struct export_step *s = &page->s->steps[i];
	struct strbuf *out = &page->body;

	strbuf_addf(out,
	    "<tr%s><td class=\"num\">%zu</td><td class=\"what\">"
	    "<a href=\"#step-%zu\">",
	    html_failed(page, i) ? " class=\"bad\"" : "", i + 1, i + 1);
	add_title(out, s->step);
	strbuf_adds(out, "</a></td><td class=\"status\">");
	html_status(out, s);
	strbuf_adds(out, "</td>");
	add_bar(out, page, i);
	strbuf_adds(out, "<td class=\"num\">");
	html_duration(out, page->steps[i].us);
	strbuf_adds(out, "</td>");
	add_memory(out, page->steps[i].peak);
	strbuf_adds(out, "</tr>\n");
}

static void
add_sum(struct html_page *page)
{
	struct strbuf *out = &page->body;

	strbuf_adds(out, "</tbody><tfoot><tr><td></td>"
			 "<th scope=\"row\" class=\"what\">All</th>"
			 "<td class=\"status\"></td>"
			 "<td class=\"bar\"></td>"
			 "<td class=\"num\">");
	html_duration(out, page->us);
	strbuf_adds(out, "</td>");
	add_memory(out, page->peak);
	strbuf_adds(out, "</tr></tfoot></table></details>\n");
}

void
html_timeline(struct html_page *page)
{
	struct strbuf *out = &page->body;
	size_t shown = 0;

	for (size_t i = 0; i < page->s->n_items; i++)
		shown += page->s->items[i].kind == EXPORT_STEP;
	if (!shown)
		return;
	strbuf_addf(out, "<details class=\"time\"%s><summary>",
	    shown <= ROWS_OPEN ? " open=\"\"" : "");
	strbuf_adds(out, "Time and memory of ");
	html_count(out, shown, "step");
	strbuf_adds(out,
	    "</summary>\n<table><thead><tr><th scope=\"col\">#</th>"
	    "<th scope=\"col\">Command</th><th scope=\"col\">Status</th>"
	    "<th scope=\"col\" class=\"bar\">When</th>"
	    "<th scope=\"col\" class=\"num\">Time</th>"
	    "<th scope=\"col\" class=\"num\">Memory</th></tr></thead>"
	    "<tbody>\n");
	for (size_t i = 0; i < page->s->n_items; i++)
		if (page->s->items[i].kind == EXPORT_STEP)
			add_row(page, page->s->items[i].step);
	add_sum(page);
}
