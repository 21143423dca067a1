/* Why a program failed, in a sentence, and what to do about it. */
#include "session/execute_impl.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "session/diagnosis.h"
#include "session/project.h"

void
explain_missing(struct execution *x)
{
	const struct language_choice *c = x->p->choice;
	autobuf struct strbuf programs = STRBUF_INIT;
	const char *image = x->env->spec.image;
	struct err *note = &x->r->note;
	autofree char *suggestion = NULL;

	if (c)
		language_add_programs(c, &programs);
	else
		strbuf_adds(&programs, x->p->args.v[0]);
	err_set(note, ERR_SANDBOX, "%s is missing in this environment (%s)",
	    programs.buf, image ? image : "restricted");
	if (!c && strpbrk(programs.buf, " |&;<>*"))
		err_hint(note, "no shell reads the words unless asked:  exec "
		    "-- sh -c '%s'", programs.buf);
	else if (x->env->spec.kind == BOX_RESTRICTED)
		err_hint(note, "the programs are this host's: install it "
		    "here, or use an engine (doctor)");
	else if (c && c->language && c->language->image)
		suggestion = xasprintf("env new %s", c->language->image);
	if (suggestion)
		err_hint(note, "an image that has it:  %s", suggestion);
	result_diagnose(x->r, "interpreter_missing", suggestion);
}

/* Elsewhere nobody but the image's maker can make a file executable. */
static bool
is_users(const char *path)
{
	return *path != '/' || str_starts(path, SANDBOX_WORKSPACE "/") ||
	    str_starts(path, "/tmp/");
}

/* It is there, and the kernel would not execute it. */
static void
note_not_started(struct execution *x)
{
	struct err *note = &x->r->note;
	const char *name =
	    x->p->choice ? "the interpreter" : x->p->args.v[0];
	autobuf struct strbuf suggestion = STRBUF_INIT;

	err_set(note, ERR_SANDBOX, "%s cannot be executed: %s", name,
	    strerror(x->r->exec_errno));
	if (x->r->exec_errno == E2BIG)
		err_hint(note, "one argument has at most 128 KB; "
		    "give the text in a file:  put FILE");
	else if (x->r->exec_errno == ENOEXEC)
		err_hint(note, "it is no program for this machine, and no "
		    "script that begins with #!");
	else if (x->r->exec_errno == EACCES && !x->p->choice &&
	    is_users(name)) {
		strbuf_adds(&suggestion, "exec chmod +x ");
		strbuf_add_word(&suggestion, name);
	}
	if (suggestion.len)
		err_hint(note, "try:  %s", suggestion.buf);
	result_diagnose(x->r, "not_executable",
	    suggestion.len ? suggestion.buf : NULL);
}

static void
note_timeout(struct execution *x)
{
	autobuf struct strbuf limit = STRBUF_INIT, twice = STRBUF_INIT;
	const char *command = x->p->command ? x->p->command
	    : x->p->choice ? "run" : "exec";
	const char *setting = x->p->timeout_setting ? x->p->timeout_setting
	    : x->env->project ? "project.timeout" : "timeout";
	autofree char *suggestion = NULL;

	if (!x->p->timeout_ms) {
		err_set(&x->r->note, ERR_TIMEOUT,
		    "the time limit it was started with was over");
		return;
	}
	units_add_duration_exact(&limit, x->p->timeout_ms);
	units_add_duration_exact(&twice, x->p->timeout_ms * 2);
	err_set(&x->r->note, ERR_TIMEOUT, "the time limit is %s (%s)",
	    limit.buf, x->p->timeout_where);
	/* What -t shortened is no reason to change it for all. */
	if (!strcmp(x->p->timeout_where, "-t")) {
		err_hint(&x->r->note, "more time:  %s -t %s ...", command,
		    twice.buf);
		suggestion = xasprintf("%s -t %s", command, twice.buf);
	} else {
		err_hint(&x->r->note,
		    "more time:  %s -t %s ...      for all:  set %s %s",
		    command, twice.buf, setting, twice.buf);
		suggestion = xasprintf("set %s %s", setting, twice.buf);
	}
	result_diagnose(x->r, "timeout", suggestion);
}

/* How an environment like this one is had with more; the caller's.  What a
   project has is the policy's. */
static char *
with_more(const struct execution *x, const char *option, const char *setting,
    const char *size)
{
	const struct env *env = x->env;
	struct strbuf sb = STRBUF_INIT;

	if (env->project) {
		strbuf_addf(
		    &sb, "set %s %s && project open ", setting, size);
		strbuf_add_word(&sb, env->project->root);
	} else {
		strbuf_addf(&sb, "env new %s %s%s%s", option, size,
		    env->spec.image ? " " : "",
		    env->spec.image ? env->spec.image : "");
	}
	return strbuf_detach(&sb);
}

/* The limit as it was read back: room for files can be used by programs too,
   as both are one cgroup's memory. */
static void
note_oom(struct execution *x)
{
	uint64_t limit = x->env->spec.limits.memory;
	const char *real = box_limit(x->env->box, "memory");
	bool small = x->r->largest && x->r->largest < limit / 2;
	autobuf struct strbuf text = STRBUF_INIT, all = STRBUF_INIT;
	autobuf struct strbuf peak = STRBUF_INIT, twice = STRBUF_INIT;
	autobuf struct strbuf files = STRBUF_INIT;
	autofree char *suggestion = NULL;

	units_add_size(&text, limit);
	units_add_size(&peak, x->r->memory_peak);
	units_add_size_exact(&twice, limit * 2);
	if (real && strspn(real, "0123456789")) {
		uint64_t total = strtoull(real, NULL, 10);

		units_add_size(&all, total);
		units_add_size(&files, total > limit ? total - limit : 0);
		err_set(&x->r->note, ERR_SANDBOX,
		    "the limit is %s (%s for programs, %s for files), the "
		    "peak was %s", all.buf, text.buf, files.buf, peak.buf);
	} else { /* without a cgroup it is watched from outside */
		err_set(&x->r->note, ERR_SANDBOX,
		    "the limit is %s, the peak was %s", text.buf, peak.buf);
	}
	suggestion = with_more(x, "-m", "project.memory_limit", twice.buf);
	/* No process was large: there are many, or ever more empty files. */
	err_hint(&x->r->note, "more memory:  %s%s", suggestion,
	    small ? "      without files:  env reset" : "");
	result_diagnose(x->r, "out_of_memory", suggestion);
}

static void
note_disk(struct execution *x)
{
	uint64_t limit = x->env->spec.limits.disk;
	autobuf struct strbuf text = STRBUF_INIT, used = STRBUF_INIT;
	autobuf struct strbuf twice = STRBUF_INIT;
	autofree char *suggestion = NULL;

	units_add_size(&text, limit);
	units_add_size(&used, x->r->disk_used);
	units_add_size_exact(&twice, limit * 2);
	err_set(&x->r->note, ERR_SANDBOX,
	    "the limit of " SANDBOX_WORKSPACE " is %s, its files had %s",
	    text.buf, used.buf);
	suggestion = with_more(x, "--disk", "project.disk_limit", twice.buf);
	err_hint(&x->r->note, "make room:  exec rm FILE  or  env reset      "
	    "more:  %s", suggestion);
	result_diagnose(x->r, "disk_full", suggestion);
}

static void
note_files(struct execution *x)
{
	err_set(&x->r->note, ERR_SANDBOX,
	    "/workspace, /tmp and /dev/shm hold %llu files, and each of them "
	    "costs memory",
	    (unsigned long long)x->r->files);
	err_hint(&x->r->note, "make room:  exec rm FILE  or  env reset");
	result_diagnose(x->r, "out_of_memory", "env reset");
}

static void
note_lost(struct execution *x)
{
	err_set(&x->r->note, ERR_SANDBOX, "%s", x->r->lost_why);
	if (x->env->spec.attach)
		err_hint(&x->r->note, "the next command attaches to %s again",
		    x->env->spec.attach);
	else /* of a kept one perhaps only the connection was lost */
		err_hint(&x->r->note, "the next command %sopens it again, with "
		    "%s in /workspace",
		    box_lease(x->env->box) ? "finds it, or " : "",
		    x->env->project ? "the project's files" : "nothing");
	result_diagnose(x->r, "environment_lost", NULL);
}

static const char *
image_language(const struct execution *x)
{
	const char *image = x->env->spec.image;
	const struct language *l = NULL;

	if (x->s->languages && image)
		l = languages_by_image(x->s->languages, image);
	return l ? l->name : NULL;
}

static bool
is_crash(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE ||
	    signal == SIGILL;
}

/* What the program wrote, and not another one of the step before it. */
static void
read_own(const struct execution *x, bool err_stream, struct strbuf *sb)
{
	size_t before = x->before[err_stream];

	step_read(x->s->step, err_stream, sb);
	strbuf_consume(sb, before < sb->len ? before : sb->len);
}

/* What the program itself said about its failure; NULL: nothing that is known.
   The caller's. */
static json *
find_diagnosis(const struct execution *x)
{
	autobuf struct strbuf out = STRBUF_INIT, errs = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;
	const struct language_choice *c = x->p->choice;
	const struct env_spec *spec = &x->env->spec;
	struct diagnosis_input in = {
	    .language = c && c->language ? c->language->name : NULL,
	    .image = spec->image,
	    .image_language = image_language(x),
	    .network = spec->limits.network != NET_NONE,
	    .restricted = spec->kind == BOX_RESTRICTED,
	    .end = x->r->timed_out ? ENDED_AT_LIMIT
		: is_crash(x->r->signal) ? ENDED_BY_CRASH
					 : ENDED_ITSELF,
	    .memory = spec->limits.memory,
	    .volumes = spec->volumes,
	    .nvolumes = spec->nvolumes,
	    .project = x->env->project ? x->env->project->root : NULL,
	    .workspace = env_spec_workspace(spec),
	    .workdir = spec->workdir ? spec->workdir : SANDBOX_WORKSPACE,
	    .cwd = x->p->cwd,
	    .file = c ? x->p->file : NULL,
	    .out = &out,
	    .err = &errs};
	json *found = NULL;

	if (!x->s->step)
		return NULL;
	read_own(x, false, &out);
	read_own(x, true, &errs);
	diagnosis_find(&in, &found, &ignored);
	return found;
}

static void
note_diagnosis(struct execution *x)
{
	const char *message, *hint;

	x->r->diagnosis = find_diagnosis(x);
	message = json_str(x->r->diagnosis, "message", NULL);
	hint = json_str(x->r->diagnosis, "suggestion", NULL);
	if (!message)
		return;
	err_set(&x->r->note, ERR_SANDBOX, "%s", message);
	if (hint)
		err_hint(&x->r->note, "try:  %s", hint);
}

/* Where it was, as far as the program said so when it was interrupted; at least
   which file was run. */
static void
put_place(struct execution *x)
{
	static const char *const names[] = {"file", "line", "column"};
	json *diagnosis = x->r->diagnosis;
	autojson json *said = x->r->timed_out ? find_diagnosis(x) : NULL;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (json_get(said, names[i]))
			json_put(diagnosis, names[i],
			    json_copy(json_get(said, names[i])));
	if (!json_get(diagnosis, "file") && x->p->choice && x->p->file)
		json_put_str(diagnosis, "file", x->p->file);
}

/* The order is that of the verdict: what we did, what the kernel did, what the
   program said.  One that was killed said nothing about that, unless it did it
   itself, as abort(3) does, or crashed, which interpreters may notice. */
void
explain_end(struct execution *x)
{
	const struct result *r = x->r;

	if (r->note.kind != ERR_NONE || r->status == RUN_COMPLETED)
		return;
	if (r->lost)
		note_lost(x);
	else if (r->timed_out)
		note_timeout(x);
	else if (r->files)
		note_files(x);
	else if (r->status == RUN_OOM)
		note_oom(x);
	else if (r->disk_used)
		note_disk(x);
	else if (r->exec_errno)
		note_not_started(x);
	else if (!r->cancelled &&
	    (!r->signal || r->signal == SIGABRT || is_crash(r->signal)))
		note_diagnosis(x);
	if (r->diagnosis)
		put_place(x);
}
