#include "project/check_lines.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define COMPLAINTS_MAX 1000
#define LINE_MAX_BYTES 4096

struct complaint {
	unsigned line, column;
	const char *message, *rule;
	size_t message_len, rule_len;
};

static unsigned
number(const char **s)
{
	unsigned n = 0;

	for (; isdigit((unsigned char)**s); (*s)++)
		if (n < 100000000)
			n = n * 10 + (unsigned)(**s - '0');
	return n;
}

/* The bytes of a form up to its next {, which must stand in the line. */
static size_t
literal(const char *form)
{
	return strcspn(form, "{");
}

/* Where the text that follows a part of free length stands in the line; with
   nothing behind it, its end. */
static const char *
find_next(const char *form, const char *s)
{
	size_t n = literal(form);

	return n ? memmem(s, strlen(s), form, n) : s + strlen(s);
}

/* The last of them: a message may well have such a text in it. */
static const char *
find_last(const char *form, const char *s)
{
	const char *at = find_next(form, s), *to = at;
	size_t n = literal(form);

	while (n && at) {
		to = at;
		at = memmem(at + 1, strlen(at + 1), form, n);
	}
	return to;
}

static bool
is_part(const char *form, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(form, name, n);
}

/* Takes the part {NAME} at which a form is; behind it in the line, or NULL. */
static const char *
take_part(const char *form, const char *rest, const char *s,
    struct complaint *c)
{
	bool message = is_part(form, "{message}");
	const char *to;

	if (is_part(form, "{line}") || is_part(form, "{column}")) {
		if (!isdigit((unsigned char)*s))
			return NULL;
		*(form[1] == 'l' ? &c->line : &c->column) = number(&s);
		return s;
	}
	to = message ? find_last(rest, s) : find_next(rest, s);
	if (to && message) {
		c->message = s;
		c->message_len = (size_t)(to - s);
	} else if (to && is_part(form, "{rule}")) {
		c->rule = s;
		c->rule_len = (size_t)(to - s);
	}
	return to;
}

/* Matches a whole line, in steps that only go forward. */
static bool
match(const char *form, const char *s, struct complaint *c)
{
	while (*form) {
		size_t n = literal(form);
		const char *end = strchr(form, '}');

		if (n) {
			if (strncmp(form, s, n))
				return false;
			form += n;
			s += n;
			continue;
		}
		if (!end || !(s = take_part(form, end + 1, s, c)))
			return false;
		form = end + 1;
	}
	return !*s;
}

static bool
match_any(const struct strvec *forms, const char *line, struct complaint *c)
{
	for (size_t i = 0; i < forms->n; i++) {
		*c = (struct complaint){0};
		if (match(forms->v[i], line, c))
			return true;
	}
	return false;
}

static bool
is_missing(const struct check_command *command, const char *line)
{
	for (size_t i = 0; i < command->unless.n; i++)
		if (strstr(line, command->unless.v[i]))
			return true;
	return false;
}

/* A name that settings can hold. */
static char *
rule_of(const struct check_command *command, const struct complaint *c)
{
	size_t n = c->rule_len < 64 ? c->rule_len : 64;

	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)c->rule[i]) &&
		    !strchr("-_./", c->rule[i]))
			n = 0;
	return n ? xstrndup(c->rule, n)
		 : xstrdup(command->name ? command->name : "lint");
}

char *
check_lines_otherwise(const struct check_command *command)
{
	return xasprintf("%s would write it otherwise", command->name);
}

/* Does it say that the text itself is wrong?  Where something else is missing,
   it may only say what follows from that. */
static bool
match_error(const struct check_command *command, const char *line,
    bool complete, struct complaint *c)
{
	return match_any(&command->errors, line, c) ||
	       (complete && match_any(&command->resolved, line, c));
}

static bool
take_line(const struct check_command *command, const char *line,
    const char *file, bool lint, bool complete,
    struct check_findings *findings)
{
	struct complaint c;
	bool is_error = match_error(command, line, complete, &c);
	autofree char *message = NULL, *rule = NULL;

	if (!is_error && !match_any(&command->warnings, line, &c))
		return false;
	if (c.message)
		message = xstrndup(c.message, c.message_len);
	else
		message = lint ? check_lines_otherwise(command) : xstrdup(line);
	rule = lint ? rule_of(command, &c) : xstrdup("syntax");
	check_add(findings, lint ? CHECK_LINT : CHECK_SYNTAX, rule,
	    is_error && !lint ? CHECK_ERROR : CHECK_WARNING, file, c.line,
	    c.column, message, NULL);
	return true;
}

static void
split(const struct strbuf *out, struct strvec *lines)
{
	autofree char *copy = xstrndup(out->buf, out->len);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n"))) {
		size_t len = strlen(line);

		if (len && line[len - 1] == '\r')
			line[--len] = 0;
		if (len > LINE_MAX_BYTES)
			line[LINE_MAX_BYTES] = 0;
		strvec_push(lines, line);
	}
}

size_t
check_lines_find(const struct check_command *command, const struct strbuf *out,
    const char *file, bool lint, struct check_findings *findings,
    char **missing)
{
	autovec struct strvec lines = STRVEC_INIT;
	size_t n = 0;

	*missing = NULL;
	split(out, &lines);
	for (size_t i = 0; i < lines.n && !*missing; i++)
		if (is_missing(command, lines.v[i]))
			*missing = xstrdup(lines.v[i]);
	for (size_t i = 0; i < lines.n && n < COMPLAINTS_MAX; i++)
		if (!is_missing(command, lines.v[i]))
			n += take_line(command, lines.v[i], file, lint,
			    !*missing, findings);
	return n;
}
