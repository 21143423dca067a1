/* What the files of the restricted sandbox share. */
#ifndef ADDESH_SANDBOX_RESTRICTED_IMPL_H
#define ADDESH_SANDBOX_RESTRICTED_IMPL_H

#include "sandbox/box_impl.h"
#include "sandbox/cgroup.h"
#include "sandbox/network.h"
#include "sandbox/sampler.h"
#include "sandbox/userns.h"

#define OPEN_MS 10000

struct restricted {
	struct userns userns;
	struct cgroup_leaf leaf;
	struct network network;
	struct sampler *sampler; /* of what no cgroup limits */
	pid_t bwrap; /* our child; 0: another process made it */
	int info;   /* where bwrap names its child, or -1 */
	int runner; /* a pidfd of that child, PID 1 inside, or -1 */
	/* Of a kept one. */
	char *socket; /* where the runner listens; NULL: it does not yet */
	char *owner;  /* the runner itself, as of sandbox/runtime.h */
};

/* An empty one, which is box's. */
struct restricted *restricted_new(struct box *box);
/* Watches the memory of what runs, where that is the way. */
void restricted_sample(struct box *box, pid_t runner);

/* restricted_observe.c; as in struct box_ops. */
int restricted_observe(struct box *box, struct strvec *stats, struct err *err);
int restricted_processes(struct box *box, box_process_fn *fn, void *arg,
    struct err *err);

/* restricted_kept.c; as in struct box_ops. */
int restricted_keep(struct box *box, struct err *err);
int restricted_connect(struct box *box, struct err *err);
void restricted_record(const struct box *box, json *members);
/* Ends one that another process has started. */
void restricted_kept_end(struct restricted *r);
/* Ends the one whose runner listens at path, which no client may be using. */
void restricted_quit(const char *path);

#endif
