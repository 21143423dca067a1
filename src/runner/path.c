/*
 * Paths below which code may have put anything: each component is opened by
 * itself, and a link that code may have made is never followed.
 */
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 16
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

/*
 * A link of the image, as /bin is one to usr/bin, may be followed on the way
 * to where the client named a place: code cannot have made it.  Replaces *path
 * by where it leads; the directory to go on from, or -1.
 */
static int
follow_system_link(int dir, const char *name, const char **path, char *buf)
{
	char target[PATH_MAX];
	size_t rest = strlen(*path);
	struct stat st;
	ssize_t n;

	if (geteuid() == 0 ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_uid != 0)
		goto refused;
	n = readlinkat(dir, name, target, sizeof(target));
	if (n <= 0 || (size_t)n + rest >= PATH_MAX)
		goto refused;
	memmove(buf + n, *path, rest + 1);
	memcpy(buf, target, (size_t)n);
	*path = buf;
	return buf[0] == '/' ? open("/", STEP) : openat(dir, ".", STEP);
refused:
	errno = ELOOP;
	return -1;
}

static void
close_keeping_errno(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
}

struct walk {
	bool make, whole, follow;
	char *name;
	int links;
	char link_path[PATH_MAX];
};

/* Takes the directory; goes on while more components follow. */
static int
walk(struct walk *wk, int dir, const char *path)
{
	char next_name[NAME_SIZE];
	int next, more = dir < 0 ? -1 : next_component(&path, next_name);

	while (more > 0) {
		memcpy(wk->name, next_name, strlen(next_name) + 1);
		if (!wk->whole && path[strspn(path, "/")] == '\0')
			return dir;
		next = step_into(dir, wk->name, wk->make);
		if (next < 0 && errno == ELOOP && wk->follow &&
		    wk->links++ < LINKS_MAX)
			next = follow_system_link(dir, wk->name, &path,
			    wk->link_path);
		close_keeping_errno(dir);
		dir = next;
		more = dir < 0 ? -1 : next_component(&path, next_name);
	}
	if (more < 0) {
		close_keeping_errno(dir);
		return -1;
	}
	return dir;
}

/* Links are followed only on a path that the client named as a whole. */
static int
start_of(int at, const char *path, struct walk *wk)
{
	wk->name[0] = '.';
	wk->name[1] = '\0';
	wk->follow = path[0] == '/';
	return walk(wk, path[0] == '/' ? open("/", STEP) :
	    openat(at, ".", STEP), path);
}

int
path_open_parent(int at, const char *path, bool make, char *name)
{
	struct walk wk = {.make = make, .name = name};

	return start_of(at, path, &wk);
}

int
path_open_dir(int at, const char *path, bool make)
{
	char name[NAME_SIZE];
	struct walk wk = {.make = make, .whole = true, .name = name};

	return start_of(at, path, &wk);
}

static bool
is_below(const char *path, const char *place)
{
	size_t n = strlen(place);

	return strncmp(path, place, n) == 0 && path[n] == '/' &&
	    strchr(path, ':') == NULL;
}

static int
make_below(const struct config *c, const char *path)
{
	int fd;

	for (size_t i = 0; i < c->places.n; i++) {
		if (!is_below(path, c->places.v[i]))
			continue;
		fd = path_open_dir(-1, path, true);
		if (fd < 0)
			return -1;
		close(fd);
	}
	return 0;
}

int
path_make_base(const struct config *c)
{
	for (size_t i = 0; i < c->env.n; i++)
		if (make_below(c, strchr(c->env.v[i], '=') + 1) < 0)
			return -1;
	return c->workspace != NULL ? make_below(c, c->workspace) : 0;
}
