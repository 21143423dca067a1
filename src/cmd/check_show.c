#include "cmd/check_show.h"

#include <string.h>

#include "base/sanitise.h"
#include "cmd/output.h"

static const struct column columns[] = {
    {"file", "FILE", false, 0},
    {"line", "LINE", true, 0},
    {"severity", "SEVERITY", false, 0},
    {"rule", "RULE", false, 0},
    {"message", "MESSAGE", false, 0},
    {"remedy", "REMEDY", false, 0},
    {"column", "COLUMN", true, 0},
    {"layer", "LAYER", false, 0},
    {"action", "ACTION", false, 0},
    {"by_text", "BY TEXT", false, 0},
};

/* What was not checked is told of so many files; of the others, how many. */
#define NOT_CHECKED_SHOWN 3

struct showing {
	struct call *c;
	struct call_table *table; /* of --plain */
	size_t not_checked;
};

static void
show_row(struct showing *s, const struct check_finding *f)
{
	autofree char *line = xasprintf("%u", f->line);
	autofree char *column = xasprintf("%u", f->column);

	call_table_row(s->table,
	    (const char *[]){f->file, line, f->severity, f->rule, f->message,
		f->remedy, column, check_layer_names[f->layer],
		check_action_names[f->action], f->by_text ? "by text" : ""},
	    NULL);
}

static void
show_finding(struct showing *s, const struct check_finding *f)
{
	autobuf struct strbuf file = STRBUF_INIT;

	if (s->table) {
		show_row(s, f);
		return;
	}
	if (f->action == CHECK_ALLOW)
		return;
	if (f->action == CHECK_WARN && !strcmp(f->rule, "not-checked") &&
	    ++s->not_checked > NOT_CHECKED_SHOWN)
		return;
	sanitise_name(&file, f->file);
	call_text(s->c, "%s:", file.buf);
	if (f->line)
		call_text(s->c, "%u:", f->line);
	if (f->column)
		call_text(s->c, "%u:", f->column);
	call_text(s->c, " %s: %s (%s%s)\n", f->severity, f->message, f->rule,
	    f->by_text ? ", by text" : "");
	if (f->remedy)
		call_text(s->c, "    %s\n", f->remedy);
}

static void
show_note(struct showing *s, const json *note)
{
	const char *file = json_str(note, "file", "");
	const char *text = json_str(note, "text", "");
	unsigned line = (unsigned)json_int(note, "line", 0);
	autofree char *number = xasprintf("%u", line);
	autobuf struct strbuf name = STRBUF_INIT;

	sanitise_name(&name, file);
	if (s->table)
		call_table_row(s->table,
		    (const char *[]){file, number, "note", NULL, text, NULL,
			NULL, NULL, NULL, NULL},
		    NULL);
	else
		call_text(s->c, "%s:%u: note: %s\n", name.buf, line, text);
}

/* Those of one file, or of all that have no finding (NULL). */
static void
show_notes(struct showing *s, const json *notes, const char *file,
    const struct check_findings *but)
{
	for (const json *note = notes->child; note; note = note->next) {
		const char *of = json_str(note, "file", "");
		bool shown = file && !strcmp(file, of);

		for (size_t i = 0; !file && i < but->n && !shown; i++)
			shown = !strcmp(but->v[i].file, of);
		if (shown == (file != NULL))
			show_note(s, note);
	}
}

void
check_show(struct call *c, const struct check_outcome *o, const json *notes)
{
	const struct check_findings *f = &o->findings;
	struct showing s = {.c = c};

	if (c->out->mode == OUTPUT_PLAIN)
		s.table = call_table_new(
		    c, "findings", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < f->n; i++) {
		show_finding(&s, &f->v[i]);
		if (i + 1 == f->n || strcmp(f->v[i].file, f->v[i + 1].file))
			show_notes(&s, notes, f->v[i].file, f);
	}
	show_notes(&s, notes, NULL, f);
	if (s.not_checked > NOT_CHECKED_SHOWN)
		call_text(c, "... and %zu more that were not checked wholly:"
		    "  set output json\n", s.not_checked - NOT_CHECKED_SHOWN);
	if (s.table)
		call_table_end(s.table);
}

void
check_show_count(struct call *c, const struct check_outcome *o)
{
	autobuf struct strbuf text = STRBUF_INIT;

	check_message(o, &text);
	call_text(c, "%s\n", text.buf);
}
