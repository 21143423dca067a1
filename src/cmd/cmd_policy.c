/* Settings and the policy: set, policy show, policy check. */
#include <string.h>

#include "cmd/call.h"
#include "cmd/table.h"
#include "session/session.h"

static void
add_value(struct strbuf *sb, const struct policy *p, enum setting_id id)
{
	value_add_yaml(&settings_table[id], policy_value(p, id), sb);
}

static const struct column setting_columns[] = {
    {"name", "NAME", false, 0},
    {"value", "VALUE", false, 0},
    {"where", "SET BY", false, 2},
    {"ceiling", "CEILING", false, 1},
};

static int
set_list(struct call *c)
{
	const struct policy *p = c->session->policy;
	struct call_table *t = call_table_new(
	    c, "settings", setting_columns, ARRAY_SIZE(setting_columns));
	bool any = false;

	for (enum setting_id id = 0; id < SET_COUNT; id++) {
		const struct value *ceiling = policy_ceiling(p, id);
		autobuf struct strbuf value = STRBUF_INIT;

		if (!policy_changed(p, id))
			continue;
		any = true;
		add_value(&value, p, id);
		call_table_row(t,
		    (const char *[]){settings_name(&settings_table[id]),
			value.buf, policy_where(p, id),
			ceiling ? ceiling->text : NULL},
		    policy_setting_to_json(p, id));
	}
	call_table_end(t);
	if (!any)
		call_note(c, "every setting is at its default");
	return 0;
}

static int
set_show(struct call *c, const struct setting *s)
{
	const struct policy *p = c->session->policy;
	enum setting_id id = settings_id(s);
	autobuf struct strbuf value = STRBUF_INIT;

	add_value(&value, p, id);
	call_text(c, "%s\n", value.buf);
	json_put(call_data(c), "setting", policy_setting_to_json(p, id));
	return 0;
}

static int
set_explain(struct call *c, const struct setting *s)
{
	const struct policy *p = c->session->policy;
	autobuf struct strbuf text = STRBUF_INIT;

	if (policy_explain(p, c->argv[0], &text, &c->err))
		return -1;
	call_bytes(c, text.buf, text.len);
	json_put(
	    call_data(c), "setting", policy_setting_to_json(p, settings_id(s)));
	return 0;
}

/* Is it a property of environments, which keep what they were opened with? */
static bool
of_environments(enum setting_id id)
{
	switch (id) {
	case SET_SANDBOX:
	case SET_IMAGE:
	case SET_MEMORY_LIMIT:
	case SET_CPU_LIMIT:
	case SET_PIDS_LIMIT:
	case SET_DISK_LIMIT:
	case SET_TMP_LIMIT:
	case SET_SHM_LIMIT:
	case SET_WORKSPACE:
	case SET_NETWORK:
	case SET_USER:
		return true;
	default:
		return false;
	}
}

static bool
of_engine(enum setting_id id)
{
	return id == SET_ENGINE_URL || id == SET_ENGINE_CONNECT_TIMEOUT ||
	       id == SET_ENGINE_START_TIMEOUT ||
	       id == SET_ENGINE_ANSWER_TIMEOUT;
}

static int
set_value(struct call *c, const struct setting *s)
{
	struct policy *p = c->session->policy;
	enum setting_id id = settings_id(s);

	if ((of_engine(id) && session_engine_drop(c->session, &c->err)) ||
	    policy_set(p, c->argv[0], c->argv[1], NULL, &c->err))
		return -1;
	json_put(call_data(c), "setting", policy_setting_to_json(p, id));
	if (of_environments(id) && c->session->nenvs)
		call_note(c,
		    "%s counts for environments that are opened from "
		    "now on",
		    settings_name(s));
	return 0;
}

static int
set_exec(struct call *c)
{
	const struct setting *s;

	if (call_has(c, "explain") && c->argc != 1)
		return err_set(&c->err, ERR_USAGE,
		    "--explain takes the name of one setting");
	if (!c->argc)
		return set_list(c);
	s = settings_lookup(c->argv[0], &c->err);
	if (!s)
		return -1;
	if (call_has(c, "explain"))
		return set_explain(c, s);
	return c->argc == 1 ? set_show(c, s) : set_value(c, s);
}

static const struct opt set_opts[] = {
    OPT_FLAG(0, "explain", "say what each file, variable and option said"),
    OPT_END,
};

const struct cmd cmd_set = {
    .name = "set",
    .summary = "show or change settings",
    .help =
	"Without operands it lists the settings that differ from their "
	"defaults or have a ceiling, with NAME it shows the value of one.\n"
	"With VALUE the setting has that value until the session ends: limits "
	"of environments for those that are opened from now on, everything "
	"else at once.  No value goes beyond the ceilings of the policy.\n"
	"addesh.yaml(5) has all settings; NAME may be the path there.",
    .examples = "set timeout 90s\nset\nset --explain memory_limit",
    .opts = set_opts,
    .args = {ARG_OPTIONAL("NAME", COMP_SETTING),
	ARG_OPTIONAL("VALUE", COMP_VALUE)},
    .exec = set_exec,
};

const struct cmd cmd_policy = {
    .name = "policy",
    .summary = "commands on the policy",
};

static int
policy_show_exec(struct call *c)
{
	const struct policy *p = c->session->policy;
	autobuf struct strbuf text = STRBUF_INIT;

	policy_show(p, &text);
	call_bytes(c, text.buf, text.len);
	call_set_data(c, policy_to_json(p));
	return 0;
}

const struct cmd cmd_policy_show = {
    .name = "policy show",
    .summary = "show the policy and where each value comes from",
    .help = "Shows all settings as a file that addesh reads, each with who "
	    "set it, the ceilings, and which sections of the files were "
	    "ignored.",
    .examples = "policy show\npolicy show > addesh.yaml",
    .flags = CMD_PAGEABLE,
    .exec = policy_show_exec,
};

static int
policy_check_exec(struct call *c)
{
	autobuf struct strbuf report = STRBUF_INIT;
	int rc = policy_check_file(c->argv[0], &report, &c->err);

	call_bytes(c, report.buf, report.len);
	json_put_str(call_data(c), "file", c->argv[0]);
	json_put_bytes(call_data(c), "report", report.buf, report.len);
	return rc;
}

const struct cmd cmd_policy_check = {
    .name = "policy check",
    .summary = "check a policy file",
    .help = "Reads FILE as the user's addesh.yaml would be read and says what "
	    "it sets, what it does not understand and what is wrong.  Nothing "
	    "is changed.",
    .examples = "policy check addesh.yaml",
    .args = {ARG("FILE", COMP_HOST_FILE)},
    .flags = CMD_NO_SESSION | CMD_NO_STEP,
    .exec = policy_check_exec,
};
