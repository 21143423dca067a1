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
io_read_file(const char *path, struct strbuf *sb, size_t max, struct err *err)
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
	if (io_read_all(fd, sb, max, err))
		return err_prefix(err, "%s", path);
	return 0;
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

static int
remove_at(int dirfd, const char *name)
{
	struct dirent *de;
	DIR *dir;
	int fd, bad = 0;

	if (!unlinkat(dirfd, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	fd = openat(dirfd, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -1;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -1;
	}
	while ((de = readdir(dir)))
		if (strcmp(de->d_name, ".") && strcmp(de->d_name, ".."))
			bad |= remove_at(fd, de->d_name);
	closedir(dir);
	return unlinkat(dirfd, name, AT_REMOVEDIR) || bad ? -1 : 0;
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
