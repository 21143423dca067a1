/*
 * The page: one file that needs nothing else, and does nothing.  Its policy
 * (Content Security Policy 3) allows the one style sheet in it, by its digest,
 * and nothing more: no script, no picture, no form, no request.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/encode.h"
#include "base/units.h"
#include "export/html_impl.h"

/* Bytes of output that a page holds, and of one step at least. */
#define PAGE_OUTPUT (16u << 20)
#define STEP_OUTPUT_LEAST (4u << 10)
#define COMPARE_MAX 8000000u /* lines by lines in all */
enum { CONTENTS_OPEN = 24 }; /* a longer table of contents folds */

/* -------- headings -------- */

/* The heading that is the page's title; -1: that is the file's name. */
static ptrdiff_t
find_title(const struct export_session *s)
{
	for (size_t i = 0; s->title && i < s->n_items; i++)
		if (s->items[i].kind == EXPORT_HEADING)
			return s->items[i].level == 1 ? (ptrdiff_t)i : -1;
	return -1;
}

static bool
is_heading(const struct html_page *page, size_t i)
{
	return page->s->items[i].kind == EXPORT_HEADING &&
	       (ptrdiff_t)i != page->title;
}

static unsigned
top_level(const struct html_page *page)
{
	unsigned top = 6;

	for (size_t i = 0; i < page->s->n_items; i++)
		if (is_heading(page, i) && page->s->items[i].level < top)
			top = page->s->items[i].level;
	return top;
}

/* The file's name is no Markdown. */
static void
add_title(
    struct strbuf *out, const struct html_page *page, enum html_inline how)
{
	const char *name = page->s->t->name, *slash = strrchr(name, '/');

	if (page->title >= 0)
		html_markdown_line(
		    out, page->s->title, strlen(page->s->title), how);
	else
		html_texts(out, slash ? slash + 1 : name);
}

static void
add_heading(struct html_page *page, size_t i)
{
	const struct export_item *item = &page->s->items[i];
	unsigned level = html_heading_level(page, item->level);

	strbuf_addf(&page->body, "<h%u id=\"h-%zu\">", level, i);
	html_markdown_line(
	    &page->body, item->text.buf, item->text.len, HTML_LINKED);
	strbuf_addf(&page->body, "</h%u>\n", level);
}

static void
add_contents(struct html_page *page)
{
	struct strbuf *out = &page->body;
	size_t n = 0;

	for (size_t i = 0; i < page->s->n_items; i++)
		n += is_heading(page, i);
	if (n < 2)
		return;
	strbuf_addf(out,
	    "<nav aria-label=\"Contents\"><details%s><summary>Contents"
	    "</summary>\n<ul>\n",
	    n <= CONTENTS_OPEN ? " open=\"\"" : "");
	for (size_t i = 0; i < page->s->n_items; i++) {
		const struct export_item *item = &page->s->items[i];

		if (!is_heading(page, i))
			continue;
		strbuf_addf(out, "<li class=\"l%u\"><a href=\"#h-%zu\">",
		    item->level - page->top, i);
		html_markdown_line(
		    out, item->text.buf, item->text.len, HTML_UNLINKED);
		strbuf_adds(out, "</a></li>\n");
	}
	strbuf_adds(out, "</ul></details></nav>\n");
}

/* -------- steps -------- */

static void
add_step(struct html_page *page, size_t i)
{
	const struct export_step *s = &page->s->steps[i];
	struct strbuf *out = &page->body;

	strbuf_addf(out,
	    "<div class=\"step%s\" id=\"step-%zu\" role=\"group\" "
	    "aria-label=\"Step %zu\">\n<p class=\"meta\">"
	    "<a href=\"#step-%zu\">Step %zu</a> <span class=\"status\">",
	    html_failed(page, i) ? " bad" : "", i + 1, i + 1, i + 1, i + 1);
	html_status(out, s);
	strbuf_adds(out, "</span>");
	if (s->recorded) {
		strbuf_adds(out, " <span>");
		html_duration(out, page->steps[i].us);
		strbuf_adds(out, "</span>");
	}
	if (page->steps[i].peak) {
		strbuf_adds(out, " <span>");
		units_add_size(out, page->steps[i].peak);
		strbuf_adds(out, "</span>");
	}
	strbuf_adds(out, "</p>\n");
	html_command(page, i);
	html_output(page, s);
	html_comparison(page, i);
	strbuf_adds(out, "</div>\n");
}

static void
add_item(struct html_page *page, size_t i)
{
	const struct export_item *item = &page->s->items[i];

	switch (item->kind) {
	case EXPORT_HEADING:
		if ((ptrdiff_t)i != page->title)
			add_heading(page, i);
		break;
	case EXPORT_PROSE:
	case EXPORT_CODE:
		html_markdown(page, item->text.buf, item->text.len);
		break;
	case EXPORT_STEP:
		add_step(page, item->step);
		break;
	}
}

/* -------- the whole -------- */

static void
add_date(struct strbuf *out, int64_t created)
{
	time_t t = (time_t)created;
	struct tm tm;
	char date[32];

	if (created <= 0 || !gmtime_r(&t, &tm) ||
	    !strftime(date, sizeof(date), "%Y-%m-%d", &tm))
		return;
	strbuf_addf(out, "<li>recorded <time datetime=\"%s\">%s</time></li>\n",
	    date, date);
}

/* How many failed, and the way to the first that did. */
static void
add_failed(struct html_page *page)
{
	const struct export_session *s = page->s;
	size_t bad = 0, first = 0;

	for (size_t i = s->n_items; i--;) {
		if (s->items[i].kind != EXPORT_STEP ||
		    !html_failed(page, s->items[i].step))
			continue;
		first = s->items[i].step;
		bad++;
	}
	if (bad)
		strbuf_addf(&page->body,
		    "<li class=\"bad\"><a href=\"#step-%zu\">%zu failed</a>"
		    "</li>\n",
		    first + 1, bad);
}

/* "8 steps, 1 failed, 1.24s in all, peak 18 MB" */
static void
add_facts(struct html_page *page)
{
	const struct export_session *s = page->s;
	struct strbuf *out = &page->body;
	size_t n = 0;

	for (size_t i = 0; i < s->n_items; i++)
		n += s->items[i].kind == EXPORT_STEP;
	strbuf_adds(out, "<ul class=\"facts\">\n<li>");
	html_count(out, n, "step");
	strbuf_adds(out, "</li>\n");
	add_failed(page);
	strbuf_adds(out, "<li>");
	html_duration(out, page->us);
	strbuf_adds(out, " in all</li>\n");
	if (page->peak) {
		strbuf_adds(out, "<li>peak ");
		units_add_size(out, page->peak);
		strbuf_adds(out, "</li>\n");
	}
	add_date(out, s->created);
	strbuf_adds(out, "</ul>\n");
}

static void
add_body(struct html_page *page)
{
	struct strbuf *out = &page->body;

	strbuf_adds(out, "<a class=\"skip\" href=\"#main\">Skip to the session"
			 "</a>\n<header>\n<h1>");
	add_title(out, page, HTML_LINKED);
	strbuf_adds(out, "</h1>\n");
	add_facts(page);
	strbuf_adds(out, "</header>\n");
	add_contents(page);
	strbuf_adds(out, "<main id=\"main\">\n");
	html_timeline(page);
	for (size_t i = 0; i < page->s->n_items; i++)
		add_item(page, i);
	strbuf_adds(out,
	    "</main>\n<footer><p>Lines that begin with <b>!</b> were written "
	    "to standard error; those in <i>italics</i> are addesh&#39;s own."
	    "</p>\n<p>Made with addesh " PACKAGE_VERSION ".</p></footer>\n");
}

/* The source of a style sheet, as a policy names it: 'sha256-BASE64'. */
static void
add_digest(struct strbuf *out, const struct strbuf *css)
{
	char hex[SHA256_HEX_SIZE], byte[3] = "";
	unsigned char digest[32];

	sha256_hex(css->buf, css->len, hex);
	for (size_t i = 0; i < sizeof(digest); i++) {
		memcpy(byte, hex + 2 * i, 2);
		digest[i] = (unsigned char)strtoul(byte, NULL, 16);
	}
	strbuf_adds(out, "&#39;sha256-");
	base64_encode(out, digest, sizeof(digest), false);
	strbuf_adds(out, "&#39;");
}

static void
add_head(struct strbuf *out, const struct html_page *page)
{
	autobuf struct strbuf css = STRBUF_INIT;

	strbuf_adds(&css, html_css);
	html_styles_add(&css, page->styles);
	strbuf_adds(out,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\" />\n"
	    "<meta http-equiv=\"Content-Security-Policy\" content=\""
	    "default-src &#39;none&#39;; style-src ");
	add_digest(out, &css);
	strbuf_adds(out,
	    "; base-uri &#39;none&#39;; form-action &#39;none&#39;\" />\n"
	    "<meta name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\" />\n"
	    "<meta name=\"color-scheme\" content=\"light dark\" />\n"
	    "<meta name=\"referrer\" content=\"no-referrer\" />\n"
	    "<meta name=\"generator\" content=\"addesh " PACKAGE_VERSION
	    "\" />\n<title>");
	add_title(out, page, HTML_PLAIN);
	strbuf_adds(out, "</title>\n<style>");
	strbuf_add(out, css.buf, css.len);
	strbuf_adds(out, "</style>\n</head>\n<body>\n");
}

int
export_html(struct strbuf *out, const struct export_session *s,
    const struct export_options *o, struct err *err)
{
	struct html_page page = {.s = s,
	    .body = STRBUF_INIT,
	    .title = find_title(s),
	    .heading = 1,
	    .compare_max = COMPARE_MAX,
	    .rules = check_rules_load(NULL, err)};

	if (!page.rules)
		return -1;
	page.styles = html_styles_new();
	page.top = top_level(&page);
	page.output_max = PAGE_OUTPUT / (s->t->n_steps + 1);
	if (page.output_max < STEP_OUTPUT_LEAST)
		page.output_max = STEP_OUTPUT_LEAST;
	html_steps_read(&page);
	add_body(&page);
	add_head(out, &page);
	strbuf_add(out, page.body.buf, page.body.len);
	strbuf_adds(out, "</body>\n</html>\n");
	html_steps_free(&page);
	html_styles_free(page.styles);
	check_rules_free(page.rules);
	strbuf_release(&page.body);
	return 0;
}
