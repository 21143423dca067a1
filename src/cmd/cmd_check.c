/* check: what files ask for, before anything is done with them. */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "base/io.h"
#include "cmd/call.h"
#include "cmd/output.h"
#include "cmd/table.h"
#include "session/dockerfile_policy.h"
#include "session/session.h"

/* All files of one call. */
struct checking {
	struct call *c;
	struct call_table *table; /* of --plain; with --json all is in data */
	json *findings, *notes;	  /* of the data */
	size_t denied, warned;
};

static const struct column columns[] = {
    {"file", "FILE", false, 0},
    {"line", "LINE", true, 0},
    {"severity", "SEVERITY", false, 0},
    {"rule", "RULE", false, 0},
    {"message", "MESSAGE", false, 0},
    {"remedy", "REMEDY", false, 0},
};

static bool
is_dockerfile_name(const char *path)
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

static int
read_text(struct call *c, const char *path, struct strbuf *text)
{
	if (c->heredoc) {
		strbuf_add(text, c->heredoc->buf, c->heredoc->len);
		return 0;
	}
	if (call_may_use_path(c, SET_HOST_READ, path))
		return -1;
	/* One byte more than the parser takes: it says what is too long. */
	if (!io_read_file(path, text, DOCKERFILE_MAX + 1, &c->err))
		return 0;
	if (c->err.code == EISDIR) {
		autofree char *file = io_join(path, "Dockerfile");

		err_hint(&c->err, "name the file:  check %s", file);
	}
	return -1;
}

static struct dockerfile *
parse(struct call *c, const char *path, const struct strbuf *text)
{
	struct dockerfile_options options = {
	    .args = call_list(c, "build-arg"), .target = call_str(c, "target")};
	struct dockerfile *d = dockerfile_parse(
	    path, text->buf, text->len, &options, &c->err);

	if (d || is_dockerfile_name(path))
		return d;
	err_prefix(&c->err, "%s is no Dockerfile", path);
	err_hint(&c->err, "check reads Dockerfiles; a heredoc too:  check "
			  "Dockerfile <<EOF");
	return NULL;
}

static json *
finding_json(const char *path, const struct dockerfile_finding *f)
{
	json *j = json_object();

	json_put_str(j, "file", path);
	json_put_int(j, "line", f->line);
	json_put_str(j, "severity", dockerfile_severity_names[f->severity]);
	json_put_str(j, "rule", dockerfile_rule_names[f->rule]);
	json_put_str(j, "message", f->message);
	json_put_str(j, "remedy", f->remedy);
	return j;
}

/* A row of --plain; rule and remedy may be NULL. */
static void
add_row(struct checking *k, const char *path, unsigned line,
    const char *severity, const char *rule, const char *message,
    const char *remedy)
{
	autofree char *number = xasprintf("%u", line);

	call_table_row(k->table,
	    (const char *[]){path, number, severity, rule, message, remedy},
	    NULL);
}

static void
show_finding(struct checking *k, const char *path,
    const struct dockerfile_finding *f)
{
	const char *severity = dockerfile_severity_names[f->severity];
	const char *rule = dockerfile_rule_names[f->rule];

	k->denied += f->severity == SEVERITY_DENY;
	k->warned += f->severity == SEVERITY_WARN;
	json_push(k->findings, finding_json(path, f));
	if (k->table)
		add_row(k, path, f->line, severity, rule, f->message,
		    f->remedy);
	else
		call_text(k->c, "%s:%u: %s: %s (%s)\n    %s\n", path, f->line,
		    severity, f->message, rule, f->remedy);
}

static void
show_note(struct checking *k, const char *path, unsigned line, const char *text)
{
	json *j = json_object();

	json_put_str(j, "file", path);
	json_put_int(j, "line", line);
	json_put_str(j, "text", text);
	json_push(k->notes, j);
	if (k->table)
		add_row(k, path, line, "note", NULL, text, NULL);
	else
		call_text(k->c, "%s:%u: note: %s\n", path, line, text);
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
show_constructs(
    struct checking *k, const char *path, const struct dockerfile *d)
{
	size_t n;
	autofree struct dockerfile_construct *needs =
	    dockerfile_constructs(d, &n);

	for (size_t i = 0; i < n; i++) {
		autofree char *text = xasprintf(
		    "%s %s", needs[i].what, need_text(needs[i].need));

		show_note(k, path, needs[i].line, text);
	}
	for (size_t i = 0; i < d->nwarnings; i++)
		show_note(k, path, d->warnings[i].line, d->warnings[i].text);
}

static int
check_file(struct checking *k, const char *path)
{
	struct call *c = k->c;
	autobuf struct strbuf text = STRBUF_INIT;
	struct dockerfile_findings findings;
	struct dockerfile *d;

	if (read_text(c, path, &text))
		return -1;
	d = parse(c, path, &text);
	if (!d)
		return -1;
	policy_find(c->session->policy, d, NULL, &findings);
	for (size_t i = 0; i < findings.n; i++)
		show_finding(k, path, &findings.v[i]);
	dockerfile_findings_release(&findings);
	show_constructs(k, path, d);
	dockerfile_free(d);
	return 0;
}

static int
check_exec(struct call *c)
{
	struct checking k = {
	    .c = c, .findings = json_array(), .notes = json_array()};
	json *data = call_data(c);
	int rc = 0;

	json_put(data, "findings", k.findings);
	json_put(data, "notes", k.notes);
	if (c->heredoc && c->argc > 1)
		return err_set(&c->err, ERR_USAGE,
		    "a heredoc is one file, and %zu are named", c->argc);
	if (c->out->mode == OUTPUT_PLAIN)
		k.table = call_table_new(
		    c, "findings", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < c->argc && !rc; i++)
		rc = check_file(&k, c->argv[i]);
	if (k.table)
		call_table_end(k.table);
	json_put_int(data, "denied", (int64_t)k.denied);
	if (rc)
		return -1;
	if (!k.table)
		call_text(c, "%zu denied, %zu warning%s\n", k.denied,
		    k.warned, k.warned == 1 ? "" : "s");
	c->status = k.denied ? 1 : 0;
	return 0;
}

static const struct opt check_opts[] = {
    OPT_LIST(0, "build-arg", "NAME=VALUE", "the value of an ARG, as of build",
	COMP_VARIABLE),
    OPT_STR(0, "target", "STAGE", "the stage that would be built", COMP_NONE),
    OPT_END,
};

const struct cmd cmd_check = {
    .name = "check",
    .summary = "say what a Dockerfile asks for that it should not",
    .help =
	"Reads each FILE as a builder would, and lists what the settings "
	"dockerfile.* deny or warn of: sockets of engines, privileged modes, "
	"the host's network, secrets, base images that are not allowed, and "
	"others.  Nothing is run and no engine is asked.\n"
	"What only some builders take is noted.  The status is 1 if something "
	"is denied, as 'build' refuses it then, else 0.\n"
	"With a heredoc FILE is only the name for what stands there.",
    .examples = "check Dockerfile\ncheck --target test docker/Dockerfile\n"
		"check Dockerfile <<EOF",
    .opts = check_opts,
    .args = {ARG_SOME("FILE", COMP_HOST_FILE)},
    .flags = CMD_TAKES_HEREDOC,
    .exec = check_exec,
};
