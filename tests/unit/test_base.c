/* base: strings, lists, units, encodings, errors, the loop. */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arch.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/io.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/strvec.h"
#include "base/units.h"
#include "tap.h"

static void
test_strbuf(void)
{
	autobuf struct strbuf sb = STRBUF_INIT;

	is_str(sb.buf, "", "an empty buffer is a string");
	strbuf_addf(&sb, "%d-%s", 42, "x");
	strbuf_prepend(&sb, "<");
	is_str(sb.buf, "<42-x", "append and prepend");
	strbuf_consume(&sb, 3);
	is_str(sb.buf, "-x", "consume");
	strbuf_add(&sb, "\0y", 2);
	is_int(sb.len, 4, "NULs are kept");
	strbuf_reset(&sb);
	strbuf_add_word(&sb, "a/b-1.2@x=y[z],%");
	strbuf_add_word(&sb, "");
	strbuf_add_word(&sb, "~");
	strbuf_add_word(&sb, "a'$b");
	is_str(sb.buf, "a/b-1.2@x=y[z],%''" "'~'" "'a'\\''$b'", "words");
	ok(str_ends("main.py", ".py") && !str_ends("y", ".py"), "str_ends");
}

static void
test_strvec(void)
{
	autovec struct strvec sv = STRVEC_INIT;

	strvec_env_set(&sv, "A=1");
	strvec_env_set(&sv, "AB=2");
	strvec_env_set(&sv, "A=3");
	is_int(sv.n, 2, "the same name is replaced");
	is_str(strvec_env_get(&sv, "A"), "3", "and has the new value");
	is_str(strvec_env_get(&sv, "B"), NULL, "a prefix is not a name");
	strvec_remove(&sv, 0);
	is_str(sv.v[0], "AB=2", "remove keeps the order");
	ok(!sv.v[1], "and the terminator");
}

static void
test_times(void)
{
	static const struct {
		const char *text;
		int64_t s;
	} good[] = {{"1970-01-01T00:00:10Z", 10},
	    {"1970-01-01T00:00:10.999999999Z", 10},
	    {"1970-01-01T01:00:10+01:00", 10},
	    {"1969-12-31T23:30:10.5-00:30", 10},
	    {"2026-11-21T16:23:06.906876382Z", 1795278186},
	    {"0001-01-01T00:00:00Z", -62135596800}};
	static const char *const bad[] = {"", "Z", "2026-11-21",
	    "2026-11-21T16:23:06", "2026-11-21 16:23:06Z",
	    "2026-13-21T16:23:06Z", "2026-11-21T16:23:06.Z5",
	    "2026-11-21T16:23:06+1:00", "2026-11-21T16:23:06+24:00",
	    "2026-11-21T16:23:06+01:00x", "2026-11-21T16:23:06+",
	    "2026-11-21T16:23:06+-1:00"};
	int64_t s;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		s = 0;
		ok(!clock_parse_utc(good[i].text, &s), "%s", good[i].text);
		is_int(s, good[i].s, "is that second");
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(clock_parse_utc(bad[i], &s) < 0, "no time: '%s'", bad[i]);
}

static void
test_age(void)
{
	static const struct {
		int64_t s;
		const char *text;
	} ages[] = {{-5, "now"}, {0, "now"}, {1, "1 second ago"},
	    {119, "119 seconds ago"}, {120, "2 minutes ago"},
	    {7199, "119 minutes ago"}, {7200, "2 hours ago"},
	    {3 * 86400, "3 days ago"}, {15 * 86400, "2 weeks ago"},
	    {61 * 86400, "2 months ago"}, {729 * 86400, "24 months ago"},
	    {731 * 86400, "2 years ago"}};

	for (size_t i = 0; i < ARRAY_SIZE(ages); i++) {
		autobuf struct strbuf sb = STRBUF_INIT;

		units_add_age(&sb, ages[i].s);
		is_str(sb.buf, ages[i].text, "%lld s",
		    (long long)ages[i].s);
	}
}

static void
test_span(void)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} spans[] = {{0, "0 seconds"}, {1500, "1500ms"}, {1000, "1 second"},
	    {60000, "1 minute"}, {90000, "90 seconds"},
	    {5400000, "90 minutes"}, {86400000, "1 day"},
	    {129600000, "36 hours"}, {604800000, "7 days"},
	    {100000000, "27 hours 46 minutes 40 seconds"},
	    {172803000, "2 days 3 seconds"}};

	for (size_t i = 0; i < ARRAY_SIZE(spans); i++) {
		autobuf struct strbuf sb = STRBUF_INIT;

		units_add_span(&sb, spans[i].ms);
		is_str(sb.buf, spans[i].text, "%s", spans[i].text);
	}
}

static void
test_units(void)
{
	static const struct {
		const char *text;
		long long value;
	} good[] = {{"256m", 268435456}, {"1.5g", 1610612736}, {"64KiB", 65536},
	    {"1024", 1024}, {"0", 0}, {"2 GB", 2147483648}},
	  time[] = {{"500ms", 500}, {"90", 90000}, {"5m", 300000},
	      {"1h", 3600000}, {"2.5", 2500}, {"0.2s", 200}};
	static const char *bad[] = {"", "m", "-1", "1e9", "0x10", "inf", "1.",
	    "12q", "99999999999999t", " 1"};
	uint64_t v;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		ok(!units_parse_size(good[i].text, &v) &&
		       (long long)v == good[i].value, "size %s", good[i].text);
	for (size_t i = 0; i < ARRAY_SIZE(time); i++)
		ok(!units_parse_duration(time[i].text, &v) &&
		       (long long)v == time[i].value, "time %s", time[i].text);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(units_parse_size(bad[i], &v) < 0, "not a size: '%s'",
		    bad[i]);
	for (v = 1; v < UINT64_C(1) << 53; v = v * 3 + 512) {
		autobuf struct strbuf sb = STRBUF_INIT;
		uint64_t again = 0;

		units_add_size_exact(&sb, v);
		if (units_parse_size(sb.buf, &again) || again != v)
			break;
	}
	ok(v >= UINT64_C(1) << 53, "exact sizes are read back");
}

static void
test_encode(void)
{
	autobuf struct strbuf sb = STRBUF_INIT;

	ok(utf8_valid("gr\xc3\xbc\xc3\x9f \xe4\xb8\xad \xf0\x9f\x90\x8d", 15),
	    "valid UTF-8");
	ok(!utf8_valid("\xc0\x80", 2), "overlong");
	ok(!utf8_valid("\xed\xa0\x80", 3), "surrogate");
	is_int(utf8_next("\xe4\xb8", 2, NULL), -1, "incomplete");
	base64_encode(&sb, "~~~??" "?>>>", 9, false);
	is_str(sb.buf, "fn5+Pz8/Pj4+", "base64");
	strbuf_reset(&sb);
	base64_encode(&sb, "~~~??" "?>>", 8, true);
	is_str(sb.buf, "fn5-Pz8_Pj4=", "base64url with padding");
	strbuf_reset(&sb);
	ok(!base64_decode(&sb, "dTpw", 4) && !strcmp(sb.buf, "u:p"), "decode");
	ok(base64_decode(&sb, "dTp", 3) < 0, "missing padding");
	ok(base64_decode(&sb, "d=pw", 4) < 0, "padding inside");
}

static void
test_err(void)
{
	autoerr struct err e = ERR_INIT;

	is_int(err_set(&e, ERR_ENGINE, "no %s", "answer"), -1, "returns -1");
	err_prefix(&e, "pulling %s", "x");
	is_str(e.msg.buf, "pulling x: no answer", "context goes in front");
	err_set(&e, ERR_IO, "again: %s", e.msg.buf);
	is_str(e.msg.buf, "again: pulling x: no answer", "may quote itself");
	is_int(err_kind_status(ERR_USAGE), 2, "usage is 2");
}

static void
note_fd(void *arg, int fd, unsigned events)
{
	char c;

	if (events & POLLIN && read(fd, &c, 1) == 1)
		++*(int *)arg;
}

static void
note_timer(void *arg)
{
	*(bool *)arg = true;
}

static void
test_loop(void)
{
	struct loop *l = loop_new();
	int p[2], got = 0;
	bool fired = false, never = false;
	struct loop_timer *t;

	if (pipe(p))
		abort();
	struct loop_fd *w = loop_fd_add(l, p[0], POLLIN, note_fd, &got);
	ok(write(p[1], "x", 1) == 1, "a byte");
	loop_step(l, 1000);
	is_int(got, 1, "the watch saw it");
	t = loop_timer_add(l, clock_ms() + 5, note_timer, &fired);
	ok(loop_until(l, &fired, INT64_MAX), "a timer fires");
	loop_timer_remove(t);
	loop_fd_remove(w);
	ok(!loop_until(l, &never, clock_ms() + 5), "a deadline ends the wait");
	loop_free(l);
	close(p[0]);
	close(p[1]);
}

static void
test_utc(void)
{
	static const struct {
		int64_t s;
		const char *text;
	} times[] = {{0, "1970-01-01T00:00:00.000Z"},
	    {-5, "1969-12-31T23:59:55.000Z"},
	    {1769860800, "2026-01-31T12:00:00.000Z"},
	    {-62135596800, "0001-01-01T00:00:00.000Z"},
	    {253402300799, "9999-12-31T23:59:59.000Z"},
	    {5000000000000000, "9999-12-31T23:59:59.999Z"},
	    {INT64_MAX, "9999-12-31T23:59:59.999Z"},
	    {INT64_MIN, "0000-01-01T00:00:00.000Z"}};
	char text[32];

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		clock_format_utc(clock_s_to_ms(times[i].s), text);
		is_str(text, times[i].text, "%lld s is a time",
		    (long long)times[i].s);
	}
	clock_format_utc(-1, text);
	is_str(text, "1969-12-31T23:59:59.999Z", "milliseconds before 1970");
}

/* How often a watch was called in some 20 ms of waiting. */
static int
calls_while_waiting(struct loop *l, int *calls)
{
	int64_t end = clock_ms() + 20, left = 20;

	for (*calls = 0; left >= 0 && *calls < 10; left = end - clock_ms())
		loop_step(l, (int)left);
	return *calls;
}

static void
count_calls(void *arg, int fd, unsigned events)
{
	++*(int *)arg;
}

/* Reading stops while a program takes no input: then the shell sleeps. */
static void
test_idle_watch(void)
{
	struct loop *l = loop_new();
	FILE *file = tmpfile();
	struct loop_fd *w, *other;
	int p[2], calls;

	if (pipe(p) || !file)
		abort();
	w = loop_fd_add(l, fileno(file), POLLIN, count_calls, &calls);
	ok(loop_next_ms(l) == 0, "a regular file is ready");
	loop_fd_set(w, 0);
	is_int(loop_next_ms(l), -1, "and no reason to stay awake unless asked");
	is_int(calls_while_waiting(l, &calls), 0, "nor called");
	loop_fd_set(w, POLLIN);
	ok(loop_next_ms(l) == 0, "until it is asked again");
	loop_fd_set(w, 0);
	loop_fd_remove(w);
	is_int(loop_next_ms(l), -1, "it can be removed meanwhile");

	other = loop_fd_add(l, p[0], POLLIN, count_calls, &calls);
	close(p[1]);
	loop_fd_set(other, 0);
	is_int(calls_while_waiting(l, &calls), 0,
	    "the end of a pipe wakes nobody who does not wait for it");
	loop_fd_set(other, POLLIN);
	ok(calls_while_waiting(l, &calls) > 0, "and comes when somebody does");
	loop_fd_remove(other);
	close(p[0]);
	fclose(file);
	loop_free(l);
}

/* What another program wrote: bounded, with escapes that are none mended. */
static void
test_json_bounded(void)
{
	static const struct {
		const char *json, *text;
	} cases[] = {
	    {"[\"a\\u0000b\"]", "a\xef\xbf\xbd" "b"},
	    {"[\"\\ud800\"]", "\xef\xbf\xbd"},
	    {"[\"\\ud83d\\ude00\"]", "\xf0\x9f\x98\x80"},
	    {"[\"\\ude00\\ud83d\"]", "\xef\xbf\xbd\xef\xbf\xbd"},
	    {"[\"\\\\ud800\"]", "\\ud800"},
	    {"[\"\\u00e9\\n\"]", "\xc3\xa9\n"},
	};
	autoerr struct err e = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autojson json *j = json_parse_bounded(
		    cases[i].json, strlen(cases[i].json), 10, &e);
		autovec struct strvec v = STRVEC_INIT;

		json_strings(j, &v);
		is_str(v.n ? v.v[0] : NULL, cases[i].text, "%s", cases[i].json);
	}
	ok(!json_parse_bounded("[1,2,3,4]", 9, 4, &e) && e.kind == ERR_IO,
	    "an array of too many values");
	ok(!json_parse_bounded("[\"\\ud8", 7, 4, &e), "an escape that is cut");
}

static void
test_json(void)
{
	autoerr struct err e = ERR_INIT;
	autojson json *j = json_parse("{\"A\":{\"b\":[1,\"x\"]}}", 19, &e);
	autojson json *o = json_object();

	ok(cJSON_IsArray(json_path(j, "a.b")), "paths ignore case");
	ok(!json_path(j, "a.b.c.d"), "and survive what is not there");
	ok(!json_parse("{} x", 4, &e), "trailing text is an error");
	json_put_bytes(o, "out", "\xff\x00", 2);
	json_put_bytes(o, "err", "ok", 2);
	autofree char *text = json_print(o);
	is_str(text, "{\"out_b64\":\"/wA=\",\"err\":\"ok\"}", "bytes");
}

static void
test_arch(void)
{
	static const char *const names[][2] = {{"x86_64", "amd64"},
	    {"X86-64", "amd64"}, {"aarch64", "arm64"}, {"armv7l", "arm"},
	    {"i686", "386"}, {"riscv64", "riscv64"}, {"amd64", "amd64"}};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		is_str(arch_name(names[i][0]), names[i][1], "%s", names[i][0]);
	is_str(arch_name(arch_host()), arch_host(), "this machine's");
}

/* Deeper than a process has descriptors, and than a path can be. */
static void
make_deep(const char *top)
{
	int fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; fd >= 0 && i < 1200; i++) {
		int below = -1;

		if (!mkdirat(fd, "dir", 0700) && !symlinkat("/", fd, "link"))
			below = openat(fd, "dir",
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		fchmod(fd, 0);
		close(fd);
		fd = below;
	}
	if (fd < 0)
		abort();
	close(fd);
}

static void
test_remove_tree(void)
{
	char top[] = "/tmp/test_base.XXXXXX";
	autofree char *beside = NULL, *link = NULL;
	struct err e = ERR_INIT;

	if (!mkdtemp(top))
		abort();
	beside = xasprintf("%s.beside", top);
	make_deep(top);
	ok(!io_remove_tree(top, &e), "a deep tree of closed directories: %s",
	    e.msg.buf);
	ok(access(top, F_OK) && !access("/tmp", F_OK), "is gone, all of it");
	ok(!io_remove_tree(top, &e), "and again");
	if (mkdir(beside, 0700))
		abort();
	link = xasprintf("%s.link", top);
	if (symlink(beside, link))
		abort();
	ok(!io_remove_tree(link, &e) && !access(beside, F_OK),
	    "of a link only itself goes");
	rmdir(beside);
	err_clear(&e);
}

int
main(void)
{
	test_strbuf();
	test_strvec();
	test_units();
	test_age();
	test_span();
	test_times();
	test_encode();
	test_err();
	test_loop();
	test_idle_watch();
	test_json();
	test_json_bounded();
	test_utc();
	test_arch();
	test_remove_tree();
	return done();
}
