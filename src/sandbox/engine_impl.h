/* What the parts of an environment in a container share. */
#ifndef ADDESH_SANDBOX_ENGINE_IMPL_H
#define ADDESH_SANDBOX_ENGINE_IMPL_H

#include "base/json.h"
#include "engine/engine.h"
#include "engine/image.h"
#include "sandbox/box_impl.h"

#define LABEL_OWNER "addesh.owner"
#define LABEL_SESSION "addesh.session"
#define LABEL_CREATED "addesh.created" /* seconds since the epoch */
#define LABEL_NAME "addesh.name"
#define LABEL_RUNNER "addesh.runner" /* of a volume: what is in it */

/* A container whose name begins so is kept: no sweep ends it. */
#define KEPT_PREFIX "addesh-kept-"
char *container_kept_name(const struct box *box); /* the caller's */

/* Where the runner's files are mounted in a container. */
#define RUNNER_DIR "/.addesh"

/*
 * How the runner gets into a container: a read-only bind mount where the
 * engine sees our files, else a volume that was filled with it.
 */
struct runner_way {
	char *path;   /* of the runner here */
	uint64_t id;  /* size << 32 | CRC-32C, as its WELCOME says */
	bool bind;
	char *volume; /* the name of the volume, if not bind */
	char *hosts, *passwd, *group; /* files for /etc, or NULL */
	uint64_t content; /* as id, with the CRC going on over those */
	char *mountpoint; /* of the volume, a path of the engine's, or NULL */
};

/* caller: UID:GID that programs have, which gets a name in files of rt, or NULL:
   one of the installed passwd. */
int runner_way_init(struct runner_way *way, struct engine *e,
    const char *arch, const struct runtime *rt, const char *caller,
    struct err *err);
/* The name of the volume with all that a way brings; the caller's. */
char *runner_way_volume_name(const struct runner_way *way);
void runner_way_release(struct runner_way *way);
/* Makes sure that a volume has the runner; anew: whatever it seems to have,
   under another name if it is in use. */
int runner_way_volume(struct runner_way *way, struct engine *e,
    const struct box *box, bool anew, struct err *err);

/* One of hosts, passwd and group as the engine can mount it; the caller's, or
   NULL. */
char *runner_way_source(const struct runner_way *way, const char *file);

/* box->impl of an environment in a container of ours. */
struct engine_box {
	char *container; /* its id; NULL: gone or not made yet */
	struct image image;
	struct runner_way way;
	struct disk_watch *disk; /* of a workspace on disk, else NULL */
	char *caller; /* who programs are, if they write to this host */
	char *url; /* of the engine, where the register says it */
	bool attach; /* its stdin stays open for the next client */
	bool named;  /* as one that is kept */
	uint64_t memory; /* of its cgroup, as it was asked for */
	bool checked; /* against what holds inside */
};

/* An empty one, which is box's. */
struct engine_box *engine_box_new(struct box *box);
/* When it is open: what does not hold in it, and what is watched. */
void engine_box_check_limits(struct box *box);
/*
 * Starts the runner once more in the container, which may be anywhere, as
 * "connect", which carries what comes to the one that is PID 1, or "observe".
 */
struct stream *engine_box_exec_runner(struct box *box, const char *as,
    struct err *err);

/* engine_observe.c; as in struct box_ops. */
int engine_box_observe(struct box *box, struct strvec *stats, struct err *err);
struct client *engine_box_observer(struct box *box, struct err *err);

/* engine_kept.c; as in struct box_ops. */
int engine_box_keep(struct box *box, struct err *err);
int engine_box_connect(struct box *box, struct err *err);
void engine_box_record(const struct box *box, json *members);
const char *engine_box_url(const struct box *box);

/* What the runner is told before anything runs (engine_config.c). */
void container_configure(struct box *box, struct client_config *cfg);

/* The body of POST /containers/create. */
json *container_spec(struct box *box, const struct image *img,
    const struct runner_way *way, uint64_t memory);
/* Writable places that not every environment has. */
void container_extra_places(const struct box *box, const struct image *img,
    struct strvec *paths);
/* Bytes of the memory-backed places that not every environment has. */
uint64_t container_extra_memory(const struct box *box,
    const struct image *img);
/*
 * Directories and ports of this host (engine_volume.c).  places: those that a
 * reset empties.  ERR_USAGE or ERR_POLICY for what cannot be, with a remedy.
 */
int container_check_volumes(struct box *box, const struct strvec *places,
    struct err *err);
void container_push_volumes(const struct box *box, json *mounts);
char *container_caller(const struct box *box);
/* Adds the limits that do not hold in them. */
void container_note_volumes(struct box *box);
void container_put_ports(const struct env_spec *s, json *container,
    json *host);
/* Fills in, in box->spec, those that the engine has chosen. */
int container_read_ports(struct box *box, const char *id, struct err *err);
/* True if that is why the container could not be started; then it says so. */
bool container_port_taken(const struct env_spec *s, struct err *why);

/* NAME=VALUE labels of a thing that is made now. */
void container_labels(const struct box *box, struct strvec *labels);

/*
 * What the engine tells about the end of a container that is lost: sets v->oom
 * and adds to v->why.  It may be gone already.
 */
void container_autopsy(struct engine *e, const char *id, struct verdict *v);

/*
 * Watches the size of a workspace that is a volume while runs are on, and ends
 * one that lets it grow beyond disk_limit.  NULL: the volume was not found.
 */
struct disk_watch;
struct disk_watch *disk_watch_new(struct box *box, const char *container);
void disk_watch_free(struct disk_watch *w); /* NULL is fine */
/* The runner is there; fresh: and its workspace is empty. */
void disk_watch_connected(struct disk_watch *w, bool fresh);
void disk_watch_begin(struct disk_watch *w);
void disk_watch_end(struct disk_watch *w, struct verdict *v);

#endif
