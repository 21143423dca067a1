/* build: an image from a directory or a staged context. */
#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/build_input.h"
#include "cmd/build_view.h"
#include "cmd/call.h"
#include "cmd/host.h"
#include "session/build.h"

/* Of a directory's name, in a tag with the time. */
#define NAME_MAX_TAG 64

/* A call of build. */
struct build_call {
	struct call *c;
	struct build_plan plan;
	struct build_input in;
	struct strvec tags, args;
};

/* What the timestamped tag of a build without -t begins with. */
static char *
name_of(const char *title)
{
	char *name = xstrdup(title);
	size_t dots = strspn(title, ".-");

	memmove(name, name + dots, strlen(name) - dots + 1);
	for (char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_.-", *p))
			*p = '-';
	if (strlen(name) > NAME_MAX_TAG)
		name[NAME_MAX_TAG] = '\0';
	return name;
}

static int
take_tags(struct build_call *b)
{
	struct call *c = b->c;
	const struct strvec *asked = call_list(c, "tag");
	int64_t now = clock_wall_us();
	autofree char *name = name_of(b->in.title);
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

static void
show_dockerfile(struct build_call *b)
{
	json *j = call_data(b->c);

	call_bytes(b->c, b->in.text.buf, b->in.text.len);
	json_put_str(j, "template", b->in.template.name);
	json_put_bytes(j, "dockerfile", b->in.text.buf, b->in.text.len);
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
	struct build_watch watch = {0};
	int rc;

	build_input_plan(&b->in, &b->plan);
	b->plan.tags = &b->tags;
	b->plan.args = &b->args;
	b->plan.trusted = b->in.template.name != NULL;
	build_record_init(&r);
	build_view_open(&view, c);
	if (!call_has(c, "quiet"))
		watch = build_view_watch(&view);
	rc = session_build(c->session, &b->plan, &watch, &r, &c->err);
	build_view_close(&view);
	if (!rc) {
		c->status = status_of(&r);
		build_view_result(&view, &r, b->in.name);
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
	if (build_input_take(&b->in, c) || take_tags(b) || take_lists(b) ||
	    take_limits(b))
		return -1;
	if (call_has(c, "dry-run")) {
		show_dockerfile(b);
		return 0;
	}
	if (c->host->need_engine(c) ||
	    (call_has(c, "write") && build_input_write(&b->in, c)))
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
	    .in = BUILD_INPUT_INIT,
	    .tags = STRVEC_INIT,
	    .args = STRVEC_INIT};
	int rc = build_steps(&b);

	strvec_release(&b.plan.labels);
	strvec_release(&b.tags);
	strvec_release(&b.args);
	build_input_release(&b.in);
	return rc;
}

static const struct opt build_opts[] = {
    OPT_LIST('t', "tag", "TAG",
	"the image's name; without / and : it becomes agent-env:TAG-TIME",
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
    OPT_FLAG('q', "quiet", "no progress, only the image's names at the end"),
    OPT_FLAG(0, "dry-run", "show the Dockerfile and build nothing"),
    OPT_FLAG(0, "write", "keep the template's Dockerfile in PATH, and build"),
    OPT_REFUSED(0, "secret", "builds are offered no secrets of yours"),
    OPT_REFUSED(0, "ssh", "builds are offered no keys of yours"),
    OPT_REFUSED(0, "allow", "no build gets more than its sandbox"),
    OPT_END,
};

const struct cmd cmd_build = {
    .name = "build",
    .summary = "build an image from a directory or a staged context",
    .help =
	"Sends what .dockerignore leaves of the directory PATH, or of the "
	"staged context @NAME (see context new), to the engine's builder.  A "
	"heredoc is the Dockerfile.\n"
	"Where there is no Dockerfile but a project file that is known, such "
	"as requirements.txt or package.json, a template is used:  --dry-run "
	"shows it, --write keeps it and builds.\n"
	"The limits are those of build in the policy.  The whole output is the "
	"step's log.  The status is 0, 1 if a step failed, 124 at the time "
	"limit, 130 after Ctrl-C.",
    .examples = "build ./repo\nbuild ./repo -t team/app:1 --build-arg V=2\n"
		"build . --dry-run\nbuild @web -t web\nbuild . <<EOF\nFROM python:3.11-slim\n"
		"COPY . /app\nEOF",
    .opts = build_opts,
    .args = {ARG("PATH", COMP_BUILD)},
    .flags = CMD_TAKES_HEREDOC,
    .exec = build_exec,
};
