#include "engine/stats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define NUMBER_MAX 9e18 /* beyond any amount, and within 64 bits */

static bool
number(const json *obj, const char *name, uint64_t *v)
{
	const json *j = json_get(obj, name);

	if (!cJSON_IsNumber(j) || !(j->valuedouble >= 0))
		return false;
	*v =
	    j->valuedouble < NUMBER_MAX ? (uint64_t)j->valuedouble : UINT64_MAX;
	return true;
}

static void
put(struct strvec *out, const char *name, uint64_t v)
{
	strvec_pushf(out, "%s=%llu", name, (unsigned long long)v);
}

static void
copy(const json *obj, const char *from, struct strvec *out, const char *name)
{
	uint64_t v;

	if (number(obj, from, &v))
		put(out, name, v);
}

/* 0, and a number beyond all, is none. */
static void
copy_limit(
    const json *obj, const char *from, struct strvec *out, const char *name)
{
	uint64_t v;

	if (!number(obj, from, &v))
		return;
	if (v && v < UINT64_C(1) << 62)
		put(out, name, v);
	else
		strvec_pushf(out, "%s=none", name);
}

/* v1: with what is below the cgroup. */
static void
read_cache(const json *stats, struct strvec *out)
{
	uint64_t active, inactive;

	if ((number(stats, "total_active_file", &active) &&
		number(stats, "total_inactive_file", &inactive)) ||
	    (number(stats, "active_file", &active) &&
		number(stats, "inactive_file", &inactive)))
		put(out, "memory_file", active + inactive);
}

static void
read_networks(const json *networks, struct strvec *out)
{
	uint64_t rx = 0, tx = 0, v;
	const json *n;

	if (!cJSON_IsObject(networks))
		return;
	json_each (n, networks) {
		rx += number(n, "rx_bytes", &v) ? v : 0;
		tx += number(n, "tx_bytes", &v) ? v : 0;
	}
	put(out, "rx", rx);
	put(out, "tx", tx);
}

/* {"op": "Read", "value": N} for each device; null: the engine does not know.
 */
static void
read_blocks(const json *list, struct strvec *out)
{
	uint64_t in = 0, written = 0, v;
	const json *n;

	if (!cJSON_IsArray(list))
		return;
	json_each (n, list) {
		const char *op = json_str(n, "op", "");

		if (!number(n, "value", &v))
			continue;
		in += strcasecmp(op, "read") ? 0 : v;
		written += strcasecmp(op, "write") ? 0 : v;
	}
	put(out, "block_read", in);
	put(out, "block_write", written);
}

/*
 * When the engine looked: Docker answers once a second, whenever it is asked.
 * RFC 3339 with a fraction; what else it may be is left out.
 */
static void
read_time(const char *text, struct strvec *out)
{
	const char *dot = strchr(text, '.');
	int64_t seconds;
	double fraction;

	if (!dot || clock_parse_utc(text, &seconds) || seconds < 0)
		return;
	fraction = strtod(dot, NULL);
	put(out, "engine_at_us",
	    (uint64_t)seconds * 1000000 + (uint64_t)(fraction * 1000000));
}

static void
read_cpu(const json *usage, struct strvec *out)
{
	uint64_t ns;

	if (number(usage, "total_usage", &ns))
		put(out, "cpu_us", ns / 1000);
}

int
container_stats_read(
    const json *answer, enum engine_kind kind, struct strvec *out)
{
	const json *memory = json_get(answer, "memory_stats");
	const json *pids = json_get(answer, "pids_stats");

	if (str_starts(json_str(answer, "read", ""), "0001-"))
		return -1;
	copy(memory, "usage", out, "memory");
	copy(memory, "max_usage", out, "memory_peak");
	copy_limit(memory, "limit", out, "memory_limit");
	read_cache(json_get(memory, "stats"), out);
	copy(pids, "current", out, "pids");
	copy_limit(pids, "limit", out, "pids_limit");
	read_cpu(json_path(answer, "cpu_stats.cpu_usage"), out);
	if (kind != ENGINE_PODMAN)
		read_networks(json_get(answer, "networks"), out);
	read_time(json_str(answer, "read", ""), out);
	read_blocks(
	    json_path(answer, "blkio_stats.io_service_bytes_recursive"), out);
	return 0;
}

int
container_stats(
    struct engine *e, const char *id, struct strvec *out, struct err *err)
{
	autofree char *path = engine_path(
	    e, "/containers/%s/stats?stream=false&one-shot=true", id);
	autojson json *answer = engine_call(
	    e, "asking what the container uses", "GET", path, NULL, err);

	if (!answer)
		return -1;
	if (!container_stats_read(answer, engine_kind(e), out))
		return 0;
	err_set(err, ERR_ENGINE, "its container does not run");
	err->code = ESRCH;
	return -1;
}
