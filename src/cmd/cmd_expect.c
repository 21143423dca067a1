/* expect: what the step before came to is what it should have come to. */
#include <stdlib.h>
#include <string.h>

#include "base/regexp.h"
#include "base/units.h"
#include "cmd/call.h"
#include "cmd/host.h"
#include "session/result.h"
#include "session/session.h"

/* The step that is looked at. */
struct subject {
	struct call *c;
	unsigned step;
	json *record;
	const json *result; /* of a run; NULL: it was none */
};

/* Not met: said with what there is instead, up to this many lines of it. */
enum { SHOWN_LINES = 3, STATUS_NOT_MET = 1 };

static int
not_met(struct call *c, const char *found)
{
	autobuf struct strbuf what = STRBUF_INIT;

	for (size_t i = 0; i < c->argc; i++) {
		strbuf_adds(&what, i ? " " : "");
		strbuf_adds(&what, c->argv[i]);
	}
	call_reason(c, "expect: not met: %s", what.buf);
	call_reason(c, "  it is: %s", found);
	json_put_str(call_data(c), "found", found);
	c->status = STATUS_NOT_MET;
	return 0;
}

static int
check(struct call *c, bool met, const char *found)
{
	json_put_bool(call_data(c), "met", met);
	return met ? 0 : not_met(c, found);
}

static int
wrong(struct call *c, const char *form)
{
	err_set(&c->err, ERR_USAGE, "%s is not compared so", c->argv[0]);
	return err_hint(&c->err, "usage: expect %s", form);
}

static int
expect_exit(struct call *c)
{
	autofree char *found = xasprintf("%d", c->host->step_status);
	char *end;
	long n;

	if (c->argc != 2)
		return wrong(c, "exit STATUS");
	n = strtol(c->argv[1], &end, 10);
	if (*end || !*c->argv[1] || n < 0 || n > 255)
		return err_set(&c->err, ERR_USAGE,
		    "STATUS is a number from 0 to 255, not '%s'", c->argv[1]);
	return check(c, n == c->host->step_status, found);
}

static int
need_run(struct subject *x)
{
	if (x->result && json_str(x->result, "status", NULL))
		return 0;
	return err_set(&x->c->err, ERR_USAGE,
	    "the step before ran no program");
}

static int
expect_status(struct subject *x)
{
	const char *found;

	if (x->c->argc != 2)
		return wrong(x->c, "status completed|failed|timeout|oom|error");
	if (need_run(x))
		return -1;
	found = json_str(x->result, "status", "");
	return check(x->c, !strcmp(found, x->c->argv[1]), found);
}

static int
expect_signal(struct subject *x)
{
	const char *found;

	if (x->c->argc != 2 || signal_number(x->c->argv[1]) < 0)
		return wrong(x->c, "signal NAME");
	if (need_run(x))
		return -1;
	found = json_str(x->result, "signal", "none");
	return check(x->c,
	    signal_number(found) == signal_number(x->c->argv[1]), found);
}

/* Its first lines, for people. */
static char *
excerpt(const struct strbuf *text)
{
	struct strbuf sb = STRBUF_INIT;
	const char *p = text->buf, *end = text->buf + text->len;

	for (int i = 0; i < SHOWN_LINES && p < end; i++) {
		const char *nl = memchr(p, '\n', end - p);

		nl = nl ? nl : end;
		strbuf_adds(&sb, i ? "\n  " : "");
		strbuf_add(&sb, p, nl - p);
		p = nl + 1;
	}
	strbuf_adds(&sb, p < end ? "\n  ..." : "");
	strbuf_adds(&sb, text->len ? "" : "empty");
	return strbuf_detach(&sb);
}

static int
match(struct call *c, const struct strbuf *text, bool wanted)
{
	const char *pattern = c->argv[2];
	struct regexp_run run = REGEXP_RUN_INIT;
	autofree char *found = excerpt(text);
	struct regexp *re = NULL;
	bool met;

	if (strlen(pattern) > REGEXP_TEXT_MAX)
		err_set(&c->err, ERR_USAGE, "the expression has more than %d "
		    "bytes", REGEXP_TEXT_MAX);
	else
		re = regexp_new(pattern, strlen(pattern), &c->err);
	if (!re) {
		c->err.kind = ERR_USAGE;
		return -1;
	}
	met = !!regexp_search_lines(re, &run, text->buf, text->len, NULL) ==
	      wanted;
	if (!run.steps)
		err_set(&c->err, ERR_USAGE,
		    "the output is too much for this expression");
	regexp_free(re);
	regexp_run_release(&run);
	return c->err.kind ? -1 : check(c, met, found);
}

/* The text without the newline that ends it. */
static bool
is_text(const struct strbuf *text, const char *s)
{
	size_t n = text->len;

	n -= n && text->buf[n - 1] == '\n';
	return n == strlen(s) && !memcmp(text->buf, s, n);
}

static int
expect_stream(struct subject *x)
{
	struct call *c = x->c;
	autobuf struct strbuf text = STRBUF_INIT;
	autofree char *found = NULL;
	const char *how = c->argc == 3 ? c->argv[1] : "";
	bool wanted = *how != '!';

	how += !wanted;
	if (strcmp(how, "~") && strcmp(how, "="))
		return wrong(c, "stdout|stderr ~|!~ RE   or   =|!= TEXT");
	if (steps_read_stream(c->session->steps, x->step,
		!strcmp(c->argv[0], "stderr"), &text, &c->err))
		return -1;
	if (*how == '~')
		return match(c, &text, wanted);
	found = excerpt(&text);
	return check(c, is_text(&text, c->argv[2]) == wanted, found);
}

/* "<", "<=", ">", ">="; -1 for anything else. */
static int
compare(const char *how, uint64_t a, uint64_t b)
{
	bool equal = how[0] && how[1] == '=' && !how[2];

	if ((*how != '<' && *how != '>') || (how[1] && !equal))
		return -1;
	return (equal && a == b) || (*how == '<' ? a < b : a > b);
}

static int
expect_duration(struct subject *x)
{
	struct call *c = x->c;
	uint64_t ms = json_int(x->record, "duration_ms", 0), limit;
	autobuf struct strbuf found = STRBUF_INIT;
	int met;

	if (x->result)
		ms = json_int(x->result, "duration_ms", ms);
	if (c->argc != 3 || units_parse_duration(c->argv[2], &limit) ||
	    (met = compare(c->argv[1], ms, limit)) < 0)
		return wrong(c, "duration <|> TIME");
	units_add_duration_exact(&found, ms);
	return check(c, met, found.buf);
}

static int
expect_memory(struct subject *x)
{
	struct call *c = x->c;
	uint64_t peak = json_int(x->result, "memory_peak", 0), limit;
	autobuf struct strbuf found = STRBUF_INIT;
	int met;

	if (c->argc != 3 || units_parse_size(c->argv[2], &limit) ||
	    (met = compare(c->argv[1], peak, limit)) < 0)
		return wrong(c, "memory <|> SIZE");
	if (need_run(x))
		return -1;
	if (!peak)
		return err_set(&c->err, ERR_USAGE,
		    "how much memory it took is not known here");
	units_add_size(&found, peak);
	return check(c, met, found.buf);
}

static const struct {
	const char *what;
	int (*check)(struct subject *x);
} aspects[] = {
    {"status", expect_status}, {"signal", expect_signal},
    {"stdout", expect_stream}, {"stderr", expect_stream},
    {"duration", expect_duration}, {"memory", expect_memory},
};

static int
check_aspect(struct subject *x)
{
	struct call *c = x->c;

	for (size_t i = 0; i < sizeof(aspects) / sizeof(*aspects); i++)
		if (!strcmp(aspects[i].what, c->argv[0]))
			return aspects[i].check(x);
	return err_set(&c->err, ERR_USAGE,
	    "'%s' is not known of a step: exit, status, signal, stdout, "
	    "stderr, duration, memory",
	    c->argv[0]);
}

static int
expect_exec(struct call *c)
{
	struct subject x = {.c = c};
	int rc;

	if (!strcmp(c->argv[0], "exit"))
		return expect_exit(c);
	x.step = steps_last(c->session->steps);
	if (!x.step)
		return err_set(&c->err, ERR_USAGE,
		    "there is no step yet of which something could be "
		    "expected");
	x.record = steps_load(c->session->steps, x.step, &c->err);
	if (!x.record)
		return -1;
	x.result = json_get(x.record, "result");
	rc = check_aspect(&x);
	json_free(x.record);
	return rc;
}

const struct cmd cmd_expect = {
    .name = "expect",
    .summary = "end with status 1 unless the step before came to this",
    .help = "exit is the status of the command before, whatever it was; all "
	    "else is that of the last step. ~ is an extended regular "
	    "expression that matches a part of some line, !~ one that matches "
	    "none; = is the whole text without its last newline.\n"
	    "Behind a command that failed, it takes the status up: a script "
	    "goes on if what is expected is there.",
    .examples = "expect exit 0\nexpect stdout ~ '^[0-9]+ passed'\n"
		"expect duration < 2s\nexpect memory < 64m",
    .args = {{"WHAT", COMP_CHOICE, false, false,
		 "exit|status|signal|stdout|stderr|duration|memory"},
	ARG_REST("VALUE", COMP_NONE)},
    .flags = CMD_NO_STEP | CMD_TAKES_UP,
    .exec = expect_exec,
};
