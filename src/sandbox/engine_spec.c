/* The container of an environment, as the Engine API wants it described. */
#include "sandbox/engine_impl.h"

#include <string.h>

#include "base/clock.h"

#define SMALL_PLACE (1u << 20) /* of /run and /var/tmp, which few use */
#define LOG_SIZE "10m"

void
container_labels(const struct box *box, struct strvec *labels)
{
	strvec_pushf(labels, LABEL_OWNER "=%s", box->runtime.owner);
	strvec_pushf(labels, LABEL_CREATED "=%lld",
	    (long long)(clock_wall_ms() / 1000));
	if (box->spec.session)
		strvec_pushf(labels, LABEL_SESSION "=%s", box->spec.session);
	if (box->spec.name)
		strvec_pushf(labels, LABEL_NAME "=%s", box->spec.name);
}

char *
container_kept_name(const struct box *box)
{
	return xasprintf(KEPT_PREFIX "%s", box->id);
}

static json *
labels_json(const struct box *box)
{
	autovec struct strvec labels = STRVEC_INIT;
	json *map = json_object();

	container_labels(box, &labels);
	for (size_t i = 0; i < labels.n; i++) {
		char *value = strchr(labels.v[i], '=');

		*value++ = '\0';
		json_put_str(map, labels.v[i], value);
	}
	return map;
}

static json *
strings(const char *const *v)
{
	json *array = json_array();

	for (; *v; v++)
		json_push_str(array, *v);
	return array;
}
#define STRINGS(...) strings((const char *const[]){__VA_ARGS__, NULL})

/* ---- places ---- */

/* A VOLUME of the image that needs a bound; those of ours have one. */
static bool
is_extra_volume(const char *path)
{
	static const char *const never[] = {"/", "/tmp", "/run", "/var/tmp",
	    "/dev/shm", "/proc", "/sys", "/dev", SANDBOX_WORKSPACE, RUNNER_DIR,
	    "/etc", "/usr", "/bin", "/lib", NULL};

	return path[0] == '/' && !strchr(path, ':') && !strchr(path, ',') &&
	       !str_in(path, never);
}

static bool
is_podman(const struct box *box)
{
	return engine_kind(box->ctx.engine) == ENGINE_PODMAN;
}

void
container_extra_places(const struct box *box, const struct image *img,
    struct strvec *paths)
{
	/* A server finds there what its image has, and keeps its data. */
	if (box->spec.image_cmd)
		return;
	if (is_podman(box)) /* which would make it without a bound */
		strvec_push(paths, "/var/tmp");
	for (size_t i = 0; i < img->volumes.n; i++)
		if (is_extra_volume(img->volumes.v[i]) &&
		    !env_spec_volume(&box->spec, img->volumes.v[i]))
			strvec_push(paths, img->volumes.v[i]);
}

/*
 * Volumes of the image share one tmp_limit: each adds to the container's
 * memory, and how many there are is what the image's author says.
 */
static uint64_t
extra_size(const struct box *box, const char *path, size_t places)
{
	uint64_t tmp = box->spec.limits.tmp;
	size_t volumes = places - is_podman(box);

	if (!strcmp(path, "/var/tmp"))
		return SMALL_PLACE;
	/* 0 would be no limit, a page is the least that there is. */
	return tmp && tmp / volumes < 4096 ? 4096 : tmp / volumes;
}

uint64_t
container_extra_memory(const struct box *box, const struct image *img)
{
	autovec struct strvec paths = STRVEC_INIT;
	/* of /run */
	uint64_t extra = is_podman(box) && !box->spec.image_cmd ? SMALL_PLACE
								: 0;

	container_extra_places(box, img, &paths);
	for (size_t i = 0; i < paths.n; i++)
		extra += extra_size(box, paths.v[i], paths.n);
	return extra;
}

/*
 * As many files as there are pages: empty ones would fill the memory else.
 * Podman knows no such option; there the kernel ends the program.  But it
 * copies what the image has there, if it is let: of root's own, which neither
 * programs nor a reset could remove.
 */
static void
put_place(const struct box *box, json *map, const char *path, uint64_t size,
    const char *mode)
{
	autobuf struct strbuf options = STRBUF_INIT;

	strbuf_addf(&options, "rw,exec,nosuid,nodev,mode=%s", mode);
	if (size)
		strbuf_addf(&options, ",size=%llu", (unsigned long long)size);
	if (size && !is_podman(box))
		strbuf_addf(&options, ",nr_inodes=%llu",
		    (unsigned long long)size / 4096 + 16);
	if (is_podman(box))
		strbuf_adds(&options, ",notmpcopyup");
	json_put_str(map, path, options.buf);
}

static json *
places_json(const struct box *box, const struct image *img)
{
	const struct limits *l = &box->spec.limits;
	autovec struct strvec paths = STRVEC_INIT;
	json *map = json_object();

	put_place(box, map, "/tmp", l->tmp, "1777");
	/* Runs at the same time have uids of their own: in a sticky directory
	   the next one could not replace what one of them has made. */
	if (box_workspace_in_memory(box))
		put_place(box, map, SANDBOX_WORKSPACE, l->disk, "777");
	/* as for /var/tmp; programs cannot write there */
	if (is_podman(box) && !box->spec.image_cmd)
		put_place(box, map, "/run", SMALL_PLACE, "755");
	container_extra_places(box, img, &paths);
	for (size_t i = 0; i < paths.n; i++)
		put_place(box, map, paths.v[i],
		    extra_size(box, paths.v[i], paths.n), "1777");
	return map;
}

static json *
mount_json(const char *type, const char *source, const char *target,
    bool read_only)
{
	json *m = json_object();

	json_put_str(m, "Type", type);
	if (source)
		json_put_str(m, "Source", source);
	json_put_str(m, "Target", target);
	json_put_bool(m, "ReadOnly", read_only);
	return m;
}

static void
push_etc(json *mounts, const struct runner_way *way, const char *file,
    const char *target)
{
	autofree char *source = runner_way_source(way, file);

	if (source)
		json_push(mounts, mount_json("bind", source, target, true));
}

static json *
mounts_json(const struct box *box, const struct runner_way *way)
{
	json *mounts = json_array();

	json_push(mounts,
	    way->bind ? mount_json("bind", way->path, RUNNER_DIR "/runner",
			    true)
		      : mount_json("volume", way->volume, RUNNER_DIR, true));
	if (box->spec.limits.network == NET_NONE)
		push_etc(mounts, way, way->hosts, "/etc/hosts");
	/* A server's users are those of its image. */
	if (box->spec.limits.user == USER_SANDBOX && !box->spec.image_cmd) {
		push_etc(mounts, way, way->passwd, "/etc/passwd");
		push_etc(mounts, way, way->group, "/etc/group");
	}
	if (box->spec.limits.workspace == WORKSPACE_DISK &&
	    !env_spec_volume(&box->spec, SANDBOX_WORKSPACE))
		json_push(mounts,
		    mount_json("volume", NULL, SANDBOX_WORKSPACE, false));
	container_push_volumes(box, mounts);
	return mounts;
}

/* ---- the whole ---- */

static void
put_limits(json *host, const struct limits *l, uint64_t memory)
{
	if (memory) {
		json_put_int(host, "Memory", (int64_t)memory);
		json_put_int(host, "MemorySwap", (int64_t)memory);
	}
	if (l->pids)
		json_put_int(host, "PidsLimit", (int64_t)l->pids);
	if (l->cpu_milli)
		json_put_int(host, "NanoCpus", (int64_t)l->cpu_milli * 1000000);
	if (l->shm)
		json_put_int(host, "ShmSize", (int64_t)l->shm);
}

/*
 * Nothing of runs, every byte of which would lie on the engine's disk.  A
 * server writes to the stdout of PID 1, and is read from there.
 */
static json *
log_json(const struct box *box)
{
	json *log = json_object(), *config;

	if (!box->spec.image_cmd) {
		json_put_str(log, "Type", "none");
		return log;
	}
	config = json_object();
	json_put_str(config, "max-size", LOG_SIZE);
	json_put_str(log, "Type", is_podman(box) ? "k8s-file" : "json-file");
	json_put(log, "Config", config);
	return log;
}

static json *
host_json(struct box *box, const struct image *img,
    const struct runner_way *way, uint64_t memory)
{
	const struct limits *l = &box->spec.limits;
	json *host = json_object();

	json_put_bool(host, "AutoRemove", true);
	json_put(host, "LogConfig", log_json(box));
	json_put_bool(host, "ReadonlyRootfs", !l->writable);
	/* The engine's own list for a server, which has all of these. */
	if (!box->spec.image_cmd) {
		json_put(host, "CapDrop", STRINGS("ALL"));
		json_put(host, "CapAdd",
		    STRINGS("SETUID", "SETGID", "KILL", "CHOWN", "SETPCAP"));
	}
	json_put(host, "SecurityOpt", STRINGS("no-new-privileges"));
	json_put_str(host, "CgroupnsMode", "private");
	json_put_str(host, "IpcMode", "private");
	put_limits(host, l, memory);
	json_put(host, "Tmpfs", places_json(box, img));
	json_put(host, "Mounts", mounts_json(box, way));
	if (l->network == NET_NONE)
		json_put_str(host, "NetworkMode", "none");
	return host;
}

json *
container_spec(struct box *box, const struct image *img,
    const struct runner_way *way, uint64_t memory)
{
	json *c = json_object(), *health = json_object(), *host;
	autofree char *hosts = runner_way_source(way, way->hosts);

	json_put_str(c, "Image", env_spec_opens(&box->spec));
	json_put_str(c, "User", "0:0");
	json_put_str(c, "WorkingDir", "/");
	json_put_str(c, "Hostname", SANDBOX_HOSTNAME);
	/* An empty one would do on Docker; Podman takes the image's then. */
	json_put(c, "Entrypoint", STRINGS(RUNNER_DIR "/runner"));
	json_put(c, "Cmd", box->spec.image_cmd ? STRINGS("listen")
					       : json_array());
	json_put_bool(c, "OpenStdin", !box->spec.image_cmd);
	/* A kept one's stdin is for the next client too. */
	json_put_bool(c, "StdinOnce", box->spec.lease_ms == 0);
	json_put_bool(c, "AttachStdin", true);
	json_put_bool(c, "AttachStdout", true);
	json_put_bool(c, "AttachStderr", true);
	json_put(c, "Labels", labels_json(box));
	/* An image's own would run as uid 0 beside the runner. */
	json_put(health, "Test", STRINGS("NONE"));
	json_put(c, "Healthcheck", health);
	/* Twice as fast to start as network mode none alone, but then nobody
	   writes an /etc/hosts. */
	if (box->spec.limits.network == NET_NONE && hosts)
		json_put_bool(c, "NetworkDisabled", true);
	host = host_json(box, img, way, memory);
	if (box->spec.nports)
		container_put_ports(&box->spec, c, host);
	json_put(c, "HostConfig", host);
	return c;
}
