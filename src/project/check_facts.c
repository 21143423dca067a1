#include "project/check_facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "base/xalloc.h"

#define WORDS_MAX (CHECK_ARGS_MAX + 8)

/* Divides a line at its tabs, in place; what is too much stays away. */
static size_t
divide(char *line, char **words)
{
	size_t n = 0;

	while (line && n < WORDS_MAX)
		words[n++] = strsep(&line, "\t");
	return n;
}

static unsigned
number(const char *word)
{
	unsigned long n = strtoul(word, NULL, 10);

	return n < 100000000 ? (unsigned)n : 0;
}

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void
decode(const char *hex, struct strbuf *out)
{
	for (; digit(hex[0]) >= 0 && digit(hex[1]) >= 0; hex += 2)
		strbuf_addc(out, (char)(digit(hex[0]) << 4 | digit(hex[1])));
}

struct reading {
	check_fact_fn *fn;
	void *arg;
	size_t texts, n; /* that have begun, that there are */
	struct strbuf value;
};

static bool
tell(struct reading *r, char **w, size_t n)
{
	struct check_fact f = {.kind = w[0][0]};
	bool placed = strchr("ecains", f.kind) != NULL;

	if (!r->texts || !f.kind || w[0][1] || n < (placed ? 4 : 1))
		return false;
	if (placed) {
		f.line = number(w[1]);
		f.column = number(w[2]);
		f.name = w[3];
	}
	if (f.kind == 's' && n > 4) {
		strbuf_reset(&r->value);
		decode(w[4], &r->value);
		f.value = r->value.buf;
		f.n = r->value.len;
	} else if (f.kind == 'e' || (f.kind == 'k' && n > 1)) {
		f.value = w[placed ? 3 : 1];
		f.n = strlen(f.value);
	} else if (f.kind == 'c') {
		f.constant = n > 4 && w[4][0] == '1';
		for (size_t i = 5; i < n && i - 5 < CHECK_ARGS_MAX; i++)
			f.args[i - 5] = w[i];
	} else if (!strchr("uain", f.kind)) {
		return false;
	}
	if (r->fn)
		r->fn(r->arg, r->texts - 1, &f);
	return true;
}

/* What was written, as one string whatever bytes are in it. */
static char *
copy_of(const struct strbuf *out)
{
	char *copy = xmemdup(out->buf, out->len + 1);

	for (char *s = copy; (s = memchr(s, 0, (size_t)(copy + out->len - s)));)
		*s = ' ';
	return copy;
}

bool
check_facts_read(
    const struct strbuf *out, size_t n, check_fact_fn *fn, void *arg)
{
	autofree char *copy = copy_of(out);
	struct reading r = {fn, arg, 0, n, STRBUF_INIT};
	char *rest = copy, *line, *words[WORDS_MAX];
	bool good = true, ended = false;

	while (good && !ended && (line = strsep(&rest, "\n"))) {
		size_t count = divide(line, words);

		if (!strcmp(words[0], "end"))
			ended = true;
		else if (!strcmp(words[0], "f"))
			good = r.texts++ < n;
		else
			good = tell(&r, words, count);
	}
	strbuf_release(&r.value);
	/* Nothing follows the end, or it was none. */
	return good && ended && (!rest || !*rest) && r.texts == n;
}

static void
add_last(const struct strvec *names, struct strbuf *out)
{
	for (size_t i = 0; i < names->n; i++) {
		const char *dot = strrchr(names->v[i], '.');

		strbuf_addf(out, "%s%s", out->len ? " " : "",
		    dot ? dot + 1 : names->v[i]);
	}
}

void
check_rules_words(const struct check_language *l, struct strbuf *calls,
    struct strbuf *names)
{
	for (size_t i = 0; i < l->n_rules; i++) {
		add_last(&l->rules[i].calls, calls);
		add_last(&l->rules[i].names, names);
	}
}

static bool
has_argument(const struct check_fact *f, const char *pattern)
{
	for (size_t i = 0; f->args[i]; i++)
		if (glob_match(pattern, f->args[i]))
			return true;
	return false;
}

static bool
matches(const struct check_rule *rule, const struct check_fact *f)
{
	const struct strvec *names = f->kind == 'c' ? &rule->calls
				     : f->kind == 'a' ? &rule->sets
				     : f->kind == 'i' ? &rule->imports
						      : &rule->names;

	if (!glob_match_any(names, f->name) || (rule->not_before && f->next &&
				strchr(rule->not_before, f->next)))
		return false;
	if (f->kind == 'c' && rule->with && !has_argument(f, rule->with))
		return false;
	for (size_t i = 0; i < rule->unless.n; i++)
		if (has_argument(f, rule->unless.v[i]))
			return false;
	return true;
}

/* The secret itself is not said again. */
static void
find_secret(const struct check_fact *f, const char *file, bool by_text,
    struct check_findings *findings)
{
	bool named = f->name && strcmp(f->name, "-");
	autofree char *text = NULL;
	int severity = f->value
			   ? check_secret(named ? f->name : NULL, f->value, f->n)
			   : -1;

	if (severity < 0)
		return;
	text = named ? xasprintf("a secret stands in the code: %s", f->name)
		     : xstrdup("a secret stands in the code");
	check_add(findings, CHECK_SECURITY, "secret",
	    (enum check_severity)severity, file, f->line, f->column, text,
	    "take it from a variable of the environment:  env new -e NAME")
	    ->by_text = by_text;
}

void
check_fact_find(const struct check_language *l, const struct check_fact *f,
    const char *file, bool by_text, struct check_findings *findings)
{
	if (f->kind == 's')
		find_secret(f, file, by_text, findings);
	if (!strchr("cain", f->kind))
		return;
	for (size_t i = 0; i < l->n_rules; i++) {
		const struct check_rule *rule = &l->rules[i];
		autofree char *text = NULL;

		if (!matches(rule, f))
			continue;
		text = xasprintf("%s: %s", f->name, rule->message);
		check_add(findings, CHECK_SECURITY, rule->name,
		    f->constant ? rule->constant : rule->severity,
		    file, f->line, f->column, text, rule->remedy)
		    ->by_text = by_text;
	}
}
