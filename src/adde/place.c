#include "adde/place.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "cmd/host.h"
#include "session/session.h"

#define UNUSED_S (24 * 3600)
#define ID_BYTES 6
#define ID_MAX 128

static const char image_suffix[] = ".image";

/* STATE/adde/context; needs the session, which says where STATE is.  The
   caller's, NULL with err. */
static char *
contexts_dir(struct host *h, struct err *err)
{
	if (!h->session && h->open(h, err))
		return NULL;
	return io_join(h->session->runtime.state_dir, "adde/context");
}

/* With what stands beside it. */
static void
remove_context(const char *path)
{
	autofree char *image = xasprintf("%s%s", path, image_suffix);
	autoerr struct err ignored = ERR_INIT;

	if (!io_remove_tree(path, &ignored))
		unlink(image);
}

static bool
is_unused(const char *path)
{
	autofree char *image = xasprintf("%s%s", path, image_suffix);
	int64_t now = clock_wall_ms() / 1000;
	struct stat st;

	if (!stat(image, &st) && now - st.st_mtime < UNUSED_S)
		return false;
	return !stat(path, &st) && now - st.st_mtime >= UNUSED_S;
}

static bool
is_of_image(const char *path, const char *image)
{
	autofree char *file = xasprintf("%s%s", path, image_suffix);
	autobuf struct strbuf text = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;

	return !io_read_file(file, &text, ID_MAX, &ignored) &&
	       !strcmp(text.buf, image);
}

/* Those of an image, or with NULL those that nobody uses. */
static void
sweep(const char *dir, const char *image)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		autofree char *path = io_join(dir, e->d_name);

		if (*e->d_name == '.' || str_ends(e->d_name, image_suffix))
			continue;
		if (image ? is_of_image(path, image) : is_unused(path))
			remove_context(path);
	}
	if (d)
		closedir(d);
}

char *
place_new_context(struct tool_call *c)
{
	autofree char *dir = contexts_dir(c->host, &c->err);
	autofree char *id = io_random_hex(ID_BYTES);
	char *path;

	if (!dir || io_mkdirs(dir, 0700, &c->err))
		return NULL;
	sweep(dir, NULL);
	path = io_join(dir, id);
	if (!mkdir(path, 0700))
		return path;
	err_sys(&c->err, errno, "%s", path);
	free(path);
	return NULL;
}

void
place_note_image(struct tool_call *c, const char *dir, const char *image)
{
	autoerr struct err ignored = ERR_INIT;
	autofree char *own = contexts_dir(c->host, &ignored);
	autofree char *full = own ? realpath(own, NULL) : NULL;
	autofree char *file = xasprintf("%s%s", dir, image_suffix);
	size_t n = full ? strlen(full) : 0;

	if (n && !strncmp(dir, full, n) && dir[n] == '/' &&
	    !strchr(dir + n + 1, '/'))
		io_replace_file(file, image, strlen(image), 0600, &ignored);
}

void
place_remove_contexts(struct tool_call *c, const char *image)
{
	autoerr struct err ignored = ERR_INIT;
	autofree char *dir = contexts_dir(c->host, &ignored);

	if (dir)
		sweep(dir, image);
}
