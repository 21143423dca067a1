#include "sandbox/kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

#define SUFFIX ".json"
#define RECORD_VERSION 1
#define RECORD_MAX (4u << 20)
#define RECORDS_MAX 4096 /* that are looked at */

static char *
kept_dir(const struct runtime *rt)
{
	return io_join(rt->state_dir, "kept");
}

char *
kept_path(const struct runtime *rt, const char *id)
{
	return xasprintf("%s/kept/%s" SUFFIX, rt->state_dir, id);
}

/* As runtime_new_id() makes them: it becomes a file's name. */
static bool
is_id(const char *id)
{
	return strlen(id) == 16 && strspn(id, "0123456789abcdef") == 16;
}

int
kept_save(const struct runtime *rt, const json *record, struct err *err)
{
	autofree char *dir = kept_dir(rt), *text = json_print(record);
	autofree char *path = kept_path(rt, json_str(record, "id", ""));

	/* One that is not read would be an environment that is not found. */
	if (strlen(text) > RECORD_MAX)
		return err_set(err, ERR_USAGE,
		    "what was said of the environment is more than %u bytes",
		    RECORD_MAX);
	if (io_mkdirs(dir, 0700, err) ||
	    io_put_file(path, text, strlen(text), 0600, err))
		return err_prefix(err, "the record of the environment");
	return 0;
}

static bool
is_record(const json *j, const char *id)
{
	return json_int(j, "v", 0) == RECORD_VERSION &&
	       !strcmp(json_str(j, "id", ""), id) &&
	       cJSON_IsObject(json_get(j, "box")) &&
	       *json_str(j, "name", "") && json_get(j, "spec");
}

json *
kept_load(const struct runtime *rt, const char *id, struct err *err)
{
	autofree char *path = kept_path(rt, id);
	autobuf struct strbuf sb = STRBUF_INIT;
	autojson json *j = NULL;

	if (!is_id(id) || io_read_file(path, &sb, RECORD_MAX, err)) {
		if (is_id(id) && err->code != ENOENT)
			return NULL;
		err_clear(err);
		err_set(err, ERR_USAGE, "there is no kept environment '%s'",
		    id);
		return NULL;
	}
	j = json_parse(sb.buf, sb.len, err);
	if (j && is_record(j, id))
		return steal(&j);
	err_clear(err);
	if (j && json_int(j, "v", 0) > RECORD_VERSION) {
		err_set(err, ERR_IO, "%s is of a later version of addesh",
		    path);
		return NULL;
	}
	err_set(err, ERR_IO, "%s is damaged", path);
	err_hint(err, "'gc' removes it, and the environment with it");
	err->code = EBADMSG;
	return NULL;
}

bool
kept_exists(const struct runtime *rt, const char *id)
{
	autofree char *path = kept_path(rt, id);

	return is_id(id) && !access(path, F_OK);
}

char *
kept_last_path(const struct runtime *rt, const char *id)
{
	return xasprintf("%s/kept/%s.last", rt->state_dir, id);
}

char *
kept_undo_path(const struct runtime *rt, const char *id)
{
	return xasprintf("%s/kept/%s.undo", rt->state_dir, id);
}

char *
kept_check_path(const struct runtime *rt, const char *id, const char *name)
{
	return xasprintf("%s/kept/%s.check-%s", rt->state_dir, id, name);
}

int
kept_put_beside(const struct runtime *rt, const char *id, const char *path,
    const void *p, size_t n, struct err *err)
{
	int rc = io_put_file(path, p, n, 0600, err);

	if (!kept_exists(rt, id))
		unlink(path);
	return rc;
}

/* The last log, what can be undone, programs of checks, and what a process left that was killed
   while it wrote. */
static void
remove_rest(const struct runtime *rt, const char *id)
{
	autofree char *path = kept_dir(rt), *last = xasprintf("%s.last", id);
	autofree char *draft = xasprintf("%s" SUFFIX ".", id);
	autofree char *undo = xasprintf("%s.undo", id);
	autofree char *check = xasprintf("%s.check-", id);
	DIR *dir = opendir(path);
	struct dirent *de;

	while (dir && (de = readdir(dir)))
		if (str_starts(de->d_name, last) ||
		    str_starts(de->d_name, undo) ||
		    str_starts(de->d_name, check) ||
		    str_starts(de->d_name, draft))
			unlinkat(dirfd(dir), de->d_name, 0);
	if (dir)
		closedir(dir);
}

void
kept_drafts(const struct runtime *rt, struct strvec *ids)
{
	autofree char *path = kept_dir(rt);
	DIR *dir = opendir(path);
	struct dirent *de;

	while (dir && (de = readdir(dir))) {
		autofree char *id =
		    xstrndup(de->d_name, strcspn(de->d_name, "."));

		if (str_ends(de->d_name, "~") && is_id(id) &&
		    str_starts(de->d_name + strlen(id), SUFFIX ".") &&
		    !kept_exists(rt, id))
			strvec_push(ids, id);
	}
	if (dir)
		closedir(dir);
}

int
kept_remove(const struct runtime *rt, const char *id, struct err *err)
{
	autofree char *path = kept_path(rt, id);

	remove_rest(rt, id);
	if (!unlink(path) || errno == ENOENT)
		return 0;
	return err_sys(err, errno, "%s", path);
}

static int
compare_age(const void *a, const void *b)
{
	const json *const *x = a, *const *y = b;
	int64_t dx = json_int(*x, "opened_ms", 0);
	int64_t dy = json_int(*y, "opened_ms", 0);

	return dx < dy ? -1 : dx > dy;
}

static json *
sorted(json **v, size_t n)
{
	json *list = json_array();

	qsort(v, n, sizeof(*v), compare_age);
	for (size_t i = 0; i < n; i++)
		json_push(list, v[i]);
	return list;
}

json *
kept_list(const struct runtime *rt, struct strvec *wrong)
{
	autofree char *path = kept_dir(rt);
	autofree json **v = xcalloc(RECORDS_MAX, sizeof(*v));
	DIR *dir = opendir(path);
	struct dirent *de;
	size_t n = 0;

	while (dir && n < RECORDS_MAX && (de = readdir(dir))) {
		autoerr struct err err = ERR_INIT;
		autofree char *id = xstrdup(de->d_name);

		if (!str_ends(id, SUFFIX))
			continue;
		id[strlen(id) - strlen(SUFFIX)] = '\0';
		v[n] = is_id(id) ? kept_load(rt, id, &err) : NULL;
		if (v[n])
			n++;
		else if (wrong && is_id(id) && err.kind == ERR_IO)
			strvec_push_owned(wrong, io_join(path, de->d_name));
	}
	if (dir)
		closedir(dir);
	return sorted(v, n);
}

struct runtime
kept_runtime(const json *record, const struct runtime *own)
{
	struct runtime rt = *own;
	const char *dir = json_str(record, "runtime_dir", "");

	/* One that went with the login: nobody holds a lock there. */
	if (runtime_dir_is_ours(dir))
		rt.runtime_dir = (char *)dir;
	return rt;
}

bool
kept_is_far(const json *record)
{
	const char *owner = json_str(record, "owner", NULL);
	const char *engine =
	    json_str(json_get(record, "box"), "engine", "unix:");

	return owner && str_starts(engine, "unix:") && !owner_is_near(owner);
}

/* ---- whether it lives ---- */

static enum kept_state
runner_state(const json *box, const char *runner)
{
	enum owner_state state = owner_state(runner);

	if (state == OWNER_ELSEWHERE)
		return KEPT_UNKNOWN;
	if (state == OWNER_DEAD)
		return KEPT_ENDED;
	return access(json_str(box, "socket", ""), F_OK) && errno == ENOENT
		   ? KEPT_LOST
		   : KEPT_LIVES;
}

static enum kept_state
container_state(const json *containers, const char *id)
{
	const json *c;

	json_each (c, containers)
		if (!strcmp(json_str(c, "Id", ""), id))
			return strcmp(json_str(c, "State", ""), "running")
				   ? KEPT_ENDED
				   : KEPT_LIVES;
	return KEPT_ENDED;
}

enum kept_state
kept_state(const json *record, const json *containers, const char *engine)
{
	const json *box = json_get(record, "box");
	const char *runner = json_str(box, "runner", NULL);
	enum kept_state state;

	if (runner)
		return runner_state(box, runner);
	if (!containers || !engine ||
	    strcmp(json_str(box, "engine", ""), engine))
		return KEPT_UNKNOWN;
	state = container_state(containers, json_str(box, "container", ""));
	return state == KEPT_ENDED && kept_is_far(record) ? KEPT_UNKNOWN
							  : state;
}

/* ---- what it was asked to be ---- */

/* Numbers of struct limits under the names of the policy's settings. */
static const struct {
	const char *name;
	size_t offset;
} numbers[] = {
    {"memory_limit", offsetof(struct limits, memory)},
    {"disk_limit", offsetof(struct limits, disk)},
    {"tmp_limit", offsetof(struct limits, tmp)},
    {"shm_limit", offsetof(struct limits, shm)},
    {"output_limit", offsetof(struct limits, output)},
    {"cpu_milli", offsetof(struct limits, cpu_milli)},
    {"pids_limit", offsetof(struct limits, pids)},
    {"timeout_ms", offsetof(struct limits, timeout_ms)},
};

static uint64_t *
number_at(const struct limits *l, size_t i)
{
	return (uint64_t *)((char *)l + numbers[i].offset);
}

static json *
limits_json(const struct limits *l)
{
	json *j = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		json_put_int(j, numbers[i].name, (int64_t)*number_at(l, i));
	json_put_int(j, "network", l->network);
	json_put_int(j, "user", l->user);
	json_put_int(j, "workspace", l->workspace);
	json_put_bool(j, "writable", l->writable);
	return j;
}

static json *
volumes_json(const struct env_spec *spec)
{
	json *list = json_array();

	for (size_t i = 0; i < spec->nvolumes; i++) {
		json *v = json_object();

		json_put_str(v, "source", spec->volumes[i].source);
		json_put_str(v, "target", spec->volumes[i].target);
		json_put_bool(v, "read_only", spec->volumes[i].read_only);
		json_push(list, v);
	}
	return list;
}

static json *
ports_json(const struct env_spec *spec)
{
	json *list = json_array();

	for (size_t i = 0; i < spec->nports; i++) {
		json *p = json_object();

		json_put_int(p, "host", spec->ports[i].host);
		json_put_int(p, "container", spec->ports[i].container);
		json_put_bool(p, "udp", spec->ports[i].udp);
		json_push(list, p);
	}
	return list;
}

json *
kept_spec_json(const struct env_spec *spec)
{
	json *j = json_object();

	json_put_str(j, "kind",
	    spec->kind == BOX_RESTRICTED ? "restricted" : "engine");
	json_put_str(j, "name", spec->name);
	json_put_str(j, "image", spec->image);
	json_put_str(j, "layer", spec->layer);
	json_put_bool(j, "image_cmd", spec->image_cmd);
	json_put_str(j, "workdir", spec->workdir);
	json_put_str(j, "user", spec->user);
	json_put_str(j, "session", spec->session);
	json_put(j, "env", json_from_strings(&spec->env));
	json_put(j, "limits", limits_json(&spec->limits));
	json_put(j, "volumes", volumes_json(spec));
	json_put(j, "ports", ports_json(spec));
	return j;
}

/* A number out of its range is a damaged record, as is one below 0. */
static int
read_word(const json *j, const char *name, int max, struct err *err)
{
	int64_t n = json_int(j, name, -1);

	if (n >= 0 && n <= max)
		return (int)n;
	return err_set(err, ERR_IO, "%s: not a value of it", name);
}

static int
read_limits(const json *j, struct limits *l, struct err *err)
{
	int network = read_word(j, "network", NET_FULL, err);
	int user = read_word(j, "user", USER_NAMED, err);
	int workspace = read_word(j, "workspace", WORKSPACE_DISK, err);

	if (network < 0 || user < 0 || workspace < 0)
		return -1;
	l->network = (enum net_mode)network;
	l->user = (enum user_kind)user;
	l->workspace = (enum workspace_kind)workspace;
	l->writable = json_bool(j, "writable", false);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		int64_t n = json_int(j, numbers[i].name, -1);

		if (n < 0)
			return err_set(err, ERR_IO, "%s: not a value of it",
			    numbers[i].name);
		*number_at(l, i) = (uint64_t)n;
	}
	return 0;
}

static void
read_volumes(const json *list, struct env_spec *spec)
{
	const json *item;

	json_each (item, list) {
		struct volume v = {
		    .source = xstrdup(json_str(item, "source", "")),
		    .target = xstrdup(json_str(item, "target", "")),
		    .read_only = json_bool(item, "read_only", true)};

		env_spec_add_volume(spec, &v);
	}
}

static void
read_ports(const json *list, struct env_spec *spec)
{
	const json *item;

	json_each (item, list) {
		struct port p = {.host = (uint16_t)json_int(item, "host", 0),
		    .container = (uint16_t)json_int(item, "container", 0),
		    .udp = json_bool(item, "udp", false)};

		env_spec_add_port(spec, &p);
	}
}

static char *
read_text(const json *j, const char *name)
{
	const char *s = json_str(j, name, NULL);

	return s ? xstrdup(s) : NULL;
}

int
kept_spec_read(const json *j, struct env_spec *spec, struct err *err)
{
	env_spec_init(spec);
	spec->kind = strcmp(json_str(j, "kind", ""), "restricted")
			 ? BOX_ENGINE
			 : BOX_RESTRICTED;
	spec->name = read_text(j, "name");
	spec->image = read_text(j, "image");
	spec->layer = read_text(j, "layer");
	spec->image_cmd = json_bool(j, "image_cmd", false);
	spec->workdir = read_text(j, "workdir");
	spec->user = read_text(j, "user");
	spec->session = read_text(j, "session");
	json_strings(json_get(j, "env"), &spec->env);
	read_volumes(json_get(j, "volumes"), spec);
	read_ports(json_get(j, "ports"), spec);
	if (!spec->name)
		return err_set(err, ERR_IO, "name: missing");
	return read_limits(json_get(j, "limits"), &spec->limits, err);
}
