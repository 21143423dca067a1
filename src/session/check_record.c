/* The record of checks: addesh-json(5), "check". */
#include "session/check.h"

#include <string.h>

size_t
check_count(const struct check_outcome *o, enum check_action action)
{
	size_t n = 0;

	for (size_t i = 0; i < o->findings.n; i++)
		n += o->findings.v[i].action == action;
	return n;
}

void
check_message(const struct check_outcome *o, struct strbuf *out)
{
	size_t warned = check_count(o, CHECK_WARN);

	strbuf_addf(out, "%zu denied, %zu warning%s",
	    check_count(o, CHECK_REFUSE), warned, warned == 1 ? "" : "s");
}

json *
check_finding_json(const struct check_finding *f)
{
	json *j = json_object();

	json_put_bytes(j, "file", f->file, strlen(f->file));
	json_put_int(j, "line", f->line);
	json_put_int(j, "column", f->column);
	json_put_str(j, "layer", check_layer_names[f->layer]);
	json_put_str(j, "severity", f->severity);
	json_put_str(j, "action", check_action_names[f->action]);
	json_put_str(j, "rule", f->rule);
	json_put_bool(j, "by_text", f->by_text);
	json_put_str(j, "message", f->message);
	json_put_str(j, "remedy", f->remedy);
	return j;
}

/* What was not looked at has not passed: null. */
static json *
state_json(const struct check_outcome *o, enum check_layer layer)
{
	const struct check_state *state = &o->layers[layer];
	size_t count[3] = {0};
	json *j = json_object();
	autofree char *text = NULL;

	for (size_t i = 0; i < o->findings.n; i++)
		if (o->findings.v[i].layer == layer)
			count[o->findings.v[i].action]++;
	text = xasprintf("%zu denied, %zu warning%s", count[CHECK_REFUSE],
	    count[CHECK_WARN], count[CHECK_WARN] == 1 ? "" : "s");
	if (state->done || count[CHECK_REFUSE])
		json_put_bool(j, "passed", !count[CHECK_REFUSE]);
	else
		json_put_str(j, "passed", NULL);
	json_put_str(j, "message", state->done	    ? text
				   : state->trouble ? state->trouble
						    : "nothing was looked at");
	return j;
}

void
check_put_json(const struct check_outcome *o, json *record)
{
	autobuf struct strbuf message = STRBUF_INIT;
	json *details = json_object(), *findings = json_array();

	check_message(o, &message);
	for (int i = 0; i < CHECK_LAYERS; i++)
		if (o->layers[i].asked)
			json_put(details, check_layer_names[i],
			    state_json(o, (enum check_layer)i));
	for (size_t i = 0; i < o->findings.n; i++)
		json_push(findings, check_finding_json(&o->findings.v[i]));
	if (o->texts || check_count(o, CHECK_REFUSE))
		json_put_bool(
		    record, "passed", !check_count(o, CHECK_REFUSE));
	else
		json_put_str(record, "passed", NULL);
	json_put_str(record, "message", message.buf);
	json_put(record, "details", details);
	json_put(record, "findings", findings);
	json_put_int(record, "denied",
	    (int64_t)check_count(o, CHECK_REFUSE));
}
