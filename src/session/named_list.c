/* Named sessions from outside: which there are, what they hold, and their
   removal. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/lockfile.h"
#include "base/nearest.h"
#include "session/named_impl.h"
#include "session/steps.h"

void
named_list(const char *state_dir, struct strvec *names)
{
	autofree char *top = named_top(state_dir);
	DIR *dir = opendir(top);
	struct dirent *de;

	while (dir && (de = readdir(dir))) {
		autoerr struct err ignored = ERR_INIT;
		autofree char *path = io_join(top, de->d_name);

		if (!named_check_name(de->d_name, &ignored) &&
		    !named_check_dir(path, &ignored))
			strvec_push(names, de->d_name);
	}
	if (dir)
		closedir(dir);
	strvec_sort(names);
}

static int
none(const char *state_dir, const char *name, struct err *err)
{
	autovec struct strvec names = STRVEC_INIT;
	struct nearest near = NEAREST_INIT(name);

	named_list(state_dir, &names);
	for (size_t i = 0; i < names.n; i++)
		nearest_try(&near, names.v[i]);
	err_set(err, ERR_USAGE, "there is no session '%s'", name);
	if (near.best)
		return err_hint(err, "did you mean %s?", near.best);
	return err_hint(err, "see them:  session ls; addesh -s %s begins it",
	    name);
}

static void
add_process(void *arg, const char *process, const char *path)
{
	struct named_info *info = arg;

	if (lockfile_is_held(path))
		strvec_push(&info->processes, process);
}

static void
note_time(struct named_info *info, const struct stat *st)
{
	int64_t ms = clock_s_to_ms(st->st_mtim.tv_sec) +
		     st->st_mtim.tv_nsec / 1000000;

	if (ms > info->used_ms)
		info->used_ms = ms;
}

/* What the files of a directory take on the disk. */
static void
measure(struct named_info *info, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *de;
	struct stat st;

	if (dir && !fstat(dirfd(dir), &st))
		note_time(info, &st);
	while (dir && (de = readdir(dir)))
		if (!fstatat(dirfd(dir), de->d_name, &st,
			AT_SYMLINK_NOFOLLOW) &&
		    S_ISREG(st.st_mode))
			info->bytes += (uint64_t)st.st_blocks * 512;
	if (dir)
		closedir(dir);
}

static void
read_state(struct named_info *info, const char *dir)
{
	autoerr struct err ignored = ERR_INIT;
	autojson json *state = named_read_state(dir, &ignored);
	int64_t seconds;

	if (!clock_parse_utc(json_str(state, "created", ""), &seconds))
		info->created_ms = clock_s_to_ms(seconds);
	info->variables =
	    (unsigned)cJSON_GetArraySize(json_get(state, "vars"));
}

int
named_info(const char *state_dir, const char *name, struct named_info *info,
    struct err *err)
{
	autofree char *dir = NULL, *steps = NULL;

	*info = (struct named_info){.processes = STRVEC_INIT};
	if (named_check_name(name, err))
		return -1;
	dir = named_dir(state_dir, name);
	if (named_check_dir(dir, err))
		return err->code == ENOENT ? none(state_dir, name, err) : -1;
	steps = io_join(dir, "steps");
	read_state(info, dir);
	measure(info, dir);
	measure(info, steps);
	steps_scan(steps, &info->steps);
	named_each_process(dir, add_process, info);
	strvec_sort(&info->processes);
	return 0;
}

void
named_info_release(struct named_info *info)
{
	strvec_release(&info->processes);
}

static int
in_use(const char *name, const struct strvec *processes, struct err *err)
{
	autobuf struct strbuf pids = STRBUF_INIT;

	for (size_t i = 0; i < processes->n; i++)
		strbuf_addf(&pids, "%s%.*s", i ? ", " : "",
		    (int)strcspn(processes->v[i], "-"), processes->v[i]);
	err_set(err, ERR_USAGE, "session %s is in use by process %s", name,
	    pids.buf);
	return err_hint(err, "remove it all the same:  session rm -f %s", name);
}

/*
 * Under its lock, so that nobody comes between the question who uses it and the
 * rename, after which it is gone for all.
 */
static int
put_away(const char *dir, const char *name, const char *aside, bool force,
    struct err *err)
{
	struct named_info info = {.processes = STRVEC_INIT};
	autoclose int lock = named_lock(dir, name, err);
	int rc = 0;

	if (lock < 0 && !err->hint.len)
		return err_hint(err, "it can be removed by hand: %s", dir);
	if (lock < 0)
		return -1;
	named_each_process(dir, add_process, &info);
	if (info.processes.n && !force)
		rc = in_use(name, &info.processes, err);
	else if (rename(dir, aside))
		rc = err_sys(err, errno, "%s", dir);
	named_info_release(&info);
	return rc;
}

int
named_remove(const char *state_dir, const char *name, bool force,
    struct err *err)
{
	autofree char *top = named_top(state_dir), *random = io_random_hex(6);
	autofree char *aside = xasprintf("%s/.%s", top, random);
	autofree char *dir = NULL;

	if (named_check_name(name, err))
		return -1;
	dir = named_dir(state_dir, name);
	if (!named_check_dir(dir, err) &&
	    !put_away(dir, name, aside, force, err))
		return io_remove_tree(aside, err);
	return err->code == ENOENT ? none(state_dir, name, err) : -1;
}

static bool
holds_nothing(const char *dir)
{
	autofree char *damaged = io_join(dir, NAMED_STATE ".damaged");
	autoerr struct err ignored = ERR_INIT;
	autojson json *state = named_read_state(dir, &ignored);

	return state && !cJSON_GetArraySize(json_get(state, "vars")) &&
	       !json_get(state, "env") && access(damaged, F_OK);
}

static bool
is_unused(const char *dir)
{
	autofree char *steps = io_join(dir, "steps");
	struct named_info info = {.processes = STRVEC_INIT};
	bool unused;

	if (!holds_nothing(dir))
		return false;
	steps_scan(steps, &info.steps);
	named_each_process(dir, add_process, &info);
	unused = !info.steps && !info.processes.n;
	named_info_release(&info);
	return unused;
}

void
named_remove_unused(const char *dir, const char *name)
{
	autofree char *random = io_random_hex(6);
	autofree char *aside = xasprintf("%.*s/.%s",
	    (int)(strrchr(dir, '/') - dir), dir, random);
	autoerr struct err ignored = ERR_INIT;
	autoclose int lock = -1;

	if (!is_unused(dir))
		return;
	/* Again, as somebody may have come meanwhile. */
	lock = named_lock(dir, name, &ignored);
	if (lock >= 0 && is_unused(dir) && !rename(dir, aside))
		io_remove_tree(aside, &ignored);
}

int
named_sweep(const char *state_dir, bool dry_run, struct strvec *paths)
{
	autofree char *top = named_top(state_dir);
	DIR *dir = opendir(top);
	struct dirent *de;
	int found = 0;

	while (dir && (de = readdir(dir))) {
		autoerr struct err ignored = ERR_INIT;
		autofree char *path = io_join(top, de->d_name);

		if (*de->d_name != '.' || !strcmp(de->d_name, ".") ||
		    !strcmp(de->d_name, ".."))
			continue;
		found++;
		strvec_push(paths, path);
		if (!dry_run)
			io_remove_tree(path, &ignored);
	}
	if (dir)
		closedir(dir);
	return found;
}
