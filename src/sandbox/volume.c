#include "sandbox/volume.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/io.h"
#include "base/strvec.h"

/* ---- what is written ---- */

static int
refuse_form(const char *text, struct err *err)
{
	err_set(err, ERR_USAGE, "-v '%s' is not HOSTDIR:PATH", text);
	return err_hint(err, "such as:  env new -v ./data:/data:ro");
}

/* Podman reads a mount of its API as a line of CSV. */
static bool
has_bad_byte(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f ||
		    strchr(",\"\\", *s))
			return true;
	return false;
}

/* What environments have of their own; below: all that is in it, too. */
static const struct {
	const char *path;
	bool below;
} taken[] = {{"/proc", true}, {"/sys", true}, {"/dev", true},
    {"/.addesh", true}, {"/tmp", false}, {"/var/tmp", false}, {"/run", false},
    {"/var", false}, {"/etc", false}, {"/etc/passwd", true},
    {"/etc/group", true}, {"/etc/hosts", true}, {"/etc/hostname", true},
    {"/etc/resolv.conf", true}};

bool
volume_is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && (!path[n] || path[n] == '/');
}

static bool
is_taken(const char *target)
{
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		if (!strcmp(target, taken[i].path) ||
		    (taken[i].below &&
			volume_is_below(target, taken[i].path)))
			return true;
	return !*target;
}

/* "//a/b/" is "/a/b"; NULL: a component that leads elsewhere. */
static char *
clean_target(const char *text)
{
	struct strbuf sb = STRBUF_INIT;

	while (*(text += strspn(text, "/"))) {
		size_t n = strcspn(text, "/");

		if ((n == 1 && *text == '.') ||
		    (n == 2 && !strncmp(text, "..", 2))) {
			strbuf_release(&sb);
			return NULL;
		}
		strbuf_addc(&sb, '/');
		strbuf_add(&sb, text, n);
		text += n;
	}
	return strbuf_detach(&sb);
}

static int
set_target(struct volume *v, const char *text, struct err *err)
{
	if (*text != '/') {
		err_set(err, ERR_USAGE, "-v: %s is no absolute path", text);
		return err_hint(err, "where programs see it begins with '/': "
		    "/workspace/%s", text);
	}
	if (strlen(text) < PATH_MAX)
		v->target = clean_target(text);
	if (!v->target)
		return err_set(err, ERR_USAGE,
		    "-v: %s cannot be a path in the environment", text);
	if (is_taken(v->target)) {
		err_set(err, ERR_USAGE,
		    "-v: %s is the environment's own and cannot be another "
		    "directory", *v->target ? v->target : "/");
		return err_hint(err, "/workspace can, and directories in it, "
		    "and new ones such as /data");
	}
	return 0;
}

int
volume_parse(struct volume *v, const char *text, struct err *err)
{
	autofree char *copy = xstrdup(text);
	char *rest = copy, *source = strsep(&rest, ":");
	char *target = strsep(&rest, ":"), *mode = strsep(&rest, ":");

	*v = (struct volume){0};
	if (!*source || !target || !*target || rest)
		return refuse_form(text, err);
	if (mode && *mode == '/')
		return err_set(err, ERR_USAGE,
		    "-v: a path with a colon cannot be given to an engine");
	if (mode && strcmp(mode, "ro") && strcmp(mode, "rw"))
		return err_set(err, ERR_USAGE,
		    "-v: after the second ':' stands ro or rw, not '%s'",
		    mode);
	if (has_bad_byte(source) || has_bad_byte(target))
		return err_set(err, ERR_USAGE,
		    "-v: a path with a comma, a quote, a backslash or a "
		    "control character cannot be given to an engine");
	if (set_target(v, target, err)) {
		volume_release(v);
		return -1;
	}
	v->source = xstrdup(source);
	v->read_only = mode && !strcmp(mode, "ro");
	return 0;
}

void
volume_copy(struct volume *dst, const struct volume *src)
{
	*dst = *src;
	dst->source = xstrdup(src->source);
	dst->target = xstrdup(src->target);
}

void
volume_release(struct volume *v)
{
	free(v->source);
	free(v->target);
	*v = (struct volume){0};
}

/* ---- what is there ---- */

static int
refuse_socket(const struct volume *v, const char *socket, struct err *err)
{
	err_set(err, ERR_POLICY,
	    "-v: %s would give programs the socket %s, and with it whoever "
	    "listens there", v->source, socket);
	return err_hint(err, "name the directory that they need and nothing "
	    "above it");
}

/* Sockets of engines, whose other ends may be in another network namespace,
   where /proc/net/unix does not list them. */
static const char *const engine_sockets[] = {"/run/docker.sock",
    "/run/podman/podman.sock", "/run/containerd/containerd.sock",
    "/run/crio/crio.sock", "/run/buildkit/buildkitd.sock"};

static bool
is_at(const struct volume *v, const char *path)
{
	autofree char *real = realpath(path, NULL);

	return real && volume_is_below(real, v->source);
}

/* Read-only does not keep anybody from connecting: path_resolution(7) asks for
   the right to write to the socket alone.  Lines as in proc_net_unix(5). */
static int
check_listeners(const struct volume *v, struct err *err)
{
	FILE *f = fopen("/proc/net/unix", "re");
	char *line = NULL;
	size_t size = 0;
	int rc = 0;

	while (f && !rc && getline(&line, &size, f) > 0) {
		char *path = strchr(line, '/');

		if (!path || strchr(line, '@'))
			continue;
		path[strcspn(path, "\n")] = '\0';
		if (is_at(v, path))
			rc = refuse_socket(v, path, err);
	}
	free(line);
	if (f)
		fclose(f);
	return rc;
}

/* One of another network namespace may lie in the directory itself. */
static int
check_directory(const struct volume *v, struct err *err)
{
	DIR *dir = opendir(v->source);
	struct dirent *de;
	int rc = 0;

	while (dir && !rc && (de = readdir(dir))) {
		autofree char *path = io_join(v->source, de->d_name);
		struct stat st;

		if (!lstat(path, &st) && S_ISSOCK(st.st_mode))
			rc = refuse_socket(v, path, err);
	}
	if (dir)
		closedir(dir);
	return rc;
}

static int
check_sockets(const struct volume *v, const char *socket, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(engine_sockets); i++)
		if (is_at(v, engine_sockets[i]))
			return refuse_socket(v, engine_sockets[i], err);
	if (socket && is_at(v, socket))
		return refuse_socket(v, socket, err);
	return check_directory(v, err) || check_listeners(v, err) ? -1 : 0;
}

/* Views of the kernel, through which the whole host can be had. */
static bool
is_kernels(const char *path)
{
	static const long magic[] = {PROC_SUPER_MAGIC, SYSFS_MAGIC,
	    CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC,
	    TRACEFS_MAGIC, SECURITYFS_MAGIC, BPF_FS_MAGIC, DEVPTS_SUPER_MAGIC,
	    EFIVARFS_MAGIC};
	struct statfs fs;

	if (!*path || volume_is_below(path, "/dev"))
		return true;
	for (size_t i = 0; !statfs(path, &fs) && i < ARRAY_SIZE(magic); i++)
		if ((long)fs.f_type == magic[i])
			return true;
	return false;
}

int
volume_resolve(struct volume *v, const char *socket, struct err *err)
{
	char *real = realpath(v->source, NULL);
	struct stat st;

	if (!real || stat(real, &st)) {
		int sys = errno;

		free(real);
		err_sys(err, sys, "-v: %s", v->source);
		err->kind = ERR_USAGE;
		return sys == ENOENT && !strchr(v->source, '/')
			   ? err_hint(err, "it is a directory of this host; "
				 "volumes of the engine have no place here")
			   : -1;
	}
	free(v->source);
	v->source = real;
	if (!strcmp(real, "/"))
		*real = '\0'; /* nothing is beside it */
	if (S_ISSOCK(st.st_mode))
		return refuse_socket(v, real, err);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return err_set(err, ERR_USAGE,
		    "-v: %s is neither a directory nor a file", real);
	if (is_kernels(real))
		return err_set(err, ERR_POLICY,
		    "-v: %s is this host itself, not a directory of files",
		    *real ? real : "/");
	if (has_bad_byte(real) || strchr(real, ':'))
		return err_set(err, ERR_USAGE,
		    "-v: a path with a colon, a comma, a quote, a backslash or "
		    "a control character cannot be given to an engine");
	return check_sockets(v, socket, err);
}
