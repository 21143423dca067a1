#include "replay/status.h"

#include <string.h>

#include "session/result.h"

static const struct {
	const char *text;
	enum want_kind kind;
} words[] = {{"timeout", WANT_TIMEOUT}, {"oom", WANT_OOM}, {"*", WANT_ANY}};

static bool
equals(const char *s, size_t n, const char *word)
{
	return strlen(word) == n && !memcmp(s, word, n);
}

/* 0 to 255 in at most three digits, else -1. */
static int
parse_code(const char *s, size_t n)
{
	int code = 0;

	if (!n || n > 3)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		code = code * 10 + (s[i] - '0');
	}
	return code <= 255 ? code : -1;
}

static int
parse_signal(struct want_status *w, const char *s, size_t n, struct err *err)
{
	autofree char *name = xstrndup(s, n);
	int number = signal_number(name);

	if (!n || strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+") != n)
		return 0;
	if (number <= 0)
		return err_set(err, ERR_CONFIG,
		    "there is no signal %s; a line of output that looks like "
		    "this is written \\[signal %s]",
		    name, name);
	*w = (struct want_status){WANT_SIGNAL, number};
	return 1;
}

int
want_status_parse(
    struct want_status *w, const char *s, size_t n, struct err *err)
{
	static const char signal[] = "signal ";
	size_t skip = sizeof(signal) - 1;
	int code;

	if (n < 3 || s[0] != '[' || s[n - 1] != ']')
		return 0;
	s++;
	n -= 2;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (equals(s, n, words[i].text)) {
			*w = (struct want_status){.kind = words[i].kind};
			return 1;
		}
	if (n > skip && !memcmp(s, signal, skip))
		return parse_signal(w, s + skip, n - skip, err);
	code = parse_code(s, n);
	if (code < 0)
		return 0;
	*w = (struct want_status){WANT_CODE, code};
	return 1;
}

bool
want_status_met(const struct want_status *w, const struct got_status *g)
{
	switch (w->kind) {
	case WANT_CODE:
		return w->number == g->code;
	case WANT_SIGNAL:
		return w->number == g->signal;
	case WANT_TIMEOUT:
		return g->timed_out;
	case WANT_OOM:
		return g->oom;
	default:
		return true;
	}
}

bool
want_status_same(const struct want_status *a, const struct want_status *b)
{
	return a->kind == b->kind && a->number == b->number;
}

void
want_status_add(struct strbuf *sb, const struct want_status *w)
{
	switch (w->kind) {
	case WANT_CODE:
		strbuf_addf(sb, "[%d]", w->number);
		return;
	case WANT_SIGNAL:
		strbuf_addf(sb, "[signal %s]", signal_name(w->number));
		return;
	case WANT_TIMEOUT:
		strbuf_adds(sb, "[timeout]");
		return;
	case WANT_OOM:
		strbuf_adds(sb, "[oom]");
		return;
	default:
		strbuf_adds(sb, "[*]");
	}
}

struct want_status
want_status_of(const struct got_status *g)
{
	if (g->timed_out)
		return (struct want_status){.kind = WANT_TIMEOUT};
	if (g->oom)
		return (struct want_status){.kind = WANT_OOM};
	if (g->signal)
		return (struct want_status){WANT_SIGNAL, g->signal};
	return (struct want_status){WANT_CODE, g->code};
}
