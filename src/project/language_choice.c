/* What a file is run with, and the words of its commands. */
#include "project/languages_impl.h"

#include <string.h>

#include "base/nearest.h"

/* The kernel reads no more of a '#!' line (BINPRM_BUF_SIZE, execve(2)). */
#define SHEBANG_MAX 255

/* The words after "#!"; env(1) before a program and its options left out. */
static bool
split_shebang(const char *text, size_t n, struct strvec *words)
{
	const char *end;
	autofree char *line = NULL;
	char *rest, *word;

	if (n < 3 || memcmp(text, "#!", 2))
		return false;
	end = memchr(text, '\n', n);
	n = end ? (size_t)(end - text) : n;
	if (n > SHEBANG_MAX || memchr(text, '\0', n))
		return false;
	rest = line = xstrndup(text + 2, n - 2);
	while ((word = strsep(&rest, " \t\r")))
		if (*word)
			strvec_push(words, word);
	return words->n > 0;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void
drop_env(struct strvec *words)
{
	if (strcmp(base_name(words->v[0]), "env"))
		return;
	strvec_remove(words, 0);
	while (words->n && (*words->v[0] == '-' || strchr(words->v[0], '=')))
		strvec_remove(words, 0);
}

static const struct language *
find_shebang(const struct languages *ls, const char *name)
{
	for (size_t i = languages_count(ls); i-- > 0;)
		if (strvec_has(&languages_at(ls, i)->shebangs, name))
			return languages_at(ls, i);
	return NULL;
}

/* "/usr/bin/python3.11" is python. */
static const struct language *
language_of_program(const struct languages *ls, const char *program)
{
	autofree char *name = xstrdup(base_name(program));
	const struct language *l = find_shebang(ls, name);
	size_t n = strlen(name);

	while (n && strchr("0123456789.-", name[n - 1]))
		name[--n] = '\0';
	return l ? l : find_shebang(ls, name);
}

static void
use_language(struct language_choice *c, const struct language *l)
{
	c->language = l;
	c->recipes = l->recipes;
	c->n_recipes = l->n_recipes;
}

/* A program that no language names is run as its '#!' line says. */
static bool
use_shebang(const struct languages *ls, const char *text, size_t n,
    struct language_choice *c)
{
	autovec struct strvec words = STRVEC_INIT;
	const struct language *l;

	if (!split_shebang(text, n, &words))
		return false;
	drop_env(&words);
	if (!words.n)
		return false;
	l = language_of_program(ls, words.v[0]);
	if (l) {
		use_language(c, l);
		return true;
	}
	strvec_pushv(&c->shebang.run, words.v, words.n);
	strvec_push(&c->shebang.run, "{file}");
	c->recipes = &c->shebang;
	c->n_recipes = 1;
	return true;
}

static int
unknown_language(const struct languages *ls, const char *name,
    struct err *err)
{
	struct nearest near = NEAREST_INIT(name);
	autobuf struct strbuf all = STRBUF_INIT;

	for (size_t i = 0; i < languages_count(ls); i++) {
		const struct strvec *names = &languages_at(ls, i)->names;

		strbuf_addf(&all, "%s%s", i ? ", " : "", names->v[0]);
		for (size_t j = 0; j < names->n; j++)
			nearest_try(&near, names->v[j]);
	}
	err_set(err, ERR_USAGE, "no language is named '%s'", name);
	return near.best ? err_hint(err, "the nearest is %s", near.best)
			 : err_hint(err, "there are: %s", all.buf);
}

int
languages_choose(const struct languages *ls, const char *lang,
    const char *file, const char *text, size_t n, struct language_choice *c,
    struct err *err)
{
	const struct language *l = lang ? languages_by_name(ls, lang)
					: languages_by_file(ls, file);

	*c = (struct language_choice){
	    .shebang = {.check = STRVEC_INIT, .run = STRVEC_INIT}};
	if (lang && !l)
		return unknown_language(ls, lang, err);
	if (l) {
		use_language(c, l);
		return 0;
	}
	if (use_shebang(ls, text, n, c))
		return 0;
	err_set(err, ERR_USAGE,
	    "the language of %s is not known: neither its name nor a #! line "
	    "tells it", file);
	return err_hint(err, "name the language:  run --lang NAME %s", file);
}

void
language_choice_release(struct language_choice *c)
{
	strvec_release(&c->shebang.run);
	c->recipes = NULL;
	c->n_recipes = 0;
}

/* The directory of a path; "." if it has none.  The caller's. */
static char *
dir_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	return xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static char *
stem(const char *path)
{
	const char *name = base_name(path), *dot = strrchr(name, '.');

	return xstrndup(name, dot && dot > name ? (size_t)(dot - name)
						: strlen(name));
}

/* The value of a placeholder, the caller's; NULL if there is none so named. */
static char *
place_value(const void *arg, const char *name, size_t n)
{
	const struct language_places *p = arg;
	static const char *const names[] = {
	    "file", "dir", "name", "out", "outdir", "home", "tmp"};
	size_t i = 0;

	while (i < ARRAY_SIZE(names) &&
	    (strlen(names[i]) != n || memcmp(names[i], name, n)))
		i++;
	switch (i) {
	case 0:
		return xasprintf("%s%s", *p->file == '-' ? "./" : "", p->file);
	case 1:
		return dir_name(p->file);
	case 2:
		return stem(p->file);
	case 3:
		return xstrdup(p->out);
	case 4:
		return dir_name(p->out);
	case 5:
		return xstrdup(p->home);
	case 6:
		return xstrdup(p->tmp);
	default:
		return NULL;
	}
}

char *
expand_word(const char *s,
    char *(*get)(const void *arg, const char *name, size_t n), const void *arg)
{
	struct strbuf out = STRBUF_INIT;

	while (*s) {
		const char *end = *s == '{' ? strchr(s, '}') : NULL;
		autofree char *value =
		    end ? get(arg, s + 1, (size_t)(end - s) - 1) : NULL;

		if (value) {
			strbuf_adds(&out, value);
			s = end + 1;
		} else {
			strbuf_addc(&out, *s++);
		}
	}
	return strbuf_detach(&out);
}

void
language_expand(const struct strvec *argv,
    const struct language_places *places, struct strvec *out)
{
	for (size_t i = 0; i < argv->n; i++)
		strvec_push_owned(out, expand_word(argv->v[i], place_value, places));
}

void
language_env(const struct language *l, const struct language_places *places,
    struct strvec *out)
{
	for (size_t i = 0; i < l->env.n; i++) {
		autofree char *entry = expand_word(l->env.v[i],
		    place_value, places);

		strvec_env_set(out, entry);
	}
}

static const char *
first_program(const struct recipe *r)
{
	return r->compile.n ? r->compile.v[0].v[0] : r->run.v[0];
}

void
language_add_programs(const struct language_choice *c, struct strbuf *out)
{
	autovec struct strvec names = STRVEC_INIT;

	for (size_t i = 0; i < c->n_recipes; i++)
		if (!strvec_has(&names, first_program(&c->recipes[i])))
			strvec_push(&names, first_program(&c->recipes[i]));
	for (size_t i = 0; i < names.n; i++) {
		if (i)
			strbuf_adds(out, i + 1 < names.n ? ", " : " or ");
		strbuf_adds(out, names.v[i]);
	}
}
