/*
 * Texts that are checked without a parser, what parsers and compilers say of
 * them, and the rules for that.  The first byte says which, the second is the
 * language: 'a' is the first of checks.yaml.
 */
#include <sys/mman.h>

#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "project/check_lines.h"
#include "project/check_text.h"

#include "fuzz.h"

static struct check_rules *rules;

static void
load_rules(void)
{
	autoerr struct err err = ERR_INIT;

	if (rules)
		return;
	rules = check_rules_load(NULL, &err);
	if (!rules) {
		printf("Bail out! %s\n", err.msg.buf);
		abort();
	}
}

struct seen {
	const struct check_language *l;
	struct check_findings findings;
	size_t n; /* bytes of the text */
	size_t texts;
};

static void
on_fact(void *arg, size_t text, const struct check_fact *f)
{
	struct seen *s = arg;

	require(text < s->texts && strchr("ecainsuk", f->kind));
	require(!s->n || (f->line && f->line <= s->n + 1 && f->column));
	check_fact_find(s->l, f, "file", true, &s->findings);
}

/* Each byte keeps its place, and no newline goes. */
static void
check_blank(const char *s, const struct strbuf *out, size_t n)
{
	require(out->len == n);
	for (size_t i = 0; i < n; i++)
		require(out->buf[i] == s[i] ||
			(out->buf[i] == ' ' && s[i] != '\n'));
}

/* All of the text, in its order. */
static void
on_part(void *arg, enum check_part part, const char *p, size_t n)
{
	const char **at = arg;

	require(p == *at && n && part <= CHECK_PART_OTHER);
	*at += n;
}

/* No line goes, and none is new. */
static void
check_without(const struct check_language *l, const char *s, size_t n)
{
	autovec struct strvec words = STRVEC_INIT;
	autobuf struct strbuf out = STRBUF_INIT;

	strvec_push(&words, "line");
	check_text_without(&l->lexis, s, n, &words, &out);
	require(out.len <= n);
}

static void
look_at_text(const struct check_language *l, const char *s, size_t n)
{
	struct seen seen = {.l = l, .n = n, .texts = 1};
	struct strbuf *scripts;
	const char *at = s;
	size_t count;

	check_text_parts(&l->lexis, s, n, on_part, &at);
	require(at == s + n);
	check_text_facts(l, s, n, on_fact, &seen);
	for (int strings = 0; strings < 2; strings++) {
		autobuf struct strbuf out = STRBUF_INIT;

		check_text_blank(&l->lexis, s, n, strings, &out);
		check_blank(s, &out, n);
	}
	check_without(l, s, n);
	check_structure_find(
	    rules, &l->lexis, "index.html", s, n, &seen.findings);
	check_text_scripts(s, n, &scripts, &count);
	for (size_t i = 0; i < count; i++) {
		require(scripts[i].len <= n);
		strbuf_release(&scripts[i]);
	}
	free(scripts);
	check_findings_sort(&seen.findings);
	check_findings_release(&seen.findings);
}

static void
read_said(const struct check_language *l, const struct strbuf *text)
{
	struct seen seen = {.l = l, .texts = 2};

	check_facts_read(text, 2, on_fact, &seen);
	check_findings_release(&seen.findings);
}

static void
read_lines(const struct check_language *l, const struct strbuf *text)
{
	for (size_t i = 0; i < l->n_parsers + l->n_linters; i++) {
		bool lint = i >= l->n_parsers;
		struct check_findings findings = {0};
		autofree char *missing = NULL;

		check_lines_find(lint ? &l->linters[i - l->n_parsers]
				      : &l->parsers[i],
		    text, "file", lint, &findings, &missing);
		check_findings_release(&findings);
	}
}

static void
read_rules(const char *s, size_t n)
{
	autoclose int fd = memfd_create("checks", MFD_CLOEXEC);
	autofree char *path = xasprintf("/proc/self/fd/%d", fd);
	autoerr struct err err = ERR_INIT;
	autobuf struct strbuf calls = STRBUF_INIT, names = STRBUF_INIT;
	struct check_rules *r;

	require(fd >= 0 && !io_write_all(fd, s, n));
	r = check_rules_load(path, &err);
	for (size_t i = 0; r && i < r->n_languages; i++)
		check_rules_words(&r->languages[i], &calls, &names);
	check_rules_free(r);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	autobuf struct strbuf text = STRBUF_INIT;
	const struct check_language *l;

	load_rules();
	if (size < 2)
		return 0;
	l = &rules->languages[(unsigned char)(data[1] - 'a') %
	    rules->n_languages];
	strbuf_add(&text, data + 2, size - 2);
	switch (data[0] % 4) {
	case 0:
		look_at_text(l, text.buf, text.len);
		break;
	case 1:
		read_said(l, &text);
		break;
	case 2:
		read_lines(l, &text);
		break;
	default:
		read_rules(text.buf, text.len);
	}
	return 0;
}
