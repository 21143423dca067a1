#include "session/deps.h"

#include <ctype.h>
#include <string.h>

#include "base/encode.h"
#include "base/glob.h"
#include "base/nearest.h"

#define PACKAGE_MAX 1000 /* bytes; an address may be long */

static void
group_release(struct dep_group *g)
{
	for (size_t i = 0; i < g->n_files; i++) {
		free(g->files[i].name);
		free(g->files[i].text);
	}
	free(g->files);
	strvec_release(&g->packages);
}

void
deps_release(struct deps *d)
{
	for (size_t i = 0; i < d->n; i++)
		group_release(&d->groups[i]);
	free(d->groups);
	*d = (struct deps)DEPS_INIT;
}

static struct dep_group *
find_group(struct deps *d, const struct language *l)
{
	size_t i = 0;

	while (i < d->n && d->groups[i].language != l)
		i++;
	if (i < d->n)
		return &d->groups[i];
	d->groups = xreallocarray(d->groups, d->n + 1, sizeof(*d->groups));
	d->groups[d->n] =
	    (struct dep_group){.language = l, .packages = STRVEC_INIT};
	return &d->groups[d->n++];
}

static void
add_file(struct dep_group *g, const char *name, const char *text, size_t len,
    const struct installer_file *how)
{
	size_t i = 0;

	while (i < g->n_files && strcmp(g->files[i].name, name) != 0)
		i++;
	if (i == g->n_files) {
		g->files =
		    xreallocarray(g->files, i + 1, sizeof(*g->files));
		g->files[i].name = xstrdup(name);
		g->n_files++;
	} else {
		free(g->files[i].text);
	}
	g->files[i].text = xmemdup(text, len);
	g->files[i].len = len;
	g->files[i].how = how;
}

void
deps_copy(struct deps *dst, const struct deps *src)
{
	*dst = (struct deps)DEPS_INIT;
	for (size_t i = 0; i < src->n; i++) {
		const struct dep_group *from = &src->groups[i];
		struct dep_group *to = find_group(dst, from->language);

		strvec_pushv(&to->packages, from->packages.v,
		    from->packages.n);
		for (size_t k = 0; k < from->n_files; k++)
			add_file(to, from->files[k].name, from->files[k].text,
			    from->files[k].len, from->files[k].how);
	}
}

/* ---- names ---- */

/* An address or a path has no name that could be known here. */
static bool
has_name(const char *package)
{
	return !strstr(package, "://") && !strchr("./", *package);
}

/*
 * What ends a name: a version or an extra of pip's, "@" of npm's and Go's
 * (but for the one that a scope begins with), ":" of RubyGems'.
 */
char *
deps_name(const char *package)
{
	size_t n;

	if (!has_name(package) || !*package)
		return xstrdup(package);
	n = 1 + strcspn(package + 1, "=<>!~[;@:, ");
	return xstrndup(package, n);
}

static int
fold(char c)
{
	return c == '_' || c == '.' ? '-' : tolower((unsigned char)c);
}

bool
deps_same_name(const char *a, const char *b)
{
	while (*a && fold(*a) == fold(*b)) {
		a++;
		b++;
	}
	return !*a && !*b;
}

static int
refuse_language(const struct language *l, struct err *err)
{
	const char *instead = l->dependencies.instead;

	err_set(err, ERR_USAGE,
	    "packages of %s are not installed by name here", l->name);
	return instead ? err_hint(err, "%s", instead) : -1;
}

static int
check_package(const char *package, struct err *err)
{
	size_t n = strlen(package);

	if (!n)
		return err_set(err, ERR_USAGE, "a package needs a name");
	if (n > PACKAGE_MAX)
		return err_set(err, ERR_USAGE,
		    "a package's name has at most %d bytes", PACKAGE_MAX);
	if (*package == '-') {
		err_set(err, ERR_USAGE,
		    "'%s' is no package: it would be an option of the "
		    "installer", package);
		return err_hint(err, "put options into a file:  "
		    "dep add --file requirements.txt");
	}
	if (!utf8_valid(package, n))
		return err_set(err, ERR_USAGE,
		    "the name of a package is not UTF-8");
	for (const char *p = package; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return err_set(err, ERR_USAGE,
			    "the name of a package has a control character "
			    "in it");
	return 0;
}

int
deps_add(struct deps *d, const struct language *l, const char *package,
    struct err *err)
{
	autofree char *name = NULL;
	struct dep_group *g;

	if (check_package(package, err))
		return -1;
	if (!l->dependencies.packages.n)
		return refuse_language(l, err);
	name = deps_name(package);
	g = find_group(d, l);
	for (size_t i = g->packages.n; i-- > 0;) {
		autofree char *other = deps_name(g->packages.v[i]);

		if (deps_same_name(other, name))
			strvec_remove(&g->packages, i);
	}
	strvec_push(&g->packages, package);
	strvec_sort(&g->packages);
	return 0;
}

/* ---- files ---- */

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const struct installer_file *
find_how(const struct language *l, const char *name)
{
	for (size_t i = 0; i < l->dependencies.n_files; i++)
		if (glob_match(l->dependencies.files[i].name, name))
			return &l->dependencies.files[i];
	return NULL;
}

/* How a list of any name is installed: its name is a word of the commands. */
static const struct installer_file *
any_how(const struct language *l)
{
	for (size_t i = 0; i < l->dependencies.n_files; i++) {
		const struct commands *c = &l->dependencies.files[i].commands;

		for (size_t k = 0; k < c->n; k++)
			if (strvec_has(&c->v[k], "{file}"))
				return &l->dependencies.files[i];
	}
	return NULL;
}

static void
add_names(const struct language *l, struct strbuf *out)
{
	for (size_t i = 0; i < l->dependencies.n_files; i++)
		strbuf_addf(out, "%s%s", out->len ? ", " : "",
		    l->dependencies.files[i].name);
}

static int
unknown_file(const struct languages *all, const struct language *likely,
    const char *name, struct err *err)
{
	autobuf struct strbuf known = STRBUF_INIT;

	if (likely && !likely->dependencies.n_files)
		return refuse_language(likely, err);
	if (likely) {
		add_names(likely, &known);
		err_set(err, ERR_USAGE,
		    "%s is no list that the installer of %s reads", name,
		    likely->name);
		return err_hint(err, "it reads: %s", known.buf);
	}
	for (size_t i = 0; i < languages_count(all); i++)
		add_names(languages_at(all, i), &known);
	err_set(err, ERR_USAGE,
	    "%s is no list of packages that is known by its name", name);
	err_hint(err, "say with --lang of which language it is");
	return err_hint(err, "known by their names: %s", known.buf);
}

const struct language *
deps_file_language(const struct languages *all, const struct language *likely,
    const char *path, struct err *err)
{
	const char *name = base_name(path);

	if (likely && find_how(likely, name))
		return likely;
	for (size_t i = 0; i < languages_count(all); i++)
		if (find_how(languages_at(all, i), name))
			return languages_at(all, i);
	if (likely && any_how(likely))
		return likely;
	unknown_file(all, likely, name, err);
	return NULL;
}

/* It becomes a name in an image, and a word of the installer's. */
static bool
is_plain_name(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";

	return *name && *name != '-' && !name[strspn(name, plain)];
}

int
deps_add_file(struct deps *d, const struct languages *all,
    const struct language *likely, const char *path, const char *text,
    size_t len, struct err *err)
{
	const char *name = base_name(path);
	const struct language *l =
	    deps_file_language(all, likely, path, err);
	const struct installer_file *how;

	if (!l)
		return -1;
	if (!is_plain_name(name))
		return err_set(err, ERR_USAGE, "'%s': the name of a list has "
		    "letters, digits and . _ + - only", name);
	if (len > DEPS_FILE_MAX)
		return err_set(err, ERR_USAGE, "%s: a list of packages has at "
		    "most %u bytes", name, DEPS_FILE_MAX);
	how = find_how(l, name);
	add_file(find_group(d, l), name, text, len, how ? how : any_how(l));
	return 0;
}

/* ---- taking away ---- */

static bool
remove_package(struct dep_group *g, const char *name)
{
	for (size_t i = 0; i < g->packages.n; i++) {
		autofree char *own = deps_name(g->packages.v[i]);

		if (strcmp(g->packages.v[i], name) != 0 &&
		    !deps_same_name(own, name))
			continue;
		strvec_remove(&g->packages, i);
		return true;
	}
	return false;
}

static bool
remove_file(struct dep_group *g, const char *name)
{
	size_t i = 0;

	while (i < g->n_files && strcmp(g->files[i].name, name) != 0)
		i++;
	if (i == g->n_files)
		return false;
	free(g->files[i].name);
	free(g->files[i].text);
	memmove(g->files + i, g->files + i + 1,
	    (--g->n_files - i) * sizeof(*g->files));
	return true;
}

static int
not_there(const struct deps *d, const char *name, struct err *err)
{
	struct nearest near = NEAREST_INIT(name);
	autobuf struct strbuf all = STRBUF_INIT;

	for (size_t i = 0; i < d->n; i++) {
		const struct dep_group *g = &d->groups[i];

		for (size_t k = 0; k < g->packages.n; k++)
			nearest_try(&near, g->packages.v[k]);
		for (size_t k = 0; k < g->n_files; k++)
			nearest_try(&near, g->files[k].name);
	}
	deps_describe(d, DEPS_LINE, &all);
	err_set(err, ERR_USAGE, "'%s' was not asked for here", name);
	if (near.best) {
		autobuf struct strbuf word = STRBUF_INIT;

		strbuf_add_word(&word, near.best);
		return err_hint(err, "did you mean %s?", word.buf);
	}
	return d->n ? err_hint(err, "there are: %s", all.buf) : -1;
}

int
deps_remove(struct deps *d, const char *name, struct err *err)
{
	for (size_t i = 0; i < d->n; i++) {
		struct dep_group *g = &d->groups[i];

		if (!remove_package(g, name) && !remove_file(g, name))
			continue;
		if (!g->packages.n && !g->n_files) {
			group_release(g);
			memmove(g, g + 1,
			    (--d->n - i) * sizeof(*d->groups));
		}
		return 0;
	}
	return not_there(d, name, err);
}

/* A list that is written down in words, as far as there is room. */
struct description {
	struct strbuf words; /* with a blank before each */
	size_t room, left_out;
};

/* An address may be longer than all of the room. */
static void
describe_word(struct description *to, const char *word)
{
	autofree char *head = NULL;
	size_t n = to->room;

	if (!to->words.len && strlen(word) > n) {
		while (n && (word[n] & 0xc0) == 0x80)
			n--;
		head = xasprintf("%.*s...", (int)n, word);
		word = head;
	} else if (to->left_out || to->words.len + strlen(word) > to->room) {
		to->left_out++;
		return;
	}
	strbuf_addc(&to->words, ' ');
	strbuf_add_word(&to->words, word);
}

void
deps_describe(const struct deps *d, size_t room, struct strbuf *out)
{
	struct description to = {.words = STRBUF_INIT, .room = room};

	for (size_t i = 0; i < d->n; i++) {
		const struct dep_group *g = &d->groups[i];

		for (size_t k = 0; k < g->n_files; k++)
			describe_word(&to, g->files[k].name);
		for (size_t k = 0; k < g->packages.n; k++)
			describe_word(&to, g->packages.v[k]);
	}
	if (to.left_out)
		strbuf_addf(&to.words, " and %zu more", to.left_out);
	strbuf_adds(out, to.words.buf + (to.words.len && !out->len));
	strbuf_release(&to.words);
}
