/*
 * Drives the engine client by hand and from the tests: opens the engine that
 * the environment names (or --engine) and does one thing to it.
 *
 *	engine_tool [-e ENGINE] [-d MS] [-t] COMMAND ARG...
 *
 * Results go to stdout; an error goes to stderr as KIND CODE MESSAGE, then its
 * hint, and the exit status is 1.  -d: all deadlines; -t: a timer of the loop
 * writes "tick" every 20 ms.  SIGINT interrupts.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "engine/attach.h"
#include "engine/build.h"
#include "engine/container.h"
#include "engine/endpoint.h"
#include "engine/engine.h"
#include "engine/image.h"
#include "pack/tar.h"

static struct engine *engine;
static struct loop *loop;
static struct loop_timer *ticker;
static unsigned interrupts;

static void
tick(void *arg)
{
	fputs("tick\n", stderr);
	loop_timer_set(ticker, clock_ms() + 20);
}

static void
on_signal(void *arg, int fd, unsigned events)
{
	struct signalfd_siginfo si;

	if (read(fd, &si, sizeof(si)) == sizeof(si))
		interrupts++;
}

static void
catch_interrupts(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	loop_fd_add(loop, signalfd(-1, &set, SFD_CLOEXEC), POLLIN,
	    on_signal, NULL);
}

static int
print_json(json *j)
{
	autofree char *s = NULL;

	if (!j)
		return -1;
	s = json_print(j);
	puts(s);
	json_free(j);
	return 0;
}

static int
do_version(char **args, struct err *err)
{
	printf("%s api 1.%u %s\n", engine_title(engine), engine_api(engine),
	    engine_kind(engine) == ENGINE_PODMAN ? "podman" : "docker");
	return 0;
}

static int
do_ping(char **args, struct err *err)
{
	return engine_ping(
	    engine, "asking the engine for a sign of life", NULL, err);
}

static int
do_facts(char **args, struct err *err)
{
	const struct engine_facts *f = engine_facts(engine, err);

	if (!f)
		return -1;
	printf("name=%s kernel=%s os=%s arch=%s cgroup=%s/%u storage=%s "
	       "rootless=%d cpus=%llu memory=%llu here=%d\n",
	    f->name, f->kernel, f->os, f->arch, f->cgroup_driver,
	    f->cgroup_version, f->storage_driver, f->rootless,
	    (unsigned long long)f->cpus, (unsigned long long)f->memory,
	    engine_is_here(engine));
	return 0;
}

/* Everything from stdin goes in, everything that comes goes out. */
static int
relay(struct stream *s, struct err *err)
{
	static char out[262144], in[65536];
	size_t have = 0, sent = 0;
	bool stdin_open = true;

	for (;;) {
		struct pollfd fds[] = {
		    {.fd = s->fd, .events = POLLIN | (have ? POLLOUT : 0)},
		    {.fd = stdin_open && !have ? 0 : -1, .events = POLLIN}};
		ssize_t r;

		poll(fds, 2, stream_pending(s) ? 0 : -1);
		r = stream_read(s, out, sizeof(out));
		if (r < 0 && errno != EAGAIN)
			return err_sys(err, errno, "stream");
		if (!r)
			return 0;
		if (r > 0)
			io_write_all(1, out, (size_t)r);
		if (fds[1].revents) {
			r = read(0, in, sizeof(in));
			stdin_open = r > 0;
			have = r > 0 ? (size_t)r : 0;
			sent = 0;
		}
		r = have ? stream_write(s, in + sent, have) : 0;
		if (r > 0) {
			sent += (size_t)r;
			have -= (size_t)r;
		}
	}
}

static int
finish(struct stream *s, struct err *err)
{
	int rc = s ? relay(s, err) : -1;

	if (s && s->complaint.len)
		fprintf(stderr, "complaint: %s\n", s->complaint.buf);
	stream_close(s);
	return rc;
}

/* run BODY: create, attach, start, relay, remove. */
static int
do_run(char **args, struct err *err)
{
	autojson json *body = json_parse(args[0], strlen(args[0]), err);
	bool tty = json_bool(body, "Tty", false);
	autofree char *id = NULL;
	struct stream *s;
	int rc;

	id = body ? container_create(engine, NULL, NULL, body, NULL, err)
		  : NULL;
	if (!id)
		return -1;
	s = container_attach(engine, id, tty, err);
	if (s && container_start(engine, id, err)) {
		stream_close(s);
		s = NULL;
	}
	rc = finish(s, err);
	if (rc) {
		autoerr struct err ignored = ERR_INIT;

		container_remove(engine, id, 20000, &ignored);
		return -1;
	}
	return container_remove(engine, id, 20000, err);
}

static int
do_create(char **args, struct err *err)
{
	autojson json *body = json_parse(args[0], strlen(args[0]), err);
	autovec struct strvec warnings = STRVEC_INIT;
	autofree char *id = body ? container_create(engine, args[1], NULL,
				       body, &warnings, err)
				 : NULL;

	if (!id)
		return -1;
	puts(id);
	for (size_t i = 0; i < warnings.n; i++)
		printf("warning: %s\n", warnings.v[i]);
	return 0;
}

static int
do_attach(char **args, struct err *err)
{
	return finish(container_attach(engine, args[0], false, err), err);
}

static int
do_start(char **args, struct err *err)
{
	return container_start(engine, args[0], err);
}

static int
do_inspect(char **args, struct err *err)
{
	return print_json(container_inspect(engine, args[0], err));
}

static int
do_cpus(char **args, struct err *err)
{
	return container_set_cpus(engine, args[0], 2000000000, err);
}

static int
do_remove(char **args, struct err *err)
{
	return container_remove(engine, args[0], 20000, err);
}

static int
do_list(char **args, struct err *err)
{
	autovec struct strvec labels = STRVEC_INIT;

	for (; *args; args++)
		strvec_push(&labels, *args);
	return print_json(container_list(engine, &labels, err));
}

/* exec ID PROGRAM ARG... */
static int
do_exec(char **args, struct err *err)
{
	autojson json *body = json_object();
	json *argv = json_array();
	autofree char *id = NULL;

	for (char **a = args + 1; *a; a++)
		json_push_str(argv, *a);
	json_put(body, "Cmd", argv);
	json_put_bool(body, "AttachStdin", true);
	json_put_bool(body, "AttachStdout", true);
	json_put_bool(body, "AttachStderr", true);
	json_put_str(body, "DetachKeys", "");
	id = container_exec_create(engine, args[0], body, err);
	if (!id || finish(container_exec_start(engine, id, false, err), err))
		return -1;
	return print_json(container_exec_inspect(engine, id, err));
}

static int
do_image(char **args, struct err *err)
{
	struct image img;
	int rc = image_inspect(engine, args[0], &img, err);

	if (!rc) {
		printf("id=%s arch=%s os=%s user=%s workdir=%s size=%llu\n",
		    img.id, img.arch, img.os, img.user, img.workdir,
		    (unsigned long long)img.size);
		for (size_t i = 0; i < img.tags.n; i++)
			printf("tag %s\n", img.tags.v[i]);
		for (size_t i = 0; i < img.volumes.n; i++)
			printf("volume %s\n", img.volumes.v[i]);
		for (size_t i = 0; i < img.entrypoint.n; i++)
			printf("entrypoint %s\n", img.entrypoint.v[i]);
	}
	image_release(&img);
	return rc;
}

static int
do_images(char **args, struct err *err)
{
	return print_json(image_list(engine, NULL, err));
}

static void
on_progress(void *arg, const struct progress *p)
{
	printf("%llu/%llu bytes %u/%u layers %s\n",
	    (unsigned long long)p->current, (unsigned long long)p->total,
	    p->layers_done, p->layers, p->status);
}

static int
do_pull(char **args, struct err *err)
{
	return image_pull(engine, args[0], args[1], on_progress, NULL, err);
}

static int
do_rmi(char **args, struct err *err)
{
	return image_remove(engine, args[0], false, NULL, err);
}

/* put ID DIR NAME TEXT */
static int
do_put(char **args, struct err *err)
{
	autobuf struct strbuf tar = STRBUF_INIT;
	struct tar_entry entry = {.path = args[2], .mode = S_IFREG | 0755,
	    .data = args[3], .size = strlen(args[3])};

	if (tar_write(&tar, &entry, 1, err))
		return -1;
	return container_put_tar(engine, args[0], args[1], tar.buf, tar.len,
	    err);
}

static int
do_volume(char **args, struct err *err)
{
	autovec struct strvec labels = STRVEC_INIT;

	strvec_push(&labels, "addesh.test=1");
	if (volume_create(engine, args[0], &labels, err) ||
	    print_json(volume_list(engine, &labels, err)) ||
	    print_json(volume_inspect(engine, args[0], err)) ||
	    volume_remove(engine, args[0], err))
		return -1;
	return volume_remove(engine, args[0], err);
}

static void
on_step(void *arg, const struct build_step *step)
{
	static const char *const states[] = {"waiting", "running", "cached",
	    "done", "failed", "stopped"};
	autojson json *j = json_object();
	autofree char *s = NULL;

	json_put_str(j, "event", "step");
	json_put_int(j, "id", step->id);
	json_put_int(j, "n", step->n);
	json_put_int(j, "total", step->total);
	json_put_str(j, "stage", step->stage);
	json_put_str(j, "text", step->text);
	json_put_str(j, "state", states[step->state]);
	json_put_int(j, "ms", step->ended_ms ? step->ended_ms - step->began_ms
					     : 0);
	json_put_str(j, "error", step->error);
	json_put_int(j, "exit_code", step->exit_code);
	s = json_print(j);
	puts(s);
	fflush(stdout);
}

static void
on_log(void *arg, unsigned step, int fd, const void *p, size_t n)
{
	autojson json *j = json_object();
	autofree char *s = NULL;

	json_put_str(j, "event", "log");
	json_put_int(j, "id", step);
	json_put_int(j, "fd", fd);
	json_put_bytes(j, "text", p, n);
	s = json_print(j);
	puts(s);
	fflush(stdout);
}

static void
on_sent(void *arg, uint64_t bytes)
{
	*(uint64_t *)arg = bytes;
}

/* The context is stdin. */
static ssize_t
read_stdin(void *arg, void *p, size_t n, struct err *err)
{
	ssize_t r = read(0, p, n);

	return r < 0 ? err_sys(err, errno, "stdin") : r;
}

/* build NAME=VALUE...: members of build_spec, and builder=classic|buildkit */
static void
build_option(struct build_spec *spec, enum builder_wish *wish, char *name)
{
	char *value = name;

	strsep(&value, "=");
	if (!strcmp(name, "builder"))
		*wish = !strcmp(value, "classic") ? BUILDER_WANT_CLASSIC
						  : BUILDER_WANT_BUILDKIT;
	else if (!strcmp(name, "tag"))
		strvec_push(&spec->tags, value);
	else if (!strcmp(name, "arg"))
		strvec_push(&spec->args, value);
	else if (!strcmp(name, "label"))
		strvec_push(&spec->labels, value);
	else if (!strcmp(name, "target"))
		spec->target = value;
	else if (!strcmp(name, "dockerfile"))
		spec->dockerfile = value;
	else if (!strcmp(name, "platform"))
		spec->platform = value;
	else if (!strcmp(name, "keeper"))
		spec->keeper = value;
	else if (!strcmp(name, "no_cache"))
		spec->no_cache = true;
	else if (!strcmp(name, "no_network"))
		spec->network = false;
	else if (!strcmp(name, "memory"))
		spec->memory = strtoull(value, NULL, 10);
	else if (!strcmp(name, "timeout"))
		spec->timeout_ms = strtoull(value, NULL, 10);
	else
		abort();
}

static int
do_build(char **args, struct err *err)
{
	struct build_spec spec = BUILD_SPEC_INIT;
	enum builder_wish wish = BUILDER_ANY;
	uint64_t sent = 0, size;
	struct build_events ev = {.step = on_step, .log = on_log,
	    .sent = on_sent, .arg = &sent};
	struct builder b = {0};
	autofree char *id = NULL;

	spec.dockerfile = "Dockerfile";
	spec.network = true;
	spec.read = read_stdin;
	for (; *args; args++)
		build_option(&spec, &wish, *args);
	if (!builder_find(engine, wish, &b, err)) {
		printf("{\"event\":\"builder\",\"title\":\"%s\",\"heredocs\":%d,"
		       "\"mounts\":%d,\"links\":%d,\"limits\":%d}\n",
		    b.title, b.heredocs, b.mounts, b.links, b.limits);
		fflush(stdout);
		spec.builder = &b;
		id = build_run(engine, &spec, &ev, &size, err);
		printf("{\"event\":\"end\",\"id\":\"%s\",\"sent\":%llu}\n",
		    id ? id : "", (unsigned long long)sent);
	}
	builder_release(&b);
	strvec_release(&spec.tags);
	strvec_release(&spec.args);
	strvec_release(&spec.labels);
	return id ? 0 : -1;
}

static const struct {
	const char *name;
	int least; /* operands */
	int (*fn)(char **args, struct err *err);
} commands[] = {
    {"version", 0, do_version},
    {"ping", 0, do_ping},
    {"facts", 0, do_facts},
    {"run", 1, do_run},
    {"create", 1, do_create},
    {"attach", 1, do_attach},
    {"start", 1, do_start},
    {"inspect", 1, do_inspect},
    {"cpus", 1, do_cpus},
    {"remove", 1, do_remove},
    {"list", 0, do_list},
    {"exec", 2, do_exec},
    {"image", 1, do_image},
    {"images", 0, do_images},
    {"build", 0, do_build},
    {"pull", 1, do_pull},
    {"rmi", 1, do_rmi},
    {"put", 4, do_put},
    {"volume", 1, do_volume},
};

static int
dispatch(int argc, char **argv, struct err *err)
{
	for (size_t i = 0; argc && i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[0], commands[i].name) &&
		    argc > commands[i].least)
			return commands[i].fn(argv + 1, err);
	return err_set(err, ERR_USAGE, "engine_tool: no such command");
}

int
main(int argc, char **argv)
{
	struct engine_settings settings = ENGINE_SETTINGS_DEFAULT;
	struct endpoint ep = ENDPOINT_INIT;
	struct endpoint_inputs in;
	autovec struct strvec env = STRVEC_INIT;
	autoerr struct err err = ERR_INIT;
	bool ticks = false;
	int c, rc;

	endpoint_inputs_here(&in, &env);
	in.asked_by = "--engine";
	while ((c = getopt(argc, argv, "+e:d:t")) != -1) {
		if (c == 'e')
			in.asked = optarg;
		else if (c == 'd')
			settings.connect_ms = settings.startup_ms =
			    settings.first_byte_ms = strtol(optarg, NULL, 10);
		else if (c == 't')
			ticks = true;
		else
			return 2;
	}
	loop = loop_new();
	catch_interrupts();
	if (ticks)
		ticker = loop_timer_add(loop, clock_ms() + 20, tick, NULL);
	rc = endpoint_resolve(&ep, &in, &err);
	if (!rc)
		engine = engine_open(&ep, &settings, loop, &interrupts,
		    &err);
	if (engine)
		rc = dispatch(argc - optind, argv + optind, &err);
	else
		rc = -1;
	if (rc)
		fprintf(stderr, "%s %d %s\n%s%s", err_kind_name(err.kind),
		    err.code, err.msg.buf, err.hint.buf,
		    err.hint.len ? "\n" : "");
	engine_close(engine);
	endpoint_release(&ep);
	loop_free(loop);
	return rc ? 1 : 0;
}
