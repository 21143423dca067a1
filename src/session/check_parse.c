/* Parsers and linters of an environment, and what they say. */
#include "session/check_impl.h"

#include <string.h>

#include "base/clock.h"

#define BATCH_TEXTS 200
#define BATCH_BYTES (8u << 20)
#define BATCH_PARTS 16	/* of one that failed */
#define FAILED_RUNS_MAX 4 /* times the timeout, that may be lost with that */

/* Why a call came to nothing, the caller's; NULL: it ended by itself. */
static char *
trouble_of(const struct check_saying *say, const char *program)
{
	const struct verdict *v = &say->v;

	if (v->timed_out)
		return xasprintf("%s took longer than a run may", program);
	if (v->oom == OOM_YES)
		return xasprintf("%s had too little memory", program);
	if (v->exec_errno)
		return xasprintf("%s: %s", program, strerror(v->exec_errno));
	if (v->signal)
		return xasprintf("%s died of signal %d", program, v->signal);
	if (v->out_truncated || v->err_truncated)
		return xasprintf("%s wrote too much", program);
	return NULL;
}

/* ---- programs of ours: many texts at once ---- */

struct telling {
	struct checking *c;
	struct check_text **texts;
};

static void
on_fact(void *arg, size_t at, const struct check_fact *f)
{
	struct telling *t = arg;
	struct check_text *text = t->texts[at];
	struct check_findings *findings = &t->c->out->findings;

	if (f->kind == 'k') {
		if (check_wants(t->c, CHECK_SYNTAX))
			check_not_done(t->c, CHECK_SYNTAX, text->in->name,
			    f->value);
	} else if (f->kind == 'u') {
		text->told = false;
	} else if (f->kind == 'e') {
		text->told = false;
		if (check_wants(t->c, CHECK_SYNTAX))
			check_add(findings, CHECK_SYNTAX, "syntax", CHECK_ERROR,
			    text->in->name, f->line, f->column, f->value, NULL);
	} else if (check_wants(t->c, CHECK_SECURITY)) {
		check_fact_find(text->language, f, text->in->name, false,
		    findings);
	}
}

/* The caller's, NULL: all of the texts were told of. */
static char *
read_facts(struct checking *c, const struct check_command *command,
    struct check_text **texts, size_t n, struct check_saying *say)
{
	struct telling t = {c, texts};
	char *trouble = trouble_of(say, command->argv.v[0]);

	if (trouble)
		return trouble;
	/* Of what is not whole nothing is taken: they may be asked again. */
	if (!check_facts_read(&say->out, n, NULL, NULL))
		return xasprintf("%s failed: %.200s", command->argv.v[0],
		    say->both.len ? say->both.buf : "it said nothing");
	for (size_t i = 0; i < n; i++)
		texts[i]->told = true;
	check_facts_read(&say->out, n, on_fact, &t);
	return NULL;
}

static void
none_told(struct checking *c, struct check_text **texts, size_t n,
    const char *why)
{
	static const enum check_layer layers[] = {
	    CHECK_SYNTAX, CHECK_SECURITY};

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(layers); k++)
			if (check_wants(c, layers[k]))
				check_not_done(
				    c, layers[k], texts[i]->in->name, why);
}

/* 1: the command is not there.  *trouble: why they were not told of. */
static int
ask(struct checking *c, const struct check_command *command,
    struct check_text **texts, size_t n, char **trouble)
{
	autobuf struct strbuf input = STRBUF_INIT;
	struct check_saying say = CHECK_SAYING_INIT;
	int64_t began = clock_ms();
	int rc;

	for (size_t i = 0; i < n; i++) {
		strbuf_addf(&input, "%zu\n", texts[i]->n);
		strbuf_add(&input, texts[i]->text, texts[i]->n);
	}
	rc = check_call(
	    c, texts[0]->language, command, NULL, &input, &say);
	if (!rc)
		*trouble = read_facts(c, command, texts, n, &say);
	if (*trouble)
		c->failed_ms += (uint64_t)(clock_ms() - began);
	check_saying_release(&say);
	return rc;
}

static bool
may_fail_again(const struct checking *c)
{
	return c->failed_ms <
	       FAILED_RUNS_MAX * policy_num(c->s->policy, SET_TIMEOUT);
}

/* 1: the command is not there.  When it fails, one text may be why: the others
   do not go without for that. */
static int
parse_batch(struct checking *c, const struct check_command *command,
    struct check_text **texts, size_t n)
{
	size_t part = (n + BATCH_PARTS - 1) / BATCH_PARTS;
	autofree char *trouble = NULL;
	int rc = ask(c, command, texts, n, &trouble);

	if (rc || !trouble)
		return rc;
	if (n == 1 || !may_fail_again(c)) {
		none_told(c, texts, n, trouble);
		return 0;
	}
	for (size_t i = 0; i < n && rc >= 0; i += part) {
		size_t count = n - i < part ? n - i : part;

		rc = parse_batch(c, command, texts + i, count);
		if (rc > 0) /* it is there no more */
			none_told(c, texts + i, count, trouble);
	}
	return rc < 0 ? rc : 0;
}

static int
parse_all(struct checking *c, const struct check_command *command,
    struct check_text **texts, size_t n)
{
	for (size_t from = 0, to; from < n; from = to) {
		size_t bytes = 0;
		int rc;

		for (to = from; to < n && to - from < BATCH_TEXTS; to++) {
			if (to > from && bytes + texts[to]->n > BATCH_BYTES)
				break;
			bytes += texts[to]->n;
		}
		rc = parse_batch(c, command, texts + from, to - from);
		if (rc)
			return rc;
	}
	return 0;
}

/* ---- commands that complain in lines: one text each ---- */

static void
read_lines(struct checking *c, const struct check_command *command,
    struct check_text *text, bool lint, struct check_saying *say)
{
	const char *program = command->argv.v[0];
	enum check_layer layer = lint ? CHECK_LINT : CHECK_SYNTAX;
	autofree char *trouble = trouble_of(say, program), *missing = NULL;
	size_t n;

	if (trouble) {
		check_not_done(c, layer, text->in->name, trouble);
		return;
	}
	n = check_lines_find(command, &say->both, text->in->name, lint,
	    &c->out->findings, &missing);
	if (n || !say->v.exit_code)
		return;
	if (!lint || missing || command->warnings.n) {
		trouble = missing ? xasprintf("no more was checked: %s", missing)
				  : xasprintf("%s failed: %.200s", program,
					say->both.buf);
		check_not_done(c, layer, text->in->name, trouble);
		return;
	}
	trouble = check_lines_otherwise(command);
	check_add(&c->out->findings, CHECK_LINT, command->name, CHECK_WARNING,
	    text->in->name, 0, 0, trouble, NULL);
}

static int
parse_one(struct checking *c, const struct check_command *command,
    struct check_text *text, bool lint)
{
	autobuf struct strbuf input = STRBUF_INIT;
	struct check_saying say = CHECK_SAYING_INIT;
	int rc;

	if (!command->without.n ||
	    !check_text_without(&text->language->lexis, text->text, text->n,
		&command->without, &input)) {
		strbuf_reset(&input);
		strbuf_add(&input, text->text, text->n);
	}
	rc = check_call(
	    c, text->language, command, text->in->name, &input, &say);
	if (!rc)
		read_lines(c, command, text, lint, &say);
	check_saying_release(&say);
	return rc;
}

static int
parse_each(struct checking *c, const struct check_command *command,
    struct check_text **texts, size_t n, bool lint)
{
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++)
		rc = parse_one(c, command, texts[i], lint);
	return rc;
}

int
check_parse(struct checking *c, struct check_text **texts, size_t n)
{
	const struct check_language *l = texts[0]->language;
	autofree char *why = NULL;

	for (size_t i = 0; i < l->n_parsers; i++) {
		const struct check_command *command = &l->parsers[i];
		int rc;

		/* These tell nothing but whether it is of their language. */
		if (!command->program && !check_wants(c, CHECK_SYNTAX))
			continue;
		rc = command->program ? parse_all(c, command, texts, n)
				      : parse_each(c, command, texts, n, false);
		if (!rc)
			check_done(c, CHECK_SYNTAX);
		if (rc <= 0)
			return rc;
	}
	if (!check_wants(c, CHECK_SYNTAX) || !l->n_parsers)
		return 0;
	why = xasprintf("%s has nothing that reads %s", c->env->spec.name,
	    l->name);
	for (size_t i = 0; i < n; i++)
		check_not_done(c, CHECK_SYNTAX, texts[i]->in->name, why);
	return 0;
}

int
check_lint(struct checking *c, struct check_text **texts, size_t n)
{
	const struct check_language *l = texts[0]->language;
	autofree char *why = NULL, *more = NULL;
	bool any = false;

	for (size_t i = 0; i < l->n_linters; i++) {
		int rc = parse_each(c, &l->linters[i], texts, n, true);

		if (rc < 0)
			return rc;
		any |= !rc;
	}
	if (any)
		check_done(c, CHECK_LINT);
	if (any || !l->needs_parser)
		return 0;
	if (n > 1)
		more = xasprintf(", for this and %zu more files", n - 1);
	why = xasprintf("%s has no linter of %s that is known here%s",
	    c->env->spec.name, l->name, n > 1 ? more : "");
	check_not_done(c, CHECK_LINT, texts[0]->in->name, why);
	return 0;
}
