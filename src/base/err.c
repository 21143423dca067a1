#include "base/err.h"

#include <string.h>

/* Exit statuses as in docker run(1) and timeout(1). */
static const struct {
	const char *name;
	int status;
} kinds[] = {
    [ERR_NONE] = {"none", 0},
    [ERR_USAGE] = {"usage", 2},
    [ERR_POLICY] = {"policy", 125},
    [ERR_ENGINE] = {"engine", 125},
    [ERR_IMAGE] = {"image", 125},
    [ERR_SANDBOX] = {"sandbox", 125},
    [ERR_TIMEOUT] = {"timeout", 124},
    [ERR_IO] = {"io", 125},
    [ERR_CONFIG] = {"config", 125},
    [ERR_INTERRUPTED] = {"interrupted", 130},
    [ERR_INTERNAL] = {"internal", 125},
};

int
err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	struct strbuf msg = STRBUF_INIT; /* fmt may point into e */
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&msg, fmt, ap);
	va_end(ap);
	err_clear(e);
	e->kind = kind;
	e->msg = msg;
	return -1;
}

int
err_sys(struct err *e, int sys, const char *fmt, ...)
{
	struct strbuf msg = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&msg, fmt, ap);
	va_end(ap);
	strbuf_addf(&msg, ": %s", strerror(sys));
	err_clear(e);
	e->kind = ERR_IO;
	e->code = sys;
	e->msg = msg;
	return -1;
}

int
err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (e->hint.len)
		strbuf_addc(&e->hint, '\n');
	va_start(ap, fmt);
	strbuf_vaddf(&e->hint, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_prefix(struct err *e, const char *fmt, ...)
{
	autobuf struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	strbuf_adds(&text, ": ");
	strbuf_prepend(&e->msg, text.buf);
	return -1;
}

void
err_clear(struct err *e)
{
	strbuf_release(&e->msg);
	strbuf_release(&e->hint);
	e->kind = ERR_NONE;
	e->code = 0;
}

int
err_move(struct err *dst, struct err *src)
{
	err_clear(dst);
	*dst = *src;
	*src = (struct err)ERR_INIT;
	return -1;
}

const char *
err_kind_name(enum err_kind kind)
{
	return kinds[kind].name;
}

int
err_kind_status(enum err_kind kind)
{
	return kinds[kind].status;
}
