#include "cmd/build_input.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

/* Names of a directory's top that are looked at for a project file. */
#define NAMES_MAX 10000

/* In this order, as Docker's and Podman's clients look for them. */
static const char *const dockerfile_names[] = {
    "Dockerfile", "dockerfile", "Containerfile", NULL};

static int
open_staged(struct build_input *in, struct call *c)
{
	const char *name = c->argv[0] + 1;
	size_t len;

	in->staged = staging_find(
	    &c->session->staging, *name ? name : NULL, &c->err);
	if (!in->staged)
		return -1;
	if (!in->staged->n) {
		err_set(&c->err, ERR_USAGE, "the context %s is empty",
		    in->staged->name);
		return err_hint(&c->err, "add files to it:  context add -c %s "
		    "FILE", in->staged->name);
	}
	in->title = xstrdup(in->staged->name);
	in->ignore = template_read("dockerignore", &len, &c->err);
	return in->ignore ? 0 : -1;
}

/* Who staged a context may forget the @. */
static int
no_directory(struct call *c, const char *path, int sys)
{
	autoerr struct err none = ERR_INIT;

	err_sys(&c->err, sys, "%s", path);
	if (staging_find(&c->session->staging, path, &none))
		err_hint(&c->err, "the context of this name:  build @%s", path);
	return -1;
}

static int
open_root(struct build_input *in, struct call *c)
{
	const char *path = c->argv[0], *slash;
	struct stat st;

	if (!*path)
		return err_set(&c->err, ERR_USAGE,
		    "PATH is empty: the directory here is .");
	if (strstr(path, "://") || str_starts(path, "git@")) {
		err_set(&c->err, ERR_USAGE,
		    "%s: only directories of this host are built", path);
		return err_hint(&c->err, "fetch it, then name its directory");
	}
	if (call_may_use_path(c, SET_HOST_READ, path))
		return -1;
	in->root = realpath(path, NULL);
	if (!in->root || stat(in->root, &st) < 0)
		return no_directory(c, path, errno);
	if (!S_ISDIR(st.st_mode)) {
		err_sys(&c->err, ENOTDIR, "%s", path);
		return err_hint(&c->err,
		    "name the directory, and a Dockerfile with -f:  "
		    "build -f %s .", path);
	}
	slash = strrchr(in->root, '/');
	in->title = xstrdup(slash[1] ? slash + 1 : "root");
	return 0;
}

/* -f is a path from here; from PATH is what somebody may have meant. */
static int
no_dockerfile(const struct build_input *in, struct call *c, const char *path,
    int sys)
{
	autofree char *below = in->root ? io_join(in->root, path) : NULL;

	if (!*path) {
		err_set(&c->err, ERR_USAGE,
		    "-f: the name of the Dockerfile is empty");
		return err_hint(&c->err,
		    "without -f it is PATH/Dockerfile, or that of the context");
	}
	err_sys(&c->err, sys, "%s", path);
	if (below && *path != '/' && !access(below, F_OK))
		err_hint(&c->err, "-f is a path from here, not from %s",
		    c->argv[0]);
	return -1;
}

/* Where it is below root, both without links; NULL: it is not. */
static const char *
path_below(const char *root, const char *full)
{
	size_t n = strlen(root);

	if (!strcmp(root, "/"))
		return full + 1;
	return !strncmp(full, root, n) && full[n] == '/' ? full + n + 1 : NULL;
}

/* A file of the directory that is a link to one outside: whoever made the
   directory chose what is read, and would be shown and sent it. */
static bool
leads_out(const char *root, const char *path, const char *full)
{
	const char *slash = strrchr(path, '/');
	autofree char *above =
	    slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
	autofree char *dir = realpath(above, NULL);

	return dir && !path_below(root, full) &&
	       (!strcmp(dir, root) || path_below(root, dir));
}

/* Reads a Dockerfile of this host; it may be one of the context's files. */
static int
read_host(struct build_input *in, struct call *c, const char *path,
    const char *name)
{
	autofree char *full = realpath(path, NULL);
	const char *inside;

	if (!full)
		return no_dockerfile(in, c, path, errno);
	if (in->root && leads_out(in->root, path, full)) {
		err_set(&c->err, ERR_USAGE,
		    "%s is a link that leads out of the directory", path);
		return err_hint(&c->err, "if that file is meant:  build -f %s "
		    "%s", full, c->argv[0]);
	}
	if (call_may_use_path(c, SET_HOST_READ, path) ||
	    io_read_file(full, &in->text, DOCKERFILE_MAX, &c->err))
		return -1;
	in->name = xstrdup(name);
	inside = in->root ? path_below(in->root, full) : NULL;
	if (inside)
		in->inside = xstrdup(inside);
	return 0;
}

static bool
read_staged(struct build_input *in, const char *path)
{
	const struct context_file *file =
	    in->staged ? staged_file(in->staged, path) : NULL;

	if (!file)
		return false;
	strbuf_add(&in->text, file->data, file->size);
	in->name = xstrdup(path);
	in->inside = xstrdup(path);
	return true;
}

/* 1 if the context has one. */
static int
find_dockerfile(struct build_input *in, struct call *c)
{
	struct stat st;

	for (size_t i = 0; dockerfile_names[i]; i++) {
		const char *name = dockerfile_names[i];
		autofree char *path =
		    in->root ? io_join(in->root, name) : NULL;

		if (read_staged(in, name))
			return 1;
		if (path && !lstat(path, &st))
			return read_host(in, c, path, name) ? -1 : 1;
	}
	return 0;
}

static int
list_names(const struct build_input *in, struct strvec *names,
    struct err *err)
{
	DIR *dir = in->root ? opendir(in->root) : NULL;
	struct dirent *e;

	for (size_t i = 0; in->staged && i < in->staged->n; i++)
		if (!strchr(in->staged->files[i].path, '/'))
			strvec_push(names, in->staged->files[i].path);
	if (in->staged)
		return 0;
	if (!dir)
		return err_sys(err, errno, "%s", in->root);
	while (names->n < NAMES_MAX && (e = readdir(dir)))
		strvec_push(names, e->d_name);
	closedir(dir);
	return 0;
}

static void
tell_template(const struct build_input *in, struct call *c)
{
	autobuf struct strbuf why = STRBUF_INIT;

	for (size_t i = 0; i < in->template.files.n; i++)
		strbuf_addf(
		    &why, "%s%s", i ? ", " : "", in->template.files.v[i]);
	call_note(c, "no Dockerfile; the template %s fits %s",
	    in->template.name, why.buf);
}

static int
use_template(struct build_input *in, struct call *c)
{
	autovec struct strvec names = STRVEC_INIT;
	struct languages *all = session_languages(c->session, &c->err);
	size_t len;

	if (!all || list_names(in, &names, &c->err) ||
	    template_choose(all, &names, c->argv[0], &in->template, &c->err))
		return -1;
	/* A template copies everything. */
	if (!in->ignore)
		in->ignore = template_read("dockerignore", &len, &c->err);
	if (!in->ignore)
		return -1;
	tell_template(in, c);
	strbuf_add(&in->text, in->template.text, in->template.len);
	in->name = xasprintf("%s.Dockerfile", in->template.name);
	return 0;
}

static int
take_dockerfile(struct build_input *in, struct call *c)
{
	const char *file = call_str(c, "file");
	int rc;

	if (c->heredoc) {
		if (file)
			return err_set(&c->err, ERR_USAGE,
			    "the Dockerfile is either the heredoc or -f's");
		strbuf_add(&in->text, c->heredoc->buf, c->heredoc->len);
		in->name = xstrdup("Dockerfile");
		return 0;
	}
	if (file && !strcmp(file, "-")) {
		err_set(&c->err, ERR_USAGE,
		    "-f -: the Dockerfile stands in a heredoc");
		return err_hint(&c->err, "build %s <<EOF", c->argv[0]);
	}
	if (file)
		return read_staged(in, file)
			   ? 0
			   : read_host(in, c, file, file);
	rc = find_dockerfile(in, c);
	return rc ? (rc < 0 ? -1 : 0) : use_template(in, c);
}

int
build_input_take(struct build_input *in, struct call *c)
{
	int rc = *c->argv[0] == '@' ? open_staged(in, c) : open_root(in, c);

	return rc ? -1 : take_dockerfile(in, c);
}

/* A file that is there is never replaced; 1: it is there. */
static int
write_new(struct build_input *in, struct call *c, const char *name,
    const char *text, size_t len)
{
	autofree char *path = io_join(in->root, name);
	int fd, rc;

	if (call_may_use_path(c, SET_HOST_WRITE, path))
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0644);
	if (fd < 0 && errno == EEXIST)
		return 1;
	if (fd < 0)
		return err_sys(&c->err, errno, "%s", path);
	rc = io_write_all(fd, text, len);
	if (close(fd) || rc)
		return err_sys(&c->err, errno, "%s", path);
	call_note(c, "%s written", path);
	return 0;
}

int
build_input_write(struct build_input *in, struct call *c)
{
	int rc;

	if (!in->root) {
		err_set(&c->err, ERR_USAGE,
		    "--write: a context has no directory to write to");
		return err_hint(&c->err,
		    "add a Dockerfile:  context add Dockerfile <<EOF");
	}
	if (!in->template.name) {
		err_set(&c->err, ERR_USAGE, "--write: there is a Dockerfile");
		return err_hint(&c->err, "build it:  build %s", c->argv[0]);
	}
	rc = write_new(in, c, dockerfile_names[0], in->text.buf, in->text.len);
	if (rc)
		return rc < 0 ? -1 : err_sys(&c->err, EEXIST, "%s/%s",
			in->root, dockerfile_names[0]);
	/* Or the next build, which has a Dockerfile, would send all files. */
	if (write_new(in, c, ".dockerignore", in->ignore,
		strlen(in->ignore)) < 0)
		return -1;
	free(in->name);
	in->name = xstrdup(dockerfile_names[0]);
	in->inside = xstrdup(dockerfile_names[0]);
	return 0;
}

void
build_input_plan(const struct build_input *in, struct build_plan *plan)
{
	plan->root = in->root;
	if (in->staged) {
		plan->files = in->staged->files;
		plan->nfiles = in->staged->n;
	}
	plan->ignore = in->ignore;
	plan->name = in->name;
	plan->inside = in->inside;
	plan->text = in->text.buf;
	plan->len = in->text.len;
}

void
build_input_release(struct build_input *in)
{
	template_choice_release(&in->template);
	strbuf_release(&in->text);
	free(in->root);
	free(in->title);
	free(in->name);
	free(in->inside);
	free(in->ignore);
}
