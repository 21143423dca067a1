/* project/check_text: what is found in programs of which no parser is there. */
#include "tap.h"

#include "project/check_text.h"

static struct check_rules *rules;

struct looking {
	const struct check_language *l;
	struct check_findings findings;
};

static void
on_fact(void *arg, size_t text, const struct check_fact *f)
{
	struct looking *k = arg;

	(void)text;
	check_fact_find(k->l, f, "a", true, &k->findings);
}

/* "2 shell, 3 eval?" with ? where it is a literal; the caller's. */
static char *
found(const char *language, const char *text)
{
	struct looking k = {.l = check_rules_by_name(rules, language)};
	struct strbuf sb = STRBUF_INIT;

	check_text_facts(k.l, text, strlen(text), on_fact, &k);
	check_findings_sort(&k.findings);
	for (size_t i = 0; i < k.findings.n; i++)
		strbuf_addf(&sb, "%s%u %s%s", i ? ", " : "",
		    k.findings.v[i].line, k.findings.v[i].rule,
		    strcmp(k.findings.v[i].severity, "error") ? "?" : "");
	check_findings_release(&k.findings);
	return strbuf_detach(&sb);
}

static const struct {
	const char *language, *text, *found;
} cases[] = {
    /* Quotes that begin no string, and what is one of another form. */
    {"rust", "let a = '\"'; Command::new(c); let b = '\"';", "1 shell?"},
    {"rust", "fn f<'a>(x: &'a str) { Command::new(x) } // '", "1 shell?"},
    {"rust", "let a = ['\\'', '\\u{22}', 'é']; Command::new(c); '\"'",
	"1 shell?"},
    {"rust", "r#\"\"#; Command::new(c); r#\"\"#", "1 shell?"},
    {"rust", "r##\"\n\"# Command::new(c) \"##; br\"\\\"; Command::new(c)",
	"2 shell?"},
    {"rust", "/* /* */ \" */ Command::new(c); /* \" */", "1 shell?"},
    {"rust", "a[..Command::new(c)]; 'a: loop { Command::new(c) }",
	"1 shell?, 1 shell?"},
    {"cpp", "auto a = R\"(\")\"; system(x); auto b = R\"(\")\";", "1 shell"},
    {"cpp", "u8R\"x( )\" \" )x\"; system(x); LR\"(\n\")\"; system(y); // \"",
	"1 shell, 2 shell"},
    {"cpp", "int a = 1'000; system(x); // '", "1 shell"},
    {"cpp", "R\"( system(x) )\"; \"system(x)\"; 'a'; // system(x)", ""},
    {"perl", "my @a = ($\"); system($x);", "1 shell?"},
    {"perl", "f()#\"\n;system($x);#\"", "2 shell?"},
    {"perl", "__END__x();\nsystem($x);\n__END__\nsystem($x);\n", "2 shell?"},
    {"perl", "s/\"/'/g; system($x); m{\"}; /'/ && exec($x); $h{s}",
	"1 shell?, 1 shell?"},
    {"perl", "qq{{\"}\"}; qw#\"#; tr/\"'/'\"/; y{'} {\"}; system($x)",
	"1 shell?"},
    {"perl", "s/a/system($x)/e; \"@{[system($y)]}\"; qx{ls}; \"it's\"",
	"1 shell?, 1 shell?, 1 shell?"},
    {"perl", "qr/a${\\b}/; system($x); m{${a}{}'}; system($x) # '",
	"1 shell?, 1 shell?"},
    {"perl", "split /\"\\s+/, $a; system($x); 4 / 2; exec($x) / 2",
	"1 shell?, 1 shell?"},
    {"perl", "$a'b = 1; system($x); $a'b = 1; $#a; $#{$a}; system($y)",
	"1 shell?, 1 shell?"},
    {"perl", "my $a\n=head1($b); system($x);\n=cut\n", "2 shell?"},
    {"perl", "1;\n\n=head1 A\n\nsystem($x)\n\n=cut\n\nq{system $x};\n", ""},
    {"perl", "$a . system($x); $a.system($x)", "1 shell?, 1 shell?"},
    {"lua", "x = [==[\"]==] os.execute(x) y = [==[\"]==]", "1 shell"},
    {"lua", "--[==[ ]] os.execute(x) ]==] load(x)", "1 eval"},
    {"lua", "print('a'..os.execute(x))", "1 shell"},
    {"shell", "echo \\\"; eval $1; echo \\\"", "1 eval"},
    {"shell", "echo \"$(eval $1)\" 'eval' \"eval\" # eval", "1 eval"},
    {"shell", "echo \"a $(b \"c $(d)\" ; (e)) eval\"\neval x", "2 eval"},
    {"shell", "echo \"a `eval x` eval\" $'\\'' eval '", "1 eval, 1 eval"},
    {"shell", "true&#\"\neval $1\n#\"", "2 eval"},
    {"shell", "\\eval $1; a . \neval $1", "1 eval, 2 eval"},
    {"shell", "cat <<EOF; eval 1\nit's\nEOF\neval x", "1 eval, 4 eval"},
    {"shell", "a <<'A B' << B\nit's\nA B\n\"\nB\neval x", "6 eval"},
    {"shell", "a <<-\\E\n'\n\t E\neval x\ncat <<<E 'a\neval'",
	"4 eval"},
    {"shell", "x=\"$(cat <<E\n)'\nE\neval y) eval\"\neval z",
	"4 eval, 5 eval"},
    {"shell", "a <<E\neval x\n'", "2 eval"},
    {"shell", "a <<E\nEE\n E\n$(eval x)\nE\n'eval'", "4 eval"},
    {"perl", "f(<<E, <<~\"F\");\nit's\nE\n\"\n  F\nsystem($x);",
	"6 shell?"},
    {"perl", "$a << 2; $a <<B; system($x)\n# '", "1 shell?"},
    {"ruby", "`ls #{t} a`", "1 shell?"},
    {"javascript", "`${eval(x)} eval(x) ${`${eval(y)}`}`", "1 eval, 1 eval"},
    {"javascript", "a = /\"/; eval(x); // \"", "1 eval"},
    {"javascript", "f(...eval(x))", "1 eval"},
    /* A call, however it is written. */
    {"c", "(system)(x); ((system)) (x)", "1 shell, 1 shell"},
    {"c", "system\n(x)", "1 shell"},
    {"c", "system/**/(x)", "1 shell"},
    {"c", "sys\\\ntem(x);\n\n// \\\n \"\nsys\\ \ntem(x) \"a\"",
	"1 shell, 6 shell"},
    {"c", "p->system(x); a . system(x); void *p = system;", ""},
    {"cpp", "return ::system(x);", "1 shell"},
    {"cpp", "std /**/ :: system(x); ::system(\"ls\")", "1 shell, 1 shell?"},
    {"rust", "Command /* a */ ::\n new(x)", "1 shell?"},
    {"lua", "os.execute \"ls\"\nos . execute(x) load[[x]]",
	"1 shell?, 2 shell, 2 eval?"},
    {"javascript", "(0, eval)(x); a.innerHTML/**/= x; a\n.outerHTML ||= x",
	"1 eval, 1 html-injection, 1 html-injection"},
};

/* A page of n bytes before 64 programs: bytes of what is given of them. */
static size_t
scripts_of(char filling, size_t n, bool *all)
{
	struct strbuf page = STRBUF_INIT, *scripts;
	size_t count, bytes = 0;

	strbuf_grow(&page, n);
	for (size_t i = 0; i < n; i++)
		strbuf_addc(&page, filling);
	strbuf_adds(&page, "\n");
	for (int i = 0; i < 64; i++)
		strbuf_adds(&page, "<script>f()</script>\n");
	*all = check_text_scripts(page.buf, page.len, &scripts, &count);
	for (size_t i = 0; i < count; i++) {
		bytes += scripts[i].len;
		strbuf_release(&scripts[i]);
	}
	free(scripts);
	strbuf_release(&page);
	return bytes;
}

static void
test_pages(void)
{
	const char *page = "<p>\n a <script>f(\n1)</script>\n<p>";
	struct strbuf *scripts;
	size_t count;
	bool all;

	check_text_scripts(page, strlen(page), &scripts, &count);
	is_int(count, 1, "one program");
	is_str(scripts[0].buf, "\n           f(\n1)", "at its place");
	strbuf_release(&scripts[0]);
	free(scripts);
	ok(scripts_of('x', 4 << 20, &all) < 1 << 16 && all,
	    "64 programs do not have 64 copies of their page");
	ok(scripts_of('\n', 4 << 20, &all) <= (69u << 20) && !all,
	    "and not 64 of its lines");
}

int
main(void)
{
	autoerr struct err err = ERR_INIT;

	rules = check_rules_load(NULL, &err);
	if (!ok(rules, "the rules: %s", err.msg.buf))
		return done();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autofree char *got = found(cases[i].language, cases[i].text);

		is_str(
		    got, cases[i].found, "%s, case %zu", cases[i].language, i);
	}
	test_pages();
	check_rules_free(rules);
	return done();
}
