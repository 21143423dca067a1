#include "session/stats.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sandbox/observe.h"

#define MB 1048576.0
#define NUMBER_MAX 1.8e19 /* within 64 bits */

static const char not_told[] = "neither a cgroup nor the engine tells";
static const char unlimited[] = "there is no limit";
static const char no_network[] = "it has no network";

void
stats_reading_release(struct stats_reading *r)
{
	strvec_release(&r->raw);
	*r = (struct stats_reading)STATS_READING_INIT;
}

int
stats_read(const struct env *env, struct stats_reading *r, struct err *err)
{
	int64_t before = clock_us();

	stats_reading_release(r);
	if (box_observe(env->box, &r->raw, err)) {
		stats_reading_release(r);
		return err_prefix(err, "environment %s", env->spec.name);
	}
	/* An engine takes a while; it looks in the middle of that. */
	r->at_us = before + (clock_us() - before) / 2;
	return 0;
}

/* ---- numbers ---- */

/* False: there is none of this name, or it is a word, or beyond any amount. */
static bool
number(const struct strvec *raw, const char *name, double *v)
{
	const char *text = strvec_env_get(raw, name);
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	*v = strtod(text, &end);
	return !*end && *v < NUMBER_MAX;
}

static bool
is_none(const struct strvec *raw, const char *name)
{
	const char *text = strvec_env_get(raw, name);

	return text && !strcmp(text, "none");
}

static struct stat_value
known(double v)
{
	return (struct stat_value){v, NULL, false};
}

static struct stat_value
unknown(const char *why)
{
	return (struct stat_value){0, why, false};
}

static struct stat_value
absent(const char *why)
{
	return (struct stat_value){0, why, true};
}

static struct stat_value
plain(const struct strvec *raw, const char *name, const char *why)
{
	double v;

	return number(raw, name, &v) ? known(v) : unknown(why);
}

static struct stat_value
percent_of(const struct stat_value *part, const struct stat_value *whole)
{
	if (part->why || whole->why)
		return unknown(part->why ? part->why : whole->why);
	if (whole->v <= 0)
		return unknown(unlimited);
	return known(part->v / whole->v * 100);
}

/*
 * As the kernel has it now, else as it was read back when the environment was
 * opened, else none.
 */
static struct stat_value
limit(const struct env *env, const struct strvec *raw, const char *name,
    const char *read_back)
{
	double v;

	if (is_none(raw, name))
		return unknown(unlimited);
	if (number(raw, name, &v) ||
	    number(box_limits(env->box), read_back, &v))
		return known(v);
	return unknown(is_none(box_limits(env->box), read_back) ? unlimited
								 : not_told);
}

/* ---- the parts ---- */

/*
 * Microseconds from one reading to the other: by the clock of who looked, if he
 * says and it is near ours, since an answer may take its time.
 */
static double
time_between(const struct stats_reading *a, const struct stats_reading *b)
{
	static const char *const clocks[] = {"engine_at_us", "at_us"};
	double ours = (double)(b->at_us - a->at_us), from, to;

	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++)
		if (number(&a->raw, clocks[i], &from) &&
		    number(&b->raw, clocks[i], &to))
			return to - from > ours / 4 && to - from < ours * 4
				   ? to - from
				   : ours;
	return ours;
}

static struct stat_value
cpu_since(const struct stats_reading *before, const struct stats_reading *now)
{
	const char *name = strvec_env_get(&now->raw, "cpu_us") ? "cpu_us"
							      : "sum_cpu_us";
	double from, to, time;

	if (!number(&now->raw, name, &to))
		return unknown(not_told);
	if (!before || now->at_us <= before->at_us)
		return unknown("it is measured over a time, and none has "
			       "passed");
	if (!number(&before->raw, name, &from))
		return unknown(not_told);
	time = time_between(before, now);
	/* A process that nobody waits for takes its time along. */
	return known(to <= from ? 0 : (to - from) * 100 / time);
}

static void
make_cpu(const struct env *env, const struct stats_reading *before,
    const struct stats_reading *now, struct stats *st)
{
	struct stat_value *of = st->of;

	of[STAT_CPU] = cpu_since(before, now);
	of[STAT_CPU_LIMIT] = limit(env, &now->raw, "cpu_limit", "cpu");
	of[STAT_CPU_LIMIT].v /= 1000;
	of[STAT_CPU_OF_LIMIT] = percent_of(&of[STAT_CPU], &of[STAT_CPU_LIMIT]);
	of[STAT_CPU_OF_LIMIT].v /= 100; /* cpu_percent is one already */
	st->interval_ms =
	    before ? (int64_t)(time_between(before, now) / 1000) : 0;
}

static struct stat_value
memory_used(const struct strvec *raw)
{
	double all, cache, sum;

	if (!number(raw, "memory", &all))
		return number(raw, "sum_memory", &sum) ? known(sum)
						       : unknown(not_told);
	if (!number(raw, "memory_file", &cache))
		return unknown("the engine does not tell how much is page "
			       "cache");
	return known(all > cache ? all - cache : 0);
}

/* Where addesh itself watches it there is no other limit. */
static struct stat_value
memory_limit(const struct env *env, const struct strvec *raw)
{
	struct stat_value v = limit(env, raw, "memory_limit", "memory");

	if (v.why && env->spec.kind == BOX_RESTRICTED &&
	    !strvec_env_get(raw, "memory") && env->spec.limits.memory)
		return known((double)env->spec.limits.memory);
	return v;
}

static void
make_memory(const struct env *env, const struct strvec *raw, struct stats *st)
{
	struct stat_value *of = st->of;

	of[STAT_MEMORY] = memory_used(raw);
	of[STAT_MEMORY_MB] = of[STAT_MEMORY];
	of[STAT_MEMORY_MB].v /= MB;
	of[STAT_MEMORY_LIMIT] = memory_limit(env, raw);
	of[STAT_MEMORY_PERCENT] =
	    percent_of(&of[STAT_MEMORY], &of[STAT_MEMORY_LIMIT]);
	of[STAT_MEMORY_PEAK] = plain(raw, "memory_peak", not_told);
}

static void
make_pids(const struct env *env, const struct strvec *raw, struct stats *st)
{
	st->of[STAT_PIDS] = plain(raw,
	    strvec_env_get(raw, "pids") ? "pids" : "sum_pids", not_told);
	st->of[STAT_PIDS_LIMIT] = limit(env, raw, "pids_limit", "pids");
}

static void
make_network(const struct env *env, const struct strvec *raw, struct stats *st)
{
	bool none = is_none(raw, "network") ||
		    (env->spec.limits.network == NET_NONE && !env->spec.attach);
	struct stat_value *of = st->of;

	of[STAT_RX_MB] = plain(raw, "rx", not_told);
	of[STAT_TX_MB] = plain(raw, "tx", not_told);
	for (enum stat_id id = STAT_RX_MB; id <= STAT_TX_MB; id++)
		of[id] = none ? absent(no_network)
			      : (struct stat_value){of[id].v / MB, of[id].why};
}

void
stats_make(const struct env *env, const struct stats_reading *before,
    const struct stats_reading *now, struct stats *st)
{
	*st = (struct stats){.interval_ms = 0};
	make_cpu(env, before, now, st);
	make_memory(env, &now->raw, st);
	make_pids(env, &now->raw, st);
	make_network(env, &now->raw, st);
	st->of[STAT_BLOCK_READ] = plain(&now->raw, "block_read", not_told);
	st->of[STAT_BLOCK_WRITE] = plain(&now->raw, "block_write", not_told);
}

/* ---- as JSON ---- */

const char *
stats_name(enum stat_id id)
{
	static const char *const names[] = {[STAT_CPU] = "cpu_percent",
	    [STAT_CPU_OF_LIMIT] = "cpu_limit_percent",
	    [STAT_CPU_LIMIT] = "cpu_limit",
	    [STAT_MEMORY_MB] = "memory_usage_mb",
	    [STAT_MEMORY_PERCENT] = "memory_percent",
	    [STAT_MEMORY] = "memory_bytes", [STAT_MEMORY_PEAK] = "memory_peak",
	    [STAT_MEMORY_LIMIT] = "memory_limit", [STAT_PIDS] = "pids",
	    [STAT_PIDS_LIMIT] = "pids_limit", [STAT_RX_MB] = "network_rx_mb",
	    [STAT_TX_MB] = "network_tx_mb", [STAT_BLOCK_READ] = "block_read",
	    [STAT_BLOCK_WRITE] = "block_write"};

	return names[id];
}

/* Nobody reads more of it. */
static double
rounded(double v)
{
	return v < 1e12 ? (double)(int64_t)(v * 1000 + 0.5) / 1000 : v;
}

json *
stats_json(const struct stats *st)
{
	json *j = json_object(), *why = json_object();

	for (enum stat_id id = 0; id < STAT_COUNT; id++) {
		const struct stat_value *v = &st->of[id];

		if (!v->why) {
			json_put_num(j, stats_name(id), rounded(v->v));
			continue;
		}
		json_put_str(j, stats_name(id), NULL);
		json_put_str(why, stats_name(id), v->why);
	}
	json_put_int(j, "interval_ms", st->interval_ms);
	json_put(j, "unknown", why);
	return j;
}
