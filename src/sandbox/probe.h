/*
 * What this host offers for sandboxes, asked of the host itself: kernel,
 * control groups, user namespaces, AppArmor, bubblewrap, seccomp, subordinate
 * ids, the installed runners.  Nothing is changed, and nothing is opened that
 * stays.
 */
#ifndef ADDESH_SANDBOX_PROBE_H
#define ADDESH_SANDBOX_PROBE_H

#include <stddef.h>

#include "base/xalloc.h"

enum finding_state {
	FINDING_OK,
	FINDING_INFO, /* neither good nor bad */
	FINDING_WARN, /* something does not hold, or not fully */
	FINDING_FAIL, /* no environment of some kind can be had */
};

struct finding {
	const char *name; /* static: "cgroups" */
	enum finding_state state;
	char *text; /* one line */
	char *fix;  /* what helps, lines; NULL: nothing to do */
};

struct findings {
	struct finding *v;
	size_t n, cap;
};

/* "ok", "info", "warn", "fail" */
const char *finding_state_name(enum finding_state state);
/* Adds one; the state may be raised and the fix set by the caller. */
struct finding *findings_add(struct findings *f, const char *name,
    enum finding_state state, const char *fmt, ...) PRINTF_LIKE(4, 5);
void findings_release(struct findings *f);

/* Everything about this host, in a fixed order. */
void probe_host(struct findings *f);

#endif
