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
	autobuf struct strbuf sb = STRBUF_INIT;

	if (io_read_file(way->path, &sb, RUNNER_MAX, err))
		return -1;
	way->id = (uint64_t)sb.len << 32 | frame_crc(0, sb.buf, sb.len);
	return 0;
}

static char *
data_file(const char *name)
{
	autoerr struct err ignored = ERR_INIT;

	return runtime_data_path(name, &ignored);
}

int
runner_way_init(struct runner_way *way, struct engine *e, const char *arch,
    struct err *err)
{
	*way = (struct runner_way){.path = runtime_runner_path(arch, err)};
	if (!way->path || identify(way, err))
		return -1;
	way->bind = engine_is_here(e);
	way->hosts = data_file("etc/hosts");
	way->passwd = data_file("etc/passwd");
	way->group = data_file("etc/group");
	return 0;
}

void
runner_way_release(struct runner_way *way)
{
	free(way->path);
	free(way->volume);
	free(way->hosts);
	free(way->passwd);
	free(way->group);
	*way = (struct runner_way){0};
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
	json_put_str(c, "Image", box->spec.image);
	json_put(c, "Labels", map);
	json_put(c, "HostConfig", host);
	return container_create(e, NULL, NULL, c, NULL, err);
}

static int
fill_volume(const struct runner_way *way, struct engine *e,
    const struct box *box, struct err *err)
{
	autobuf struct strbuf runner = STRBUF_INIT, tar = STRBUF_INIT;
	autoerr struct err later = ERR_INIT;
	struct tar_entry entry = {.path = "runner", .mode = S_IFREG | 0755};
	autofree char *id = NULL;
	int bad;

	if (io_read_file(way->path, &runner, RUNNER_MAX, err))
		return -1;
	entry.data = runner.buf;
	entry.size = runner.len;
	if (tar_write(&tar, &entry, 1, err))
		return -1;
	id = make_helper(e, box, way->volume, err);
	if (!id)
		return err_prefix(err, "the volume for the runner");
	bad = container_put_tar(e, id, RUNNER_DIR, tar.buf, tar.len, err);
	if (container_remove(e, id, 10000, bad ? &later : err))
		bad = -1;
	return bad;
}

static int
create_volume(struct runner_way *way, struct engine *e, const struct box *box,
    struct err *err)
{
	autovec struct strvec labels = STRVEC_INIT;

	strvec_pushf(&labels, LABEL_RUNNER "=%016llx",
	    (unsigned long long)way->id);
	if (volume_create(e, way->volume, &labels, err))
		return -1;
	return fill_volume(way, e, box, err);
}

int
runner_way_volume(struct runner_way *way, struct engine *e,
    const struct box *box, bool anew, struct err *err)
{
	autoerr struct err missing = ERR_INIT;
	autojson json *there = NULL;

	way->bind = false;
	if (!way->volume)
		way->volume = xasprintf("addesh-runner-%016llx",
		    (unsigned long long)way->id);
	if (anew && volume_remove(e, way->volume, &missing)) {
		autofree char *random = io_random_hex(4);
		char *other = xasprintf("%s-%s", way->volume, random);

		free(way->volume);
		way->volume = other;
	}
	err_clear(&missing);
	there = volume_inspect(e, way->volume, &missing);
	if (there)
		return 0;
	if (missing.code != 404)
		return err_move(err, &missing);
	return create_volume(way, e, box, err);
}
