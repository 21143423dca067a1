#include "cmd/check_dockerfile.h"

#include <fnmatch.h>
#include <string.h>

#include "session/dockerfile_policy.h"

bool
check_is_dockerfile_name(const char *path)
{
	static const char *const patterns[] = {"Dockerfile", "Dockerfile.*",
	    "Dockerfile-*", "*.Dockerfile", "*.dockerfile", "Containerfile",
	    "Containerfile.*"};
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		if (!fnmatch(patterns[i], slash ? slash + 1 : path, 0))
			return true;
	return false;
}

static struct dockerfile *
parse(struct call *c, const char *path, const struct strbuf *text)
{
	struct dockerfile_options options = {
	    .args = call_list(c, "build-arg"), .target = call_str(c, "target")};
	struct dockerfile *d = dockerfile_parse(
	    path, text->buf, text->len, &options, &c->err);

	if (d || check_is_dockerfile_name(path))
		return d;
	err_prefix(&c->err, "%s is no Dockerfile", path);
	err_hint(&c->err, "for a program, name its language:  check --lang "
			  "NAME %s", path);
	return NULL;
}

static const char *
need_text(enum dockerfile_need need)
{
	switch (need) {
	case NEEDS_SECRET:
		return "needs what addesh does not offer to builds";
	case NEEDS_HEREDOC:
	case NEEDS_LINK:
		return "needs BuildKit with docker/dockerfile 1.4";
	case NEEDS_FRONTEND:
		return "needs a BuildKit newer than that of Docker 20.10";
	case NEEDS_MOUNT_VARIABLE:
		return "needs Podman, or a BuildKit newer than that of Docker "
		       "20.10";
	case NEEDS_BUILDKIT:
		return "needs BuildKit";
	case NEEDS_MOUNT:
	case NEEDS_NO_CLASSIC:
		break;
	}
	return "needs BuildKit, or Podman";
}

static void
note(json *notes, const char *path, unsigned line, const char *text)
{
	json *j = json_object();

	json_put_str(j, "file", path);
	json_put_int(j, "line", line);
	json_put_str(j, "text", text);
	json_push(notes, j);
}

static void
note_constructs(json *notes, const char *path, const struct dockerfile *d)
{
	size_t n;
	autofree struct dockerfile_construct *needs =
	    dockerfile_constructs(d, &n);

	for (size_t i = 0; i < n; i++) {
		autofree char *text = xasprintf(
		    "%s %s", needs[i].what, need_text(needs[i].need));

		note(notes, path, needs[i].line, text);
	}
	for (size_t i = 0; i < d->nwarnings; i++)
		note(notes, path, d->warnings[i].line, d->warnings[i].text);
}

/* What the settings dockerfile.* say of it is its severity here. */
static void
add_finding(struct check_findings *findings, const char *path,
    const struct dockerfile_finding *f)
{
	struct check_finding *one = check_add(findings, CHECK_SECURITY,
	    dockerfile_rule_names[f->rule], CHECK_WARNING, path, f->line, 0,
	    f->message, f->remedy);

	one->severity = dockerfile_severity_names[f->severity];
	one->action =
	    f->severity == SEVERITY_DENY ? CHECK_REFUSE : CHECK_WARN;
}

int
check_dockerfile(struct call *c, const char *path, const struct strbuf *text,
    struct check_findings *findings, json *notes)
{
	struct dockerfile_findings found;
	struct dockerfile *d = parse(c, path, text);

	if (!d)
		return -1;
	policy_find(c->session->policy, d, NULL, &found);
	for (size_t i = 0; i < found.n; i++)
		add_finding(findings, path, &found.v[i]);
	dockerfile_findings_release(&found);
	note_constructs(notes, path, d);
	dockerfile_free(d);
	return 0;
}
