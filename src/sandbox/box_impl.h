/* What the files of this directory share about an open environment. */
#ifndef ADDESH_SANDBOX_BOX_IMPL_H
#define ADDESH_SANDBOX_BOX_IMPL_H

#include "sandbox/box.h"
#include "sandbox/client.h"
#include "sandbox/observe.h"

/* The two ways of having an environment; impl is theirs. */
struct box_ops {
	/* Ends it from outside at once, when its runner is not heard any more.
	   May find out why: sets v->oom and puts it into v->why. */
	void (*kill)(struct box *box, struct verdict *v);
	/* The same without ending it: the stream has ended, and why?  NULL:
	   nobody knows. */
	void (*examine)(struct box *box, struct verdict *v);
	/* A run begins or has ended: for what is watched from outside. */
	void (*run_begin)(struct box *box);
	void (*run_end)(struct box *box, struct verdict *v);
	/* Removes all of it; the client is closed already. */
	int (*remove)(struct box *box, struct err *err);
	/* Frees impl, and ends nothing. */
	void (*release)(struct box *box);
	/*
	 * Of a kept one.  keep() makes it findable by others and sends
	 * PROTO_KEEP by box_send_keep(); connect() makes box->client up to its
	 * WELCOME; record() adds what connect() needs.
	 */
	int (*keep)(struct box *box, struct err *err);
	int (*connect)(struct box *box, struct err *err);
	void (*record)(const struct box *box, json *members);
	/* See box_service_log(); NULL: there is no such log. */
	int (*log)(struct box *box, const struct box_log *log,
	    struct err *err);
	/*
	 * See sandbox/observe.h: what it uses, from outside; NULL: only its
	 * runner knows.  processes: where they are seen from outside, too;
	 * observer: where not, a program in it that may be asked.
	 */
	int (*observe)(struct box *box, struct strvec *stats, struct err *err);
	int (*processes)(struct box *box, box_process_fn *fn, void *arg,
	    struct err *err);
	struct client *(*observer)(struct box *box, struct err *err);
	/* The URL of the engine that a kept one is on; NULL: of none. */
	const char *(*engine)(const struct box *box);
};

struct box {
	const struct box_ops *ops;
	void *impl;
	struct env_spec spec;
	struct box_ctx ctx;
	struct client *client; /* NULL: of a kept one, not connected */
	struct client *observer; /* see box_observe_end() */
	struct request *run; /* the one that is on */
	bool sampled;	     /* memory is watched, not limited */
	bool nproc;	     /* RLIMIT_NPROC bounds the processes */
	struct strvec describe;
	char *path; /* see box_search_path() */
	struct limit_gap *gaps;
	size_t ngaps, gaps_cap;
	/* The caller's; of a kept one with the directory in which its lock has
	   been from the beginning, where another process may have another. */
	struct runtime runtime;
	char *runtime_dir; /* that directory, if it is not the caller's */
	char *id;    /* of the lock file and of names: 16 hexadecimal digits */
	int lock_fd;
	bool left; /* a cgroup that only the lock's file tells the next sweep of */
	struct strvec limits; /* as read back */
	int64_t opened_ms;    /* wall clock */
	/* Of a kept one. */
	uint64_t lease_ms;
	bool busy;   /* a command is at work */
	bool wanted; /* another process waits for it */
	bool far;    /* another machine opened it */
	bool doomed; /* its runner does not answer: it is to be ended */
	bool leaving; /* what this process has of it goes, and no more */
	int wake_fd;	    /* the socket at which others knock, or -1 */
	struct loop_fd *wake;
};

/* Both fill box->client up to its WELCOME; box_open() cleans up on failure. */
int restricted_open(struct box *box, struct err *err);
int engine_box_open(struct box *box, struct err *err);
/* Beside what runs in the container spec.attach. */
int engine_attach_open(struct box *box, struct err *err);

/* The same for one of the register: impl from its record. */
int engine_box_reopen(struct box *box, const json *members, struct err *err);
int restricted_reopen(struct box *box, const json *members, struct err *err);

/* ---- what both ways of opening use ---- */

struct box *box_new(const struct box_ctx *ctx);
void box_free(struct box *box);
/*
 * Docker tells a container nothing of a client that dies (its stdin stays
 * open, so that the next one can attach): one that is not heard for so long
 * while a program of its own runs is taken for dead, and the program is killed.
 */
#define BOX_SILENCE_MS 10000
/* Without a word from this process for so long the runner ends, whatever its
   connection looks like; a process that is stopped meanwhile says nothing. */
#define BOX_LEASE_MS 600000
/* Sends PROTO_KEEP and waits for the answer. */
int box_send_keep(struct box *box, struct err *err);
/* HELLO of a later client, on a stream that is box->client's. */
int box_greet_again(struct box *box, int64_t timeout_ms, struct err *err);
/* Both ways are at their WELCOME: what it said is the box's from now on. */
void box_take_welcome(struct box *box);
/* Watches for others that want the lock; what an open box has to be freed. */
void box_watch_lock(struct box *box);
void box_unwatch_lock(struct box *box);

void box_event(struct box *box, const char *phase, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
void box_describe_add(struct box *box, const char *name, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
void box_gap_add(struct box *box, const char *name, const char *asked,
    const char *got, bool weak, const char *why);
unsigned box_interrupts(const struct box *box);

/*
 * The configuration that is the same everywhere: a base uid drawn at random,
 * places, HOME and the caches, lease.  cfg->uid etc. may be changed after.
 */
void box_config_default(struct box *box, struct client_config *cfg);
/* Neither on the engine's disk nor a directory of this host. */
bool box_workspace_in_memory(const struct box *box);
/* Says where it lies: memory, disk or host. */
void box_describe_workspace(struct box *box);
/* limits.memory and what the memory-backed places add to it; 0: no limit. */
uint64_t box_memory_total(const struct box *box, uint64_t extra);
/* Compares what was asked with what was read back and adds the gaps. */
void box_limits_check(struct box *box, uint64_t memory_total);

/*
 * Waits for the end of a request.  limit_ms (0: none): when it has passed and
 * the runner was silent for a while, the environment is given up.  Ctrl-C as
 * in box.h.
 */
void box_wait(struct box *box, struct request *r, uint64_t limit_ms);
/* Kills the run that is on, if one is, without the interrupt before. */
void box_kill_run(struct box *box);
/* Waits until some of the window came back; false: the request is over. */
bool box_wait_credit(struct box *box, struct request *r);
/* Waits for the end of a request on files, and frees it. */
int box_finish(struct box *box, struct request *r, struct err *err);
/* Of a request on files: the runner gives up after 30 s without progress. */
#define BOX_FILES_MS 35000

/* Starts a PUT below path.  The next three return false once it has ended; its
   error says why. */
struct request *box_put_open(struct box *box, const char *path);
/* Sends an ENTRY: fields as of box_entry_put(). */
bool box_put_entry(struct box *box, struct request *r, const void *p,
    size_t n);
bool box_put_content(struct box *box, struct request *r, const char *p,
    size_t n);
/* An empty DATA ends a file, an empty ENTRY the whole. */
bool box_put_end(struct box *box, struct request *r, bool all);
/* The fields of an ENTRY that is put, the caller's; returns their length. */
size_t box_entry_put(uint8_t **buf, const struct box_entry *e);
/* Starts writing a file; all of it is sent when this returns. */
struct request *box_put_start(struct box *box, const char *path,
    const void *p, size_t n, mode_t mode);
/* depth -1: all with content. */
struct request *box_get_start(struct box *box, const char *path, int depth,
    uint64_t max_bytes, const struct request_ops *ops, void *arg);
/* The fields of a RUN, and how many bytes they take at most. */
void box_run_put(struct field_writer *w, const struct box *box,
    const struct run_spec *run, uint32_t after);
size_t box_run_size(const struct box *box, const struct run_spec *run);
/* Why nothing ran, where the runner's errno alone does not say it; -1. */
int box_run_refused(const struct box *box, struct err *err);
/* Starts writing the program's file. */
struct request *box_put_program(struct box *box, const struct run_spec *run);
/* Takes over the numbers of a VERDICT. */
void box_verdict_read(struct verdict *v, struct field_reader *fields);
/* The first of what a run wrote to stdout, without white space at its end. */
#define BOX_OUTPUT_MAX 4096
int box_run_output(struct box *box, const struct run_spec *run,
    struct strbuf *out, struct verdict *v, struct err *err);

/* An ENTRY as it came, with the memory of its strings. */
struct box_entry_own {
	struct box_entry e;
	char *path, *target;
};
/* False: it is malformed, and nothing is to be released. */
bool box_entry_read(struct box_entry_own *own, struct field_reader *fields);
void box_entry_release(struct box_entry_own *own);

/* A link is none. */
bool box_is_directory(struct box *box, const char *path);

/* An absolute path in the environment: relative ones are the workspace's. */
char *box_path(const struct box *box, const char *path);

#endif
