/*
 * Paths below which code may have put anything: each component is opened by
 * itself, and links are never followed.
 */
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* The next component of *path in name: 1, 0 at the end, -1 with errno. */
static int
next_component(const char **path, char *name)
{
	const char *p = *path;
	size_t n;

	while (*p == '/')
		p++;
	n = strcspn(p, "/");
	if (n == 0)
		return 0;
	if (n >= NAME_SIZE) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(name, p, n);
	name[n] = '\0';
	*path = p + n;
	if (strcmp(name, "..") == 0) {
		errno = EINVAL;
		return -1;
	}
	return 1;
}

static int
step_into(int dir, const char *name, bool make)
{
	int fd = openat(dir, name, STEP);
	struct stat st;

	if (fd < 0 && errno == ENOENT && make &&
	    (mkdirat(dir, name, 0777) == 0 || errno == EEXIST))
		fd = openat(dir, name, STEP);
	/* the kernel says ENOTDIR of a link, too */
	if (fd < 0 && errno == ENOTDIR) {
		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISLNK(st.st_mode))
			errno = ELOOP;
		else
			errno = ENOTDIR;
	}
	return fd;
}

/* Goes on while more components follow; the last one stays in name. */
static int
walk(int at, const char *path, bool make, char *name, bool whole)
{
	int dir = openat(at, ".", STEP), next, more, saved;
	char current[NAME_SIZE];

	name[0] = '.';
	name[1] = '\0';
	more = dir < 0 ? -1 : next_component(&path, current);
	while (more > 0) {
		memcpy(name, current, strlen(current) + 1);
		more = next_component(&path, current);
		if (more < 0 || (more == 0 && !whole))
			break;
		next = step_into(dir, name, make);
		saved = errno;
		close(dir);
		errno = saved;
		dir = next;
		if (dir < 0)
			return -1;
	}
	if (more < 0 && dir >= 0) {
		saved = errno;
		close(dir);
		errno = saved;
		return -1;
	}
	return dir;
}

static int
start_of(int at, const char *path, bool make, char *name, bool whole)
{
	int root, dir, saved;

	if (path[0] != '/')
		return walk(at, path, make, name, whole);
	root = open("/", STEP);
	if (root < 0)
		return -1;
	dir = walk(root, path, make, name, whole);
	saved = errno;
	close(root);
	errno = saved;
	return dir;
}

int
path_open_parent(int at, const char *path, bool make, char *name)
{
	return start_of(at, path, make, name, false);
}

int
path_open_dir(int at, const char *path, bool make)
{
	char name[NAME_SIZE];

	return start_of(at, path, make, name, true);
}

static bool
is_below(const char *path, const char *place)
{
	size_t n = strlen(place);

	return strncmp(path, place, n) == 0 && path[n] == '/' &&
	    strchr(path, ':') == NULL;
}

int
path_make_base(const struct config *c)
{
	const char *value;
	int fd;

	for (size_t i = 0; i < c->env.n; i++) {
		value = strchr(c->env.v[i], '=') + 1;
		for (size_t j = 0; j < c->places.n; j++) {
			if (!is_below(value, c->places.v[j]))
				continue;
			fd = path_open_dir(-1, value, true);
			if (fd < 0)
				return -1;
			close(fd);
		}
	}
	return 0;
}
