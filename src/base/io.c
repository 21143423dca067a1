#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

int
io_write_all(int fd, const void *p, size_t n)
{
	const char *s = p;

	while (n) {
		ssize_t w = write(fd, s, n);

		if (w >= 0) {
			s += w;
			n -= w;
		} else if (errno == EAGAIN) {
			struct pollfd pfd = {.fd = fd, .events = POLLOUT};

			poll(&pfd, 1, -1);
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

int
io_read_all(int fd, struct strbuf *sb, size_t max, struct err *err)
{
	size_t total = 0;

	for (;;) {
		ssize_t r;

		strbuf_grow(sb, 65536);
		r = read(fd, sb->buf + sb->len, 65536);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(err, errno, "read");
		if (!r)
			return 0;
		total += r;
		if (total > max)
			return err_sys(err, EFBIG, "more than %zu bytes", max);
		sb->len += r;
		sb->buf[sb->len] = '\0';
	}
}

int
io_read_file_of(const char *path, struct strbuf *sb, size_t max, uid_t *owner,
    struct err *err)
{
	/* O_NONBLOCK: a FIFO in the place of a file must not hang us. */
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return err_sys(err, errno, "%s", path);
	if (fstat(fd, &st))
		return err_sys(err, errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		return err_sys(err, EISDIR, "%s", path);
	if (!S_ISREG(st.st_mode) && strcmp(path, "/dev/stdin"))
		return err_set(err, ERR_IO, "%s: not a regular file", path);
	io_set_nonblock(fd, false);
	*owner = st.st_uid;
	if (io_read_all(fd, sb, max, err))
		return err_prefix(err, "%s", path);
	return 0;
}

int
io_read_file(const char *path, struct strbuf *sb, size_t max, struct err *err)
{
	uid_t ignored;

	return io_read_file_of(path, sb, max, &ignored, err);
}

char *
io_join(const char *dir, const char *name)
{
	return xasprintf("%s%s%s", dir, str_ends(dir, "/") ? "" : "/", name);
}

int
io_replace_file(const char *path, const void *p, size_t n, mode_t mode,
    struct err *err)
{
	autofree char *random = io_random_hex(8);
	autofree char *tmp = xasprintf("%s.%s~", path, random);
	autoclose int fd =
	    open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	int sys;

	if (fd < 0)
		return err_sys(err, errno, "%s", tmp);
	if (!io_write_all(fd, p, n) && !fsync(fd) && !rename(tmp, path))
		return 0;
	sys = errno;
	unlink(tmp);
	return err_sys(err, sys, "%s", path);
}

/*
 * ext4 writes a file's content out before it lets the file replace another one
 * (auto_da_alloc, ext4(5)): a millisecond and more.  To exchange the two is not
 * held up, and leaves no moment without a file either.
 */
static int
move_over(const char *tmp, const char *path)
{
	if (renameat2(AT_FDCWD, tmp, AT_FDCWD, path, RENAME_EXCHANGE))
		return rename(tmp, path);
	return unlink(tmp);
}

int
io_put_file(const char *path, const void *p, size_t n, mode_t mode,
    struct err *err)
{
	autofree char *random = io_random_hex(6);
	autofree char *tmp = xasprintf("%s.%s~", path, random);
	autoclose int fd = open(tmp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	int sys;

	if (fd < 0)
		return err_sys(err, errno, "%s", tmp);
	if (!io_write_all(fd, p, n) && !move_over(tmp, path))
		return 0;
	sys = errno;
	unlink(tmp);
	return err_sys(err, sys, "%s", path);
}

int
io_mkdirs(const char *path, mode_t mode, struct err *err)
{
	autofree char *copy = xstrdup(path);

	for (char *slash = strchr(copy + 1, '/');; slash = strchr(slash, '/')) {
		if (slash)
			*slash = '\0';
		if (mkdir(copy, mode) && errno != EEXIST)
			return err_sys(err, errno, "%s", copy);
		if (!slash)
			return 0;
		*slash++ = '/';
		slash += strspn(slash, "/");
		if (!*slash)
			return 0;
	}
}

/*
 * Opens a directory for its removal, whatever its mode: a program of ours may
 * have closed it, but nobody else owns it.
 */
static int
open_to_empty(int parent, const char *name)
{
	autoclose int fd = openat(parent, name,
	    O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char path[64];
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if ((st.st_mode & S_IRWXU) != S_IRWXU && chmod(path, S_IRWXU))
		return -1;
	return openat(
	    fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
}

static bool
is_removed(int dirfd, const char *name)
{
	return !unlinkat(dirfd, name, 0) || errno == ENOENT ||
	       !unlinkat(dirfd, name, AT_REMOVEDIR);
}

/* Calls fn for each entry; it may remove that one.  Takes fd. */
static int
each_entry(int fd, int (*fn)(void *arg, int fd, const char *name), void *arg)
{
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *de;
	int bad = 0;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((de = readdir(dir)))
		if (strcmp(de->d_name, ".") && strcmp(de->d_name, ".."))
			bad |= fn(arg, fd, de->d_name);
	closedir(dir);
	return bad;
}

struct removal {
	int top;
	unsigned long moved; /* directories, to names of their own in top */
};

/* What of a directory is a directory itself, and not empty, goes to the top:
   so a tree may be deeper than any path or stack. */
static int
remove_below(void *arg, int fd, const char *name)
{
	struct removal *r = arg;
	char free_name[48];
	int opened;

	if (is_removed(fd, name))
		return 0;
	opened = open_to_empty(fd, name); /* to move it takes its own mode */
	if (opened >= 0)
		close(opened);
	do
		snprintf(free_name, sizeof(free_name), ".removed-%lu",
		    r->moved++);
	while (renameat2(fd, name, r->top, free_name, RENAME_NOREPLACE) &&
	       errno == EEXIST);
	return faccessat(r->top, free_name, F_OK, AT_SYMLINK_NOFOLLOW);
}

static int
remove_entry(void *arg, int fd, const char *name)
{
	struct removal *r = arg;
	int bad;

	if (is_removed(fd, name))
		return 0;
	bad = each_entry(open_to_empty(fd, name), remove_below, r);
	return is_removed(fd, name) ? 0 : bad | -1;
}

static int
remove_at(int parent, const char *name)
{
	struct removal r = {0};
	unsigned long before;
	int bad;

	if (is_removed(parent, name))
		return 0;
	r.top = open_to_empty(parent, name);
	if (r.top < 0)
		return -1;
	do {
		before = r.moved;
		bad = each_entry(openat(r.top, ".", O_RDONLY | O_DIRECTORY |
							O_CLOEXEC),
		    remove_entry, &r);
	} while (!bad && r.moved > before);
	close(r.top);
	return is_removed(parent, name) ? 0 : -1;
}

int
io_remove_tree(const char *path, struct err *err)
{
	if (remove_at(AT_FDCWD, path))
		return err_sys(err, errno, "%s", path);
	return 0;
}

int
io_set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -1;
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags);
}

void
io_random(void *p, size_t n)
{
	char *s = p;

	while (n) {
		ssize_t r = getrandom(s, n, 0);

		if (r < 0 && errno != EINTR)
			abort();
		if (r > 0) {
			s += r;
			n -= r;
		}
	}
}

char *
io_random_hex(size_t bytes)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < bytes; i++) {
		unsigned char c;

		io_random(&c, 1);
		strbuf_addf(&sb, "%02x", c);
	}
	return strbuf_detach(&sb);
}
