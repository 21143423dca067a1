/* Programs of an environment that look at texts: how they are called. */
#include "session/check_impl.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/loop.h"
#include "session/env_source.h"

#define OUTPUT_MAX_BYTES (8u << 20) /* of a parser; a compiled program */
#define PROGRAM_MAX_BYTES (96u << 10) /* one word of execve(2) has 128 KiB */
#define TELL_MS 200

static void
on_out(void *arg, int fd, const void *p, size_t n, bool tail)
{
	struct check_saying *say = arg;

	if (fd == 1)
		strbuf_add(&say->out, p, n);
	strbuf_add(&say->both, p, n);
}

void
check_saying_release(struct check_saying *say)
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

/* ---- words of a command ---- */

struct mark {
	const char *name, *value;
};

/* A word with what its mark, if it has one, stands for. */
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

static bool
has_mark(const struct strvec *words, const char *name)
{
	for (size_t i = 0; i < words->n; i++)
		if (strstr(words->v[i], name))
			return true;
	return false;
}

/* A command as it is called: with a file of ours or without. */
struct asking {
	struct strvec argv;
	char *dir, *path; /* of the file; NULL: there is none */
	const struct strbuf *program;
};

static void
asking_release(struct asking *a)
{
	strvec_release(&a->argv);
	free(a->dir);
	free(a->path);
}

/* Nobody knows before where the program lies. */
static void
asking_init(struct asking *a, const struct checking *c,
    const struct check_language *l, const struct strvec *words,
    const char *name, const struct strbuf *program, const char *file)
{
	autobuf struct strbuf calls = STRBUF_INIT, names = STRBUF_INIT;
	autofree char *hex = io_random_hex(16), *beside = dir_of(c, file);

	*a = (struct asking){.argv = STRVEC_INIT, .program = program};
	if (has_mark(words, "{program_file}")) {
		a->dir = xasprintf("/tmp/.addesh-check-%s", hex);
		a->path = xasprintf("%s/%s", a->dir, name);
	}
	check_rules_words(l, &calls, &names);
	const struct mark marks[] = {{"{program_file}", a->path},
	    {"{program}", program->buf}, {"{calls}", calls.buf},
	    {"{names}", names.buf}, {"{dir}", beside}, {0}};
	for (size_t i = 0; i < words->n; i++)
		push_word(&a->argv, words->v[i], marks);
}

/* ---- the call ---- */

static void
set_env(struct checking *c, struct run_spec *run)
{
	/* What it says is read here, whatever language people read. */
	strvec_push(&run->env, "LC_ALL=C.UTF-8");
	strvec_push(&run->env, "LANGUAGE=C");
	/* What a program left in its HOME is not run by a linter. */
	strvec_push(&run->env, "PYTHONNOUSERSITE=1");
	env_add_path(c->env, false, &run->env);
	run->cwd = "/";
	run->timeout_ms = policy_num(c->s->policy, SET_TIMEOUT);
	run->output_max = OUTPUT_MAX_BYTES;
}

/* Nothing is said if it stays: the call has its answer. */
static void
remove_program(struct checking *c, const char *dir)
{
	struct check_saying say = CHECK_SAYING_INIT;
	struct box_sink sink = {.out = on_out, .arg = &say};
	struct run_spec run = RUN_SPEC_INIT;
	autoerr struct err ignored = ERR_INIT;

	strvec_push(&run.argv, "rm");
	strvec_push(&run.argv, "-rf");
	strvec_push(&run.argv, dir);
	set_env(c, &run);
	box_run(c->env->box, &run, &sink, &say.v, &ignored);
	run_spec_release(&run);
	check_saying_release(&say);
}

/* 0, or -1 where it did not end by itself or by its limits. */
static int
run_command(struct checking *c, const struct run_spec *run,
    struct check_saying *say)
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

static bool
is_missing(const struct check_saying *say)
{
	return say->v.exec_errno == ENOENT || say->v.exec_errno == EACCES ||
	       say->v.exit_code == 127;
}

/* 1: it is not there. */
static int
call(struct checking *c, struct asking *a, mode_t mode,
    const struct strbuf *input, struct check_saying *say)
{
	struct run_spec run = RUN_SPEC_INIT;
	int rc;

	run.argv = a->argv;
	strvec_init(&a->argv);
	set_env(c, &run);
	if (a->path) {
		run.program_path = a->path;
		run.program_data = a->program->buf;
		run.program_len = a->program->len;
		run.program_mode = mode;
	}
	run.stdin_kind = STDIN_BYTES;
	run.stdin_data = input->buf;
	run.stdin_len = input->len;
	rc = run_command(c, &run, say);
	if (a->path)
		remove_program(c, a->dir);
	run_spec_release(&run);
	return rc < 0 ? rc : is_missing(say);
}

/* ---- a program that is compiled ---- */

/* Nobody watches seconds pass without a word. */
struct patience {
	const struct session_events *ev;
	struct loop_timer *timer;
	char *text;
};

static void
on_time(void *arg)
{
	struct patience *p = arg;

	p->ev->event(p->ev->arg, "compile", p->text);
	loop_timer_set(p->timer, clock_ms() + TELL_MS);
}

static void
patience_begin(struct patience *p, const struct checking *c,
    const struct check_language *l)
{
	*p = (struct patience){.ev = c->ev};
	if (!c->ev)
		return;
	p->text = xasprintf("compiling what reads %s, once for %s", l->name,
	    c->env->spec.name);
	p->timer = loop_timer_add(c->s->loop, clock_ms(), on_time, p);
}

static void
patience_end(struct patience *p)
{
	loop_timer_remove(p->timer);
	free(p->text);
}

/* 1: its compiler is not there.  An empty result: it could not. */
static int
compile(struct checking *c, const struct check_language *l,
    const struct check_command *command, const struct strbuf *source,
    struct strbuf *result)
{
	static const struct strbuf nothing = STRBUF_INIT;
	struct check_saying say = CHECK_SAYING_INIT;
	struct patience waiting;
	struct asking a;
	int rc;

	asking_init(&a, c, l, &command->build, command->program, source, NULL);
	patience_begin(&waiting, c, l);
	rc = call(c, &a, 0, &nothing, &say);
	patience_end(&waiting);
	if (!rc && say.v.exited && !say.v.exit_code && !say.v.out_truncated)
		strbuf_add(result, say.out.buf, say.out.len);
	asking_release(&a);
	check_saying_release(&say);
	return rc;
}

/* It takes the place of its source.  1: there is none. */
static int
use_compiled(struct checking *c, const struct check_language *l,
    const struct check_command *command, struct strbuf *program)
{
	autobuf struct strbuf result = STRBUF_INIT;
	int rc = 0;

	if (!check_built_find(c, command->program, program, &result)) {
		/* What only reads is quicker than any compiler. */
		if (!check_wants(c, CHECK_SECURITY))
			return 1;
		rc = compile(c, l, command, program, &result);
		if (!rc)
			check_built_keep(c, command->program, program, &result);
	}
	strbuf_reset(program);
	strbuf_add(program, result.buf, result.len);
	return rc ? rc : !program->len;
}

int
check_call(struct checking *c, const struct check_language *l,
    const struct check_command *command, const char *file,
    const struct strbuf *input, struct check_saying *say)
{
	autobuf struct strbuf program = STRBUF_INIT;
	struct asking a;
	int rc = 0;

	if (command->program)
		rc = read_program(command->program, &program, c->err);
	if (!rc && command->build.n)
		rc = use_compiled(c, l, command, &program);
	if (rc)
		return rc;
	asking_init(&a, c, l, &command->argv, command->program, &program, file);
	rc = call(c, &a, command->build.n ? 0755 : 0, input, say);
	asking_release(&a);
	return rc;
}
