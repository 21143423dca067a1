/* project/detect: what tests and builds projects, by the installed file. */
#include "tap.h"

#include "project/detect.h"

struct file {
	const char *path, *text;
};

static struct languages *all;

/* A project of at most a few files. */
struct project {
	const struct file *files;
	size_t n;
	unsigned reads;
};

static int
read_text(void *arg, const char *path, size_t max, struct strbuf *out)
{
	struct project *p = arg;

	p->reads++;
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->files[i].path, path) && p->files[i].text) {
			size_t n = strlen(p->files[i].text);

			strbuf_add(out, p->files[i].text, n < max ? n : max);
			return 0;
		}
	return -1;
}

static unsigned
detect(const struct file *files, size_t n, const char *lang,
    struct detection *d)
{
	struct project p = {.files = files, .n = n};
	autovec struct strvec paths = STRVEC_INIT;
	struct project_source source = {
	    .paths = &paths, .read = read_text, .arg = &p};
	autoerr struct err err = ERR_INIT;

	for (size_t i = 0; i < n; i++)
		strvec_push(&paths, files[i].path);
	if (project_detect(all, &source, lang, d, &err))
		abort();
	return p.reads;
}

/* "pytest, unittest; compileall" */
static char *
names(const struct detection *d)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < d->ntests; i++)
		strbuf_addf(&sb, "%s%s", i ? ", " : "",
		    d->tests[i].framework->name);
	strbuf_adds(&sb, ";");
	for (size_t i = 0; i < d->nbuilds; i++)
		strbuf_addf(&sb, "%s%s", i ? ", " : " ",
		    d->builds[i].build->name);
	return strbuf_detach(&sb);
}

#define PROJECT(...) .files = {__VA_ARGS__}
static const struct {
	struct file files[6];
	const char *names;
	const char *why; /* of the first framework */
} cases[] = {
    {PROJECT({"a.py", "x = 1\n"}), "; compileall", NULL},
    {PROJECT({"test_a.py", "import os\n\ndef test_a():\n"}),
	"pytest; compileall", "test_a.py: def test_a():"},
    {PROJECT({"tests/test_a.py", "import unittest\n"}),
	"unittest; compileall", "tests/test_a.py: import unittest"},
    {PROJECT({"pytest.ini", ""}, {"t/test_a.py", "import unittest\n"}),
	"pytest, unittest; compileall", "pytest.ini"},
    {PROJECT({"sub/pytest.ini", ""}, {"a.py", ""}), "; compileall", NULL},
    {PROJECT({"pyproject.toml", "[build]\n[tool.pytest.ini_options]\n"},
	 {"a.py", ""}),
	"pytest; compileall", "pyproject.toml: [tool.pytest.ini_options]"},
    {PROJECT({"requirements.txt", "pytest-mock\n"}, {"a.py", ""}),
	"; compileall", NULL},
    {PROJECT({"requirements.txt", "x\npytest==8\n"}, {"a.py", ""}),
	"pytest; compileall", "requirements.txt: pytest==8"},
    {PROJECT({"venv/lib/test_a.py", "def test_a():\n"}, {"a.py", ""}),
	"; compileall", NULL},
    {PROJECT({".hidden/test_a.py", "def test_a():\n"}), ";", NULL},
    {PROJECT({"package.json", "{\"scripts\": {\"test\": \"jest\"}}"},
	 {"a.test.js", ""}),
	"jest, npm test; node --check",
	"package.json: {\"scripts\": {\"test\": \"jest\"}}"},
    {PROJECT({"package.json", "{\"scripts\": {\n\"test\": \"vitest run\"\n}}"},
	 {"a.test.ts", ""}),
	"vitest, npm test;", "package.json: \"test\": \"vitest run\""},
    {PROJECT({"package.json", "{\n\"mocha\": {}}"}, {"a.js", ""}),
	"mocha; node --check", "package.json: \"mocha\": {}}"},
    {PROJECT({"package.json", "{\n\"test\": \"node --test\"}"}),
	"node --test, npm test;", "package.json: \"test\": \"node --test\"}"},
    {PROJECT({"package.json",
	 "{\n\"test\": \"echo \\\"Error: no test specified\\\" && exit 1\"}"}),
	";", NULL},
    {PROJECT({"package.json", "{\n\"test\": \"./check.sh\"}"}), "npm test;",
	"package.json: \"test\": \"./check.sh\"}"},
    {PROJECT({"a.test.js", "const t = require('node:test')\n"}),
	"node --test; node --check", "a.test.js: const t = require('node:test')"},
    {PROJECT({"tsconfig.json", "{}"}, {"package.json", "{\"build\": \"tsc\"}"},
	 {"a.ts", ""}),
	"; npm run build, tsc", NULL},
    {PROJECT({"go.mod", ""}, {"a_test.go", ""}), "go test; go build",
	"a_test.go"},
    {PROJECT({"pom.xml", ""}, {"src/A.java", ""}), "maven; maven, javac",
	"pom.xml"},
    {PROJECT({"build.gradle.kts", ""}), "gradle; gradle", "build.gradle.kts"},
    {PROJECT({"Cargo.toml", ""}, {"src/lib.rs", ""}),
	"cargo test; cargo build", "Cargo.toml"},
    {PROJECT({"spec/a_spec.rb", ""}), "rspec; ruby -c", "spec/a_spec.rb"},
    {PROJECT({"ATest.php", "class A extends \\PHPUnit\\Framework\\TestCase"}),
	"phpunit;", "ATest.php: class A extends \\PHPUnit\\Framework\\TestCase"},
    {PROJECT({"ATest.php", "class A extends NoTestCase"}), ";", NULL},
    {PROJECT({"Rakefile", "Rake::TestTask.new\n"},
	 {"test/test_a.rb", "require 'minitest/autorun'\n"}),
	"rake, minitest; ruby -c", "Rakefile: Rake::TestTask.new"},
    {PROJECT({"Makefile", "all:\n\ncheck: all\n"}, {"a.c", ""}),
	"make check; make", "Makefile: check: all"},
    {PROJECT({"CMakeLists.txt", "enable_testing()\n"}, {"a.cc", ""}),
	"ctest; cmake", "CMakeLists.txt: enable_testing()"},
    {PROJECT({"t/a.t", ""}), "prove;", "t/a.t"},
    {PROJECT({"README", "import unittest\n"}), ";", NULL},
};

static size_t
count(const struct file *files)
{
	size_t n = 0;

	while (n < 6 && files[n].path)
		n++;
	return n;
}

static void
test_cases(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct detection d;
		autofree char *found = NULL;

		detect(cases[i].files, count(cases[i].files), NULL, &d);
		found = names(&d);
		is_str(found, cases[i].names, "what there is for %s",
		    cases[i].files[0].path);
		is_str(d.ntests ? d.tests[0].why : NULL, cases[i].why,
		    "why for %s", cases[i].files[0].path);
		detection_release(&d);
	}
}

static void
test_languages(void)
{
	static const struct file files[] = {{"package.json", "{}"},
	    {"a.py", ""}, {"b.py", ""}, {"c.js", ""},
	    {"node_modules/x/d.py", ""}, {"node_modules/x/e.go", ""}};
	struct detection d;
	autofree char *text = NULL;
	autojson json *j = NULL;

	detect(files, ARRAY_SIZE(files), NULL, &d);
	is_int(d.nlanguages, 2, "what is in node_modules does not count");
	is_str(d.languages[0].language->name, "javascript",
	    "a project file comes before more files");
	is_str(d.languages[0].why, "package.json, 1 file", "and says why");
	is_str(d.languages[1].why, "2 files", "the other's files");
	j = detection_json(&d);
	text = json_print(json_get(j, "languages"));
	is_str(text,
	    "[{\"name\":\"javascript\",\"files\":1,"
	    "\"why\":\"package.json, 1 file\"},{\"name\":\"python\","
	    "\"files\":2,\"why\":\"2 files\"}]",
	    "as JSON");
	detection_release(&d);
	detect(files, ARRAY_SIZE(files), "python", &d);
	is_int(d.nbuilds, 1, "--lang leaves those of one language");
	is_str(d.builds[0].build->name, "compileall", "its own");
	detection_release(&d);
}

/* The names of those that are named, however many there are. */
static void
test_project_files(void)
{
	static const struct file files[] = {{"aa.gemspec", ""},
	    {"a.gemspec", ""}, {"c.gemspec", ""}, {"d.gemspec", ""},
	    {"e.gemspec", ""}, {"f.gemspec", ""}};
	struct detection d;

	detect(files, 2, NULL, &d);
	is_str(d.languages[0].why, "aa.gemspec, a.gemspec",
	    "one whose name ends another's");
	detection_release(&d);
	detect(files, ARRAY_SIZE(files), NULL, &d);
	is_str(d.languages[0].why,
	    "aa.gemspec, a.gemspec, c.gemspec, d.gemspec, e.gemspec",
	    "not all of many");
	detection_release(&d);
}

static void
test_bounds(void)
{
	static struct file files[200];
	struct detection d;
	unsigned reads;
	autofree char *big = xcalloc(DETECT_TEXT_MAX + 1, 1);
	autoerr struct err err = ERR_INIT;
	autovec struct strvec none = STRVEC_INIT;
	struct project_source empty = {.paths = &none, .read = read_text};

	memset(big, 'x', DETECT_TEXT_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		files[i] = (struct file){"test_a.py", big};
	reads = detect(files, ARRAY_SIZE(files), NULL, &d);
	is_int(reads, DETECT_READ_MAX / DETECT_TEXT_MAX,
	    "each file is read once, and no more than all may have");
	detection_release(&d);
	ok(project_detect(all, &empty, "cobol", &d, &err) == -1 &&
		err.kind == ERR_USAGE,
	    "an unknown language: %s", err.msg.buf);
	detection_release(&d);
	ok(!project_detect(all, &empty, NULL, &d, &err) && !d.nlanguages,
	    "nothing at all");
	detection_release(&d);
}

static void
test_expand(void)
{
	autovec struct strvec argv = STRVEC_INIT, out = STRVEC_INIT;
	autovec struct strvec args = STRVEC_INIT, cover = STRVEC_INIT;
	struct framework_places places = {.report = "/r/a", .dir = "/w",
	    .coverage = "/r/c", .args = &args, .cover = &cover};

	strvec_push(&args, "-k");
	strvec_push(&args, "{report}");
	strvec_push(&cover, "--cov={coverage}");
	strvec_push(&argv, "x={report},{dir},{tmp},{other}");
	framework_expand(&argv, &places, &out);
	is_int(out.n, 4, "the words at the end");
	is_str(out.v[0], "x=/r/a,/w,{tmp},{other}", "placeholders");
	is_str(out.v[1], "--cov=/r/c", "of the coverage");
	is_str(out.v[3], "{report}", "the user's words stay what they are");
	strvec_release(&out);
	strvec_push(&argv, "{args}");
	strvec_push(&argv, "end");
	framework_expand(&argv, &places, &out);
	is_str(out.v[1], "-k", "the words where they are wanted");
	is_str(out.v[3], "end", "and what follows");
	is_str(out.v[4], "--cov=/r/c", "of the coverage at the end");
}

int
main(void)
{
	const char *source = getenv("ADDESH_SOURCE");
	autofree char *path = xasprintf(
	    "%s/share/addesh/languages.yaml", source ? source : ".");
	autoerr struct err err = ERR_INIT;

	all = languages_load(path, NULL, &err);
	if (!ok(all, "the languages are read: %s", err.msg.buf))
		return done();
	test_cases();
	test_languages();
	test_project_files();
	test_bounds();
	test_expand();
	languages_free(all);
	return done();
}
