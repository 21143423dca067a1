/*
 * An open environment: a runner that can be talked to, whether it is PID 1 of a
 * container or of a bubblewrap sandbox.  All calls wait on the loop until they
 * are done, so terminal, signals and the leases of other environments live on
 * meanwhile.  No call prints.
 *
 * Ctrl-C: whoever reads signals on the loop raises *ctx.interrupts.  A call
 * that sees it grow once asks the runner to stop what it does and still waits
 * for the verdict (`cancelled`); the second time it gives the environment up
 * (`lost`).  Opening ends at the first with ERR_INTERRUPTED.
 *
 * KEPT environments (box_keep(), or spec.lease_ms when it is opened) outlive
 * the process: their runner waits for the next client and ends itself when its
 * lease, an idle time, is over.  They are in the register (sandbox/kept.h).
 * One process at a time talks to one, under its lock, from box_acquire() to
 * box_release(); one that is idle stays connected until another process wants
 * the lock, so that the next command costs nothing.
 */
#ifndef ADDESH_SANDBOX_BOX_H
#define ADDESH_SANDBOX_BOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/strvec.h"
#include "sandbox/runtime.h"
#include "sandbox/spec.h"

struct box;
struct engine;

/* A struct err's code, neither an errno nor a status of HTTP. */
#define BOX_ENDED 1000

struct box_ctx {
	struct loop *loop;
	struct engine *engine;	/* BOX_ENGINE: connected; else NULL */
	const struct runtime *runtime;
	const unsigned *interrupts; /* NULL: nobody counts them */
	int64_t lock_ms; /* to wait for a kept one that another process uses */
	/*
	 * BOX_RESTRICTED with an image name: fills argv with a command that
	 * prints the version of the host's program that stands in for it
	 * ({"python3", "--version"} for python:3.11-slim).  Returns false if
	 * the name means nothing here.  May be NULL: then no name does.
	 */
	bool (*stand_in)(void *arg, const char *image, struct strvec *argv);
	/*
	 * PROGRAM=VERSION of what was asked before: a host's program is asked
	 * for its version once, as that takes longer than opening does.  May be
	 * NULL.
	 */
	struct strvec *versions;
	/*
	 * Progress of opening and what should be told once: phase is "pull",
	 * "create", "start", "image" or "warning".  May be NULL.
	 */
	void (*event)(void *arg, const char *phase, const char *text);
	void *arg;
};

/*
 * Opens an environment.  Neither ctx's pointers nor spec's strings are kept
 * except loop, engine, runtime and interrupts, which must outlive the box.
 * On failure nothing is left behind.
 */
struct box *box_open(const struct env_spec *spec, const struct box_ctx *ctx,
    struct err *err);
/*
 * Ends it and frees it, without any grace period: all processes die, the
 * container or sandbox and its files are gone when this returns 0.  A kept one
 * too, whoever uses it.
 */
int box_close(struct box *box, struct err *err);
/*
 * From now on it is kept: lease_ms is how long it may be idle.  The register
 * has it when this returns 0.
 */
int box_keep(struct box *box, uint64_t lease_ms, struct err *err);
/* Of its lock, and of the register: 16 hexadecimal digits. */
const char *box_id(const struct box *box);
/* 0: it is not kept. */
uint64_t box_lease(const struct box *box);
/* The record of a kept one, the caller's; and writing one that has more. */
json *box_record(const struct box *box);
/*
 * A kept environment of the register, which is not looked at before
 * box_acquire().  NULL with ERR_IO if the record is damaged.
 */
struct box *box_reopen(const json *record, const struct box_ctx *ctx,
    struct err *err);
/* The engine of one that was reopened without: before it is acquired or
   closed.  -1: it is another one. */
int box_use_engine(struct box *box, struct engine *e, struct err *err);
/*
 * Takes the lock and connects, unless that is so already, or it is not kept:
 * then it is always so.  -1: ERR_TIMEOUT names who else uses it; `code` BOX_ENDED
 * says that it has ended, for good; anything else that it cannot be reached
 * now.
 */
int box_acquire(struct box *box, struct err *err);
/* The command that acquired it has ended. */
void box_release(struct box *box);
/* Frees it and leaves the kept environment alone. */
void box_leave(struct box *box);
/* False after the environment was lost; then only box_close() is useful. */
bool box_alive(const struct box *box);
/* Whether a command in it would begin without connecting first. */
bool box_connected(const struct box *box);

/* Where a program's output goes while it runs.  Any may be NULL. */
struct box_sink {
	/* fd is 1 or 2; tail: bytes are missing before these, or before those
	   of the last call with it */
	void (*out)(void *arg, int fd, const void *p, size_t n, bool tail);
	void (*started)(void *arg);
	void (*event)(void *arg, const char *text);
	void *arg;
};

enum stdin_kind { STDIN_NONE, STDIN_BYTES, STDIN_FD };

struct run_spec {
	struct strvec argv; /* argv[0] without a slash: looked up in PATH */
	struct strvec env;  /* NAME=VALUE, over those of the environment */
	const char *cwd;    /* NULL: the environment's workdir */
	enum stdin_kind stdin_kind; /* STDIN_NONE: /dev/null */
	const void *stdin_data;	    /* of STDIN_BYTES */
	size_t stdin_len;
	int stdin_fd;		    /* of STDIN_FD; stays the caller's */
	uint64_t timeout_ms; /* 0: none */
	int interrupt;	     /* signal sent first at the deadline, or 0 */
	uint64_t grace_ms;   /* between it and the kill; 0: 200 */
	uint64_t output_max; /* bytes kept per stream; 0: all */
	/* A file to be written before the run; the run waits for it. */
	const char *program_path; /* NULL: none; relative: to the workspace */
	const void *program_data;
	size_t program_len;
	mode_t program_mode; /* 0: 0644 */
};

#define RUN_SPEC_INIT {.argv = STRVEC_INIT, .env = STRVEC_INIT, .stdin_fd = -1}
void run_spec_release(struct run_spec *run);

enum oom_state { OOM_NO, OOM_YES, OOM_UNKNOWN /* no counter here */ };

/*
 * How a run ended, as the runner saw it.  Look in this order: lost, cancelled,
 * timed_out, oom, signal, exit_code.
 */
struct verdict {
	bool lost;	   /* the environment is gone; `why` */
	bool cancelled;
	bool timed_out;
	enum oom_state oom;
	uint64_t files; /* so many that they were too much; else 0 */
	uint64_t disk_used; /* the workspace exceeded its limit; else 0 */
	int signal;	   /* that ended it, or 0 */
	bool exited;
	int exit_code;	   /* if exited */
	int exec_errno;	   /* it never started: execve(2)'s errno, or 0 */
	bool started;
	uint64_t wall_us;   /* ours if lost */
	uint64_t user_us, sys_us; /* 0: unknown */
	uint64_t maxrss_kb; /* of the largest process (getrusage(2)); 0:
			       unknown */
	uint64_t peak;	    /* bytes, of the run's own cgroup; 0: unknown */
	uint64_t out_bytes, err_bytes; /* that the program wrote, in all */
	bool out_truncated, err_truncated; /* fewer came than it wrote */
	uint64_t leftovers; /* processes it left behind; they were killed */
	struct strbuf why;  /* of lost: one line */
};

#define VERDICT_INIT {.oom = OOM_UNKNOWN, .why = STRBUF_INIT}
void verdict_release(struct verdict *v);

/*
 * Runs one program.  0: v says how it ended, lost included.  -1: it could not
 * be done and nothing ran (a missing directory, the file could not be written,
 * the environment was lost before).
 */
int box_run(struct box *box, const struct run_spec *run,
    const struct box_sink *sink, struct verdict *v, struct err *err);

struct box_count {
	uint64_t files, dirs, links, bytes;
	uint64_t skipped; /* sockets, devices, FIFOs, unreadable ones */
};

/*
 * Copies a file, link or directory with all below it from this host.  dest is
 * relative to the workspace; NULL, or ending in '/', or an existing directory:
 * under its own name in there.  A last link of host_path itself is followed,
 * links below are kept.
 */
int box_put(struct box *box, const char *host_path, const char *dest,
    struct box_count *count, struct err *err);
/* The same from memory; dest is the file itself. */
int box_put_bytes(struct box *box, const char *dest, const void *p, size_t n,
    mode_t mode, struct err *err);
/*
 * Copies to this host.  dest NULL or an existing directory: under the own name
 * in there, else dest itself.  What comes is hostile: nothing is written
 * outside dest, links are kept as links and never followed, set-id bits are
 * dropped.  max_bytes 0: no limit of ours.
 */
int box_get(struct box *box, const char *path, const char *dest,
    uint64_t max_bytes, struct box_count *count, struct err *err);

/*
 * Copies a directory of one environment into another, where it has the same
 * path: names, modes, times, links as links.  Sockets, FIFOs and devices are
 * counted as skipped.  What cannot be read, and more than max_bytes (0: no
 * limit), is an error.
 */
int box_copy(struct box *from, struct box *to, const char *path,
    uint64_t max_bytes, struct box_count *count, struct err *err);

struct box_entry;

/*
 * Files that somebody else lists and reads: those that a project has, or had.
 * Each function may return -1, with err.
 */
struct box_source {
	/* 1 and an entry, a directory before what is in it, valid until the
	   next call; 0 behind the last one; BOX_LATER: none yet, and whatever
	   else waits has its turn. */
	int (*next)(void *arg, struct box_entry *e, struct err *err);
	/* The next bytes of the entry's content, 0 at its end, which may come
	   before its size says so; *p is valid until the next call. */
	ssize_t (*read)(void *arg, const void **p, struct err *err);
	void *arg;
};
#define BOX_LATER 2

/* Puts them below dest, a directory relative to the workspace; what is there
   and not among them stays. */
int box_put_source(struct box *box, const char *dest,
    const struct box_source *source, struct box_count *count,
    struct err *err);

/* An entry of a listing; strings are valid during the callback. */
struct box_entry {
	const char *path;   /* relative to the listed path; "" is itself */
	char type;	    /* 'f' 'd' 'l' 'p' 's' 'b' 'c' */
	mode_t mode;
	uint64_t size;
	const char *target; /* of a link, else NULL */
	int64_t mtime;	    /* seconds since the epoch */
	uid_t uid;
	gid_t gid;
	int sys;	    /* errno if it could not be read, else 0 */
};
typedef void box_entry_fn(void *arg, const struct box_entry *e);

/* Lists path itself (depth 0), what is in it, too (1), or so many levels of
   it. */
int box_list(struct box *box, const char *path, unsigned depth,
    box_entry_fn *fn, void *arg, struct err *err);
/* The same of all that is below it, but for the content. */
int box_list_all(struct box *box, const char *path, box_entry_fn *fn,
    void *arg, struct err *err);
/* The content of a regular file, as it comes, to out(arg, 1, ...); one beyond
   max_bytes (0: none is) fails with EFBIG. */
int box_cat(struct box *box, const char *path, uint64_t max_bytes,
    const struct box_sink *sink, struct err *err);

/* Kills all that runs and empties the writable places. */
int box_reset(struct box *box, struct err *err);
/* Appends NAME=VALUE of what the environment uses now. */
int box_stats(struct box *box, struct strvec *stats, struct err *err);

/* The limits as read back from inside: names in runner/protocol.h. */
const struct strvec *box_limits(const struct box *box);
/* The value of one, or NULL. */
const char *box_limit(const struct box *box, const char *name);

/* A limit that does not hold here, or not as it was asked for. */
struct limit_gap {
	char *name; /* as in the policy: memory_limit, cpu_limit, ... */
	char *asked, *got; /* texts for people */
	bool weak;  /* true: watched from outside, not enforced by the kernel */
	char *why;
};
const struct limit_gap *box_gaps(const struct box *box, size_t *n);

/* The ports of the environment that this host reaches: none is 0. */
const struct port *box_ports(const struct box *box, size_t *n);

/*
 * What the image's own command has written (spec.image_cmd), in the order in
 * which the engine has it: out as in box_sink.  follow: and what comes until
 * the environment ends or Ctrl-C, which is no error.
 */
struct box_log {
	bool follow, timestamps;
	int64_t since_ms; /* wall clock; 0: from the beginning */
	size_t tail;	  /* of the last lines; 0: all */
	void (*out)(void *arg, int fd, const void *p, size_t n);
	void *arg;
};
int box_service_log(struct box *box, const struct box_log *log,
    struct err *err);

/* The PATH of its image, without directories that its programs can write by
   themselves; NULL: that of any system. */
const char *box_search_path(const struct box *box);

/* Facts about it, all NAME=VALUE: kind (docker, podman, restricted), id,
   image, image_id, arch, isolation, cgroup, seccomp, runner. */
const struct strvec *box_describe(const struct box *box);

#endif
