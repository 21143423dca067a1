#include "pack/inodes.h"

#include <stdint.h>
#include <string.h>

#define INODES_MAX 65536
#define PATHS_MAX (8u << 20)

struct inode {
	dev_t dev;
	ino_t ino;
	size_t path; /* where it is in paths, from 1; 0: the place is free */
};

void
inodes_release(struct inodes *in)
{
	free(in->table);
	strbuf_release(&in->paths);
	*in = (struct inodes)INODES_INIT;
}

/* The place of this file, or the free one where it would be. */
static struct inode *
find(const struct inodes *in, dev_t dev, ino_t ino)
{
	uint64_t h = ((uint64_t)ino ^ (uint64_t)dev << 40) *
		     UINT64_C(0x9e3779b97f4a7c15);
	size_t i = (size_t)(h >> 32) & (in->size - 1);

	while (in->table[i].path &&
	       (in->table[i].dev != dev || in->table[i].ino != ino))
		i = (i + 1) & (in->size - 1);
	return &in->table[i];
}

static void
grow(struct inodes *in)
{
	struct inodes larger = {.size = in->size ? in->size * 2 : 64};

	larger.table = xcalloc(larger.size, sizeof(*larger.table));
	for (size_t i = 0; i < in->size; i++)
		if (in->table[i].path)
			*find(&larger, in->table[i].dev, in->table[i].ino) =
			    in->table[i];
	free(in->table);
	in->table = larger.table;
	in->size = larger.size;
}

const char *
inodes_seen(struct inodes *in, const struct stat *st, const char *path)
{
	size_t len = strlen(path) + 1;
	struct inode *inode;

	if (in->n * 2 >= in->size)
		grow(in);
	inode = find(in, st->st_dev, st->st_ino);
	if (inode->path)
		return in->paths.buf + inode->path - 1;
	if (in->n == INODES_MAX || in->paths.len + len > PATHS_MAX)
		return NULL;
	*inode = (struct inode){st->st_dev, st->st_ino, in->paths.len + 1};
	strbuf_add(&in->paths, path, len);
	in->n++;
	return NULL;
}
