/*
 * How much an environment uses: what `stats` shows, and get_stats of MCP.  The
 * names are SIGMA's where it has them.  What cannot be known is unknown, with
 * the reason, and never 0.
 */
#ifndef ADDESH_SESSION_STATS_H
#define ADDESH_SESSION_STATS_H

#include "session/session.h"

enum stat_id {
	STAT_CPU,	    /* cpu_percent: 100 is one core that is busy */
	STAT_CPU_OF_LIMIT,  /* cpu_limit_percent: 100 is all that is allowed */
	STAT_CPU_LIMIT,	    /* cpu_limit: in cores */
	STAT_MEMORY_MB,	    /* memory_usage_mb: memory_bytes, by 2^20 */
	STAT_MEMORY_PERCENT, /* memory_percent: of memory_limit */
	STAT_MEMORY,	    /* memory_bytes: without page cache */
	STAT_MEMORY_PEAK,   /* memory_peak: bytes, page cache included */
	STAT_MEMORY_LIMIT,  /* memory_limit: bytes */
	STAT_PIDS,	    /* pids: processes and threads */
	STAT_PIDS_LIMIT,    /* pids_limit */
	STAT_RX_MB,	    /* network_rx_mb: received, by 2^20 */
	STAT_TX_MB,	    /* network_tx_mb: sent */
	STAT_BLOCK_READ,    /* block_read: bytes from disks */
	STAT_BLOCK_WRITE,   /* block_write */
	STAT_COUNT,
};

struct stat_value {
	double v;
	const char *why; /* it is not known; NULL: v is it */
	bool absent;     /* as there is none, which is known */
};

struct stats {
	struct stat_value of[STAT_COUNT];
	int64_t interval_ms; /* that the processor's time was measured over */
};

/* A reading of the counters. */
struct stats_reading {
	struct strvec raw; /* as of box_observe() */
	int64_t at_us;
};

#define STATS_READING_INIT {.raw = STRVEC_INIT}
void stats_reading_release(struct stats_reading *r);

/* After session_env_look(). */
int stats_read(const struct env *env, struct stats_reading *r,
    struct err *err);
/* What a reading says; processor time is that since `before`, which may be
   NULL. */
void stats_make(const struct env *env, const struct stats_reading *before,
    const struct stats_reading *now, struct stats *st);

const char *stats_name(enum stat_id id);
/* An object of all, null where one is not known, with "unknown": NAME to why. */
json *stats_json(const struct stats *st);

#endif
