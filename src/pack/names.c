#include "pack/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

void
names_release(struct names *names)
{
	strbuf_release(&names->bytes);
	free(names->at);
	*names = (struct names)NAMES_INIT;
}

void
names_add(struct names *names, const char *name, size_t len)
{
	GROW(names->at, names->n, &names->cap);
	names->at[names->n++] = names->bytes.len;
	strbuf_add(&names->bytes, name, len);
	strbuf_addc(&names->bytes, '\0');
}

static int
read_all(struct names *names, DIR *dir)
{
	const struct dirent *d;

	while (errno = 0, (d = readdir(dir)))
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			names_add(names, d->d_name, strlen(d->d_name));
	return errno ? -1 : 0;
}

int
names_read(struct names *names, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0), rc, sys;
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;

	if (!dir) {
		sys = errno;
		if (copy >= 0)
			close(copy);
		errno = sys;
		return -1;
	}
	rc = read_all(names, dir);
	sys = errno;
	closedir(dir);
	errno = sys;
	return rc;
}

static int
compare(const void *a, const void *b, void *arg)
{
	const char *bytes = arg;

	return strcmp(bytes + *(const size_t *)a, bytes + *(const size_t *)b);
}

void
names_sort(struct names *names)
{
	size_t kept = 0;

	if (names->n)
		qsort_r(names->at, names->n, sizeof(*names->at), compare,
		    names->bytes.buf);
	for (size_t i = 0; i < names->n; i++)
		if (!kept ||
		    strcmp(names_get(names, kept - 1), names_get(names, i)))
			names->at[kept++] = names->at[i];
	names->n = kept;
}

const char *
names_get(const struct names *names, size_t i)
{
	return names->bytes.buf + names->at[i];
}
