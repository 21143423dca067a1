#include "session/named.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/lockfile.h"
#include "session/named_impl.h"

#define NAME_MAX_LEN 64
#define TRIES 10 /* while others remove it */
#define STATE_VERSION 1 /* of session.json */

struct named {
	char *name, *dir, *steps;
	char *process, *use_path; /* NULL: see trouble */
	int use; /* locked as long as this process uses the session */
	struct err trouble;
	json *state;
	struct stat seen; /* of session.json when it was read */
};

int
named_check_name(const char *name, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";
	size_t n = strlen(name);

	if (n && n <= NAME_MAX_LEN && !strchr(".-", *name) &&
	    strspn(name, letters) == n)
		return 0;
	err_set(err, ERR_USAGE, "'%s' is not a name for a session", name);
	return err_hint(err, "a name is up to %d letters, digits, _ . - and "
	    "begins with neither . nor -", NAME_MAX_LEN);
}

char *
named_top(const char *state_dir)
{
	return io_join(state_dir, "named");
}

char *
named_dir(const char *state_dir, const char *name)
{
	return xasprintf("%s/named/%s", state_dir, name);
}

int
named_lock(const char *dir, const char *name, struct err *err)
{
	autofree char *path = io_join(dir, "lock");
	autofree char *what = xasprintf("session %s", name);

	return lockfile_wait(path, NAMED_PATIENCE_MS, what, err);
}

int
named_check_dir(const char *dir, struct err *err)
{
	struct stat st;

	if (lstat(dir, &st))
		return err_sys(err, errno, "%s", dir);
	if (S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	    !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	return err_set(err, ERR_IO, "%s is not a directory of ours alone", dir);
}

/* A later version is whole, whatever it means: `code` says so. */
static int
check_state(const json *j, struct err *err)
{
	if (!cJSON_IsObject(j))
		return err_set(err, ERR_IO, "not an object");
	if (json_int(j, "v", STATE_VERSION) == STATE_VERSION)
		return 0;
	err_set(err, ERR_IO, "of another version of addesh");
	err->code = ENOTSUP;
	return -1;
}

json *
named_read_state(const char *dir, struct err *err)
{
	autofree char *path = io_join(dir, NAMED_STATE);
	autobuf struct strbuf sb = STRBUF_INIT;
	json *j;

	if (io_read_file(path, &sb, NAMED_STATE_MAX, err))
		return NULL;
	j = json_parse(sb.buf, sb.len, err);
	if (j && !check_state(j, err))
		return j;
	json_free(j);
	err_prefix(err, "%s", path);
	return NULL;
}

void
named_each_process(const char *dir,
    void (*fn)(void *arg, const char *process, const char *path), void *arg)
{
	autofree char *use = io_join(dir, "use");
	DIR *d = opendir(use);
	struct dirent *de;

	while (d && (de = readdir(d))) {
		autofree char *path = io_join(use, de->d_name);

		if (*de->d_name != '.')
			fn(arg, de->d_name, path);
	}
	if (d)
		closedir(d);
}

/* ---- coming and going ---- */

/* Of a process that was killed: its file, and the record that it was about to
   write. */
static void
forget_dead(void *arg, const char *process, const char *path)
{
	const struct named *n = arg;
	autofree char *record = xasprintf("%s/%s~", n->steps, process);
	autoclose int fd = lockfile_take_abandoned(path);

	if (fd < 0)
		return;
	unlink(record);
	unlink(path);
}

/* What a process that was killed was about to put in the place of session.json;
   nobody writes now, as the lock is held. */
static void
forget_drafts(const struct named *n)
{
	DIR *dir = opendir(n->dir);
	struct dirent *de;

	while (dir && (de = readdir(dir)))
		if (str_starts(de->d_name, NAMED_STATE ".") &&
		    str_ends(de->d_name, "~"))
			unlinkat(dirfd(dir), de->d_name, 0);
	if (dir)
		closedir(dir);
}

static int
enter(struct named *n, struct err *err)
{
	do {
		autofree char *random = io_random_hex(6);

		free(n->process);
		free(n->use_path);
		n->process = xasprintf("%ld-%s", (long)getpid(), random);
		n->use_path = xasprintf("%s/use/%s", n->dir, n->process);
		n->use = lockfile_create(n->use_path);
	} while (n->use < 0 && errno == EAGAIN);
	if (n->use >= 0)
		return 0;
	err_sys(err, errno, "%s", n->use_path);
	free(steal(&n->process));
	free(steal(&n->use_path));
	return -1;
}

static int
write_state(const char *dir, const json *state, struct err *err)
{
	autofree char *path = io_join(dir, NAMED_STATE);
	autofree char *text = json_print(state);

	if (strlen(text) > NAMED_STATE_MAX)
		return err_set(err, ERR_IO,
		    "those of one session are %u MB at most",
		    NAMED_STATE_MAX >> 20);
	return io_replace_file(path, text, strlen(text), 0600, err);
}

static json *
new_state(void)
{
	json *j = json_object();
	char when[32];

	clock_format_utc(clock_wall_ms(), when);
	json_put_int(j, "v", STATE_VERSION);
	json_put_str(j, "created", when);
	json_put(j, "vars", json_object());
	return j;
}

/*
 * What is there, or a new one; the lock is held.  A damaged one is put aside,
 * for whoever can make something of it; *why says so then.
 */
static json *
fetch_state(const struct named *n, struct err *why)
{
	autofree char *path = io_join(n->dir, NAMED_STATE);
	autofree char *aside = xasprintf("%s.damaged", path);
	json *j = named_read_state(n->dir, why);

	if (j)
		return j;
	if (why->code == ENOENT) {
		err_clear(why);
	} else if (why->code || rename(path, aside)) {
		/* It may be whole, and we only cannot read it. */
		return NULL;
	} else {
		err_prefix(why, "session %s has lost its variables", n->name);
		strbuf_addf(&why->msg, "; what was there is %s", aside);
	}
	return new_state();
}

/* Makes what is missing, and takes part; the lock is held. */
static int
join(struct named *n, struct err *err)
{
	autofree char *path = io_join(n->dir, NAMED_STATE);
	autojson json *state = NULL;

	named_each_process(n->dir, forget_dead, n);
	forget_drafts(n);
	if (enter(n, err))
		return err_prefix(err, "session %s is not kept", n->name);
	state = fetch_state(n, err);
	if (!state)
		return err_prefix(err, "session %s", n->name);
	if (access(path, F_OK) && write_state(n->dir, state, err))
		return err_prefix(err, "variables of session %s are not kept",
		    n->name);
	return err->kind ? -1 : 0;
}

static int
settle(struct named *n, struct err *err)
{
	autofree char *use = io_join(n->dir, "use");
	autoclose int lock = -1;

	/* Again if somebody removed it in between, also between these two. */
	for (int i = 0; lock < 0 && i < TRIES; i++) {
		err_clear(err);
		if (!io_mkdirs(use, 0700, err) &&
		    !io_mkdirs(n->steps, 0700, err))
			lock = named_lock(n->dir, n->name, err);
		if (lock >= 0 && access(use, F_OK)) {
			err_sys(err, errno, "%s", use);
			close(steal_fd(&lock));
		}
		if (err->code != ENOENT)
			break;
	}
	return lock < 0 ? err_prefix(err, "session %s is not kept", n->name)
			: join(n, err);
}

static int
make_dir(const struct named *n, struct err *err)
{
	for (int i = 0; i < TRIES; i++) {
		err_clear(err);
		if (!io_mkdirs(n->dir, 0700, err) &&
		    !named_check_dir(n->dir, err))
			return 0;
		if (err->code != ENOENT)
			break;
	}
	return -1;
}

struct named *
named_open(const char *state_dir, const char *name, struct err *err)
{
	struct named *n;

	if (named_check_name(name, err))
		return NULL;
	n = xcalloc(1, sizeof(*n));
	n->name = xstrdup(name);
	n->dir = named_dir(state_dir, name);
	n->steps = io_join(n->dir, "steps");
	n->use = -1;
	strbuf_init(&n->trouble.msg);
	strbuf_init(&n->trouble.hint);
	if (make_dir(n, err)) {
		named_close(n);
		return NULL;
	}
	settle(n, &n->trouble);
	return n;
}

void
named_close(struct named *n)
{
	if (!n)
		return;
	if (n->use >= 0) {
		if (lockfile_is_there(n->use, n->use_path))
			unlink(n->use_path);
		close(n->use);
	}
	json_free(n->state);
	err_clear(&n->trouble);
	free(n->use_path);
	free(n->process);
	free(n->steps);
	free(n->dir);
	free(n->name);
	free(n);
}

void
named_leave(struct named *n)
{
	autofree char *dir = xstrdup(n->dir), *name = xstrdup(n->name);
	bool entered = n->use >= 0;

	named_close(n);
	if (entered)
		named_remove_unused(dir, name);
}

/* ---- what it is ---- */

const char *
named_name(const struct named *n)
{
	return n->name;
}

const char *
named_trouble(const struct named *n)
{
	return n->trouble.kind ? n->trouble.msg.buf : NULL;
}

const char *
named_steps_dir(const struct named *n)
{
	return n->steps;
}

const char *
named_process(const struct named *n)
{
	return n->process;
}

bool
named_is_alive(const struct named *n, const char *process)
{
	autofree char *path = xasprintf("%s/use/%s", n->dir, process);

	return *process && !strchr(process, '/') && lockfile_is_held(path);
}

int
named_may_keep(const struct named *n, struct err *err)
{
	if (n->use < 0) {
		err_set(err, n->trouble.kind, "%s", n->trouble.msg.buf);
		err->code = n->trouble.code;
		return -1;
	}
	if (lockfile_is_there(n->use, n->use_path))
		return 0;
	return err_set(err, ERR_IO, "session %s was removed", n->name);
}

/* ---- its state ---- */

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
	       a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

const json *
named_state(struct named *n)
{
	autofree char *path = io_join(n->dir, NAMED_STATE);
	autoerr struct err ignored = ERR_INIT;
	struct stat now = {0};
	json *fresh;

	/* Before it is read: what is replaced meanwhile is read again the next
	   time. */
	if (!stat(path, &now) && n->state && is_same(&now, &n->seen))
		return n->state;
	fresh = named_read_state(n->dir, &ignored);
	if (fresh) {
		json_free(n->state);
		n->state = fresh;
		n->seen = now;
	} else if (!n->state) {
		n->state = json_object();
	}
	return n->state;
}

int
named_hold(struct named *n, struct err *err)
{
	return named_may_keep(n, err) ? -1 : named_lock(n->dir, n->name, err);
}

int
named_change(struct named *n, void (*fn)(void *arg, json *state), void *arg,
    struct err *err)
{
	autoerr struct err damage = ERR_INIT;
	autojson json *state = NULL;
	autoclose int lock = named_hold(n, err);

	if (lock < 0)
		return -1;
	state = fetch_state(n, &damage);
	if (!state)
		return err_move(err, &damage);
	fn(arg, state);
	return write_state(n->dir, state, err);
}
