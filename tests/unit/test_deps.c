/* session/deps and the instructions of a layer. */
#include "tap.h"

#include "session/deps_layer.h"

static struct languages *all;

static const struct language *
lang(const char *name)
{
	return languages_by_name(all, name);
}

static void
is_name(const char *package, const char *want)
{
	autofree char *name = deps_name(package);

	is_str(name, want, "the name in %s", package);
}

static void
test_names(void)
{
	is_name("requests", "requests");
	is_name("requests==2.31", "requests");
	is_name("requests[socks]>=2,<3; python_version<'3.9'", "requests");
	is_name("requests @ x", "requests");
	is_name("lodash@4", "lodash");
	is_name("@types/node@20", "@types/node");
	is_name("@types/node", "@types/node");
	is_name("rake:13.0", "rake");
	is_name("example.com/a/b@v1", "example.com/a/b");
	is_name("git+https://x/y@z#egg=a", "git+https://x/y@z#egg=a");
	is_name("./a==b", "./a==b");
	is_name("=", "=");
	ok(deps_same_name("Foo_bar.baz", "foo-bar-baz"), "spellings of a name");
	ok(!deps_same_name("foo", "foob") && !deps_same_name("foob", "foo"),
	    "not of another");
}

static void
refused(const char *language, const char *package, const char *want)
{
	struct deps d = DEPS_INIT;
	struct err err = ERR_INIT;
	int rc = deps_add(&d, lang(language), package, &err);

	ok(rc && !d.n && strstr(err.msg.buf, want), "refused: %s",
	    err.msg.buf);
	err_clear(&err);
	deps_release(&d);
}

static void
test_refused(void)
{
	autofree char *large = xcalloc(1, 1002);

	memset(large, 'x', 1001);
	refused("python", "", "needs a name");
	refused("python", "-r", "an option of the installer");
	refused("python", "--index-url=http://x", "an option");
	refused("python", "a\nRUN x", "control character");
	refused("python", "a\033[2J", "control character");
	refused("python", "a\177", "control character");
	refused("python", "\xff", "not UTF-8");
	refused("python", large, "at most 1000 bytes");
	refused("c", "x", "packages of c are not");
}

static void
add(struct deps *d, const char *language, const char *package)
{
	struct err err = ERR_INIT;

	if (deps_add(d, lang(language), package, &err))
		ok(0, "%s: %s", package, err.msg.buf);
}

static void
add_file(struct deps *d, const char *path, const char *text)
{
	struct err err = ERR_INIT;

	if (deps_add_file(d, all, NULL, path, text, strlen(text), &err))
		ok(0, "%s: %s", path, err.msg.buf);
}

static void
refused_file(struct deps *d, const char *path, const char *want)
{
	struct err err = ERR_INIT;
	int rc = deps_add_file(d, all, NULL, path, "", 0, &err);

	ok(rc && (strstr(err.msg.buf, want) || strstr(err.hint.buf, want)),
	    "refused: %s", err.msg.buf);
	err_clear(&err);
}

static void
is_described(const struct deps *d, const char *want)
{
	autobuf struct strbuf text = STRBUF_INIT;

	deps_describe(d, 60, &text);
	is_str(text.buf, want, "there are: %s", want);
}

static void
test_list(void)
{
	struct deps d = DEPS_INIT, copy;
	struct err err = ERR_INIT;

	add(&d, "python", "six");
	add(&d, "python", "Requests==1");
	add(&d, "javascript", "six");
	add(&d, "python", "requests>2");
	add_file(&d, "dir/dev-requirements.txt", "a\n");
	add_file(&d, "package.json", "{}");
	add_file(&d, "other/package.json", "{1}");
	is_described(&d,
	    "dev-requirements.txt 'requests>2' six package.json six");
	deps_copy(&copy, &d);
	is_int(deps_remove(&d, "SIX", &err), 0, "the first of that name");
	is_int(deps_remove(&d, "requests", &err), 0, "without its version");
	is_int(deps_remove(&d, "dev-requirements.txt", &err), 0, "a list");
	is_described(&d, "package.json six");
	is_int(deps_remove(&d, "sax", &err), -1, "one that is not there");
	ok(strstr(err.hint.buf, "six"), "a name near it: %s", err.hint.buf);
	err_clear(&err);
	is_int(deps_remove(&d, "package.json", &err), 0, "another list");
	is_int(deps_remove(&d, "six", &err), 0, "the last");
	is_int(d.n, 0, "nothing is left");
	is_described(&copy,
	    "dev-requirements.txt 'requests>2' six package.json six");
	is_int(copy.groups[1].files[0].len, 3, "the later file counts");
	deps_release(&copy);
	refused_file(&d, "notes.md", "package.json");
	refused_file(&d, "my requirements.txt", "the name of a list");
	refused_file(&d, "-requirements.txt", "the name of a list");
	deps_release(&d);
}

static void
is_list_of(const char *language, const char *path, const char *want)
{
	const struct language *likely = language ? lang(language) : NULL;
	autoerr struct err err = ERR_INIT;
	const struct language *l = deps_file_language(all, likely, path, &err);

	if (l)
		is_str(l->name, want, "%s is a list of %s", path, want);
	else
		ok(strstr(err.msg.buf, want) || strstr(err.hint.buf, want),
		    "%s: %s", path, err.msg.buf);
}

/* A name that nobody knows is a list all the same, where the installer is told
   the name. */
static void
test_any_list(void)
{
	struct deps d = DEPS_INIT;
	struct err err = ERR_INIT;

	is_list_of("python", "requirements/dev.txt", "python");
	is_list_of("python", "package.json", "javascript");
	is_list_of("python", "requirements-dev.txt", "python");
	is_list_of("javascript", "r1.txt", "it reads: package.json");
	is_list_of("c", "r1.txt", "packages of c are not");
	is_list_of(NULL, "r1.txt", "--lang");
	is_list_of(NULL, "requirements-dev.txt", "python");
	is_int(deps_add_file(&d, all, lang("python"), "r/r1.txt", "six", 3,
		   &err), 0, "it is added");
	is_described(&d, "r1.txt");
	ok(d.groups[0].files[0].how, "and there is a way to install it");
	deps_release(&d);
}

/* For people: each a word, and no more than there is room for. */
static void
test_words(void)
{
	struct deps d = DEPS_INIT;
	autofree char *address = xasprintf("https://x/%0100d", 0);
	autofree char *head = xasprintf("https://x/%050d... and 2 more", 0);
	struct err err = ERR_INIT;

	add(&d, "python", "a; rm -rf /");
	add(&d, "python", "it's");
	is_described(&d, "'a; rm -rf /' 'it'\\''s'");
	is_int(deps_remove(&d, "it", &err), -1, "it is another one");
	is_str(err.hint.buf, "did you mean 'it'\\''s'?", "quoted there too");
	err_clear(&err);
	deps_release(&d);
	add(&d, "javascript", address);
	is_described(&d, "https://x/00000000000000000000000000000000000000"
	    "000000000000...");
	add(&d, "javascript", "x");
	add(&d, "javascript", "z");
	is_described(&d, head);
	deps_release(&d);
}

/* The whole text, of a language made for it. */
static void
test_instructions(void)
{
	struct deps d = DEPS_INIT;
	struct image base = IMAGE_INIT;
	autobuf struct strbuf text = STRBUF_INIT;
	autovec struct strvec vars = STRVEC_INIT, args = STRVEC_INIT;
	autovec struct strvec lists = STRVEC_INIT;

	base.user = (char *)"me\n\"$X";
	base.workdir = (char *)"";
	strvec_push(&vars, "INDEX=http://u:p@h/");
	strvec_push(&vars, "OTHER=x");
	add(&d, "fake", "b \"$(x)\" \\");
	add(&d, "fake", "a");
	add_file(&d, "l.fakes", "text");
	deps_dockerfile(&d, &base, &vars, &text, &args, &lists);
	is_str(text.buf,
	    "USER 0\n"
	    "WORKDIR \"/opt/x\"\n"
	    "ARG INDEX\n"
	    "RUN [\"sh\",\"-c\",\"f=$1; shift; mkdir -p \\\"${f%/*}\\\"; "
	    "\\\"$@\\\" >\\\"$f\\\" 2>/dev/null || :\",\"sh\","
	    "\"/.addesh-deps/fake.before\",\"env\",\"E=1 2\",\"ls\"]\n"
	    "COPY [\"list0\",\"/opt/x/l.fakes\"]\n"
	    "RUN [\"env\",\"E=1 2\",\"read\",\"/opt/x/l.fakes\"]\n"
	    "RUN [\"env\",\"E=1 2\",\"get\",\"a\",\"b \\\"$(x)\\\" \\\\\","
	    "\"end\"]\n"
	    "RUN [\"sh\",\"-c\",\"f=$1; shift; mkdir -p \\\"${f%/*}\\\"; "
	    "\\\"$@\\\" >\\\"$f\\\" 2>/dev/null || :\",\"sh\","
	    "\"/.addesh-deps/fake.after\",\"env\",\"E=1 2\",\"ls\"]\n"
	    "ENV P=\"$P:/x\"\n"
	    "WORKDIR \"/\"\n"
	    "USER \"me \\\"\\$X\"\n",
	    "the instructions");
	is_int(args.n, 1, "one value");
	is_str(args.v[0], "INDEX=http://u:p@h/", "which the text has not");
	is_int(lists.n, 1, "one list");
	deps_release(&d);
}

static void
test_installed(void)
{
	autobuf struct strbuf before = STRBUF_INIT, after = STRBUF_INIT;
	struct dep_installed *v;
	size_t n;

	strbuf_adds(&before, "pip==23\nsix==1\n");
	strbuf_adds(&after, "pip==23\nsix==2\nno line\n\nnew==1.0");
	strbuf_add(&after, "\0x==1\nlast==3\n", 14);
	v = deps_installed(lang("python"), &before, &after, &n);
	is_int(n, 4, "four are new");
	if (n == 4) {
		is_str(v[0].name, "six", "a new version");
		is_str(v[0].version, "2", "which it is");
		is_str(v[1].name, "new", "a new one");
		is_str(v[2].name, "x", "one after a NUL");
		is_str(v[3].name, "last", "the last");
	}
	deps_installed_free(v, n);
	v = deps_installed(lang("c"), &before, &after, &n);
	ok(!v && !n, "no pattern, nothing known");
}

int
main(void)
{
	static const char fake[] =
	    "fake: {recipes: [[x]], dependencies: {dir: '/opt/x', "
	    "env: {E: 1 2}, variables: [INDEX, UNSET_HERE], "
	    "packages: [get, '{packages}', end], "
	    "files: {'*.fakes': [read, '{file}']}, list: [ls], "
	    "installed: '(a)(b)', set: {P: '$P:/x'}}}\n";
	char path[] = "/tmp/test_deps.XXXXXX";
	const char *source = getenv("ADDESH_SOURCE");
	autofree char *installed = xasprintf(
	    "%s/share/addesh/languages.yaml", source ? source : ".");
	autoclose int fd = mkstemp(path);
	struct err err = ERR_INIT;

	if (fd < 0 || write(fd, fake, strlen(fake)) < 0)
		return 99;
	all = languages_load(installed, path, &err);
	unlink(path);
	if (!ok(all, "the languages are read: %s", err.msg.buf))
		return done();
	test_names();
	test_refused();
	test_list();
	test_any_list();
	test_words();
	test_instructions();
	test_installed();
	languages_free(all);
	return done();
}
