#include "cmd/table.h"

#include <string.h>

#define ROW(id) extern const struct cmd cmd_##id;
#include "cmd/rows.def"
#undef ROW

#define ROW(id) &cmd_##id,
const struct cmd *const cmd_table[] = {
#include "cmd/rows.def"
    NULL};
#undef ROW

static const struct opt in_option = OPT_STR(0, "in", "ENV",
    "in this environment instead of the current one", COMP_ENV);
static const struct opt in_project_option = OPT_STR(0, "in", "ENV",
    "in this project instead of the current one", COMP_PROJECT);
static const struct opt json_option =
    OPT_FLAG(0, "json", "the result as one JSON object");
static const struct opt help_option =
    OPT_FLAG('h', "help", "say how the command is used");

const struct cmd *
table_find(const char *name)
{
	for (size_t i = 0; cmd_table[i]; i++) {
		const struct cmd *row = cmd_table[i];

		if (!strcmp(row->name, name) ||
		    (row->alias && !strcmp(row->alias, name)))
			return row;
	}
	return NULL;
}

bool
table_in_group(const struct cmd *row, const struct cmd *group)
{
	size_t n = strlen(group->name);

	return !strncmp(row->name, group->name, n) && row->name[n] == ' ';
}

/* A group has no result; replay's --json is one of its own. */
static bool
has_result(const struct cmd *row)
{
	for (size_t i = 0; row->opts && row->opts[i].type; i++)
		if (!strcmp(row->opts[i].name, json_option.name))
			return false;
	return row->exec;
}

const struct opt *
table_option(const struct cmd *row, size_t i)
{
	size_t n = 0;

	for (; row->opts && row->opts[n].type; n++)
		if (n == i)
			return &row->opts[n];
	if (row->flags & CMD_NEEDS_ENV && n++ == i)
		return row->flags & CMD_OF_PROJECT ? &in_project_option
						   : &in_option;
	if (has_result(row) && n++ == i)
		return &json_option;
	return n == i ? &help_option : NULL;
}

bool
table_is_common(const struct opt *opt)
{
	return opt == &json_option || opt == &help_option;
}

const struct opt *
table_find_long(const struct cmd *row, const char *name, size_t len)
{
	const struct opt *o;

	for (size_t i = 0; (o = table_option(row, i)); i++)
		if (strlen(o->name) == len && !strncmp(o->name, name, len))
			return o;
	return NULL;
}

const struct opt *
table_find_letter(const struct cmd *row, char letter)
{
	const struct opt *o;

	for (size_t i = 0; (o = table_option(row, i)); i++)
		if (o->letter == letter)
			return o;
	return NULL;
}

bool
opt_has_value(const struct opt *opt)
{
	return opt->type != OPT_TYPE_FLAG && opt->type != OPT_TYPE_REFUSED &&
	       !opt_may_have_value(opt);
}

bool
opt_may_have_value(const struct opt *opt)
{
	return opt->type == OPT_TYPE_MAY_TIME || opt->type == OPT_TYPE_MAY_WORD;
}

bool
choice_has(const char *choices, const char *word)
{
	size_t len = strlen(word);

	if (strchr(word, '|'))
		return false;
	for (const char *p = choices; p; p = strchr(p, '|')) {
		p += *p == '|';
		if (!strncmp(p, word, len) && (!p[len] || p[len] == '|'))
			return len > 0;
	}
	return false;
}
