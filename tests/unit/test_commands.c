/*
 * The command table is sound, and options are parsed as it says: the rules that
 * no single row's author sees.
 */
#include <ctype.h>
#include <string.h>

#include "cmd/dispatch.h"
#include "cmd/help.h"
#include "cmd/opts.h"
#include "tap.h"

/* "..." at the end of an example is no period. */
static bool
is_sentence(const char *s)
{
	size_t n = strlen(s);

	return n > 1 && s[n - 1] == '.' && s[n - 2] != '.';
}

static void
check_option(const struct cmd *row, size_t i)
{
	const struct opt *o = table_option(row, i), *other;
	bool twice = false;

	for (size_t k = 0; k < i; k++) {
		other = table_option(row, k);
		twice |= !strcmp(other->name, o->name) ||
			 (o->letter && other->letter == o->letter);
	}
	ok(!twice, "%s: --%s stands once", row->name, o->name);
	ok(o->help && *o->help && !is_sentence(o->help),
	    "%s: --%s is explained, without a period", row->name, o->name);
	ok(!opt_has_value(o) || o->metavar, "%s: --%s names its value",
	    row->name, o->name);
	ok((o->type == OPT_TYPE_CHOICE || o->type == OPT_TYPE_MAY_WORD) ==
	       (o->choices != NULL),
	    "%s: --%s has words if it is a choice", row->name, o->name);
}

static void
check_args(const struct cmd *row)
{
	bool optional = false, bad = false;

	for (size_t i = 0; i < CMD_MAX_ARGS && row->args[i].name; i++) {
		bad |= optional && !row->args[i].optional;
		bad |= row->args[i].repeat && i + 1 < CMD_MAX_ARGS &&
		       row->args[i + 1].name;
		bad |= (row->args[i].comp == COMP_CHOICE) !=
		       (row->args[i].choices != NULL);
		optional |= row->args[i].optional;
	}
	ok(!bad, "%s: operands that may be absent or repeat come last",
	    row->name);
}

static void
test_table(void)
{
	for (size_t i = 0; cmd_table[i]; i++) {
		const struct cmd *row = cmd_table[i];

		ok(!i || strcmp(cmd_table[i - 1]->name, row->name) < 0,
		    "%s: in its place", row->name);
		ok(row->summary && *row->summary &&
		       islower((unsigned char)*row->summary) &&
		       !is_sentence(row->summary),
		    "%s: has a summary, which is no sentence", row->name);
		ok(strlen(row->summary) <= 60, "%s: ... and is short",
		    row->name);
		ok(!row->alias || !table_find(row->alias) ||
		       table_find(row->alias) == row,
		    "%s: its alias is nobody's name", row->name);
		for (size_t k = 0; table_option(row, k); k++)
			check_option(row, k);
		check_args(row);
	}
}

/* Every row is found by its words, and its help fits the screen. */
static void
test_help(void)
{
	for (size_t i = 0; cmd_table[i]; i++) {
		const struct cmd *row = cmd_table[i];
		autofree char *name = xstrdup(row->name);
		autobuf struct strbuf text = STRBUF_INIT;
		autoerr struct err err = ERR_INIT;
		char *space = strchr(name, ' ');
		char *words[] = {name, space ? space + 1 : NULL, NULL};
		size_t used, wide = 0;

		if (space)
			*space = 0;
		ok(dispatch_resolve(words, space ? 2 : 1, false, &used, &err) ==
			row,
		    "%s: is found", row->name);
		help_row(&text, row, 80);
		for (const char *p = text.buf; *p; p += strcspn(p, "\n") + 1)
			wide += strcspn(p, "\n") > 80;
		is_int(wide, 0, "%s: its help has lines of 80 columns",
		    row->name);
	}
}

static const struct opt opts[] = {
    OPT_FLAG('a', "all", "all of them"),
    OPT_STR('n', "name", "NAME", "a name", COMP_NONE),
    OPT_LIST('e', "env", "K=V", "variables", COMP_NONE),
    OPT_TIME('t', "timeout", "a time"),
    OPT_SIZE('m', "memory", "a size"),
    OPT_INT(0, "count", "N", "how many"),
    OPT_NUM(0, "cpus", "N", "how much"),
    OPT_CHOICE(0, "network", "none|full", "what"),
    OPT_REFUSED(0, "privileged", "it would be no sandbox"),
    OPT_END,
};

static int
nothing(struct call *c)
{
	return 0;
}

static const struct cmd free_row = {.name = "free",
    .opts = opts,
    .args = {ARG("A", COMP_NONE), ARG_REST("B", COMP_NONE)},
    .exec = nothing};
static const struct cmd first_row = {.name = "first",
    .opts = opts,
    .args = {ARG("A", COMP_NONE), ARG_REST("B", COMP_NONE)},
    .flags = CMD_OPTS_FIRST,
    .exec = nothing};

/* The words of text, parsed; what came out as text, or the error. */
static void
parse(const struct cmd *row, const char *text, struct strbuf *out)
{
	autofree char *copy = xstrdup(text);
	autoerr struct err err = ERR_INIT;
	struct optset set;
	char *words[16], *save = NULL;
	size_t n = 0;

	for (char *w = strtok_r(copy, " ", &save); w && n < 16;
	     w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	optset_init(&set, row);
	if (opts_parse(&set, row, words, n, &err) < 0)
		strbuf_addf(out, "%s", err.msg.buf);
	for (size_t i = 0; !err.kind && i < set.n; i++) {
		const struct optval *v = &set.v[i];

		if (!v->given)
			continue;
		strbuf_addf(out, "%s", v->opt->name);
		for (size_t k = 0; k < v->values.n; k++)
			strbuf_addf(out, "%c%s", k ? ',' : '=', v->values.v[k]);
		if (v->number)
			strbuf_addf(out, "(%llu)",
			    (unsigned long long)v->number);
		strbuf_addc(out, ' ');
	}
	for (size_t i = 0; !err.kind && i < set.operands.n; i++)
		strbuf_addf(out, "[%s]", set.operands.v[i]);
	optset_release(&set);
}

static const struct {
	const struct cmd *row;
	const char *words, *want;
} cases[] = {
    {&free_row, "x", "[x]"},
    {&free_row, "x -a y", "all [x][y]"},
    {&first_row, "x -a y --name", "[x][-a][y][--name]"},
    {&first_row, "-a x -a", "all [x][-a]"},
    {&first_row, "-a -- -x -y", "all [-x][-y]"},
    {&free_row, "-- -a --name", "[-a][--name]"},
    {&free_row, "x -- --", "[x][--]"},
    {&free_row, "-", "[-]"},
    {&free_row, "--name=v x", "name=v [x]"},
    {&free_row, "--name v x", "name=v [x]"},
    {&free_row, "--name= x", "name= [x]"},
    {&free_row, "--name -a x", "name=-a [x]"},
    {&free_row, "-nv x", "name=v [x]"},
    {&free_row, "-an v x", "all name=v [x]"},
    {&free_row, "-anv x", "all name=v [x]"},
    {&free_row, "-n=v x", "name=v [x]"},
    {&free_row, "-n a -n b x", "name=a,b [x]"},
    {&free_row, "-e A=1 -eB=2 --env=C=3 x", "env=A=1,B=2,C=3 [x]"},
    {&free_row, "-t 90s -m 1k x", "timeout=90s(90000) memory=1k(1024) [x]"},
    {&free_row, "--count 12 --cpus 0.5 x", "count=12(12) cpus=0.5 [x]"},
    {&free_row, "--network full x", "network=full [x]"},
    {&free_row, "-h", "help "},
    {&free_row, "-h --nope", "help "},
    {&free_row, "--help -t x", "help "},
    {&free_row, "", "A is missing"},
    {&free_row, "-a", "A is missing"},
    {&free_row, "x --nope", "there is no option --nope"},
    {&free_row, "x -z", "there is no option -z"},
    {&free_row, "x -az", "there is no option -z"},
    {&free_row, "x --name", "--name needs a value: NAME"},
    {&free_row, "x -an", "-n needs a value: NAME"},
    {&free_row, "x --all=1", "--all takes no value"},
    {&free_row, "x -t soon",
     "-t takes a time such as 30, 90s, 5m, 12h or 7d, not 'soon'"},
    {&free_row, "x --memory=-1",
     "--memory takes a size such as 256m, 1g or 64KiB, not '-1'"},
    {&free_row, "x --count 1x", "--count takes a whole number, not '1x'"},
    {&free_row, "x --count -1", "--count takes a whole number, not '-1'"},
    {&free_row, "x --count 99999999999999999999",
     "--count takes a whole number, not '99999999999999999999'"},
    {&free_row, "x --cpus 0",
     "--cpus takes a number above 0, such as 0.5, not '0'"},
    {&free_row, "x --cpus inf",
     "--cpus takes a number above 0, such as 0.5, not 'inf'"},
    {&free_row, "x --network half",
     "--network takes one of none|full, not 'half'"},
    {&free_row, "x --network none|full",
     "--network takes one of none|full, not 'none|full'"},
    {&free_row, "x --privileged",
     "--privileged is refused: it would be no sandbox"},
    {&free_row, "--privileged=true",
     "--privileged is refused: it would be no sandbox"},
};

static void
test_options(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autobuf struct strbuf got = STRBUF_INIT;

		parse(cases[i].row, cases[i].words, &got);
		is_str(got.buf, cases[i].want, "%s %s", cases[i].row->name,
		    cases[i].words);
	}
}

static void
test_usage(void)
{
	autobuf struct strbuf sb = STRBUF_INIT;

	help_usage(&sb, &free_row);
	is_str(sb.buf, "free [OPTION]... A [B]...", "a usage line");
	strbuf_reset(&sb);
	help_usage(&sb, table_find("quit"));
	is_str(sb.buf, "quit [STATUS]", "one without options");
	strbuf_reset(&sb);
	help_rest(&sb, &free_row, 1, true);
	is_str(sb.buf, "[B]...", "what is still to come");
}

int
main(void)
{
	test_table();
	test_help();
	test_options();
	test_usage();
	return done();
}
