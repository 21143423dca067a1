#include "sandbox/scope.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/spawn.h"
#include "sandbox/runtime.h"

#define ENTER_MS 5000

bool
scope_possible(void)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	autofree char *private = NULL;
	autofree char *busctl = NULL;

	if (geteuid() == 0 || !dir || dir[0] != '/')
		return false;
	private = io_join(dir, "systemd/private");
	busctl = runtime_find_program("busctl");
	return busctl && !access(private, F_OK);
}

static int
ask_manager(const char *unit, pid_t pid)
{
	autofree char *number = xasprintf("%d", (int)pid);
	const char *const argv[] = {"busctl", "--user", "--timeout=5",
	    "--quiet", "call", "org.freedesktop.systemd1",
	    "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
	    "StartTransientUnit", "ssa(sv)a(sa(sv))", unit, "fail", "3", "PIDs",
	    "au", "1", number, "Delegate", "b", "true", "CollectMode", "s",
	    "inactive-or-failed", "0", NULL};
	struct spawn sp = {.argv = (char *const *)argv, .in = -1, .out = -1,
	    .err = -1, .session = true};
	autoerr struct err ignored = ERR_INIT;
	pid_t child = spawn_start(&sp, &ignored);

	return child > 0 && spawn_wait(child) == 0 ? 0 : -1;
}

/* The process's path on v2, from the line "0::PATH", if it is in the unit. */
static char *
path_in(const char *unit, pid_t pid)
{
	autofree char *file = xasprintf("/proc/%d/cgroup", (int)pid);
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;
	char *rest;

	if (io_read_file(file, &sb, 65536, &ignored))
		return NULL;
	rest = sb.buf;
	for (char *line; (line = strsep(&rest, "\n"));)
		if (str_starts(line, "0::/") && str_ends(line, unit))
			return xstrdup(line + strlen("0::"));
	return NULL;
}

char *
scope_enter(const char *id, pid_t pid)
{
	static const struct timespec pause = {.tv_nsec = 2000000};
	autofree char *unit = xasprintf("addesh-%s.scope", id);
	int64_t deadline = clock_ms() + ENTER_MS;
	char *path;

	if (ask_manager(unit, pid))
		return NULL;
	/* The answer comes when the job is queued, not when it is done. */
	while (!(path = path_in(unit, pid)) && clock_ms() < deadline)
		nanosleep(&pause, NULL);
	return path;
}
