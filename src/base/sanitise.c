#include "base/sanitise.h"

#include <string.h>

#include "base/encode.h"

enum { ESC = 0x1b, DEL = 0x7f };

static void
begin_line(struct sanitiser *s, struct strbuf *out)
{
	if (!s->in_line && s->mark)
		strbuf_adds(out, s->mark);
	s->in_line = true;
}

static void
end_line(struct sanitiser *s, struct strbuf *out)
{
	begin_line(s, out);
	if (s->unmark)
		strbuf_adds(out, s->unmark);
	strbuf_addc(out, '\n');
	s->in_line = false;
}

static bool
is_directional(unsigned cp)
{
	return (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

/*
 * One character at p, or one byte of what is none.  Returns how many bytes it
 * took, 0 if more are needed to tell.
 */
static size_t
add_char(struct sanitiser *s, struct strbuf *out, const char *p, size_t n)
{
	unsigned char c = *p;
	unsigned cp;
	int len;

	if (c == '\n') {
		end_line(s, out);
		return 1;
	}
	len = utf8_next(p, n, &cp);
	if (len < 0)
		return 0;
	begin_line(s, out);
	if (len == 0) {
		strbuf_addf(out, "\\x%02x", c);
		return 1;
	}
	if (c == '\t' || c == '\r' || c == '\b')
		strbuf_addc(out, c);
	else if (c < ' ' || c == DEL)
		strbuf_addf(out, "^%c", c ^ 0x40);
	else if ((cp >= 0x80 && cp < 0xa0) || is_directional(cp))
		strbuf_addf(out, "<U+%04X>", cp);
	else
		strbuf_add(out, p, len);
	return len;
}

/* Bytes of the control sequence at p ("ESC [ parameters final"); 0: it is none,
   -1: more are needed. */
static int
csi_length(const char *p, size_t n, size_t max)
{
	if (n > 1 && p[1] != '[')
		return 0;
	for (size_t i = 2; i < n; i++) {
		if (i >= max)
			return 0;
		if (p[i] >= 0x40 && p[i] <= 0x7e)
			return i + 1;
		if (p[i] < 0x20 || p[i] > 0x3f)
			return 0;
	}
	return -1;
}

/* Does the parameter list of an SGR hide text?  8 conceals, unless it belongs
   to an extended colour (38 or 48, then 5;n or 2;r;g;b). */
static bool
sgr_conceals(const char *p, const char *end)
{
	int skip = 0, value = 0, before = 0;

	for (; p <= end; p++) {
		if (p < end && *p >= '0' && *p <= '9') {
			value = value < 1000 ? value * 10 + (*p - '0') : value;
			continue;
		}
		if (before == 38 || before == 48)
			skip = value == 5 ? 2 : value == 2 ? 4 : 0;
		if (skip)
			skip--, before = 0;
		else if (value == 8)
			return true;
		else
			before = value;
		value = 0;
	}
	return false;
}

static bool
csi_is_harmless(const char *p, size_t len)
{
	const char *args = p + 2, *end = p + len - 1;

	for (const char *q = args; q < end; q++)
		if (!strchr("0123456789;:", *q))
			return false;
	if (*end == 'm')
		return !sgr_conceals(args, end);
	return *end == 'K' && end - args <= 1 && (end == args || *args < '3');
}

/* As add_char(), for what begins with ESC. */
static size_t
add_escape(struct sanitiser *s, struct strbuf *out, const char *p, size_t n)
{
	int len = csi_length(p, n, sizeof(s->hold) - 1);

	if (len < 0)
		return 0;
	if (len == 0 || !csi_is_harmless(p, len)) {
		begin_line(s, out);
		strbuf_adds(out, "^[");
		return 1;
	}
	begin_line(s, out);
	strbuf_add(out, p, len);
	if (p[len - 1] == 'm')
		s->coloured = len > 4 || (len == 4 && p[2] != '0');
	return len;
}

/* Takes all of the n bytes but an unfinished sequence; returns how many. */
static size_t
add_bytes(struct sanitiser *s, struct strbuf *out, const char *p, size_t n)
{
	size_t i = 0, took, run;

	while (i < n) {
		for (run = i; run < n && p[run] >= ' ' && p[run] < DEL;)
			run++;
		if (run > i) {
			begin_line(s, out);
			strbuf_add(out, p + i, run - i);
			i = run;
			continue;
		}
		took = p[i] == ESC ? add_escape(s, out, p + i, n - i)
				   : add_char(s, out, p + i, n - i);
		if (!took)
			break;
		i += took;
	}
	return i;
}

void
sanitise_add(struct sanitiser *s, struct strbuf *out, const void *p, size_t n)
{
	const char *bytes = p;
	size_t took, room, n_hold;

	/* What was held is finished first, with as much as it can need. */
	while (s->held && n) {
		room = sizeof(s->hold) - s->held;
		n_hold = n < room ? n : room;
		memcpy(s->hold + s->held, bytes, n_hold);
		took = add_bytes(s, out, s->hold, s->held + n_hold);
		if (took <= s->held) {
			/* Either all is held now, or what was held is shown in
			   part and the rest of it is looked at again. */
			if (took == 0) {
				s->held += n_hold;
				bytes += n_hold;
				n -= n_hold;
				continue;
			}
			memmove(s->hold, s->hold + took, s->held - took);
			s->held -= took;
			continue;
		}
		bytes += took - s->held;
		n -= took - s->held;
		s->held = 0;
	}
	took = add_bytes(s, out, bytes, n);
	s->held = s->held ? s->held : n - took;
	if (n - took)
		memcpy(s->hold, bytes + took, n - took);
}

void
sanitise_end(struct sanitiser *s, struct strbuf *out)
{
	for (size_t i = 0; i < s->held; i++) {
		begin_line(s, out);
		if (s->hold[i] == ESC)
			strbuf_adds(out, "^[");
		else if (s->hold[i] >= ' ' && s->hold[i] < DEL)
			strbuf_addc(out, s->hold[i]);
		else
			strbuf_addf(out, "\\x%02x", (unsigned char)s->hold[i]);
	}
	s->held = 0;
	if (s->coloured)
		strbuf_adds(out, "\033[0m");
	s->coloured = false;
	if (s->in_line && s->unmark)
		strbuf_adds(out, s->unmark);
}

size_t
sanitise_plain(const char *p, size_t n)
{
	unsigned cp;
	int len = utf8_next(p, n, &cp);

	if (len <= 0 || (cp < ' ' && cp != '\t') || (cp >= DEL && cp < 0xa0) ||
	    is_directional(cp))
		return 0;
	return (size_t)len;
}

/* "ESC ] text BEL" or "ESC ] text ESC \"; 0: it is none. */
static size_t
osc_length(const char *p, size_t n)
{
	for (size_t i = 2; i < n; i++) {
		if (p[i] == '\a')
			return i + 1;
		if (p[i] == ESC)
			return i + 1 < n && p[i + 1] == '\\' ? i + 2 : 0;
		if (p[i] == '\n')
			return 0;
	}
	return 0;
}

size_t
sanitise_style(const char *p, size_t n)
{
	int len;

	if (n < 3 || p[0] != ESC)
		return 0;
	if (p[1] == ']')
		return osc_length(p, n);
	len = csi_length(p, n, n);
	return len > 0 && p[len - 1] == 'm' ? (size_t)len : 0;
}

void
sanitise_name(struct strbuf *out, const char *name)
{
	for (; *name; name++)
		strbuf_addc(out,
		    (unsigned char)*name < ' ' || *name == 0x7f ? '?' : *name);
}
