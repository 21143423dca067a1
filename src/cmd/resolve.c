/* Finding the row of a command line; see dispatch_resolve(). */
#include <string.h>

#include "cmd/dispatch.h"
#include "cmd/help.h"

/* What people type by habit, from Docker's client or a shell, and what it is
   here: no letters in common lead from one to the other. */
static const struct {
	const char *typed, *here;
} habits[] = {
    {"attach", "exec"},
    {"bash", "exec bash -c"},
    {"bg", "run -d, exec -d"},
    {"cd", "exec -w DIR, run -w DIR"},
    {"clear", "Ctrl-L"},
    {"cp", "put, get"},
    {"create", "env new"},
    {"docker", "env new, exec, run, put, get, logs, images"},
    {"env create", "env new"},
    {"env delete", "env rm"},
    {"env inspect", "env info"},
    {"env list", "env ls"},
    {"env remove", "env rm"},
    {"env select", "env use"},
    {"fg", "wait, logs -f"},
    {"image list", "images"},
    {"image ls", "images"},
    {"image pull", "pull"},
    {"inspect", "env info"},
    {"podman", "env new, exec, run, put, get, logs, images"},
    {"restart", "env reset"},
    {"rm", "env rm, image rm"},
    {"rmi", "image rm"},
    {"sh", "exec sh -c"},
    {"start", "env new"},
    {"stop", "env rm, env reset"},
};

static const char *
find_habit(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(habits); i++)
		if (!strcmp(habits[i].typed, word))
			return habits[i].here;
	return NULL;
}

/* The word of a row's name at this depth ("new" of "env new" at 1). */
static const char *
name_word(const struct cmd *row, const struct cmd *group)
{
	return group ? row->name + strlen(group->name) + 1 : row->name;
}

static bool
is_candidate(const struct cmd *row, const struct cmd *group)
{
	return group ? table_in_group(row, group) : !strchr(row->name, ' ');
}

static const struct cmd *
find_exact(const struct cmd *group, const char *word)
{
	const struct cmd *row;

	for (size_t i = 0; (row = cmd_table[i]); i++) {
		if (is_candidate(row, group) &&
		    !strcmp(name_word(row, group), word))
			return row;
		if (!group && row->alias && !strcmp(row->alias, word))
			return row;
	}
	return NULL;
}

/* The only row that begins so; all of them go to names. */
static const struct cmd *
find_prefix(const struct cmd *group, const char *word, struct strvec *names)
{
	const struct cmd *row, *found = NULL;

	if (!*word)
		return NULL;
	for (size_t i = 0; (row = cmd_table[i]); i++) {
		if (!is_candidate(row, group) ||
		    !str_starts(name_word(row, group), word))
			continue;
		found = row;
		strvec_push(names, row->name);
	}
	return names->n == 1 ? found : NULL;
}

static void
join(struct strbuf *sb, const struct strvec *names)
{
	for (size_t i = 0; i < names->n; i++)
		strbuf_addf(sb, "%s%s", i ? ", " : "", names->v[i]);
}

static void
hint_near(const char *name, const struct cmd *group, struct err *err)
{
	autovec struct strvec names = STRVEC_INIT;
	autobuf struct strbuf list = STRBUF_INIT;
	const char *here = find_habit(name);

	if (here) {
		err_hint(err, "here: %s", here);
		return;
	}
	help_near(&names, name);
	join(&list, &names);
	if (names.n)
		err_hint(err, "near: %s", list.buf);
	else
		err_hint(err, group ? "help %s lists its commands"
				    : "help lists the commands",
		    group ? group->name : "");
}

static const struct cmd *
find(const struct cmd *group, const char *word, bool prefixes, struct err *err)
{
	autovec struct strvec names = STRVEC_INIT;
	autobuf struct strbuf list = STRBUF_INIT, full = STRBUF_INIT;
	const struct cmd *row = find_exact(group, word);

	if (!row && prefixes)
		row = find_prefix(group, word, &names);
	if (row)
		return row;
	if (group)
		strbuf_addf(&full, "%s ", group->name);
	strbuf_adds(&full, word);
	if (names.n > 1) {
		join(&list, &names);
		err_set(err, ERR_USAGE, "'%s' is ambiguous: %s", full.buf,
		    list.buf);
		return NULL;
	}
	err_set(err, ERR_USAGE, "there is no command '%s'", full.buf);
	hint_near(full.buf, group, err);
	return NULL;
}

const struct cmd *
dispatch_resolve(char *const *words, size_t n, bool prefixes, size_t *used,
    struct err *err)
{
	const struct cmd *row = find(NULL, words[0], prefixes, err);

	*used = 1;
	if (!row || row->exec || n == 1 || words[1][0] == '-')
		return row;
	*used = 2;
	return find(row, words[1], prefixes, err);
}
