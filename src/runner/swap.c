#include "swap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE /* of linux/fs.h, which not every libc repeats */
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif
#define TRIES 100

void
swap_temp_name(char temp[SWAP_TEMP_SIZE])
{
	static uint64_t counter;
	struct timespec now = {0};
	uint64_t seed;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	seed = counter++ * 1000003 + (uint64_t)now.tv_sec * 1000000000u +
	    (uint64_t)now.tv_nsec + ((uint64_t)getpid() << 40);
	memcpy(temp, ".addesh-", 8);
	for (int i = 23; i >= 8; i--, seed >>= 4)
		temp[i] = "0123456789abcdef"[seed & 15];
	temp[24] = '\0';
}

int
swap_temp_file(int dir, char temp[SWAP_TEMP_SIZE])
{
	int fd = -1;

	for (int i = 0; i < TRIES && fd < 0; i++) {
		swap_temp_name(temp);
		fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL |
		    O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	return fd;
}

int
swap_exchange(int dir, const char *a, const char *b)
{
	return (int)syscall(SYS_renameat2, dir, a, dir, b, RENAME_EXCHANGE);
}

/* A file system without it may have hard links. */
int
swap_rename_new(int dir, const char *from, const char *to)
{
	if (syscall(SYS_renameat2, dir, from, dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (linkat(dir, from, dir, to, 0) < 0)
		return -1;
	return unlinkat(dir, from, 0);
}

void
swap_make_newer(const struct swap *s)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
	    {.tv_sec = s->seen.st_mtim.tv_sec + 1}};
	struct stat st;

	if (s->has_was && s->temp[0] != '\0' &&
	    fstatat(s->dir, s->temp, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_mtim.tv_sec <= s->seen.st_mtim.tv_sec)
		(void)utimensat(s->dir, s->temp, times, AT_SYMLINK_NOFOLLOW);
}

static bool
is_seen(const struct swap *s)
{
	struct stat st;

	return fstatat(s->dir, s->old, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == s->seen.st_dev && st.st_ino == s->seen.st_ino &&
	    st.st_size == s->seen.st_size &&
	    st.st_mtim.tv_sec == s->seen.st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == s->seen.st_mtim.tv_nsec;
}

static int
replace(struct swap *s)
{
	if (swap_exchange(s->dir, s->temp, s->name) == 0) {
		memcpy(s->old, s->temp, sizeof(s->old));
		s->temp[0] = '\0';
		return 0;
	}
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	swap_temp_name(s->old);
	if (swap_rename_new(s->dir, s->name, s->old) < 0)
		return -1;
	if (swap_rename_new(s->dir, s->temp, s->name) == 0) {
		s->temp[0] = '\0';
		return 0;
	}
	(void)swap_rename_new(s->dir, s->old, s->name);
	return -1;
}

int
swap_move(struct swap *s)
{
	int rc;

	if (s->removes) {
		swap_temp_name(s->old);
		rc = swap_rename_new(s->dir, s->name, s->old);
	} else if (s->has_was) {
		rc = replace(s);
	} else {
		rc = swap_rename_new(s->dir, s->temp, s->name);
		if (rc == 0)
			s->temp[0] = '\0';
	}
	s->moved = rc == 0;
	if (rc < 0 && (errno == EEXIST || errno == ENOENT))
		errno = ESTALE;
	if (rc == 0 && s->has_was && !is_seen(s)) {
		errno = ESTALE;
		rc = -1;
	}
	return rc;
}

/* A program may have put a directory there, which rename(2) would not put over
   our file. */
static void
exchange_back(struct swap *s)
{
	if (swap_exchange(s->dir, s->old, s->name) == 0)
		(void)unlinkat(s->dir, s->old, 0);
	else
		(void)renameat(s->dir, s->old, s->dir, s->name);
}

/* No name that exists is replaced by one that was not there before it. */
static void
put_back(struct swap *s)
{
	if (s->removes)
		(void)swap_rename_new(s->dir, s->old, s->name);
	else if (s->has_was)
		exchange_back(s);
	else
		(void)unlinkat(s->dir, s->name, 0);
}

void
swap_undo(struct swap *s)
{
	if (s->moved)
		put_back(s);
	s->moved = false;
	if (s->temp[0] != '\0')
		(void)unlinkat(s->dir, s->temp, 0);
	s->temp[0] = '\0';
}

void
swap_done(struct swap *s)
{
	if (s->has_was)
		(void)unlinkat(s->dir, s->old, 0);
}
