/*
 * Narration: Markdown as CommonMark has it (libcmark), less what could do
 * something.  HTML in it is text, comments are nothing; a link is one where it
 * leads to http, https or mailto and is its text elsewhere; an image is a link
 * to itself, as the page loads nothing.
 */
#include <string.h>
#include <strings.h>

#include <cmark.h>

#include "export/html_impl.h"

/* Bytes of narration between two headings or steps that are read as Markdown:
   the time that libcmark takes is not linear for everything. */
enum { MARKDOWN_MAX = 64 << 10 };

struct renderer {
	struct html_page *page; /* NULL: inline only */
	struct strbuf *out;
	enum html_inline how;
};

unsigned
html_heading_level(struct html_page *page, unsigned level)
{
	unsigned to = level < page->top ? 2 : level - page->top + 2;

	if (to > page->heading + 1)
		to = page->heading + 1;
	page->heading = to < 6 ? to : 6;
	return page->heading;
}

static bool
is_allowed(const char *url)
{
	static const char *const schemes[] = {"http://", "https://", "mailto:"};

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (!strncasecmp(url, schemes[i], strlen(schemes[i])))
			return true;
	return false;
}

static bool
is_comment(const char *s)
{
	return str_starts(s, "<!--") &&
	       (str_ends(s, "-->") || str_ends(s, "-->\n"));
}

/* A link in a link is none. */
static bool
is_linked(cmark_node *node)
{
	cmark_node *up = cmark_node_parent(node);

	while (up && cmark_node_get_type(up) != CMARK_NODE_LINK &&
	       cmark_node_get_type(up) != CMARK_NODE_IMAGE)
		up = cmark_node_parent(up);
	return up;
}

static void
add_link(struct renderer *r, cmark_node *node, bool enter)
{
	const char *url = cmark_node_get_url(node);

	if (r->how != HTML_LINKED || !url || !is_allowed(url) ||
	    is_linked(node))
		return;
	if (!enter) {
		strbuf_adds(r->out, "</a>");
		return;
	}
	strbuf_adds(r->out, "<a rel=\"noopener noreferrer\" href=\"");
	html_texts(r->out, url);
	strbuf_adds(r->out, "\">");
}

/* A list that is not loose has no paragraphs. */
static bool
is_tight(cmark_node *paragraph)
{
	cmark_node *list = cmark_node_parent(cmark_node_parent(paragraph));

	return list && cmark_node_get_type(list) == CMARK_NODE_LIST &&
	       cmark_node_get_list_tight(list);
}

static void
add_list(struct renderer *r, cmark_node *node, bool enter)
{
	bool ordered = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST;
	int start = cmark_node_get_list_start(node);

	if (!enter)
		strbuf_adds(r->out, ordered ? "</ol>\n" : "</ul>\n");
	else if (ordered && start != 1)
		strbuf_addf(r->out, "<ol start=\"%d\">\n", start);
	else
		strbuf_adds(r->out, ordered ? "<ol>\n" : "<ul>\n");
}

static void
add_heading(struct renderer *r, cmark_node *node, bool enter)
{
	int level = cmark_node_get_heading_level(node);

	if (enter)
		strbuf_addf(r->out, "<h%u>",
		    html_heading_level(r->page, (unsigned)level));
	else
		strbuf_addf(r->out, "</h%u>\n", r->page->heading);
}

/* A fence names its language as a file's name does: "python", "py". */
static void
add_code_block(struct renderer *r, cmark_node *node)
{
	const char *info = cmark_node_get_fence_info(node);
	autofree char *name =
	    xasprintf(".%.*s", (int)strcspn(info, " \t{"), info);
	const char *text = cmark_node_get_literal(node);

	strbuf_adds(r->out, "<pre class=\"code\">");
	html_code(r->page, r->out, name, text, strlen(text));
	strbuf_adds(r->out, "</pre>\n");
}

static void
add_tag(struct renderer *r, const char *tag, bool enter)
{
	if (r->how != HTML_PLAIN)
		strbuf_addf(r->out, "<%s%s>", enter ? "" : "/", tag);
}

static void
add_html(struct renderer *r, cmark_node *node, bool block)
{
	const char *text = cmark_node_get_literal(node);

	if (is_comment(text))
		return;
	if (block)
		add_tag(r, "p", true);
	html_texts(r->out, text);
	if (block)
		add_tag(r, "p", false);
}

/* false: it is none of these. */
static bool
add_inline(struct renderer *r, cmark_node *node, bool enter)
{
	switch (cmark_node_get_type(node)) {
	case CMARK_NODE_TEXT:
		html_texts(r->out, cmark_node_get_literal(node));
		break;
	case CMARK_NODE_SOFTBREAK:
		strbuf_addc(r->out, '\n');
		break;
	case CMARK_NODE_LINEBREAK:
		strbuf_adds(r->out, "<br />\n");
		break;
	case CMARK_NODE_CODE:
		add_tag(r, "code", true);
		html_texts(r->out, cmark_node_get_literal(node));
		add_tag(r, "code", false);
		break;
	case CMARK_NODE_HTML_INLINE:
		add_html(r, node, false);
		break;
	case CMARK_NODE_EMPH:
		add_tag(r, "em", enter);
		break;
	case CMARK_NODE_STRONG:
		add_tag(r, "strong", enter);
		break;
	case CMARK_NODE_LINK:
	case CMARK_NODE_IMAGE:
		add_link(r, node, enter);
		break;
	default:
		return false;
	}
	return true;
}

static void
add_block(struct renderer *r, cmark_node *node, bool enter)
{
	switch (cmark_node_get_type(node)) {
	case CMARK_NODE_PARAGRAPH:
		if (!is_tight(node))
			add_tag(r, "p", enter);
		if (!enter)
			strbuf_addc(r->out, '\n');
		break;
	case CMARK_NODE_HEADING:
		add_heading(r, node, enter);
		break;
	case CMARK_NODE_BLOCK_QUOTE:
		add_tag(r, "blockquote", enter);
		break;
	case CMARK_NODE_LIST:
		add_list(r, node, enter);
		break;
	case CMARK_NODE_ITEM:
		add_tag(r, "li", enter);
		break;
	case CMARK_NODE_CODE_BLOCK:
		add_code_block(r, node);
		break;
	case CMARK_NODE_HTML_BLOCK:
		add_html(r, node, true);
		break;
	case CMARK_NODE_THEMATIC_BREAK:
		strbuf_adds(r->out, "<hr />\n");
		break;
	default:
		break;
	}
}

static void
render(struct renderer *r, const char *p, size_t n)
{
	cmark_node *document = cmark_parse_document(p, n, CMARK_OPT_DEFAULT);
	cmark_iter *iter = cmark_iter_new(document);
	cmark_event_type event;

	while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
		cmark_node *node = cmark_iter_get_node(iter);
		bool enter = event == CMARK_EVENT_ENTER;

		if (!add_inline(r, node, enter) && r->page)
			add_block(r, node, enter);
	}
	cmark_iter_free(iter);
	cmark_node_free(document);
}

void
html_markdown(struct html_page *page, const char *p, size_t n)
{
	struct renderer r = {.page = page, .out = &page->body};

	if (n <= MARKDOWN_MAX) {
		render(&r, p, n);
		return;
	}
	strbuf_adds(r.out, "<pre class=\"code\">");
	html_text(r.out, p, n);
	strbuf_adds(r.out, "</pre>\n");
}

void
html_markdown_line(
    struct strbuf *out, const char *p, size_t n, enum html_inline how)
{
	struct renderer r = {.out = out, .how = how};
	autobuf struct strbuf line = STRBUF_INIT;

	if (n > MARKDOWN_MAX) {
		html_text(out, p, n);
		return;
	}
	/* As a heading nothing in front makes it a list, a rule, or code. */
	strbuf_adds(&line, "# ");
	strbuf_add(&line, p, n);
	render(&r, line.buf, line.len);
}
