/* Where something failed, by what is printed of it. */
#include "project/report_impl.h"

#include <ctype.h>
#include <string.h>

#define TRACE_MAX (64u << 10) /* bytes of it that are looked at */
#define PLACES_MAX 200

/* A path ends at any of these, where it is not below the project's directory
   by name. */
static const char delimiters[] = " \t()[]{}<>\"'`,;=|";

struct search {
	const struct source_root *root;
	const struct found_case *found;
	unsigned count; /* of places that were looked for */
	char *file;     /* found */
	unsigned line;
};

/* With a name that has an extension: 12:30 and localhost:80 are no places. */
static bool
is_source_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
	size_t n = dot ? strlen(dot + 1) : 0;

	if (!dot || dot == name || n > 8 || !isalpha((unsigned char)dot[1]))
		return false;
	while (n && isalnum((unsigned char)dot[n]))
		n--;
	return !n;
}

static bool
try_path(struct search *s, const char *path, unsigned line)
{
	if (!is_source_name(path))
		return false;
	s->file = source_path_at(s->root, s->found->dir, path);
	s->line = line;
	return s->file;
}

/* "at com.acme.SumTest.adds(SumTest.java:12)": the package is in front.  Whose
   classes others are is not known without a look into the project. */
static bool
try_java(struct search *s, const char *line, const char *name,
    const char *source, unsigned number)
{
	autobuf struct strbuf path = STRBUF_INIT;
	autofree char *file = NULL;
	const char *end = name - 1, *begin;

	for (int i = 0; i < 2 && end > line; i++)
		while (end > line && *--end != '.')
			;
	begin = end;
	while (begin > line && !strchr(" \t/", begin[-1]))
		begin--;
	for (const char *p = begin; p < end; p++)
		strbuf_addc(&path, *p == '.' ? '/' : *p);
	if (path.len)
		strbuf_addc(&path, '/');
	strbuf_adds(&path, source);
	file = source_path_java(s->root, path.buf);
	if (!file || (!s->root->exists &&
			 (!s->found->file || strcmp(s->found->file, file))))
		return false;
	s->file = steal(&file);
	s->line = number;
	return true;
}

static bool
is_java(const char *path)
{
	return !strchr(path, '/') &&
	       (str_ends(path, ".java") || str_ends(path, ".kt") ||
		   str_ends(path, ".groovy") || str_ends(path, ".scala"));
}

/* Where a name of the project's directory begins, the last on the line. */
static const char *
absolute_start(const struct search *s, const char *line, const char *end)
{
	const char *dir = s->root->dir;
	size_t n = dir ? strlen(dir) : 0;

	if (n < 2 || (size_t)(end - line) < n)
		return NULL;
	for (const char *p = end - n; p >= line; p--)
		if (!memcmp(p, dir, n) && p[n] == '/')
			return p;
	return NULL;
}

/* What stands in front of ":LINE". */
static bool
try_before(struct search *s, const char *line, const char *end, unsigned number)
{
	const char *start;
	autofree char *path = NULL;

	if (end - line > SOURCE_PATH_MAX)
		line = end - SOURCE_PATH_MAX;
	start = absolute_start(s, line, end);
	if (start) {
		autofree char *absolute =
		    xstrndup(start, (size_t)(end - start));

		if (try_path(s, absolute, number))
			return true;
	}
	for (start = end; start > line && !strchr(delimiters, start[-1]);)
		start--;
	path = xstrndup(start, (size_t)(end - start));
	if (is_java(path) && start > line && start[-1] == '(')
		return try_java(s, line, start, path, number);
	return try_path(s, path, number);
}

/* `File "PATH", line LINE` of Python; p is at `", line `. */
static bool
try_quoted(struct search *s, const char *line, const char *p, unsigned number)
{
	const char *start = p;
	autofree char *path = NULL;

	while (start > line && start[-1] != '"')
		start--;
	path = xstrndup(start, (size_t)(p - start));
	return try_path(s, path, number);
}

/* The number at p, up to a line's; 0: there is none. */
static unsigned
number_at(const char *p)
{
	unsigned n = 0;

	for (int i = 0; isdigit((unsigned char)*p); i++, p++) {
		if (i == 7)
			return 0;
		n = n * 10 + (unsigned)(*p - '0');
	}
	return isalpha((unsigned char)*p) || *p == '_' ? 0 : n;
}

static bool
search_line(struct search *s, const char *line)
{
	static const char quoted[] = "\", line ", perl[] = " line ";
	unsigned number;

	for (const char *p = line; *p && s->count < PLACES_MAX; p++) {
		bool colon = *p == ':' && p > line;

		if (colon && (number = number_at(p + 1))) {
			s->count++;
			if (try_before(s, line, p, number))
				return true;
		} else if (*p == '"' &&
			   !strncmp(p, quoted, sizeof(quoted) - 1) &&
			   (number = number_at(p + sizeof(quoted) - 1))) {
			s->count++;
			if (try_quoted(s, line, p, number))
				return true;
		} else if (*p == ' ' && !strncmp(p, perl, sizeof(perl) - 1) &&
			   (number = number_at(p + sizeof(perl) - 1))) {
			s->count++;
			if (try_before(s, line, p, number))
				return true;
		}
	}
	return false;
}

/* The last line of it, without its end; false: there is none. */
static bool
slice_last_line(struct slice *rest, struct slice *line)
{
	const char *before;

	if (rest->n && rest->p[rest->n - 1] == '\n')
		rest->n--;
	if (!rest->n)
		return false;
	before = memrchr(rest->p, '\n', rest->n);
	line->p = before ? before + 1 : rest->p;
	line->n = rest->n - (size_t)(line->p - rest->p);
	rest->n -= line->n;
	return true;
}

char *
report_place(const struct source_root *root, const struct found_case *found,
    unsigned *line)
{
	struct search s = {.root = root, .found = found};
	struct slice rest = {found->trace, strlen(found->trace)}, one;

	if (rest.n > TRACE_MAX) {
		rest.p += found->last ? rest.n - TRACE_MAX : 0;
		rest.n = TRACE_MAX;
	}
	while (
	    s.count < PLACES_MAX && (found->last ? slice_last_line(&rest, &one)
						 : slice_line(&rest, &one))) {
		autofree char *copy = xstrndup(one.p, one.n);

		if (search_line(&s, copy))
			break;
	}
	*line = s.line;
	return s.file;
}
