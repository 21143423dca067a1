/* base/yaml, base/nearest and base/glob. */
#include "tap.h"

#include "base/glob.h"
#include "base/nearest.h"
#include "base/yaml.h"

static struct yaml *
parse(const char *text, struct err *err)
{
	return yaml_parse("t.yaml", text, strlen(text), err);
}

static void
test_tree(void)
{
	static const char text[] = "# head\n"
				   "a: 1\n"
				   "b:\n"
				   "  - x\n"
				   "  - 'y z'\n"
				   "c: {d: \"\", e: ~}\n";
	struct err err = ERR_INIT;
	struct yaml *y = parse(text, &err);
	const struct yaml_node *root = yaml_root(y), *b, *c;

	is_str(yaml_name(y), "t.yaml", "name");
	ok(root->kind == YAML_MAP && root->n == 3, "a map of three");
	is_str(yaml_text(root, "a", NULL), "1", "a scalar");
	is_str(yaml_text(root, "nothing", "d"), "d", "default when absent");
	is_str(yaml_text(root, "b", "d"), "d", "default when not a scalar");
	b = yaml_get(root, "b");
	ok(b->kind == YAML_SEQ && b->n == 2, "a sequence of two");
	is_int(b->items[1]->line, 5, "line");
	is_int(b->items[1]->column, 5, "column");
	ok(b->items[0]->plain && !b->items[1]->plain, "quotes are seen");
	c = yaml_get(root, "c");
	ok(!yaml_is_null(yaml_get(c, "d")), "\"\" is text");
	ok(yaml_is_null(yaml_get(c, "e")), "~ is nothing");
	ok(yaml_is_null(yaml_get(c, "f")), "absent is nothing");
	ok(!yaml_get(yaml_get(root, "a"), "x"), "no map has no keys");
	yaml_doc_free(y);
	y = parse("# nothing\n", &err);
	ok(y && !yaml_root(y), "a text of comments has no root");
	yaml_doc_free(y);
}

static void
test_aliases(void)
{
	struct err err = ERR_INIT;
	struct yaml *y = parse("a: &x [1, 2]\nb: *x\n", &err);

	ok(yaml_get(yaml_root(y), "a") == yaml_get(yaml_root(y), "b"),
	    "an alias is the same node");
	yaml_doc_free(y);
}

static void
refused(const char *text, const char *message)
{
	struct err err = ERR_INIT;

	ok(!parse(text, &err), "refused: %s", message);
	is_str(err.msg.buf, message, "its message");
	is_int(err.kind, ERR_CONFIG, "its kind");
	err_clear(&err);
}

static void
test_refused(void)
{
	refused("a: 1\nb: 2\na: 3\n",
	    "t.yaml:3:1: 'a' stands twice, first in line 1");
	refused("a: [1\n",
	    "t.yaml:2:1: not YAML: did not find expected ',' or ']' "
	    "(while parsing a flow sequence)");
	refused("? [a]\n: 1\n", "t.yaml:1:3: a key must be text, not a list");
	refused("a: 1\n---\nb: 2\n", "t.yaml:2:1: a second document");
	refused("a: \"x\\0y\"\n", "t.yaml:1:4: a NUL in a text");
	refused("a: *b\n", "t.yaml:1:4: an alias to nothing that is complete");
	refused("a: &b [*b]\n",
	    "t.yaml:1:8: an alias to nothing that is complete");
	refused("a: \xff\n",
	    "t.yaml: byte 3: not text: invalid leading UTF-8 octet");
}

static void
test_bounds(void)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct err err = ERR_INIT;

	for (int i = 0; i < YAML_DEPTH_MAX + 1; i++)
		strbuf_addc(&text, '[');
	ok(!parse(text.buf, &err), "deep nesting is refused");
	ok(strstr(err.msg.buf, "nested too deeply"), "and named");

	/* Ten to the ninth nodes if the aliases were followed. */
	strbuf_reset(&text);
	strbuf_adds(&text, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 9; i++) {
		strbuf_addf(&text, "a%d: &a%d [", i, i);
		for (int j = 0; j < 10; j++)
			strbuf_addf(&text, "%s*a%d", j ? "," : "", i - 1);
		strbuf_adds(&text, "]\n");
	}
	ok(!parse(text.buf, &err), "an alias bomb is refused");
	ok(strstr(err.msg.buf, "too many nodes"), "and named");

	strbuf_reset(&text);
	for (int i = 0; i < YAML_NODES_MAX; i++)
		strbuf_adds(&text, "- x\n");
	ok(!parse(text.buf, &err), "too many nodes are refused");

	strbuf_reset(&text);
	for (int i = 0; i < 2000; i++)
		strbuf_addf(&text, "- &a%d x\n", i);
	ok(!parse(text.buf, &err), "too many anchors are refused");

	strbuf_reset(&text);
	while (text.len <= YAML_TEXT_MAX)
		strbuf_adds(&text, "# a comment that fills the text up\n");
	ok(!parse(text.buf, &err), "a long text is refused");
	err_clear(&err);
}

static void
test_nearest(void)
{
	struct nearest n = NEAREST_INIT("memry_limit");

	is_int(nearest_distance("abc", "abc"), 0, "the same");
	is_int(nearest_distance("abc", "acb"), 1, "a swap is one edit");
	is_int(nearest_distance("", "abc"), 3, "insertions");
	is_int(nearest_distance("ABC", "abd"), 1, "case does not count");
	nearest_try(&n, "timeout");
	ok(!n.best, "far away");
	nearest_try(&n, "memory_limit");
	is_str(n.best, "memory_limit", "a slip");
	ok(nearest_is_slip("eninge", "engine"), "two edits of six");
	ok(!nearest_is_slip("engine", "engine"), "itself is no slip");
	ok(!nearest_is_slip("llm", "host"), "a short other word is none");
	ok(!nearest_is_slip("a", "b"), "nor another letter");
	ok(nearest_is_slip("e", "e1"), "one that is missing");
}

static void
test_glob(void)
{
	ok(glob_match("*", ""), "a star matches nothing");
	ok(glob_match("python:*", "python:3.11"), "a star at the end");
	ok(!glob_match("python:*", "evil/python:3"), "anchored");
	ok(glob_match("a?c*e", "abcdde"), "both");
	ok(!glob_match("a?c", "ac"), "? is one byte");
	ok(glob_match("a\\*", "a*") && !glob_match("a\\*", "ab"), "escaped");
	ok(!glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*b",
	       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
	    "a slow pattern ends");
}

int
main(void)
{
	test_tree();
	test_aliases();
	test_refused();
	test_bounds();
	test_nearest();
	test_glob();
	return done();
}
