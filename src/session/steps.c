#include "session/steps.h"

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
#include "session/steps_impl.h"

#define LOCK_SUFFIX ".lock"
#define HINT "last"
#define INPUT_MAX (256u << 10)
/* In the place of a number: more than this were never made. */
#define STEPS_MAX 1000000000u

struct steps *
steps_new(const char *parent)
{
	struct steps *s = xcalloc(1, sizeof(*s));

	s->parent = parent;
	s->lock = -1;
	s->spare = -1;
	return s;
}

/* Where to begin to count: a directory of many thousands is read only if this
   says nothing or something wrong. */
static unsigned
read_hint(const struct steps *s)
{
	autofree char *path = io_join(s->dir, HINT), *record = NULL;
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;
	unsigned n;

	if (io_read_file(path, &sb, 64, &ignored) ||
	    sscanf(sb.buf, "%10u", &n) != 1 || n > STEPS_MAX)
		return 0;
	record = step_path(s, n, "json");
	return access(record, F_OK) ? 0 : n;
}

/* An older number than that of another process only costs time. */
static void
write_hint(const struct steps *s)
{
	autofree char *path = io_join(s->dir, HINT);
	/* O_NONBLOCK: a FIFO in the place of a file must not hang us. */
	autoclose int fd = open(path,
	    O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

	/* All numbers are of one length: no mixture of two is longer. */
	if (fd >= 0)
		(void)(dprintf(fd, "%010u\n", s->last) < 0);
}

struct steps *
steps_shared(struct named *named)
{
	struct steps *s = steps_new(NULL);

	s->named = named;
	s->dir = xstrdup(named_steps_dir(named));
	s->last = s->hint = read_hint(s);
	if (!s->last)
		s->last = steps_scan(s->dir, NULL);
	return s;
}

/*
 * A directory NAME is made after its lock NAME.lock and removed before it, so
 * that there is none without a lock, whenever its owner is killed.
 */
static char *
lock_path(const char *dir)
{
	return xasprintf("%s" LOCK_SUFFIX, dir);
}

static int
remove_session(const char *dir)
{
	autofree char *lock = lock_path(dir);
	autoerr struct err err = ERR_INIT;

	if (io_remove_tree(dir, &err) && err.code != ENOENT)
		return -1;
	return unlink(lock);
}

void
steps_use_secrets(struct steps *s, const struct secrets *secrets)
{
	s->secrets = secrets;
}

void
steps_free(struct steps *s)
{
	if (!s)
		return;
	if (s->dir && !s->named)
		remove_session(s->dir);
	if (s->named && s->last != s->hint)
		write_hint(s);
	if (s->spare >= 0)
		close(s->spare);
	if (s->lock >= 0)
		close(s->lock);
	free(s->dir);
	free(s);
}

static int
steps_make_dir(struct steps *s, struct err *err)
{
	if (s->dir)
		return 0;
	if (io_mkdirs(s->parent, 0700, err))
		return err_prefix(err, "keeping the steps of this session");
	do {
		autofree char *name = io_random_hex(8);

		free(s->dir);
		s->dir = io_join(s->parent, name);
		autofree char *lock = lock_path(s->dir);
		s->lock = lockfile_create(lock);
	} while (s->lock < 0 && errno == EAGAIN);
	if (s->lock >= 0 && !mkdir(s->dir, 0700))
		return 0;
	err_sys(err, errno, "keeping the steps of this session: %s", s->dir);
	if (s->lock >= 0) {
		remove_session(s->dir);
		close(steal_fd(&s->lock));
	}
	free(steal(&s->dir));
	return -1;
}

int
steps_sweep(const char *parent, bool dry_run, struct strvec *names)
{
	DIR *dir = opendir(parent);
	struct dirent *de;
	int found = 0;

	while (dir && (de = readdir(dir))) {
		autofree char *path = io_join(parent, de->d_name);
		autoclose int fd = -1;

		if (!str_ends(path, LOCK_SUFFIX))
			continue;
		fd = lockfile_take_abandoned(path);
		if (fd < 0)
			continue;
		path[strlen(path) - strlen(LOCK_SUFFIX)] = '\0';
		found++;
		if (names)
			strvec_push(names, path);
		if (!dry_run)
			remove_session(path);
	}
	if (dir)
		closedir(dir);
	return found;
}

unsigned
step_file_number(const char *name)
{
	char *end;
	unsigned long n = strtoul(name, &end, 10);
	bool ours = !strcmp(end, ".json") || !strcmp(end, ".log");

	return ours && *name >= '1' && *name <= '9' && n <= STEPS_MAX
		   ? (unsigned)n
		   : 0;
}

unsigned
steps_scan(const char *path, unsigned *count)
{
	DIR *dir = opendir(path);
	struct dirent *de;
	unsigned last = 0, all = 0;

	while (dir && (de = readdir(dir))) {
		unsigned n = str_ends(de->d_name, ".json")
				 ? step_file_number(de->d_name)
				 : 0;

		all += n > 0;
		if (n > last)
			last = n;
	}
	if (dir)
		closedir(dir);
	if (count)
		*count = all;
	return last;
}

static bool
is_there(const struct steps *s, unsigned n)
{
	autofree char *path = step_path(s, n, "json");

	return !access(path, F_OK);
}

/* Numbers are claimed without gaps, so what others added follows, unless it is
   so much that ours went. */
unsigned
steps_last(struct steps *s)
{
	unsigned found;

	if (!s->named)
		return s->last;
	while (is_there(s, s->last + 1))
		s->last++;
	if (!is_there(s, s->last)) {
		found = steps_scan(s->dir, NULL);
		if (found > s->last)
			s->last = found;
	}
	return s->last;
}

char *
step_path(const struct steps *s, unsigned n, const char *suffix)
{
	return xasprintf("%s/%u.%s", s->dir, n, suffix);
}

/* ---- a step from its beginning to its end ---- */

/* Where a record is written before it gets its name; its process's own. */
static char *
draft_path(const struct steps *s)
{
	return xasprintf("%s/%s~", s->dir,
	    s->named ? named_process(s->named) : "");
}

static int
write_draft(const char *path, const json *j, struct err *err)
{
	autofree char *text = json_print(j);
	autoclose int fd = open(path,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || io_write_all(fd, text, strlen(text)))
		return err_sys(err, errno, "%s", path);
	return 0;
}

/* The number follows from the name of the file. */
static json *
begin_object(const struct step *st)
{
	json *j = json_object();
	char when[32];

	clock_format_utc(st->began_wall, when);
	json_put_str(j, "command", st->command);
	if (st->about)
		json_put(j, "about", json_copy(st->about));
	if (st->has_input) {
		json_put_bytes(j, "input", st->input.buf, st->input.len);
		json_put_bool(j, "input_truncated", st->input_cut);
	}
	json_put_str(j, "started", when);
	json_put_int(j, "process", getpid());
	if (st->steps->named)
		json_put_str(j, "owner", named_process(st->steps->named));
	return j;
}

/* The next free number, with the record of a step that runs. */
static int
claim(struct step *st, struct err *err)
{
	struct steps *s = st->steps;
	autofree char *draft = NULL, *path = NULL;
	autojson json *j = NULL;
	int rc;

	if (named_may_keep(s->named, err))
		return -1;
	draft = draft_path(s);
	j = begin_object(st);
	if (write_draft(draft, j, err)) {
		unlink(draft);
		return -1;
	}
	do {
		st->n = steps_last(s) + 1;
		free(path);
		path = step_path(s, st->n, "json");
		rc = link(draft, path);
		if (rc && errno == EEXIST)
			s->last = st->n;
	} while (rc && errno == EEXIST);
	if (rc)
		err_sys(err, errno, "%s", path);
	else
		s->last = st->n;
	unlink(draft);
	return rc;
}

static void
keep_input(struct step *st, const struct strbuf *input)
{
	size_t n = input->len < INPUT_MAX ? input->len : INPUT_MAX;

	/* Half a character would make it bytes. */
	while (n && n < input->len && (input->buf[n] & 0xc0) == 0x80)
		n--;
	st->has_input = true;
	st->input_cut = n < input->len;
	secrets_hide(st->steps->secrets, &st->input, input->buf, n, true);
}

static struct step *
step_new(struct steps *s, const char *command)
{
	struct step *st = xcalloc(1, sizeof(*st));
	struct strbuf kept = STRBUF_INIT;

	secrets_hide(s->secrets, &kept, command, strlen(command), false);
	st->steps = s;
	st->command = strbuf_detach(&kept);
	st->began_us = clock_us();
	st->began_wall = clock_wall_ms();
	st->fd = -1;
	strbuf_init(&st->input);
	strbuf_init(&st->why.msg);
	strbuf_init(&st->why.hint);
	for (int i = 0; i < 2; i++) {
		strbuf_init(&st->held[i].held);
		strbuf_init(&st->raw[i]);
	}
	return st;
}

struct step *
step_begin(struct steps *s, const char *command, const struct strbuf *input,
    json *about)
{
	struct step *st = step_new(s, command);

	st->about = about;
	if (about)
		secrets_hide_json(s->secrets, about);
	if (input)
		keep_input(st, input);
	if (!s->named) {
		st->n = ++s->last;
	} else if (!claim(st, &st->why)) {
		st->claimed = true;
	} else {
		st->n = steps_last(s) + 1;
		err_prefix(&st->why, "steps are not kept");
	}
	return st;
}

unsigned
step_number(const struct step *st)
{
	return st->n;
}

int
step_place(struct step *st)
{
	if (!st->claimed && st->why.kind == ERR_NONE) {
		if (steps_make_dir(st->steps, &st->why))
			return -1;
		st->claimed = true;
	}
	return st->claimed ? 0 : -1;
}

static int
step_save(struct step *st, const json *j, struct err *err)
{
	struct steps *s = st->steps;
	autofree char *draft = NULL, *path = NULL;

	if (s->named && named_may_keep(s->named, err))
		return -1;
	/* In a gap it would be the number that we go on from. */
	if (s->named && !is_there(s, st->n))
		return err_set(err, ERR_IO, "step %u is not kept: so much was "
		    "done since it began that its place is taken", st->n);
	draft = draft_path(s);
	path = step_path(s, st->n, "json");
	if (!write_draft(draft, j, err)) {
		if (!rename(draft, path))
			return 0;
		err_sys(err, errno, "%s", path);
	}
	unlink(draft);
	return err_prefix(err, "keeping step %u", st->n);
}

const char *
step_stream_of(const char *member)
{
	if (!strcmp(member, "stdout") || !strcmp(member, "stdout_b64"))
		return "stdout";
	if (!strcmp(member, "stderr") || !strcmp(member, "stderr_b64"))
		return "stderr";
	return NULL;
}

/* What the log has is not written a second time; nothing of it has secrets. */
static json *
kept_result(const struct step *st, const json *result)
{
	bool logged = st->fd >= 0 && !st->in_memory;
	const json *item;
	json *j;

	if (!cJSON_IsObject(result))
		return json_copy(result);
	j = json_object();
	json_each (item, result) {
		const char *stream = step_stream_of(item->string);

		if (logged && stream)
			json_put_str(j, stream, NULL);
		else
			json_put(j, item->string, json_copy(item));
	}
	secrets_hide_json(st->steps->secrets, j);
	return j;
}

/* The record as it is known now. */
static int
write_ended(struct step *st, struct err *err)
{
	json *shown = step_shown_json(st);

	json_remove(st->record, "shown");
	if (shown)
		json_put(st->record, "shown", shown);
	st->shown.changed = false;
	return step_save(st, st->record, err);
}

int
step_end(struct step *st, int status, const json *result, json *error,
    struct err *err)
{
	json *j = begin_object(st);
	int rc = step_place(st);

	step_log_flush(st, 0);
	step_log_flush(st, STEP_LOG_STDERR);
	json_put_int(j, "duration_ms", (clock_us() - st->began_us) / 1000);
	json_put_int(j, "status", status);
	if (result)
		json_put(j, "result", kept_result(st, result));
	if (error)
		secrets_hide_json(st->steps->secrets, error);
	if (error)
		json_put(j, "error", error);
	st->record = j;
	step_log_close(st);
	if (!rc)
		rc = write_ended(st, err);
	steps_drop_old(st);
	/* What came first is the reason for what came later. */
	if (st->why.kind)
		rc = err_move(err, &st->why);
	return rc;
}

int
step_close(struct step *st, struct err *err)
{
	int rc = 0;

	if (!st)
		return 0;
	if (st->record && st->shown.changed && st->claimed)
		rc = write_ended(st, err);
	for (int i = 0; i < 2; i++) {
		secret_stream_release(&st->held[i]);
		strbuf_release(&st->raw[i]);
	}
	err_clear(&st->why);
	strbuf_release(&st->input);
	json_free(st->record);
	json_free(st->about);
	step_shown_release(&st->shown);
	free(st->command);
	free(st);
	return rc;
}
