/* project/template, on the installed files and on a user's. */
#include "tap.h"

#include <sys/stat.h>

#include "base/io.h"
#include "project/template.h"

static void
chooses(const struct languages *ls, const char *files, const char *want)
{
	autovec struct strvec names = STRVEC_INIT;
	autofree char *copy = xstrdup(files);
	struct template_choice c;
	struct err err = ERR_INIT;
	char *rest = copy, *name;

	while ((name = strsep(&rest, " ")))
		strvec_push(&names, name);
	if (template_choose(ls, &names, "DIR", &c, &err)) {
		is_str(NULL, want, "%s chooses nothing", files);
		ok(err.kind == ERR_USAGE, "called wrongly: %s", err.msg.buf);
		ok(strstr(err.hint.buf, "requirements.txt, pyproject.toml"),
		    "with names that are known: %s", err.hint.buf);
		err_clear(&err);
		return;
	}
	is_str(c.name, want, "%s chooses %s", files, want);
	ok(strstr(c.text, "FROM ") && strlen(c.text) == c.len &&
		str_ends(c.text, "\n"), "a whole text");
	ok(c.files.n && c.language, "with the reason");
	template_choice_release(&c);
}

static void
test_choice(const struct languages *ls)
{
	chooses(ls, "requirements.txt", "python-requirements");
	chooses(ls, "pyproject.toml", "python-pyproject");
	chooses(ls, "pyproject.toml requirements.txt", "python-requirements");
	chooses(ls, "package.json", "node");
	chooses(ls, "package.json package-lock.json", "node-lock");
	chooses(ls, "package-lock.json", NULL);
	chooses(ls, "package.json requirements.txt", "python-requirements");
	chooses(ls, "package.json Gemfile Gemfile.lock", "ruby");
	chooses(ls, "Gemfile tool.gemspec", "ruby-gem");
	chooses(ls, "go.mod package.json", "go");
	chooses(ls, "pom.xml build.gradle", "maven");
	chooses(ls, "build.gradle", "gradle");
	chooses(ls, "build.gradle.kts", "gradle");
	chooses(ls, "Cargo.toml", "rust");
	chooses(ls, "main.py", NULL);
	chooses(ls, "sub/requirements.txt", NULL);
	chooses(ls, "REQUIREMENTS.TXT", NULL);
	chooses(ls, "", NULL);
}

/* Each template that is named is there, and each has what ours promise. */
static void
test_installed(const struct languages *ls)
{
	for (size_t i = 0; i < languages_count(ls); i++) {
		const struct language *l = languages_at(ls, i);

		for (size_t j = 0; j < l->n_projects; j++) {
			const char *name = l->projects[j].template;
			autofree char *file = xasprintf("%s.Dockerfile", name);
			autoerr struct err err = ERR_INIT;
			size_t n = 0;
			autofree char *text = template_read(file, &n, &err);

			if (!ok(text, "%s is there", file))
				continue;
			ok(strstr(text, "\nWORKDIR /app\n") &&
				strstr(text, "\nUSER 10001:10001\nCMD [") &&
				!strstr(text, "latest") &&
				!strstr(text, "<<"),
			    "%s is as they all are", file);
		}
	}
}

static void
write_file(const char *path, const char *text)
{
	struct err err = ERR_INIT;

	if (io_replace_file(path, text, strlen(text), 0600, &err))
		abort();
}

/* A language that the user adds comes first, and a template of the user's is
   taken before ours. */
static void
test_own(const char *installed)
{
	char home[] = "/tmp/test_template.XXXXXX";
	autofree char *dir = NULL, *file = NULL, *own = NULL;
	autovec struct strvec names = STRVEC_INIT;
	struct template_choice c;
	struct languages *ls;
	struct err err = ERR_INIT;

	if (!mkdtemp(home))
		abort();
	dir = xasprintf("%s/addesh/templates", home);
	file = xasprintf("%s/addesh/languages.yaml", home);
	own = xasprintf("%s/zig.Dockerfile", dir);
	setenv("XDG_CONFIG_HOME", home, 1);
	if (io_mkdirs(dir, 0700, &err))
		abort();
	write_file(file, "zig: {recipes: [[zig, run]], "
	    "project: [{files: [build.zig], template: zig}]}\n");
	write_file(own, "FROM zig:1\n");
	ls = languages_load(installed, "", &err);
	strvec_push(&names, "requirements.txt");
	strvec_push(&names, "build.zig");
	ok(ls && !template_choose(ls, &names, ".", &c, &err), "it is chosen");
	is_str(c.text, "FROM zig:1\n", "the user's template");
	is_str(c.files.v[0], "build.zig", "the reason");
	template_choice_release(&c);
	unlink(own);
	ok(template_choose(ls, &names, ".", &c, &err), "it is missing");
	ok(strstr(err.msg.buf, "templates/zig.Dockerfile"), "%s",
	    err.msg.buf);
	err_clear(&err);
	languages_free(ls);
	ok(!template_read("../x", &(size_t){0}, &err), "a path is no name");
	err_clear(&err);
	io_remove_tree(home, &err);
}

int
main(void)
{
	const char *source = getenv("ADDESH_SOURCE");
	autofree char *data =
	    xasprintf("%s/share/addesh", source ? source : ".");
	autofree char *installed = io_join(data, "languages.yaml");
	struct err err = ERR_INIT;
	struct languages *ls = languages_load(installed, NULL, &err);

	setenv("ADDESH_DATADIR", data, 1);
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	if (!ok(ls, "the languages are read: %s", err.msg.buf))
		return done();
	test_choice(ls);
	test_installed(ls);
	languages_free(ls);
	test_own(installed);
	return done();
}
