/* What the structure of a file lacks, and the programs in a page. */
#include <string.h>
#include <strings.h>

#include "base/glob.h"
#include "base/xalloc.h"
#include "project/check_text.h"

#define SCRIPTS_MAX 64

static bool
is_for(const struct check_structure *rule, const char *file)
{
	const char *slash = strrchr(file, '/');

	for (size_t i = 0; i < rule->files.n; i++)
		if (glob_match(rule->files.v[i], slash ? slash + 1 : file))
			return true;
	return false;
}

static bool
is_balanced(const struct strbuf *text, const char *pair)
{
	size_t depth = 0;

	for (size_t i = 0; i < text->len; i++) {
		if (text->buf[i] == pair[0])
			depth++;
		else if (text->buf[i] == pair[1] && depth-- == 0)
			return false;
	}
	return depth == 0;
}

static bool
lacks(const struct check_structure *rule, const struct strbuf *text,
    const struct strbuf *bare, struct regexp_run *run)
{
	size_t group[2];

	if (rule->needs &&
	    !regexp_search_lines(
		rule->needs, run, text->buf, text->len, group) &&
	    run->steps)
		return true;
	return rule->balanced && !is_balanced(bare, rule->balanced);
}

void
check_structure_find(const struct check_rules *r, const struct check_lexis *x,
    const char *file, const char *s, size_t n, struct check_findings *findings)
{
	autobuf struct strbuf text = STRBUF_INIT, bare = STRBUF_INIT;
	struct regexp_run run = REGEXP_RUN_INIT;

	check_text_blank(x, s, n, true, &text);
	check_text_blank(x, s, n, false, &bare);
	for (size_t i = 0; i < r->n_structure; i++) {
		const struct check_structure *rule = &r->structure[i];

		if (is_for(rule, file) && lacks(rule, &text, &bare, &run))
			check_add(findings, CHECK_STRUCTURE, rule->name,
			    rule->severity, file, 0, 0, rule->message,
			    rule->remedy);
	}
	regexp_run_release(&run);
}

/* ---- <script> ---- */

/* The value of an attribute in n bytes of a tag; NULL: it is not there. */
static const char *
attribute(const char *tag, size_t n, const char *name, size_t *len)
{
	size_t name_len = strlen(name);

	for (size_t i = 1; i + name_len < n; i++) {
		const char *p = tag + i, *end = tag + n;
		char quote = 0;

		if (strncasecmp(p, name, name_len) ||
		    !strchr(" \t\r\n\"'", p[-1]))
			continue;
		p += name_len;
		if (*p != '=' && !strchr(" \t\r\n>/", *p))
			continue;
		p += *p == '=';
		if (p < end && (*p == '"' || *p == '\''))
			quote = *p++;
		*len = 0;
		while (p + *len < end &&
		       (quote ? p[*len] != quote : !strchr(" \t\r\n>", p[*len])))
			(*len)++;
		return p;
	}
	return NULL;
}

static bool
is_program(const char *tag, size_t n)
{
	static const char *const types[] = {"module", "text/javascript",
	    "application/javascript", "text/ecmascript"};
	size_t len = 0;
	const char *type;

	if (attribute(tag, n, "src", &len))
		return false;
	type = attribute(tag, n, "type", &len);
	if (!type || !len)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strlen(types[i]) == len &&
		    !strncasecmp(types[i], type, len))
			return true;
	return false;
}

static const char *
find_case(const char *s, const char *end, const char *what)
{
	size_t n = strlen(what);

	for (; (size_t)(end - s) >= n; s++)
		if (*s == *what && !strncasecmp(s, what, n))
			return s;
	return NULL;
}

/* Blanks but for the bytes from at to end. */
static struct strbuf
only(const char *s, size_t n, const char *at, const char *end)
{
	struct strbuf out = STRBUF_INIT;

	strbuf_grow(&out, n);
	for (const char *p = s; p < s + n; p++)
		strbuf_addc(&out,
		    (p >= at && p < end) || *p == '\n' ? *p : ' ');
	return out;
}

void
check_text_scripts(
    const char *s, size_t n, struct strbuf **scripts, size_t *count)
{
	const char *end = s + n, *p = s;

	*scripts = NULL;
	*count = 0;
	while (*count < SCRIPTS_MAX && (p = find_case(p, end, "<script"))) {
		const char *open = memchr(p, '>', (size_t)(end - p));
		const char *close = open ? find_case(open, end, "</script")
					 : NULL;

		if (!open)
			return;
		if (!close)
			close = end;
		if (is_program(p, (size_t)(open - p))) {
			*scripts = xreallocarray(
			    *scripts, *count + 1, sizeof(**scripts));
			(*scripts)[(*count)++] = only(s, n, open + 1, close);
		}
		p = close;
	}
}
