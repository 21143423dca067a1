/*
 * Programs with their comments, strings, numbers and keywords marked, as the
 * table of languages for checks knows them (project/check_text.h): a reader's
 * help, and what it takes wrongly is only coloured wrongly.
 */
#include <string.h>

#include "export/html_impl.h"
#include "project/check_text.h"

struct code {
	struct strbuf *out;
	const struct check_language *l;
};

/* By what is behind the last dot of its file's name, or by all of that. */
static const struct check_language *
language_of(const struct html_page *page, const char *name)
{
	const char *slash = strrchr(name, '/'),
		   *base = slash ? slash + 1 : name;
	const char *dot = strrchr(base, '.');

	return check_rules_by_shown(page->rules, dot ? dot + 1 : base);
}

/* Is it one of the words of a list that blanks divide? */
static bool
is_in(const char *list, const char *word, size_t n)
{
	for (const char *p = list; p && *p; p += *p == ' ') {
		size_t len = strcspn(p, " ");

		if (len == n && !memcmp(p, word, n))
			return true;
		p += len;
	}
	return false;
}

static const char *
class_of(const struct code *c, enum check_part part, const char *p, size_t n)
{
	switch (part) {
	case CHECK_PART_COMMENT:
		return "d";
	case CHECK_PART_STRING:
		return "q";
	case CHECK_PART_NUMBER:
		return "m";
	case CHECK_PART_NAME:
		return is_in(c->l->keywords, p, n) ? "k" : NULL;
	case CHECK_PART_OTHER:
		break;
	}
	return NULL;
}

/* Each line has elements of its own, as lines fold (html_fold). */
static void
add(void *arg, enum check_part part, const char *p, size_t n)
{
	struct code *c = arg;
	const char *class = class_of(c, part, p, n), *stop = p + n, *nl;

	for (; p < stop; p = nl) {
		nl = memchr(p, '\n', stop - p);
		nl = nl ? nl : stop;
		if (nl > p && class)
			strbuf_addf(c->out, "<span class=\"%s\">", class);
		html_text(c->out, p, nl - p);
		if (nl > p && class)
			strbuf_adds(c->out, "</span>");
		if (nl < stop)
			strbuf_addc(c->out, *nl++);
	}
}

void
html_code(struct html_page *page, struct strbuf *out, const char *name,
    const char *p, size_t n)
{
	struct code c = {out, language_of(page, name)};

	if (c.l)
		check_text_parts(&c.l->lexis, p, n, add, &c);
	else
		html_text(out, p, n);
}

bool
html_is_program(const struct html_page *page, const char *name)
{
	return language_of(page, name);
}
