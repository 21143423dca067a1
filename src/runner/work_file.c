/* What PUT and EDIT share: the client's ENTRYs, and files that are made. */
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE /* of linux/fs.h, which not every libc repeats */
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif
#define TRIES 100

static void
entry_number(struct work_entry *e, const struct field *f)
{
	uint64_t v;

	if (field_u64(f, &v) < 0)
		return;
	if (f->key == PROTO_K_TYPE) {
		e->type = v;
	} else if (f->key == PROTO_K_MODE) {
		e->mode = v & 0777;
	} else if (f->key == PROTO_K_MTIME) {
		e->mtime = v;
		e->has_mtime = true;
	} else if (f->key == PROTO_K_WAS_SIZE) {
		e->was_size = v;
		e->has_was = true;
	} else if (f->key == PROTO_K_WAS_CRC) {
		e->was_crc = v;
	}
}

void
work_entry_read(struct work_entry *e, const struct message *m)
{
	struct field_reader fr;
	struct field f;

	free(e->path);
	free(e->target);
	memset(e, 0, sizeof(*e));
	e->mode = 0644;
	field_reader_init(&fr, m->data, m->len);
	while (field_next(&fr, &f) > 0) {
		if (f.key == PROTO_K_PATH && e->path == NULL)
			e->path = text_of_field(&f);
		else if (f.key == PROTO_K_TARGET && e->target == NULL)
			e->target = text_of_field(&f);
		else
			entry_number(e, &f);
	}
	if (e->path != NULL && e->path[0] == '/') {
		free(e->path);
		e->path = NULL;
	}
}

/*
 * One that was put beside a run belongs to another uid of the same group, which
 * then gets the owner's rights.
 */
mode_t
work_mode(const struct work *w, uint64_t mode)
{
	mode_t m = (mode_t)mode;

	if (w->r->slot > 0 && !w->rn->config.shared_uid)
		m |= (m & 0700) >> 3;
	return m;
}

void
work_temp_name(char temp[WORK_TEMP_SIZE])
{
	static uint64_t counter;
	uint64_t seed = counter++ * 1000003 + runner_now() +
	    ((uint64_t)getpid() << 40);

	memcpy(temp, ".addesh-", 8);
	text_number(temp + 8, seed, 16);
}

int
work_temp_file(int dir, char temp[WORK_TEMP_SIZE])
{
	int fd = -1;

	for (int i = 0; i < TRIES && fd < 0; i++) {
		work_temp_name(temp);
		fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL |
		    O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	return fd;
}

int
work_exchange(int dir, const char *a, const char *b)
{
	return (int)syscall(SYS_renameat2, dir, a, dir, b, RENAME_EXCHANGE);
}

/* A file system without it may have hard links. */
int
work_rename_new(int dir, const char *from, const char *to)
{
	if (syscall(SYS_renameat2, dir, from, dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (linkat(dir, from, dir, to, 0) < 0)
		return -1;
	return unlinkat(dir, from, 0);
}
