#include "project/template.h"

#include <errno.h>
#include <string.h>

#include "base/glob.h"
#include "base/io.h"
#include "base/xdg.h"
#include "sandbox/runtime.h"

void
template_choice_release(struct template_choice *c)
{
	free(c->name);
	free(c->text);
	strvec_release(&c->files);
	*c = (struct template_choice)TEMPLATE_CHOICE_INIT;
}

static const char *
find_name(const struct strvec *names, const char *pattern)
{
	for (size_t i = 0; i < names->n; i++)
		if (glob_match(pattern, names->v[i]))
			return names->v[i];
	return NULL;
}

/* Are all files of the entry there?  Then `files` holds their names. */
static bool
is_there(const struct project_kind *kind, const struct strvec *names,
    struct strvec *files)
{
	strvec_release(files);
	for (size_t i = 0; i < kind->files.n; i++) {
		const char *name = find_name(names, kind->files.v[i]);

		if (!name)
			return false;
		strvec_push(files, name);
	}
	return true;
}

static const struct project_kind *
find_kind(const struct language *l, const struct strvec *names,
    struct strvec *files)
{
	for (size_t i = 0; i < l->n_projects; i++)
		if (is_there(&l->projects[i], names, files))
			return &l->projects[i];
	return NULL;
}

const struct project_kind *
template_kind(const struct language *l, const struct strvec *names)
{
	autovec struct strvec files = STRVEC_INIT;

	return find_kind(l, names, &files);
}

static const struct project_kind *
find_project(const struct languages *ls, bool added,
    const struct strvec *names, struct template_choice *c)
{
	for (size_t i = 0; i < languages_count(ls); i++) {
		const struct language *l = languages_at(ls, i);
		const struct project_kind *kind =
		    l->added == added ? find_kind(l, names, &c->files) : NULL;

		if (!kind)
			continue;
		c->language = l;
		return kind;
	}
	return NULL;
}

static int
fail_unknown(const struct languages *ls, const char *where, struct err *err)
{
	autovec struct strvec known = STRVEC_INIT;
	autobuf struct strbuf list = STRBUF_INIT;

	for (size_t i = 0; i < languages_count(ls); i++) {
		const struct language *l = languages_at(ls, i);

		for (size_t j = 0; j < l->n_projects; j++) {
			const char *name = l->projects[j].files.v[0];

			if (strvec_has(&known, name))
				continue;
			strbuf_addf(&list, "%s%s", known.n ? ", " : "", name);
			strvec_push(&known, name);
		}
	}
	err_set(err, ERR_USAGE,
	    "%s has no Dockerfile, and no project file to make one for", where);
	return err_hint(err, "known project files: %s", list.buf);
}

int
template_choose(const struct languages *ls, const struct strvec *names,
    const char *where, struct template_choice *c, struct err *err)
{
	const struct project_kind *kind;
	autofree char *file = NULL;
	int rc = -1;

	*c = (struct template_choice)TEMPLATE_CHOICE_INIT;
	kind = find_project(ls, true, names, c);
	if (!kind)
		kind = find_project(ls, false, names, c);
	if (kind) {
		c->name = xstrdup(kind->template);
		file = xasprintf("%s.Dockerfile", kind->template);
		c->text = template_read(file, &c->len, err);
		rc = c->text ? 0 : -1;
	} else {
		fail_unknown(ls, where, err);
	}
	if (rc)
		template_choice_release(c);
	return rc;
}

/* The user's own, or NULL with a clear err if there is none. */
static char *
read_own(const char *name, size_t *len, struct err *err)
{
	autofree char *config = xdg_config_dir();
	autofree char *dir = config ? io_join(config, "templates") : NULL;
	autofree char *path = dir ? io_join(dir, name) : NULL;
	autobuf struct strbuf text = STRBUF_INIT;

	if (!path)
		return NULL;
	if (io_read_file(path, &text, TEMPLATE_TEXT_MAX, err)) {
		if (err->code == ENOENT || err->code == ENOTDIR)
			err_clear(err);
		return NULL;
	}
	*len = text.len;
	return strbuf_detach(&text);
}

char *
template_read(const char *name, size_t *len, struct err *err)
{
	autofree char *file = xasprintf("templates/%s", name);
	autobuf struct strbuf text = STRBUF_INIT;
	autofree char *path = NULL;
	char *own;

	if (strchr(name, '/')) {
		err_set(err, ERR_CONFIG, "'%s' is no name of a template", name);
		return NULL;
	}
	own = read_own(name, len, err);
	if (own || err->kind != ERR_NONE)
		return own;
	path = runtime_data_path(file, err);
	if (!path || io_read_file(path, &text, TEMPLATE_TEXT_MAX, err))
		return NULL;
	*len = text.len;
	return strbuf_detach(&text);
}
