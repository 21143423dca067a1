#include "shell/history.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/xdg.h"

enum { LONG_TEXT = 4096, FILE_MAX = 64 << 20 };

/* Another user's home (su, sudo) is no place for our traces. */
static bool
is_ours(const char *dir)
{
	struct stat st;

	return stat(dir, &st) == 0 && st.st_uid == geteuid();
}

char *
history_path(void)
{
	const char *file = getenv("ADDESH_HISTFILE");
	const char *state = xdg_variable("XDG_STATE_HOME");
	const char *home = xdg_variable("HOME");

	if (file)
		return *file ? xstrdup(file) : NULL;
	if (state)
		return xasprintf("%s/addesh/history", state);
	if (!home || !is_ours(home))
		return NULL;
	return xasprintf("%s/.local/state/addesh/history", home);
}

/* The beginning of the last max lines. */
static const char *
last_lines(const struct strbuf *sb, size_t max)
{
	const char *p = sb->buf + sb->len;

	while (p > sb->buf) {
		if (p[-1] == '\n' && p < sb->buf + sb->len && max-- <= 1)
			break;
		p--;
	}
	return p;
}

/* FNV-1a, 32 bits: tells directories apart without naming them. */
static unsigned
hash_of_cwd(void)
{
	autofree char *cwd = getcwd(NULL, 0);
	unsigned h = 2166136261u;

	for (const char *p = cwd ? cwd : ""; *p; p++)
		h = (h ^ (unsigned char)*p) * 16777619u;
	return h;
}

/*
 * The file, locked; -1 if it cannot be had.  Whoever cuts it back replaces it:
 * then the one that was locked is not the one of that name any more.
 */
static int
open_locked(const char *path)
{
	struct stat ours, named;
	int fd;

	for (;;) {
		fd = open(path,
		    O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW |
			O_NONBLOCK, 0600);
		if (fd < 0)
			return -1;
		/* A pipe or a terminal in its place could make us wait. */
		if (fstat(fd, &ours) == 0 && !S_ISREG(ours.st_mode)) {
			close(fd);
			return -1;
		}
		/* Not every file system has locks (flock(2)). */
		if (flock(fd, LOCK_EX) < 0) {
			close(fd);
			return -1;
		}
		if (stat(path, &named) == 0 && ours.st_ino == named.st_ino)
			return fd;
		close(fd);
	}
}

static void
append_line(const char *path, const char *line)
{
	autofree char *dir = xstrdup(path);
	autoerr struct err err = ERR_INIT;
	autoclose int fd = -1;
	char *slash = strrchr(dir, '/');

	if (slash && slash > dir) {
		*slash = 0;
		if (io_mkdirs(dir, 0700, &err) < 0)
			return;
	}
	fd = open_locked(path);
	if (fd >= 0)
		io_write_all(fd, line, strlen(line));
}

bool
history_append(const char *path, const char *text, int status,
    enum history_secrets secrets, const struct secrets *known)
{
	autobuf struct strbuf kept = STRBUF_INIT;
	autojson json *j = NULL;
	autofree char *line = NULL, *cwd = NULL, *full = NULL;
	size_t n = strlen(text);

	while (n && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	if (!n || *text == ' ')
		return false;
	if (!path)
		return true;
	if (n > LONG_TEXT)
		n = strcspn(text, "\n") < LONG_TEXT ? strcspn(text, "\n")
						    : LONG_TEXT;
	if (secrets != HISTORY_KEEP)
		secrets_hide(known, &kept, text, n, false);
	else
		strbuf_add(&kept, text, n);
	if (secrets == HISTORY_REMOVE &&
	    (kept.len != n || memcmp(kept.buf, text, n) != 0))
		return true;
	j = json_object();
	json_put_int(j, "t", clock_wall_ms() / 1000);
	cwd = xasprintf("%08x", hash_of_cwd());
	json_put_str(j, "cwd", cwd);
	json_put_int(j, "status", status);
	json_put_str(j, "text", kept.buf);
	line = json_print(j);
	full = xasprintf("%s\n", line);
	append_line(path, full);
	return true;
}

/* Reads it again under the lock, since others append meanwhile. */
static void
cut_back(const char *path, size_t max)
{
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	autoclose int fd = open_locked(path);
	const char *p;

	if (fd < 0 || io_read_all(fd, &sb, FILE_MAX, &err) < 0)
		return;
	p = last_lines(&sb, max);
	io_replace_file(path, p, sb.buf + sb.len - p, 0600, &err);
}

void
history_load(struct strvec *texts, const char *path, size_t max)
{
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	const char *p, *nl;

	if (!path || !max || io_read_file(path, &sb, FILE_MAX, &err) < 0)
		return;
	p = last_lines(&sb, max);
	if (max < SIZE_MAX / 2 && last_lines(&sb, 2 * max) > sb.buf)
		cut_back(path, max);
	for (; *p; p = nl + 1) {
		autojson json *j = NULL;

		nl = strchrnul(p, '\n');
		j = json_parse(p, nl - p, &err);
		/* A line that is none of ours is left out. */
		if (json_str(j, "text", NULL))
			strvec_push(texts, json_str(j, "text", NULL));
		err_clear(&err);
		if (!*nl)
			break;
	}
}

