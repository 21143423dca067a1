#include "cmd/help.h"

#include <string.h>

#include "base/encode.h"
#include "base/nearest.h"

/* Usage lines with more than these options say [OPTION]... */
enum { FEW_OPTIONS = 3, OPTION_COLUMN = 26 };

static bool
is_shown(const struct opt *o)
{
	return o->type != OPT_TYPE_REFUSED && !table_is_common(o);
}

static void
usage_option(struct strbuf *sb, const struct opt *o)
{
	strbuf_adds(sb, " [");
	if (o->letter)
		strbuf_addf(sb, "-%c", o->letter);
	else
		strbuf_addf(sb, "--%s", o->name);
	if (opt_may_have_value(o))
		strbuf_addf(sb, "[=%s]", o->metavar);
	else if (opt_has_value(o))
		strbuf_addf(sb, " %s",
		    o->choices ? o->choices : o->metavar);
	strbuf_adds(sb, o->type == OPT_TYPE_LIST ? "]..." : "]");
}

static void
usage_options(struct strbuf *sb, const struct cmd *row)
{
	const struct opt *o;
	size_t i, n = 0;

	for (i = 0; (o = table_option(row, i)); i++)
		n += is_shown(o);
	if (n > FEW_OPTIONS) {
		strbuf_adds(sb, " [OPTION]...");
		return;
	}
	for (i = 0; (o = table_option(row, i)); i++)
		if (is_shown(o))
			usage_option(sb, o);
}

static bool
is_group(const struct cmd *row)
{
	for (size_t i = 0; !row->exec && cmd_table[i]; i++)
		if (table_in_group(cmd_table[i], row))
			return true;
	return false;
}

/* "ls|new|rm ..." of a group. */
static void
usage_group(struct strbuf *sb, const struct cmd *group)
{
	char sep = ' ';

	for (size_t i = 0; cmd_table[i]; i++) {
		if (!table_in_group(cmd_table[i], group))
			continue;
		strbuf_addf(sb, "%c%s", sep,
		    cmd_table[i]->name + strlen(group->name) + 1);
		sep = '|';
	}
	strbuf_adds(sb, " ...");
}

static void
usage_operand(struct strbuf *sb, const struct arg *a)
{
	strbuf_addf(sb, " %s%s%s%s", a->optional ? "[" : "", a->name,
	    a->repeat && !a->optional ? "..." : "",
	    !a->optional ? "" : a->repeat ? "]..." : "]");
}

/* All behind the name, each with a blank in front. */
static void
usage_rest(struct strbuf *sb, const struct cmd *row, size_t operands,
    bool begun)
{
	if (is_group(row)) {
		usage_group(sb, row);
		return;
	}
	if (!begun)
		usage_options(sb, row);
	for (size_t i = 0; i < CMD_MAX_ARGS && row->args[i].name; i++)
		if (i >= operands || row->args[i].repeat)
			usage_operand(sb, &row->args[i]);
	if (row->flags & CMD_TAKES_HEREDOC)
		strbuf_adds(sb, " [<<TAG]");
}

void
help_usage(struct strbuf *sb, const struct cmd *row)
{
	strbuf_adds(sb, row->name);
	usage_rest(sb, row, 0, false);
}

void
help_rest(struct strbuf *sb, const struct cmd *row, size_t operands,
    bool begun)
{
	autobuf struct strbuf text = STRBUF_INIT;

	usage_rest(&text, row, operands, begun);
	strbuf_adds(sb, text.buf + (text.len > 0));
}

/* A name in the left column, its explanation in the right one. */
static void
entry(struct strbuf *sb, const char *name, const char *text, int width,
    int columns)
{
	/* On narrow screens the explanation stands under the name. */
	if (columns < width + 24)
		width = 6;
	strbuf_addf(sb, "  %s", name);
	if ((int)strlen(name) + 3 < width)
		strbuf_addf(sb, "%*s", width - (int)strlen(name) - 2, "");
	else
		strbuf_addf(sb, "\n%*s", width, "");
	text_wrap(sb, text, width, columns);
}

static void
help_option(struct strbuf *sb, const struct opt *o, int columns)
{
	autobuf struct strbuf name = STRBUF_INIT, text = STRBUF_INIT;

	if (o->letter)
		strbuf_addf(&name, "-%c, --%s", o->letter, o->name);
	else
		strbuf_addf(&name, "    --%s", o->name);
	if (opt_may_have_value(o))
		strbuf_addf(&name, "[=%s]", o->metavar);
	else if (o->choices)
		strbuf_addf(&name, " %s", o->choices);
	else if (opt_has_value(o))
		strbuf_addf(&name, " %s", o->metavar);
	if (o->type == OPT_TYPE_REFUSED)
		strbuf_adds(&text, "refused: ");
	strbuf_adds(&text, o->help);
	if (o->type == OPT_TYPE_LIST)
		strbuf_adds(&text, " (repeatable)");
	entry(sb, name.buf, text.buf, OPTION_COLUMN, columns);
}

static void
lines(struct strbuf *sb, const char *text)
{
	for (const char *p = text; *p;) {
		size_t n = strcspn(p, "\n");

		strbuf_addf(sb, "  %.*s\n", (int)n, p);
		p += n + (p[n] == '\n');
	}
}

static void
help_group(struct strbuf *sb, const struct cmd *group, int columns)
{
	strbuf_adds(sb, "\nCommands:\n");
	for (size_t i = 0; cmd_table[i]; i++)
		if (table_in_group(cmd_table[i], group))
			entry(sb, cmd_table[i]->name, cmd_table[i]->summary, 18,
			    columns);
}

void
help_options(struct strbuf *sb, const struct cmd *row, int columns)
{
	const struct opt *o;

	strbuf_adds(sb, "\nOptions:\n");
	for (size_t i = 0; (o = table_option(row, i)); i++)
		help_option(sb, o, columns);
}

void
help_row(struct strbuf *sb, const struct cmd *row, int columns)
{
	strbuf_adds(sb, "usage: ");
	help_usage(sb, row);
	strbuf_addf(sb, "\n\n");
	text_wrap(sb, row->summary, 0, columns);
	if (row->alias)
		strbuf_addf(sb, "Also: %s\n", row->alias);
	if (row->examples) {
		strbuf_adds(sb, "\nExamples:\n");
		lines(sb, row->examples);
	}
	if (is_group(row))
		help_group(sb, row, columns);
	else
		help_options(sb, row, columns);
	if (row->help) {
		strbuf_addc(sb, '\n');
		text_wrap(sb, row->help, 0, columns);
	}
}

void
help_all(struct strbuf *sb, int columns)
{
	strbuf_adds(sb, "Commands (help COMMAND says more):\n");
	for (size_t i = 0; cmd_table[i]; i++)
		if (cmd_table[i]->exec)
			entry(sb, cmd_table[i]->name, cmd_table[i]->summary, 18,
			    columns);
}

void
help_list(struct strbuf *sb)
{
	for (size_t i = 0; cmd_table[i]; i++)
		if (cmd_table[i]->exec)
			strbuf_addf(sb, "%s\t%s\n", cmd_table[i]->name,
			    cmd_table[i]->summary);
}

void
help_near(struct strvec *out, const char *word)
{
	for (size_t d = 1; d <= 3 && !out->n; d++)
		for (size_t i = 0; cmd_table[i] && out->n < 3; i++)
			if (nearest_is_slip(word, cmd_table[i]->name) &&
			    nearest_distance(word, cmd_table[i]->name) == d)
				strvec_push(out, cmd_table[i]->name);
}
