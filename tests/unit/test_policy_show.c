/* What is said of a policy: as text, as JSON, and in the manual. */
#include "policy_files.h"

static void
test_explain(void)
{
	autobuf struct strbuf out = STRBUF_INIT;
	autofree char *text = NULL;
	struct policy *p;
	struct err err = ERR_INIT;

	start();
	put_file(SITE_FILE, CODE "    max: {timeout: 2m}\n");
	put_file(USER_FILE, CODE "    timeout: 60\n");
	put_file(PROJECT_FILE, CODE "    timeout: 20\n");
	p = load();
	ok(!policy_explain(p, "timeout", &out, &err), "explained");
	text = shorten(out.buf);
	is_str(text,
	    "tools.code_execution.timeout: 20s\n"
	    "  set by   .addesh.yaml:3\n"
	    "  besides  1m (T/home/.config/addesh/addesh.yaml:3)\n"
	    "  besides  30s (the default)\n"
	    "  ceiling  2m (T/site/addesh/addesh.yaml:3)\n"
	    "  what     time limit of a run\n",
	    "as text");
	policy_free(p);
}

/* What `policy show` prints is a policy that says the same. */
static void
test_show(void)
{
	autobuf struct strbuf out = STRBUF_INIT;
	struct policy *p, *q;
	struct err err = ERR_INIT;
	autofree char *path = path_of("shown.yaml");

	start();
	put_file(SITE_FILE, CODE "    max: {timeout: 2m, images: ['p*']}\n");
	put_file(USER_FILE, CODE "    timeout: 60\n    max: {images: ['*n']}\n"
				 "shell: {aliases: {t: 'a \"b\\'}}\n");
	put_file(PROJECT_FILE,
	    CODE "    images: ['py*']\n    timeout: 10\n    memory_limit: 1g\n");
	p = load();
	policy_show(p, &out);
	start();
	put_file("shown.yaml", out.buf);
	q = load_with(&(struct policy_inputs){.config = path});
	for (size_t i = 0; i < SET_COUNT; i++)
		ok(value_equal(policy_value(p, i), policy_value(q, i)),
		    "%s is shown as it is", settings_table[i].path);
	ok(strstr(out.buf, "# and only what [\"py*\"] allows too "
			   "(.addesh.yaml:3)\n"),
	    "the project's list stands beside");
	ok(!strstr(out.buf, "only what 10") && !strstr(out.buf, "only what 1g"),
	    "its other values do not: the smaller ones count");
	ok(policy_changed(p, SET_TIMEOUT) && policy_changed(p, SET_IMAGES) &&
		!policy_changed(p, SET_MEMORY_LIMIT),
	    "what the project leaves as it is has not changed");
	ok(policy_set(q, "timeout", "3m", NULL, &err) < 0, "so does the max");
	err_clear(&err);
	policy_free(p);
	policy_free(q);
}

static void
test_json(void)
{
	struct policy *p = (start(), load());
	autojson json *o = policy_setting_to_json(p, SET_MEMORY_LIMIT);
	autojson json *all = policy_to_json(p);

	is_str(json_str(o, "name", NULL), "tools.code_execution.memory_limit",
	    "name");
	is_int(json_int(o, "value", 0), 256 << 20, "bytes");
	is_str(json_str(o, "text", NULL), "256m", "text");
	is_str(json_str(o, "where", NULL), "the default", "where");
	is_int(cJSON_GetArraySize(json_get(all, "settings")), SET_COUNT,
	    "all of them");
	policy_free(p);
}

/* The line in which the manual names a default; the caller's, or NULL. */
static char *
default_line(const struct setting *s)
{
	if (!*s->def || *s->def == '{')
		return NULL;
	if (strchr(s->def, ' '))
		return xasprintf("The default is\n.Ql \"%s\" ", s->def);
	return xasprintf("The default is\n.Ql %s ", s->def);
}

static void
check_item(const char *path, char *text, bool *seen)
{
	const struct setting *s = settings_find(path);
	autofree char *def = s ? default_line(s) : NULL;
	autofree char *name =
	    s && s->name ? xasprintf("\n.Pq Cm %s\n", s->name) : NULL;

	if (!ok(s && !strcmp(s->path, path), "%s is a setting", path))
		return;
	seen[settings_id(s)] = true;
	ok(!name || strstr(text, name), "its short name is there");
	ok(!def || strstr(text, def), "its default is there");
}

/* The manual has a paragraph for each setting, and for nothing else. */
static void
test_manual(void)
{
	const char *source = getenv("ADDESH_SOURCE");
	autofree char *path =
	    xasprintf("%s/man/addesh.yaml.5", source ? source : ".");
	autobuf struct strbuf page = STRBUF_INIT;
	static const char item[] = "\n.It Ic ";
	struct err err = ERR_INIT;
	bool seen[SET_COUNT] = {false};
	char *next, *at;

	if (!ok(!io_read_file(path, &page, 1 << 20, &err), "the page is read"))
		return;
	for (at = strstr(page.buf, item); at; at = next) {
		autofree char *text = NULL, *name = NULL;

		at += strlen(item);
		next = strstr(at, item);
		text = next ? xstrndup(at, next - at) : xstrdup(at);
		name = xstrndup(text, strcspn(text, "\n"));
		check_item(name, text, seen);
	}
	for (size_t i = 0; i < SET_COUNT; i++)
		ok(seen[i], "%s is in addesh.yaml(5)", settings_table[i].path);
}

int
main(void)
{
	prepare();
	test_explain();
	test_show();
	test_json();
	test_manual();
	return finish();
}
