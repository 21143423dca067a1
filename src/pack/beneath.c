#include "pack/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/xalloc.h"

#define ALWAYS (O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)

int
open_beneath(int dir, const char *path, int flags)
{
	autofree char *copy = xstrdup(path);
	autoclose int above = -1;
	char *name = copy, *slash;

	while ((slash = strchr(name, '/'))) {
		int fd;

		*slash = '\0';
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | ALWAYS);
		if (above >= 0) {
			int sys = errno;

			close(above);
			errno = sys;
		}
		above = dir = fd;
		if (fd < 0)
			return -1;
		name = slash + 1;
	}
	return openat(dir, name, flags | ALWAYS);
}
