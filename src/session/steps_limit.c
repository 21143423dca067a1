/* How many steps a named session keeps: an agent's goes on for ever.  A step
   that still runs has its log open, and is not kept at its end. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session/steps_impl.h"

#define STEPS_KEPT 10000
#define BYTES_KEPT (UINT64_C(1) << 30)
/* It is looked at each time so many steps were made, and after a large one. */
#define STEPS_BETWEEN 64
#define LARGE (16u << 20)

struct step_file {
	unsigned n;
	uint64_t size;
	char *name;
};

struct step_files {
	struct step_file *v;
	size_t n, cap;
};

static void
add_file(struct step_files *all, int dir, const char *name)
{
	unsigned n = step_file_number(name);
	struct stat st;

	if (!n || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	GROW(all->v, all->n, &all->cap);
	all->v[all->n++] = (struct step_file){
	    .n = n, .size = (uint64_t)st.st_size, .name = xstrdup(name)};
}

static int
newest_first(const void *a, const void *b)
{
	const struct step_file *x = a, *y = b;

	return x->n > y->n ? -1 : x->n < y->n;
}

/* Where the files begin that are beyond the limits, each step as a whole; the
   newest one stays, whatever its size. */
static size_t
first_to_go(const struct step_files *all)
{
	uint64_t bytes = 0;
	unsigned steps = 0;
	size_t i = 0, begin = 0;

	while (i < all->n) {
		for (begin = i; i < all->n && all->v[i].n == all->v[begin].n;
		     i++)
			bytes += all->v[i].size;
		steps++;
		if (steps > STEPS_KEPT || (steps > 1 && bytes > BYTES_KEPT))
			return begin;
	}
	return all->n;
}

static void
look_through(const char *path)
{
	struct step_files all = {0};
	DIR *dir = opendir(path);
	struct dirent *de;
	size_t first;

	if (!dir)
		return;
	while ((de = readdir(dir)))
		add_file(&all, dirfd(dir), de->d_name);
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), newest_first);
	first = first_to_go(&all);
	/* The oldest first: behind one that is there there is no gap, from which
	   a number would be used again, also if we are killed. */
	for (size_t i = all.n; i-- > first;)
		unlinkat(dirfd(dir), all.v[i].name, 0);
	closedir(dir);
	for (size_t i = 0; i < all.n; i++)
		free(all.v[i].name);
	free(all.v);
}

void
steps_drop_old(const struct step *st)
{
	const struct steps *s = st->steps;
	bool large = st->kept[0] + st->kept[1] >= LARGE;

	if (s->named && (large || st->n % STEPS_BETWEEN == 0))
		look_through(s->dir);
}
