#include "session/diagnosis.h"

#include <stdlib.h>
#include <string.h>

#include "sandbox/runtime.h"
#include "session/diagnosis_impl.h"

#define LINE_MAX_BYTES 2048
#define TAIL_BYTES 65536
#define TAIL_LINES 1000
#define TRIES_MAX 2000 /* patterns that are tried on one text */

bool
diagnosis_for_language(const struct yaml_node *map, const char *language)
{
	const struct yaml_node *list = yaml_get(map, "languages");

	if (!list || !language)
		return true;
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i]->text &&
		    !strcmp(list->items[i]->text, language))
			return true;
	return false;
}

/* Programs of some languages start those of all the others. */
static const char *
only_language(const struct yaml_node *data, const char *language)
{
	const struct yaml_node *any = yaml_get(data, "of_any_language");

	for (size_t i = 0; language && any && i < any->n; i++)
		if (any->items[i]->text &&
		    !strcmp(any->items[i]->text, language))
			return NULL;
	return language;
}

/* The last lines of a text, the last one first. */
static void
last_lines(const struct strbuf *sb, struct strvec *lines)
{
	size_t end = sb->len;
	size_t low = end > TAIL_BYTES ? end - TAIL_BYTES : 0;

	while (end > low && lines->n < TAIL_LINES) {
		const char *nl;
		size_t start, n;

		if (sb->buf[end - 1] == '\n')
			end--;
		nl = memrchr(sb->buf + low, '\n', end - low);
		start = nl ? (size_t)(nl + 1 - sb->buf) : low;
		n = end - start;
		if (n && sb->buf[end - 1] == '\r')
			n--;
		if (n && n <= LINE_MAX_BYTES)
			strvec_push_owned(lines, xstrndup(sb->buf + start, n));
		end = start;
	}
}

/* What is said of the program apart from its output. */
static bool
applies(const struct yaml_node *entry, const struct diagnosis_input *in)
{
	static const char *const ends[] = {[ENDED_ITSELF] = "exit",
	    [ENDED_AT_LIMIT] = "time_limit",
	    [ENDED_BY_CRASH] = "crash"};
	const char *network = in->network ? "yes" : "no";

	return !strcmp(yaml_text(entry, "when", "exit"), ends[in->end]) &&
	    !strcmp(yaml_text(entry, "network", network), network);
}

/* ---- one search ---- */

/* Compiled when they are needed. */
struct pattern {
	regex_t *re, *not;
};

struct search {
	const struct diagnosis_input *in;
	const struct yaml_node *entries;
	struct diagnosis_words *words;
	struct pattern *patterns; /* of the entries */
	const struct strvec *lines;
	unsigned tries;
};

/* The tests compile all of them: one that is wrong here matches nothing. */
static regex_t *
compile(const struct yaml_node *entry, const char *key)
{
	const char *text = yaml_text(entry, key, NULL);
	regex_t *re = text ? xcalloc(1, sizeof(*re)) : NULL;

	if (re && regcomp(re, text, REG_EXTENDED)) {
		free(re);
		re = NULL;
	}
	return re;
}

static void
drop(regex_t *re)
{
	if (re)
		regfree(re);
	free(re);
}

static bool
match_pattern(struct search *s, size_t i, const char *line, regmatch_t *m)
{
	const struct yaml_node *entry = s->entries->items[i];
	struct pattern *p = &s->patterns[i];

	if (!p->re) {
		p->re = compile(entry, "pattern");
		p->not = compile(entry, "not");
	}
	return p->re && !regexec(p->re, line, DIAGNOSIS_GROUPS, m, 0) &&
	    (!p->not || regexec(p->not, line, 0, NULL, 0));
}

static bool
match_entry(struct search *s, size_t i, size_t at, struct matched *found)
{
	const struct yaml_node *entry = s->entries->items[i];
	const char *line = s->lines->v[at];
	struct matched m = {.entry = entry, .lines = s->lines, .at = at};

	if (!applies(entry, s->in) || s->tries++ >= TRIES_MAX ||
	    !match_pattern(s, i, line, m.m))
		return false;
	if (yaml_get(entry, "read_only_volume") &&
	    !(m.volume = diagnosis_volume(s->in, line)))
		return false;
	*found = m;
	return true;
}

static bool
match_line(struct search *s, size_t at, struct matched *found)
{
	if (!diagnosis_words_look(s->words, s->lines->v[at]))
		return false;
	for (size_t i = 0; i < s->entries->n; i++)
		if (diagnosis_words_have(s->words, i) &&
		    match_entry(s, i, at, found))
			return true;
	return false;
}

/* The line nearest to the end; but of a compiler's complaints, most of which
   follow from the first, that. */
static bool
search_lines(struct search *s, struct matched *found)
{
	bool any = false;

	for (size_t at = 0; at < s->lines->n; at++) {
		struct matched m;

		if (!match_line(s, at, &m))
			continue;
		if (!any || yaml_get(m.entry, "first"))
			*found = m;
		any = true;
		if (!yaml_get(found->entry, "first"))
			break;
	}
	return any;
}

static json *
search(const struct diagnosis_input *in, const struct yaml_node *data,
    const struct strbuf *text)
{
	autovec struct strvec lines = STRVEC_INIT;
	struct search s = {
	    .in = in,
	    .entries = yaml_get(data, "failures"),
	    .lines = &lines};
	struct place place = {0};
	struct matched m;
	json *found = NULL;

	if (!text || !text->len || !s.entries)
		return NULL;
	last_lines(text, &lines);
	s.patterns = xcalloc(s.entries->n, sizeof(*s.patterns));
	s.words = diagnosis_words_new(s.entries, in->language);
	if (search_lines(&s, &m)) {
		diagnosis_place(in, data, &m, &place);
		found = diagnosis_tell(in, &m, &place);
		place_release(&place);
	}
	for (size_t i = 0; i < s.entries->n; i++) {
		drop(s.patterns[i].re);
		drop(s.patterns[i].not);
	}
	free(s.patterns);
	diagnosis_words_free(s.words);
	return found;
}

/* An entry without a pattern is about the end itself. */
static json *
find_without_line(const struct diagnosis_input *in,
    const struct yaml_node *data)
{
	char nothing[] = "", *none[] = {nothing};
	const struct strvec lines = {.v = none, .n = 1};
	const struct yaml_node *entries = yaml_get(data, "failures");
	struct matched m = {.lines = &lines};
	struct place place;
	json *found;

	for (size_t i = 0; entries && i < entries->n && !m.entry; i++)
		if (!yaml_get(entries->items[i], "pattern") &&
		    diagnosis_for_language(entries->items[i], in->language) &&
		    applies(entries->items[i], in))
			m.entry = entries->items[i];
	if (!m.entry)
		return NULL;
	diagnosis_place(in, data, &m, &place);
	found = diagnosis_tell(in, &m, &place);
	place_release(&place);
	return found;
}

int
diagnosis_find(const struct diagnosis_input *in, json **found, struct err *err)
{
	autofree char *path = runtime_data_path("diagnosis.yaml", err);
	struct yaml *y = path ? yaml_parse_file(path, err) : NULL;
	struct diagnosis_input of = *in;

	*found = NULL;
	if (!y)
		return -1;
	of.language = only_language(yaml_root(y), in->language);
	*found = search(&of, yaml_root(y), in->err);
	if (!*found)
		*found = search(&of, yaml_root(y), in->out);
	if (!*found)
		*found = find_without_line(&of, yaml_root(y));
	yaml_doc_free(y);
	return 0;
}
