#include "session/dep_use.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "engine/image.h"

#define DIR_NAME "deps"
/* Of an image's id: SHA-512 is the longest that there is. */
#define ID_MAX 128

/* The file of an id, or NULL: what an engine says becomes a name only if it is
   hexadecimal. */
static char *
use_path(const struct runtime *rt, const char *id)
{
	const char *hex = image_id_digits(id);
	size_t n = strlen(hex);

	if (!n || n > ID_MAX || strspn(hex, "0123456789abcdef") != n)
		return NULL;
	return xasprintf("%s/" DIR_NAME "/%s", rt->state_dir, hex);
}

int
dep_use_note(const struct runtime *rt, const char *id, struct err *err)
{
	autofree char *path = use_path(rt, id);
	autofree char *dir = io_join(rt->state_dir, DIR_NAME);
	autoclose int fd = -1;

	if (!path)
		return err_set(err, ERR_IMAGE, "'%s' is no id of an image", id);
	if (io_mkdirs(dir, 0700, err))
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || futimens(fd, NULL))
		return err_sys(err, errno, "%s", path);
	return 0;
}

int64_t
dep_use_time(const struct runtime *rt, const char *id)
{
	autofree char *path = use_path(rt, id);
	struct stat st;

	return path && !lstat(path, &st) ? (int64_t)st.st_mtime : 0;
}

void
dep_use_forget(const struct runtime *rt, const char *id)
{
	autofree char *path = use_path(rt, id);

	if (path)
		unlink(path);
}

void
dep_use_list(const struct runtime *rt, struct strvec *ids)
{
	autofree char *path = io_join(rt->state_dir, DIR_NAME);
	DIR *dir = opendir(path);
	const struct dirent *d;

	while (dir && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			strvec_push(ids, d->d_name);
	if (dir)
		closedir(dir);
}
