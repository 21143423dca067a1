/* save: steps that were done become a session file, as if they had been
   recorded. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "cmd/call.h"
#include "cmd/host.h"
#include "cmd/saved_step.h"
#include "cmd/step_call.h"
#include "lexer/lexer.h"
#include "replay/record.h"
#include "replay/recording.h"
#include "replay/transcript.h"
#include "session/session.h"

struct saving {
	struct call *c;
	struct masks *masks;
	struct strbuf file, recording;
	struct strvec envs; /* that the file has opened, or cannot open */
	struct strvec vars; /* as the file has set them */
	char *current;      /* the environment where the file stands */
	unsigned steps, missing;
	json *saved, *included, *left_out, *guessed;
};

/* ---- which steps ---- */

/* "@3", "@3-@9" and "@3-9" mark the steps that they name in wanted[0..last]. */
static int
take_range(struct call *c, const char *word, bool *wanted, unsigned last)
{
	const char *dash = strchr(word, '-');
	autofree char *first = dash ? xstrndup(word, dash - word) : xstrdup(word);
	autofree char *end =
	    dash ? xasprintf("%s%s", dash[1] == '@' ? "" : "@", dash + 1)
		 : xstrdup(first);
	unsigned from, to;

	if (step_parse(first, &from, &c->err) || step_parse(end, &to, &c->err))
		return -1;
	if (from > to)
		return err_set(
		    &c->err, ERR_USAGE, "'%s' ends before it begins", word);
	if (to > last) {
		err_set(&c->err, ERR_USAGE, "there is no step @%u", to);
		return err_hint(&c->err, "see them:  history");
	}
	for (unsigned n = from; n <= to; n++)
		wanted[n] = true;
	return 0;
}

/* Without a range all of them. */
static int
take_steps(struct call *c, bool *wanted, unsigned last)
{
	for (unsigned n = 1; n <= last && c->argc == 1; n++)
		wanted[n] = true;
	for (size_t i = 0; i + 1 < c->argc; i++)
		if (take_range(c, c->argv[i], wanted, last))
			return -1;
	return 0;
}

/* ---- one step ---- */

static void
leave_out(struct saving *s, unsigned n, const char *why)
{
	json *j = json_object();

	call_warn(s->c, "@%u is left out: %s", n, why);
	json_put_int(j, "step", n);
	json_put_str(j, "why", why);
	json_push(s->left_out, j);
}

/* Masks the values that are known now, too. */
static int
add_step(struct saving *s, const char *text, struct answer *a,
    const bool open[3], struct err *err)
{
	const struct secrets *secrets = s->c->host->secrets;
	autobuf struct strbuf kept = STRBUF_INIT;
	struct record_step step;

	secrets_hide(secrets, &kept, text, strlen(text), false);
	answer_hide(a, secrets);
	step = record_step_of(kept.buf, a);
	step.open_out |= open[1];
	step.open_err |= open[2];
	if (record_add_step(&s->file, s->masks, &step, err))
		return -1;
	recording_add(&s->recording, NULL, kept.buf, a);
	return 0;
}

/* A command that nobody gave, but the file needs; it shows nothing. */
static void
add_command(struct saving *s, const char *name, const char *text)
{
	static const bool open[3];
	autoerr struct err err = ERR_INIT;
	struct answer a;

	answer_init(&a);
	a.object = json_object();
	json_put_int(a.object, "v", 1);
	json_put_str(a.object, "step", NULL);
	json_put_str(a.object, "cmd", name);
	json_put_bool(a.object, "ok", true);
	json_put_int(a.object, "status", 0);
	json_put_str(a.object, "result", NULL);
	if (add_step(s, text, &a, open, &err))
		call_warn(s->c, "'%.*s' is left out: %s",
		    (int)strcspn(text, "\n"), text, err.msg.buf);
	answer_release(&a);
}

/* Variables that it uses, where the file has not set them to that. */
static void
add_variables(struct saving *s, const json *record)
{
	autovec struct strvec vars = STRVEC_INIT;

	json_strings(json_path(record, "about.vars"), &vars);
	for (size_t i = 0; i < vars.n; i++) {
		size_t name = strcspn(vars.v[i], "=");
		const char *value = vars.v[i] + name + (vars.v[i][name] != 0);
		const char *quote = strchr(value, '\n') ? "'" : "";
		autobuf struct strbuf text = STRBUF_INIT;

		if (strvec_has(&s->vars, vars.v[i]))
			continue;
		strvec_env_set(&s->vars, vars.v[i]);
		strbuf_addf(&text, "var %.*s=%s", (int)name, vars.v[i], quote);
		lex_quote(&text, value, *quote);
		strbuf_addf(&text, "%s\n", quote);
		add_command(s, "var", text.buf);
	}
}

/* What opens an environment and selects it, and what selects one. */
static const char *const openers[] = {
    "env new", "env attach", "project open", NULL};
static const char *const choosers[] = {"env use", "project use", NULL};

/* The name of the environment that a step has opened or chosen; NULL: none. */
static const char *
env_of(const json *record, const char *const *commands)
{
	if (!str_in(saved_step_name(record), commands) ||
	    json_int(record, "status", -1))
		return NULL;
	return json_str(json_get(record, "result"), "name", NULL);
}

static void
use_env(struct saving *s, const char *name)
{
	free(s->current);
	s->current = xstrdup(name);
	masks_add_env(s->masks, name);
}

static void
put_step(struct saving *s, struct saved_step *step)
{
	const char *opened = env_of(step->record, openers);
	const char *used = env_of(step->record, choosers);
	autoerr struct err err = ERR_INIT;

	add_variables(s, step->record);
	if (opened)
		use_env(s, opened);
	if (add_step(s, step->text.buf, &step->answer, step->open, &err)) {
		leave_out(s, step->n, err.msg.buf);
		return;
	}
	if (opened)
		strvec_push(&s->envs, opened);
	if (used)
		use_env(s, used);
	json_push(s->saved, cJSON_CreateNumber(step->n));
	if (step->guessed)
		json_push(s->guessed, cJSON_CreateNumber(step->n));
	s->steps++;
}

/* ---- environments from before the range ---- */

/* The step that opened the environment last, before step n; 0: none of this
   session. */
static unsigned
find_opening(struct saving *s, const char *env, unsigned n)
{
	while (--n) {
		autoerr struct err ignored = ERR_INIT;
		autojson json *j =
		    steps_load(s->c->session->steps, n, &ignored);
		const char *name = env_of(j, openers);

		if (name && !strcmp(name, env))
			return n;
	}
	return 0;
}

static void
include_opening(struct saving *s, const char *env, unsigned n)
{
	unsigned at = find_opening(s, env, n);
	autoerr struct err err = ERR_INIT;
	struct saved_step step;

	if (!at) {
		call_warn(s->c,
		    "@%u was done in %s, which no step of this "
		    "session opened: neither does the file",
		    n, env);
		strvec_push(&s->envs, env);
		use_env(s, env);
		return;
	}
	if (saved_step_read(&step, s->c->session->steps, at, &err)) {
		leave_out(s, at, err.msg.buf);
	} else {
		call_note(s->c, "@%u is included, as @%u needs %s", at, n, env);
		json_push(s->included, cJSON_CreateNumber(at));
		put_step(s, &step);
	}
	saved_step_release(&step);
}

/* An id, by which an agent's tools name it, is another one next time. */
static bool
names_env(struct saved_step *step, const char *env)
{
	autofree char *head =
	    xasprintf("%s --in ", saved_step_name(step->record));
	struct strbuf text = STRBUF_INIT;
	const char *id = step->text.buf + strlen(head);

	if (!str_starts(step->text.buf, head))
		return false;
	strbuf_addf(&text, "%s%s%s", head, env, id + strcspn(id, " \n"));
	strbuf_release(&step->text);
	step->text = text;
	return true;
}

/* In a session of several processes each may have chosen another one. */
static void
enter_env(struct saving *s, struct saved_step *step)
{
	const char *env = json_str(json_get(step->record, "about"), "env", "");

	if (!*env || env_of(step->record, openers))
		return;
	if (!strvec_has(&s->envs, env))
		include_opening(s, env, step->n);
	if (!names_env(step, env) && s->current && strcmp(s->current, env)) {
		autofree char *text = xasprintf("env use %s\n", env);

		add_command(s, "env use", text);
		use_env(s, env);
	}
}

/* ---- all of it ---- */

static void
save_step(struct saving *s, unsigned n)
{
	autoerr struct err err = ERR_INIT;
	struct saved_step step;

	if (!saved_step_read(&step, s->c->session->steps, n, &err)) {
		enter_env(s, &step);
		put_step(s, &step);
	} else if (!step.record && err.kind == ERR_USAGE) {
		s->missing++;
	} else {
		leave_out(s, n, err.msg.buf);
	}
	saved_step_release(&step);
}

static void
tell(struct saving *s, const char *path)
{
	struct call *c = s->c;
	autobuf struct strbuf list = STRBUF_INIT;
	const json *n;

	if (s->missing)
		call_warn(c, "%u step%s left out: not kept any more",
		    s->missing, s->missing == 1 ? " is" : "s are");
	json_each (n, s->guessed)
		strbuf_addf(
		    &list, "%s@%.0f", list.len ? " " : "", n->valuedouble);
	if (list.len)
		call_warn(c,
		    "%s: what people would have been shown is not "
		    "known, so only what programs wrote is compared",
		    list.buf);
	saved_steps_note(c, path, s->steps);
}

static int
check_free(struct call *c, const char *path)
{
	if (call_has(c, "force") || access(path, F_OK))
		return 0;
	err_sys(&c->err, EEXIST, "%s", path);
	return err_hint(&c->err, "save -f replaces it");
}

static int
write_files(struct saving *s, const char *path)
{
	struct call *c = s->c;
	autofree char *recording = recording_path(path);

	if (!s->steps) {
		err_set(&c->err, ERR_USAGE, "there is no step to be saved");
		return err_hint(&c->err, "see them:  history");
	}
	if (s->file.len > TRANSCRIPT_TEXT_MAX)
		return err_set(&c->err, ERR_IO,
		    "%s: a session file has at "
		    "most %u MiB",
		    path, TRANSCRIPT_TEXT_MAX >> 20);
	if (check_free(c, path) || check_free(c, recording) ||
	    io_replace_file(
		recording, s->recording.buf, s->recording.len, 0666, &c->err) ||
	    io_replace_file(path, s->file.buf, s->file.len, 0666, &c->err))
		return -1;
	json_put_str(call_data(c), "file", path);
	json_put_str(call_data(c), "recording", recording);
	tell(s, path);
	return 0;
}

static int
save_steps(struct saving *s, const bool *wanted, unsigned last)
{
	const struct record_front front = {0};
	autofree char *cwd = realpath(".", NULL);
	json *data = call_data(s->c);

	json_put(data, "steps", s->saved = json_array());
	json_put(data, "included", s->included = json_array());
	json_put(data, "left_out", s->left_out = json_array());
	json_put(data, "guessed", s->guessed = json_array());
	s->masks = masks_new();
	masks_add_value(s->masks, "CWD", cwd ? cwd : "");
	record_add_front(&s->file, &front);
	recording_add_head(&s->recording);
	for (unsigned n = 1; n <= last; n++)
		if (wanted[n])
			save_step(s, n);
	return write_files(s, s->c->argv[s->c->argc - 1]);
}

static int
save_exec(struct call *c)
{
	unsigned last = steps_last(c->session->steps);
	autofree bool *wanted = xcalloc(last + 1, sizeof(*wanted));
	const char *path = c->argv[c->argc - 1];
	struct saving s = {.c = c,
	    .file = STRBUF_INIT,
	    .recording = STRBUF_INIT,
	    .envs = STRVEC_INIT,
	    .vars = STRVEC_INIT};
	int rc;

	if (*path == '@') {
		err_set(&c->err, ERR_USAGE, "into which file?");
		return err_hint(&c->err, "save %s FILE", path);
	}
	if (call_may_use_path(c, SET_HOST_WRITE, path) ||
	    take_steps(c, wanted, last))
		return -1;
	rc = save_steps(&s, wanted, last);
	masks_free(s.masks);
	strbuf_release(&s.file);
	strbuf_release(&s.recording);
	strvec_release(&s.envs);
	strvec_release(&s.vars);
	free(s.current);
	return rc;
}

static const struct opt save_opts[] = {
    OPT_FLAG('f', "force", "replace a file that is there"),
    OPT_END,
};

const struct cmd cmd_save = {
    .name = "save",
    .summary = "write steps that were done to a session file",
    .help = "The file, and FILE.rec.jsonl beside it, are what 'record' would "
	    "have written. @A-@B are the steps from one to the other, and "
	    "without steps all of the session are meant. What opened the "
	    "environment of a step is included, and so are variables. What is "
	    "no step, such as logs and expect, is not part of it; neither is "
	    "a step of which too little was kept, which is said.",
    .examples = "save lesson.md\nsave @3-@9 lesson.md\nsave @3 @5 lesson.md",
    .opts = save_opts,
    .args = {ARG_SOME("@A[-@B]|FILE", COMP_SAVED)},
    .flags = CMD_NO_STEP,
    .exec = save_exec,
};
