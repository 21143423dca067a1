/*
 * The writable places of the configuration: made writable for code, and how
 * full they are.
 */
#include "runner.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

void
places_open(struct config *c)
{
	struct stat st;
	int fd;

	for (size_t i = 0; i < c->places.n; i++) {
		fd = open(c->places.v[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		    O_CLOEXEC);
		if (fd < 0)
			continue;
		if (fstat(fd, &st) == 0 && st.st_uid == c->self &&
		    !(st.st_mode & S_IWOTH))
			(void)fchmod(fd, 0777);
		if (i == 0)
			c->disk_fd = fd;
		else
			close(fd);
	}
}

int64_t
places_used(const struct config *c)
{
	struct statvfs fs;

	if (c->disk_fd < 0 || fstatvfs(c->disk_fd, &fs) < 0)
		return -1;
	return (int64_t)((uint64_t)(fs.f_blocks - fs.f_bfree) * fs.f_frsize);
}

void
places_stats(const struct config *c, struct field_writer *w)
{
	char text[64] = "disk=";
	int64_t used = places_used(c);

	if (used < 0)
		return;
	text_number(text + 5, (uint64_t)used, 10);
	field_put_text(w, PROTO_K_STAT, text);
}
