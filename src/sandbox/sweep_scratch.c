/* What is left of processes that carried session files out (scratch.h). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "sandbox/kept.h"
#include "sandbox/scratch.h"
#include "sandbox/sweep_impl.h"

#define NOTE_MAX 8192

/* One that was abandoned. */
struct left {
	struct sweep *s;
	char *dir;
	int64_t until_ms; /* 0: not said */
};

/* Only what scratch_make() makes, and is ours. */
static bool
is_scratch(const char *dir)
{
	const char *name = strrchr(dir, '/');
	struct stat st;

	return *dir == '/' && str_starts(name, "/addesh-replay-") &&
	       !lstat(dir, &st) && S_ISDIR(st.st_mode) &&
	       st.st_uid == geteuid();
}

/* The note is what scratch_make() and scratch_release() write; false: it is
   not, or not yet. */
static bool
read_note(struct left *left, int fd)
{
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;
	const char *until;
	char *nl;

	if (io_read_all(fd, &sb, NOTE_MAX, &ignored) ||
	    !(nl = strchr(sb.buf, '\n')))
		return false;
	until = nl + 1;
	left->dir = xstrndup(sb.buf, (size_t)(nl - sb.buf));
	if (str_starts(until, "until "))
		left->until_ms = strtoll(until + strlen("until "), NULL, 10);
	return true;
}

/* Ends what was kept there; false: something lives on. */
static bool
end_kept(struct left *left)
{
	struct runtime rt = scratch_runtime(left->dir, left->s->rt);
	struct sweep s = *left->s;
	autojson json *list = kept_list(&rt, NULL);
	const json *record;
	bool clean = true;

	s.rt = &rt;
	json_each (record, list)
		clean &= sweep_kept_end(&s, record, left->until_ms != 0);
	left->s->failed |= s.failed;
	free(rt.state_dir);
	return clean;
}

static void
sweep_left(struct left *left, const char *note)
{
	struct sweep *s = left->s;
	autoerr struct err err = ERR_INIT;

	if (!is_scratch(left->dir)) {
		if (!s->dry)
			unlink(note);
		return;
	}
	if (left->until_ms > clock_wall_ms() || !end_kept(left)) {
		sweep_item(s, "file", left->dir, left->until_ms
			? "a replay has kept its environments there"
			: "what a replay has kept there is not ended", true);
		return;
	}
	if (!sweep_item(s, "file", left->dir, "its replay has ended", false))
		return;
	if (io_remove_tree(left->dir, &err))
		sweep_failed(s, &err);
	else
		unlink(note);
}

static void
sweep_note(struct sweep *s, const char *path)
{
	struct left left = {.s = s};
	autoclose int fd =
	    open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB))
		return;
	if (read_note(&left, fd))
		sweep_left(&left, path);
	else if (!s->dry)
		unlink(path);
	free(left.dir);
}

void
sweep_scratch(struct sweep *s)
{
	autofree char *path = io_join(s->rt->runtime_dir, "replay");
	DIR *dir = opendir(path);
	struct dirent *de;

	while (dir && (de = readdir(dir))) {
		autofree char *note = io_join(path, de->d_name);

		if (de->d_name[0] != '.')
			sweep_note(s, note);
	}
	if (dir)
		closedir(dir);
}
