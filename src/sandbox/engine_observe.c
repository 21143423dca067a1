/* A container, as its engine sees it, and a program in it that only looks. */
#include "sandbox/engine_impl.h"

#include <errno.h>

#include "base/clock.h"
#include "engine/container.h"
#include "engine/stats.h"

#define HELLO_MS 5000

static int
ended(struct err *err)
{
	err_set(err, ERR_SANDBOX, "its container has ended");
	err->code = BOX_ENDED;
	return -1;
}

int
engine_box_observe(struct box *box, struct strvec *stats, struct err *err)
{
	struct engine_box *eb = box->impl;

	if (!container_stats(box->ctx.engine, eb->container, stats, err))
		return 0;
	return err->code == 404 || err->code == ESRCH ? ended(err) : -1;
}

/* Not all engines have a process of their own kernel's to spare: where there is
   no room for one more, this fails. */
struct client *
engine_box_observer(struct box *box, struct err *err)
{
	struct client_config cfg = CLIENT_CONFIG_INIT;
	struct stream *stream = engine_box_exec_runner(box, "observe", err);
	struct client *c;

	if (!stream)
		return NULL;
	c = client_new(box->ctx.loop, stream);
	client_pad(c);
	cfg.workspace = SANDBOX_WORKSPACE;
	cfg.again = true;
	cfg.fresh = true;
	if (client_hello(
		c, &cfg, clock_ms() + HELLO_MS, box->ctx.interrupts, err)) {
		client_free(c);
		return NULL;
	}
	return c;
}
