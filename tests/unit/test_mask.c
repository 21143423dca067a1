/* Which values of a line recording replaces, and what their names match. */
#include "replay/mask.h"

#include "base/regexp.h"
#include "expectations.h"
#include "tap.h"

#define HEX12 "3c80770a6278"
#define HEX64 "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static const struct {
	const char *line, *masked;
} lines[] = {
    /* addesh's own */
    {"env e1 (python:3.11-slim) ready in 0.09s",
	"env e1 (python:3.11-slim) ready in [TIME]"},
    {"exit 1 in 0.01s, 9 MB", "exit 1 in [TIME], [SIZE]"},
    {"built in 1m05s, 154 MB, " HEX12, "built in [TIME], [SIZE], [ID]"},
    {"agent-env:fix-20261121-195103-417203", "agent-env:fix-[DATE]"},
    {"up 2h03m", "up [TIME]"},
    /* and others' */
    {"Ran 3 tests in 0.001s", "Ran 3 tests in [TIME]"},
    {"real\t0m1.23s", "real\t[TIME]"},
    {"ok 5 (12 ms)", "ok 5 ([TIME])"},
    {"took 37µs.", "took [TIME]."},
    {"12:34:56.789 INFO up", "[TIME] INFO up"},
    {"2026-11-22T02:18:52Z x", "[DATE] x"},
    {"2026-11-22 02:18:52,123 x", "[DATE] x"},
    {"[2026-11-22]", "[[DATE]]"},
    {"Sun Nov 22 02:18:52 UTC 2026", "[DATE]"},
    {"sha256:" HEX64, "sha256:[SHA256]"},
    {"<X object at 0x7f3a2c1b4d50>", "<X object at [ID]>"},
    {"id 123e4567-e89b-42d3-a456-426614174000", "id [ID]"},
    {"on http://127.0.0.1:43121/", "on http://127.0.0.1:[PORT]/"},
    {"on [::1]:43121", "on [::1]:[PORT]"},
    {"user id                 22500", "user id                 [UID]"},
    {"group id                22500", "group id                [UID]"},
    {"on localhost:43121", "on localhost:[PORT]"},
    {"at 172.17.0.2 and 10.0.3.4", "at [IP] and [IP]"},
    {"é 0.5s é", "é [TIME] é"},
    {"Sun, 22 Nov 2026 02:18:52 GMT", "[DATE]"},
    {"[22/Nov/2026 02:18:52] GET", "[[DATE]] GET"},
    {"sandbox 409 Nov 22 03:37 t.py", "sandbox 409 [DATE] t.py"},
    {"Nov  2 03:37 t.py", "[DATE] t.py"},
    {"at 1795318667.5656981", "at [DATE]"},
    {"at 1795318667565", "at [DATE]"},
    {"3 hours ago", "[TIME]"},
    {"in /tmp/tmpjmmlit74/x", "in [TMP]/x"},
    {"in /tmp/tmp.AbC123XyZ9", "in [TMP]"},
    {"id d2df801eebe1eb41", "id [ID]"},
    {"[2/5] COPY . .  cached", "[2/5] COPY . .  [TIME]"},
    {"[2/5] RUN echo cached", "[2/5] RUN echo cached"},
    {"  cached", "  cached"},
    {"*  k1  kept  -  9ac41e1e", "*  k1  kept  -  [ID]"},
    {"3c80770 20261122 deadbeef", "3c80770 20261122 deadbeef"},
    /* what does not change */
    {"in 3 hours, 2 days", "in 3 hours, 2 days"},
    {"May 5 of 12:30", "May 5 of 12:30"},
    {"/tmp/tmpdir /tmp/x", "/tmp/tmpdir /tmp/x"},
    {"timeout 30s", "timeout 30s"},
    {"on http://127.0.0.1:8080/", "on http://127.0.0.1:8080/"},
    {"main.py:43121", "main.py:43121"},
    {"123456789012", "123456789012"},
    {"facadefacade", "facadefacade"},
    {"v1.52s 1.52s.txt 0.1.52s x1.5s 1.5sx",
	"v1.52s 1.52s.txt 0.1.52s x1.5s 1.5sx"},
    {"python 3.11.4, 285 bytes, 127.0.0.1",
	"python 3.11.4, 285 bytes, 127.0.0.1"},
    {"1 / 0 = ?", "1 / 0 = ?"},
    {"", ""},
};

static bool
line_matches(const struct masks *m, const char *expected, const char *line)
{
	autofree char *text = xasprintf("%s\n", expected);
	autofree char *output = xasprintf("%s\n", line);
	struct comparison c;
	bool matches;

	compare(&c, text, output, m);
	matches = alignment_matches(&c.al);
	comparison_release(&c);
	return matches;
}

static void
test_lines(void)
{
	struct masks *m = masks_new();

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		autobuf struct strbuf out = STRBUF_INIT;

		mask_line(m, &out, lines[i].line, strlen(lines[i].line));
		is_str(
		    out.buf, lines[i].masked, "recording '%s'", lines[i].line);
		ok(line_matches(m, out.buf, lines[i].line),
		    "which it matches then");
	}
	masks_free(m);
}

/* Whatever recording replaces is what the name matches. */
static void
test_matches(void)
{
	static const struct {
		const char *name, *yes, *no;
	} values[] = {{"TIME", "1.52s", "1.52"},
	    {"TIME", "2 hours 5 minutes", ""}, {"TIME", "4m05s", "s"},
	    {"TIME", "0m1.23s", "1m!"}, {"TIME", "12:34:56.789", "12:"},
	    {"TIME", "37µs", "µs"}, {"DATE", "2026-11-22", "2026"},
	    {"DATE", "Sun Nov 22 02:18:52 UTC 2026", "Sun"},
	    {"DATE", "20261121-195103-417203", "20261121"},
	    {"ID", HEX12, "xyz"}, {"ID", "0x7f3a2c1b4d50", "0x"},
	    {"SHA256", HEX64, HEX12}, {"SIZE", "9 MB", "9"},
	    {"SIZE", "285 bytes", "many"}, {"PORT", "43121", "x"},
	    {"UID", "22500", "x"},
	    {"IP", "10.0.3.4", "10"}, {"IP", "::1", ":"},
	    {"CWD", "/home/x", "home"}, {"TMP", "/tmp/a.b", "tmp"},
	    {"ENV", "e1", "-"}, {"VERSION", "3.11.4rc1", "3"}};
	struct masks *m = masks_new();

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		autobuf struct strbuf name = STRBUF_INIT;
		const char *yes = values[i].yes, *no = values[i].no;
		size_t len;
		int at;

		strbuf_addf(&name, "[%s] x", values[i].name);
		at = masks_at(m, name.buf, name.len, &len);
		if (!ok(at >= 0 && len == name.len - 2, "%s is a name",
			values[i].name))
			continue;
		is_int(masks_value_at(m, at, yes, strlen(yes), 0), strlen(yes),
		    "[%s] matches %s", values[i].name, yes);
		ok(masks_value_at(m, at, no, strlen(no), 0) < strlen(no) ||
			!*no,
		    "[%s] does not match %s", values[i].name, no);
	}
	masks_free(m);
}

static void
masked_is(struct masks *m, const char *line, const char *want)
{
	autobuf struct strbuf out = STRBUF_INIT;

	mask_line(m, &out, line, strlen(line));
	is_str(out.buf, want, "recording '%s'", line);
}

static void
test_values(void)
{
	static const char *const only[] = {"tmp", "Pid"};
	static const char *const wrong[] = {"time", "nothing"};
	struct masks *m = masks_new();
	autoerr struct err err = ERR_INIT;
	size_t len;
	int at;

	masked_is(m, "in /tmp/a1/x", "in /tmp/a1/x");
	masks_add_value(m, "TMP", "/tmp/a1");
	masks_add_value(m, "TMP", "");
	masks_add_value(m, "NOBODY", "x");
	masked_is(m, "in /tmp/a1/x and /tmp/a12", "in [TMP]/x and /tmp/a12");
	masked_is(m, "/tmp/tmpjmmlit74", "[TMP]");
	at = masks_at(m, "[TMP]", 5, &len);
	is_int(masks_value_at(m, at, "/tmp/a1", 7, 0), 7,
	    "a value of this run");
	is_int(masks_value_at(m, at, "/tmp/tmpjmmlit74", 16, 0), 16,
	    "and what is recorded match");
	is_int(masks_value_at(m, at, "/tmp/x", 6, 0), 0, "but nothing else");
	masks_add_value(m, "TMP", "/tmp/a.2");
	masked_is(m, "/tmp/a1 /tmp/a.2", "[TMP] [TMP]");
	ok(strstr(masks_pattern(m, at), "|/tmp/a1|/tmp/a\\.2"),
	    "either of them matches");
	is_int(
	    masks_add(m, "PID", "[0-9]{3,7}", &err), 0, "a name of the file");
	masked_is(m, "pid 1234", "pid 1234");
	is_int(masks_record_only(m, only, 2, &err), 0, "a list of names");
	masked_is(m, "pid 1234 in 0.5s /tmp/a1", "pid [PID] in 0.5s [TMP]");
	is_int(masks_record_only(m, wrong, 2, &err), -1, "a wrong one");
	is_str(err.msg.buf, "normalize: there is no mask nothing", "is named");
	masks_free(m);
}

static void
test_environments(void)
{
	struct masks *m = masks_new();
	size_t len;
	int at = masks_at(m, "[ENV]", 5, &len);

	masks_add_env(m, "e12");
	masks_add_env(m, "e12b");
	masks_add_env(m, "other");
	masked_is(m, "e12 e1 other e12b", "[ENV] e1 other e12b");
	is_int(masks_value_at(m, at, "other", 5, 0), 5,
	    "a chosen name matches");
	is_int(masks_value_at(m, at, "e12b", 4, 0), 4, "whatever it begins as");
	is_int(masks_value_at(m, at, "e12", 3, 0), 3, "and one of ours");
	is_int(masks_value_at(m, at, "e1", 2, 0), 0, "but no other");
	masks_free(m);
}

static void
test_names(void)
{
	static const struct {
		const char *name, *re, *message;
	} wrong[] = {
	    {"Pid", "x", "mask Pid: a name has capitals, digits and _"},
	    {"1A", "x", "mask 1A: a name has capitals, digits and _"},
	    {"", "x", "mask : a name has capitals, digits and _"},
	    {"TIME", "x", "mask TIME: there is one already"},
	    {"A", "(", "mask A: a ( without its )"},
	    {"A", "(a)\\1", "mask A: back-references are not supported"}};
	struct masks *m = masks_new();
	size_t len;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		autoerr struct err err = ERR_INIT;

		is_int(masks_add(m, wrong[i].name, wrong[i].re, &err), -1,
		    "a wrong mask %s", wrong[i].name);
		is_str(err.msg.buf, wrong[i].message, "is refused");
	}
	is_int(masks_at(m, "[A]", 3, &len), -1, "and is not there");
	is_int(masks_at(m, "[TIME", 5, &len), -1, "a name without its end");
	is_int(masks_at(m, "[TIMES]", 7, &len), -1, "a longer name");
	masks_free(m);
}

int
main(void)
{
	test_lines();
	test_matches();
	test_values();
	test_environments();
	test_names();
	return done();
}
