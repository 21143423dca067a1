#include "replay/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "session/result.h"

/* A line that was read and has not been asked for. */
struct entry {
	uint64_t hash; /* of id and command */
	off_t at;
	bool taken;
};

struct recording {
	FILE *f;
	char *path;
	char *line;
	size_t size;
	int64_t created;
	unsigned number; /* of the line that was read last */
	bool end;
	struct entry *entries;
	size_t n, cap;
};

char *
recording_path(const char *file)
{
	const char *base = strrchr(file, '/');
	const char *dot = strrchr(base ? base : file, '.');
	int n = dot && dot > file ? (int)(dot - file) : (int)strlen(file);

	return xasprintf("%.*s.rec.jsonl", n, file);
}

/* FNV-1a (draft-eastlake-fnv). */
static uint64_t
add_hash(uint64_t h, const char *s)
{
	for (; s && *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	return (h ^ 0xff) * UINT64_C(0x100000001b3);
}

static uint64_t
hash_of(const char *id, const char *command)
{
	return add_hash(add_hash(UINT64_C(0xcbf29ce484222325), id), command);
}

/* The next line as JSON; NULL at the end, or with err.  A last line without
   its newline was being written when its writer ended. */
static json *
read_line(struct recording *r, struct err *err)
{
	ssize_t n = getline(&r->line, &r->size, r->f);
	json *j;

	if (n < 0 || r->line[n - 1] != '\n') {
		r->end = true;
		return NULL;
	}
	r->number++;
	j = json_parse(r->line, n - 1, err);
	if (j && !cJSON_IsObject(j)) {
		err_set(err, ERR_CONFIG, "it is not an object");
		json_free(j);
		j = NULL;
	}
	if (j)
		return j;
	err_prefix(err, "%s:%u", r->path, r->number);
	err->kind = ERR_CONFIG;
	return NULL;
}

static int
read_head(struct recording *r, struct err *err)
{
	autojson json *j = read_line(r, err);
	int64_t version = json_int(j, "addesh-recording", 0);

	if (err->kind)
		return -1;
	if (version < 1)
		return err_set(err, ERR_CONFIG,
		    "%s does not begin as a recording does", r->path);
	if (clock_parse_utc(json_str(j, "created", ""), &r->created) ||
	    r->created < 0)
		r->created = 0;
	if (version <= RECORDING_VERSION)
		return 0;
	err_set(err, ERR_CONFIG, "%s is of version %lld, this addesh knows %d",
	    r->path, (long long)version, RECORDING_VERSION);
	return err_hint(err, "a newer addesh made it");
}

struct recording *
recording_open(const char *path, struct err *err)
{
	struct recording *r = xcalloc(1, sizeof(*r));
	autoclose int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	r->path = xstrdup(path);
	if (fd < 0 || fstat(fd, &st))
		err_sys(err, errno, "%s", path);
	else if (!S_ISREG(st.st_mode))
		err_set(err, ERR_CONFIG, "%s is not a file", path);
	else
		r->f = fdopen(steal_fd(&fd), "r");
	if (r->f && !read_head(r, err))
		return r;
	recording_close(r);
	return NULL;
}

void
recording_close(struct recording *r)
{
	if (!r)
		return;
	if (r->f)
		fclose(r->f);
	free(r->path);
	free(r->line);
	free(r->entries);
	free(r);
}

int64_t
recording_created(const struct recording *r)
{
	return r->created;
}

static void
take_event(const json *j, struct answer *a)
{
	const json *us = cJSON_GetArrayItem(j, 0);
	const json *fd = cJSON_GetArrayItem(j, 1);
	autobuf struct strbuf text = STRBUF_INIT;
	bool is_err = cJSON_IsString(fd) && !strcmp(fd->valuestring, "e");

	json_add_text(cJSON_GetArrayItem(j, 2), &text);
	answer_add(a,
	    cJSON_IsNumber(us) && us->valuedouble > 0 &&
		    us->valuedouble < 1e15
		? (uint64_t)us->valuedouble
		: 0,
	    is_err ? 2 : 1, text.buf, text.len);
}

static void
take_answer(const json *j, struct answer *a)
{
	const json *status = json_get(j, "status");
	const char *signal = json_str(status, "signal", NULL);
	const json *event;

	answer_release(a);
	a->status.code = (int)json_int(status, "code", 0);
	a->status.signal = signal ? signal_number(signal) : 0;
	a->status.timed_out = json_bool(status, "timed_out", false);
	a->status.oom = json_bool(status, "oom", false);
	a->us = json_int(j, "us", 0);
	a->cut = json_bool(j, "cut", false);
	json_each (event, json_get(j, "events"))
		take_event(event, a);
	if (cJSON_IsObject(json_get(j, "object")))
		a->object = json_copy(json_get(j, "object"));
}

static bool
is_of(const json *j, const char *id, const char *command)
{
	return !strcmp(json_str(j, "id", ""), id ? id : "") &&
	       !strcmp(json_str(j, "command", ""), command);
}

/* Among those that were read. */
static int
find_read(struct recording *r, uint64_t hash, const char *id,
    const char *command, struct answer *a, struct err *err)
{
	off_t here = ftello(r->f);
	unsigned number = r->number;
	int found = 0;

	for (size_t i = 0; i < r->n && !found; i++) {
		struct entry *e = &r->entries[i];
		json *j;

		if (e->taken || e->hash != hash)
			continue;
		fseeko(r->f, e->at, SEEK_SET);
		j = read_line(r, err);
		if (!j)
			break;
		if (is_of(j, id, command)) {
			take_answer(j, a);
			e->taken = true;
			found = 1;
		}
		json_free(j);
	}
	fseeko(r->f, here, SEEK_SET);
	r->number = number;
	return err->kind ? -1 : found;
}

static void
pass_over(struct recording *r, const json *j, off_t at)
{
	GROW(r->entries, r->n, &r->cap);
	r->entries[r->n++] = (struct entry){
	    hash_of(json_str(j, "id", NULL), json_str(j, "command", "")), at,
	    false};
}

int
recording_find(struct recording *r, const char *id, const char *command,
    struct answer *a, struct err *err)
{
	int found = r->n ? find_read(r, hash_of(id, command), id, command, a,
			       err)
			 : 0;

	while (!found && !r->end) {
		off_t at = ftello(r->f);
		autojson json *j = read_line(r, err);

		if (err->kind)
			return -1;
		if (!j)
			break;
		if (is_of(j, id, command)) {
			take_answer(j, a);
			found = 1;
		} else {
			pass_over(r, j, at);
		}
	}
	return found;
}

static void
add_line(struct strbuf *out, json *j)
{
	autofree char *line = json_print(j);

	strbuf_adds(out, line);
	strbuf_addc(out, '\n');
	json_free(j);
}

void
recording_add_head(struct strbuf *out)
{
	json *j = json_object();
	char created[32];

	clock_format_utc(clock_wall_ms(), created);
	json_put_int(j, "addesh-recording", RECORDING_VERSION);
	json_put_str(j, "program", PACKAGE_VERSION);
	json_put_str(j, "created", created);
	add_line(out, j);
}

static json *
event_json(const struct answer *a, const struct answer_event *e)
{
	json *j = json_array();

	json_push(j, cJSON_CreateNumber((double)e->us));
	json_push_str(j, e->fd == 2 ? "e" : "o");
	json_push(j, json_text(a->stream[e->fd].buf + e->start, e->n));
	return j;
}

static json *
status_json(const struct got_status *s)
{
	json *j = json_object();

	json_put_int(j, "code", s->code);
	json_put_str(j, "signal", s->signal ? signal_name(s->signal) : NULL);
	json_put_bool(j, "timed_out", s->timed_out);
	json_put_bool(j, "oom", s->oom);
	return j;
}

void
recording_add(struct strbuf *out, const char *id, const char *command,
    const struct answer *a)
{
	json *j = json_object(), *events = json_array();
	autofree char *line = xasprintf("%s%s", command,
	    str_ends(command, "\n") ? "" : "\n");

	json_put_str(j, "id", id);
	json_put_str(j, "command", line);
	json_put(j, "status", status_json(&a->status));
	json_put_int(j, "us", (int64_t)a->us);
	json_put_bool(j, "cut", a->cut);
	for (size_t i = 0; i < a->n_events; i++)
		json_push(events, event_json(a, &a->events[i]));
	json_put(j, "events", events);
	if (a->object)
		json_put(j, "object", json_copy(a->object));
	else
		json_put_str(j, "object", NULL);
	add_line(out, j);
}
