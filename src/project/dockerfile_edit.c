/* A Dockerfile with something put in, its other lines untouched. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "project/dockerfile_impl.h"

/* Copies a text up to a line. */
struct copier {
	const char *p, *end;
	unsigned line; /* that were copied */
	struct strbuf out;
};

static void
copy_lines(struct copier *c, unsigned last)
{
	while (c->line < last && c->p < c->end) {
		const char *nl = memchr(c->p, '\n', (size_t)(c->end - c->p));
		const char *next = nl ? nl + 1 : c->end;

		strbuf_add(&c->out, c->p, (size_t)(next - c->p));
		c->p = next;
		c->line++;
	}
}

static char *
copy_rest(struct copier *c)
{
	strbuf_add(&c->out, c->p, (size_t)(c->end - c->p));
	return strbuf_detach(&c->out);
}

void
dockerfile_add_quoted(struct strbuf *out, const char *s, size_t n, char escape,
    bool variables)
{
	strbuf_addc(out, '"');
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == escape ||
		    (s[i] == '$' && !variables))
			strbuf_addc(out, escape);
		/* No instruction ends here. */
		strbuf_addc(out, s[i] == '\n' || s[i] == '\r' ? ' ' : s[i]);
	}
	strbuf_addc(out, '"');
}

static void
add_label(struct strbuf *out, const char *label, char escape)
{
	size_t n = strcspn(label, "=");

	if (out->len && out->buf[out->len - 1] != '\n')
		strbuf_addc(out, '\n');
	strbuf_adds(out, "LABEL ");
	dockerfile_add_quoted(out, label, n, escape, false);
	label += n + !!label[n];
	strbuf_addc(out, '=');
	dockerfile_add_quoted(out, label, strlen(label), escape, false);
	strbuf_addc(out, '\n');
}

char *
dockerfile_with_label(const struct dockerfile *d, const char *text, size_t len,
    const char *label)
{
	struct copier c = {text, text + len, 0, STRBUF_INIT};

	for (size_t i = 0; i < d->nstages; i++) {
		size_t first = d->stages[i].first;
		const struct dockerfile_instruction *in =
		    &d->instructions[first];

		if (d->open_end && first + 1 == d->n) {
			copy_lines(&c, in->line - 1);
			strbuf_adds(&c.out, in->text);
			c.p = c.end;
		} else {
			copy_lines(&c, in->end_line);
		}
		add_label(&c.out, label, d->escape);
	}
	return copy_rest(&c);
}

static bool
is_number(const char *s)
{
	s += *s == '+';
	return *s && strspn(s, "0123456789") == strlen(s);
}

/* A mount of a stage by its number. */
static bool
mounts_number(const struct dockerfile_instruction *in)
{
	struct dockerfile_mount m;
	bool does = false;

	for (size_t i = 0; dockerfile_next_mount(in, &i, &m);) {
		does |= m.from && is_number(m.from);
		dockerfile_mount_release(&m);
	}
	return does;
}

enum edit { EDIT_NONE, EDIT_FROM, EDIT_NUMBER, EDIT_IMPOSSIBLE };

/* What an instruction needs once there is a stage in front of all. */
static enum edit
edit_of(const struct dockerfile_instruction *in)
{
	const char *from = dockerfile_flag(in, "from");

	if (in->onbuild)
		return EDIT_NONE;
	if (from && !strcmp(in->name, "COPY"))
		return is_number(from) ? EDIT_NUMBER : EDIT_NONE;
	if (mounts_number(in))
		return EDIT_IMPOSSIBLE;
	if (!dockerfile_takes_context(in))
		return EDIT_NONE;
	return strcmp(in->name, "COPY") != 0 || in->nheredocs
		   ? EDIT_IMPOSSIBLE
		   : EDIT_FROM;
}

/* COPY --from=0 of the line that comes next: 0 becomes 1. */
static int
shift_number(struct copier *c, const char *from)
{
	autofree char *flag = xasprintf("--from=%s", from);
	size_t n = strlen(flag), left = (size_t)(c->end - c->p);
	const char *at = memmem(c->p, left, flag, n);
	const char *nl = memchr(c->p, '\n', left);

	if (!at || (nl && at > nl) ||
	    (at + n < c->end && !isspace((unsigned char)at[n])))
		return -1;
	strbuf_add(&c->out, c->p, (size_t)(at - c->p));
	strbuf_addf(&c->out, "--from=%lu", strtoul(from, NULL, 10) + 1);
	c->p = at + n;
	return 0;
}

static int
edit_copy(struct copier *c, const struct dockerfile_instruction *in,
    enum edit edit, const char *stage)
{
	size_t word = strlen("COPY");

	copy_lines(c, in->line - 1);
	while (c->p < c->end && isblank((unsigned char)*c->p))
		strbuf_addc(&c->out, *c->p++);
	if (c->end - c->p < (ptrdiff_t)word || strncasecmp(c->p, "COPY", word))
		return -1;
	if (edit == EDIT_NUMBER)
		return shift_number(c, dockerfile_flag(in, "from"));
	strbuf_addf(&c->out, "COPY --from=%s", stage);
	c->p += word;
	return 0;
}

char *
dockerfile_with_context(const struct dockerfile *d, const char *text,
    size_t len, const char *stage, const char *directory)
{
	struct copier c = {text, text + len, 0, STRBUF_INIT};

	copy_lines(&c, d->instructions[d->stages[0].first].line - 1);
	strbuf_addf(&c.out, "FROM scratch AS %s\nCOPY %s/ /\n", stage,
	    directory);
	for (size_t i = 0; i < d->n; i++) {
		const struct dockerfile_instruction *in = &d->instructions[i];
		enum edit edit = edit_of(in);

		if (edit == EDIT_IMPOSSIBLE ||
		    (edit != EDIT_NONE && edit_copy(&c, in, edit, stage))) {
			strbuf_release(&c.out);
			return NULL;
		}
	}
	return copy_rest(&c);
}
