/* The rules that look at what an instruction is; those that look into its
   commands are in dockerfile_commands.c. */
#include "project/dockerfile_find.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/mask.h"
#include "engine/reference.h"

const char *const dockerfile_rule_names[RULE_COUNT] = {
    [RULE_ENGINE_SOCKET] = "engine-socket",
    [RULE_PRIVILEGED] = "privileged",
    [RULE_HOST_NETWORK] = "host-network",
    [RULE_HOST_MOUNT] = "host-mount",
    [RULE_SECRET_MOUNT] = "secret-mount",
    [RULE_ADD_URL] = "add-url",
    [RULE_BASE_IMAGE] = "base-image",
    [RULE_FRONTEND] = "frontend",
    [RULE_NO_USER] = "no-user",
    [RULE_SECRET_ENV] = "secret-env",
    [RULE_LATEST_TAG] = "latest-tag",
};

const char *const dockerfile_severity_names[] = {
    [SEVERITY_DENY] = "deny",
    [SEVERITY_WARN] = "warn",
    [SEVERITY_OFF] = "off",
};

/* More help nobody; what is denied is always among them. */
#define FINDINGS_MAX 1000
/* What the variables of all commands may come to. */
#define BUDGET (8u << 20)

static bool
is(const struct dockerfile_instruction *in, const char *name)
{
	return !strcmp(in->name, name);
}

/* Room for one more, NULL if there is none. */
static struct dockerfile_finding *
add_finding(
    struct dockerfile_findings *all, enum dockerfile_severity severity)
{
	struct dockerfile_finding *last;

	if (all->n < FINDINGS_MAX) {
		GROW(all->v, all->n, &all->cap);
		return &all->v[all->n++];
	}
	if (severity != SEVERITY_DENY || all->denied)
		return NULL;
	last = &all->v[all->n - 1];
	free(last->message);
	free(last->remedy);
	return last;
}

void
dockerfile_report(struct finder *f, enum dockerfile_rule rule, unsigned line,
    const char *remedy, const char *fmt, ...)
{
	struct dockerfile_findings *all = f->findings;
	enum dockerfile_severity severity = f->checks->severity[rule];
	struct dockerfile_finding *found;
	va_list ap;

	if (severity == SEVERITY_OFF)
		return;
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].rule == rule && all->v[i].line == line)
			return;
	found = add_finding(all, severity);
	if (!found)
		return;
	va_start(ap, fmt);
	*found = (struct dockerfile_finding){.rule = rule,
	    .severity = severity,
	    .line = line,
	    .message = xvasprintf(fmt, ap),
	    .remedy = xstrdup(remedy)};
	va_end(ap);
	all->denied += severity == SEVERITY_DENY;
}

static void
find_security(struct finder *f, const struct dockerfile_instruction *in)
{
	const char *security = dockerfile_flag(in, "security");
	const char *network = dockerfile_flag(in, "network");

	if (security && !strcmp(security, "insecure"))
		dockerfile_report(f, RULE_PRIVILEGED, in->line,
		    "leave out --security=insecure",
		    "RUN --security=insecure runs with all rights on the "
		    "host's kernel");
	if (network && !strcmp(network, "host"))
		dockerfile_report(f, RULE_HOST_NETWORK, in->line,
		    "leave out --network=host",
		    "RUN --network=host reaches what listens on the host "
		    "alone");
}

/* A secret is known by its id, or the name of its target. */
static bool
is_offered(const struct finder *f, const struct dockerfile_mount *m)
{
	const char *slash = m->target ? strrchr(m->target, '/') : NULL;
	const char *id = m->id ? m->id
	    : m->source	       ? m->source
	    : slash	       ? slash + 1
	    : m->target	       ? m->target
			       : "default";

	return f->checks->secrets && strvec_has(f->checks->secrets, id);
}

static void
find_mount(struct finder *f, const struct dockerfile_instruction *in,
    const struct dockerfile_mount *m)
{
	const char *const paths[] = {m->source, m->target, m->from};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (paths[i])
			dockerfile_find_socket(
			    f, in->line, "RUN --mount", paths[i]);
	if (!strcmp(m->type, "secret") && !is_offered(f, m))
		dockerfile_report(f, RULE_SECRET_MOUNT, in->line,
		    "leave the mount out: no secret is offered to this build",
		    "RUN --mount=type=secret asks for a secret that was not "
		    "offered");
	if (!strcmp(m->type, "ssh") && !is_offered(f, m))
		dockerfile_report(f, RULE_SECRET_MOUNT, in->line,
		    "leave the mount out: no agent is offered to this build",
		    "RUN --mount=type=ssh asks for an ssh agent that was not "
		    "offered");
}

static void
find_mounts(struct finder *f, const struct dockerfile_instruction *in)
{
	struct dockerfile_mount m;

	for (size_t i = 0; dockerfile_next_mount(in, &i, &m);) {
		find_mount(f, in, &m);
		dockerfile_mount_release(&m);
	}
}

static void
find_url(struct finder *f, const struct dockerfile_instruction *in)
{
	for (size_t i = 0; i + 1 < in->args.n; i++) {
		autobuf struct strbuf shown = STRBUF_INIT;

		if (!dockerfile_is_remote(in->args.v[i]))
			continue;
		mask_secrets(&shown, in->args.v[i], strlen(in->args.v[i]));
		dockerfile_report(f, RULE_ADD_URL, in->line,
		    "put the files beside the Dockerfile, and COPY them",
		    "ADD takes what is found at %.200s, whatever that is at "
		    "the time",
		    shown.buf);
	}
}

/* For the rules of images. */
struct image_finder {
	struct finder *f;
	const struct dockerfile_instruction *in;
};

static void
find_image(void *arg, const char *image)
{
	struct image_finder *i = arg;
	const struct dockerfile_checks *checks = i->f->checks;
	autoerr struct err err = ERR_INIT, ignored = ERR_INIT;
	struct reference ref;
	bool latest;

	if (checks->image && checks->image(checks->arg, image, &err))
		dockerfile_report(i->f, RULE_BASE_IMAGE, i->in->line,
		    err.hint.len ? err.hint.buf
				 : "take an image that the policy allows: "
				   "set --explain images",
		    "%s", err.msg.buf);
	if (reference_parse(&ref, image, &ignored))
		return;
	latest = !ref.digest && (!ref.tag || !strcmp(ref.tag, "latest"));
	if (latest)
		dockerfile_report(i->f, RULE_LATEST_TAG, i->in->line,
		    "name a version, as in NAME:1.2, or a digest",
		    ref.tag ? "%s is another image from day to day"
			    : "%s has no tag: it is another image from day to "
			      "day",
		    image);
	reference_release(&ref);
}

/* Names that mask.h takes for a secret's and that hold none. */
static bool
is_public(const char *name, const char *value)
{
	return strcasestr(name, "PUBLIC") || strcasestr(name, "GPG_KEY") ||
	       *value == '/' || *value == '$';
}

static bool
is_secret_value(const char *value)
{
	autobuf struct strbuf masked = STRBUF_INIT;

	mask_secrets(&masked, value, strlen(value));
	return strcmp(masked.buf, value) ||
	       (strstr(value, "-----BEGIN ") && strstr(value, "PRIVATE KEY"));
}

/* By the rules that hide it in what is kept of a command (base/mask.h). */
static bool
is_secret(const char *name, const char *value)
{
	autofree char *text =
	    xasprintf("%s=%s", name, *value ? value : "x");

	if (is_secret_value(value))
		return true;
	return !is_public(name, value) && is_secret_value(text);
}

static void
find_variable(struct finder *f, const struct dockerfile_instruction *in,
    const char *name, const char *value, struct strbuf *secrets)
{
	autofree char *what = xasprintf("%s %.64s", in->name, name);

	if (is_secret(name, value) && (*value || is(in, "ARG")))
		strbuf_addf(
		    secrets, "%s%.64s", secrets->len ? ", " : "", name);
	dockerfile_find_socket(f, in->line, what, value);
	dockerfile_find_host(f, in->line, name, value);
}

static void
find_variables(struct finder *f, const struct dockerfile_instruction *in)
{
	autobuf struct strbuf secrets = STRBUF_INIT;

	for (size_t i = 0; is(in, "ENV") && i + 1 < in->args.n; i += 2)
		find_variable(
		    f, in, in->args.v[i], in->args.v[i + 1], &secrets);
	for (size_t i = 0; is(in, "ARG") && i < in->args.n; i++) {
		const char *arg = in->args.v[i];
		size_t n = strcspn(arg, "=");
		autofree char *name = xstrndup(arg, n);

		find_variable(f, in, name, arg + n + !!arg[n], &secrets);
	}
	if (secrets.len)
		dockerfile_report(f, RULE_SECRET_ENV, in->line,
		    "give it to the program instead, when it runs:  run -e "
		    "NAME FILE",
		    "%s %.300s: who has the image can read this secret",
		    in->name, secrets.buf);
}

/* Paths, of the image or of the context. */
static void
find_paths(struct finder *f, const struct dockerfile_instruction *in)
{
	for (size_t i = 0; i < in->args.n; i++)
		dockerfile_find_socket(f, in->line, in->name, in->args.v[i]);
}

static void
find_in_instruction(struct finder *f, const struct dockerfile *d,
    const struct dockerfile_instruction *in)
{
	struct image_finder images = {.f = f, .in = in};

	dockerfile_visit_images(d, in, find_image, &images);
	if (is(in, "RUN")) {
		find_security(f, in);
		find_mounts(f, in);
	}
	if (is(in, "ENV") || is(in, "ARG"))
		find_variables(f, in);
	if (is(in, "ADD"))
		find_url(f, in);
	if (is(in, "ADD") || is(in, "COPY") || is(in, "VOLUME"))
		find_paths(f, in);
	dockerfile_find_in_commands(f, in);
}

/* The last USER of the target, those of the stages below it among them. */
static const struct dockerfile_instruction *
last_user(const struct dockerfile *d)
{
	size_t stage = d->target;

	for (;;) {
		const struct dockerfile_stage *s = &d->stages[stage];

		for (size_t i = s->last; i > s->first; i--)
			if (is(&d->instructions[i], "USER") &&
			    !d->instructions[i].onbuild)
				return &d->instructions[i];
		if (s->parent == SIZE_MAX)
			return NULL;
		stage = s->parent;
	}
}

static void
find_user(struct finder *f, const struct dockerfile *d)
{
	const struct dockerfile_instruction *in = last_user(d);
	const struct dockerfile_stage *s = &d->stages[d->target];
	size_t n = in ? strcspn(in->args.v[0], ":") : 0;
	const char *user = in ? in->args.v[0] : "";

	if (!in)
		dockerfile_report(f, RULE_NO_USER,
		    d->instructions[s->last].line, "end with:  USER 1000",
		    "there is no USER: what the image runs is root, if its "
		    "base says no other");
	else if (!n || (n == 4 && !strncmp(user, "root", n)) ||
		 strspn(user, "0") == n)
		dockerfile_report(f, RULE_NO_USER, in->line,
		    "end with:  USER 1000",
		    "USER %.64s: what the image runs is root", user);
}

/* "docker/dockerfile" in any version, from anywhere it is implied. */
static void
find_frontend(struct finder *f, const struct dockerfile *d)
{
	static const char *const known[] = {
	    "docker/dockerfile", "docker/dockerfile-upstream", NULL};
	autoerr struct err err = ERR_INIT;
	autofree char *name = NULL;
	struct reference ref;

	if (!d->syntax)
		return;
	if (!reference_parse(&ref, d->syntax, &err)) {
		name = reference_familiar_name(&ref);
		reference_release(&ref);
	}
	if (!name || !str_in(name, known))
		dockerfile_report(f, RULE_FRONTEND, d->syntax_line,
		    "leave out the line with syntax=",
		    "syntax=%.200s: another program reads this file, and what "
		    "it makes of it is not known",
		    d->syntax);
}

static int
by_line(const void *a, const void *b)
{
	const struct dockerfile_finding *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return (int)x->rule - (int)y->rule;
}

void
dockerfile_find(const struct dockerfile *d,
    const struct dockerfile_checks *checks,
    struct dockerfile_findings *findings)
{
	struct finder f = {
	    .checks = checks, .findings = findings, .budget = BUDGET};

	find_frontend(&f, d);
	for (size_t i = 0; i < d->n; i++) {
		const struct dockerfile_instruction *in = &d->instructions[i];
		const struct dockerfile_stage *s = &d->stages[in->stage];

		if (s->used || s->before_target)
			find_in_instruction(&f, d, in);
	}
	find_user(&f, d);
	if (findings->n)
		qsort(findings->v, findings->n, sizeof(*findings->v), by_line);
}

void
dockerfile_findings_release(struct dockerfile_findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		free(findings->v[i].message);
		free(findings->v[i].remedy);
	}
	free(findings->v);
	*findings = (struct dockerfile_findings){0};
}
