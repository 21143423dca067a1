/* project/languages, on the installed file and on files of a user's. */
#include "tap.h"

#include <signal.h>

#include "base/io.h"
#include "base/yaml.h"
#include "project/languages.h"

static char *installed;

static struct languages *
load(const char *user_text, struct err *err)
{
	char path[] = "/tmp/test_languages.XXXXXX";
	struct languages *ls;
	int fd;

	if (!user_text)
		return languages_load(installed, NULL, err);
	fd = mkstemp(path);
	if (fd < 0 || io_write_all(fd, user_text, strlen(user_text)))
		abort();
	close(fd);
	ls = languages_load(installed, path, err);
	unlink(path);
	return ls;
}

static const char *
name_of(const struct language *l)
{
	return l ? l->name : NULL;
}

static void
test_known(const struct languages *ls)
{
	static const struct {
		const char *file, *name;
	} cases[] = {{"a.py", "python"}, {"a.js", "javascript"},
	    {"a.mjs", "javascript"}, {"a.ts", "typescript"}, {"a.sh", "shell"},
	    {"a.rb", "ruby"}, {"a.go", "go"}, {"A.java", "java"}, {"a.c", "c"},
	    {"a.cpp", "cpp"}, {"a.cc", "cpp"}, {"a.C", "cpp"}, {"a.rs", "rust"},
	    {"a.pl", "perl"}, {"a.php", "php"}, {"a.lua", "lua"}, {"a.R", "r"},
	    {"a.r", "r"}, {"A.PY", "python"}, {"d/e.f/a.py", "python"},
	    {"a.d.ts", "typescript"}, {".py", "python"}, {"a", NULL},
	    {"a.py/b", NULL}, {"a.xyz", NULL}, {"", NULL}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		is_str(name_of(languages_by_file(ls, cases[i].file)),
		    cases[i].name, "the language of \"%s\"", cases[i].file);
	is_int(languages_count(ls), 14, "fourteen languages");
	is_str(name_of(languages_by_name(ls, "bash")), "shell",
	    "bash means shell");
	is_str(name_of(languages_by_name(ls, "C++")), "cpp", "an alias");
	is_str(name_of(languages_by_name(ls, "PYTHON")), "python",
	    "case does not count");
	ok(!languages_by_name(ls, "cobol"), "an unknown name");
}

static void
test_images(const struct languages *ls)
{
	is_str(name_of(languages_by_image(ls, "python:3.11-slim")), "python",
	    "an image with a tag");
	is_str(name_of(languages_by_image(ls, "docker.io/library/node")),
	    "javascript", "a full name");
	is_str(name_of(languages_by_image(ls, "reg:5000/golang@sha256:00")),
	    "go", "a digest");
	ok(!languages_by_image(ls, "busybox"), "an image of no language");
}

/* Two languages with one extension, name or image would hide each other. */
static void
test_unambiguous(const struct languages *ls)
{
	for (size_t i = 0; i < languages_count(ls); i++) {
		const struct language *l = languages_at(ls, i);

		for (size_t j = 0; j < l->names.n; j++)
			ok(languages_by_name(ls, l->names.v[j]) == l,
			    "%s is found as %s", l->name, l->names.v[j]);
		for (size_t j = 0; j < l->extensions.n; j++) {
			autofree char *file =
			    xasprintf("x%s", l->extensions.v[j]);

			ok(*l->extensions.v[j] == '.' &&
				languages_by_file(ls, file) == l,
			    "%s is found by %s", l->name, file);
		}
		for (size_t j = 0; j < l->images.n; j++)
			ok(languages_by_image(ls, l->images.v[j]) == l,
			    "%s is found by the image %s", l->name,
			    l->images.v[j]);
		ok(l->version.n, "%s says how to ask for the version", l->name);
	}
}

static const struct language_places places = {.file = "/workspace/d/main.py",
    .out = "/tmp/o1/main", .home = "/tmp/home", .tmp = "/tmp"};

static char *
expand(const char *word)
{
	struct strvec in = STRVEC_INIT, out = STRVEC_INIT;
	char *text;

	strvec_push(&in, word);
	language_expand(&in, &places, &out);
	text = out.n == 1 ? xstrdup(out.v[0]) : NULL;
	strvec_release(&in);
	strvec_release(&out);
	return text;
}

static void
is_expanded(const char *word, const char *want)
{
	autofree char *got = expand(word);

	is_str(got, want, "expanding %s", word);
}

static void
test_expand(void)
{
	struct language_places odd = places;
	autovec struct strvec dash = STRVEC_INIT, out = STRVEC_INIT;

	is_expanded("{file}", "/workspace/d/main.py");
	is_expanded("-D{dir}/{name}.x", "-D/workspace/d/main.x");
	is_expanded("{outdir}:{out}", "/tmp/o1:/tmp/o1/main");
	is_expanded("{home}{tmp}", "/tmp/home/tmp");
	is_expanded("{} {x} {file", "{} {x} {file");
	odd.file = "-rf $(x) {home}";
	strvec_push(&dash, "{file}");
	language_expand(&dash, &odd, &out);
	is_int(out.n, 1, "a file name is one word");
	is_str(out.v[0], "./-rf $(x) {home}", "and never an option");
}

/* No placeholder is misspelt in the installed file. */
static void
test_placeholders(const struct languages *ls)
{
	for (size_t i = 0; i < languages_count(ls); i++) {
		const struct language *l = languages_at(ls, i);
		struct strvec env = STRVEC_INIT, out = STRVEC_INIT;

		language_env(l, &places, &env);
		for (size_t j = 0; j < l->n_recipes; j++) {
			const struct recipe *r = &l->recipes[j];

			for (size_t k = 0; k < r->compile.n; k++)
				language_expand(&r->compile.v[k], &places, &out);
			language_expand(&r->run, &places, &out);
		}
		for (size_t j = 0; j < out.n; j++)
			strvec_push(&env, out.v[j]);
		for (size_t j = 0; j < env.n; j++)
			if (strchr(env.v[j], '{'))
				ok(0, "%s: %s", l->name, env.v[j]);
		ok(out.n > 1, "%s has commands", l->name);
		strvec_release(&env);
		strvec_release(&out);
	}
}

static void
is_chosen(const struct languages *ls, const char *lang, const char *file,
    const char *text, const char *name, const char *first)
{
	struct language_choice c;
	struct err err = ERR_INIT;
	autobuf struct strbuf programs = STRBUF_INIT;

	if (!ok(!languages_choose(ls, lang, file, text, strlen(text), &c, &err),
		"%s with %zu bytes is chosen", file, strlen(text))) {
		err_clear(&err);
		return;
	}
	is_str(name_of(c.language), name, "its language");
	language_add_programs(&c, &programs);
	is_str(programs.buf, first, "its programs");
	language_choice_release(&c);
}

static void
test_choice(const struct languages *ls)
{
	is_chosen(ls, NULL, "a.py", "", "python", "python3, python or pypy3");
	is_chosen(ls, "js", "a.py", "", "javascript",
	    "node, nodejs, bun or deno");
	is_chosen(ls, NULL, "tool", "#!/usr/bin/python3.11 -u\nx", "python",
	    "python3, python or pypy3");
	is_chosen(ls, NULL, "tool", "#!/usr/bin/env -S A=b lua5.4", "lua",
	    "lua, lua5.4, lua5.3 or luajit");
	is_chosen(ls, NULL, "tool", "#! /bin/dash\n", "shell", "bash or sh");
	is_chosen(ls, NULL, "tool", "#!/usr/bin/awk -f\n", NULL,
	    "/usr/bin/awk");
	is_chosen(ls, NULL, "tool", "#!/usr/bin/env tclsh\n", NULL, "tclsh");
}

static void
test_shebang_words(const struct languages *ls)
{
	struct language_choice c;
	struct err err = ERR_INIT;
	struct strvec out = STRVEC_INIT;
	static const char text[] = "#!/usr/bin/awk -f\n";

	languages_choose(ls, NULL, "main", text, strlen(text), &c, &err);
	language_expand(&c.recipes[0].run, &places, &out);
	is_int(out.n, 3, "three words");
	is_str(out.v[1], "-f", "the argument");
	is_str(out.v[2], "/workspace/d/main.py", "the file");
	strvec_release(&out);
	language_choice_release(&c);
}

static void
not_chosen(const struct languages *ls, const char *lang, const char *file,
    const char *text, size_t n, const char *message, const char *hint)
{
	struct language_choice c;
	struct err err = ERR_INIT;

	ok(languages_choose(ls, lang, file, text, n, &c, &err) < 0,
	    "%s is not chosen", file);
	is_int(err.kind, ERR_USAGE, "called wrongly");
	is_str(err.msg.buf, message, "the message");
	is_str(err.hint.buf, hint, "the hint");
	err_clear(&err);
}

static void
test_no_choice(const struct languages *ls)
{
	static const char unknown[] =
	    "the language of x.foo is not known: neither its name nor a #! "
	    "line tells it";
	static const char hint[] =
	    "name the language:  run --lang NAME x.foo";

	not_chosen(ls, NULL, "x.foo", "print(1)", 8, unknown, hint);
	not_chosen(ls, NULL, "x.foo", "#!", 2, unknown, hint);
	not_chosen(ls, NULL, "x.foo", "#!\n", 3, unknown, hint);
	not_chosen(ls, NULL, "x.foo", "#!/usr/bin/env\n", 15, unknown, hint);
	not_chosen(ls, NULL, "x.foo", "#!/b\0n\n", 7, unknown, hint);
	not_chosen(ls, "pyhton", "x.foo", "", 0,
	    "no language is named 'pyhton'", "the nearest is python");
}

static void
test_user_file(void)
{
	static const char text[] = "python:\n"
				   "  recipes: [[pypy, '{file}']]\n"
				   "zig:\n"
				   "  extensions: [.zig, .rb]\n"
				   "  interrupt: QUIT\n"
				   "  recipes:\n"
				   "    - compile: [[zig, x], [zig, y]]\n"
				   "      run: ['{out}']\n"
				   "    - check: [zig, z]\n"
				   "      run: [zig]\n";
	struct err err = ERR_INIT;
	struct languages *ls = load(text, &err);
	const struct language *zig = languages_by_name(ls, "zig");
	const struct language *py = languages_by_name(ls, "py");

	is_int(languages_count(ls), 15, "one more");
	is_str(py->recipes[0].run.v[0], "pypy", "a key is replaced");
	is_int(py->n_recipes, 1, "as a whole");
	is_int(py->interrupt, SIGINT, "the others stay");
	is_int(zig->recipes[0].compile.n, 2, "two steps of compilation");
	is_str(zig->recipes[1].check.v[1], "z", "a check");
	is_int(zig->interrupt, SIGQUIT, "a signal");
	ok(languages_by_file(ls, "a.rb") == zig, "the user's comes first");
	languages_free(ls);
}

static void
refused(const char *text, const char *message)
{
	struct err err = ERR_INIT;
	struct languages *ls = load(text, &err);
	const char *colon = ls ? NULL : strchr(err.msg.buf, ':');

	ok(!ls, "refused: %s", message);
	is_str(colon ? colon + 1 : NULL, message, "with the place");
	languages_free(ls);
	err_clear(&err);
}

static void
test_refused(void)
{
	refused("- x\n", "1:1: must be a map of languages");
	refused("zig: 1\n", "1:6: must be a map, not text");
	refused("zig: {}\n", "1:1: zig needs recipes");
	refused("zig:\n  recipe: []\n",
	    "2:3: unknown key 'recipe'; the nearest is recipes");
	refused("zig:\n  recipes: []\n",
	    "2:12: must be a list of commands, not a list");
	refused("zig:\n  recipes: [[]]\n", "2:13: needs a program");
	refused("zig:\n  recipes: [{compile: [x]}]\n", "2:13: needs a run");
	refused("zig:\n  recipes: [{runs: [x]}]\n",
	    "2:14: unknown key 'runs': check, compile or run");
	refused("zig:\n  recipes: [[[x]]]\n",
	    "2:14: must be text, not a list");
	refused("go:\n  interrupt: KILL\n",
	    "2:14: must be INT, TERM, QUIT, HUP or none");
	refused("go:\n  tests: [{name: x, command: [x], found_by: [{files: [x]}],\n"
		"    report_format: tab}]\n",
	    "2:11: report_format must be one of go|jest|junit|libtest|mocha|"
	    "rspec|tap, not 'tab'");
	refused("go:\n  tests: [{name: x, command: [x], found_by: [{files: [x]}],\n"
		"    coverage: {format: gcov}}]\n",
	    "2:11: no reader of coverage in 'gcov'");
	refused("go:\n  memory: lots\n", "2:11: must be a size such as 512m");
	refused("go:\n  project: {}\n", "2:12: must be a list, not a map");
	refused("go:\n  project: [x]\n", "2:13: must be a map, not text");
	refused("go:\n  project: [{files: [x]}]\n",
	    "2:13: needs files and a template");
	refused("go:\n  project: [{file: x}]\n",
	    "2:14: unknown key 'file': files, template or image");
	refused("go:\n  dependencies: []\n",
	    "2:17: must be a map, not a list");
	refused("go:\n  dependencies: {package: [x]}\n",
	    "2:27: unknown key 'package': packages, files, dir, env, "
	    "variables, set, beside, list, installed or instead");
	refused("go:\n  dependencies: {packages: []}\n",
	    "2:28: needs a program");
	refused("go:\n  dependencies: {files: [x]}\n",
	    "2:25: must be a map, not a list");
	refused("go:\n  dependencies: {list: [x], installed: '('}\n",
	    "2:40: is no extended regular expression");
	refused("go:\n  dependencies: {list: [x], installed: (a)b}\n",
	    "2:40: needs groups for the name and the version");
	refused("go:\n  dependencies: {installed: (a)(b)}\n",
	    "2:17: installed needs a list");
	refused("go:\n  env: {'A=': b}\n", "2:9: is no name of a variable");
}

/* Each key that is used is in the manual. */
static void
test_manual(void)
{
	const char *source = getenv("ADDESH_SOURCE");
	autofree char *path =
	    xasprintf("%s/man/addesh.yaml.5", source ? source : ".");
	autobuf struct strbuf page = STRBUF_INIT;
	struct err err = ERR_INIT;
	struct yaml *y = yaml_parse_file(installed, &err);
	const struct yaml_node *root = yaml_root(y);

	ok(!io_read_file(path, &page, 1 << 20, &err), "the page is read");
	for (size_t i = 0; i < root->n; i++) {
		for (size_t j = 0; j < root->items[i]->n; j++) {
			const char *key = root->items[i]->keys[j]->text;
			autofree char *alone = xasprintf(".It Cm %s\n", key);
			autofree char *with = xasprintf(" , Cm %s\n", key);
			autofree char *first = xasprintf(".It Cm %s ", key);

			if (!strstr(page.buf, alone) &&
			    !strstr(page.buf, with) && !strstr(page.buf, first))
				ok(0, "%s is not in addesh.yaml(5)", key);
		}
	}
	yaml_doc_free(y);
}

int
main(void)
{
	const char *source = getenv("ADDESH_SOURCE");
	struct err err = ERR_INIT;
	struct languages *ls;

	installed = xasprintf("%s/share/addesh/languages.yaml",
	    source ? source : ".");
	ls = load(NULL, &err);
	if (!ok(ls, "the installed file is read")) {
		printf("# %s\n", err.msg.buf);
		return done();
	}
	test_known(ls);
	test_images(ls);
	test_unambiguous(ls);
	test_expand();
	test_placeholders(ls);
	test_choice(ls);
	test_shebang_words(ls);
	test_no_choice(ls);
	languages_free(ls);
	test_user_file();
	test_refused();
	test_manual();
	free(installed);
	return done();
}
