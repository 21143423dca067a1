/* session/settings and session/policy, on files as users have them. */
#include "policy_files.h"

static void
not_loaded(const struct policy_inputs *in, enum err_kind kind,
    const char *msg, const char *hint)
{
	struct err err = ERR_INIT;
	struct policy *p = policy_load(in, &err);

	ok(!p, "refused: %.60s", msg);
	is_err(&err, kind, msg, hint);
	policy_free(p);
}

static void
is_where(const struct policy *p, enum setting_id id, const char *want)
{
	autofree char *got = shorten(policy_where(p, id));

	is_str(got, want, "who set %s", settings_table[id].path);
}

static void
test_table(void)
{
	struct policy *p = policy_new();

	for (size_t i = 0; i < SET_COUNT; i++) {
		const struct setting *s = &settings_table[i];
		const struct value *v = policy_value(p, i);
		autobuf struct strbuf text = STRBUF_INIT;
		struct err err = ERR_INIT;
		struct yaml *y;
		struct value again;

		if (!ok(s->path && s->help && s->def, "row %zu is whole", i))
			continue;
		ok(settings_find(s->path) == s, "%s by its path", s->path);
		ok(!s->name || settings_find(s->name) == s, "%s by its name",
		    s->path);
		ok((s->tighten == TIGHTEN_ONLY) == (s->only != NULL),
		    "%s: a word if only that", s->path);
		value_add_yaml(s, v, &text);
		y = yaml_parse("x", text.buf, text.len, &err);
		ok(y && !value_from_yaml(s, yaml_root(y), "x", &again, &err) &&
			value_equal(v, &again),
		    "%s is read as it is written: %s", s->path, text.buf);
		value_release(&again);
		yaml_doc_free(y);
	}
	ok(settings_is_section("tools") && settings_is_section("shell.confirm"),
	    "sections");
	ok(!settings_is_section("shell.prompt") && !settings_is_section("too"),
	    "no sections");
	policy_free(p);
}

static void
test_defaults(void)
{
	struct policy *p = (start(), load());
	struct limits l, want = LIMITS_DEFAULT;

	policy_limits(p, &l);
	ok(!memcmp(&l, &want, sizeof(l)), "the limits of the sandbox");
	is_str(policy_text(p, SET_SANDBOX), "auto", "sandbox");
	is_str(policy_text(p, SET_IMAGE), "python:3.11-slim", "image");
	is_int(policy_num(p, SET_TIMEOUT), 30000, "timeout");
	is_where(p, SET_TIMEOUT, "the default");
	ok(!policy_changed(p, SET_TIMEOUT), "nothing is changed");
	is_int(policy_warnings(p)->n, 0, "no warnings");
	policy_free(p);
}

static void
test_layers(void)
{
	struct err err = ERR_INIT;
	struct policy *p;

	start();
	put_file(SITE_FILE, CODE "    timeout: 1m\n    pids_limit: 64\n");
	put_file(USER_FILE, CODE "    timeout: 45\n\nshell:\n  hints: no\n");
	p = load();
	is_int(policy_num(p, SET_TIMEOUT), 45000, "the user's file wins");
	is_where(p, SET_TIMEOUT, "T/home/.config/addesh/addesh.yaml:3");
	is_where(p, SET_PIDS_LIMIT, "T/site/addesh/addesh.yaml:4");
	ok(!policy_bool(p, SET_HINTS), "another section");
	policy_free(p);
	p = load_with(&(struct policy_inputs){.no_config = true});
	is_int(policy_num(p, SET_TIMEOUT), 60000, "--no-config keeps the site");
	policy_free(p);
	p = load_with(&(struct policy_inputs){.policy = "small"});
	is_int(policy_num(p, SET_TIMEOUT), 15000, "--policy wins");
	is_int(policy_num(p, SET_CPU_LIMIT), 250, "a quarter of a CPU");
	ok(!policy_set(p, "timeout", "20", "-t", &err), "an option");
	is_where(p, SET_TIMEOUT, "the option -t");
	ok(!policy_set(p, "tools.code_execution.timeout", "500ms", NULL, &err),
	    "set by path");
	is_int(policy_num(p, SET_TIMEOUT), 500, "set wins");
	is_where(p, SET_TIMEOUT, "'set'");
	ok(!policy_override(p, "timeout", "2", "run -t", &err),
	    "an option of one command");
	is_int(policy_num(p, SET_TIMEOUT), 2000, "it wins over set");
	is_where(p, SET_TIMEOUT, "the option run -t");
	policy_free(p);
}

static void
test_project(void)
{
	struct policy *p;

	start();
	put_file(USER_FILE, CODE "    images: ['python:*', 'node:*']\n"
				 "    network: full\n    timeout: 60\n");
	put_file(PROJECT_FILE, CODE "    timeout: 90\n    network: none\n"
				    "    images: ['*:3.11', 'node:20']\n"
				    "    memory_limit: 64m\n");
	p = load();
	is_int(policy_num(p, SET_TIMEOUT), 60000, "more is not given");
	is_int(policy_num(p, SET_MEMORY_LIMIT), 64 << 20, "less is");
	is_where(p, SET_MEMORY_LIMIT, ".addesh.yaml:6");
	is_str(policy_text(p, SET_NETWORK), "none", "none is less than full");
	for (int i = 0; i < 3; i++) {
		static const char *const images[] = {
		    "python:3.11", "python:3.12", "ruby:3.11"};
		struct err err = ERR_INIT;

		is_int(!policy_may_use_image(p, images[i], NULL, &err), !i,
		    "%s: both must allow it", images[i]);
		err_clear(&err);
	}
	policy_free(p);
	put_file(PROJECT_FILE, CODE "    sandbox: docker\n    image: x\n"
				    "    enabled: true\nshell:\n  init: [a]\n"
				    "engine: {url: tcp://x}\n");
	not_loaded(&(struct policy_inputs){0}, ERR_CONFIG,
	    ".addesh.yaml:3:14: tools.code_execution.sandbox: a project's "
	    "file may only set this to disabled",
	    ".addesh.yaml:4:12: tools.code_execution.image: a project's file "
	    "may not set this\n"
	    ".addesh.yaml:5:14: tools.code_execution.enabled: a project's "
	    "file may only set this to false\n"
	    ".addesh.yaml:7:9: shell.init: a project's file may not set this\n"
	    ".addesh.yaml:8:15: engine.url: a project's file may not set this");
}

static void
test_ceilings(void)
{
	struct policy *p, *copy;
	struct err err = ERR_INIT;
	autofree char *warning = NULL;

	start();
	put_file(SITE_FILE, CODE "    max: {timeout: 40, network: none}\n");
	put_file(USER_FILE,
	    CODE "    timeout: 60\n    max:\n      timeout: 50\n"
		 "      images: ['py*']\n      cpu_limit: 0.25\n");
	p = load();
	is_int(policy_num(p, SET_TIMEOUT), 40000, "lowered to the lowest");
	is_where(p, SET_TIMEOUT, "T/site/addesh/addesh.yaml:3");
	is_int(policy_num(p, SET_CPU_LIMIT), 250, "so is the default");
	is_int(policy_warnings(p)->n, 1, "of which nobody has to be told");
	warning = shorten(policy_warnings(p)->v[0]);
	is_str(warning,
	    "T/home/.config/addesh/addesh.yaml:3: tools.code_execution.timeout:"
	    " 1m is lowered to the ceiling of 40s "
	    "(T/site/addesh/addesh.yaml:3)",
	    "the warning");
	not_set(p, "timeout", "41s", ERR_POLICY,
	    "timeout: 41s is above the ceiling of 40s "
	    "(T/site/addesh/addesh.yaml:3)", "");
	not_set(p, "network", "full", ERR_POLICY,
	    "network: full is above the ceiling of none "
	    "(T/site/addesh/addesh.yaml:3)", "");
	copy = policy_copy(p);
	ok(!policy_set(copy, "timeout", "40", NULL, &err),
	    "the ceiling itself");
	ok(!policy_set(copy, "images", "*", NULL, &err), "lists can be set");
	ok(policy_may_use_image(copy, "ruby", NULL, &err) < 0,
	    "and the ceiling holds");
	err_clear(&err);
	policy_free(copy);
	is_where(p, SET_TIMEOUT, "T/site/addesh/addesh.yaml:3");
	policy_free(p);
}

static void
test_unknown(void)
{
	start();
	put_file(USER_FILE, CODE "    memry_limit: 1g\n    xyzzy: 1\n"
				 "    max: {timeuot: 3, image: a}\n"
				 "shell: {promt: x, confirm: {image: no}}\n"
				 "output: [a]\n");
	not_loaded(&(struct policy_inputs){0}, ERR_CONFIG,
	    "T/home/.config/addesh/addesh.yaml:3:5: "
	    "tools.code_execution.memry_limit: unknown key; the nearest is "
	    "memory_limit",
	    "T/home/.config/addesh/addesh.yaml:4:5: "
	    "tools.code_execution.xyzzy: unknown key\n"
	    "T/home/.config/addesh/addesh.yaml:5:11: "
	    "tools.code_execution.max.timeuot: unknown key; the nearest is "
	    "timeout\n"
	    "T/home/.config/addesh/addesh.yaml:5:23: "
	    "tools.code_execution.max.image: this can have no ceiling\n"
	    "T/home/.config/addesh/addesh.yaml:6:9: shell.promt: unknown key; "
	    "the nearest is prompt\n"
	    "T/home/.config/addesh/addesh.yaml:6:29: shell.confirm.image: "
	    "unknown key; the nearest is image_rm\n"
	    "T/home/.config/addesh/addesh.yaml:7:9: output: must be a map, not "
	    "a list");
}

static void
test_values(void)
{
	struct policy *p = (start(), load());
	struct err err = ERR_INIT;

	not_set(p, "timeout", "soon", ERR_USAGE, "timeout: must be a time such "
	    "as 30s, 500ms or 5m, not 'soon'", "");
	not_set(p, "timeout", "0", ERR_USAGE, "timeout: must be at least 1ms",
	    "");
	not_set(p, "memory_limit", "1m", ERR_USAGE,
	    "memory_limit: must be at least 6m", "");
	not_set(p, "cpu_limit", "-1", ERR_USAGE,
	    "cpu_limit: must be a number such as 0.5, not '-1'", "");
	not_set(p, "cpu_limit", "0.0001", ERR_USAGE,
	    "cpu_limit: must be a number such as 0.5, not '0.0001'", "");
	not_set(p, "pids_limit", "1e3", ERR_USAGE,
	    "pids_limit: must be a whole number, not '1e3'", "");
	not_set(p, "pids_limit", "5000000", ERR_USAGE,
	    "pids_limit: must be at most 4194304", "");
	not_set(p, "sandbox", "chroot", ERR_USAGE, "sandbox: must be auto, "
	    "docker, restricted or disabled, not 'chroot'", "");
	not_set(p, "image", "", ERR_USAGE, "image: must not be empty", "");
	not_set(p, "hints", "maybe", ERR_USAGE,
	    "hints: must be true or false, not 'maybe'", "");
	not_set(p, "prompt", "a\nb", ERR_USAGE,
	    "prompt: must be text in UTF-8 on one line, not that", "");
	not_set(p, "aliases", "t=x", ERR_USAGE,
	    "aliases: must be a map of names to texts, not text", "");
	not_set(p, "tiemout", "1", ERR_USAGE,
	    "no setting is named 'tiemout'", "the nearest is timeout");
	not_set(p, "memory", "1", ERR_USAGE, "no setting is named 'memory'",
	    "the nearest is memory_limit");
	not_set(p, "qqqq", "1", ERR_USAGE, "no setting is named 'qqqq'",
	    "all of them:  policy show");
	ok(!policy_set(p, "cpu_limit", "1.25", NULL, &err), "decimals");
	is_int(policy_num(p, SET_CPU_LIMIT), 1250, "in thousandths");
	ok(!policy_set(p, "images", " a:1 ,b*", NULL, &err), "a list");
	is_str(policy_text(p, SET_IMAGES), "[a:1, \"b*\"]", "as YAML");
	ok(!policy_set(p, "aliases", "{t: 'test -q'}", NULL, &err), "a map");
	is_str(policy_list(p, SET_ALIASES)->v[0], "t=test -q", "its pair");
	policy_free(p);
}

static void
test_variables(void)
{
	struct policy *p;

	start();
	setenv("ADDESH_ENGINE", "unix:///x", 1);
	setenv("BUILDKIT_PROGRESS", "rawjson", 1);
	setenv("ACCESSIBLE", "1", 1);
	p = load();
	is_str(policy_text(p, SET_ENGINE_URL), "unix:///x", "ours");
	is_where(p, SET_ENGINE_URL, "the variable ADDESH_ENGINE");
	is_str(policy_text(p, SET_PROGRESS), "auto",
	    "a foreign word is nothing to us");
	ok(policy_bool(p, SET_ACCESSIBLE), "anything means yes");
	policy_free(p);
	setenv("BUILDKIT_PROGRESS", "plain", 1);
	setenv("ACCESSIBLE", "false", 1);
	p = load();
	is_str(policy_text(p, SET_PROGRESS), "plain", "a known word");
	ok(!policy_bool(p, SET_ACCESSIBLE), "but for no");
	policy_free(p);
	setenv("ADDESH_PROGRESS", "bar", 1);
	not_loaded(&(struct policy_inputs){0}, ERR_CONFIG,
	    "ADDESH_PROGRESS: must be auto, tty, plain, json or none, not "
	    "'bar'", "");
	start();
}

static void
test_files(void)
{
	autofree char *named = path_of("own.yaml");
	struct policy *p;

	start();
	not_loaded(&(struct policy_inputs){.config = "/nonexistent.yaml"},
	    ERR_CONFIG, "/nonexistent.yaml: No such file or directory", "");
	not_loaded(&(struct policy_inputs){.policy = "tiny"}, ERR_USAGE,
	    "no policy is named 'tiny'",
	    "there are: default, large, project, small; a file's name has a "
	    "'/' or ends in .yaml");
	put_file("own.yaml", CODE "    timeout: 7\n");
	p = load_with(&(struct policy_inputs){.config = named});
	is_int(policy_num(p, SET_TIMEOUT), 7000, "--config");
	policy_free(p);
	p = load_with(&(struct policy_inputs){.policy = named});
	is_where(p, SET_TIMEOUT, "T/own.yaml:3");
	policy_free(p);
	setenv("ADDESH_CONFIG", named, 1);
	p = load();
	is_int(policy_num(p, SET_TIMEOUT), 7000, "ADDESH_CONFIG");
	policy_free(p);
	setenv("ADDESH_CONFIG", "", 1);
	put_file(USER_FILE, CODE "    timeout: 8\n");
	p = load();
	is_int(policy_num(p, SET_TIMEOUT), 30000, "an empty one: no file");
	policy_free(p);
	start();
	put_file("home/.config/addesh/policies/mine.yaml",
	    CODE "    timeout: 9\n");
	p = load_with(&(struct policy_inputs){.policy = "mine"});
	is_int(policy_num(p, SET_TIMEOUT), 9000, "one's own by its name");
	policy_free(p);
}

/* Each of the policies that come with addesh. */
static void
test_ready_made(void)
{
	static const struct {
		const char *name;
		unsigned cpu, memory, timeout;
	} cases[] = {{"default", 500, 256, 30}, {"small", 250, 128, 15},
	    {"large", 1000, 512, 60}, {"project", 2000, 2048, 300}};

	start();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct policy *p = load_with(
		    &(struct policy_inputs){.policy = cases[i].name});

		is_int(policy_num(p, SET_CPU_LIMIT), cases[i].cpu, "%s: cpus",
		    cases[i].name);
		is_int(policy_num(p, SET_MEMORY_LIMIT) >> 20, cases[i].memory,
		    "memory");
		is_int(policy_num(p, SET_TIMEOUT) / 1000, cases[i].timeout,
		    "timeout");
		is_int(policy_warnings(p)->n, 0, "no warnings");
		policy_free(p);
	}
}

static void
test_agent_assistant(void)
{
	const char *source = getenv("ADDESH_SOURCE");
	autofree char *path = xasprintf("%s/tests/data/agent-assistant.yaml",
	    source ? source : ".");
	struct policy *p;
	autobuf struct strbuf report = STRBUF_INIT;
	static const char *const ruby[] = {"ruby", "rb", NULL};
	static const char *const python[] = {"python", "py", NULL};
	struct err err = ERR_INIT;

	start();
	p = load_with(&(struct policy_inputs){.config = path});
	is_str(policy_text(p, SET_SANDBOX), "docker", "its sandbox");
	is_int(policy_num(p, SET_MEMORY_LIMIT), 256 << 20, "its memory");
	is_int(policy_warnings(p)->n, 0, "no warnings");
	ok(!policy_may_use_language(p, python, &err), "Python is allowed");
	ok(policy_may_use_language(p, ruby, &err) < 0, "Ruby is not");
	err_clear(&err);
	policy_show(p, &report);
	ok(strstr(report.buf, "ignored: llm (") &&
		strstr(report.buf, "ignored: tools.web_search ("),
	    "what is not ours is listed");
	policy_free(p);
	strbuf_reset(&report);
	ok(!policy_check_file(path, &report, &err), "it is checked");
	ok(strstr(report.buf, "tools.code_execution.timeout: 30s\n"),
	    "what it sets is listed");
}

static void
test_foreign_slip(void)
{
	struct policy *p;
	autofree char *warning = NULL;

	start();
	put_file(USER_FILE, "tools:\n  code_executon: {timeout: 3}\n"
			    "replay: {whatever: [1, {a: b}]}\nllm: {a: 1}\n");
	p = load();
	is_int(policy_warnings(p)->n, 1, "one looks like ours");
	warning = shorten(policy_warnings(p)->v[0]);
	is_str(warning,
	    "T/home/.config/addesh/addesh.yaml:2:3: tools.code_executon is "
	    "ignored; the nearest name of ours is code_execution",
	    "the warning");
	policy_free(p);
}

int
main(void)
{
	prepare();
	test_table();
	test_defaults();
	test_layers();
	test_project();
	test_ceilings();
	test_unknown();
	test_values();
	test_variables();
	test_files();
	test_ready_made();
	test_agent_assistant();
	test_foreign_slip();
	return finish();
}
