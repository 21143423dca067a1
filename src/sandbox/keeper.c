#include "sandbox/keeper.h"

/* The runner alone, and empty places. */
#define KEEPER_MEMORY (32u << 20)
#define KEEPER_PLACE (1u << 20)
#define KEEPER_PIDS 16

struct box *
keeper_open(const char *image, enum net_mode network,
    const struct box_ctx *ctx, struct err *err)
{
	struct env_spec spec;
	struct box *box;

	env_spec_init(&spec);
	spec.kind = BOX_ENGINE;
	spec.image = xstrdup(image);
	spec.pull = PULL_NEVER;
	spec.limits.memory = KEEPER_MEMORY;
	spec.limits.disk = KEEPER_PLACE;
	spec.limits.tmp = KEEPER_PLACE;
	spec.limits.shm = KEEPER_PLACE;
	spec.limits.cpu_milli = 0;
	spec.limits.pids = KEEPER_PIDS;
	spec.limits.network = network;
	box = box_open(&spec, ctx, err);
	env_spec_release(&spec);
	return box;
}

const char *
keeper_id(const struct box *keeper)
{
	return strvec_env_get(box_describe(keeper), "id");
}
