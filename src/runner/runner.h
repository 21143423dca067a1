/*
 * What the parts of addesh-runner share.  The runner is one process with one
 * poll loop.  Rules that hold everywhere in it:
 *
 *   - it never opens a path that code of the environment can write; files are
 *     the business of a forked helper with the rights of a run (helper.c);
 *   - nothing blocks: descriptors are non-blocking, waiting is in the loop;
 *   - what it keeps in memory is bounded: the queue to the client, a window of
 *     input and a tail of output for each request.
 */
#ifndef ADDESH_RUNNER_RUNNER_H
#define ADDESH_RUNNER_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "frame.h"
#include "scan.h"

#define JOBS_MAX 16	  /* background runs that are kept */
#define SLOTS_MAX 32	  /* concurrent runs and helpers, the last are jobs' */
#define INQUIRIES_MAX 16  /* after jobs */
#define CGROUP_PROCS_MAX 16
#define CGROUP_DIRS_MAX 5
#define DRAIN_US 2000000  /* how long pipes may stay open after a run's end */
#define IDLE_US 30000000  /* default time without progress of a helper */
#define PIPE_BYTES (1 << 20)

struct observer;
struct runner;

/* ---- the queue to the client: queue.c ---- */

#define QUEUE_SIZE (512u << 10)
/* Kept free of bulk output, so that verdicts always fit. */
#define QUEUE_RESERVE (96u << 10)

struct queue {
	int fd;
	bool broken;	/* the client cannot be written to any more */
	bool used;	/* something was written since the start */
	size_t head, tail;
	size_t frame_end; /* end of the frame that head is in */
	uint8_t buf[QUEUE_SIZE];
};

void queue_init(struct queue *q, int fd);
/* Room for n bytes of bulk data in one piece, or NULL: not now. */
uint8_t *queue_room(struct queue *q, size_t n);
/* n bytes of whole frames were put there. */
void queue_commit(struct queue *q, size_t n);
/* Queues a message of control; it must fit into the reserve. */
void queue_message(struct queue *q, uint8_t type, uint32_t id,
    const struct field_writer *w);
/* Queues a whole frame if there is room for bulk data. */
bool queue_frame(struct queue *q, const struct frame *f);
/* Forgets what was queued, but for the rest of a frame that is partly out. */
void queue_forget(struct queue *q);
/* Queues the zeros that stand before a WELCOME. */
void queue_sync(struct queue *q);
/* Writes what can be written now. */
void queue_flush(struct queue *q);
static inline size_t
queue_pending(const struct queue *q)
{
	return q->tail - q->head;
}
/* Whether requests should be taken: answers to them have room. */
bool queue_is_open(const struct queue *q);

/* ---- a list of strings: text.c ---- */

struct texts {
	char **v;
	size_t n;
};

/* Adds a copy of n bytes as a string; -1 with errno (EINVAL: holds a NUL). */
int texts_add(struct texts *t, const void *data, size_t n);
/* Adds NAME=VALUE, in place of an earlier value of NAME. */
int texts_set_env(struct texts *t, const void *data, size_t n);
/* The value of NAME, or NULL. */
const char *texts_env(const struct texts *t, const char *name);
void texts_release(struct texts *t);
/* The string of a field: a copy, or NULL with errno. */
char *text_of_field(const struct field *f);

/* ---- cgroup.c ---- */

/* Descriptors of the cgroup that code runs in; -1 where there is none. */
struct cgroup {
	bool passed; /* the descriptors were passed by the client */
	int events;  /* memory.events or memory.oom_control */
	int kill;    /* cgroup.kill, if it was passed */
	int peak;    /* memory.peak, if it was passed */
	int dir;     /* of v2, to fork into; -1 also where that fails */
	int procs[CGROUP_PROCS_MAX]; /* where to write "0" to join it */
	int nprocs;
	bool threads; /* they move one thread, not its process */
	int memory, memory_max, swap_max, pids, pids_max, cpu, cpu_max,
	    cpu_period;
	int dirs[CGROUP_DIRS_MAX]; /* of the runner's own, for STATS */
	int ndirs;
};

void cgroup_init(struct cgroup *cg);
/* Opens what can be found through /proc/self/cgroup and mountinfo: where none
   was passed, code runs in the runner's own. */
void cgroup_open(struct cgroup *cg);
/* Takes a passed descriptor, "ROLE=FD"; -1 if it is malformed. */
int cgroup_take(struct cgroup *cg, const struct field *f);
/* The OOM kill counter, or -1: there is none. */
int64_t cgroup_oom_kills(const struct cgroup *cg);
/* Moves the calling process, or thread, to the leaf for code, if one was
   passed. */
int cgroup_join(const struct cgroup *cg);
/* Sets the peak to what is used now, and returns 0; where the kernel does not
   (v2 before Linux 6.12), it stays that of all runs and is returned.  -1: there
   is none. */
int64_t cgroup_peak_begin(const struct cgroup *cg);
int64_t cgroup_peak(const struct cgroup *cg);
/* Adds PROTO_K_LIMIT memory, swap, pids, cpu and oom_counter. */
void cgroup_limits(const struct cgroup *cg, struct field_writer *w);
/* What is known of it. */
void cgroup_stats(const struct cgroup *cg, const struct observer *o);

/* ---- look.c ---- */

/* Answers STATS and PROCESSES. */
void look_stats(struct runner *rn, const struct message *m);
void look_processes(struct runner *rn, const struct message *m);

/* ---- forker.c ---- */

/* The cgroup of code, which stays the caller's; starts the thread that forks
   within it, where one can. */
void forker_start(struct cgroup *cg);
/* Forks, into new namespaces for pidns_mount(); the child calls child(arg),
   which does not return. */
pid_t forker_fork(bool pidns, void (*child)(void *arg), void *arg);
/* In the child: it is in the cgroup of code already. */
bool forker_is_joined(void);

/* ---- tree.c ---- */

/* Kills all below the runner; true if there was nothing, zombies included. */
bool tree_kill(void);
/* The same until nothing is left, for a while. */
void tree_end(void);

/* ---- config.c ---- */

/* What is executed. */
struct program {
	struct texts argv, env;
	char *cwd;
};

#define GROUPS_MAX 64

struct config {
	bool set;
	struct program service; /* without argv: there is none */
	bool service_stays; /* the runner does not end with it */
	char *service_user;
	uid_t service_uid;
	gid_t service_gid, service_groups[GROUPS_MAX];
	size_t service_ngroups;
	uid_t uid;	  /* of slot 0 */
	gid_t gid;
	uid_t self;	  /* the runner's own */
	uid_t began;	  /* what it was started with, as relays are */
	bool shared_uid;  /* slots cannot have uids of their own */
	bool pidns;
	bool tree;	  /* a guest, whose processes are those below it */
	bool relays;	  /* clients may come through relays, which have the
			     runner's uid */
	uint64_t lease_us;
	bool keep;
	char *workspace;
	struct texts places, env, notes;
	int disk_fd;	  /* the first place, or -1: for STATS */
	uint8_t *filter;  /* struct sock_filter[] */
	size_t filter_len;
	uint64_t nofile_soft, nofile_hard, nproc;
	bool has_nproc;
};

/* Reads the fields of the first HELLO; -1, *text says what is wrong. */
int config_read(struct config *c, struct cgroup *cg, const struct message *m,
    const char **text);
uid_t config_slot_uid(const struct config *c, int slot);

/* ---- leave.c ---- */

/* That of a runner whose code is root; Debian's policy reserves it, and no
   service that is known takes it. */
#define LEAVE_UID 65521

/*
 * Where code is root, as the runner was until now, the runner takes another
 * uid and keeps its capabilities: code can then neither signal it nor lower its
 * limits.  It stays what it is where it may not, or where no such uid is
 * mapped.
 */
void leave_root(struct config *c);
/* Again all capabilities that there are, after another uid was assumed. */
void leave_resume(void);
/* None at all, for code. */
int capabilities_drop(void);

/*
 * Opens the first place for STATS, and lets code write into each: a volume of
 * an engine comes as a directory of root's that nobody else may write.  No code
 * has run yet, so the path is what it seems.  It is not made sticky, since
 * concurrent runs, which have uids of their own, share it.
 */
void places_open(struct config *c);
/* Bytes in use in the file system of the first place, others' files counted; -1:
   not known. */
int64_t places_used(const struct config *c);
void places_stats(const struct config *c, struct field_writer *w);

/* ---- requests: request.c ---- */

/* One output of a program, or of a helper. */
struct stream {
	int fd;
	bool is_stderr;
	/*
	 * A terminal that no process has open now.  To close it would be to
	 * send SIGHUP to a program that is just ending, or has closed all and
	 * may open /dev/tty again.
	 */
	bool hung;
	uint64_t total;	   /* bytes read from the program */
	uint64_t head_max; /* of them so many are passed on at once */
	uint8_t *head;	   /* a job's: they are kept */
	size_t head_size;
	uint8_t *ring;	   /* the last of the others */
	size_t ring_size;
	size_t tail_sent;
};

/* Input of the client on its way to a process. */
struct inbox {
	uint8_t *buf;	 /* PROTO_WINDOW bytes */
	size_t head, tail;
	bool ended;	 /* the client has sent all */
	bool closed;	 /* the process takes no more */
	uint64_t credit; /* consumed and not yet told */
};

/* Where a child came to before it could not go on. */
enum child_stage { STAGE_SETUP = 1, STAGE_CWD, STAGE_EXEC };

struct child_error {
	int32_t error; /* 0: none */
	int32_t stage;
};

enum request_state {
	REQUEST_WAITING, /* for AFTER, a RESET before it, or a slot */
	REQUEST_ACTIVE,	 /* its process runs */
	REQUEST_ENDING,	 /* its process has ended; others, pipes, tails */
};

struct request {
	uint32_t id;
	uint8_t type;
	enum request_state state;
	bool orphan;	/* of a former client: nobody gets its frames */
	uint8_t *msg;	/* the request's own copy of its message; a job's
			   label */
	size_t msg_len;

	/* of its message */
	uint32_t after;
	uint64_t timeout_us, grace_us, output_max;
	int interrupt;
	bool has_stdin, pty, background;
	uint16_t rows, cols;
	size_t nargs;

	/* its processes */
	int slot;
	pid_t pid;
	bool reaped, killed, parallel, cancelled, timed_out, overdue;
	bool empty; /* no process of its uid is left, so none will come */
	int status;
	uint64_t started_us, ended_us;
	uint64_t active_us; /* when it last took or gave something */
	uint64_t drained;   /* read from its pipes after its end */
	uint64_t timer_us;  /* when task_timer is due; 0: never */
	uint64_t user_us, sys_us, maxrss_kb, leftovers;

	/* its descriptors */
	int exec_fd;	/* a run: EOF when the program was executed */
	int ctl_fd;	/* a run in a PID namespace: to and from its init */
	int in_fd;
	struct inbox in;
	struct stream out[2];

	/* a run */
	struct child_error child;
	int64_t oom_before;
	int64_t peak_before; /* -1: other runs have part in it */

	/* a helper */
	struct frame_reader relay;
	uint8_t *relay_buf;
	uint8_t final_type; /* VERDICT or FAIL of the helper, 0: none yet */
	uint8_t *final;
	size_t final_len;
	uint64_t sent;	    /* given to the helper and not yet credited */
	uint64_t removed;   /* RESET: by the last round of helpers */

	/* a job: a background run that was started; once it has ended it stands
	   in the table of jobs only, and final are the fields of its verdict */
	uint32_t job;	    /* its number; 0: not yet */
	uint64_t disk_used; /* that was too much; or 0 */
	bool ended, forgotten;
};

/* Who asks for the list of jobs, or for a job's output. */
struct inquiry {
	uint32_t id;
	uint32_t job;  /* 0: the list */
	uint32_t told; /* the last job of the list that was */
	bool follow;
	uint64_t sent[2];  /* of each stream, lost bytes counted */
	uint64_t until[2]; /* without follow */
};

/* What the file system of the first place may be filled with: see DISK. */
struct disk {
	uint32_t id; /* of the DISK in flight; 0: nobody is told */
	bool watched, held;
	bool stopped; /* held, and there are jobs */
	uint64_t base, room, room_max;
	uint64_t used;	  /* when they were held */
	uint64_t told_us; /* when the client was; or 0 */
	uint64_t rest_us; /* until when they are not held so soon */
	uint64_t next_us; /* when it is looked at; 0: not now */
};

/* ---- channel.c ---- */

/* One who is, or may become, the client. */
struct channel {
	int in, out; /* -1: it has ended */
	int conn;    /* the end of this is its own; -1: that of in is */
	bool used;   /* something was written there, kept while it is not the
			client's: see struct queue */
	struct frame_reader reader;
	struct message_reader messages;
	uint8_t input[4 * PROTO_FRAME_MAX];
};

struct runner {
	struct queue queue;
	struct channel stdio, late; /* late: came through listen_fd */
	struct channel *client;	    /* one of these, or NULL: nobody is there */
	struct config config;
	struct cgroup cgroup;
	int sigfd, nullfd, ptmxfd;
	int listen_fd;	/* bound, and listening once it is kept */
	int passed_fd;	/* the last that came with the client's frames */
	int pending_fd; /* connected, and has not passed its stdio yet */
	bool listen_passed; /* listen_fd was one of the client's */
	bool reaping;	/* more processes may have ended */
	bool quit;
	int status;	/* of the runner, at the end */
	bool listens;	/* from the start, without a client on stdin */
	bool observes;	/* it looks at what another one runs, and no more */
	pid_t service;	/* 0: none runs */
	bool stopping;	/* the runner ends with it now */
	bool bulk;	/* a stream was read to its end, and that was a lot */
	bool welcomed;	/* the first WELCOME is out: limits are known */
	uint64_t now;	/* monotonic microseconds, at the loop's last turn */
	uint64_t lease_at;
	uint64_t hello_by;   /* the first HELLO is waited for until then; or 0 */
	uint64_t silence_us; /* how long the client may be; or 0 */
	uint64_t heard_us;
	uint64_t runner_id;
	uint8_t nonce[PROTO_NONCE_SIZE];
	uint8_t *limits; /* LIMIT and NOTE fields of each WELCOME */
	size_t limits_len;
	int slots_used;	 /* slots 0 to this one were ever used */
	bool slot_busy[SLOTS_MAX];
	int nactive;	 /* requests that are ACTIVE or ENDING */
	struct request *requests[PROTO_REQUESTS_MAX + SLOTS_MAX];
	size_t nrequests;
	struct request *jobs[JOBS_MAX];
	size_t njobs;
	uint32_t jobs_made;
	struct inquiry inquiries[INQUIRIES_MAX];
	size_t ninquiries;
	bool inquiries_held; /* the queue was full */
	struct disk disk;
	struct {
		uint32_t id;
		bool ok;
	} done[PROTO_REQUESTS_MAX];
	size_t ndone;
};

#define READS_PER_TURN 8 /* of one stream, so that timers have their turn */
#define BULK_BYTES 32768 /* in one turn is a lot */

uint64_t runner_now(void);
/* Answers the client's HELLO. */
void runner_welcome(struct runner *rn);
/* Reads, writes and waits until the environment ends: loop.c. */
void runner_loop(struct runner *rn);

struct sockaddr_un;

/* How long it waits for the first HELLO: an engine may hold its stdin open for
   a client that has died. */
#define HELLO_US 30000000

/* Nobody listens yet, and stdin's is the client, if that is one. */
void channels_init(struct runner *rn, bool stdio);
/* Takes the abstract name, without listening; listen_fd stays -1 if another
   process has it. */
void channel_bind(struct runner *rn);
/* Listens on the socket that was passed, else under the abstract name; -1 with
   errno. */
int channel_listen(struct runner *rn);
/* From now on the environment outlives its client; -1 with errno. */
int channel_keep(struct runner *rn);
/* The channel becomes the client, or a new client of it the former's place:
   runs end, and what was queued is forgotten. */
void channel_take(struct runner *rn, struct channel *ch);
/* The channel has ended, and with it what nobody keeps. */
void channel_lost(struct runner *rn, struct channel *ch);
void channel_read(struct runner *rn, struct channel *ch);
void channel_accept(struct runner *rn);
/* Takes the stdio that pending_fd passes. */
void channel_pending(struct runner *rn);
/* Returns the length of the abstract address. */
unsigned channel_address(struct sockaddr_un *sa);
/* Whether the socket's other end, with this uid, is PID 1 or was started by an
   engine. */
bool channel_peer_is_engines(int fd, uid_t uid);

/* ---- service.c ---- */

/* Starts the configuration's service; -1 with errno. */
int service_start(struct runner *rn);
/* Whether pid is the service, which has ended: so does the runner, unless it is
   to stay. */
bool service_reaped(struct runner *rn, pid_t pid, int status);

/* ---- relay.c ---- */

/* Connects its stdin and stdout with the runner that listens here. */
int relay_main(void);

/* Takes a frame of a channel. */
void request_frame(struct runner *rn, struct channel *ch,
    const struct frame *f);
/* Starts what waits and can start now. */
void requests_advance(struct runner *rn);
/* Ends the requests that stand before until (NULL: all), but the HELLO. */
void requests_cancel(struct runner *rn, const struct request *until);
/* The same for a client that is gone: nobody gets their verdicts. */
void requests_abandon(struct runner *rn);
/* Ends a request with FAIL, and frees it. */
void request_fail(struct runner *rn, struct request *r, int error,
    const char *text);
/* The request's last frame is queued: frees it.  ok counts for AFTER. */
void request_done(struct runner *rn, struct request *r, bool ok);
void request_event(struct runner *rn, const struct request *r,
    const char *text);
/* Answers a message that is no request, or cannot be one, with FAIL. */
void request_refuse(struct runner *rn, uint32_t id, int error,
    const char *text);
/* Notes for AFTER how it has ended. */
void request_remember(struct runner *rn, const struct request *r, bool ok);
/* Takes it out of the table, and its slot back. */
void request_remove(struct runner *rn, struct request *r);
void request_free(struct request *r);
/* Kills it; one that has not begun is freed. */
void request_cancel(struct runner *rn, struct request *r);
/* Asks it to end before that. */
void request_stop(struct runner *rn, struct request *r);
/* Whether the client is waiting for something. */
bool requests_are_waited_for(const struct runner *rn);
/* The value of the last field of this key, 0 if there is none. */
uint64_t message_number(const struct message *m, enum proto_key key);
/* The request of that id of this client, or NULL. */
struct request *request_find(struct runner *rn, uint32_t id);

/* ---- the processes of a request: task.c ---- */

/* Takes a free slot whose uid has no process; -1: none. */
int task_slot(struct runner *rn, bool background);
/* The request's process was started: from now on it is ACTIVE. */
void task_started(struct runner *rn, struct request *r, pid_t pid);
/* Kills every process of the request. */
void task_kill(struct runner *rn, struct request *r);
/* Sends a signal to every process of a job, where jobs have uids. */
void task_signal(const struct runner *rn, const struct request *r, int number);
/* Reaps what has ended; true: there may be more. */
bool tasks_reap(struct runner *rn);
/* A timer of the request is due. */
void task_timer(struct runner *rn, struct request *r);
/* Looks whether an ENDING request has come to its end; may free it. */
void task_settle(struct runner *rn, struct request *r);
/* Takes DATA or ENTRY; -1: more than the window allows. */
int task_input(struct request *r, const struct frame *f);
/* Writes input on to the process, and gives credit. */
void task_feed(struct runner *rn, struct request *r);
/* Closes the descriptors of the request. */
void task_close(struct request *r);
/* Gives the runner the uid for kill(2) and the like, and takes it back. */
int uid_assume(const struct config *c, uid_t uid);
void uid_resume(const struct config *c);
void fd_close(int *fd);

/* ---- ipc.c ---- */

/* Removes the System V IPC objects of a uid that has no process left. */
void ipc_clean(const struct config *c, uid_t uid);

/* ---- run.c, stream.c ---- */

/* Starts a RUN; -1 with errno. */
int run_start(struct runner *rn, struct request *r);
/* The report of the child before exec can be read. */
void run_report(struct runner *rn, struct request *r);
void run_timer(struct runner *rn, struct request *r);
/* The client's input is at its end, and all of it was written. */
void run_input_end(struct request *r);
void run_signal(struct request *r, int signal_number);
/*
 * Asks the init of the run's PID namespace to kill all in it, so that it can
 * still report; false if there is none, or it was asked before.
 */
bool run_ask_init(struct runner *rn, struct request *r);
void run_resize(struct request *r, uint16_t rows, uint16_t cols);
/* Sends what was kept and the verdict, and frees r, once there is room. */
void run_finish(struct runner *rn, struct request *r);

void stream_init(struct stream *s, int fd, bool is_stderr, uint64_t max);
/* Whether the stream can be read now. */
bool stream_wants(struct runner *rn, const struct request *r,
    const struct stream *s);
void stream_read(struct runner *rn, const struct request *r, struct stream *s);
/* Sends the kept tail; true: all of it is queued. */
bool stream_send_tail(struct runner *rn, const struct request *r,
    struct stream *s);
void stream_release(struct stream *s);

/* ---- jobs.c ---- */

/* Takes a place in the table of jobs for a background run; -1: none is left
   until one is forgotten. */
int job_admit(struct runner *rn, struct request *r);
/* Gives it back, if r has one. */
void job_remove(struct runner *rn, const struct request *r);
/* The program was executed: its request is answered. */
void job_begin(struct runner *rn, struct request *r);
/* It has ended, with these fields as its verdict. */
void job_ended(struct runner *rn, struct request *r,
    const struct field_writer *w);
/* Kills and forgets all. */
void jobs_drop(struct runner *rn);
/* How much of its output can be read before some is lost to a follower. */
size_t job_room(const struct runner *rn, const struct request *r,
    const struct stream *s);
/* Takes JOBS, JOB, KILL_JOB or FORGET_JOB. */
void job_message(struct runner *rn, const struct message *m);
/* Sends what can be sent now. */
void inquiries_serve(struct runner *rn);
bool inquiry_exists(const struct runner *rn, uint32_t id);
/* Ends that one, or with id 0 all, with FAIL. */
void inquiries_cancel(struct runner *rn, uint32_t id);

/* ---- disk.c ---- */

/* Takes DISK. */
void disk_message(struct runner *rn, const struct message *m);
/* Looks now, or if it is time to: disk.next_us says when it will be. */
void disk_look(struct runner *rn, bool now);
/* A job has begun. */
void disk_job(struct runner *rn, const struct request *r);
/* Nobody is told any more; with an id, only if it is that one. */
void disk_cancel(struct runner *rn, uint32_t id);

/* ---- helper.c: the parent's side of a helper ---- */

/* Starts the helper of a PUT, GET, RESET or HELLO; -1 with errno. */
int helper_start(struct runner *rn, struct request *r);
/* Relays its frames. */
void helper_read(struct runner *rn, struct request *r);
void helper_timer(struct runner *rn, struct request *r);
/* The helper has ended: answers the client and frees r, or goes on. */
void helper_finish(struct runner *rn, struct request *r);

/* ---- child.c: between fork and exec ---- */

struct child_io {
	int in, out, err; /* become 0, 1 and 2 */
	int report;	  /* becomes 3, and is closed by exec */
	int ctl;	  /* becomes 4, and is closed by exec */
};

/*
 * Makes the calling process, fresh from fork, what code may be: no descriptor
 * of the runner, its slot's uid, no capability, limits.  A descriptor of io
 * that is -1 is left out.  -1 with errno.
 */
int child_confine(const struct runner *rn, int slot, const struct child_io *io);
/* Makes code, and not helpers, wait for the runner's share of the CPUs. */
int child_be_nice(void);
/* Signals as a program expects them. */
void child_default_signals(void);
/* Executes p, looked up in the PATH of its environment; returns with errno. */
int child_exec_program(const struct program *p);
/* Loads the seccomp filter of the configuration, if there is one. */
int child_filter(const struct config *c);
/* Executes a run's program.  Returns only on failure, which e tells. */
void child_exec(const struct runner *rn, const struct request *r,
    struct child_error *e);

/* ---- pidns.c ---- */

/* What the init of a namespace sends over its control socket at the end. */
struct pidns_report {
	int32_t status;
	int32_t leftovers;
	uint64_t user_us, sys_us, maxrss_kb;
};

#define PIDNS_FLAGS (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC)
/* fork(2) into new namespaces of these kinds. */
pid_t pidns_fork(void);
/* Mounts the namespace's own /proc; -1 with errno. */
int pidns_mount(void);
/*
 * Makes the calling process the init of its namespace, with the control socket
 * at descriptor 4.  Returns 0 in the child that becomes the program, or -1
 * with errno; the init itself never returns.
 */
int pidns_init(void);

/* ---- the helper's own work, in the child: work.c and files_*.c ---- */

/* Does the request's work over descriptors 0 and 1; does not return. */
void work_main(const struct runner *rn, const struct request *r)
    __attribute__((noreturn));

#endif
