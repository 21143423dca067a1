#include "project/detect.h"

#include <string.h>

#include "base/glob.h"
#include "base/regexp.h"
#include "project/languages_impl.h"

#define WHY_MAX 60 /* bytes of a line that is quoted */
#define NAMED_MAX 5 /* files that name a language, of those that are shown */

struct text {
	struct strbuf sb;
	bool read;
};

struct search {
	const struct languages *ls;
	const struct project_source *source;
	struct text *texts; /* of the paths, once they are read */
	size_t left;	    /* bytes that may still be read */
	struct regexp_run run;
	struct detection *d;
	struct err *err;
};

bool
detect_skips(const struct languages *ls, const char *name)
{
	if (*name == '.')
		return true;
	for (size_t i = 0; i < languages_count(ls); i++)
		if (strvec_has(&languages_at(ls, i)->skips, name))
			return true;
	return false;
}

/* Does one of the directories that a path leads through have such a name? */
static bool
leads_through(const char *path, bool (*has)(const void *, const char *),
    const void *arg)
{
	const char *slash;

	for (; (slash = strchr(path, '/')); path = slash + 1) {
		autofree char *name = xstrndup(path, (size_t)(slash - path));

		if (has(arg, name))
			return true;
	}
	return false;
}

static bool
skips_any(const void *languages, const char *name)
{
	return detect_skips(languages, name);
}

static bool
skips_own(const void *language, const char *name)
{
	return strvec_has(&((const struct language *)language)->skips, name);
}

bool
detect_skips_path(const struct languages *ls, const char *path)
{
	return leads_through(path, skips_any, ls);
}

bool
detect_language_skips(const struct language *l, const char *path)
{
	return leads_through(path, skips_own, l);
}

static bool
path_matches(const char *pattern, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (*pattern == '/')
		return glob_match(pattern + 1, path);
	return glob_match(pattern, slash ? slash + 1 : path);
}

static bool
matches_any(const struct strvec *patterns, const char *path)
{
	for (size_t i = 0; i < patterns->n; i++)
		if (path_matches(patterns->v[i], path))
			return true;
	return false;
}

static const struct strbuf *
read_path(struct search *s, size_t i)
{
	struct text *t = &s->texts[i];
	size_t max = s->left < DETECT_TEXT_MAX ? s->left : DETECT_TEXT_MAX;

	if (t->read)
		return &t->sb;
	t->read = true;
	if (!max || s->source->read(s->source->arg, s->source->paths->v[i], max,
			&t->sb))
		strbuf_reset(&t->sb);
	if (t->sb.len > max)
		strbuf_truncate(&t->sb, max);
	s->left -= t->sb.len;
	return &t->sb;
}

/* The line in which the first of the patterns is found; NULL: none is. */
static const char *
find_text(struct search *s, const struct strvec *patterns,
    const struct strbuf *text)
{
	for (size_t i = 0; i < patterns->n; i++) {
		autoerr struct err never = ERR_INIT;
		struct regexp *re = regexp_new(patterns->v[i],
		    strlen(patterns->v[i]), &never);
		size_t group[2];
		const char *line = re ? regexp_search_lines(re, &s->run,
					    text->buf, text->len, group)
				      : NULL;

		regexp_free(re);
		if (line)
			return line;
	}
	return NULL;
}

/* A line as one sees it, and not all of a long one. */
static char *
quote_line(const char *path, const char *line)
{
	struct strbuf why = STRBUF_INIT;
	size_t n;

	while (*line == ' ' || *line == '\t')
		line++;
	n = strcspn(line, "\r\n");
	strbuf_addf(&why, "%s: ", path);
	strbuf_add(&why, line, n < WHY_MAX ? n : WHY_MAX);
	if (n > WHY_MAX)
		strbuf_adds(&why, "...");
	return strbuf_detach(&why);
}

/* Why the sign is there, the caller's; NULL: it is not. */
static char *
find_sign(struct search *s, const struct sign *sign)
{
	const struct strvec *paths = s->source->paths;

	for (size_t i = 0; i < paths->n && i < DETECT_FILES_MAX; i++) {
		const struct strbuf *text;
		const char *line;

		if (!matches_any(&sign->files, paths->v[i]) ||
		    detect_skips_path(s->ls, paths->v[i]))
			continue;
		if (!sign->texts.n && !sign->without.n)
			return xstrdup(paths->v[i]);
		text = read_path(s, i);
		if (sign->without.n && find_text(s, &sign->without, text))
			continue;
		if (!sign->texts.n)
			return xstrdup(paths->v[i]);
		line = find_text(s, &sign->texts, text);
		if (line)
			return quote_line(paths->v[i], line);
	}
	return NULL;
}

static char *
find_signs(struct search *s, const struct signs *signs)
{
	char *why = NULL;

	for (size_t i = 0; !why && i < signs->n; i++)
		why = find_sign(s, &signs->v[i]);
	return why;
}

/* The project files at the top that name the language, "go.mod"; not all of
   many. */
static void
find_project_files(struct search *s, const struct language *l,
    struct strvec *out)
{
	const struct strvec *paths = s->source->paths;

	for (size_t i = 0; i < l->n_projects; i++)
		for (size_t j = 0; j < l->projects[i].files.n; j++)
			for (size_t k = 0;
			    k < paths->n && k < DETECT_FILES_MAX; k++) {
				const char *path = paths->v[k];

				if (strchr(path, '/') ||
				    !glob_match(l->projects[i].files.v[j],
					path) ||
				    strvec_has(out, path))
					continue;
				strvec_push(out, path);
				if (out->n == NAMED_MAX)
					return;
			}
}

static void
add_language(struct search *s, const struct language *l, size_t files)
{
	struct detection *d = s->d;
	autovec struct strvec named = STRVEC_INIT;
	struct strbuf why = STRBUF_INIT;
	size_t at = d->nlanguages;
	bool main;

	find_project_files(s, l, &named);
	main = named.n > 0;
	if (!files && !main)
		return;
	for (size_t i = 0; i < named.n; i++)
		strbuf_addf(&why, "%s%s", i ? ", " : "", named.v[i]);
	if (files)
		strbuf_addf(&why, "%s%zu file%s", main ? ", " : "", files,
		    files == 1 ? "" : "s");
	/* Insertion keeps the order of the languages where all is equal. */
	for (; at > 0; at--) {
		bool other = d->languages[at - 1].named;

		if (other > main || (other == main &&
					d->languages[at - 1].files >= files))
			break;
		d->languages[at] = d->languages[at - 1];
	}
	d->languages[at] = (struct detected_language){.language = l,
	    .files = files, .named = main, .why = strbuf_detach(&why)};
	d->nlanguages++;
}

static void
detect_languages(struct search *s)
{
	const struct strvec *paths = s->source->paths;
	size_t n = languages_count(s->ls);
	autofree size_t *files = xcalloc(n, sizeof(*files));

	for (size_t i = 0; i < paths->n && i < DETECT_FILES_MAX; i++) {
		const struct language *l =
		    detect_skips_path(s->ls, paths->v[i])
			? NULL
			: languages_by_file(s->ls, paths->v[i]);

		for (size_t j = 0; l && j < n; j++)
			files[j] += languages_at(s->ls, j) == l;
	}
	s->d->languages = xcalloc(n, sizeof(*s->d->languages));
	for (size_t j = 0; j < n; j++)
		add_language(s, languages_at(s->ls, j), files[j]);
}

static bool
has_test(const struct detection *d, const char *name)
{
	for (size_t i = 0; i < d->ntests; i++)
		if (!strcmp(d->tests[i].framework->name, name))
			return true;
	return false;
}

/* Languages may share a framework: it counts once. */
static void
detect_tests(struct search *s, const struct language *l)
{
	struct detection *d = s->d;

	for (size_t i = 0; i < l->n_frameworks; i++) {
		const struct framework *f = &l->frameworks[i];
		const struct coverage_kind *c = &f->coverage;
		autofree char *covered = NULL;
		char *why;

		if (has_test(d, f->name) ||
		    !(why = find_signs(s, &f->found_by)))
			continue;
		if (c->format && c->found_by.n)
			covered = find_signs(s, &c->found_by);
		d->tests = xreallocarray(d->tests, d->ntests + 1,
		    sizeof(*d->tests));
		d->tests[d->ntests++] = (struct detected_test){.language = l,
		    .framework = f, .why = why,
		    .coverage = c->format && (!c->found_by.n || covered)};
	}
}

static bool
has_build(const struct detection *d, const char *name)
{
	for (size_t i = 0; i < d->nbuilds; i++)
		if (!strcmp(d->builds[i].build->name, name))
			return true;
	return false;
}

static void
detect_builds(struct search *s, const struct language *l)
{
	struct detection *d = s->d;

	for (size_t i = 0; i < l->n_builds; i++) {
		const struct build_kind *b = &l->builds[i];
		char *why;

		if (has_build(d, b->name) ||
		    !(why = find_signs(s, &b->found_by)))
			continue;
		d->builds = xreallocarray(d->builds, d->nbuilds + 1,
		    sizeof(*d->builds));
		d->builds[d->nbuilds++] = (struct detected_build){
		    .language = l, .build = b, .why = why};
	}
}

static bool
is_detected(const struct detection *d, const struct language *l)
{
	for (size_t i = 0; i < d->nlanguages; i++)
		if (d->languages[i].language == l)
			return true;
	return false;
}

static int
detect(struct search *s, const char *lang)
{
	const struct language *only =
	    lang ? languages_by_name(s->ls, lang) : NULL;

	if (lang && !only)
		return err_set(s->err, ERR_USAGE, "unknown language '%s'",
		    lang);
	detect_languages(s);
	if (only) {
		detect_tests(s, only);
		detect_builds(s, only);
		return 0;
	}
	for (size_t i = 0; i < s->d->nlanguages; i++) {
		detect_tests(s, s->d->languages[i].language);
		detect_builds(s, s->d->languages[i].language);
	}
	/* What tests any language, such as make. */
	for (size_t i = 0; i < languages_count(s->ls); i++) {
		if (is_detected(s->d, languages_at(s->ls, i)))
			continue;
		detect_tests(s, languages_at(s->ls, i));
		detect_builds(s, languages_at(s->ls, i));
	}
	return 0;
}

int
project_detect(const struct languages *ls,
    const struct project_source *source, const char *lang,
    struct detection *d, struct err *err)
{
	size_t n = source->paths->n;
	struct search s = {.ls = ls,
	    .source = source,
	    .texts = xcalloc(n, sizeof(*s.texts)),
	    .left = DETECT_READ_MAX,
	    .run = REGEXP_RUN_INIT,
	    .d = d,
	    .err = err};
	int rc;

	*d = (struct detection){0};
	for (size_t i = 0; i < n; i++)
		strbuf_init(&s.texts[i].sb);
	rc = detect(&s, lang);
	for (size_t i = 0; i < n; i++)
		strbuf_release(&s.texts[i].sb);
	free(s.texts);
	regexp_run_release(&s.run);
	return rc;
}

void
detection_release(struct detection *d)
{
	for (size_t i = 0; i < d->nlanguages; i++)
		free(d->languages[i].why);
	for (size_t i = 0; i < d->ntests; i++)
		free(d->tests[i].why);
	for (size_t i = 0; i < d->nbuilds; i++)
		free(d->builds[i].why);
	free(d->languages);
	free(d->tests);
	free(d->builds);
	*d = (struct detection){0};
}

static void
put_command(json *obj, const struct strvec *command, const char *helper)
{
	autovec struct strvec shown = STRVEC_INIT;

	framework_show(command, helper, &shown);
	json_put(obj, "command", json_from_strings(&shown));
}

json *
detection_json(const struct detection *d)
{
	json *all = json_object(), *languages = json_array();
	json *tests = json_array(), *builds = json_array();

	for (size_t i = 0; i < d->nlanguages; i++) {
		json *one = json_object();

		json_put_str(one, "name", d->languages[i].language->name);
		json_put_int(one, "files", (int64_t)d->languages[i].files);
		json_put_str(one, "why", d->languages[i].why);
		json_push(languages, one);
	}
	for (size_t i = 0; i < d->ntests; i++) {
		json *one = json_object();

		json_put_str(one, "framework", d->tests[i].framework->name);
		json_put_str(one, "language", d->tests[i].language->name);
		put_command(one, &d->tests[i].framework->command,
		    d->tests[i].framework->helper);
		json_put_bool(one, "coverage", d->tests[i].coverage);
		json_put_str(one, "why", d->tests[i].why);
		json_push(tests, one);
	}
	for (size_t i = 0; i < d->nbuilds; i++) {
		json *one = json_object();

		json_put_str(one, "name", d->builds[i].build->name);
		json_put_str(one, "language", d->builds[i].language->name);
		put_command(one, &d->builds[i].build->command, NULL);
		json_put_str(one, "why", d->builds[i].why);
		json_push(builds, one);
	}
	json_put(all, "languages", languages);
	json_put(all, "tests", tests);
	json_put(all, "builds", builds);
	return all;
}

static char *
place_value(const void *arg, const char *name, size_t n)
{
	const struct framework_places *p = arg;
	const struct {
		const char *name, *value;
	} places[] = {{"dir", p->dir}, {"report", p->report},
	    {"coverage", p->coverage}, {"helper", p->helper}, {"tmp", p->tmp}};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (strlen(places[i].name) == n &&
		    !memcmp(places[i].name, name, n))
			return places[i].value ? xstrdup(places[i].value)
					       : NULL;
	return NULL;
}

char *
framework_text(const char *text, const struct framework_places *places)
{
	return expand_word(text, place_value, places);
}

static void
add_words(const struct strvec *words, const struct framework_places *places,
    struct strvec *out)
{
	for (size_t i = 0; words && i < words->n; i++)
		strvec_push_owned(out, framework_text(words->v[i], places));
}

void
framework_expand(const struct strvec *argv,
    const struct framework_places *places, struct strvec *out)
{
	bool args = false, cover = false;

	for (size_t i = 0; i < argv->n; i++) {
		args |= !strcmp(argv->v[i], "{args}");
		cover |= !strcmp(argv->v[i], "{cover}");
	}
	for (size_t i = 0; i < argv->n; i++) {
		if (!strcmp(argv->v[i], "{args}"))
			strvec_pushv(out, places->args ? places->args->v : NULL,
			    places->args ? places->args->n : 0);
		else if (!strcmp(argv->v[i], "{cover}"))
			add_words(places->cover, places, out);
		else
			strvec_push_owned(out,
			    framework_text(argv->v[i], places));
	}
	if (!cover)
		add_words(places->cover, places, out);
	if (!args && places->args)
		strvec_pushv(out, places->args->v, places->args->n);
}

void
framework_show(
    const struct strvec *argv, const char *helper, struct strvec *out)
{
	const struct framework_places shown = {.dir = ".",
	    .report = "REPORT",
	    .coverage = "COVERAGE",
	    .helper = helper,
	    .tmp = "TMP"};

	framework_expand(argv, &shown, out);
}
