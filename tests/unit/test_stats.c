/* What engines say of a container, and what procfs says of a process. */
#include "engine/stats.h"
#include "runner/process.h"
#include "sandbox/box_impl.h"
#include "session/stats.h"

#include "tap.h"

/* NAME=VALUE, blanks between; "stopped" where it does not run. */
static char *
read_answer(const char *text, enum engine_kind kind)
{
	autoerr struct err err = ERR_INIT;
	autojson json *j = json_parse(text, strlen(text), &err);
	autovec struct strvec out = STRVEC_INIT;
	struct strbuf sb = STRBUF_INIT;

	if (container_stats_read(j, kind, &out))
		return xstrdup("stopped");
	for (size_t i = 0; i < out.n; i++)
		strbuf_addf(&sb, "%s%s", i ? " " : "", out.v[i]);
	return strbuf_detach(&sb);
}

#define MEMORY(more) "{\"memory_stats\": {\"usage\": 1000" more "}}"

static const struct {
	const char *what, *answer, *wanted;
	enum engine_kind kind;
} answers[] = {
    {"no network", "{\"read\": \"2026-01-01T00:00:00.5Z\"}",
	"engine_at_us=1767225600500000", ENGINE_DOCKER},
    {"no network that is null", "{\"networks\": null}", "", ENGINE_DOCKER},
    {"networks are added up",
	"{\"networks\": {\"eth0\": {\"rx_bytes\": 5, \"tx_bytes\": 1}, "
	"\"eth1\": {\"rx_bytes\": 2}}}",
	"rx=7 tx=1", ENGINE_DOCKER},
    {"those of Podman are the wrong way around",
	"{\"networks\": {\"eth0\": {\"rx_bytes\": 5, \"tx_bytes\": 1}}}", "",
	ENGINE_PODMAN},
    {"page cache of v1",
	MEMORY(", \"max_usage\": 2000, \"limit\": 4000, \"stats\": "
	       "{\"active_file\": 1, \"total_active_file\": 10, "
	       "\"total_inactive_file\": 20, \"cache\": 500}"),
	"memory=1000 memory_peak=2000 memory_limit=4000 memory_file=30",
	ENGINE_DOCKER},
    {"and of v2",
	MEMORY(", \"stats\": {\"active_file\": 1, \"inactive_file\": 2, "
	       "\"file\": 500}"),
	"memory=1000 memory_file=3", ENGINE_DOCKER},
    {"none", MEMORY(", \"limit\": 9223372036854771712"),
	"memory=1000 memory_limit=none", ENGINE_DOCKER},
    {"no limit of processes",
	"{\"pids_stats\": {\"current\": 3, \"limit\": 18446744073709551615}}",
	"pids=3 pids_limit=none", ENGINE_DOCKER},
    {"processor time",
	"{\"cpu_stats\": {\"cpu_usage\": {\"total_usage\": 1234567}}}",
	"cpu_us=1234", ENGINE_DOCKER},
    {"disks",
	"{\"blkio_stats\": {\"io_service_bytes_recursive\": ["
	"{\"op\": \"Read\", \"value\": 1}, {\"op\": \"read\", \"value\": 2}, "
	"{\"op\": \"Write\", \"value\": 5}, {\"op\": \"Total\", \"value\": 9}"
	"]}}",
	"block_read=3 block_write=5", ENGINE_DOCKER},
    {"no disk so far",
	"{\"blkio_stats\": {\"io_service_bytes_recursive\": []}}",
	"block_read=0 block_write=0", ENGINE_DOCKER},
    {"disks that are not known",
	"{\"blkio_stats\": {\"io_service_bytes_recursive\": null}}", "",
	ENGINE_DOCKER},
    {"it does not run",
	"{\"read\": \"0001-01-01T00:00:00Z\", \"pids_stats\": {}}", "stopped",
	ENGINE_DOCKER},
    {"numbers that are none",
	"{\"memory_stats\": {\"usage\": -1, \"max_usage\": \"5\", "
	"\"limit\": [], \"stats\": 7}, \"pids_stats\": 3, \"networks\": [1], "
	"\"cpu_stats\": {\"cpu_usage\": {\"total_usage\": null}}, "
	"\"read\": 5}",
	"", ENGINE_DOCKER},
    {"a number beyond all", MEMORY(", \"max_usage\": 1e300"),
	"memory=1000 memory_peak=18446744073709551615", ENGINE_DOCKER},
    {"an array", "[]", "", ENGINE_DOCKER},
};

/* ---- processes ---- */

#define FIELDS                                                                 \
	" 1 7 7 0 -1 4194560 100 200 0 0 120 30 40 10 20 0 3 0 5000 1000 50"

static void
test_parse(const char *name, const char *wanted)
{
	autofree char *text = xasprintf("42 (%s) R" FIELDS, name);
	struct process_stat st;

	if (!ok(!process_parse(text, &st), "stat of (%s)", name))
		return;
	is_str(st.name, wanted, "its name");
	is_int(st.pid, 42, "its number");
	is_int(st.parent, 1, "its parent");
	is_int(st.state, 'R', "its state");
	is_int((long long)st.cpu_us, 1500000, "its processor time");
	is_int((long long)st.children_us, 500000, "that of its children");
	is_int((long long)st.threads, 3, "its threads");
	is_int((long long)st.started_us, 50000000, "its start");
}

static void
test_wrong(const char *text)
{
	autofree char *copy = xstrdup(text);
	struct process_stat st;

	ok(process_parse(copy, &st) < 0, "no stat: '%s'", text);
}

static void
test_packed(void)
{
	static const char command[] = "a \x1b[2J\n b";
	struct process p = {.pid = 7, .parent = 1, .uid = 4294967294u,
	    .state = 'S', .threads = 2, .cpu_us = 5, .memory = 6,
	    .elapsed_us = UINT64_MAX, .command_len = sizeof(command) - 1};
	struct process q;
	char packed[PROCESS_PACKED_MAX];
	size_t n;

	memcpy(p.command, command, sizeof(command));
	n = process_pack(&p, packed);
	ok(!process_unpack(packed, n, &q), "packed and unpacked");
	ok(q.pid == 7 && q.uid == 4294967294u && q.state == 'S' &&
		q.elapsed_us == UINT64_MAX && !strcmp(q.command, command),
	    "the same");
	ok(process_unpack("7 1 0 Q 1 1 1 1 a", 17, &q) < 0, "no state");
	ok(process_unpack("0 1 0 S 1 1 1 1 a", 17, &q) < 0, "no number");
	ok(process_unpack("7 1 0 S 1 1 1 1", 15, &q) < 0, "no command");
	ok(process_unpack("7 1 0 S 1 1 1 1 \0", 17, &q) < 0, "a zero byte");
}

/* A runner's answer is text of programs that may be hostile. */
static void
test_beyond(void)
{
	static const char *const raw[] = {"memory=1e999", "memory_file=0",
	    "memory_peak=18446744073709551615", "pids=-1", "rx=1", "tx=nan",
	    "block_read=9e18", "block_write=0x"};
	struct stats_reading now = STATS_READING_INIT;
	struct box box = {0};
	struct env env = {.box = &box};
	struct stats st;

	strvec_pushv(&now.raw, (char *const *)raw, ARRAY_SIZE(raw));
	stats_make(&env, NULL, &now, &st);
	ok(st.of[STAT_MEMORY].why && st.of[STAT_MEMORY_PEAK].why &&
		st.of[STAT_PIDS].why && st.of[STAT_BLOCK_WRITE].why,
	    "numbers beyond 64 bits and words are not known");
	ok(!st.of[STAT_BLOCK_READ].why, "a large one is");
	stats_reading_release(&now);
}

int
main(void)
{
	test_beyond();
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		autofree char *got =
		    read_answer(answers[i].answer, answers[i].kind);

		is_str(got, answers[i].wanted, "%s", answers[i].what);
	}
	test_parse("sh", "sh");
	test_parse("a) R 1 (", "a) R 1 (");
	test_parse("", "");
	test_parse("\n\x1b[2J", "\n\x1b[2J");
	test_wrong("");
	test_wrong("42 (sh");
	test_wrong("42 sh) R 1");
	test_wrong("x (sh) R 1");
	test_wrong("42 (sh) ? 1");
	test_wrong("42 (sh) R x");
	test_wrong(")(");
	test_packed();
	return done();
}
