/* The lexer against lexer.txt, and what the data cannot say. */
#include <string.h>

#include "base/io.h"
#include "base/strvec.h"
#include "lexer/lexer.h"
#include "tap.h"

enum { MAX_HEREDOC = 64 };

static void
add_escaped(struct strbuf *sb, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		switch (s[i]) {
		case '\n':
			strbuf_adds(sb, "\\n");
			break;
		case '\t':
			strbuf_adds(sb, "\\t");
			break;
		case '\r':
			strbuf_adds(sb, "\\r");
			break;
		case '\0':
			strbuf_adds(sb, "\\0");
			break;
		case '\033':
			strbuf_adds(sb, "\\e");
			break;
		default:
			strbuf_addc(sb, s[i]);
		}
}

/* Input with its bytes by name.  False at \c: no newline follows. */
static int
add_unescaped(struct strbuf *sb, const char *s, size_t n)
{
	static const struct {
		const char *name;
		char byte;
	} bytes[] = {{"<TAB>", '\t'}, {"<CR>", '\r'}, {"<ESC>", '\033'},
	    {"<NUL>", 0}};
	size_t i = 0, k;

	while (i < n) {
		if (i + 2 == n && !strncmp(s + i, "\\c", 2))
			return 0;
		for (k = 0; k < 4; k++)
			if (!strncmp(s + i, bytes[k].name,
				strlen(bytes[k].name)))
				break;
		strbuf_addc(sb, k < 4 ? bytes[k].byte : s[i]);
		i += k < 4 ? strlen(bytes[k].name) : 1;
	}
	return 1;
}

static void
dump_word(struct strbuf *sb, const struct lex_word *w)
{
	strbuf_addc(sb, '[');
	for (size_t i = 0; i < w->n; i++) {
		const char *text = w->pieces[i].text;

		if (w->pieces[i].variable)
			strbuf_addf(sb, "{%s}", text);
		else
			add_escaped(sb, text, strlen(text));
	}
	strbuf_addc(sb, ']');
}

static void
dump_cmd(struct strbuf *sb, const struct lex_cmd *cmd)
{
	static const char *const joins[] = {"", "; ", "&& ", "|| "};

	strbuf_addf(sb, "%s%u%s", joins[cmd->join], cmd->line,
	    cmd->time ? " time" : "");
	if (cmd->repeat)
		strbuf_addf(sb, " %u", cmd->repeat);
	strbuf_adds(sb, cmd->quiet ? " quiet" : "");
	for (size_t i = 0; i < cmd->n; i++) {
		strbuf_addc(sb, ' ');
		dump_word(sb, &cmd->words[i]);
	}
	if (cmd->redirect) {
		strbuf_adds(sb, cmd->append ? " >> " : " > ");
		dump_word(sb, cmd->redirect);
	}
	if (cmd->herestr) {
		strbuf_adds(sb, " <<<");
		dump_word(sb, cmd->herestr);
	}
	if (cmd->has_heredoc) {
		strbuf_adds(sb, " <<\"");
		add_escaped(sb, cmd->heredoc.buf, cmd->heredoc.len);
		strbuf_addc(sb, '"');
	}
	if (cmd->pipe)
		strbuf_addf(sb, " | \"%s\"", cmd->pipe);
	strbuf_addc(sb, '\n');
}

static void
dump_more(struct strbuf *sb, const struct lex_need *need)
{
	strbuf_adds(sb, "more ");
	if (need->what == LEX_NEED_HEREDOC)
		strbuf_adds(sb, need->tag);
	else
		strbuf_addc(sb, need->what == LEX_NEED_QUOTE ? need->quote
							     : '\\');
	strbuf_addf(sb, " %u\n", need->line);
}

/* All logical lines of the input, as the interpreter reads them. */
static void
dump(struct strbuf *out, const struct strbuf *in, unsigned flags)
{
	unsigned line = 1;
	size_t pos = 0;

	while (pos < in->len) {
		autoerr struct err err = ERR_INIT;
		struct lex_line l;
		enum lex_status r = lex_line(&l, in->buf + pos, in->len - pos,
		    line, flags, MAX_HEREDOC, &err);

		if (r == LEX_ERROR)
			strbuf_addf(out, "error %u: %s\n", l.err_line,
			    err.msg.buf);
		if (r == LEX_MORE)
			dump_more(out, &l.need);
		for (size_t i = 0; r == LEX_OK && i < l.n; i++)
			dump_cmd(out, &l.cmds[i]);
		pos = r == LEX_MORE ? in->len : pos + l.used;
		line += l.lines;
		lex_line_release(&l);
	}
}

struct testcase {
	struct strbuf in, want;
	unsigned flags, line;
};

static void
check(struct testcase *c)
{
	autobuf struct strbuf got = STRBUF_INIT;

	if (!c->want.len)
		return;
	dump(&got, &c->in, c->flags);
	is_str(got.buf, c->want.buf, "lexer.txt:%u", c->line);
	strbuf_reset(&c->in);
	strbuf_reset(&c->want);
	c->flags = c->line = 0;
}

static void
take_line(struct testcase *c, const char *s, size_t n, unsigned line)
{
	const char *text = memchr(s, ':', n);
	size_t skip = text ? (size_t)(text + 1 - s) : n;

	if (!n || *s == '#') {
		check(c);
		return;
	}
	skip += skip < n && s[skip] == ' ';
	if (!strncmp(s, "out:", 4)) {
		strbuf_add(&c->want, s + skip, n - skip);
		strbuf_addc(&c->want, '\n');
		return;
	}
	if (!strncmp(s, "eof:", 4))
		c->flags = LEX_EOF;
	else if (strncmp(s, "in:", 3) != 0)
		ok(0, "lexer.txt:%u is none of in:, eof: and out:", line);
	c->line = c->line ? c->line : line;
	if (add_unescaped(&c->in, s + skip, n - skip))
		strbuf_addc(&c->in, '\n');
}

static void
test_data(void)
{
	const char *top = getenv("ADDESH_SOURCE");
	autofree char *path =
	    xasprintf("%s/tests/unit/lexer.txt", top ? top : ".");
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct testcase c = {STRBUF_INIT, STRBUF_INIT, 0, 0};
	unsigned line = 0;

	if (!ok(io_read_file(path, &sb, 1 << 20, &err) == 0, "lexer.txt"))
		return;
	for (const char *p = sb.buf, *nl; *p; p = nl + 1) {
		nl = strchr(p, '\n');
		take_line(&c, p, nl - p, ++line);
	}
	check(&c);
	strbuf_release(&c.in);
	strbuf_release(&c.want);
}

/* A line that is not whole yet waits for the next one. */
static void
test_cut(void)
{
	static const char text[] = "a 'b\nc' \\\n d; run x <<~E\n"
				   "  1\n  2\n E\nz\n";
	int bad = 0, cuts = 0;

	for (size_t cut = 1; cut < sizeof(text) - 1; cut++) {
		autoerr struct err err = ERR_INIT;
		struct lex_line l;
		enum lex_status r;

		if (text[cut - 1] != '\n')
			continue;
		r = lex_line(&l, text, cut, 1, 0, MAX_HEREDOC, &err);
		cuts++;
		bad += r != (cut < sizeof(text) - 3 ? LEX_MORE : LEX_OK);
		lex_line_release(&l);
	}
	is_int(cuts, 6, "a line cut at each of its newlines");
	is_int(bad, 0, "... waits for more");
}

static void
test_limits(void)
{
	autobuf struct strbuf in = STRBUF_INIT, word = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct lex_line l;

	strbuf_adds(&in, "run x <<E\n");
	for (int i = 0; i < MAX_HEREDOC; i++)
		strbuf_addc(&in, 'y');
	strbuf_adds(&in, "\nE\n");
	is_int(lex_line(&l, in.buf, in.len, 1, 0, MAX_HEREDOC, &err), LEX_ERROR,
	    "a heredoc over its limit is refused");
	is_str(err.msg.buf, "the heredoc is larger than 64 bytes (max_heredoc)",
	    "... with the limit");
	lex_line_release(&l);
	err_clear(&err);
	strbuf_reset(&in);
	strbuf_adds(&in, "run ");
	for (int i = 0; i < 1 << 20; i++)
		strbuf_addc(&in, 'y');
	strbuf_adds(&in, "\n");
	is_int(lex_line(&l, in.buf, in.len, 1, 0, MAX_HEREDOC, &err), LEX_OK,
	    "a line has no limit");
	lex_expand(&l.cmds[0].words[1], NULL, NULL, &word, &err);
	is_int(word.len, 1 << 20, "... and keeps its length");
	lex_line_release(&l);
}

static char *
lookup(void *arg, const char *name)
{
	return strcmp(name, "A") ? NULL : xstrdup("x  y'\"$B");
}

static void
test_expand(void)
{
	static const char text[] = "a \"p$A\" $NONE\n";
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct lex_line l;

	lex_line(&l, text, strlen(text), 1, 0, 0, &err);
	is_int(lex_expand(&l.cmds[0].words[1], lookup, NULL, &sb, &err), 0,
	    "a variable");
	is_str(sb.buf, "px  y'\"$B", "... is one word and not read again");
	is_int(lex_expand(&l.cmds[0].words[2], lookup, NULL, &sb, &err), -1,
	    "one that is not defined");
	is_str(err.msg.buf, "$NONE is not defined", "... is an error");
	lex_line_release(&l);
}

static void
test_quote(void)
{
	static const char *const words[] = {"a b", "it's", "\"", "$HOME", "a;b",
	    "#x", "back\\slash", "é|>&<", "tab\there", NULL};
	static const char opens[] = {0, '\'', '"'};

	for (size_t i = 0; words[i]; i++)
		for (size_t k = 0; k < sizeof(opens); k++) {
			autobuf struct strbuf in = STRBUF_INIT;
			autobuf struct strbuf out = STRBUF_INIT;
			autoerr struct err err = ERR_INIT;
			struct lex_line l;

			if (opens[k])
				strbuf_addc(&in, opens[k]);
			lex_quote(&in, words[i], opens[k]);
			if (opens[k])
				strbuf_addc(&in, opens[k]);
			strbuf_addc(&in, '\n');
			lex_line(&l, in.buf, in.len, 1, 0, 0, &err);
			if (l.n == 1 && l.cmds[0].n == 1)
				lex_expand(&l.cmds[0].words[0], lookup, NULL,
				    &out, &err);
			is_str(out.buf, words[i], "quoted inside %c: %s",
			    opens[k] ? opens[k] : '-', words[i]);
			lex_line_release(&l);
		}
}

int
main(void)
{
	test_data();
	test_cut();
	test_limits();
	test_expand();
	test_quote();
	return done();
}
