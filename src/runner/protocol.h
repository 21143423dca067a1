/*
 * The protocol between addesh and addesh-runner, the process that is PID 1 of
 * an environment.  Both sides include this file and nothing else of each
 * other.  It travels over one byte stream in each direction (the runner's
 * stdin and stdout), so every frame carries what is needed to find the next
 * one again after a peer died half way through one.
 *
 * FRAMES.  All integers are little-endian.
 *
 *	offset size
 *	0      4    magic "AdR1"
 *	4      1    type (enum proto_type)
 *	5      1    flags (PROTO_F_*)
 *	6      2    length of the payload, at most PROTO_PAYLOAD_MAX
 *	8      4    id of the request the frame belongs to; 0: the connection
 *	12     4    CRC-32C of bytes 0..11 and the payload
 *	16     n    payload
 *
 * Between frames any number of zero bytes may stand; they mean nothing.  A
 * reader that meets anything else where the magic should be, or a wrong CRC,
 * drops one byte and looks for the magic again.
 *
 * MESSAGES.  A frame whose type is not a raw one (PROTO_OUT, PROTO_DATA)
 * belongs to a message: the payloads of frames of one type and id, all but the
 * last with PROTO_F_MORE, joined, at most PROTO_MESSAGE_MAX bytes.  The frames
 * of a message follow each other; one that is broken off by another frame is
 * dropped.  A message is a list of fields: u16 key, u32 length, the bytes.  A
 * key may repeat (argv, environment).  Numbers are u64 unless a key says
 * otherwise.  Unknown keys are ignored by the reader, so that fields can be
 * added; an unknown type is answered with PROTO_FAIL.
 *
 * OPENING.  A client writes PROTO_SYNC_BYTES zero bytes (which complete, and so
 * spoil, any frame that a dead client left unfinished), then PROTO_HELLO with a
 * fresh nonce, and throws away everything until the PROTO_WELCOME that holds
 * the same nonce.  The runner writes PROTO_SYNC_BYTES zero bytes before a
 * PROTO_WELCOME that is not the first thing it writes, for the same reason; who
 * started the runner with a stream that nobody else has had needs none either.
 * WELCOME comes when the directories of BASE_ENV are made and the limits are
 * read; requests may be sent before it.  A runner that gets a HELLO forgets the
 * former client: runs of that client are killed, since nobody waits for their
 * verdicts.  The configuration fields of HELLO count in the first one only, but
 * for SILENCE_MS, which is each client's own: while requests of the client are
 * in flight the runner hears it at least so often, by a PING if nothing else is
 * to be said, or else takes it for dead and cancels them.  HELLO, WELCOME,
 * PING, PONG and QUIT have id 0.  QUIT is not answered: the runner ends, and
 * the stream with it.
 *
 * KEEPING.  A runner ends with its client: at the end of its stdin.  One that
 * is kept (KEEP in the first HELLO, or a request KEEP) goes on without one,
 * until QUIT, SIGTERM from outside, or the end of its lease: idle time, without
 * a frame from anybody, or a request that a client with SILENCE_MS waits for.
 * It listens for other clients:
 *  - on a unix socket (SOCK_STREAM) that was passed over its stdin, where that
 *    is a socket (SCM_RIGHTS, with the first byte of a KEEP or the HELLO): a
 *    connection is the stream in both directions.  It is the client's business
 *    who can connect;
 *  - else on PROTO_SOCKET_NAME, an abstract name (unix(7)) in its network
 *    namespace.  Who connects passes two descriptors with one byte, where
 *    frames are read from and written to; its end is the end of the connection.
 *    "addesh-runner connect" does that with its own stdin and stdout.  It must
 *    have the runner's uid and a parent outside of the PID namespace, and wants
 *    the same of the runner.
 * There is one client at a time.  A new connection takes the place of a former
 * one, and a HELLO, on a connection or on stdin, that of any client: the
 * former's runs are killed, and its connection is closed; its stdin is still
 * read, but only for a HELLO.  A connection begins with empty readers on both
 * sides, whatever half frame the former one left, and needs no zero bytes.
 * "addesh-runner listen" listens on the abstract name from the start, without a
 * client on stdin.  Any runner ends by itself if no HELLO comes for 30 s.
 *
 * REQUESTS have an id chosen by the client, never 0, never reused.  Each ends
 * in exactly one PROTO_VERDICT or PROTO_FAIL with that id.  Several may be in
 * flight; with PROTO_K_AFTER a request waits for an earlier one and fails with
 * ECANCELED if that one failed (FAIL, or a run whose exit status is not 0).
 * Concurrent runs get uids of their own; where they cannot (user "root", an
 * image's user, no right to change uids) requests wait for each other.
 * SIGNAL, CANCEL and RESIZE carry the id of the request that they are about and
 * have no answer of their own; for a request that has ended they do nothing.
 * A cancelled run ends in a VERDICT with CANCELLED, any other request in a FAIL
 * with ECANCELED, RESET cancels all requests before it.
 *
 * RUN.  The environment is BASE_ENV, then ENV; the later of one name counts.
 * ARG 0 without a slash is looked up in the PATH of that environment, as the
 * run's user; no shell is involved.  STARTED comes when the program was
 * executed; if it could not be, the VERDICT has EXEC_ERRNO and no EXIT.  What
 * fails before that (working directory, fork, uid) is a FAIL.  With OUTPUT_MAX
 * a stream's first bytes come as they are written, the rest is counted, and the
 * last ones (at most PROTO_TAIL_MAX of OUTPUT_MAX) come before the VERDICT:
 * with PROTO_F_TAIL if bytes are missing between, without it if none are.  At
 * the VERDICT no process and no System V IPC object of the run is left.
 *
 * BACKGROUND.  A RUN with that field, which has neither STDIN nor PTY, ends in
 * a VERDICT with JOB as soon as the program was executed; what comes before
 * that is the same.  From then on it is a job: it survives its client and is
 * killed with the environment, by RESET or KILL_JOB.  Of each of its streams
 * OUTPUT_MAX bytes are kept, at most PROTO_JOB_OUTPUT_MAX (the default), in two
 * parts as above.  JOB sends what is kept; PROTO_F_TAIL is set on a frame that
 * begins after bytes that are not.  With FOLLOW it goes on until the job has
 * ended, nothing is lost meanwhile, and the VERDICT is the one of a run;
 * without, one of a job that is not at its end is a VERDICT with RUNNING,
 * WALL_US, OUT_BYTES and ERR_BYTES.  At most 16 jobs are kept, those that have
 * ended among them until FORGET_JOB: one more is a FAIL with EUSERS.  Where runs
 * have no uids or namespaces of their own,
 * BACKGROUND is a FAIL with EOPNOTSUPP.
 *
 * DISK.  Where the first PLACE has no size of its own, only the client can find
 * out what lies there, which is slow, and the runner only how full the file
 * system is, which others fill as well.  ROOM says how many bytes more may be
 * in use there than are now, or than were at the least since then.  While
 * anything runs, and before the VERDICT of a run, the runner looks whether it
 * is more.  Then it stops all jobs (SIGSTOP), those too that begin later, and
 * sends an EVENT, whose TEXT is "stopped" if there are jobs, else "disk".  No
 * job goes on, and no other EVENT is due, before the next DISK with ROOM, which
 * counts from what was in use at the EVENT.  For three times as long as the
 * client took from the EVENT to that DISK, but for 10 s at most, the largest
 * ROOM that it ever gave is added to it, so that jobs are not stopped most of
 * the time.  All of this holds without a client, too: a DISK without ROOM
 * changes nothing of it, and the EVENT that nobody has answered is sent again.
 * With DISK_USED all jobs are killed, and their VERDICTs have that field.  A
 * DISK is in flight until the next one, or a CANCEL; RESET leaves it alone.
 *
 * SERVICE.  A runner that was started with "listen" starts SERVICE_ARG at the
 * first HELLO: what an image runs by itself, which is no run of the client's and
 * not confined like one.  It has the user's groups, the runner's capabilities
 * as far as its user can have any, /dev/null as stdin, and the runner's own
 * stdout and stderr.  If it cannot be executed, the HELLO is a FAIL, and the
 * runner ends with 127.  The runner ends with it, and with its status (128+n
 * after signal n), unless it is to stay with SERVICE_STAYS, so that one can see
 * why; SIGTERM from outside goes to it, and then both end.  Its uid cannot be one of
 * runs, whose end would be its own: then HELLO is a FAIL with EINVAL.
 *
 * PUT.  ENTRYs follow, with the id of the PUT: PATH (empty: the PUT's PATH
 * itself), TYPE, MODE, and for a link TARGET.  After an ENTRY of a regular file
 * come DATA frames, the last with PROTO_F_END (it may be empty).  An ENTRY with
 * an empty payload ends the PUT.  Missing directories above PATH are made.  A
 * file or link replaces what has its name, unless that is a directory; a
 * directory that exists is kept.  A PUT beside a run has another uid, and gives
 * the shared group the owner's rights.  No link is followed, in a GET neither,
 * but one of root's above PATH where runs are not root.
 *
 * GET.  ENTRYs come back, in an order in which a directory stands before what
 * it holds; regular files are followed by DATA as in a PUT.  The VERDICT has
 * COUNT (entries) and OUT_BYTES (content).  What exceeds ENTRIES_MAX ends in a
 * FAIL with E2BIG, BYTES_MAX with EFBIG.  An entry that may not be read is an
 * ENTRY with ERRNO and no content, as is one that may not even be looked at, of
 * which TYPE says nothing; an error in the midst of reading is a FAIL.
 *
 * With ITEMs only these are sent, each by itself, without what a directory
 * holds: relative to PATH, no link followed.  One that does not exist has no
 * ENTRY, one behind a link an ENTRY with ELOOP.
 *
 * EDIT.  Files below the directory PATH are changed all or none.  ENTRYs follow
 * as of a PUT, with relative PATHs: TYPE 'f' with DATA is a file as it is to be,
 * 'x' one that is to go.  With WAS_SIZE and WAS_CRC there is a regular file now,
 * which has that content; without, nothing is there.  Missing directories are
 * made; those that a removal leaves empty go.  All content is written under
 * names of its own first; the empty ENTRY makes the helper look at what is there
 * and then only rename, which it takes back if one of them fails.  What is not
 * as it was said to be ends in a FAIL with ESTALE.  A CANCEL, or the client's
 * end, counts until the helper has read that ENTRY, and not after.  The VERDICT
 * has COUNT.
 *
 * FLOW.  PROTO_DATA and PROTO_ENTRY towards the runner are limited to
 * PROTO_WINDOW bytes per request, whole frames counted with their headers, that
 * have not been given back by PROTO_CREDIT.  Towards the client there is no
 * window: a runner whose stdout is full stops reading programs' pipes and keeps
 * its timers.
 */
#ifndef ADDESH_RUNNER_PROTOCOL_H
#define ADDESH_RUNNER_PROTOCOL_H

#include <stdint.h>

#define PROTO_VERSION 1

#define PROTO_MAGIC "AdR1"
#define PROTO_HEADER_SIZE 16
#define PROTO_FRAME_MAX 65536
#define PROTO_PAYLOAD_MAX (PROTO_FRAME_MAX - PROTO_HEADER_SIZE)
#define PROTO_MESSAGE_MAX (4u << 20)
#define PROTO_SYNC_BYTES PROTO_FRAME_MAX
#define PROTO_NONCE_SIZE 16
#define PROTO_WINDOW (256u << 10)
#define PROTO_TAIL_MAX (64u << 10)
#define PROTO_REQUESTS_MAX 64	/* in flight on one connection */
#define PROTO_SOCKET_NAME "addesh-runner" /* behind a zero byte */
#define PROTO_LEASE_MS_MAX (400ull * 24 * 3600 * 1000)
#define PROTO_LABEL_MAX 4096	/* TEXT of a background run */
#define PROTO_JOB_OUTPUT_MAX (256u << 10) /* kept of each of its streams */
#define PROTO_ENTRIES_DEFAULT 1000000 /* of a GET */

/* Flags of a frame. */
#define PROTO_F_MORE 0x01	/* the message goes on in the next frame */
#define PROTO_F_END 0x02	/* PROTO_DATA: the last of this stream */
#define PROTO_F_STDERR 0x04	/* PROTO_OUT: from stderr, else stdout */
#define PROTO_F_TAIL 0x08	/* PROTO_OUT: kept tail, after a gap */

enum proto_type {
	/* client to runner */
	PROTO_HELLO = 1,  /* NONCE VERSION, then the configuration */
	PROTO_PING,	  /* renews the lease; answered by PROTO_PONG */
	PROTO_RUN,	  /* ARG... ENV... and the PROTO_K_RUN fields */
	PROTO_PUT,	  /* PATH [AFTER] [TIMEOUT_MS]; ENTRYs, DATA follow */
	PROTO_GET,	  /* PATH [DEPTH] [AFTER] [TIMEOUT_MS] [ENTRIES_MAX]
			     [BYTES_MAX]; ENTRYs and DATA come back */
	PROTO_RESET,	  /* kill all runs, empty the PLACEs, make the
			     directories of BASE_ENV again; what code can
			     neither have made nor removed stays */
	PROTO_SIGNAL,	  /* SIGNAL: to the run's process group */
	PROTO_CANCEL,	  /* end the request: a run by INTERRUPT, then GRACE_MS
			     later or by a second CANCEL the kill, or with
			     SIGNAL 9 the kill at once; its verdict still
			     comes */
	PROTO_RESIZE,	  /* ROWS COLS of a run's pty */
	PROTO_STATS,	  /* answered by a verdict with STAT fields */
	PROTO_QUIT,	  /* the environment ends */
	PROTO_KEEP,	  /* [LEASE_MS]: the environment outlives its client;
			     also for another lease or another socket.
			     Answered by an empty VERDICT, or a FAIL:
			     EADDRINUSE, another one listens here */
	PROTO_JOBS,	  /* an ENTRY for each job: JOB TEXT, and the fields of
			     its VERDICT */
	PROTO_JOB,	  /* JOB [FOLLOW]: OUT, and a VERDICT */
	PROTO_KILL_JOB,	  /* JOB [SIGNAL]: to its process group; 9 kills all of
			     it, 0 or none too, after its INTERRUPT and
			     GRACE_MS, or at once if that was done before.
			     Answered by an empty VERDICT */
	PROTO_FORGET_JOB, /* JOB: one that has ended; else FAIL with EBUSY.
			     Of one that is not there (any more), this and the
			     two above are a FAIL with ESRCH */
	PROTO_DISK,	  /* [ROOM] [DISK_USED]: watch what jobs write there */
	PROTO_EDIT,	  /* PATH [AFTER] [TIMEOUT_MS]; ENTRYs, DATA follow */
	PROTO_PROCESSES,  /* [PID]: answered by a verdict with a PROCESS for
			     each whose number is greater, the runner's own
			     left out, and a PID: to be asked again with, if
			     there are more */
	/* both ways */
	PROTO_ENTRY = 32, /* PATH TYPE MODE [SIZE] [TARGET] [MTIME]; if a
			     regular file, DATA with its content follows */
	PROTO_DATA,	  /* raw bytes; PROTO_F_END after the last */
	/* runner to client */
	PROTO_WELCOME = 64, /* NONCE VERSION RUNNER LIMIT... NOTE... */
	PROTO_PONG,
	PROTO_STARTED,	/* the program of this run was started */
	PROTO_OUT,	/* raw output of a run */
	PROTO_CREDIT,	/* COUNT: so many bytes of DATA were consumed */
	PROTO_EVENT,	/* TEXT: something worth telling about a request */
	PROTO_VERDICT,	/* how the request ended */
	PROTO_FAIL,	/* ERRNO TEXT [PATH]: it could not be done */
};

/* Keys of fields.  The number of a key never changes its meaning. */
enum proto_key {
	PROTO_K_NONCE = 1, /* PROTO_NONCE_SIZE bytes */
	PROTO_K_VERSION,
	PROTO_K_RUNNER, /* u64: size << 32 | CRC-32C of the runner's file */
	PROTO_K_LIMIT,	/* text NAME=VALUE, as read back from inside:
			   names: end of this file */
	PROTO_K_NOTE,	/* text: something the client should report once */
	PROTO_K_TEXT,
	PROTO_K_ERRNO,
	PROTO_K_PATH, /* absolute; in an ENTRY relative to the request's */

	/* configuration, in the first HELLO */
	PROTO_K_UID = 32,   /* base uid; run N in parallel has UID + N */
	PROTO_K_GID,	    /* shared by all runs */
	PROTO_K_USER,	    /* text: "sandbox", "root" or an image's USER */
	PROTO_K_ISOLATION,  /* text: "uid", or "pidns": each run in a PID and
			       mount namespace of its own, or "tree": runs have
			       the runner's uid, which others have as well, and
			       its processes are those below it */
	PROTO_K_WORKSPACE,  /* default working directory and home of files */
	PROTO_K_PLACE,	    /* a writable place, repeated: for RESET */
	PROTO_K_LEASE_MS,   /* without a frame for so long the runner ends; at
			       most PROTO_LEASE_MS_MAX */
	PROTO_K_KEEP,	    /* 1: as the request KEEP */
	PROTO_K_SECCOMP,    /* struct sock_filter[], loaded before exec */
	PROTO_K_CGROUP_FD,  /* text ROLE=FD, repeated: descriptors that were
			       passed to the runner, of the cgroup of code
			       where that is not the runner's own.  "procs":
			       cgroup.procs of the leaf that code joins; "dir":
			       on v2, that leaf, for clone3(2); "tasks": on v1,
			       that file of each hierarchy; "events",
			       "memory_max", "swap_max", "pids_max", "cpu_max",
			       "cpu_period": for limits and the OOM counter;
			       "memory", "pids", "cpu": for STATS; "peak": read
			       and, where that can be, reset by writing;
			       "kill": v2.  "late": a socket over which the
			       others have come, with one byte (SCM_RIGHTS);
			       they get the numbers behind its own */
	PROTO_K_BASE_ENV,   /* text NAME=VALUE, before a run's own ENV; a value
			       that is a path below a PLACE is made as a
			       directory of the run's user (HOME, TMPDIR) */
	PROTO_K_NOFILE,	    /* RLIMIT_NOFILE: soft << 32 | hard */
	PROTO_K_NPROC,	    /* RLIMIT_NPROC, only where the uid is not shared */
	PROTO_K_AS_KB,	    /* reserved */
	PROTO_K_SILENCE_MS, /* in each HELLO; 0 or absent: the client may be
			       silent as long as the lease lasts */
	PROTO_K_SERVICE_ARG, /* argv, repeated: see SERVICE */
	PROTO_K_SERVICE_ENV, /* NAME=VALUE, repeated; all of it but HOME */
	PROTO_K_SERVICE_CWD, /* absent: "/" */
	PROTO_K_SERVICE_USER, /* NAME or UID[:GROUP]; absent: the runner's */
	PROTO_K_SERVICE_STAYS, /* 1: the runner does not end with it */
	PROTO_K_AGAIN,	    /* 1, of a client that comes later: a runner that
			       nobody has configured refuses it with "again" */

	/* PROTO_RUN */
	PROTO_K_ARG = 64,   /* argv, repeated */
	PROTO_K_ENV,	    /* NAME=VALUE, repeated */
	PROTO_K_CWD,
	PROTO_K_STDIN,	    /* 1: DATA follows; absent: /dev/null */
	PROTO_K_TIMEOUT_MS, /* 0 or absent: none; PUT, GET, RESET: how long
			       they may make no progress, absent: 30 s */
	PROTO_K_INTERRUPT,  /* signal sent first at the deadline, or 0 */
	PROTO_K_GRACE_MS,   /* between it and the kill */
	PROTO_K_OUTPUT_MAX, /* bytes kept per stream, head and tail together;
			       absent: all */
	PROTO_K_AFTER,	    /* id of a request that must have succeeded */
	PROTO_K_PTY,	    /* rows << 16 | cols: stdio is a pty */
	PROTO_K_BACKGROUND, /* 1: with TEXT, a label of the client's */

	/* PROTO_ENTRY */
	PROTO_K_TYPE = 96, /* 'f' 'd' 'l'; in a GET also 'p' 's' 'b' 'c',
			      which have no content */
	PROTO_K_MODE,
	PROTO_K_SIZE,
	PROTO_K_TARGET, /* of a link */
	PROTO_K_MTIME,	/* seconds since the epoch */
	PROTO_K_DEPTH,	/* GET: 0 the entry itself, 1 and what it holds, and
			   so on, without content; absent: everything below
			   with content */
	PROTO_K_OWNER,	/* uid << 32 | gid, in a listing */
	PROTO_K_ENTRIES_MAX, /* GET; absent: PROTO_ENTRIES_DEFAULT */
	PROTO_K_BYTES_MAX,   /* GET: content in all; absent: no bound */
	PROTO_K_ITEM,	     /* GET: repeated, relative to PATH: only these */
	PROTO_K_WAS_SIZE,    /* EDIT: of the file that is there */
	PROTO_K_WAS_CRC,     /* CRC-32C of its content */

	/* PROTO_VERDICT and small messages */
	PROTO_K_EXIT = 128, /* exit status, if it exited */
	PROTO_K_SIGNAL,	    /* signal number, if it was killed, or to send */
	PROTO_K_TIMED_OUT,  /* 1: the runner's deadline ended it */
	PROTO_K_OOM,	    /* 1: the OOM counter rose; absent: no counter */
	PROTO_K_CANCELLED,  /* 1: ended by CANCEL or by EOF */
	PROTO_K_WALL_US,
	PROTO_K_USER_US,    /* this and the next two are 0 if not known: the
			       init of its namespace did not report */
	PROTO_K_SYS_US,
	PROTO_K_MAXRSS_KB,  /* of the largest process (getrusage(2)) */
	PROTO_K_PEAK,	    /* bytes: of memory in the cgroup that was passed,
			       during this run; absent: not known */
	PROTO_K_OUT_BYTES,  /* what the program wrote to stdout in all */
	PROTO_K_ERR_BYTES,
	PROTO_K_LEFTOVERS,  /* processes still alive when it ended, killed; one
			       may be missing for each parent among them that
			       was in wait(2) */
	PROTO_K_EXEC_ERRNO, /* the program could not be executed: errno */
	PROTO_K_COUNT,
	PROTO_K_ROWS,
	PROTO_K_COLS,
	PROTO_K_STAT, /* text NAME=VALUE: names of runner/observe.h; of them
			 memory, cpu_us and pids only where the cgroup was
			 passed; and disk, the bytes in use in the file system
			 of the first PLACE; those that are known.  Of a
			 SERVICE: "service", which is "running" or "ended
			 STATUS" */
	PROTO_K_JOB,	 /* number of a background run, counted from 1 */
	PROTO_K_RUNNING, /* 1: it has not ended */
	PROTO_K_FOLLOW,	 /* 1: also what still comes */
	PROTO_K_ROOM,	 /* bytes */
	PROTO_K_DISK_USED, /* bytes: that was too much, and the job's end */
	PROTO_K_PID,
	PROTO_K_PROCESS, /* bytes: process_pack() of runner/process.h */
};

/*
 * Names of limits in PROTO_K_LIMIT, so that both sides and the JSON output use
 * one spelling.  A value is decimal, in the unit given, or "none" (the kernel
 * says there is no limit), or "unknown" (it could not be read).
 *
 *	memory		bytes, memory.max or memory.limit_in_bytes
 *	swap		bytes, swap beyond memory
 *	pids		pids.max
 *	cpu		thousandths of a CPU, cpu.max or cfs quota / period
 *	oom_counter	"v1", "v2" or "none"
 *	space:PATH	bytes, size of the file system at a writable place
 *	nofile nproc core stack fsize	rlimits a run gets (soft)
 *	caps		hexadecimal bounding set of a run
 *	no_new_privs seccomp	0/1 and 0/1/2, as in /proc/PID/status of a run
 *	readonly_root	0 or 1
 *	root_mode	mode of / in octal (0700 would make each run fail)
 *	uid gid		what a run gets
 *	network		"none" (only lo) or "up"
 *	isolation	"uid" or "pidns" as asked, or "shared": concurrent runs
 *			have one uid, which may be the runner's
 */

#endif
