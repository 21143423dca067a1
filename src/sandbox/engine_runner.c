/* How the runner gets into a container. */
#include "sandbox/engine_impl.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "engine/container.h"
#include "pack/tar.h"

#define RUNNER_MAX (32u << 20)

static int
identify(struct runner_way *way, struct err *err)
{
	const char *const more[] = {way->hosts, way->passwd, way->group};
	autobuf struct strbuf sb = STRBUF_INIT;
	uint32_t crc;

	if (io_read_file(way->path, &sb, RUNNER_MAX, err))
		return -1;
	crc = frame_crc(0, sb.buf, sb.len);
	way->id = (uint64_t)sb.len << 32 | crc;
	for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
		strbuf_reset(&sb);
		if (more[i] && io_read_file(more[i], &sb, RUNNER_MAX, err))
			return -1;
		crc = frame_crc(crc, sb.buf, sb.len);
	}
	way->content = way->id >> 32 << 32 | crc;
	return 0;
}

char *
runner_way_volume_name(const struct runner_way *way)
{
	return xasprintf("addesh-runner-%016llx",
	    (unsigned long long)way->content);
}

static char *
data_file(const char *name)
{
	autoerr struct err ignored = ERR_INIT;

	return runtime_data_path(name, &ignored);
}

enum sight { SEES_NOT, SEES, SEES_PERHAPS };

/*
 * Whether the engine has the same file under this path.  Whoever listens on the
 * socket shows its view of the file system in /proc/PID/root, to root and to
 * its own user; of others it is not known.
 */
static enum sight
engine_sees(struct engine *e, const char *path)
{
	pid_t pid = endpoint_listener(engine_endpoint(e), NULL);
	autofree char *theirs = NULL;
	struct stat a, b;

	if (pid <= 0)
		return SEES_PERHAPS;
	theirs = xasprintf("/proc/%d/root%s", (int)pid, path);
	if (!stat(theirs, &a))
		return !stat(path, &b) && a.st_ino == b.st_ino &&
				       a.st_dev == b.st_dev
			   ? SEES
			   : SEES_NOT;
	return errno == ENOENT ? SEES_NOT : SEES_PERHAPS;
}

/* Docker refuses a source that it does not see; Podman would make it. */
bool
engine_can_bind(struct engine *e, const char *path)
{
	enum sight sight = engine_sees(e, path);

	return sight == SEES ||
	       (sight == SEES_PERHAPS && engine_kind(e) == ENGINE_DOCKER &&
		   engine_is_here(e));
}

/* ---- a name for the caller ---- */

/* Whether a line of passwd(5) or group(5) does. */
static bool
names_id(const char *text, const char *id)
{
	autofree char *field = xasprintf(":x:%s:", id);

	return strstr(text, field);
}

/*
 * The installed file and one line more, as a file of this user's state: what is
 * written of it is the same each time.  Takes the place of *file; without, the
 * id just has no name.
 */
static void
add_line(struct engine *e, bool bind, char **file, const char *dir,
    const char *name, const char *id, const char *line)
{
	autofree char *path = io_join(dir, name);
	autobuf struct strbuf text = STRBUF_INIT, there = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;

	if (!*file || io_read_file(*file, &text, RUNNER_MAX, &ignored) ||
	    names_id(text.buf, id))
		return;
	strbuf_adds(&text, line);
	if ((io_read_file(path, &there, RUNNER_MAX, &ignored) ||
		strcmp(there.buf, text.buf)) &&
	    (io_mkdirs(dir, 0755, &ignored) ||
		io_replace_file(path, text.buf, text.len, 0644, &ignored)))
		return;
	if (bind && !engine_can_bind(e, path))
		return;
	free(*file);
	*file = steal(&path);
}

/* UID:GID is called as programs are in other environments. */
static void
name_caller(struct runner_way *way, struct engine *e,
    const struct runtime *rt, const char *caller)
{
	const char *group = strchr(caller, ':') + 1;
	autofree char *uid = xstrndup(caller, group - caller - 1);
	autofree char *dir = xasprintf("%s/etc/%s-%s",
	    rt->state_dir ? rt->state_dir : rt->runtime_dir, uid, group);
	autofree char *user_line = xasprintf("sandbox:x:%s:%s:sandbox:"
	    SANDBOX_HOME ":/bin/sh\n", uid, group);
	autofree char *group_line = xasprintf("sandbox:x:%s:\n", group);

	add_line(e, way->bind, &way->passwd, dir, "passwd", uid, user_line);
	add_line(e, way->bind, &way->group, dir, "group", group, group_line);
}

int
runner_way_init(struct runner_way *way, struct engine *e, const char *arch,
    const struct runtime *rt, const char *caller, struct err *err)
{
	*way = (struct runner_way){.path = runtime_runner_path(arch, err)};
	if (!way->path)
		return -1;
	way->bind = engine_can_bind(e, way->path);
	way->hosts = data_file("etc/hosts");
	way->passwd = data_file("etc/passwd");
	way->group = data_file("etc/group");
	if (caller)
		name_caller(way, e, rt, caller);
	return identify(way, err);
}

void
runner_way_release(struct runner_way *way)
{
	free(way->path);
	free(way->volume);
	free(way->hosts);
	free(way->passwd);
	free(way->group);
	free(way->mountpoint);
	*way = (struct runner_way){0};
}

/*
 * A file of a volume cannot be mounted by itself before API 1.45 (the Subpath
 * of a mount), but the engine's own path of it can, like any other.
 */
char *
runner_way_source(const struct runner_way *way, const char *file)
{
	if (!file || way->bind)
		return file ? xstrdup(file) : NULL;
	return way->mountpoint
		   ? io_join(way->mountpoint, strrchr(file, '/') + 1)
		   : NULL;
}

/* ---- the volume ---- */

/*
 * A volume can be written to through a container that has it, which need not
 * be started.
 */
static char *
make_helper(struct engine *e, const struct box *box, const char *volume,
    struct err *err)
{
	autojson json *c = json_object();
	json *host = json_object(), *binds = json_array();
	json *cmd = json_array(), *map = json_object();
	autofree char *bind = xasprintf("%s:" RUNNER_DIR, volume);
	autovec struct strvec labels = STRVEC_INIT;

	container_labels(box, &labels);
	for (size_t i = 0; i < labels.n; i++) {
		char *value = strchr(labels.v[i], '=');

		*value++ = '\0';
		json_put_str(map, labels.v[i], value);
	}
	json_push_str(binds, bind);
	json_put(host, "Binds", binds);
	json_put_str(host, "NetworkMode", "none");
	json_push_str(cmd, RUNNER_DIR "/runner");
	json_put(c, "Cmd", cmd);
	json_put_str(c, "Image", env_spec_opens(&box->spec));
	json_put(c, "Labels", map);
	json_put(c, "HostConfig", host);
	return container_create(e, NULL, NULL, c, NULL, err);
}

/* The runner and the files for /etc that there are. */
static int
volume_tar(const struct runner_way *way, struct strbuf *tar, struct err *err)
{
	const char *const paths[] = {
	    way->path, way->hosts, way->passwd, way->group};
	struct strbuf data[ARRAY_SIZE(paths)];
	struct tar_entry entries[ARRAY_SIZE(paths)];
	size_t n = 0;
	int bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		strbuf_init(&data[i]);
		if (bad || !paths[i])
			continue;
		bad = io_read_file(paths[i], &data[i], RUNNER_MAX, err);
		entries[n++] = (struct tar_entry){
		    .path = i ? strrchr(paths[i], '/') + 1 : "runner",
		    .mode = S_IFREG | (i ? 0644 : 0755),
		    .data = data[i].buf,
		    .size = data[i].len};
	}
	if (!bad)
		bad = tar_write(tar, entries, n, err);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		strbuf_release(&data[i]);
	return bad;
}

static int
fill_volume(const struct runner_way *way, struct engine *e,
    const struct box *box, struct err *err)
{
	autobuf struct strbuf tar = STRBUF_INIT;
	autoerr struct err later = ERR_INIT;
	autofree char *id = NULL;
	int bad;

	if (volume_tar(way, &tar, err))
		return -1;
	id = make_helper(e, box, way->volume, err);
	if (!id)
		return err_prefix(err, "the volume for the runner");
	bad = container_put_tar(e, id, RUNNER_DIR, tar.buf, tar.len, err);
	if (container_remove(e, id, 10000, bad ? &later : err))
		bad = -1;
	return bad;
}

static void
note_mountpoint(struct runner_way *way, const json *volume)
{
	const char *path = json_str(volume, "Mountpoint", "");

	free(way->mountpoint);
	way->mountpoint = *path == '/' ? xstrdup(path) : NULL;
}

static int
create_volume(struct runner_way *way, struct engine *e, const struct box *box,
    struct err *err)
{
	autovec struct strvec labels = STRVEC_INIT;
	autojson json *made = NULL;

	strvec_pushf(&labels, LABEL_RUNNER "=%016llx",
	    (unsigned long long)way->content);
	if (volume_create(e, way->volume, &labels, err) ||
	    fill_volume(way, e, box, err))
		return -1;
	made = volume_inspect(e, way->volume, err);
	note_mountpoint(way, made);
	return made ? 0 : -1;
}

int
runner_way_volume(struct runner_way *way, struct engine *e,
    const struct box *box, bool anew, struct err *err)
{
	autoerr struct err missing = ERR_INIT;
	autojson json *there = NULL;

	way->bind = false;
	if (!way->volume)
		way->volume = runner_way_volume_name(way);
	if (anew && volume_remove(e, way->volume, &missing)) {
		autofree char *random = io_random_hex(4);
		char *other = xasprintf("%s-%s", way->volume, random);

		free(way->volume);
		way->volume = other;
	}
	err_clear(&missing);
	there = volume_inspect(e, way->volume, &missing);
	if (there) {
		note_mountpoint(way, there);
		return 0;
	}
	if (missing.code != 404)
		return err_move(err, &missing);
	return create_volume(way, e, box, err);
}
