/* What an environment is asked to be, before it is opened. */
#ifndef ADDESH_SANDBOX_SPEC_H
#define ADDESH_SANDBOX_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strvec.h"
#include "engine/image.h"
#include "sandbox/port.h"
#include "sandbox/volume.h"

enum box_kind { BOX_ENGINE, BOX_RESTRICTED };
enum net_mode { NET_NONE, NET_FULL };
enum user_kind {
	USER_SANDBOX, /* an unprivileged uid of the environment's own */
	USER_IMAGE,   /* the USER of the image */
	USER_ROOT,    /* uid 0 of the environment, without capabilities */
	USER_NAMED,   /* env_spec.user */
};
enum workspace_kind { WORKSPACE_MEMORY, WORKSPACE_DISK };

/* The limits of an environment and of a run in it.  0 is "no limit". */
struct limits {
	uint64_t memory;     /* bytes, for programs: places come on top */
	uint64_t disk;	     /* bytes, /workspace */
	uint64_t tmp;	     /* bytes, /tmp */
	uint64_t shm;	     /* bytes, /dev/shm */
	uint64_t output;     /* bytes kept per stream of a run */
	uint64_t cpu_milli;  /* thousandths of a CPU */
	uint64_t pids;
	uint64_t timeout_ms; /* of a run */
	enum net_mode network;
	enum user_kind user;
	enum workspace_kind workspace;
	bool writable;	     /* the root file system may be written */
};

#define LIMITS_DEFAULT                                                         \
	{.memory = 256u << 20, .disk = 256u << 20, .tmp = 256u << 20,          \
	    .shm = 16u << 20, .output = 1u << 20, .cpu_milli = 500,            \
	    .pids = 128, .timeout_ms = 30000}

struct env_spec {
	enum box_kind kind;
	char *name;
	char *image;	  /* NULL: the host's programs (BOX_RESTRICTED only) */
	bool image_cmd;	  /* start the image's own command, as a server */
	char *layer; /* id of an image made from that one, which is opened in
			its place; or NULL */
	struct strvec env; /* NAME=VALUE for each run, never in the container's
			      own configuration */
	char *attach;	  /* a container of somebody else's, whose programs and
			     files these are; or NULL */
	char *workdir;	  /* NULL: /workspace */
	char *user;	  /* of USER_NAMED: NAME[:GROUP] or UID[:GID] */
	char *session;	  /* value of the label addesh.session; NULL: none */
	enum pull_policy pull;
	uint64_t lease_ms; /* idle time after which a kept one ends; 0: it ends
			      with its session */
	struct limits limits;
	struct volume *volumes; /* resolved, each target once */
	size_t nvolumes;
	struct port *ports;
	size_t nports;
};

/* Valid and empty: no strings, LIMITS_DEFAULT. */
void env_spec_init(struct env_spec *s);
void env_spec_copy(struct env_spec *dst, const struct env_spec *src);
void env_spec_release(struct env_spec *s);
/* The layer, else the image. */
const char *env_spec_opens(const struct env_spec *s);

/* Where programs' files lie and programs begin: /workspace, or where those of
   a container begin that somebody else started. */
const char *env_spec_workspace(const struct env_spec *s);
/* Adds one; the first takes its strings over. */
void env_spec_add_volume(struct env_spec *s, struct volume *v);
void env_spec_add_port(struct env_spec *s, const struct port *p);
/* The volume at this path, or NULL. */
const struct volume *env_spec_volume(const struct env_spec *s,
    const char *target);
/* Can programs write to a directory of this host? */
bool env_spec_writes_host(const struct env_spec *s);

#define SANDBOX_WORKSPACE "/workspace"
#define SANDBOX_HOSTNAME "sandbox" /* also in share/addesh/etc/hosts */
#define SANDBOX_HOME "/tmp/home" /* of the runs' user, in a place of its own */

#endif
