#include "cmd/run_result.h"

#include "cmd/host.h"
#include "session/session.h"

void
run_result_show(struct call *c, const struct result *r)
{
	autobuf struct strbuf sb = STRBUF_INIT;

	result_summary(r, &sb);
	if (r->note.kind != ERR_NONE)
		call_reason(c, "%s", sb.buf);
	else if (r->status != RUN_COMPLETED)
		call_note(c, "%s", sb.buf);
	else
		call_remark(c, "%s", sb.buf);
	if (r->note.kind != ERR_NONE && r->note.hint.len)
		call_reason(c, "  %s", r->note.hint.buf);
}

void
run_result_keep(struct call *c, const struct result *r)
{
	autobuf struct strbuf out = STRBUF_INIT, errs = STRBUF_INIT;
	struct session *s = c->session;

	if (s->step) {
		step_read(s->step, false, &out);
		step_read(s->step, true, &errs);
	}
	call_set_data(c, result_json(r, &out, &errs));
	c->host->memory_peak = r->memory_peak;
	session_set_last_run(s, c->step, c->data);
}

void
run_result_cut(struct call *c)
{
	call_note(c, "... output cut here; the end follows");
}
