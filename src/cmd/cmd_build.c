/* build: an image from a directory or a staged context. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "cmd/build_view.h"
#include "cmd/call.h"
#include "cmd/host.h"
#include "project/template.h"
#include "session/build.h"

/* Of a directory's top that are looked at for a project file. */
#define NAMES_MAX 10000

/* In this order, as Docker's and Podman's clients look for them. */
static const char *const dockerfile_names[] = {
    "Dockerfile", "dockerfile", "Containerfile", NULL};

/* A call of build. */
struct build_call {
	struct call *c;
	struct build_plan plan;
	char *root;   /* without links; NULL: a staged context */
	const struct staged *staged;
	char *rules; /* of a staged context without .dockerignore */
	char *name;   /* of the Dockerfile, for people */
	char *inside; /* its path in the context; NULL: it is not there */
	struct strbuf text;
	struct template_choice template; /* name NULL: none was needed */
	struct strvec tags, args;
};

/* "@NAME", or "@" for the context that is selected. */
static int
open_staged(struct build_call *b, const char *name)
{
	struct call *c = b->c;
	size_t len;

	b->staged = staging_find(
	    &c->session->staging, *name ? name : NULL, &c->err);
	if (!b->staged)
		return -1;
	if (!b->staged->n) {
		err_set(&c->err, ERR_USAGE, "the context %s is empty",
		    b->staged->name);
		return err_hint(&c->err, "add files to it:  context add -c %s "
		    "FILE", b->staged->name);
	}
	b->rules = template_read("dockerignore", &len, &c->err);
	b->plan.files = b->staged->files;
	b->plan.nfiles = b->staged->n;
	b->plan.ignore = b->rules;
	return b->rules ? 0 : -1;
}

static int
open_root(struct build_call *b)
{
	struct call *c = b->c;
	const char *path = c->argv[0];
	struct stat st;

	if (*path == '@')
		return open_staged(b, path + 1);
	if (strstr(path, "://") || str_starts(path, "git@")) {
		err_set(&c->err, ERR_USAGE, "%s: only directories are built",
		    path);
		return err_hint(&c->err,
		    "fetch it first:  | git clone, then build its directory");
	}
	if (call_may_use_path(c, SET_HOST_READ, path))
		return -1;
	b->root = realpath(path, NULL);
	if (!b->root || stat(b->root, &st) < 0)
		return err_sys(&c->err, errno, "%s", path);
	if (!S_ISDIR(st.st_mode)) {
		err_sys(&c->err, ENOTDIR, "%s", path);
		return err_hint(&c->err,
		    "name the directory; its Dockerfile with -f:  build -f %s "
		    "DIR", path);
	}
	b->plan.root = b->root;
	return 0;
}

/* Reads the Dockerfile at path; inside it is one of the context's files. */
static int
read_dockerfile(struct build_call *b, const char *path, const char *name)
{
	struct call *c = b->c;
	autofree char *full = realpath(path, NULL);
	size_t n = b->root ? strlen(b->root) : 0;

	if (!full)
		return err_sys(&c->err, errno, "%s", path);
	if (call_may_use_path(c, SET_HOST_READ, path) ||
	    io_read_file(full, &b->text, DOCKERFILE_MAX, &c->err))
		return -1;
	b->name = xstrdup(name);
	if (b->root && !strncmp(full, b->root, n) && full[n] == '/')
		b->inside = xstrdup(full + n + 1);
	return 0;
}

/* True if the context holds it. */
static bool
take_staged(struct build_call *b, const char *path)
{
	const struct context_file *f = staged_file(b->staged, path);

	if (!f)
		return false;
	strbuf_add(&b->text, f->data, f->size);
	b->name = xstrdup(path);
	b->inside = xstrdup(path);
	return true;
}

/* 1 if the directory has one. */
static int
find_dockerfile(struct build_call *b)
{
	struct stat st;

	for (size_t i = 0; b->staged && dockerfile_names[i]; i++)
		if (take_staged(b, dockerfile_names[i]))
			return 1;
	if (b->staged)
		return 0;
	for (size_t i = 0; dockerfile_names[i]; i++) {
		autofree char *path = io_join(b->root, dockerfile_names[i]);

		if (!lstat(path, &st))
			return read_dockerfile(b, path, dockerfile_names[i])
				   ? -1
				   : 1;
	}
	return 0;
}

static int
list_names(struct build_call *b, struct strvec *names)
{
	DIR *dir;
	struct dirent *e;

	for (size_t i = 0; b->staged && i < b->staged->n; i++)
		if (!strchr(b->staged->files[i].path, '/'))
			strvec_push(names, b->staged->files[i].path);
	if (b->staged)
		return 0;
	dir = opendir(b->root);
	if (!dir)
		return err_sys(&b->c->err, errno, "%s", b->root);
	while (names->n < NAMES_MAX && (e = readdir(dir)))
		strvec_push(names, e->d_name);
	closedir(dir);
	return 0;
}

static void
tell_template(struct build_call *b)
{
	autobuf struct strbuf why = STRBUF_INIT;

	for (size_t i = 0; i < b->template.files.n; i++)
		strbuf_addf(
		    &why, "%s%s", i ? ", " : "", b->template.files.v[i]);
	call_note(b->c, "no Dockerfile; the template %s fits %s",
	    b->template.name, why.buf);
}

static int
use_template(struct build_call *b, const char *where)
{
	struct call *c = b->c;
	autovec struct strvec names = STRVEC_INIT;
	struct languages *all = session_languages(c->session, &c->err);

	if (!all || list_names(b, &names) ||
	    template_choose(all, &names, where, &b->template, &c->err))
		return -1;
	tell_template(b);
	strbuf_add(&b->text, b->template.text, b->template.len);
	b->name = xasprintf("%s.Dockerfile", b->template.name);
	return 0;
}

/* The heredoc's, that of -f, the context's own, or a template. */
static int
take_dockerfile(struct build_call *b)
{
	struct call *c = b->c;
	const char *file = call_str(c, "file");
	int rc;

	if (c->heredoc) {
		if (file)
			return err_set(&c->err, ERR_USAGE,
			    "the Dockerfile is either the heredoc or -f's");
		strbuf_add(&b->text, c->heredoc->buf, c->heredoc->len);
		b->name = xstrdup("Dockerfile");
		return 0;
	}
	if (file && !strcmp(file, "-")) {
		err_set(&c->err, ERR_USAGE,
		    "-f - : write the Dockerfile as a heredoc");
		return err_hint(&c->err, "build %s <<EOF", c->argv[0]);
	}
	if (file && b->staged && take_staged(b, file))
		return 0;
	if (file)
		return read_dockerfile(b, file, file);
	rc = find_dockerfile(b);
	return rc ? (rc < 0 ? -1 : 0) : use_template(b, c->argv[0]);
}

/* What the timestamped tag of a build without -t begins with. */
static char *
name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = xstrdup(slash && slash[1] ? slash + 1 : "build");

	for (char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_.-", *p))
			*p = '-';
	while (*name && strchr(".-", *name))
		memmove(name, name + 1, strlen(name));
	if (strlen(name) > 64)
		name[64] = '\0';
	return name;
}

static int
take_tags(struct build_call *b)
{
	struct call *c = b->c;
	const struct strvec *asked = call_list(c, "tag");
	int64_t now = clock_wall_ms();
	autofree char *name =
	    b->staged ? xstrdup(b->staged->name) : name_of(b->root);
	autovec struct strvec one = STRVEC_INIT;

	if (!asked || !asked->n) {
		strvec_push(&one, *name ? name : "build");
		asked = &one;
	}
	for (size_t i = 0; i < asked->n; i++) {
		char *tag = build_tag(asked->v[i], now, &c->err);

		if (!tag)
			return -1;
		strvec_push_owned(&b->tags, tag);
	}
	return 0;
}

static int
take_label(struct build_call *b, const char *text)
{
	if (*text && *text != '=' && !str_starts(text, "addesh.")) {
		strvec_push(&b->plan.labels, text);
		return 0;
	}
	return err_set(&b->c->err, ERR_USAGE,
	    "--label %s: %s", text,
	    str_starts(text, "addesh.") ? "labels addesh.* are its own"
					: "a label is NAME=VALUE");
}

static int
take_lists(struct build_call *b)
{
	struct call *c = b->c;
	const struct strvec *args = call_list(c, "build-arg");
	const struct strvec *labels = call_list(c, "label");

	for (size_t i = 0; args && i < args->n; i++)
		if (call_variable(c, args->v[i], &b->args))
			return -1;
	for (size_t i = 0; labels && i < labels->n; i++)
		if (take_label(b, labels->v[i]))
			return -1;
	return 0;
}

/* Options that are settings, which `max` and other layers bound. */
static const struct {
	const char *option, *setting;
} option_settings[] = {
    {"timeout", "build.timeout"},
    {"memory", "build.memory_limit"},
    {"network", "build.network"},
};

static int
take_limits(struct build_call *b)
{
	struct call *c = b->c;
	struct policy *p = policy_copy(c->session->policy);
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(option_settings) && !rc; i++) {
		const char *name = option_settings[i].option;
		autofree char *option = xasprintf("build --%s", name);

		if (call_str(c, name))
			rc = policy_override(p, option_settings[i].setting,
			    call_str(c, name), option, &c->err);
	}
	b->plan.timeout_ms = policy_num(p, SET_BUILD_TIMEOUT);
	b->plan.memory = policy_num(p, SET_BUILD_MEMORY_LIMIT);
	b->plan.network = policy_num(p, SET_BUILD_NETWORK) != 0;
	policy_free(p);
	return rc;
}

/* Writes the template's text where a Dockerfile is missing. */
static int
write_template(struct build_call *b)
{
	struct call *c = b->c;
	autofree char *path = NULL;
	int fd, rc;

	if (b->staged) {
		err_set(&c->err, ERR_USAGE,
		    "--write: a context has no directory to write to");
		return err_hint(&c->err,
		    "add a Dockerfile:  context add Dockerfile <<EOF");
	}
	path = io_join(b->root, dockerfile_names[0]);
	if (!b->template.name) {
		err_set(&c->err, ERR_USAGE,
		    "--write: %s has a Dockerfile", c->argv[0]);
		return err_hint(&c->err, "build it:  build %s", c->argv[0]);
	}
	if (call_may_use_path(c, SET_HOST_WRITE, path))
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0644);
	if (fd < 0)
		return err_sys(&c->err, errno, "%s", path);
	rc = io_write_all(fd, b->text.buf, b->text.len);
	if (close(fd) || rc)
		return err_sys(&c->err, errno, "%s", path);
	call_note(c, "%s written", path);
	free(b->name);
	b->name = xstrdup(dockerfile_names[0]);
	b->inside = xstrdup(dockerfile_names[0]);
	return 0;
}

static void
show_dockerfile(struct build_call *b)
{
	json *j = call_data(b->c);

	call_bytes(b->c, b->text.buf, b->text.len);
	json_put_str(j, "template", b->template.name);
	json_put_bytes(j, "dockerfile", b->text.buf, b->text.len);
}

static int
status_of(const struct build_record *r)
{
	switch (r->status) {
	case BUILD_COMPLETED:
		return 0;
	case BUILD_TIMEOUT:
		return 124;
	case BUILD_INTERRUPTED:
		return 130;
	case BUILD_UNSUCCESSFUL:
		break;
	}
	return 1;
}

static int
build_it(struct build_call *b)
{
	struct call *c = b->c;
	struct build_record r;
	struct build_view view;
	struct build_watch watch;
	int rc;

	b->plan.name = b->name;
	b->plan.inside = b->inside;
	b->plan.text = b->text.buf;
	b->plan.len = b->text.len;
	b->plan.tags = &b->tags;
	b->plan.args = &b->args;
	build_record_init(&r);
	build_view_open(&view, c);
	watch = build_view_watch(&view);
	rc = session_build(c->session, &b->plan, &watch, &r, &c->err);
	build_view_close(&view);
	if (!rc) {
		c->status = status_of(&r);
		build_view_result(&view, &r, b->name);
		call_set_data(c, build_record_json(&r));
	}
	build_record_release(&r);
	return rc;
}

static int
build_steps(struct build_call *b)
{
	struct call *c = b->c;

	if (call_has(c, "dry-run") && call_has(c, "write"))
		return err_set(&c->err, ERR_USAGE,
		    "--dry-run writes nothing; leave out --write");
	if (open_root(b) || take_dockerfile(b) || take_tags(b) ||
	    take_lists(b) || take_limits(b))
		return -1;
	if (call_has(c, "dry-run")) {
		show_dockerfile(b);
		return 0;
	}
	if (call_has(c, "write") && write_template(b))
		return -1;
	b->plan.target = call_str(c, "target");
	b->plan.platform = call_str(c, "platform");
	b->plan.no_cache = call_has(c, "no-cache");
	b->plan.pull = call_has(c, "pull");
	b->plan.kind = LABEL_IMAGE_BUILT;
	return build_it(b);
}

static int
build_exec(struct call *c)
{
	struct build_call b = {.c = c,
	    .plan = {.labels = STRVEC_INIT},
	    .text = STRBUF_INIT,
	    .template = TEMPLATE_CHOICE_INIT,
	    .tags = STRVEC_INIT,
	    .args = STRVEC_INIT};
	int rc = build_steps(&b);

	strvec_release(&b.plan.labels);
	strvec_release(&b.tags);
	strvec_release(&b.args);
	strbuf_release(&b.text);
	template_choice_release(&b.template);
	free(b.root);
	free(b.rules);
	free(b.name);
	free(b.inside);
	return rc;
}

static const struct opt build_opts[] = {
    OPT_LIST('t', "tag", "TAG",
	"name of the image; one without / and : becomes agent-env:TAG-TIME",
	COMP_NONE),
    OPT_STR('f', "file", "FILE", "the Dockerfile, else PATH/Dockerfile",
	COMP_HOST_FILE),
    OPT_LIST(0, "build-arg", "NAME=VALUE",
	"value of an ARG; NAME alone takes yours", COMP_NONE),
    OPT_STR(0, "target", "STAGE", "build this stage", COMP_NONE),
    OPT_FLAG(0, "no-cache", "run every step again"),
    OPT_FLAG(0, "pull", "fetch the base images even if they are here"),
    OPT_LIST(0, "label", "NAME=VALUE", "a label of the image", COMP_NONE),
    OPT_STR(0, "platform", "OS/ARCH", "build for another platform", COMP_NONE),
    OPT_CHOICE(0, "network", "none|full", "what its steps can reach"),
    OPT_SIZE('m', "memory", "memory of a step"),
    OPT_TIME(0, "timeout", "stop it after this long"),
    OPT_FLAG(0, "dry-run", "show the Dockerfile and build nothing"),
    OPT_FLAG(0, "write", "write the template's Dockerfile into PATH"),
    OPT_REFUSED(0, "secret", "builds are offered no secrets of yours"),
    OPT_REFUSED(0, "ssh", "builds are offered no keys of yours"),
    OPT_REFUSED(0, "allow", "no build gets more than its sandbox"),
    OPT_END,
};

const struct cmd cmd_build = {
    .name = "build",
    .summary = "build an image from a directory or a staged context",
    .help =
	"Sends what .dockerignore leaves of the directory PATH to the engine's "
	"builder, or of the context @NAME.  A heredoc is the Dockerfile.\n"
	"Where there is no Dockerfile but a project file that is known, such "
	"as requirements.txt or package.json, a template is used:  --dry-run "
	"shows it, --write keeps it.\n"
	"The limits are those of build in the policy.  The whole output is the "
	"step's log.  The status is 0, 1 if a step failed, 124 at the time "
	"limit, 130 after Ctrl-C.",
    .examples = "build ./repo\nbuild ./repo -t team/app:1 --build-arg V=2\n"
		"build . --dry-run\nbuild @web -t web\nbuild . <<EOF\nFROM python:3.11-slim\n"
		"COPY . /app\nEOF",
    .opts = build_opts,
    .args = {ARG("PATH", COMP_BUILD)},
    .flags = CMD_NEEDS_ENGINE | CMD_TAKES_HEREDOC,
    .exec = build_exec,
};
