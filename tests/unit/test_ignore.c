/* .dockerignore against tests/pack/ignore.txt, and what that cannot say. */
#include <string.h>

#include "base/io.h"
#include "base/strvec.h"
#include "pack/ignore.h"
#include "tap.h"

struct block {
	char title[128];
	struct strbuf rules;
	struct ignore *ignore;
};

static void
add_named_bytes(struct strbuf *out, const char *s)
{
	static const char *const names[][2] = {{"<TAB>", "\t"}, {"<CR>", "\r"},
	    {"<NL>", "\n"}, {"<FF>", "\xff"}, {"<BOM>", "\xef\xbb\xbf"},
	    {"<NBSP>", "\xc2\xa0"}};

	while (*s) {
		size_t k = 0;

		while (k < ARRAY_SIZE(names) && !str_starts(s, names[k][0]))
			k++;
		if (k < ARRAY_SIZE(names)) {
			strbuf_adds(out, names[k][1]);
			s += strlen(names[k][0]);
		} else {
			strbuf_addc(out, *s++);
		}
	}
}

static void
begin(struct block *b, const char *title)
{
	ignore_free(b->ignore);
	b->ignore = NULL;
	strbuf_reset(&b->rules);
	snprintf(b->title, sizeof(b->title), "%s", title);
}

static void
check_path(struct block *b, const char *line)
{
	struct err err = ERR_INIT;
	autobuf struct strbuf path = STRBUF_INIT;
	bool left_out = *line == '-';

	if (!b->ignore)
		b->ignore = ignore_parse("i", b->rules.buf, b->rules.len, &err);
	add_named_bytes(&path, line + 2 + (line[1] == '~'));
	ok(b->ignore && ignore_path(b->ignore, path.buf) == left_out, "%s: %s",
	    b->title, line);
	err_clear(&err);
}

static void
check_refusal(struct block *b, const char *line)
{
	struct err err = ERR_INIT;
	autofree char *where = xasprintf("i:%s: ", line);

	b->ignore = ignore_parse("i", b->rules.buf, b->rules.len, &err);
	ok(!b->ignore && str_starts(err.msg.buf, where), "%s: %s", b->title,
	    err.msg.buf);
	is_int(err.kind, ERR_CONFIG, "it is an error of configuration");
	err_clear(&err);
}

static void
check_line(struct block *b, const char *line)
{
	switch (*line) {
	case '*':
		begin(b, line + 2);
		break;
	case '|':
		add_named_bytes(&b->rules, line + 1);
		strbuf_addc(&b->rules, '\n');
		break;
	case '-':
	case '+':
		check_path(b, line);
		break;
	case '!':
		check_refusal(b, line + 2 + (line[1] == '~'));
		break;
	}
}

static void
check_table(void)
{
	const char *source = getenv("ADDESH_SOURCE");
	autofree char *path =
	    xasprintf("%s/tests/pack/ignore.txt", source ? source : ".");
	autobuf struct strbuf text = STRBUF_INIT;
	struct block block = {.rules = STRBUF_INIT};
	struct err err = ERR_INIT;
	const char *line, *end;

	ok(!io_read_file(path, &text, 1u << 20, &err), "%s", path);
	for (line = strstr(text.buf, "\n* "); line; line = end) {
		autofree char *copy = NULL;

		end = strchr(++line, '\n');
		copy =
		    xstrndup(line, end ? (size_t)(end - line) : strlen(line));
		check_line(&block, copy);
	}
	begin(&block, "");
	strbuf_release(&block.rules);
	err_clear(&err);
}

static struct ignore *
parse(const char *text, size_t len, struct err *err)
{
	err_clear(err);
	return ignore_parse("i", text, len, err);
}

static void
check_bounds(void)
{
	struct err err = ERR_INIT;
	autofree char *text = xmalloc((1u << 20) + 1);
	struct ignore *ig;

	memset(text, 'a', (1u << 20) + 1);
	ok(!parse(text, (1u << 20) + 1, &err), "a file over 1 MiB is refused");
	is_str(err.msg.buf, "i: it is larger than 1024 KiB", "in words");
	ok(!parse(text, 65536, &err), "a line of 64 KiB is refused");
	is_str(err.msg.buf, "i:1: the line is too long", "with its number");
	text[65535] = '\n';
	ig = parse(text, 65536, &err);
	ok(ig, "a line of 65535 bytes is not too long");
	ignore_free(ig);
	for (size_t i = 0; i < 4098; i++)
		text[i] = "?\n"[i == 4097];
	ok(!parse(text, 4098, &err), "4097 wildcards are refused");
	is_str(err.msg.buf, "i:1: the pattern is longer than 4096 elements",
	    "in words");
	ok(!parse("a\n\0b", 4, &err), "a NUL byte is refused");
	is_str(err.msg.buf, "i:2: a NUL byte: the file must be UTF-8 text",
	    "with its line");
	ig = parse("", 0, &err);
	ok(ig && !ignore_path(ig, "a"), "an empty file leaves nothing out");
	ignore_free(ig);
	err_clear(&err);
}

/* All patterns of a file together. */
static void
check_sum(void)
{
	autobuf struct strbuf text = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct ignore *ig;

	for (int i = 0; i < 20000; i++)
		strbuf_adds(&text, "a\n");
	ig = parse(text.buf, text.len, &err);
	ok(ig, "20000 patterns are taken");
	ignore_free(ig);
	strbuf_adds(&text, "b\n");
	ok(!parse(text.buf, text.len, &err), "one more is not");
	is_str(err.msg.buf, "i:20001: there are more than 20000 patterns",
	    "with its line");
	strbuf_reset(&text);
	/* 1024 of 64 elements, of which a half are ranges */
	for (int i = 0; i < 1024; i++)
		strbuf_adds(&text, "????????????????????????????????\n");
	ig = parse(text.buf, text.len, &err);
	ok(ig, "65536 elements are taken");
	ignore_free(ig);
	strbuf_adds(&text, "?\n");
	ok(!parse(text.buf, text.len, &err), "more are not");
	is_str(err.msg.buf,
	    "i:1025: the patterns up to here have more than 65536 elements",
	    "with the line");
	strbuf_reset(&text);
	for (int i = 0; i < 20000; i++)
		strbuf_adds(&text, "**/");
	strbuf_adds(&text, "a");
	ig = parse(text.buf, text.len, &err);
	ok(ig && ignore_path(ig, "a") && ignore_path(ig, "x/y/a") &&
		!ignore_path(ig, "x/y/b"),
	    "a chain of stars says what one of them says");
	ignore_free(ig);
}

/* A backtracking matcher would not end in a lifetime. */
static void
check_hostile(void)
{
	struct err err = ERR_INIT;
	struct ignore *ig;
	char text[1024], path[4096];

	for (size_t i = 0; i < 1000; i++)
		text[i] = "*a"[i % 2];
	text[1000] = 'b';
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ig = parse(text, 1001, &err);
	ok(ig && !ignore_path(ig, path), "500 stars end");
	ignore_free(ig);
	for (size_t i = 0; i < 1000; i++)
		text[i] = "**/a/"[i % 5];
	for (size_t i = 1; i < sizeof(path) - 1; i += 2)
		path[i] = '/';
	ig = parse(text, 1001, &err);
	ok(ig && !ignore_path(ig, path), "200 pairs of stars end");
	ignore_free(ig);
	err_clear(&err);
}

/* What a walk asks: the answers are those of the whole path. */
static void
check_walk(void)
{
	static const char rules[] = "*\n!keep/**/*.c\n!x\nx/y\n!**/deep\nz\n";
	static const struct {
		const char *dir;
		bool ignored, below;
	} dirs[] = {
	    {"keep", true, true}, {"other", true, true}, /* a "deep" */
	    {"x", false, true},
	    {"z", true, false}, /* the last rule takes it all */
	};
	struct err err = ERR_INIT;
	struct ignore *ig = parse(rules, sizeof(rules) - 1, &err);
	bool marks[16];

	is_int(ignore_marks(ig), 6, "a mark for each rule");
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		const char *dir = dirs[i].dir;

		is_int(ignore_directory(ig, NULL, dir, marks), dirs[i].ignored,
		    "%s is %s", dir, dirs[i].ignored ? "left out" : "sent");
		is_int(ignore_keeps_below(ig, marks, dir), dirs[i].below,
		    "%s: something below %s be sent", dir,
		    dirs[i].below ? "can" : "cannot");
	}
	ignore_directory(ig, NULL, "x", marks);
	ok(ignore_file(ig, marks, "x/y"), "x/y is left out below x");
	ok(!ignore_file(ig, marks, "x/a"), "x/a is not");
	ok(!ignore_file(ig, NULL, "w/a") && ignore_path(ig, "w/a"),
	    "without marks only ignore_path() looks at parents");
	ignore_free(ig);
	err_clear(&err);
}

int
main(void)
{
	check_table();
	check_bounds();
	check_sum();
	check_hostile();
	check_walk();
	return done();
}
