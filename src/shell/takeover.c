#include "shell/takeover.h"

#include "cmd/host.h"
#include "shell/edit.h"
#include "shell/interp.h"
#include "shell/source.h"

/* Giving it back ends nothing. */
static int
leave_at_once(struct host *h, struct output *o, struct err *err)
{
	return 0;
}

void
takeover(struct interp *ip, const char *key)
{
	struct interp saved = *ip;
	struct host *h = ip->host;
	int (*leave)(struct host *h, struct output *o, struct err *err) =
	    h->leave;
	struct edit *edit = edit_new(h, ip->out, ip->signals);
	struct source src;

	if (key) {
		edit_end_key(edit, key);
		h->leave = leave_at_once;
	}
	source_init_edit(&src, edit);
	ip->failed = ip->pending = 0;
	ip->depth = 0;
	ip->stop = ip->more = false;
	interp_run(ip, &src);
	source_release(&src);
	edit_free(edit);
	h->leave = leave;
	*ip = saved;
}
