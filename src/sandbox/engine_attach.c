/*
 * A container that somebody else started.  It gets the runner as a guest: a
 * file in a place that programs can be executed from, which the runner removes
 * itself as soon as it runs, and a process beside what is there, which ends
 * with its connection.  Root process, image and settings of the container stay
 * as they are, and what it was opened with is not known to addesh.
 *
 * There are two ways in.  With a shell, that writes what it reads from its
 * stdin: it sees what the container's processes see, temporary file systems
 * too.  Without, the engine unpacks an archive, which reaches the root file
 * system and volumes only, and under a tmpfs what nobody sees.
 */
#include "sandbox/engine_impl.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/io.h"
#include "engine/container.h"
#include "engine/http.h"
#include "pack/tar.h"

#define HELLO_MS 20000
#define END_MS 5000
#define RUNNER_MAX (32u << 20)

struct guest {
	char *container; /* its id */
	char *exec;	 /* that the runner is; NULL: none */
	char *runner;	 /* here */
	struct strbuf program;
	char *name;	 /* of the file in there */
	struct strvec places;  /* where it may be put, the better first */
	struct strvec reached; /* that an archive reaches */
};

/* ---- what it is ---- */

static int
check_state(const struct box *box, const json *c, struct err *err)
{
	const char *name = box->spec.attach;
	const json *state = json_get(c, "State");

	if (json_get(json_path(c, "Config.Labels"), LABEL_OWNER)) {
		err_set(err, ERR_USAGE,
		    "%s is an environment that addesh opened", name);
		return err_hint(err, "those are chosen:  env use NAME");
	}
	if (!json_bool(state, "Running", false))
		return err_set(err, ERR_USAGE,
		    "container %s does not run", name);
	return json_bool(state, "Paused", false)
		   ? err_set(err, ERR_USAGE, "container %s is paused", name)
		   : 0;
}

/* Of the image; where that is gone, of the engine's host. */
static char *
architecture(struct box *box, const json *c)
{
	autoerr struct err ignored = ERR_INIT;
	struct image img = IMAGE_INIT;
	const struct engine_facts *f;
	char *arch = NULL;

	if (!image_look_up(box->ctx.engine, json_str(c, "Image", ""), &img,
		&ignored))
		arch = xstrdup(img.arch);
	image_release(&img);
	f = arch && *arch ? NULL : engine_facts(box->ctx.engine, &ignored);
	if (f) {
		free(arch);
		arch = xstrdup(f->arch);
	}
	return arch;
}

/* ---- places ---- */

static void
add_place(struct strvec *places, const char *path)
{
	if (path && *path == '/' && !strvec_has(places, path))
		strvec_push(places, path);
}

/* A tmpfs is what an archive does not reach.  Podman makes directories that are
   not there: the root is, and so are mounts. */
static void
find_places(struct guest *g, const json *c)
{
	static const char *const usual[] = {"/tmp", "/var/tmp", "/dev/shm",
	    "/run", "/root"};
	autovec struct strvec env = STRVEC_INIT;
	const json *m;

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		add_place(&g->places, usual[i]);
	add_place(&g->places,
	    json_str(json_get(c, "Config"), "WorkingDir", ""));
	json_strings(json_path(c, "Config.Env"), &env);
	add_place(&g->places, strvec_env_get(&env, "HOME"));
	if (!json_bool(json_get(c, "HostConfig"), "ReadonlyRootfs", false))
		add_place(&g->reached, "/");
	json_each(m, json_get(c, "Mounts"))
	{
		const char *at = json_str(m, "Destination", "");

		if (!json_bool(m, "RW", false))
			continue;
		add_place(&g->places, at);
		if (strcmp(json_str(m, "Type", ""), "tmpfs"))
			add_place(&g->reached, at);
	}
	json_each(m, json_path(c, "HostConfig.Tmpfs"))
		add_place(&g->places, m->string);
	add_place(&g->places, "/");
	/* Docker's is a tmpfs of root's, and all that one with a read-only root
	   file system may have. */
	add_place(&g->places, "/dev");
}

/* ---- an exec ---- */

static char *
make_exec(struct box *box, struct guest *g, const struct strvec *argv,
    bool input, const char *user, struct err *err)
{
	autojson json *body = json_object();

	json_put_bool(body, "AttachStdin", input);
	json_put_bool(body, "AttachStdout", true);
	json_put_bool(body, "AttachStderr", true);
	json_put_str(body, "DetachKeys", "");
	json_put(body, "Cmd", json_from_strings(argv));
	if (user)
		json_put_str(body, "User", user);
	return container_exec_create(box->ctx.engine, g->container, body, err);
}

/* Starts the runner and greets it. */
static int
start(struct box *box, struct guest *g, const struct strvec *argv,
    struct client_config *cfg, struct err *err)
{
	struct stream *stream;

	free(g->exec);
	g->exec = make_exec(box, g, argv, true, box->spec.user, err);
	if (!g->exec)
		return -1;
	stream = container_exec_start(box->ctx.engine, g->exec, false, err);
	if (!stream)
		return -1;
	box->client = client_new(box->ctx.loop, stream);
	if (!client_hello(box->client, cfg, clock_ms() + HELLO_MS,
		box->ctx.interrupts, err))
		return 0;
	client_free(steal(&box->client));
	return -1;
}

/* ---- with a shell ---- */

/*
 * Each place is tried with a file that holds nothing, which a shell carries out
 * as a script without commands if it may be executed.  What head(1) reads
 * beyond the program are zero bytes, which mean nothing.
 */
static const char script[] =
    "n=$1 f=$2; shift 2\n"
    "for d do p=${d%/}/$f\n"
    "(umask 077; set -C; : >\"$p\") 2>/dev/null || continue\n"
    "chmod 700 \"$p\" && \"$p\" 2>/dev/null &&\n"
    "head -c \"$n\" >\"$p\" && exec \"$p\" guest\n"
    "rm -f \"$p\"\n"
    "done\n"
    "echo 'no directory where its user can write and execute' >&2\n"
    "exit 1\n";

static int
enter_by_shell(struct box *box, struct guest *g, struct client_config *cfg,
    struct err *err)
{
	autovec struct strvec argv = STRVEC_INIT;

	strvec_push(&argv, "sh");
	strvec_push(&argv, "-c");
	strvec_push(&argv, script);
	strvec_push(&argv, "addesh");
	strvec_pushf(&argv, "%zu", g->program.len);
	strvec_push(&argv, g->name);
	strvec_pushv(&argv, g->places.v, g->places.n);
	cfg->preface = g->program.buf;
	cfg->preface_len = g->program.len;
	return start(box, g, &argv, cfg, err);
}

/* ---- without one ---- */

static bool
exec_runs(struct box *box, const char *exec, struct err *err)
{
	autojson json *e =
	    container_exec_inspect(box->ctx.engine, exec, err);

	return e && json_bool(e, "Running", false);
}

static bool
at_end(struct stream *s)
{
	char buf[512];
	ssize_t n = stream_read(s, buf, sizeof(buf));

	return n == 0 || (n < 0 && errno != EAGAIN);
}

/*
 * Waits until a command in the container has ended.  out, if not NULL, is its
 * output: one that was asked for just now may not have begun, which inspect
 * cannot tell from its end.
 */
static int
await_end(struct box *box, const char *exec, struct stream *out,
    struct err *err)
{
	static const char doing[] = "waiting for a command in the container";
	int64_t deadline = clock_ms() + END_MS, pause = 5;
	autoerr struct err gone = ERR_INIT;

	while ((out && !at_end(out)) || exec_runs(box, exec, &gone)) {
		if (clock_ms() > deadline)
			return err_set(err, ERR_ENGINE,
			    "%s: it does not end", doing);
		if (http_pause(engine_http(box->ctx.engine), pause, doing,
			err))
			return -1;
		pause = pause < 100 ? 2 * pause : 100;
	}
	return 0;
}

/*
 * The file is root's, and in a sticky directory only root removes it: the same
 * program does it, run by root and without anything to read.
 */
static int
remove_as_root(struct box *box, struct guest *g, const char *path,
    struct err *err)
{
	autovec struct strvec argv = STRVEC_INIT;
	autofree char *exec = NULL;
	struct stream *stream;
	int bad;

	strvec_push(&argv, path);
	strvec_push(&argv, "guest");
	exec = make_exec(box, g, &argv, false, "0", err);
	if (!exec)
		return -1;
	stream = container_exec_start(box->ctx.engine, exec, false, err);
	if (!stream)
		return -1;
	bad = await_end(box, exec, stream, err);
	stream_close(stream);
	return bad;
}

static int
put_program(struct box *box, struct guest *g, const char *place,
    struct err *err)
{
	const struct tar_entry entry = {.path = g->name,
	    .mode = S_IFREG | 0755,
	    .data = g->program.buf,
	    .size = g->program.len};
	autobuf struct strbuf tar = STRBUF_INIT;

	if (tar_write(&tar, &entry, 1, err))
		return -1;
	return container_put_tar(box->ctx.engine, g->container, place, tar.buf,
	    tar.len, err);
}

static int
enter_place(struct box *box, struct guest *g, const char *place,
    struct client_config *cfg, struct err *err)
{
	autovec struct strvec argv = STRVEC_INIT;
	autofree char *path = io_join(place, g->name);
	autoerr struct err later = ERR_INIT;
	int bad;

	if (put_program(box, g, place, err))
		return -1;
	strvec_push(&argv, path);
	strvec_push(&argv, "guest");
	bad = start(box, g, &argv, cfg, err);
	if (remove_as_root(box, g, path, &later) && !bad)
		box_event(box, "warning", "%s may be left in the container: %s",
		    path, later.msg.buf);
	return bad;
}

static int
enter_by_archive(struct box *box, struct guest *g, struct client_config *cfg,
    struct err *err)
{
	cfg->preface_len = 0;
	for (size_t i = 0; i < g->reached.n; i++) {
		autoerr struct err why = ERR_INIT;

		if (!enter_place(box, g, g->reached.v[i], cfg, &why))
			return 0;
		if (why.kind == ERR_INTERRUPTED)
			return err_move(err, &why);
	}
	return -1;
}

/* ---- the whole ---- */

static void
guest_kill(struct box *box, struct verdict *v)
{
	const struct guest *g = box->impl;

	/* The end of its connection is all that it can be told. */
	container_autopsy(box->ctx.engine, g->container, v);
}

static int
guest_remove(struct box *box, struct err *err)
{
	const struct guest *g = box->impl;

	return g->exec ? await_end(box, g->exec, NULL, err) : 0;
}

static void
guest_release(struct box *box)
{
	struct guest *g = box->impl;

	free(g->container);
	free(g->exec);
	free(g->runner);
	free(g->name);
	strbuf_release(&g->program);
	strvec_release(&g->places);
	strvec_release(&g->reached);
	free(g);
}

static const struct box_ops ops = {.kill = guest_kill,
    .remove = guest_remove,
    .release = guest_release};

static int
read_runner(struct box *box, struct guest *g, const json *c, struct err *err)
{
	autofree char *arch = architecture(box, c);
	autofree char *random = io_random_hex(8);

	g->runner = runtime_runner_path(arch && *arch ? arch : NULL, err);
	g->name = xasprintf(".addesh-%s", random);
	return g->runner
		   ? io_read_file(g->runner, &g->program, RUNNER_MAX, err)
		   : -1;
}

/* What its programs get is what it was given; nothing is emptied there. */
static void
configure(struct box *box, const json *c, struct client_config *cfg)
{
	cfg->isolation = "tree";
	cfg->workspace = box->spec.workdir;
	cfg->lease_ms = BOX_LEASE_MS;
	cfg->nofile_soft = 1024;
	cfg->nofile_hard = 4096;
	strvec_push(&cfg->base_env, "PATH=/usr/local/sbin:/usr/local/bin:"
	    "/usr/sbin:/usr/bin:/sbin:/bin");
	json_strings(json_path(c, "Config.Env"), &cfg->base_env);
	free(box->path);
	box->path = xstrdup(strvec_env_get(&cfg->base_env, "PATH"));
}

static int
enter(struct box *box, struct guest *g, struct client_config *cfg,
    struct err *err)
{
	autoerr struct err shell = ERR_INIT;
	autojson json *c = NULL;

	if (!enter_by_shell(box, g, cfg, &shell))
		return 0;
	if (strstr(shell.msg.buf, "unable to find user"))
		return err_set(err, ERR_USAGE,
		    "there is no user '%s' in container %s",
		    box->spec.user ? box->spec.user : "", box->spec.attach);
	if (shell.kind == ERR_INTERRUPTED)
		return err_move(err, &shell);
	if (!enter_by_archive(box, g, cfg, err))
		return 0;
	if (err->kind != ERR_NONE)
		return -1;
	/* It may have ended meanwhile. */
	c = container_inspect(box->ctx.engine, g->container, err);
	if (!c || check_state(box, c, err))
		return -1;
	return err_set(err, ERR_SANDBOX,
	    "there is no way into container %s: it has no directory where the "
	    "runner could be put and executed (%s)", box->spec.attach,
	    shell.msg.buf);
}

static void
describe(struct box *box, const struct guest *g, const json *c)
{
	bool podman = engine_kind(box->ctx.engine) == ENGINE_PODMAN;
	const char *name = json_str(c, "Name", "");

	box_describe_add(box, "kind", "%s", podman ? "podman" : "docker");
	box_describe_add(box, "id", "%.12s", g->container);
	box_describe_add(box, "attached", "%s", name + (*name == '/'));
	box_describe_add(box, "engine", "%s", engine_title(box->ctx.engine));
	box_describe_add(box, "image", "%s", box->spec.image);
	box_describe_add(box, "image_id", "%s", json_str(c, "Image", ""));
	box_describe_add(box, "isolation", "tree");
}

int
engine_attach_open(struct box *box, struct err *err)
{
	struct guest *g = xcalloc(1, sizeof(*g));
	struct client_config cfg = CLIENT_CONFIG_INIT;
	autojson json *c = NULL;
	int bad;

	strbuf_init(&g->program);
	strvec_init(&g->places);
	strvec_init(&g->reached);
	box->impl = g;
	box->ops = &ops;
	c = container_inspect(box->ctx.engine, box->spec.attach, err);
	if (!c || check_state(box, c, err) || read_runner(box, g, c, err))
		return -1;
	g->container = xstrdup(json_str(c, "Id", ""));
	find_places(g, c);
	configure(box, c, &cfg);
	bad = enter(box, g, &cfg, err);
	client_config_release(&cfg);
	if (bad)
		return -1;
	describe(box, g, c);
	return 0;
}
