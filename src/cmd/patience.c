#include "cmd/patience.h"

#include "base/clock.h"
#include "base/loop.h"
#include "cmd/host.h"
#include "session/session.h"

static void
patience_over(void *arg)
{
	((struct patience *)arg)->host->interrupted++;
}

void
patience_begin(struct patience *p, struct host *h, int64_t ms)
{
	*p = (struct patience){.host = h, .before = h->interrupted};
	p->timer = loop_timer_add(h->loop, clock_ms() + ms, patience_over, p);
}

bool
patience_reach(struct patience *p, struct env *env)
{
	autoerr struct err ignored = ERR_INIT;

	return env->box && box_alive(env->box) &&
	       !session_env_reach(p->host->session, env, &ignored);
}

void
patience_end(struct patience *p)
{
	loop_timer_remove(p->timer);
	p->host->interrupted = p->before;
	if (p->host->session)
		session_release(p->host->session);
}
