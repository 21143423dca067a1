/*
 * Opens one environment and does what its arguments say, in order, so that the
 * sandbox can be tried without the shell.  Each action prints lines for tests:
 *
 *	run SECONDS ARGV... ;	script SECONDS TEXT	put HOST DEST
 *	get PATH DEST		ls PATH			cat PATH
 *	limits			gaps			describe
 *	reset			wait (for a line)	sweep (what gc would do)
 *
 * Before them: engine=URL image=NAME memory=SIZE disk=SIZE cpus=N pids=N
 * user=root|image network=full workspace=disk writable
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/units.h"
#include "engine/endpoint.h"
#include "engine/engine.h"
#include "sandbox/box.h"
#include "sandbox/sweep.h"

static struct loop *loop;
static struct box *box;
static struct runtime rt;
static unsigned interrupts;
static struct engine *engine;

/* In place of the C library's: a signal for a process that was waited for would
   reach whoever has its number next. */
int
kill(pid_t pid, int sig)
{
	int r = (int)syscall(SYS_kill, pid, sig);

	if (r && sig && errno == ESRCH)
		printf("STRAY signal %d\n", sig);
	return r;
}

static void
die(struct err *err)
{
	printf("ERROR %s %s\n", err_kind_name(err->kind), err->msg.buf);
	if (err->hint.len)
		printf("HINT %s\n", err->hint.buf);
	fflush(stdout);
	if (err->kind == ERR_INTERRUPTED)
		exit(1);
}

static void
on_event(void *arg, const char *phase, const char *text)
{
	printf("EVENT %s %s\n", phase, text);
}

static uint64_t total[3];

static void
on_out(void *arg, int fd, const void *p, size_t n, bool tail)
{
	total[fd] += n;
	if (total[fd] > 65536)
		return;
	if (tail)
		printf("...");
	fwrite(p, 1, n, stdout);
}

static void
show(const struct verdict *v)
{
	printf("VERDICT lost=%d cancelled=%d timed_out=%d oom=%d signal=%d "
	       "exited=%d code=%d exec_errno=%d started=%d wall=%llu "
	       "user=%llu maxrss=%llu peak=%llu out=%llu err=%llu trunc=%d,%d "
	       "left=%llu got=%llu why=%s\n",
	    v->lost, v->cancelled, v->timed_out, v->oom, v->signal, v->exited,
	    v->exit_code, v->exec_errno, v->started,
	    (unsigned long long)v->wall_us / 1000,
	    (unsigned long long)v->user_us / 1000,
	    (unsigned long long)v->maxrss_kb, (unsigned long long)v->peak,
	    (unsigned long long)v->out_bytes, (unsigned long long)v->err_bytes,
	    v->out_truncated, v->err_truncated,
	    (unsigned long long)v->leftovers, (unsigned long long)total[1],
	    v->why.buf);
}

static void
do_run(struct run_spec *run)
{
	struct verdict v = VERDICT_INIT;
	struct box_sink sink = {.out = on_out};
	autoerr struct err err = ERR_INIT;

	total[1] = total[2] = 0;
	run->interrupt = SIGINT;
	if (box_run(box, run, &sink, &v, &err))
		die(&err);
	else
		show(&v);
	verdict_release(&v);
	run_spec_release(run);
}

static char **
run_action(char **arg)
{
	struct run_spec run = RUN_SPEC_INIT;

	run.timeout_ms = (uint64_t)(atof(arg[0]) * 1000);
	run.output_max = 1 << 20;
	for (arg++; *arg && strcmp(*arg, ";"); arg++)
		strvec_push(&run.argv, *arg);
	do_run(&run);
	return *arg ? arg + 1 : arg;
}

static char **
script_action(char **arg)
{
	struct run_spec run = RUN_SPEC_INIT;

	run.timeout_ms = (uint64_t)(atof(arg[0]) * 1000);
	run.output_max = 1 << 20;
	run.program_path = "main.py";
	run.program_data = arg[1];
	run.program_len = strlen(arg[1]);
	strvec_push(&run.argv, "python3");
	strvec_push(&run.argv, "main.py");
	do_run(&run);
	return arg + 2;
}

static void
on_entry(void *arg, const struct box_entry *e)
{
	printf("ENTRY %c %o %llu %s%s%s\n", e->type, e->mode,
	    (unsigned long long)e->size, e->path, e->target ? " -> " : "",
	    e->target ? e->target : "");
}

static void
print_all(const char *what, const struct strvec *sv)
{
	for (size_t i = 0; i < sv->n; i++)
		printf("%s %s\n", what, sv->v[i]);
}

static void
print_gaps(void)
{
	size_t n;
	const struct limit_gap *g = box_gaps(box, &n);

	for (size_t i = 0; i < n; i++)
		printf("GAP %s asked=%s got=%s weak=%d %s\n", g[i].name,
		    g[i].asked, g[i].got, g[i].weak, g[i].why);
}

static void
on_sweep(void *arg, const struct sweep_item *item)
{
	printf("SWEEP %s %s (%s)%s\n", item->kind, item->name, item->why,
	    item->keep ? " kept" : "");
}

static char **
files_action(const char *word, char **arg)
{
	autoerr struct err err = ERR_INIT;
	struct box_count count = {0};
	struct box_sink sink = {.out = on_out};
	bool two = !strcmp(word, "put") || !strcmp(word, "get");
	int bad = 0;

	if (!strcmp(word, "put"))
		bad = box_put(box, arg[0], arg[1], &count, &err);
	else if (!strcmp(word, "get"))
		bad = box_get(box, arg[0], arg[1], 0, &count, &err);
	else if (!strcmp(word, "ls"))
		bad = box_list(box, arg[0], 1, on_entry, NULL, &err);
	else
		bad = box_cat(box, arg[0], 0, &sink, &err);
	if (bad)
		die(&err);
	else if (two)
		printf("COUNT files=%llu dirs=%llu links=%llu bytes=%llu "
		       "skipped=%llu\n", (unsigned long long)count.files,
		    (unsigned long long)count.dirs,
		    (unsigned long long)count.links,
		    (unsigned long long)count.bytes,
		    (unsigned long long)count.skipped);
	return arg + (two ? 2 : 1);
}

static char **
action(const char *word, char **arg)
{
	autoerr struct err err = ERR_INIT;
	autovec struct strvec stats = STRVEC_INIT;

	if (!strcmp(word, "run"))
		return run_action(arg);
	if (!strcmp(word, "script"))
		return script_action(arg);
	if (str_in(word, (const char *const[]){"put", "get", "ls", "cat",
			     NULL}))
		return files_action(word, arg);
	if (!strcmp(word, "limits"))
		print_all("LIMIT", box_limits(box));
	else if (!strcmp(word, "describe"))
		print_all("FACT", box_describe(box));
	else if (!strcmp(word, "gaps"))
		print_gaps();
	else if (!strcmp(word, "wait"))
		getchar();
	else if (!strcmp(word, "reset") && box_reset(box, &err))
		die(&err);
	else if (!strcmp(word, "stats") && !box_stats(box, &stats, &err))
		print_all("STAT", &stats);
	else if (!strcmp(word, "sweep"))
		sweep_run(&rt, engine, true, on_sweep, NULL, &err);
	return arg;
}

static const char *engine_url;

static struct engine *
open_engine(struct err *err)
{
	struct endpoint_inputs in = {0};
	struct endpoint ep = ENDPOINT_INIT;
	struct engine_settings set = ENGINE_SETTINGS_DEFAULT;
	autovec struct strvec vars = STRVEC_INIT;
	struct engine *e = NULL;

	endpoint_inputs_here(&in, &vars);
	in.asked = engine_url;
	in.asked_by = "engine=";
	if (!endpoint_resolve(&ep, &in, err))
		e = engine_open(&ep, &set, loop, &interrupts, err);
	endpoint_release(&ep);
	return e;
}

static bool
option(struct env_spec *spec, const char *arg)
{
	uint64_t n = 0;

	if (str_starts(arg, "memory=") && !units_parse_size(arg + 7, &n))
		spec->limits.memory = n;
	else if (str_starts(arg, "disk=") && !units_parse_size(arg + 5, &n))
		spec->limits.disk = n;
	else if (str_starts(arg, "cpus="))
		spec->limits.cpu_milli = (uint64_t)(atof(arg + 5) * 1000);
	else if (str_starts(arg, "pids="))
		spec->limits.pids = strtoull(arg + 5, NULL, 10);
	else if (!strcmp(arg, "user=root"))
		spec->limits.user = USER_ROOT;
	else if (!strcmp(arg, "user=image"))
		spec->limits.user = USER_IMAGE;
	else if (!strcmp(arg, "workspace=disk"))
		spec->limits.workspace = WORKSPACE_DISK;
	else if (!strcmp(arg, "writable"))
		spec->limits.writable = true;
	else if (str_starts(arg, "engine="))
		engine_url = arg + 7;
	else if (str_starts(arg, "image="))
		spec->image = xstrdup(arg + 6);
	else if (!strcmp(arg, "network=full"))
		spec->limits.network = NET_FULL;
	else
		return false;
	return true;
}

static int
use_box(struct env_spec *spec, char **arg)
{
	autoerr struct err err = ERR_INIT;
	struct box_ctx ctx = {.loop = loop, .runtime = &rt,
	    .event = on_event, .interrupts = &interrupts};
	int64_t began;

	if (engine_url) {
		spec->kind = BOX_ENGINE;
		engine = ctx.engine = open_engine(&err);
	}
	if (engine_url && !engine) {
		die(&err);
		return 1;
	}
	sweep_run(&rt, engine, false, on_sweep, NULL, &err);
	began = clock_us();
	box = box_open(spec, &ctx, &err);
	if (!box) {
		die(&err);
		return 1;
	}
	printf("OPEN %lld us\n", (long long)(clock_us() - began));
	while (*arg) {
		const char *word = *arg++;

		arg = action(word, arg);
	}
	began = clock_us();
	if (box_close(box, &err))
		die(&err);
	printf("CLOSE %lld us\n", (long long)(clock_us() - began));
	return 0;
}

int
main(int argc, char **argv)
{
	autoerr struct err err = ERR_INIT;
	struct env_spec spec;
	char **arg = argv + 1;
	int status;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	env_spec_init(&spec);
	spec.kind = BOX_RESTRICTED;
	while (*arg && option(&spec, *arg))
		arg++;
	loop = loop_new();
	if (runtime_init(&rt, &err)) {
		die(&err);
		return 1;
	}
	status = use_box(&spec, arg);
	env_spec_release(&spec);
	engine_close(engine);
	runtime_release(&rt);
	loop_free(loop);
	return status;
}
