/* What the structure of a file lacks. */
#include <string.h>
#include <strings.h>

#include "base/glob.h"
#include "base/xalloc.h"
#include "project/check_text.h"

static bool
is_for(const struct check_structure *rule, const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *name = slash ? slash + 1 : file;

	return glob_match_any(&rule->files, name) &&
	       !glob_match_any(&rule->but, name);
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

/* Does it stand in the text?  What took too long to tell is as if it did. */
static bool
has(const struct regexp *what, const struct strbuf *text,
    struct regexp_run *run)
{
	size_t group[2];

	return regexp_search_lines(what, run, text->buf, text->len, group) ||
	       !run->steps;
}

static bool
lacks(const struct check_structure *rule, const struct strbuf *text,
    const struct strbuf *bare, struct regexp_run *run)
{
	if ((rule->where && !has(rule->where, text, run)) ||
	    (rule->unless && has(rule->unless, text, run)))
		return false;
	if (rule->needs && !has(rule->needs, text, run))
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
