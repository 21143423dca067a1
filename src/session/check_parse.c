/* Parsers and linters of an environment, and what they say. */
#include "session/check_impl.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "session/env_source.h"

#define OUTPUT_MAX_BYTES (8u << 20) /* of a parser */
#define PROGRAM_MAX_BYTES (96u << 10) /* one word of execve(2) has 128 KiB */
#define BATCH_TEXTS 200
#define BATCH_BYTES (8u << 20)
#define BATCH_PARTS 16	/* of one that failed */
#define FAILED_RUNS_MAX 4 /* times the timeout, that may be lost with that */

/* One call of a command, and what it wrote. */
struct saying {
	struct strbuf out, both;
	struct verdict v;
};

static void
on_out(void *arg, int fd, const void *p, size_t n, bool tail)
{
	struct saying *say = arg;

	if (fd == 1)
		strbuf_add(&say->out, p, n);
	strbuf_add(&say->both, p, n);
}

static void
saying_release(struct saying *say)
{
	strbuf_release(&say->out);
	strbuf_release(&say->both);
	verdict_release(&say->v);
}

/* What a program of ours is, read each time: it is small, and may be edited
   beside a shell that is open. */
static int
read_program(const char *name, struct strbuf *text, struct err *err)
{
	autofree char *below = xasprintf("checks/%s", name);
	autofree char *path = runtime_data_path(below, err);

	return path ? io_read_file(path, text, PROGRAM_MAX_BYTES, err) : -1;
}

struct mark {
	const char *name, *value;
};

/* A word of a command with what its mark, if it has one, stands for. */
static void
push_word(struct strvec *argv, const char *word, const struct mark *marks)
{
	for (; marks->name; marks++) {
		const char *at = strstr(word, marks->name);

		if (!at)
			continue;
		strvec_pushf(argv, "%.*s%s%s", (int)(at - word), word,
		    marks->value, at + strlen(marks->name));
		return;
	}
	strvec_push(argv, word);
}

/* Where a file lies that is one of the environment: what it includes may be
   beside it. */
static char *
dir_of(const struct checking *c, const char *file)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	const char *top = env_spec_workspace(&c->env->spec);

	if (!slash || *file == '/')
		return xstrdup(top);
	return xasprintf("%s/%.*s", top, (int)(slash - file), file);
}

static void
expand(const struct check_language *l, const struct check_command *command,
    const struct strbuf *program, const char *path, const char *dir,
    struct strvec *argv)
{
	autobuf struct strbuf calls = STRBUF_INIT, names = STRBUF_INIT;

	check_rules_words(l, &calls, &names);
	const struct mark marks[] = {{"{program_file}", path},
	    {"{program}", program->buf}, {"{calls}", calls.buf},
	    {"{names}", names.buf}, {"{dir}", dir}, {0}};

	for (size_t i = 0; i < command->argv.n; i++)
		push_word(argv, command->argv.v[i], marks);
}

static bool
needs_file(const struct check_command *command)
{
	for (size_t i = 0; i < command->argv.n; i++)
		if (strstr(command->argv.v[i], "{program_file}"))
			return true;
	return false;
}

/* Where a program lies for one call; nobody knows it before. */
static char *
program_dir(void)
{
	autofree char *name = io_random_hex(16);

	return xasprintf("/tmp/.addesh-check-%s", name);
}

/* Nothing is said if it stays: the call has its answer. */
static void
remove_program(struct checking *c, const char *dir)
{
	struct saying say = {STRBUF_INIT, STRBUF_INIT, VERDICT_INIT};
	struct box_sink sink = {.out = on_out, .arg = &say};
	struct run_spec run = RUN_SPEC_INIT;
	autoerr struct err ignored = ERR_INIT;

	strvec_push(&run.argv, "rm");
	strvec_push(&run.argv, "-rf");
	strvec_push(&run.argv, dir);
	env_add_path(c->env, false, &run.env);
	run.cwd = "/";
	run.timeout_ms = policy_num(c->s->policy, SET_TIMEOUT);
	run.output_max = OUTPUT_MAX_BYTES;
	box_run(c->env->box, &run, &sink, &say.v, &ignored);
	run_spec_release(&run);
	saying_release(&say);
}

static void
set_env(struct checking *c, struct run_spec *run)
{
	/* What it says is read here, whatever language people read. */
	strvec_push(&run->env, "LC_ALL=C.UTF-8");
	strvec_push(&run->env, "LANGUAGE=C");
	/* What a program left in its HOME is not run by a linter. */
	strvec_push(&run->env, "PYTHONNOUSERSITE=1");
	env_add_path(c->env, false, &run->env);
}

/* 0, or -1 where it did not end by itself or by its limits. */
static int
run_command(struct checking *c, const struct run_spec *run, struct saying *say)
{
	struct box_sink sink = {.out = on_out, .arg = say};

	if (*c->s->interrupts)
		return err_set(c->err, ERR_INTERRUPTED, "interrupted");
	if (box_run(c->env->box, run, &sink, &say->v, c->err))
		return -1;
	if (say->v.cancelled)
		return err_set(c->err, ERR_INTERRUPTED, "interrupted");
	if (say->v.lost)
		return err_set(c->err, ERR_SANDBOX, "%s was lost: %s",
		    c->env->spec.name, say->v.why.buf);
	return 0;
}

/* Runs a command with this, which may be a file, on its standard input. */
static int
call(struct checking *c, const struct check_language *l,
    const struct check_command *command, const char *file,
    const struct strbuf *input, struct saying *say)
{
	struct run_spec run = RUN_SPEC_INIT;
	autobuf struct strbuf program = STRBUF_INIT;
	autofree char *dir = program_dir(), *beside = dir_of(c, file);
	autofree char *path = xasprintf("%s/%s", dir,
	    command->program ? command->program : "");
	int rc;

	if (command->program && read_program(command->program, &program, c->err))
		return -1;
	expand(l, command, &program, path, beside, &run.argv);
	set_env(c, &run);
	if (needs_file(command)) {
		run.program_path = path;
		run.program_data = program.buf;
		run.program_len = program.len;
	}
	run.cwd = "/";
	run.stdin_kind = STDIN_BYTES;
	run.stdin_data = input->buf;
	run.stdin_len = input->len;
	run.timeout_ms = policy_num(c->s->policy, SET_TIMEOUT);
	run.output_max = OUTPUT_MAX_BYTES;
	rc = run_command(c, &run, say);
	if (run.program_path)
		remove_program(c, dir);
	run_spec_release(&run);
	return rc;
}

/* Why a call came to nothing, the caller's; NULL: it ended by itself. */
static char *
trouble_of(const struct saying *say, const char *program)
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

static bool
is_missing(const struct saying *say)
{
	return say->v.exec_errno == ENOENT || say->v.exec_errno == EACCES ||
	       say->v.exit_code == 127;
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
    struct check_text **texts, size_t n, struct saying *say)
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
	struct saying say = {STRBUF_INIT, STRBUF_INIT, VERDICT_INIT};
	int64_t began = clock_ms();
	int rc;

	for (size_t i = 0; i < n; i++) {
		strbuf_addf(&input, "%zu\n", texts[i]->n);
		strbuf_add(&input, texts[i]->text, texts[i]->n);
	}
	rc = call(c, texts[0]->language, command, NULL, &input, &say);
	if (!rc && is_missing(&say))
		rc = 1;
	else if (!rc)
		*trouble = read_facts(c, command, texts, n, &say);
	if (*trouble)
		c->failed_ms += (uint64_t)(clock_ms() - began);
	saying_release(&say);
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
    struct check_text *text, bool lint, struct saying *say)
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
	struct saying say = {STRBUF_INIT, STRBUF_INIT, VERDICT_INIT};
	int rc;

	if (!command->without.n ||
	    !check_text_without(&text->language->lexis, text->text, text->n,
		&command->without, &input)) {
		strbuf_reset(&input);
		strbuf_add(&input, text->text, text->n);
	}
	rc = call(c, text->language, command, text->in->name, &input, &say);
	if (!rc && is_missing(&say))
		rc = 1;
	else if (!rc)
		read_lines(c, command, text, lint, &say);
	saying_release(&say);
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
