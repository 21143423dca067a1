#include "cmd/run_check.h"

#include "cmd/run_result.h"
#include "cmd/session_host.h"
#include "session/check.h"

/* Beside a program's output all of it is for the other stream. */
static void
tell(struct call *c, const struct check_finding *f)
{
	autobuf struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "%s:", f->file);
	if (f->line)
		strbuf_addf(&text, "%u:", f->line);
	if (f->column)
		strbuf_addf(&text, "%u:", f->column);
	strbuf_addf(&text, " %s: %s (%s%s)", f->severity, f->message, f->rule,
	    f->by_text ? ", by text" : "");
	if (f->action == CHECK_REFUSE)
		call_reason(c, "%s", text.buf);
	else
		call_note(c, "%s", text.buf);
	if (f->remedy && f->action == CHECK_REFUSE)
		call_reason(c, "  %s", f->remedy);
}

/* The record of a run that was none. */
static void
refuse(struct call *c, size_t denied, json *checks)
{
	struct result r;

	result_init(&r);
	r.step = c->step;
	r.status = RUN_REFUSED;
	r.exit_code = err_kind_status(ERR_POLICY);
	err_set(&r.note, ERR_POLICY, "%zu of what was found is not allowed; "
	    "nothing ran", denied);
	err_hint(&r.note, "what is refused:  policy show");
	c->status = r.exit_code;
	run_result_show(c, &r);
	run_result_keep(c, &r);
	json_put(call_data(c), "checks", checks);
	result_release(&r);
}

int
run_check(struct call *c, const char *name, const struct strbuf *text,
    const char *language, json **checks)
{
	struct check_input in = {
	    .name = name, .text = text->buf, .n = text->len};
	struct session_events ev = {session_host_event, c};
	struct check_outcome out;
	unsigned layers = check_layers(c->session->policy, NULL, &c->err);
	json *record = json_object();
	size_t denied;
	int rc;

	in.language = language;
	check_outcome_init(&out);
	rc = layers ? session_check(c->session, c->env, &in, 1, layers, false,
			  &ev, &out, &c->err)
		    : -1;
	for (size_t i = 0; i < out.findings.n; i++)
		if (out.findings.v[i].action != CHECK_ALLOW)
			tell(c, &out.findings.v[i]);
	check_put_json(&out, record);
	denied = check_count(&out, CHECK_REFUSE);
	check_outcome_release(&out);
	if (!rc && denied) {
		refuse(c, denied, record);
		return 1;
	}
	if (rc)
		json_free(record);
	else
		*checks = record;
	return rc;
}
