#include "session/dockerfile_policy.h"

#include <string.h>

/* What of a file full of them is said at once. */
#define HINTS_MAX 20

_Static_assert(SET_DOCKERFILE_LAST - SET_DOCKERFILE_FIRST + 1 == RULE_COUNT,
    "a setting for each rule, in the same order");

static enum setting_id
setting_of(enum dockerfile_rule rule)
{
	return SET_DOCKERFILE_FIRST + (enum setting_id)rule;
}

static int
check_image(void *arg, const char *image, struct err *err)
{
	return policy_may_use_image(arg, image, NULL, err);
}

void
policy_find(const struct policy *p, const struct dockerfile *d,
    const struct strvec *secrets, struct dockerfile_findings *findings)
{
	struct dockerfile_checks checks = {
	    .image = check_image, .arg = (void *)p, .secrets = secrets};

	for (enum dockerfile_rule i = 0; i < RULE_COUNT; i++)
		checks.severity[i] = (enum dockerfile_severity)policy_num(
		    p, setting_of(i));
	*findings = (struct dockerfile_findings){0};
	dockerfile_find(d, &checks, findings);
}

static int
refuse(const struct policy *p, const struct dockerfile_finding *f,
    const char *name, struct err *err)
{
	enum setting_id id = setting_of(f->rule);

	err_set(err, ERR_POLICY, "%s:%u: %s (%s is deny: %s)", name, f->line,
	    f->message, settings_table[id].path, policy_where(p, id));
	return err_hint(err, "%s", f->remedy);
}

int
policy_may_build(const struct policy *p,
    const struct dockerfile_findings *findings, const char *name,
    struct err *err)
{
	size_t said = 0;

	for (size_t i = 0; i < findings->n; i++) {
		const struct dockerfile_finding *f = &findings->v[i];

		if (f->severity != SEVERITY_DENY)
			continue;
		if (!said)
			refuse(p, f, name, err);
		else if (said < HINTS_MAX)
			err_hint(err, "%s:%u: %s", name, f->line, f->message);
		said++;
	}
	return said ? -1 : 0;
}

/* One that was said of an earlier line, as of an image that each stage has. */
static bool
is_repeated(const struct dockerfile_findings *findings, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (findings->v[i].rule == findings->v[at].rule &&
		    !strcmp(findings->v[i].message, findings->v[at].message))
			return true;
	return false;
}

int
policy_review(const struct policy *p, const struct dockerfile *d,
    const char *name, struct strvec *warnings, struct err *err)
{
	struct dockerfile_findings findings;
	int rc;

	policy_find(p, d, NULL, &findings);
	for (size_t i = 0; i < findings.n; i++) {
		const struct dockerfile_finding *f = &findings.v[i];

		if (f->severity == SEVERITY_WARN && !is_repeated(&findings, i))
			strvec_pushf(warnings, "%s:%u: %s (%s)", name, f->line,
			    f->message, dockerfile_rule_names[f->rule]);
	}
	rc = policy_may_build(p, &findings, name, err);
	dockerfile_findings_release(&findings);
	return rc;
}
