/* Capabilities, and how a runner whose code is root becomes somebody else: see
   runner.h. */
#include "runner.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAPABILITY_VERSION_3 0x20080522 /* capset(2) */
#define CAP(n) (UINT32_C(1) << (n))
/* KILL, SETGID and SETUID of linux/capability.h. */
#define NEEDED (CAP(5) | CAP(6) | CAP(7))

struct capabilities {
	struct {
		uint32_t effective, permitted, inheritable;
	} word[2];
};

static int
capabilities(long call, struct capabilities *c)
{
	struct {
		uint32_t version;
		int pid;
	} header = {CAPABILITY_VERSION_3, 0};

	return (int)syscall(call, &header, c);
}

int
capabilities_drop(void)
{
	struct capabilities none;

	memset(&none, 0, sizeof(none));
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return capabilities(SYS_capset, &none);
}

/* To change from uid 0, or to act as it for a while, takes the effective
   ones; the permitted ones stay (PR_SET_KEEPCAPS). */
static int
raise_capabilities(void)
{
	struct capabilities c;

	memset(&c, 0, sizeof(c));
	if (capabilities(SYS_capget, &c) < 0)
		return -1;
	for (int i = 0; i < 2; i++)
		c.word[i].effective = c.word[i].permitted;
	return capabilities(SYS_capset, &c);
}

/* While it is dumpable its files in /proc are its own and not root's, and
   nobody else has its uid. */
void
leave_resume(void)
{
	if (raise_capabilities() < 0)
		_exit(1);
	(void)prctl(PR_SET_DUMPABLE, 1);
}

void
leave_root(struct config *c)
{
	struct capabilities has;

	memset(&has, 0, sizeof(has));
	if (c->self != 0 || c->uid != 0 || c->pidns ||
	    capabilities(SYS_capget, &has) < 0 ||
	    (has.word[0].effective & NEEDED) != NEEDED ||
	    prctl(PR_SET_KEEPCAPS, 1) < 0 ||
	    setresuid(LEAVE_UID, LEAVE_UID, LEAVE_UID) < 0)
		return;
	c->self = LEAVE_UID;
	leave_resume();
}
