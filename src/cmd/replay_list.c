/* replay --list: the steps of session files, none of which is executed. */
#include "cmd/call.h"
#include "cmd/output.h"
#include "cmd/replay_call.h"
#include "replay/transcript.h"

static const struct column columns[] = {
    {"file", "FILE", false, 0},
    {"step", "STEP", true, 0},
    {"line", "LINE", true, 3},
    {"id", "ID", false, 2},
    {"heading", "HEADING", false, 1},
    {"command", "COMMAND", false, 0},
};

/* For people the only file goes without saying. */
static bool
names_file(const struct call *c)
{
	return c->argc > 1 || c->out->mode != OUTPUT_TEXT;
}

static json *
step_json(const struct transcript *t, const struct transcript_step *s)
{
	json *j = json_object();

	json_put_str(j, "file", t->name);
	json_put_int(j, "step", s->number);
	json_put_int(j, "line", s->line);
	json_put_str(j, "id", s->id);
	json_put_str(j, "heading", transcript_step_heading(t, s));
	json_put_str(j, "command", s->text);
	return j;
}

/* A line each, as the steps of a replay. */
static void
add_object(struct call *c, const struct transcript *t,
    const struct transcript_step *s)
{
	autojson json *j = step_json(t, s);
	autofree char *line = json_print(j);

	call_text(c, "%s\n", line);
}

static void
add_row(struct call *c, struct call_table *table, const struct transcript *t,
    const struct transcript_step *s)
{
	autofree char *number = xasprintf("%u", s->number);
	autofree char *line = xasprintf("%u", s->line);
	size_t n;
	const char *title = transcript_step_title(s, &n);
	autofree char *command = xstrndup(title, n);
	const char *cells[] = {t->name, number, line, s->id,
	    transcript_step_heading(t, s), command};

	call_table_row(table, cells + !names_file(c), step_json(t, s));
}

static int
check_options(struct call *c)
{
	static const char *const others[] = {"offline", "only", "from",
	    "record", "keep-going", "break", "update", "tap", "junit", "keep",
	    NULL};

	for (size_t i = 0; others[i]; i++)
		if (call_has(c, others[i]))
			return err_set(&c->err, ERR_USAGE,
			    "--list executes nothing: --%s does not go "
			    "with it", others[i]);
	return 0;
}

int
replay_list(struct call *c)
{
	bool objects =
	    call_has(c, "json") && c->out->mode != OUTPUT_JSON;
	struct call_table *table;
	int rc = check_options(c);

	if (rc)
		return rc;
	table = call_table_new(c, "steps", columns + !names_file(c),
	    ARRAY_SIZE(columns) - !names_file(c));
	for (size_t i = 0; i < c->argc && !rc; i++) {
		struct transcript *t =
		    transcript_read_file(c->argv[i], &c->err);

		rc = t ? 0 : -1;
		for (size_t k = 0; t && k < t->n_steps; k++)
			if (objects)
				add_object(c, t, &t->steps[k]);
			else
				add_row(c, table, t, &t->steps[k]);
		transcript_free(t);
	}
	call_table_end(table);
	return rc;
}
