/* Which files and variables a policy is made of. */
#include "session/policy_impl.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/io.h"
#include "base/xdg.h"
#include "sandbox/runtime.h"

#define PROJECT_FILE ".addesh.yaml"

struct loader {
	struct policy *p;
	struct strvec problems;
	struct err *err;
};

/* Reads a file if it is there: 1, 0 if it is not, or -1. */
static int
read_file(struct loader *ld, enum layer layer, const char *path,
    const char *whose)
{
	struct err err = ERR_INIT;
	struct yaml *y = yaml_parse_file(path, &err);

	if (!y) {
		if (err.code == ENOENT || err.code == ENOTDIR) {
			err_clear(&err);
			return 0;
		}
		return err_move(ld->err, &err);
	}
	policy_read(ld->p, layer, y, &ld->problems);
	strvec_pushf(&ld->p->files, "%s %s", whose, path);
	yaml_doc_free(y);
	return 1;
}

/* A file that somebody named must be there. */
static int
read_named_file(struct loader *ld, enum layer layer, const char *path,
    const char *whose)
{
	int r = read_file(ld, layer, path, whose);

	if (!r)
		return err_set(ld->err, ERR_CONFIG, "%s: %s", path,
		    strerror(ENOENT));
	return r < 0 ? -1 : 0;
}

static int
read_site_file(struct loader *ld)
{
	const char *dirs = getenv("XDG_CONFIG_DIRS");

	if (!dirs || !*dirs)
		dirs = "/etc/xdg";
	while (*dirs) {
		size_t n = strcspn(dirs, ":");
		autofree char *path =
		    xasprintf("%.*s/addesh/addesh.yaml", (int)n, dirs);
		int r = *path == '/' && n
		    ? read_file(ld, LAYER_SITE, path, "the site's file")
		    : 0;

		if (r)
			return r < 0 ? -1 : 0;
		dirs += n + (dirs[n] == ':');
	}
	return read_file(ld, LAYER_SITE, SYSCONFDIR "/addesh/addesh.yaml",
		   "the site's file") < 0 ? -1 : 0;
}

static int
read_user_file(struct loader *ld, const struct policy_inputs *in)
{
	static const char whose[] = "the user's file";
	const char *variable = getenv("ADDESH_CONFIG");
	autofree char *dir = NULL, *path = NULL;

	if (in->config)
		return read_named_file(ld, LAYER_USER, in->config, whose);
	if (in->no_config || (variable && !*variable))
		return 0;
	if (variable)
		return read_named_file(ld, LAYER_USER, variable, whose);
	dir = xdg_config_dir();
	if (!dir)
		return 0;
	path = io_join(dir, "addesh.yaml");
	return read_file(ld, LAYER_USER, path, whose) < 0 ? -1 : 0;
}

static bool
is_file_name(const char *name)
{
	return strchr(name, '/') || str_ends(name, ".yaml") ||
	    str_ends(name, ".yml");
}

static int
no_such_policy(struct loader *ld, const char *name)
{
	autovec struct strvec names = STRVEC_INIT;
	autobuf struct strbuf list = STRBUF_INIT;

	policy_names(&names);
	for (size_t i = 0; i < names.n; i++)
		strbuf_addf(&list, "%s%s", i ? ", " : "", names.v[i]);
	err_set(ld->err, ERR_USAGE, "no policy is named '%s'", name);
	return err_hint(ld->err, "there are: %s; a file's name has a '/' or "
				 "ends in .yaml", list.buf);
}

static int
read_policy_file(struct loader *ld, const char *name)
{
	static const char whose[] = "the policy";
	autofree char *dir = xdg_config_dir();
	autofree char *file = xasprintf("policies/%s.yaml", name);
	autofree char *installed = NULL;
	struct err err = ERR_INIT;
	int r = 0;

	if (is_file_name(name))
		return read_named_file(ld, LAYER_POLICY, name, whose);
	if (dir) {
		autofree char *own = io_join(dir, file);

		r = read_file(ld, LAYER_POLICY, own, whose);
	}
	if (r)
		return r < 0 ? -1 : 0;
	installed = runtime_data_path(file, &err);
	err_clear(&err);
	if (installed)
		r = read_file(ld, LAYER_POLICY, installed, whose);
	if (!r)
		return no_such_policy(ld, name);
	return r < 0 ? -1 : 0;
}

static const char *
there_variable(const char *value)
{
	return !strcmp(value, "0") || !strcasecmp(value, "false") ||
	    !strcasecmp(value, "no") || !strcasecmp(value, "off")
	    ? "false"
	    : "true";
}

/* The words of settings, which value_parse() knows, and 0 and 1. */
static const char *
bool_variable(const char *value)
{
	return !strcmp(value, "0") ? "false"
	    : !strcmp(value, "1")  ? "true"
				   : value;
}

static char *
engine_variable(struct loader *ld, const struct setting *s, const char *name,
    const char *value)
{
	static const struct setting yes_or_no = {.type = VALUE_BOOL};
	const char *now = policy_text(ld->p, settings_id(s));
	struct err err = ERR_INIT;
	struct value v;
	bool yes;

	if (value_parse(&yes_or_no, bool_variable(value), name, &v, &err)) {
		strvec_pushf(&ld->p->warnings, "the variable %s is ignored: "
		    "it %s", name, err.msg.buf);
		err_clear(&err);
		return NULL;
	}
	yes = v.num != 0;
	value_release(&v);
	/* What a file forbids stays forbidden. */
	return yes || !strcmp(now, s->only) ? NULL : xstrdup("restricted");
}

/* A number from 0 to 1 as percent: "0.705" is "70.5"; NULL if it is none. */
static char *
percent_of(const char *value)
{
	size_t whole = strspn(value, "01"), n;
	const char *after = value[whole] == '.' ? value + whole + 1 : "";

	n = strlen(after);
	if (whole != 1 || value[whole + (*after ? n + 1 : 0)] ||
	    after[strspn(after, "0123456789")])
		return NULL;
	return xasprintf("%c%c%c%s%s", *value, n > 0 ? after[0] : '0',
	    n > 1 ? after[1] : '0', n > 2 ? "." : "", n > 2 ? after + 2 : "");
}

static char *
fraction_variable(struct loader *ld, const char *name, const char *value)
{
	char *percent = percent_of(value);

	if (!percent)
		strvec_pushf(&ld->p->warnings, "the variable %s is ignored: "
		    "it must be a fraction from 0 to 1, such as 0.7", name);
	return percent;
}

/* The text that a variable is for its setting; NULL: it says nothing.  The
   caller's. */
static char *
variable_text(struct loader *ld, const struct setting *s, const char *name,
    const char *value)
{
	switch (s->form) {
	case VARIABLE_FRACTION:
		return fraction_variable(ld, name, value);
	case VARIABLE_ENGINE:
		return engine_variable(ld, s, name, value);
	case VARIABLE_THERE:
		return xstrdup(there_variable(value));
	default:
		return xstrdup(
		    s->type == VALUE_BOOL ? bool_variable(value) : value);
	}
}

/*
 * Ours must make sense; what another program's variable says in words that we
 * do not know is not for us.  Where its name could be meant for us it is said.
 */
static int
read_variable(struct loader *ld, const struct setting *s, const char *name)
{
	autofree char *where = xasprintf("the variable %s", name);
	const char *value = getenv(name);
	autofree char *text =
	    value && *value ? variable_text(ld, s, name, value) : NULL;
	enum setting_id id = settings_id(s);
	struct err err = ERR_INIT;
	struct value v;

	if (!text)
		return 0;
	if (!value_parse(s, text, where, &v, &err)) {
		ld->p->layers[LAYER_VARIABLE][id] = v;
		policy_resolve(ld->p, id);
		return 1;
	}
	if (str_starts(name, "ADDESH_"))
		strvec_pushf(&ld->problems, "%s: %s", name, err.msg.buf);
	else if (!strchr(s->env, ','))
		strvec_pushf(&ld->p->warnings, "the variable %s is ignored: %s "
		    "%s", name, settings_name(s), err.msg.buf);
	err_clear(&err);
	return 0;
}

static void
read_variables(struct loader *ld)
{
	for (size_t i = 0; i < SET_COUNT; i++) {
		const char *names = settings_table[i].env;

		while (names && *names) {
			size_t n = strcspn(names, ",");
			autofree char *name = xstrndup(names, n);

			if (read_variable(ld, &settings_table[i], name))
				break;
			names += n + (names[n] == ',');
		}
	}
}

/* A default just yields. */
void
policy_warn_lowered(struct policy *p)
{
	for (size_t i = 0; i < SET_COUNT; i++) {
		const struct value *wanted = policy_wanted(p, i);

		if (wanted == p->now[i] ||
		    wanted == &p->layers[LAYER_DEFAULT][i])
			continue;
		strvec_pushf(&p->warnings,
		    "%s: %s: %s is lowered to the ceiling of %s (%s)",
		    wanted->where, settings_table[i].path, wanted->text,
		    p->now[i]->text, p->now[i]->where);
	}
}

static int
load(struct loader *ld, const struct policy_inputs *in)
{
	if (read_site_file(ld) || read_user_file(ld, in))
		return -1;
	if (in->policy && read_policy_file(ld, in->policy))
		return -1;
	if (!in->no_config && read_file(ld, LAYER_PROJECT, PROJECT_FILE,
				  "the project's file") < 0)
		return -1;
	read_variables(ld);
	if (in->agent)
		policy_use_agent(ld->p);
	if (policy_report(&ld->problems, ld->err))
		return -1;
	policy_warn_lowered(ld->p);
	return 0;
}

struct policy *
policy_load(const struct policy_inputs *in, struct err *err)
{
	struct loader ld = {
	    .p = policy_new(), .problems = STRVEC_INIT, .err = err};
	int r = load(&ld, in);

	strvec_release(&ld.problems);
	if (r) {
		policy_free(ld.p);
		return NULL;
	}
	return ld.p;
}

static void
add_names(const char *dir, struct strvec *names)
{
	DIR *d = dir ? opendir(dir) : NULL;
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d))) {
		autofree char *name = xstrdup(e->d_name);

		if (*name == '.' || !str_ends(name, ".yaml"))
			continue;
		name[strlen(name) - strlen(".yaml")] = '\0';
		if (!strvec_has(names, name))
			strvec_push(names, name);
	}
	closedir(d);
}

void
policy_names(struct strvec *names)
{
	autofree char *config = xdg_config_dir();
	autofree char *own = config ? io_join(config, "policies") : NULL;
	struct err err = ERR_INIT;
	autofree char *installed = runtime_data_path("policies", &err);

	err_clear(&err);
	add_names(own, names);
	add_names(installed, names);
	strvec_sort(names);
}
