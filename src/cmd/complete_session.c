/*
 * Completion from the session.  A provider never prints and never fails: what
 * cannot be had at once is left out.
 */
#include "cmd/complete_session.h"

#include <string.h>

#include "base/sanitise.h"
#include "base/units.h"
#include "cmd/host.h"
#include "cmd/patience.h"
#include "engine/image.h"
#include "engine/reference.h"
#include "project/check.h"
#include "sandbox/box.h"
#include "sandbox/jobs.h"
#include "session/project.h"
#include "session/session.h"
#include "session/settings.h"

/* A person who pressed Tab waits no longer than this. */
#define PATIENCE_MS 150
/* More candidates than this help nobody. */
#define CANDIDATES_MAX 1000
#define STEPS_MAX 100

static struct session *
get_session(struct host *h)
{
	autoerr struct err ignored = ERR_INIT;

	if (!h->session && h->open(h, &ignored))
		return NULL;
	return h->session;
}

static void
offer(struct strvec *out, const char *prefix, const char *word,
    const char *summary)
{
	if (!str_starts(word, prefix) || out->n >= CANDIDATES_MAX)
		return;
	if (summary)
		strvec_pushf(out, "%s\t%s", word, summary);
	else
		strvec_push(out, word);
}

static void
complete_env(
    struct host *h, const char *before, const char *prefix, struct strvec *out)
{
	const struct session *s = h->session;

	for (size_t i = 0; s && i < s->nenvs; i++)
		offer(
		    out, prefix, s->envs[i]->spec.name, s->envs[i]->spec.image);
}

static void
complete_project(
    struct host *h, const char *before, const char *prefix, struct strvec *out)
{
	const struct session *s = h->session;

	for (size_t i = 0; s && i < s->nenvs; i++) {
		autobuf struct strbuf dir = STRBUF_INIT;

		if (!s->envs[i]->project)
			continue;
		sanitise_name(&dir, s->envs[i]->project->root);
		offer(out, prefix, s->envs[i]->spec.name, dir.buf);
	}
}

/* Each name of an image that the engine gave. */
static void
offer_image(struct strvec *out, const char *prefix, const json *image)
{
	autobuf struct strbuf size = STRBUF_INIT;
	const json *tag;

	units_add_size(&size, (uint64_t)json_int(image, "Size", 0));
	json_each (tag, json_get(image, "RepoTags")) {
		autofree char *name = NULL;

		if (!cJSON_IsString(tag) || str_starts(tag->valuestring, "<"))
			continue;
		name = reference_shorten(tag->valuestring);
		offer(out, prefix, name, size.buf);
	}
}

static void
complete_image(
    struct host *h, const char *before, const char *prefix, struct strvec *out)
{
	struct session *s = get_session(h);
	autoerr struct err ignored = ERR_INIT;
	autojson json *all = NULL;
	struct patience patience;
	const json *image;

	if (!s || !strcmp(policy_text(s->policy, SET_SANDBOX), "restricted"))
		return;
	patience_begin(&patience, h, PATIENCE_MS);
	if (session_engine(s, &ignored))
		all = image_list(s->engine, NULL, &ignored);
	patience_end(&patience);
	json_each (image, all) {
		offer_image(out, prefix, image);
	}
}

static void
complete_setting(
    struct host *h, const char *before, const char *prefix, struct strvec *out)
{
	for (size_t i = 0; i < SET_COUNT; i++) {
		const struct setting *s = &settings_table[i];

		/* The long form is for those who begin to type it. */
		offer(out, prefix,
		    strchr(prefix, '.') ? s->path : settings_name(s), s->help);
	}
}

static void
complete_language(
    struct host *h, const char *before, const char *prefix, struct strvec *out)
{
	struct session *s = get_session(h);
	autoerr struct err ignored = ERR_INIT;
	const struct languages *all = s ? session_languages(s, &ignored) : NULL;

	for (size_t i = 0; all && i < languages_count(all); i++)
		offer(out, prefix, languages_at(all, i)->name, NULL);
}

static void
offer_words(struct strvec *out, const char *prefix, const char *words)
{
	for (const char *p = words; *p; p += *p == '|') {
		size_t n = strcspn(p, "|");
		autofree char *word = xstrndup(p, n);

		offer(out, prefix, word, NULL);
		p += n;
	}
}

static void
complete_value(
    struct host *h, const char *before, const char *prefix, struct strvec *out)
{
	const struct setting *s = before ? settings_find(before) : NULL;

	if (!s)
		return;
	if (s->type == VALUE_WORD)
		offer_words(out, prefix, s->words);
	else if (s->type == VALUE_BOOL)
		offer_words(out, prefix, "true|false");
	else if (settings_id(s) == SET_IMAGE || settings_id(s) == SET_IMAGES)
		complete_image(h, NULL, prefix, out);
	else if (settings_id(s) == SET_ALLOWED_LANGUAGES)
		complete_language(h, NULL, prefix, out);
	else
		offer(out, prefix, s->def, "the default");
}

/* A directory of the environment that is being listed. */
struct directory {
	struct strvec *out;
	const char *prefix, *dir; /* dir ends in '/' or is empty */
};

static bool
is_plain(const char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name < ' ' || *name == 0x7f)
			return false;
	return true;
}

static void
offer_entry(void *arg, const struct box_entry *e)
{
	const struct directory *d = arg;
	autofree char *path =
	    xasprintf("%s%s%s", d->dir, e->path, e->type == 'd' ? "/" : "");

	if (*e->path && is_plain(e->path))
		offer(d->out, d->prefix, path, NULL);
}

static void
complete_env_file(
    struct host *h, const char *before, const char *prefix, struct strvec *out)
{
	struct env *env = h->session ? h->session->current : NULL;
	const char *slash = strrchr(prefix, '/');
	autofree char *dir =
	    xstrndup(prefix, slash ? (size_t)(slash - prefix + 1) : 0);
	struct directory d = {.out = out, .prefix = prefix, .dir = dir};
	autoerr struct err ignored = ERR_INIT;
	struct patience patience;

	if (!env)
		return;
	patience_begin(&patience, h, PATIENCE_MS);
	if (patience_reach(&patience, env))
		box_list(env->box, *dir ? dir : ".", 1, offer_entry, &d,
		    &ignored);
	patience_end(&patience);
}

static void
offer_job(void *arg, const struct job *job)
{
	const struct directory *d = arg;
	const char *command = strchr(job->label, ' ');
	autofree char *word = xasprintf("%u", job->number);

	offer(d->out, d->prefix, word, command ? command + 1 : NULL);
}

/* The last word of a list: what is named already is not offered again. */
static void
complete_layers(
    struct host *h, const char *before, const char *prefix, struct strvec *out)
{
	const char *comma = strrchr(prefix, ',');
	size_t n = comma ? (size_t)(comma - prefix) + 1 : 0;
	autofree char *named = xasprintf(",%.*s", (int)n, prefix);

	for (size_t i = 0; check_layer_names[i]; i++) {
		autofree char *key = xasprintf(",%s,", check_layer_names[i]);
		autofree char *word =
		    xasprintf("%.*s%s", (int)n, prefix, check_layer_names[i]);

		if (!strstr(named, key))
			offer(out, prefix, word, NULL);
	}
}

static void
complete_job(
    struct host *h, const char *before, const char *prefix, struct strvec *out)
{
	struct env *env = h->session ? h->session->current : NULL;
	struct directory d = {.out = out, .prefix = prefix};
	autoerr struct err ignored = ERR_INIT;
	struct patience patience;

	if (!env)
		return;
	patience_begin(&patience, h, PATIENCE_MS);
	if (patience_reach(&patience, env))
		job_list(env->box, offer_job, &d, &ignored);
	patience_end(&patience);
}

static void
complete_step(
    struct host *h, const char *before, const char *prefix, struct strvec *out)
{
	struct steps *steps = h->session ? h->session->steps : NULL;
	unsigned last = steps ? steps_last(steps) : 0;

	for (unsigned n = last; n > 0 && last - n < STEPS_MAX; n--) {
		autoerr struct err ignored = ERR_INIT;
		autojson json *step = steps_load(steps, n, &ignored);
		autofree char *word = xasprintf("@%u", n);

		if (step)
			offer(out, prefix, word, json_str(step, "command", ""));
	}
}

static void
complete_policy(
    struct host *h, const char *before, const char *prefix, struct strvec *out)
{
	autovec struct strvec names = STRVEC_INIT;

	policy_names(&names);
	for (size_t i = 0; i < names.n; i++)
		offer(out, prefix, names.v[i], NULL);
}

static void
complete_context(
    struct host *h, const char *before, const char *prefix, struct strvec *out)
{
	const struct session *s = h->session;

	for (size_t i = 0; s && i < s->staging.n; i++)
		offer(out, prefix, s->staging.v[i]->name, NULL);
}

/* Behind a first file only the context that is selected is known. */
static void
complete_staged(
    struct host *h, const char *before, const char *prefix, struct strvec *out)
{
	const struct session *s = h->session;
	autoerr struct err ignored = ERR_INIT;
	const struct staged *c =
	    s ? staging_find(&s->staging, before, &ignored) : NULL;

	if (s && !c)
		c = s->staging.current;
	for (size_t i = 0; c && i < c->n; i++)
		if (is_plain(c->files[i].path))
			offer(out, prefix, c->files[i].path, NULL);
}

static void
complete_dep(
    struct host *h, const char *before, const char *prefix, struct strvec *out)
{
	const struct env *env = h->session ? h->session->current : NULL;

	for (size_t i = 0; env && i < env->deps.n; i++) {
		const struct dep_group *g = &env->deps.groups[i];

		for (size_t k = 0; k < g->n_files; k++)
			offer(out, prefix, g->files[k].name, NULL);
		for (size_t k = 0; k < g->packages.n; k++) {
			autofree char *name = deps_name(g->packages.v[k]);

			offer(out, prefix, name, g->packages.v[k]);
		}
	}
}

static void
complete_build(
    struct host *h, const char *before, const char *prefix, struct strvec *out)
{
	const struct session *s = h->session;

	for (size_t i = 0; s && i < s->staging.n; i++) {
		autofree char *word = xasprintf("@%s", s->staging.v[i]->name);

		offer(out, prefix, word, "staged context");
	}
}

static void
complete_named(
    struct host *h, const char *before, const char *prefix, struct strvec *out)
{
	struct session *s = get_session(h);
	autovec struct strvec names = STRVEC_INIT;

	if (s)
		named_list(s->runtime.state_dir, &names);
	for (size_t i = 0; i < names.n; i++)
		offer(out, prefix, names.v[i], NULL);
}

void
complete_session_init(struct host *h)
{
	h->complete[COMP_ENV] = complete_env;
	h->complete[COMP_PROJECT] = complete_project;
	h->complete[COMP_LAYERS] = complete_layers;
	h->complete[COMP_IMAGE] = complete_image;
	h->complete[COMP_ENV_FILE] = complete_env_file;
	h->complete[COMP_SETTING] = complete_setting;
	h->complete[COMP_VALUE] = complete_value;
	h->complete[COMP_STEP] = complete_step;
	h->complete[COMP_SAVED] = complete_step;
	h->complete[COMP_JOB] = complete_job;
	h->complete[COMP_LANGUAGE] = complete_language;
	h->complete[COMP_BUILD] = complete_build;
	h->complete[COMP_CONTEXT] = complete_context;
	h->complete[COMP_STAGED] = complete_staged;
	h->complete[COMP_DEP] = complete_dep;
	h->complete[COMP_POLICY] = complete_policy;
	h->complete[COMP_NAMED] = complete_named;
}
