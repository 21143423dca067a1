/* base/mask and base/secrets: values that are known, in each of their forms. */
#include <time.h>

#include "base/encode.h"
#include "base/mask.h"
#include "base/secrets.h"
#include "tap.h"

static void
hidden(const struct secrets *s, const char *text, bool output, const char *want,
    const char *what)
{
	autobuf struct strbuf out = STRBUF_INIT;

	secrets_hide(s, &out, text, strlen(text), output);
	is_str(out.buf, want, "%s", what);
}

static void
learn(struct secrets *s, const char *command)
{
	secrets_learn(s, command, strlen(command));
}

static void
test_learnt(void)
{
	struct secrets *s = secrets_new();

	learn(s, "env new -e API_KEY=tea-at-five -e 'MY_TOKEN=one two' "
		 "-e DB_PASSWORD=\"quoted one\" -e X_SECRET=short");
	hidden(s, "tea-at-five", true, "***", "a value by itself");
	hidden(s, "<one two>", true, "<***>", "one that stood in quotes");
	hidden(s, "a quoted one\n", true, "a ***\n", "the quotes around it");
	hidden(s, "short", true, "short", "what is short is not known");
	hidden(s, "xtea-at-fivex tea-at-fivetea-at-five", true, "x***x ***",
	    "anywhere, and touching");
	hidden(NULL, "tea-at-five API_KEY=x1", true, "tea-at-five API_KEY=***",
	    "without known ones the rules count");
	learn(s, "run -e TOKEN=five-and-ten a.py");
	hidden(s, "tea-at-five-and-ten", true, "***", "overlapping ones");
	secrets_free(s);
	secrets_free(NULL);
}

static void
test_environment(void)
{
	char key[] = "MY_API_KEY=tea at five", path[] = "PATH=/usr/local/bin";
	char none[] = "GH_TOKEN", empty[] = "A_SECRET=";
	char *const env[] = {key, path, none, empty, NULL};
	struct secrets *s = secrets_new();

	secrets_learn_env(s, env);
	hidden(s, "tea at five /usr/local/bin", true, "*** /usr/local/bin",
	    "variables whose names tell");
	secrets_free(s);
}

static void
test_lines(void)
{
	static const char text[] = "It's TOKEN=abc\nhello\nisn't\n";

	hidden(NULL, text, true, "It's TOKEN=***\nhello\nisn't\n",
	    "a quote in output ends with its line");
	hidden(NULL, "-e 'TOKEN=abc\nhello' x", false, "-e 'TOKEN=***' x",
	    "one in a command does not");
	hidden(NULL, "", true, "", "nothing");
}

/* Whatever stands before and behind it. */
static void
test_base64(void)
{
	static const char value[] = "tea?at>five~~";
	struct secrets *s = secrets_new();
	size_t wrong = 0, n = 0;

	secrets_add(s, value, strlen(value));
	for (int before = 0; before < 9; before++)
		for (int behind = 0; behind < 9; behind++)
			for (int url = 0; url < 2; url++, n++) {
				autobuf struct strbuf text = STRBUF_INIT;
				autobuf struct strbuf coded = STRBUF_INIT;
				struct secret_span *spans;

				strbuf_addf(&text, "%.*s%s%.*s", before,
				    "abcdefghi", value, behind, "jklmnopqr");
				base64_encode(&coded, text.buf, text.len, url);
				if (secrets_find(s, coded.buf, coded.len, true,
					&spans) != 1 ||
				    spans->start != before * 8U / 6 ||
				    spans->start + spans->n !=
					((before + strlen(value)) * 8 + 5) / 6)
					wrong++;
				free(spans);
			}
	is_int(wrong, 0, "%zu texts in base64", n);
	secrets_free(s);
}

/* base64 of the text in lines of so many digits. */
static void
add_lines(struct strbuf *out, const char *text, size_t width, const char *end)
{
	autobuf struct strbuf coded = STRBUF_INIT;

	base64_encode(&coded, text, strlen(text), false);
	for (size_t i = 0; i < coded.len; i += width)
		strbuf_addf(out, "%.*s%s", (int)width, coded.buf + i, end);
}

/* As programs write it that break their lines, all at once or line by line. */
static void
test_base64_lines(void)
{
	static const char value[] = "tea?at>five~~a;long:way-home";
	static const char *const ends[] = {"\n", "\r\n"};
	struct secrets *s = secrets_new();
	size_t wrong = 0, n = 0;

	secrets_add(s, value, strlen(value));
	for (size_t width = 16; width <= 76; width++)
		for (int before = 0; before < 60; before++, n++) {
			autobuf struct strbuf text = STRBUF_INIT;
			autobuf struct strbuf lines = STRBUF_INIT;
			autobuf struct strbuf all = STRBUF_INIT;
			autobuf struct strbuf parts = STRBUF_INIT;
			struct secret_stream st = SECRET_STREAM_INIT;

			strbuf_addf(&text, "%0*d%s!", before + 1, 0, value);
			add_lines(&lines, text.buf, width, ends[before % 2]);
			strbuf_adds(&lines, "the end\n");
			secrets_hide(s, &all, lines.buf, lines.len, true);
			for (size_t i = 0; i < lines.len; i++)
				secret_stream_add(
				    &st, s, lines.buf + i, 1, &parts);
			wrong += strcmp(all.buf, parts.buf) != 0;
			secret_stream_end(&st, s, &parts);
			secret_stream_release(&st);
			/* What is left is of the zeros and the end. */
			wrong += !strstr(all.buf, "***") ||
				 all.len > lines.len - strlen(value);
		}
	is_int(wrong, 0, "%zu texts in base64 in lines", n);
	secrets_free(s);
}

/* What is held back changes nothing of what comes out in the end. */
static void
test_stream(void)
{
	static const char text[] = "tea-at-five A_TOKEN=x\nno tea-at-\nmore\n"
				   "first line\nsecond one\nfirst line\n"
				   "dGVhLWF0LWZpdmU= https://me:you@there tea";
	struct secrets *s = secrets_new();
	autobuf struct strbuf want = STRBUF_INIT;
	size_t n = strlen(text), wrong = 0;

	secrets_add(s, "tea-at-five", 11);
	secrets_add(s, "first line\nsecond one", 21);
	secrets_hide(s, &want, text, n, true);
	for (size_t a = 0; a <= n; a++)
		for (size_t b = a; b <= n; b++) {
			struct secret_stream st = SECRET_STREAM_INIT;
			autobuf struct strbuf out = STRBUF_INIT;

			secret_stream_add(&st, s, text, a, &out);
			secret_stream_add(&st, s, text + a, b - a, &out);
			secret_stream_add(&st, s, text + b, n - b, &out);
			secret_stream_end(&st, s, &out);
			wrong += strcmp(out.buf, want.buf) != 0;
			secret_stream_release(&st);
		}
	is_int(wrong, 0, "three parts of any size");
	secrets_free(s);
}

/* A line without an end is not held for ever, and its secrets are found. */
static void
test_long_line(void)
{
	struct secrets *s = secrets_new();
	struct secret_stream st = SECRET_STREAM_INIT;
	autobuf struct strbuf out = STRBUF_INIT;
	size_t most = 0;

	secrets_add(s, "tea-at-five", 11);
	for (int i = 0; i < 300000; i++) {
		secret_stream_add(&st, s, &"tea-at-five "[i % 12], 1, &out);
		if (st.held.len > most)
			most = st.held.len;
	}
	secret_stream_end(&st, s, &out);
	ok(most <= SECRET_LINE_MAX + 1, "%zu bytes are held at most", most);
	is_int(out.len, 300000 / 12 * 4, "all of it comes out");
	ok(!strstr(out.buf, "tea"), "without the secret");
	secret_stream_release(&st);
	secrets_free(s);
}

/* Hostile output takes no longer than other. */
static void
test_time(void)
{
	static const char *const pieces[] = {"curl -u ",
	    "'\"TOKEN=", "a-token:", "\"TOKEN\": \"", "://", "https://a",
	    "ghp_", "aaaaaa", "YWFhYWFhYWFhYWFhYWFh\n"};
	struct secrets *s = secrets_new();
	clock_t began = clock();
	double seconds;

	secrets_add(s, "aaaaaaaaaaaaaaab", 16);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		autobuf struct strbuf text = STRBUF_INIT, out = STRBUF_INIT;

		while (text.len < 1 << 20)
			strbuf_adds(&text, pieces[i]);
		secrets_hide(s, &out, text.buf, text.len, true);
	}
	seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
	ok(seconds < 10, "8 MiB of such output in %.2f s", seconds);
	secrets_free(s);
}

int
main(void)
{
	test_learnt();
	test_environment();
	test_lines();
	test_base64();
	test_base64_lines();
	test_stream();
	test_long_line();
	test_time();
	return done();
}
