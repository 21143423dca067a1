/*
 * The configuration: what the first HELLO says, and what of it can be had.
 */
#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PASSWD_MAX 65536

uid_t
config_slot_uid(const struct config *c, int slot)
{
	return c->shared_uid ? c->uid : c->uid + (uid_t)slot;
}

/* Reads the image's own file before any code ran; it still may be a trap. */
static char *
read_passwd(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char *buf = malloc(PASSWD_MAX + 1);
	struct stat st;
	ssize_t n = -1;

	if (fd >= 0 && buf != NULL && fstat(fd, &st) == 0 &&
	    S_ISREG(st.st_mode))
		n = read(fd, buf, PASSWD_MAX);
	if (fd >= 0)
		close(fd);
	if (n < 0) {
		free(buf);
		return NULL;
	}
	buf[n] = '\0';
	return buf;
}

/* The field-th number of the line NAME:... of a file like passwd(5). */
static int
lookup(const char *path, const char *name, int field, uint64_t *v)
{
	char *text = read_passwd(path);
	size_t n = strlen(name);
	const char *p = text;
	int found = -1;

	while (p != NULL && *p != '\0' && found < 0) {
		if (strncmp(p, name, n) == 0 && p[n] == ':') {
			for (int i = 0; i < field && p != NULL; i++) {
				p = strchr(p, ':');
				p = p != NULL ? p + 1 : NULL;
			}
			found = p != NULL ? text_scan(&p, v) : -1;
			break;
		}
		p = strchr(p, '\n');
		p = p != NULL ? p + 1 : NULL;
	}
	free(text);
	return found;
}

static int
number_or_name(const char *s, const char *path, uint64_t *v)
{
	const char *p = s;

	if (text_scan(&p, v) == 0 && *p == '\0')
		return 0;
	return lookup(path, s, 2, v);
}

/* USER of an image: a name or number, and perhaps ":" and a group's.  The ":"
   is overwritten; returns 1 if there was a group. */
static int
find_user(char *user, uid_t *found, gid_t *found_group)
{
	char *group = strchr(user, ':');
	uint64_t uid, gid = 0;

	if (group != NULL)
		*group++ = '\0';
	if (number_or_name(user, "/etc/passwd", &uid) < 0)
		return -1;
	if (group != NULL) {
		if (number_or_name(group, "/etc/group", &gid) < 0)
			return -1;
	} else {
		(void)lookup("/etc/passwd", user, 3, &gid);
	}
	if (uid >= UINT32_MAX || gid >= UINT32_MAX)
		return -1;
	*found = (uid_t)uid;
	*found_group = (gid_t)gid;
	return group != NULL;
}

static int
set_image_user(struct config *c, char *user)
{
	if (find_user(user, &c->uid, &c->gid) < 0)
		return -1;
	c->shared_uid = true;
	return 0;
}

/* Whether a line of group(5) has the name among its members; they stand behind
   the third colon. */
static bool
is_member(const char *line, const char *name)
{
	size_t n = strlen(name);
	const char *p = line;

	for (int i = 0; i < 3; i++) {
		p = strpbrk(p, ":\n");
		if (p == NULL || *p++ != ':')
			return false;
	}
	for (;; p++) {
		if (strncmp(p, name, n) == 0 && strchr(",\n", p[n]) != NULL)
			return true;
		p += strcspn(p, ",\n");
		if (*p != ',')
			return false;
	}
}

static void
find_groups(struct config *c, const char *name)
{
	char *text = read_passwd("/etc/group");
	const char *line = text, *p;
	uint64_t gid;

	while (line != NULL && *line != '\0' &&
	    c->service_ngroups < GROUPS_MAX) {
		p = is_member(line, name) ? strchr(line, ':') : NULL;
		p = p != NULL ? strchr(p + 1, ':') : NULL;
		if (p != NULL && (p++, text_scan(&p, &gid)) == 0 &&
		    gid < UINT32_MAX)
			c->service_groups[c->service_ngroups++] = (gid_t)gid;
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
	free(text);
}

/* HOME as of passwd(5), where the image sets none. */
static void
find_home(struct config *c, const char *name)
{
	char *text = read_passwd("/etc/passwd"), *p = text, *home = NULL;
	size_t n = strlen(name);

	while (p != NULL && (strncmp(p, name, n) != 0 || p[n] != ':')) {
		p = strchr(p, '\n');
		p = p != NULL ? p + 1 : NULL;
	}
	for (int i = 0; p != NULL && i < 5; i++) {
		p = strpbrk(p, ":\n");
		p = p != NULL && *p == ':' ? p + 1 : NULL;
	}
	if (p != NULL && *p == '/') {
		p[strcspn(p, ":\n")] = '\0';
		/* in front of it, in the place of what was read already */
		home = p - 5;
		memcpy(home, "HOME=", 5);
	}
	if (home != NULL)
		(void)texts_set_env(&c->service.env, home, strlen(home));
	else
		(void)texts_set_env(&c->service.env, "HOME=/", 6);
	free(text);
}

/* Runs end by kill(2) of their uid: the service cannot have one of theirs. */
static int
check_service(struct config *c)
{
	const char *user = c->service_user != NULL ? c->service_user : "root";
	int named = 0;

	if (c->service.argv.n == 0)
		return 0;
	if (c->service_user != NULL)
		named = find_user(c->service_user, &c->service_uid,
		    &c->service_gid);
	else
		c->service_uid = c->self;
	if (named < 0 || (c->service_uid >= c->uid &&
	    c->service_uid <= c->uid + SLOTS_MAX) ||
	    (c->shared_uid && c->service_uid == c->uid))
		return -1;
	if (named == 0)
		find_groups(c, user);
	if (texts_env(&c->service.env, "HOME") == NULL)
		find_home(c, user);
	return 0;
}

static int
set_user(struct config *c, const struct field *f)
{
	char *user = text_of_field(f);
	int set = 0;

	if (user == NULL)
		return -1;
	if (strcmp(user, "root") == 0) {
		c->uid = 0;
		c->gid = 0;
		c->shared_uid = true;
	} else if (strcmp(user, "sandbox") != 0) {
		set = set_image_user(c, user);
	}
	free(user);
	return set;
}

static bool
field_is(const struct field *f, const char *text)
{
	return f->len == strlen(text) && memcmp(f->data, text, f->len) == 0;
}

static int
set_filter(struct config *c, const struct field *f)
{
	if (f->len == 0 || f->len % 8 != 0 || f->len / 8 > 4096)
		return -1;
	free(c->filter);
	c->filter = malloc(f->len);
	if (c->filter == NULL)
		return -1;
	memcpy(c->filter, f->data, f->len);
	c->filter_len = f->len;
	return 0;
}

static int
set_text(struct config *c, struct cgroup *cg, const struct field *f)
{
	switch (f->key) {
	case PROTO_K_USER:
		return set_user(c, f);
	case PROTO_K_ISOLATION:
		c->pidns = field_is(f, "pidns");
		c->tree = field_is(f, "tree");
		return c->pidns || c->tree || field_is(f, "uid") ? 0 : -1;
	case PROTO_K_WORKSPACE:
		free(c->workspace);
		c->workspace = text_of_field(f);
		return c->workspace != NULL ? 0 : -1;
	case PROTO_K_PLACE:
		return texts_add(&c->places, f->data, f->len);
	case PROTO_K_BASE_ENV:
		return texts_set_env(&c->env, f->data, f->len);
	case PROTO_K_SECCOMP:
		return set_filter(c, f);
	case PROTO_K_CGROUP_FD:
		return cgroup_take(cg, f);
	case PROTO_K_SERVICE_ARG:
		return texts_add(&c->service.argv, f->data, f->len);
	case PROTO_K_SERVICE_ENV:
		return texts_set_env(&c->service.env, f->data, f->len);
	case PROTO_K_SERVICE_CWD:
		free(c->service.cwd);
		c->service.cwd = text_of_field(f);
		return c->service.cwd != NULL ? 0 : -1;
	case PROTO_K_SERVICE_USER:
		free(c->service_user);
		c->service_user = text_of_field(f);
		return c->service_user != NULL ? 0 : -1;
	default:
		return 0;
	}
}

static int
set_number(struct config *c, const struct field *f)
{
	uint64_t v;

	if (field_u64(f, &v) < 0)
		return -1;
	switch (f->key) {
	case PROTO_K_UID:
		c->uid = (uid_t)v;
		return v < UINT32_MAX - SLOTS_MAX - 1 ? 0 : -1;
	case PROTO_K_GID:
		c->gid = (gid_t)v;
		return v < UINT32_MAX ? 0 : -1;
	case PROTO_K_LEASE_MS:
		c->lease_us = v > PROTO_LEASE_MS_MAX ? 0 : v * 1000;
		return v > PROTO_LEASE_MS_MAX ? -1 : 0;
	case PROTO_K_KEEP:
		c->keep = v != 0;
		return 0;
	case PROTO_K_NOFILE:
		c->nofile_soft = v >> 32;
		c->nofile_hard = (uint32_t)v;
		return c->nofile_soft <= c->nofile_hard ? 0 : -1;
	case PROTO_K_SERVICE_STAYS:
		c->service_stays = v != 0;
		return 0;
	default: /* PROTO_K_NPROC */
		c->nproc = v;
		c->has_nproc = true;
		return 0;
	}
}

static int
set_field(struct config *c, struct cgroup *cg, const struct field *f)
{
	switch (f->key) {
	case PROTO_K_UID:
	case PROTO_K_GID:
	case PROTO_K_LEASE_MS:
	case PROTO_K_KEEP:
	case PROTO_K_NOFILE:
	case PROTO_K_NPROC:
	case PROTO_K_SERVICE_STAYS:
		return set_number(c, f);
	default:
		return set_text(c, cg, f);
	}
}

/* USER overrides UID and GID, wherever it stands. */
static int
read_fields(struct config *c, struct cgroup *cg, const struct message *m,
    bool user)
{
	struct field_reader r;
	struct field f;
	int more;

	field_reader_init(&r, m->data, m->len);
	while ((more = field_next(&r, &f)) > 0)
		if ((f.key == PROTO_K_USER) == user && set_field(c, cg, &f) < 0)
			return -1;
	return more;
}

/*
 * Whether processes can be given uids: without the right to (an ordinary
 * user's namespace) all have the runner's own.
 */
static void
check_uids(struct config *c)
{
	c->self = c->began = geteuid();
	if (c->tree) {
		c->uid = c->self;
		c->gid = getegid();
	}
	if (c->uid == c->self) {
		c->shared_uid = true;
		return;
	}
	if (setresuid(-1, c->uid, -1) == 0) {
		if (setresuid(-1, c->self, -1) != 0)
			_exit(1);
		return;
	}
	c->uid = c->self;
	c->gid = getegid();
	c->shared_uid = true;
	(void)texts_add(&c->notes, "code has the runner's own uid", 29);
}

/* Nothing stays of a HELLO that was refused. */
static void
config_clear(struct config *c)
{
	texts_release(&c->places);
	texts_release(&c->env);
	texts_release(&c->notes);
	texts_release(&c->service.argv);
	texts_release(&c->service.env);
	free(c->service.cwd);
	free(c->service_user);
	free(c->workspace);
	free(c->filter);
	memset(c, 0, sizeof(*c));
	c->nofile_soft = 1024;
	c->nofile_hard = 4096;
	c->uid = c->gid = 65534;
	c->disk_fd = -1;
}

/*
 * Whether runs can have namespaces of their own: a user namespace may lack the
 * right, or hold a /proc that is partly covered.
 */
static void
check_pidns(struct config *c)
{
	pid_t pid = pidns_fork();
	int status = -1;

	if (pid == 0)
		_exit(pidns_mount() < 0);
	if (pid > 0 && waitpid(pid, &status, 0) == pid && status == 0)
		return;
	c->pidns = false;
	(void)texts_add(&c->notes, "runs have no PID namespace of their own",
	    39);
}

int
config_read(struct config *c, struct cgroup *cg, const struct message *m,
    const char **text)
{
	config_clear(c);
	*text = "configuration";
	if (read_fields(c, cg, m, false) < 0)
		return -1;
	*text = "user";
	if (read_fields(c, cg, m, true) < 0)
		return -1;
	if (c->pidns)
		check_pidns(c);
	check_uids(c);
	*text = "the service's user";
	if (check_service(c) < 0)
		return -1;
	places_open(c);
	if (!cg->passed)
		leave_root(c);
	c->set = true;
	return 0;
}
