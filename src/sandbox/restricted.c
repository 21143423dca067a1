/*
 * The restricted sandbox: the runner under bubblewrap, with the host's own
 * programs.  No daemon, no image; see userns.h, cgroup.h and seccomp.h for what
 * holds programs in.
 */
#include "sandbox/restricted_impl.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/arch.h"
#include "base/clock.h"
#include "base/io.h"
#include "sandbox/bwrap.h"
#include "sandbox/scope.h"
#include "sandbox/seccomp.h"

#define END_MS 300 /* for the runner to end at EOF by itself */
#define SETUP_STEP_MS 5

/* ---- the end ---- */

static void
signal_pidfd(int pidfd, int sig)
{
	if (pidfd >= 0)
		syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

static void
reap(pid_t *pid)
{
	while (*pid > 0 && waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
		;
	*pid = 0;
}

static pid_t
find_runner(struct restricted *r)
{
	pid_t child = bwrap_child(r->info);

	if (child > 0)
		r->runner = (int)syscall(SYS_pidfd_open, child, 0);
	return child;
}

/*
 * Of a bwrap that has not named its child yet: killed now it would leave that
 * waiting for it for ever.  Both go on, the runner finds its stdin at its end,
 * and all is over.
 */
static void
await_setup(struct restricted *r)
{
	struct pollfd pfd = {.events = POLLIN,
	    .fd = (int)syscall(SYS_pidfd_open, r->bwrap, 0)};

	if (pfd.fd < 0)
		return;
	for (int ms = 0; ms < OPEN_MS; ms += SETUP_STEP_MS)
		if (poll(&pfd, 1, SETUP_STEP_MS) || find_runner(r) > 0)
			break;
	close(pfd.fd);
}

/*
 * PID 1 takes all of its namespace with it.  The signal goes to it and not only
 * to bwrap, which does not take its child with it.
 */
static void
end_processes(struct restricted *r, int patience_ms)
{
	struct pollfd pfd = {.events = POLLIN};

	if (r->bwrap <= 0) {
		restricted_kept_end(r);
		return;
	}
	if (r->runner < 0 && find_runner(r) < 0)
		await_setup(r);
	pfd.fd = r->runner;
	if (r->runner < 0 || poll(&pfd, 1, patience_ms) != 1) {
		kill(r->bwrap, SIGKILL);
		signal_pidfd(r->runner, SIGKILL);
	}
	if (r->runner >= 0)
		poll(&pfd, 1, OPEN_MS);
	reap(&r->bwrap);
}

static void
restricted_kill(struct box *box, struct verdict *v)
{
	struct restricted *r = box->impl;

	end_processes(r, 0);
	if (r->sampler && sampler_hit(r->sampler))
		v->oom = OOM_YES;
}

static int
restricted_remove(struct box *box, struct err *err)
{
	struct restricted *r = box->impl;
	int bad;

	if (r->owner && owner_state(r->owner) == OWNER_ELSEWHERE) {
		err_set(err, ERR_SANDBOX, "it is on another host");
		return err_hint(err, "there it can be ended, and ends itself");
	}
	end_processes(r, box->lease_ms ? 0 : END_MS);
	if (r->socket)
		unlink(r->socket);
	network_stop(&r->network);
	sampler_free(steal(&r->sampler));
	bad = cgroup_leaf_remove(&r->leaf, err);
	box->left = bad;
	return bad;
}

static void
restricted_release(struct box *box)
{
	struct restricted *r = box->impl;

	userns_release(&r->userns);
	if (r->runner >= 0)
		close(r->runner);
	if (r->info >= 0)
		close(r->info);
	free(r->socket);
	free(r->owner);
	/* What is kept stays as it is; else it is gone already. */
	network_leave(&r->network);
	sampler_free(r->sampler);
	cgroup_leaf_release(&r->leaf);
	free(r);
}

/* ---- memory without a cgroup ---- */

static void
on_memory(void *arg)
{
	box_kill_run(arg); /* there is no time for less */
}

void
restricted_sample(struct box *box, pid_t runner)
{
	struct restricted *r = box->impl;

	if (box->spec.limits.memory && !r->sampler)
		r->sampler = sampler_new(box->ctx.loop, runner, box->sampled,
		    box->spec.limits.memory, on_memory, box);
}

static void
restricted_run_begin(struct box *box)
{
	struct restricted *r = box->impl;

	if (r->sampler)
		sampler_start(r->sampler);
}

static void
restricted_run_end(struct box *box, struct verdict *v)
{
	struct restricted *r = box->impl;

	if (!r->sampler)
		return;
	sampler_stop(r->sampler);
	if (box->sampled)
		v->peak = sampler_peak(r->sampler);
	if (sampler_hit(r->sampler)) {
		v->oom = OOM_YES;
		v->files = sampler_files(r->sampler);
		v->cancelled = false;
	} else if (box->sampled) {
		v->oom = OOM_NO;
	}
}

static const struct box_ops ops = {.kill = restricted_kill,
    .run_begin = restricted_run_begin,
    .run_end = restricted_run_end,
    .observe = restricted_observe,
    .processes = restricted_processes,
    .remove = restricted_remove,
    .release = restricted_release,
    .keep = restricted_keep,
    .connect = restricted_connect,
    .record = restricted_record};

/* ---- opening ---- */

/* What cannot be had here is refused, not left out. */
static int
check_spec(const struct env_spec *spec, struct err *err)
{
	const struct limits *l = &spec->limits;

	if (spec->image_cmd)
		return err_set(err, ERR_SANDBOX,
		    "--image-cmd: the restricted sandbox has no images");
	if (l->writable)
		return err_set(err, ERR_SANDBOX,
		    "the restricted sandbox shows the host's own programs, "
		    "which cannot be made writable");
	if (l->workspace == WORKSPACE_DISK) {
		err_set(err, ERR_SANDBOX,
		    "the restricted sandbox has its workspace in memory only");
		return err_hint(err, "accept that:  set workspace memory");
	}
	if (l->user == USER_IMAGE || l->user == USER_NAMED)
		return err_set(err, ERR_SANDBOX,
		    "the restricted sandbox has no image whose users it could "
		    "take; its users are sandbox and root");
	if (spec->nvolumes) {
		err_set(err, ERR_SANDBOX,
		    "-v: the users of the restricted sandbox are none of this "
		    "host's, and could not read or write its directories");
		return err_hint(err, "copy the files:  put %s",
		    spec->volumes[0].source);
	}
	if (spec->nports)
		return err_set(err, ERR_SANDBOX,
		    "-p: nothing of this host reaches the network of the "
		    "restricted sandbox");
	return l->network == NET_FULL ? network_check(err) : 0;
}

static struct cgroup_limits
leaf_limits(const struct box *box)
{
	const struct limits *l = &box->spec.limits;

	return (struct cgroup_limits){.memory = box_memory_total(box, 0),
	    .pids = l->pids, .cpu_milli = l->cpu_milli};
}

static void
make_leaf(struct box *box)
{
	struct restricted *r = box->impl;
	struct cgroup_limits l = leaf_limits(box);

	cgroup_leaf_make(&r->leaf, &box->runtime, box->id, box->lock_fd, &l);
}

static void
configure(struct box *box, struct client_config *cfg)
{
	struct restricted *r = box->impl;
	bool single = r->userns.kind == USERNS_SINGLE;

	box_config_default(box, cfg);
	cfg->fresh = true;
	if (single)
		cfg->isolation = "pidns";
	if (single && box->spec.limits.user == USER_ROOT)
		cfg->uid = cfg->gid = 0; /* the single one of the namespace */
	/* The uid of a run is its own, so its processes can be counted; in
	   one of a single uid the runner and inits are counted with them. */
	if ((single || box->spec.limits.user == USER_SANDBOX) &&
	    box->spec.limits.pids)
		cfg->nproc = box->spec.limits.pids + (single ? 4 : 0);
	box->nproc = cfg->nproc;
}

static int
start(struct box *box, struct bwrap *b, struct err *err)
{
	struct restricted *r = box->impl;
	int fds[64], pair[2];
	size_t n = 0;

	for (size_t i = 0; i < b->nfds; i++)
		fds[n++] = b->fds[i];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return err_sys(err, errno, "socketpair");
	r->info = b->info;
	b->info = -1;
	r->bwrap = userns_spawn(&r->userns, b->argv.v, pair[1], fds, n, err);
	close(pair[1]);
	if (r->bwrap < 0) {
		close(pair[0]);
		return -1;
	}
	box->client =
	    client_new(box->ctx.loop, stream_from_fd(pair[0]));
	return 0;
}

/* A scope is given to a process that is there and has no children yet; any
   other leaf is made while bwrap works. */
static void
enter_leaf(struct box *box, struct client_config *cfg)
{
	struct restricted *r = box->impl;
	struct cgroup_limits l = leaf_limits(box);

	if (scope_possible()) {
		make_leaf(box);
		if (!r->leaf.version)
			cgroup_leaf_make_scope(&r->leaf, &box->runtime,
			    box->id, box->lock_fd, &l, r->bwrap);
		userns_go(&r->userns);
	} else {
		userns_go(&r->userns);
		make_leaf(box);
	}
	strvec_pushf(&cfg->cgroup_fds, "late=%d", USERNS_LATE);
	cgroup_leaf_open(&r->leaf, &cfg->cgroup_fds, USERNS_LATE + 1);
	userns_send(&r->userns, r->leaf.fds, r->leaf.nfds);
}

/*
 * Whether bubblewrap's child is the runner by now.  Before that it sets up the
 * loopback interface, and fails (bubblewrap 0.8: RTM_NEWADDR) if slirp4netns
 * was faster to do the same.
 */
static bool
runner_executes(pid_t child)
{
	autofree char *path = xasprintf("/proc/%d/comm", (int)child);
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;

	return child > 0 && !io_read_file(path, &sb, 64, &ignored) &&
	       !strcmp(sb.buf, "runner\n");
}

/* It stays to be waited for, so that its number is nobody else's. */
static bool
has_ended(pid_t pid)
{
	siginfo_t si = {.si_pid = 0};

	return waitid(P_PID, (id_t)pid, &si, WEXITED | WNOHANG | WNOWAIT) ||
	       si.si_pid;
}

/* Before the runner looks at what it has. */
static int
connect_network(struct box *box, struct err *err)
{
	static const struct timespec pause = {.tv_nsec = 1000000};
	struct restricted *r = box->impl;
	int64_t deadline = clock_ms() + OPEN_MS;
	pid_t child;

	while (child = bwrap_child(r->info), !runner_executes(child)) {
		if (clock_ms() > deadline || has_ended(r->bwrap))
			return err_set(err, ERR_SANDBOX,
			    "bubblewrap did not start");
		nanosleep(&pause, NULL);
	}
	return network_start(&r->network, child, err);
}

static int
greet(struct box *box, struct client_config *cfg, struct err *err)
{
	struct restricted *r = box->impl;
	autobuf struct strbuf filter = STRBUF_INIT;
	pid_t child;

	if (box->spec.limits.network == NET_FULL && connect_network(box, err))
		return -1;
	/* Built while bwrap works. */
	if (seccomp_export(&filter, err))
		return -1;
	cfg->seccomp = filter.buf;
	cfg->seccomp_len = filter.len;
	if (client_hello(box->client, cfg, clock_ms() + OPEN_MS,
		box->ctx.interrupts, err)) {
		if (err->kind == ERR_SANDBOX)
			err_hint(err, "what this host allows:  doctor");
		return -1;
	}
	box_take_welcome(box);
	child = find_runner(r);
	box->sampled = !r->leaf.version && child > 0 && box->spec.limits.memory;
	if (child > 0)
		restricted_sample(box, child);
	return 0;
}

static void
describe(struct box *box)
{
	static const char *const kinds[] = {[USERNS_RANGE] = "uid",
	    [USERNS_SUBIDS] = "uid", [USERNS_SINGLE] = "pidns"};
	struct restricted *r = box->impl;

	box_describe_add(box, "kind", "restricted");
	if (r->leaf.version)
		box_describe_add(box, "cgroup", "v%d", r->leaf.version);
	else
		box_describe_add(box, "cgroup", "none: %s", r->leaf.why);
	box_describe_add(box, "id", "%s", box->id);
	box_describe_add(box, "arch", "%s", arch_host());
	box_describe_add(box, "isolation", "%s", kinds[r->userns.kind]);
	box_describe_add(box, "seccomp", "addesh");
	box_describe_workspace(box);
}

struct restricted *
restricted_new(struct box *box)
{
	struct restricted *r = xcalloc(1, sizeof(*r));

	r->runner = r->info = -1;
	r->network = (struct network)NETWORK_INIT;
	r->userns = (struct userns)USERNS_INIT;
	strvec_init(&r->leaf.dirs);
	box->impl = r;
	box->ops = &ops;
	return r;
}

int
restricted_open(struct box *box, struct err *err)
{
	struct restricted *r = restricted_new(box);
	struct bwrap b = BWRAP_INIT;
	struct client_config cfg = CLIENT_CONFIG_INIT;
	uint64_t memory = box_memory_total(box, 0);
	int bad;

	bad = check_spec(&box->spec, err) || userns_choose(&r->userns, err);
	if (!bad) {
		configure(box, &cfg);
		bad = bwrap_build(&b, &box->spec, r->userns.kind,
			  (unsigned)cfg.uid, (unsigned)cfg.gid, err) ||
		      start(box, &b, err);
	}
	if (!bad) {
		enter_leaf(box, &cfg);
		bad = greet(box, &cfg, err);
	}
	userns_wait(&r->userns);
	cgroup_leaf_close_fds(&r->leaf);
	bwrap_release(&b);
	client_config_release(&cfg);
	if (bad)
		return -1;
	describe(box);
	box_limits_check(box, memory);
	return 0;
}
