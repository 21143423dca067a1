/* An environment in a container of an engine. */
#include "sandbox/box_impl.h"
#include "sandbox/sweep_impl.h"

int
engine_box_open(struct box *box, struct err *err)
{
	return err_set(err, ERR_ENGINE,
	    "environments on an engine are not built in yet");
}

void
sweep_engine(struct sweep *s, struct engine *engine)
{
}
