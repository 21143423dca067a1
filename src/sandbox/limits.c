/* What was asked for against what was read back from inside. */
#include "sandbox/box_impl.h"

#include <string.h>

#include "base/units.h"

typedef void format_fn(struct strbuf *sb, uint64_t value);

static void
format_plain(struct strbuf *sb, uint64_t value)
{
	strbuf_addf(sb, "%llu", (unsigned long long)value);
}

static void
format_cpus(struct strbuf *sb, uint64_t milli)
{
	strbuf_addf(sb, "%g", (double)milli / 1000);
}

/* True, with the number, if the runner read one; else "none" or "unknown". */
static bool
got_number(const struct box *box, const char *limit, uint64_t *value)
{
	const char *text = box_limit(box, limit);
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return false;
	*value = strtoull(text, &end, 10);
	return !*end;
}

/* Kernels round to pages, and quotas to their period. */
static bool
holds(uint64_t asked, uint64_t got)
{
	return got <= asked + asked / 64 + 65536;
}

static void
gap(struct box *box, const char *name, uint64_t asked, const char *limit,
    format_fn *format, bool weak, const char *why)
{
	autobuf struct strbuf a = STRBUF_INIT;
	autobuf struct strbuf g = STRBUF_INIT;
	const char *text = box_limit(box, limit);
	uint64_t got;

	format(&a, asked);
	if (got_number(box, limit, &got))
		format(&g, got);
	else
		strbuf_adds(&g, text ? text : "unknown");
	box_gap_add(box, name, a.buf, g.buf, weak, why);
}

static void
check_size(struct box *box, const char *name, uint64_t asked,
    const char *limit)
{
	uint64_t got;

	if (!asked || (got_number(box, limit, &got) && holds(asked, got)))
		return;
	gap(box, name, asked, limit, units_add_size_exact, false,
	    "it does not hold here");
}

static void
check_memory(struct box *box, uint64_t total)
{
	uint64_t got;

	if (!total || (got_number(box, "memory", &got) && holds(total, got)))
		return;
	if (box->sampled)
		gap(box, "memory_limit", box->spec.limits.memory, "memory",
		    units_add_size_exact, true,
		    "watched from outside, since no cgroup can be had");
	else
		gap(box, "memory_limit", total, "memory", units_add_size_exact,
		    false, "no cgroup enforces it here");
}

/* A number of processes is bounded by the cgroup, or by RLIMIT_NPROC where the
   uid is the run's own. */
static void
check_pids(struct box *box)
{
	uint64_t asked = box->spec.limits.pids, got;

	if (!asked || (got_number(box, "pids", &got) && got <= asked) ||
	    (box->nproc && got_number(box, "nproc", &got) &&
		got <= asked + 16))
		return;
	gap(box, "pids_limit", asked, "pids", format_plain, false,
	    "no cgroup enforces it here");
}

static void
check_cpu(struct box *box)
{
	uint64_t asked = box->spec.limits.cpu_milli, got;

	if (!asked || (got_number(box, "cpu", &got) && got <= asked + 1))
		return;
	gap(box, "cpu_limit", asked, "cpu", format_cpus, false,
	    "no cgroup enforces it here; programs run at nice 19");
}

static void
check_network(struct box *box)
{
	const char *got = box_limit(box, "network");
	bool full = box->spec.limits.network == NET_FULL;

	if (got && !strcmp(got, full ? "up" : "none"))
		return;
	box_gap_add(box, "network", full ? "full" : "none",
	    got ? got : "unknown", false, "the network is not as asked for");
}

void
box_limits_check(struct box *box, uint64_t memory_total)
{
	const struct limits *l = &box->spec.limits;

	check_memory(box, memory_total);
	check_pids(box);
	check_cpu(box);
	if (box_workspace_in_memory(box))
		check_size(box, "disk_limit", l->disk,
		    "space:" SANDBOX_WORKSPACE);
	check_size(box, "tmp_limit", l->tmp, "space:/tmp");
	check_size(box, "shm_limit", l->shm, "space:/dev/shm");
	check_network(box);
}
