/* From lines to instructions, as frontend/dockerfile/parser of moby/buildkit:
   directives, comments, continuations and the bodies of heredocs. */
#include "project/dockerfile_impl.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Of bufio.Scanner, by which the builders read lines: with the newline. */
#define LINE_MAX_BYTES 65536
#define INSTRUCTIONS_MAX 10000

struct reader {
	struct dockerfile *d;
	const char *name; /* of the file */
	const char *p, *end;
	unsigned line;	      /* of the last one that was read */
	unsigned directives;  /* bits of those that were seen */
	bool directives_done; /* no further one counts */
	struct err *err;
};

struct line {
	const char *p;
	size_t n; /* without the newline */
};

static int
fail(struct reader *r, unsigned line, const char *what)
{
	return err_set(
	    r->err, ERR_CONFIG, "%s:%u: %s", r->name, line, what);
}

/* 1, 0 at the end, -1 if it is too long. */
static int
next_line(struct reader *r, struct line *l)
{
	const char *newline;
	size_t n;

	if (r->p == r->end)
		return 0;
	newline = memchr(r->p, '\n', (size_t)(r->end - r->p));
	n = newline ? (size_t)(newline + 1 - r->p) : (size_t)(r->end - r->p);
	r->line++;
	if (n > LINE_MAX_BYTES)
		return fail(r, r->line, "the line is longer than 65535 bytes");
	l->p = r->p;
	r->p += n;
	while (n && (l->p[n - 1] == '\n' || l->p[n - 1] == '\r'))
		n--;
	l->n = n;
	return 1;
}

static void
trim_left(struct line *l)
{
	size_t n;

	while (l->n && (n = dockerfile_space(l->p)) && n <= l->n) {
		l->p += n;
		l->n -= n;
	}
}

static bool
is_comment(struct line l)
{
	trim_left(&l);
	return l.n && *l.p == '#';
}

static bool
is_empty(struct line l)
{
	trim_left(&l);
	return !l.n;
}

/* "# KEY = VALUE"; both are the caller's. */
static bool
split_directive(struct line l, char **key, char **value)
{
	autofree char *text = xstrndup(l.p, l.n);
	char *p = text, *eq;
	size_t n;

	if (*p++ != '#')
		return false;
	p += strspn(p, " \t\v\f\r");
	for (n = 0; isalnum((unsigned char)p[n]); n++)
		continue;
	eq = p + n + strspn(p + n, " \t\v\f\r");
	if (!isalpha((unsigned char)*p) || *eq != '=')
		return false;
	eq += 1 + strspn(eq + 1, " \t\v\f\r");
	if (!*eq)
		return false;
	*key = xstrndup(p, n);
	n = strlen(eq);
	while (n && strchr(" \t\v\f\r", eq[n - 1]))
		n--;
	*value = xstrndup(eq, n);
	return true;
}

static int
read_directive(struct reader *r, struct line l)
{
	static const char *const keys[] = {"syntax", "escape", "check"};
	autofree char *key = NULL, *value = NULL;
	size_t i = 0;

	if (r->directives_done)
		return 0;
	r->directives_done = true;
	if (!split_directive(l, &key, &value))
		return 0;
	while (i < ARRAY_SIZE(keys) && strcasecmp(key, keys[i]))
		i++;
	if (i == ARRAY_SIZE(keys))
		return 0;
	r->directives_done = false;
	if (r->directives & (1u << i))
		return fail(
		    r, r->line, "the same parser directive stands twice");
	if (i == 1) {
		if (strcmp(value, "\\") && strcmp(value, "`"))
			return fail(r, r->line, "escape is \\ or `");
		r->d->escape = *value;
		r->d->late_escape = r->directives & 4;
	}
	r->directives |= 1u << i;
	return 0;
}

/* BuildKit looks for the syntax by itself, and past a "#!" at that; see
   DetectSyntax() in parser/directives.go. */
static void
find_syntax(struct dockerfile *d, const char *text, size_t len)
{
	struct reader r = {.p = text, .end = text + len};
	struct line l;

	for (unsigned n = 1; r.p < r.end && next_line(&r, &l) > 0; n++) {
		autofree char *key = NULL, *value = NULL;

		trim_left(&l);
		if (n == 1 && l.n > 1 && !memcmp(l.p, "#!", 2))
			continue;
		if (!split_directive(l, &key, &value))
			return;
		if (strcasecmp(key, "syntax"))
			continue;
		d->syntax = xstrndup(value, strcspn(value, " "));
		d->syntax_line = n;
		return;
	}
}

/* Appends it; is it continued?  An escape that is escaped continues nothing. */
static bool
add_line(struct reader *r, struct strbuf *out, struct line l)
{
	size_t n = l.n;

	while (n && (l.p[n - 1] == ' ' || l.p[n - 1] == '\t'))
		n--;
	if (n && l.p[n - 1] == r->d->escape &&
	    (n == 1 || l.p[n - 2] != r->d->escape)) {
		strbuf_add(out, l.p, n - 1);
		return true;
	}
	strbuf_add(out, l.p, l.n);
	return false;
}

/* What continues a line; comments and empty lines between do not count. */
static int
read_continuation(struct reader *r, struct dockerfile_instruction *in,
    struct strbuf *out)
{
	bool more = true;
	unsigned empty = 0; /* the first such line */
	struct line l;
	int rc = 1;

	while (more && (rc = next_line(r, &l)) > 0) {
		GROW(in->breaks, in->nbreaks, &in->breaks_cap);
		in->breaks[in->nbreaks++] = out->len;
		if (is_empty(l))
			empty = empty ? empty : r->line;
		else if (!is_comment(l))
			more = add_line(r, out, l);
	}
	if (empty) {
		struct dockerfile *d = r->d;

		GROW(d->warnings, d->nwarnings, &d->warnings_cap);
		d->warnings[d->nwarnings++] = (struct dockerfile_warning){
		    empty, "an empty line within an instruction"};
	}
	r->d->open_end = more;
	return rc < 0 ? -1 : 0;
}

static int
read_heredoc(struct reader *r, struct dockerfile_instruction *in,
    const char *word)
{
	autobuf struct strbuf body = STRBUF_INIT;
	bool tabs, quoted;
	autofree char *name = dockerfile_heredoc_name(word, &tabs, &quoted);
	unsigned first = r->line + 1;
	struct line l;
	int rc;

	while ((rc = next_line(r, &l)) > 0) {
		const char *from = l.p;

		while (tabs && l.n && *l.p == '\t') {
			l.p++;
			l.n--;
			from++;
		}
		if (l.n == strlen(name) && !memcmp(l.p, name, l.n))
			break;
		strbuf_add(&body, from, (size_t)(r->p - from));
	}
	if (rc <= 0)
		return rc < 0 ? -1 : err_set(r->err, ERR_CONFIG,
		    "%s:%u: the heredoc has no end: no line is \"%.64s\"",
		    r->name, in->line, name);
	in->heredocs = xreallocarray(
	    in->heredocs, in->nheredocs + 1, sizeof(*in->heredocs));
	in->heredocs[in->nheredocs++] = (struct dockerfile_heredoc){
	    .name = steal(&name),
	    .body = strbuf_detach(&body),
	    .line = first,
	    .quoted = quoted};
	return 0;
}

static int
read_heredocs(
    struct reader *r, struct dockerfile_instruction *in, const char *line)
{
	static const char *const holders[] = {"ADD", "COPY", "RUN", NULL};
	autovec struct strvec words = STRVEC_INIT;

	if (in->exec_form || !str_in(in->name, holders))
		return 0;
	dockerfile_heredoc_words(line, &words);
	for (size_t i = 0; i < words.n; i++)
		if (read_heredoc(r, in, words.v[i]))
			return -1;
	return 0;
}

static void
trim_right(struct strbuf *sb)
{
	while (sb->len && strchr(" \t\v\f\r\n", sb->buf[sb->len - 1]))
		strbuf_truncate(sb, sb->len - 1);
}

static struct dockerfile_instruction *
add_instruction(struct reader *r)
{
	struct dockerfile *d = r->d;

	if (d->n == INSTRUCTIONS_MAX) {
		fail(r, r->line, "there are too many instructions");
		return NULL;
	}
	GROW(d->instructions, d->n, &d->cap);
	d->instructions[d->n] = (struct dockerfile_instruction){
	    .line = r->line, .flags = STRVEC_INIT, .args = STRVEC_INIT};
	return &d->instructions[d->n++];
}

/* Where the last argument begins in text: only blanks are behind it. */
static size_t
argument_offset(const struct dockerfile_instruction *in)
{
	const char *arg = in->args.n ? in->args.v[in->args.n - 1] : "";
	size_t len = strlen(arg), n = strlen(in->text);

	while (n > len && memcmp(in->text + n - len, arg, len))
		n--;
	return n > len ? n - len : 0;
}

/* From its first line on. */
static int
read_instruction(struct reader *r, struct line l)
{
	struct dockerfile_instruction *in = add_instruction(r);
	autobuf struct strbuf line = STRBUF_INIT;

	if (!in || (add_line(r, &line, l) && read_continuation(r, in, &line)))
		return -1;
	trim_right(&line);
	in->text = xstrdup(line.buf);
	if (dockerfile_read_instruction(in, line.buf, r->d->escape, r->err) ||
	    dockerfile_check_instruction(in, r->err))
		return err_prefix(r->err, "%s:%u", r->name, in->line);
	if (!in->exec_form)
		in->begin = argument_offset(in);
	if (read_heredocs(r, in, line.buf))
		return -1;
	in->end_line = r->line;
	return 0;
}

static int
read_instructions(struct reader *r)
{
	struct line l;
	int rc;

	while ((rc = next_line(r, &l)) > 0) {
		trim_left(&l);
		if (read_directive(r, l))
			return -1;
		if (l.n && *l.p != '#' && read_instruction(r, l))
			return -1;
	}
	return rc;
}

static int
check_text(
    const char *name, const char *text, size_t len, struct err *err)
{
	if (len > DOCKERFILE_MAX)
		return err_set(err, ERR_CONFIG,
		    "%s is longer than 1 MB: it is no Dockerfile", name);
	if (memchr(text, '\0', len))
		return err_set(err, ERR_CONFIG,
		    "%s holds a NUL byte: it is no Dockerfile", name);
	return 0;
}

struct dockerfile *
dockerfile_parse(const char *name, const char *text, size_t len,
    const struct dockerfile_options *options, struct err *err)
{
	static const struct dockerfile_options none;
	struct dockerfile *d;
	autofree char *copy = NULL; /* ends in NUL */
	struct reader r = {.name = name, .err = err};

	if (check_text(name, text, len, err))
		return NULL;
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		len -= 3;
	}
	copy = xstrndup(text, len);
	d = xcalloc(1, sizeof(*d));
	d->escape = '\\';
	r.d = d;
	r.p = copy;
	r.end = copy + len;
	find_syntax(d, copy, len);
	if (!read_instructions(&r) &&
	    !dockerfile_evaluate(d, name, options ? options : &none, err))
		return d;
	dockerfile_free(d);
	return NULL;
}

static void
release_instruction(struct dockerfile_instruction *in)
{
	for (size_t i = 0; i < in->nheredocs; i++) {
		free(in->heredocs[i].name);
		free(in->heredocs[i].body);
	}
	free(in->heredocs);
	free(in->breaks);
	free(in->text);
	strvec_release(&in->flags);
	strvec_release(&in->args);
}

void
dockerfile_free(struct dockerfile *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->n; i++)
		release_instruction(&d->instructions[i]);
	for (size_t i = 0; i < d->nstages; i++) {
		free(d->stages[i].name);
		free(d->stages[i].base);
		free(d->stages[i].platform);
	}
	for (size_t i = 0; i < d->nvariables; i++) {
		free(d->variables[i]->name);
		free(d->variables[i]->value);
		free(d->variables[i]);
	}
	free(d->instructions);
	free(d->stages);
	free(d->variables);
	free(d->syntax);
	free(d->warnings);
	free(d);
}

const char *
dockerfile_flag(const struct dockerfile_instruction *in, const char *flag)
{
	size_t n = strlen(flag);

	for (size_t i = 0; i < in->flags.n; i++) {
		const char *p = in->flags.v[i] + 2;

		if (!strncmp(p, flag, n) && (!p[n] || p[n] == '='))
			return p[n] ? p + n + 1 : "true";
	}
	return NULL;
}

unsigned
dockerfile_line_at(const struct dockerfile_instruction *in, size_t offset)
{
	size_t low = 0, high = in->nbreaks;

	offset += in->begin;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (in->breaks[middle] <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return in->line + (unsigned)low;
}
