#include "pack/ignore.h"

#include <stdint.h>
#include <string.h>

#include "base/encode.h"
#include "base/strbuf.h"
#include "pack/path.h"
#include "pack/pattern.h"

#define FILE_MAX (1u << 20)
/*
 * So that a path of 100 bytes takes milliseconds, whoever wrote the file; it is
 * compared while nothing else can be done.
 */
#define RULES_MAX 20000
#define SIZE_MAX_ALL (64u << 10) /* pattern_size() of all rules */
#define LINE_MAX_BYTES (64u << 10) /* as bufio.Scanner of the Docker client */

struct rule {
	struct pattern *pattern;
	bool keeps; /* "!" */
};

struct ignore {
	struct rule *rules;
	size_t n, cap;
	size_t size; /* of all patterns */
};

/* Go's unicode.IsSpace. */
static bool
is_space(unsigned rune)
{
	return (rune >= '\t' && rune <= '\r') || rune == ' ' || rune == 0x85 ||
	       rune == 0xa0 || rune == 0x1680 ||
	       (rune >= 0x2000 && rune <= 0x200a) || rune == 0x2028 ||
	       rune == 0x2029 || rune == 0x202f || rune == 0x205f ||
	       rune == 0x3000;
}

/* Length of the blank that ends the n bytes at s, or 0. */
static size_t
last_space(const char *s, size_t n)
{
	unsigned rune;

	for (size_t len = 1; len <= 3 && len <= n; len++)
		if (utf8_next(s + n - len, len, &rune) == (int)len)
			return is_space(rune) ? len : 0;
	return 0;
}

static char *
trim(const char *s, size_t n)
{
	unsigned rune;
	size_t len;
	int next;

	while ((next = utf8_next(s, n, &rune)) > 0 && is_space(rune)) {
		s += next;
		n -= (size_t)next;
	}
	while ((len = last_space(s, n)))
		n -= len;
	return xstrndup(s, n);
}

/* What ignorefile.ReadAll makes of a line; empty: nothing. */
static char *
normalise(const char *line, size_t len)
{
	autofree char *s = trim(line, len), *rest = NULL, *path = NULL;
	bool keeps = *s == '!';

	if (!*s)
		return steal(&s);
	rest = trim(s + keeps, strlen(s + keeps));
	path = *rest ? path_clean(rest) : xstrdup("");
	return xasprintf(
	    "%s%s", keeps ? "!" : "", path + (path[0] == '/' && path[1]));
}

/* What patternmatcher.New makes of that. */
static int
add_rule(struct ignore *ig, const char *line, struct err *err)
{
	autofree char *s = trim(line, strlen(line)), *text = NULL;
	struct pattern *p;
	bool keeps;

	if (!*s)
		return 0;
	text = path_clean(s);
	keeps = *text == '!';
	if (keeps && !text[1])
		return err_set(err, ERR_CONFIG, "'!' stands without a pattern");
	p = pattern_compile(text + keeps, err);
	if (!p)
		return -1;
	GROW(ig->rules, ig->n, &ig->cap);
	ig->rules[ig->n++] = (struct rule){p, keeps};
	ig->size += pattern_size(p);
	if (ig->n > RULES_MAX)
		return err_set(err, ERR_CONFIG,
		    "there are more than %d patterns", RULES_MAX);
	if (ig->size > SIZE_MAX_ALL)
		return err_set(err, ERR_CONFIG, "the patterns up to here have "
		    "more than %u elements", SIZE_MAX_ALL);
	return 0;
}

static int
parse_line(struct ignore *ig, const char *line, size_t len, struct err *err)
{
	autofree char *s = NULL;

	if (len && *line == '#')
		return 0;
	if (len >= LINE_MAX_BYTES)
		return err_set(err, ERR_CONFIG, "the line is too long");
	if (memchr(line, '\0', len))
		return err_set(
		    err, ERR_CONFIG, "a NUL byte: the file must be UTF-8 text");
	s = normalise(line, len);
	return add_rule(ig, s, err);
}

static int
parse_lines(struct ignore *ig, const char *name, const char *s, size_t n,
    struct err *err)
{
	for (unsigned line = 1; n; line++) {
		const char *end = memchr(s, '\n', n);
		size_t len = end ? (size_t)(end - s) : n;

		if (parse_line(ig, s, len, err))
			return err_prefix(err, "%s:%u", name, line);
		len += end != NULL;
		s += len;
		n -= len;
	}
	return 0;
}

struct ignore *
ignore_parse(const char *name, const char *text, size_t len, struct err *err)
{
	struct ignore *ig;

	if (len > FILE_MAX) {
		err_set(err, ERR_CONFIG, "%s: it is larger than %u KiB", name,
		    FILE_MAX >> 10);
		return NULL;
	}
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		len -= 3;
	}
	ig = xcalloc(1, sizeof(*ig));
	if (parse_lines(ig, name, text, len, err)) {
		ignore_free(ig);
		return NULL;
	}
	return ig;
}

void
ignore_free(struct ignore *ig)
{
	if (!ig)
		return;
	for (size_t i = 0; i < ig->n; i++)
		pattern_free(ig->rules[i].pattern);
	free(ig->rules);
	free(ig);
}

size_t
ignore_marks(const struct ignore *ig)
{
	return ig->n;
}

bool
ignore_file(const struct ignore *ig, const bool *parent, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = ig->n; i--;)
		if ((parent && parent[i]) ||
		    pattern_match(ig->rules[i].pattern, path, len))
			return !ig->rules[i].keeps;
	return false;
}

bool
ignore_directory(
    const struct ignore *ig, const bool *parent, const char *path, bool *marks)
{
	size_t len = strlen(path);
	bool ignored = false;

	for (size_t i = 0; i < ig->n; i++) {
		marks[i] = (parent && parent[i]) ||
			   pattern_match(ig->rules[i].pattern, path, len);
		if (marks[i])
			ignored = !ig->rules[i].keeps;
	}
	return ignored;
}

bool
ignore_keeps_below(const struct ignore *ig, const bool *marks, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = ig->n; i--;) {
		if (!ig->rules[i].keeps && marks[i])
			return false; /* it decides on all that is below */
		if (ig->rules[i].keeps &&
		    pattern_below(ig->rules[i].pattern, path, len))
			return true;
	}
	return false;
}

bool
ignore_path(const struct ignore *ig, const char *path)
{
	for (size_t i = ig->n; i--;)
		if (pattern_match_above(ig->rules[i].pattern, path))
			return !ig->rules[i].keeps;
	return false;
}
