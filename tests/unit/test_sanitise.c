/* What a terminal gets to see of hostile output, cut at every byte. */
#include <string.h>

#include "base/sanitise.h"
#include "tap.h"

static const struct {
	const char *in, *out;
} cases[] = {
    {"plain\ttext\n", "plain\ttext\n"},
    {"é中😀\n", "é中😀\n"},
    {"50%\r100%\b\n", "50%\r100%\b\n"},
    {"a\033[31mred\033[0m\n", "a\033[31mred\033[0m\n"},
    {"\033[38;5;8mx\033[m\n", "\033[38;5;8mx\033[m\n"},
    {"\033[38;2;8;8;8mx\033[m\n", "\033[38;2;8;8;8mx\033[m\n"},
    {"\033[Kx\033[2K\033[0K\n", "\033[Kx\033[2K\033[0K\n"},
    /* concealed, moved, erased, retitled, answered, clipboard, charset */
    {"\033[8mx\n", "^[[8mx\n"},
    {"\033[1;8mx\n", "^[[1;8mx\n"},
    {"\033[08mx\n", "^[[08mx\n"},
    {"\033[2J\033[H\n", "^[[2J^[[H\n"},
    {"\033[3K\n", "^[[3K\n"},
    {"\033[1A\n", "^[[1A\n"},
    {"\033[6n\033[c\n", "^[[6n^[[c\n"},
    {"\033[?1049h\n", "^[[?1049h\n"},
    {"\033[>4;1m\n", "^[[>4;1m\n"},
    {"\033]0;title\007\n", "^[]0;title^G\n"},
    {"\033]52;c;eA==\033\\\n", "^[]52;c;eA==^[\\\n"},
    {"\033P$q\"p\033\\\n", "^[P$q\"p^[\\\n"},
    {"\033c\033(0\n", "^[c^[(0\n"},
    {"\016\017\021\023\177\n", "^N^O^Q^S^?\n"},
    {"\xc2\x9b""31m\n", "<U+009B>31m\n"},
    {"\xe2\x80\xae""abc\n", "<U+202E>abc\n"},
    {"\xff\xc3(\xed\xa0\x80\n", "\\xff\\xc3(\\xed\\xa0\\x80\n"},
    /* the end puts colours back and shows what was not finished */
    {"\033[31mred", "\033[31mred\033[0m"},
    {"\033[31mred\033[m", "\033[31mred\033[m"},
    {"x\033", "x^["},
    {"x\033[3", "x^[[3"},
    {"x\xe4\xb8", "x\\xe4\\xb8"},
    {"\033[0000000000000000000000000000000000000000000000000000000031mx\n",
     "^[[0000000000000000000000000000000000000000000000000000000031mx\n"},
};

static void
in_chunks(struct strbuf *out, const char *s, size_t n, size_t chunk)
{
	struct sanitiser st = {0};

	for (size_t i = 0; i < n; i += chunk)
		sanitise_add(&st, out, s + i, n - i < chunk ? n - i : chunk);
	sanitise_end(&st, out);
}

static void
test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = strlen(cases[i].in);

		for (size_t chunk = 1; chunk <= 3; chunk++) {
			autobuf struct strbuf out = STRBUF_INIT;

			in_chunks(&out, cases[i].in, n, chunk == 3 ? n : chunk);
			is_str(out.buf, cases[i].out,
			    "case %zu in pieces of %zu", i,
			    chunk == 3 ? n : chunk);
		}
	}
}

static void
test_marks(void)
{
	struct sanitiser st = {.mark = "! "};
	autobuf struct strbuf out = STRBUF_INIT;

	sanitise_add(&st, &out, "a\nb", 3);
	sanitise_add(&st, &out, "c\n\nd", 4);
	sanitise_end(&st, &out);
	is_str(out.buf, "! a\n! bc\n! \n! d", "each line has its mark");
	strbuf_reset(&out);
	st = (struct sanitiser){.mark = "<", .unmark = ">"};
	sanitise_add(&st, &out, "a\nb\n", 4);
	sanitise_end(&st, &out);
	is_str(out.buf, "<a>\n<b>\n", "... and its end");
}

/* Nothing that comes out controls a terminal, whatever goes in. */
static void
test_random(void)
{
	static const char alphabet[] = "\033\033[[;0123:8mKHJ]\007\\\n\r\x9b"
				       "\xc2\xe2\x80\xae x";
	unsigned seed = 1, bad = 0;

	for (int round = 0; round < 20000; round++) {
		char in[24];
		autobuf struct strbuf out = STRBUF_INIT;

		for (size_t i = 0; i < sizeof(in); i++) {
			seed = seed * 1103515245u + 12345u;
			in[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		in_chunks(&out, in, sizeof(in), 1 + round % 7);
		for (const char *p = out.buf; (p = strchr(p, '\033')); p++) {
			size_t n = strspn(p + 2, "0123456789;:");

			bad += p[1] != '[' ||
			       (p[2 + n] != 'm' && p[2 + n] != 'K');
		}
		bad += strchr(out.buf, '\007') != NULL;
	}
	is_int(bad, 0, "random bytes come out harmless");
}

int
main(void)
{
	test_cases();
	test_marks();
	test_random();
	return done();
}
