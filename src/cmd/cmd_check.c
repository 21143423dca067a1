/* check: what is found in files before anything is done with them. */
#include <string.h>

#include "cmd/check_dockerfile.h"
#include "cmd/check_input.h"
#include "cmd/check_show.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "cmd/session_host.h"
#include "cmd/table.h"
#include "session/session.h"

/* All files of one call. */
struct checks {
	struct call *c;
	unsigned layers;
	struct check_outcome out;
	struct check_texts texts; /* programs */
	json *notes;
};

/* A file that has the name of a Dockerfile, or is one although nothing tells. */
static bool
is_dockerfile(struct call *c, const struct check_input *in)
{
	if (in->language)
		return false;
	return check_is_dockerfile_name(in->name) ||
	       !check_knows(c->session, in);
}

static int
take_dockerfile(struct checks *k, const struct check_input *in)
{
	struct strbuf text = STRBUF_INIT;
	struct check_state *state = &k->out.layers[CHECK_SECURITY];
	int rc;

	if (!(k->layers & 1u << CHECK_SECURITY))
		return 0;
	state->asked = state->done = true;
	k->out.texts++;
	strbuf_add(&text, in->text, in->n);
	rc = check_dockerfile(
	    k->c, in->name, &text, &k->out.findings, k->notes);
	strbuf_release(&text);
	return rc;
}

/* Dockerfiles are looked at as they come, and programs together. */
static int
take_operand(struct checks *k, const char *word)
{
	struct check_texts read = {0};
	const char *lang = call_str(k->c, "lang");
	int rc = k->c->env
		     ? check_texts_read_env(&read, k->c, word, lang)
		     : check_texts_read(&read, k->c, word, lang);

	for (size_t i = 0; i < read.n && !rc; i++) {
		const struct check_input *in = &read.v[i];

		if (is_dockerfile(k->c, in))
			rc = take_dockerfile(k, in);
		else
			check_texts_add(&k->texts, in->name, in->text, in->n,
			    in->language);
	}
	k->texts.directory |= read.directory;
	k->texts.skipped += read.skipped;
	check_texts_release(&read);
	return rc;
}

static int
check_programs(struct checks *k)
{
	struct call *c = k->c;
	struct check_texts *t = &k->texts;
	struct session_events ev = {session_host_event, c};

	if (!t->n && !t->directory)
		return 0;
	if (!c->env &&
	    (check_needs_env(c->session, t->v, t->n, k->layers) ||
		call_has(c, "in")) &&
	    c->host->need_env(c, call_str(c, "in")))
		return -1;
	return session_check(c->session, c->env, t->v, t->n, k->layers,
	    t->directory, &ev, &k->out, &c->err);
}

/* All of the project that is open. */
static int
take_project(struct checks *k)
{
	struct call *c = k->c;
	const char *in = call_str(c, "in");

	if (c->heredoc)
		return err_set(&c->err, ERR_USAGE,
		    "which name has the file?  check FILE <<EOF");
	if ((in || c->session->current) && c->host->need_env(c, in))
		return -1;
	if (!c->env || !c->env->project) {
		err_set(&c->err, ERR_USAGE, "which files?");
		return err_hint(&c->err, "name them:  check FILE...  or open "
		    "what they are of:  project open DIR");
	}
	return take_operand(k, ".");
}

static int
check_all(struct checks *k)
{
	struct call *c = k->c;
	const char *lang = call_str(c, "lang");
	struct languages *all = session_languages(c->session, &c->err);

	if (!all)
		return -1;
	if (lang && !languages_by_name(all, lang))
		return err_set(&c->err, ERR_USAGE, "'%s' is no language that "
		    "is known", lang);
	k->layers = check_layers(c->session->policy,
	    call_has(c, "only") ? call_list(c, "only") : NULL, &c->err);
	if (!k->layers)
		return -1;
	if (call_has(c, "workspace") && c->heredoc)
		return err_set(&c->err, ERR_USAGE,
		    "a heredoc is no file of the environment");
	if (call_has(c, "workspace") &&
	    c->host->need_env(c, call_str(c, "in")))
		return -1;
	if (!c->argc && take_project(k))
		return -1;
	for (size_t i = 0; i < c->argc; i++)
		if (take_operand(k, c->argv[i]))
			return -1;
	return check_programs(k);
}

/* Only of what was looked at as a whole: nothing else has passed. */
static void
put_record(struct checks *k, json *data)
{
	check_put_json(&k->out, data);
	json_put(data, "notes", steal(&k->notes));
	json_put_int(data, "checked", (int64_t)k->out.texts);
	if (k->texts.directory)
		json_put_int(data, "skipped", (int64_t)k->texts.skipped);
}

static int
check_exec(struct call *c)
{
	struct checks k = {.c = c, .notes = json_array()};
	int rc;

	check_outcome_init(&k.out);
	if (c->heredoc && c->argc > 1)
		rc = err_set(&c->err, ERR_USAGE,
		    "a heredoc is one file, and %zu are named", c->argc);
	else
		rc = check_all(&k);
	check_show(c, &k.out, k.notes);
	if (!rc)
		put_record(&k, call_data(c));
	json_free(k.notes);
	if (!rc && !k.out.texts)
		call_reason(c, "there was nothing to check");
	if (!rc && c->out->mode != OUTPUT_PLAIN)
		check_show_count(c, &k.out);
	if (!rc)
		c->status = check_count(&k.out, CHECK_REFUSE) ? 1 : 0;
	check_texts_release(&k.texts);
	check_outcome_release(&k.out);
	return rc;
}

static const struct opt check_opts[] = {
    OPT_LIST(0, "only", "LAYERS",
	"these layers, divided by commas, instead of checks.layers",
	COMP_LAYERS),
    {OPT_TYPE_FLAG, .name = "workspace",
	.help = "FILE is one of the environment, as that of a project",
	.operands = COMP_ENV_FILE},
    OPT_STR(0, "lang", "LANGUAGE", "what it is written in, whatever its name",
	COMP_LANGUAGE),
    OPT_STR(0, "in", "ENV",
	"with the compilers of this environment instead of the current one",
	COMP_ENV),
    OPT_LIST(0, "build-arg", "NAME=VALUE",
	"the value of an ARG of a Dockerfile, as of build", COMP_VARIABLE),
    OPT_STR(0, "target", "STAGE", "the stage that would be built", COMP_NONE),
    OPT_END,
};

const struct cmd cmd_check = {
    .name = "check",
    .summary = "say what is wrong with files, without running them",
    .help =
	"Looks at files of this host, at all of a directory, at the program of "
	"a step (@K), or at the heredoc, with --workspace at files of the "
	"environment, and without a FILE at the project that is open, in "
	"layers: syntax by the language's "
	"own parser in the environment; structure, what the file must have; "
	"security, what is risky in code, and secrets in it; performance, "
	"files that are too large; and lint, only if it is asked for.  The "
	"texts go to the parsers' standard input: nothing is written into the "
	"environment, and nothing of them is run.\n"
	"A Dockerfile is read as a builder would, and needs no environment: "
	"what the settings dockerfile.* deny or warn of, and what only some "
	"builders take.\n"
	"The settings checks.* say what is refused, warned of or allowed.  The "
	"status is 1 if something is refused, else 0.",
    .examples = "check main.py\ncheck --only syntax,security .\ncheck @3\n"
		"check\n"
		"check Dockerfile\n"
		"check main.py <<EOF\nprint(eval(text))\nEOF",
    .opts = check_opts,
    .args = {ARG_REST("FILE", COMP_SAVED)},
    .flags = CMD_TAKES_HEREDOC,
    .exec = check_exec,
};
