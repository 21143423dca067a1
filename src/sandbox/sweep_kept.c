/* What the register of kept environments tells of, and has ended or is lost. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "engine/container.h"
#include "sandbox/kept.h"
#include "sandbox/restricted_impl.h"
#include "sandbox/sweep_impl.h"

#define END_MS 10000

/* What of one that has ended only the record tells of; false: some is left. */
static bool
clean_kept(struct sweep *s, const json *record)
{
	const char *id = json_str(record, "id", "");
	autovec struct strvec dirs = STRVEC_INIT;
	bool clean = true;

	json_strings(json_path(record, "box.cgroups"), &dirs);
	for (size_t i = 0; i < dirs.n; i++)
		clean &= sweep_cgroup(s, dirs.v[i]);
	if (!s->dry) {
		struct runtime rt = kept_runtime(record, s->rt);

		runtime_lock_remove(&rt, id);
	}
	return clean;
}

/* The record stays until somebody was told of it. */
static void
sweep_ended(struct sweep *s, const json *record, const char *why)
{
	const char *name = json_str(record, "name", "");
	autoerr struct err err = ERR_INIT;
	bool clean = clean_kept(s, record);

	if (s->gc && sweep_item(s, "environment", name, why, false) &&
	    clean && kept_remove(s->rt, json_str(record, "id", ""), &err))
		sweep_failed(s, &err);
}

/* Under its lock: it may be about to be kept, and its socket to come. */
static void
sweep_lost(struct sweep *s, const json *record)
{
	struct runtime rt = kept_runtime(record, s->rt);
	autoerr struct err in_use = ERR_INIT;
	autoclose int lock =
	    runtime_lock(&rt, json_str(record, "id", ""), 0, &in_use);

	/* Who uses it is told what it lost, and it is ended then. */
	if (!s->gc || lock < 0 ||
	    kept_state(record, s->containers, s->engine) != KEPT_LOST)
		return;
	if (!s->dry)
		owner_end(json_str(json_get(record, "box"), "runner", ""),
		    END_MS);
	sweep_ended(s, record, "lost: its socket was removed");
}

static void
tell_kept(struct sweep *s, const json *record, enum kept_state state)
{
	autobuf struct strbuf why = STRBUF_INIT;

	strbuf_adds(&why, "kept: it ends after ");
	units_add_duration_exact(&why,
	    (uint64_t)json_int(record, "lease_ms", 0));
	strbuf_adds(&why, " without use");
	sweep_item(s, "environment", json_str(record, "name", ""),
	    state == KEPT_LIVES	  ? why.buf
	    : kept_is_far(record) ? "kept, on another machine"
				  : "kept, on an engine that was not asked",
	    true);
}

static void
sweep_record(struct sweep *s, const json *record)
{
	enum kept_state state =
	    kept_state(record, s->containers, s->engine);

	if (state == KEPT_ENDED)
		sweep_ended(s, record, "it has ended");
	else if (state == KEPT_LOST)
		sweep_lost(s, record);
	else
		tell_kept(s, record, state);
}

/* ---- of a register that nobody needs ---- */

/* By what the record says of it. */
static int
end_now(struct sweep *s, const json *record, struct err *err)
{
	const json *box = json_get(record, "box");
	const char *socket = json_str(box, "socket", NULL);
	const char *container = json_str(box, "container", NULL);

	if (socket && !access(socket, F_OK))
		restricted_quit(socket);
	else if (!container)
		owner_end(json_str(box, "runner", ""), END_MS);
	return container ? container_remove(s->asked, container, END_MS, err)
			 : 0;
}

bool
sweep_kept_end(struct sweep *s, const json *record, bool spare)
{
	struct runtime rt = kept_runtime(record, s->rt);
	enum kept_state state = kept_state(record, s->containers, s->engine);
	autoerr struct err err = ERR_INIT;
	autoclose int lock =
	    runtime_lock(&rt, json_str(record, "id", ""), 0, &err);

	if (lock < 0 || (spare && state == KEPT_LIVES))
		return false;
	if (state == KEPT_UNKNOWN) {
		sweep_item(s, "engine",
		    json_str(json_get(record, "box"), "engine", ""),
		    "what a replay kept there is not looked at: use --engine",
		    true);
		return false;
	}
	if (state != KEPT_ENDED &&
	    !sweep_item(s, "environment", json_str(record, "name", ""),
		"its replay has ended", false))
		return s->dry;
	if (state != KEPT_ENDED && end_now(s, record, &err)) {
		sweep_failed(s, &err);
		return false;
	}
	return clean_kept(s, record);
}

/* ---- records that cannot be read ---- */

/*
 * What it spoke of is known by its id alone, and nobody can use it any more.
 * Where neither a socket nor a container is found it may be on an engine that
 * was not asked.
 */
static int
end_damaged(struct sweep *s, const char *id, struct err *err)
{
	autofree char *socket = runtime_socket_path(s->rt, id);

	if (!access(socket, F_OK))
		restricted_quit(socket);
	else if (sweep_container_of(s, id, err))
		return -1;
	return kept_remove(s->rt, id, err); /* the lock: sweep_locks() */
}

static void
sweep_damaged(struct sweep *s, const char *id, const char *path)
{
	autoerr struct err err = ERR_INIT, in_use = ERR_INIT;
	autoclose int lock = runtime_lock(s->rt, id, 0, &in_use);
	autofree char *socket = runtime_socket_path(s->rt, id);
	bool asked = s->containers || !access(socket, F_OK);
	const char *why = lock < 0 ? "a damaged record, which is in use"
	    : asked		   ? "a damaged record"
			  : "a damaged record, and no engine was asked";

	if (sweep_item(s, "file", path, why, lock < 0 || !asked) &&
	    end_damaged(s, id, &err))
		sweep_failed(s, &err);
}

static void
sweep_wrong(struct sweep *s, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	autofree char *id = xstrndup(name, strcspn(name, "."));
	autoerr struct err err = ERR_INIT;
	autojson json *record = kept_load(s->rt, id, &err);

	if (err.code == EBADMSG)
		sweep_damaged(s, id, path);
	else if (!record)
		sweep_item(s, "file", path, err.msg.buf, true);
}

/* Of one that was killed before it was a record.  The lock file stays for
   sweep_locks(), as it tells what else is to be removed. */
static void
sweep_draft(struct sweep *s, const char *id)
{
	autoerr struct err ignored = ERR_INIT;
	autoclose int lock = runtime_lock(s->rt, id, 0, &ignored);

	if (lock >= 0 && !s->dry && !kept_exists(s->rt, id))
		kept_remove(s->rt, id, &ignored);
}

void
sweep_kept_begin(struct sweep *s)
{
	strvec_init(&s->wrong);
	s->records = kept_list(s->rt, &s->wrong);
}

void
sweep_kept(struct sweep *s)
{
	autovec struct strvec drafts = STRVEC_INIT;
	const json *record;

	json_each (record, s->records)
		sweep_record(s, record);
	kept_drafts(s->rt, &drafts);
	for (size_t i = 0; s->gc && i < drafts.n; i++)
		sweep_draft(s, drafts.v[i]);
	for (size_t i = 0; s->gc && i < s->wrong.n; i++)
		sweep_wrong(s, s->wrong.v[i]);
}
