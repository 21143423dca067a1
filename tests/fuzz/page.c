#include "page.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void
check(bool right)
{
	if (!right)
		abort();
}

static const char elements[] =
    " html head meta title style body a header h1 h2 h3 h4 h5 h6 ul ol li nav "
    "main details summary table thead tbody tfoot tr th td svg rect p div span "
    "pre b i code em strong br hr blockquote mark footer time "
    "col colgroup ";
static const char attributes[] =
    " lang charset http-equiv content name class href id rel aria-label "
    "aria-hidden role open scope colspan viewBox preserveAspectRatio x width "
    "height datetime start ";

/* A word of a list that is at p; its bytes. */
static size_t
word(const char *p, const char *list)
{
	size_t n = strcspn(p, " =>/");
	char key[32];

	check(n > 0 && n < sizeof(key) - 2);
	key[0] = ' ';
	memcpy(key + 1, p, n);
	strcpy(key + 1 + n, " ");
	check(strstr(list, key));
	return n;
}

/* A link leads into the page or where links may. */
static void
check_attribute(const char *name, const char *value)
{
	if (strncmp(name, "href=", strlen("href=")) != 0)
		return;
	check(*value == '#' || !strncasecmp(value, "http", 4) ||
	      !strncasecmp(value, "mailto:", 7));
}

/* name="value" ...; where they end. */
static const char *
check_attributes(const char *p)
{
	while (*p == ' ' && p[1] != '/') {
		const char *name = ++p;

		p += word(p, attributes);
		check(p[0] == '=' && p[1] == '"');
		check_attribute(name, p + 2);
		p += 2 + strcspn(p + 2, "\"<");
		check(*p++ == '"');
	}
	return p;
}

/* A tag behind its "<"; where it ends. */
static const char *
check_tag(const char *p, struct strbuf *open)
{
	bool close = *p == '/';
	size_t n;

	p += close;
	n = word(p, elements);
	if (close) {
		check(open->len > n && open->buf[open->len - n - 1] == ' ' &&
		      !memcmp(open->buf + open->len - n, p, n));
		strbuf_truncate(open, open->len - n - 1);
		check(p[n] == '>');
		return p + n + 1;
	}
	strbuf_addc(open, ' ');
	strbuf_add(open, p, n);
	p = check_attributes(p + n);
	if (str_starts(p, " />")) {
		strbuf_truncate(open, open->len - n - 1);
		return p + 3;
	}
	check(*p == '>');
	return p + 1;
}

void
check_page(const struct strbuf *page)
{
	static const char type[] = "<!DOCTYPE html>";
	autobuf struct strbuf open = STRBUF_INIT;
	const char *p = page->buf + strlen(type);

	check(str_starts(page->buf, type) && strlen(page->buf) == page->len);
	while (*(p += strcspn(p, "<")))
		p = check_tag(p + 1, &open);
	check(open.len == 0);
}
