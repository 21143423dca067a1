#include "sandbox/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/lockfile.h"
#include "base/xalloc.h"
#include "sandbox/kept.h"

/* Where none can be made the sweep will not know of the directory. */
static void
make_note(struct scratch *s)
{
	struct runtime rt = {0};
	autofree char *dir = NULL, *name = io_random_hex(8);
	autoerr struct err ignored = ERR_INIT;

	if (runtime_init(&rt, &ignored))
		return;
	dir = io_join(rt.runtime_dir, "replay");
	s->note = io_join(dir, name);
	if (!io_mkdirs(dir, 0700, &ignored))
		s->fd = lockfile_create(s->note);
	runtime_release(&rt);
	if (s->fd >= 0 && dprintf(s->fd, "%s\n", s->dir) > 0 &&
	    !flock(s->fd, LOCK_SH))
		return;
	free(steal(&s->note));
}

int
scratch_make(struct scratch *s, const char *parent, struct err *err)
{
	autofree char *name = io_random_hex(8);

	s->dir = xasprintf("%s/addesh-replay-%s", parent, name);
	make_note(s);
	if (!mkdir(s->dir, 0700))
		return 0;
	err_sys(err, errno, "%s", s->dir);
	free(steal(&s->dir));
	return -1;
}

void
scratch_hold(const char *note)
{
	/* Not closed: the kernel does that. */
	int fd = open(note, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0)
		(void)(flock(fd, LOCK_SH | LOCK_NB) < 0);
}

struct runtime
scratch_runtime(const char *dir, const struct runtime *own)
{
	struct runtime rt = *own;

	rt.state_dir = xasprintf("%s/state/addesh", dir);
	return rt;
}

static bool
has_kept(const char *dir)
{
	const struct runtime none = {0};
	struct runtime rt = scratch_runtime(dir, &none);
	autojson json *list = kept_list(&rt, NULL);

	free(rt.state_dir);
	return cJSON_GetArraySize(list) > 0;
}

void
scratch_release(struct scratch *s, int64_t until_ms)
{
	autoerr struct err ignored = ERR_INIT;
	bool stays = s->dir && (until_ms || has_kept(s->dir));

	if (until_ms && s->fd >= 0)
		(void)(dprintf(s->fd, "until %lld\n", (long long)until_ms) < 0);
	if (s->dir && !stays)
		io_remove_tree(s->dir, &ignored);
	if (s->note && s->fd >= 0 && !stays)
		unlink(s->note);
	if (s->fd >= 0)
		close(steal_fd(&s->fd));
	free(steal(&s->dir));
	free(steal(&s->note));
}
