/*
 * The Test Anything Protocol (testanything.org, versions 12 to 14): test
 * points, plans, YAML blocks and subtests, which are indented by four columns
 * and summed up by a point behind them, or, as vitest writes them, in braces
 * behind one.  Such a point is no case of its own, unless it fails and nothing
 * in it did.
 */
#include "project/report_impl.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 32
#define NOTES_MAX (64u << 10)

/* A point whose notes may still come, or whose braces are open. */
struct point {
	bool open, bad, brace;
	enum test_state state;
	char *name, *why; /* why: behind the directive */
	int64_t duration_us;
};

struct level {
	int64_t planned; /* -1: no plan yet */
	uint64_t count;
	bool children, child_bad; /* of the point that comes, or has braces */
	char *subtest;            /* "# Subtest: NAME" */
	struct point point;
};

struct tap {
	struct reading *rd;
	struct level levels[DEPTH_MAX];
	size_t depth; /* of the last point or plan */
	bool seen, bailed;
	struct strbuf notes;  /* of the open point */
	struct strbuf said;   /* comments since the last point */
	struct strbuf before; /* those in front of the open one */
	size_t yaml;          /* indent + 1 of the block that is open */
};

/* The value of `KEY: VALUE` in a YAML block, as one text: a block scalar, or
   one line, perhaps in quotes.  The caller's, or NULL. */
static char *
yaml_value(const char *block, const char *key)
{
	struct slice rest = {block, strlen(block)}, line;
	struct strbuf out = STRBUF_INIT;
	size_t n = strlen(key), indent;
	char *value = NULL;

	while (!value && slice_line(&rest, &line)) {
		indent = strspn(line.p, " ");
		if (indent + n < line.n && !memcmp(line.p + indent, key, n) &&
		    line.p[indent + n] == ':')
			value = xstrndup(
			    line.p + indent + n + 1, line.n - indent - n - 1);
	}
	if (!value)
		return NULL;
	strbuf_adds(&out, value + strspn(value, " "));
	free(value);
	if (out.len && strchr("|>", *out.buf)) {
		strbuf_reset(&out);
		while (slice_line(&rest, &line) &&
		       (strspn(line.p, " ") > indent || !line.n)) {
			size_t cut = line.n < indent + 2 ? line.n : indent + 2;

			strbuf_add(&out, line.p + cut, line.n - cut);
			strbuf_addc(&out, '\n');
		}
	} else if (out.len > 1 && strchr("'\"", *out.buf) &&
		   out.buf[out.len - 1] == *out.buf) {
		strbuf_truncate(&out, out.len - 1);
		strbuf_consume(&out, 1);
	}
	return strbuf_detach(&out);
}

/* "PATH:LINE[:COLUMN]", of a test: the place is where it begins. */
static char *
split_location(char *location, unsigned *line)
{
	char *colon = location ? strchr(location, ':') : NULL;

	while (colon && !isdigit((unsigned char)colon[1]))
		colon = strchr(colon + 1, ':');
	if (!colon)
		return NULL;
	*line = report_line(strtol(colon + 1, NULL, 10));
	*colon = '\0';
	return location;
}

static void
add_suite(const struct tap *t, size_t depth, struct strbuf *out)
{
	for (size_t i = 0; i < depth; i++) {
		const struct level *l = &t->levels[i];
		const char *name = l->point.brace ? l->point.name : l->subtest;

		if (name)
			strbuf_addf(out, "%s%s", out->len ? " > " : "", name);
	}
}

/* Of what it printed, the line that names an error. */
static char *
said_error(const struct tap *t)
{
	struct slice rest = {t->before.buf, t->before.len}, line;

	while (slice_line(&rest, &line))
		if (memmem(line.p, line.n, "Error: ", 7))
			return xstrndup(line.p, line.n);
	return NULL;
}

/* Node runs each file as a test of its own, which fails with an exit status
   where the file could not be loaded. */
static bool
is_unloaded(const struct tap *t, const char *exit_code)
{
	autofree char *type = yaml_value(t->notes.buf, "failureType");

	return exit_code && type && !strcmp(type, "testCodeFailure");
}

/* What a point's YAML block says, as node and others write it. */
struct notes {
	char *error, *message, *stack, *location, *file, *line, *took,
	    *exit_code;
};

static void
notes_read(struct notes *n, const char *text)
{
	n->error = yaml_value(text, "error");
	n->message = yaml_value(text, "message");
	n->stack = yaml_value(text, "stack");
	n->location = yaml_value(text, "location");
	n->file = yaml_value(text, "file");
	n->line = yaml_value(text, "line");
	n->took = yaml_value(text, "duration_ms");
	n->exit_code = yaml_value(text, "exitCode");
}

static void
notes_release(struct notes *n)
{
	free(n->error);
	free(n->message);
	free(n->stack);
	free(n->location);
	free(n->file);
	free(n->line);
	free(n->took);
	free(n->exit_code);
}

static void
fill_case(struct tap *t, const struct point *p, struct notes *n,
    struct found_case *found)
{
	const char *error = n->error && *n->error ? n->error : n->message;

	found->state = p->state;
	found->name = p->name;
	found->message = p->why ? p->why : error;
	found->details = t->notes.buf;
	found->trace = n->stack && *n->stack ? n->stack : t->notes.buf;
	found->file = split_location(n->location, &found->line);
	if (!found->file && n->file) {
		found->file = n->file;
		found->line =
		    n->line ? report_line(strtol(n->line, NULL, 10)) : 0;
	}
	found->duration_us =
	    n->took ? report_duration(n->took, 1e3) : p->duration_us;
}

/* What was printed as comments says why, where no block does: node's of a file
   that it could not load stand in front of the point, others' behind it.  The
   message is the caller's, or NULL. */
static char *
ask_comments(struct tap *t, const struct notes *n, struct found_case *found)
{
	if (is_unloaded(t, n->exit_code)) {
		found->state = TEST_ERROR;
		found->collection = true;
		found->details = found->trace = t->before.buf;
		return said_error(t);
	}
	if (found->message || t->notes.len || !t->said.len)
		return NULL;
	found->details = found->trace = t->said.buf;
	return xstrdup(t->said.buf + strspn(t->said.buf, " "));
}

static void
add_point(struct tap *t, size_t depth)
{
	struct point *p = &t->levels[depth].point;
	autobuf struct strbuf suite = STRBUF_INIT;
	struct found_case found = FOUND_CASE_INIT;
	autofree char *said = NULL;
	struct notes n;

	notes_read(&n, t->notes.buf);
	add_suite(t, depth, &suite);
	fill_case(t, p, &n, &found);
	found.suite = suite.buf;
	if (p->bad)
		said = ask_comments(t, &n, &found);
	if (said)
		found.message = said;
	report_add(t->rd, &found);
	notes_release(&n);
}

/* No more can come of the point of that level. */
static void
close_point(struct tap *t, size_t depth)
{
	struct level *l = &t->levels[depth];
	struct point *p = &l->point;

	if (!p->open)
		return;
	if (!l->children || (p->bad && !l->child_bad))
		add_point(t, depth);
	if (depth) {
		t->levels[depth - 1].children = true;
		t->levels[depth - 1].child_bad =
		    t->levels[depth - 1].child_bad || p->bad;
	}
	free(p->name);
	free(p->why);
	free(l->subtest);
	l->subtest = NULL;
	*p = (struct point){0};
	l->children = l->child_bad = false;
	strbuf_reset(&t->notes);
	t->yaml = 0;
}

/* The plan says how many there are: one that ends early has less. */
static void
close_level(struct tap *t, size_t depth)
{
	struct level *l = &t->levels[depth];

	close_point(t, depth);
	if (l->planned < 0 && l->count && !t->bailed)
		report_disagrees(t->rd->r,
		    "it has no plan, so nobody knows whether all tests ran");
	if (l->planned >= 0 && (uint64_t)l->planned != l->count && !t->bailed)
		report_disagrees(t->rd->r, "it plans %lld tests and has %llu",
		    (long long)l->planned, (unsigned long long)l->count);
	free(l->subtest);
	*l = (struct level){.planned = -1};
}

/* Goes to that level: deeper ones end. */
static void
go_to(struct tap *t, size_t depth)
{
	while (t->depth > depth)
		close_level(t, t->depth--);
	t->depth = depth;
}

/* Unlike SKIP, which also begins "skipped", a word of its own. */
static bool
is_todo(const char *text)
{
	return !strncasecmp(text, "todo", 4) && text[4] != '_' &&
	       !isalnum((unsigned char)text[4]);
}

static bool
is_directive(const char *text)
{
	return !strncasecmp(text, "skip", 4) || is_todo(text) ||
	       str_starts(text, "time=");
}

/* The last "#" that begins a directive: not escaped, behind a blank. */
static char *
find_directive(char *text)
{
	char *found = NULL;

	for (char *p = text; (p = strchr(p, '#')); p++)
		if (p > text && p[-1] == ' ' &&
		    is_directive(p + 1 + strspn(p + 1, " ")))
			found = p;
	return found;
}

static void
unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\\' && (s[1] == '#' || s[1] == '\\'))
			s++;
		*to++ = *s;
	}
	*to = '\0';
}

static void
trim_end(char *s)
{
	size_t n = strlen(s);

	while (n && s[n - 1] == ' ')
		s[--n] = '\0';
}

/* "SKIP why", "TODO why", or vitest's "time=1.2ms". */
static void
read_directive(struct point *p, char *text)
{
	bool todo = is_todo(text);
	char *why = text + strcspn(text, " ");

	if (str_starts(text, "time=")) {
		autofree char *number =
		    xstrndup(text + 5, strspn(text + 5, "0123456789."));

		p->duration_us = report_duration(number, 1e3);
		return;
	}
	p->state = !todo ? TEST_SKIPPED : p->bad ? TEST_XFAILED : TEST_XPASSED;
	p->bad = false;
	why += strspn(why, " ");
	if (*why && strcmp(why, "-"))
		p->why = xstrdup(why);
}

/* Its number, if it has one, must be the next; what stands behind that and a
   dash. */
static char *
skip_number(struct tap *t, char *rest)
{
	uint64_t count = t->levels[t->depth].count, number;

	rest += strspn(rest, " ");
	if (isdigit((unsigned char)*rest)) {
		number = strtoull(rest, &rest, 10);
		if (number != count)
			report_disagrees(t->rd->r,
			    "its test %llu has the number %llu",
			    (unsigned long long)count,
			    (unsigned long long)number);
	}
	rest += strspn(rest, " ");
	rest += *rest == '-';
	return rest + strspn(rest, " ");
}

/* "NAME # DIRECTIVE {" */
static void
read_name(struct point *p, char *text)
{
	char *directive;

	trim_end(text);
	if (str_ends(text, " {")) {
		p->brace = true;
		text[strlen(text) - 2] = '\0';
	}
	directive = find_directive(text);
	if (directive) {
		*directive++ = '\0';
		read_directive(p, directive + strspn(directive, " "));
	}
	trim_end(text);
	unescape(text);
	p->name = report_name(text);
}

/* What stands behind "ok" or "not ok". */
static void
read_point(struct tap *t, char *rest, bool bad)
{
	struct level *l = &t->levels[t->depth];

	close_point(t, t->depth);
	t->seen = true;
	l->count++;
	strbuf_reset(&t->before);
	strbuf_add(&t->before, t->said.buf, t->said.len);
	strbuf_reset(&t->said);
	l->point = (struct point){.open = true,
	    .bad = bad,
	    .duration_us = -1,
	    .state = bad ? TEST_FAILED : TEST_PASSED};
	read_name(&l->point, skip_number(t, rest));
}

/* "1..N", perhaps "# SKIP why" behind. */
static void
read_plan(struct tap *t, const char *number)
{
	struct level *l = &t->levels[t->depth];
	autofree char *digits = xstrndup(number, strspn(number, "0123456789"));
	int64_t planned = report_number(digits);
	const char *behind = number + strlen(digits);

	t->seen = true;
	behind += strspn(behind, " #");
	if (!planned && !t->depth && strncasecmp(behind, "skip", 4))
		t->rd->r->planned_none = true;
	if (l->planned >= 0)
		report_disagrees(t->rd->r, "it has two plans");
	l->planned = planned < 0 ? INT64_MAX : planned; /* it is too large */
}

/* Where a point with subtests is not yet there, its level has none open. */
static bool
read_tap(struct tap *t, char *text, size_t depth)
{
	bool ok = !strncmp(text, "ok", 2) && (!text[2] || text[2] == ' ');
	bool bad = !strncmp(text, "not ok", 6) && (!text[6] || text[6] == ' ');
	bool plan = !strncmp(text, "1..", 3) && isdigit((unsigned char)text[3]);
	struct level *outer = depth ? &t->levels[depth - 1] : NULL;

	if ((!ok && !bad && !plan) || depth >= DEPTH_MAX ||
	    depth > t->depth + 1)
		return false;
	if (depth > t->depth && outer->point.open && !outer->point.brace)
		close_point(t, depth - 1);
	go_to(t, depth);
	if (plan)
		read_plan(t, text + 3);
	else
		read_point(t, text + (bad ? 6 : 2), bad);
	return true;
}

/* The first point below several names may be deeper by as many levels. */
static void
read_comment(struct tap *t, const char *text, size_t depth)
{
	static const char head[] = "# Subtest: ";

	if (str_starts(text, head) && depth < DEPTH_MAX &&
	    depth <= t->depth + 1) {
		close_point(t, depth <= t->depth ? depth : t->depth);
		free(t->levels[depth].subtest);
		t->levels[depth].subtest = report_name(text + strlen(head));
		if (depth > t->depth)
			t->depth = depth;
	} else if (t->said.len < NOTES_MAX) {
		strbuf_addf(&t->said, "%s\n", text + 1 + (text[1] == ' '));
	}
}

static void
add_note(struct tap *t, const char *line)
{
	if (t->levels[t->depth].point.open && t->notes.len < NOTES_MAX)
		strbuf_addf(&t->notes, "%s\n", line);
}

/* False: the line is not of a YAML block. */
static bool
read_yaml(struct tap *t, const char *line, size_t indent)
{
	const char *text = line + indent;

	if (!t->yaml && !strcmp(text, "---") &&
	    t->levels[t->depth].point.open && indent > 4 * t->depth) {
		t->yaml = indent + 1;
		return true;
	}
	if (!t->yaml)
		return false;
	if (!strcmp(text, "...") && indent + 1 == t->yaml)
		t->yaml = 0;
	else
		add_note(t, indent >= t->yaml ? line + t->yaml - 1 : text);
	return true;
}

static void
read_line(struct tap *t, const struct slice *slice)
{
	autofree char *line = xstrndup(slice->p, slice->n);
	size_t indent = strspn(line, " ");
	char *text = line + indent;

	if (read_yaml(t, line, indent))
		return;
	if (str_starts(text, "Bail out!") && !indent) {
		t->bailed = t->seen = true;
		report_disagrees(t->rd->r, "it stopped: %.200s", text);
	} else if (*text == '}' && !text[1] && indent / 4 < t->depth &&
		   t->levels[indent / 4].point.brace) {
		go_to(t, indent / 4);
		close_point(t, indent / 4);
	} else if (*text == '#') {
		read_comment(t, text, indent / 4);
	} else if (indent % 4 || !read_tap(t, text, indent / 4)) {
		add_note(t, line);
	}
}

int
report_read_tap(struct reading *rd, const char *text, size_t n, struct err *err)
{
	struct tap t = {.rd = rd,
	    .notes = STRBUF_INIT,
	    .said = STRBUF_INIT,
	    .before = STRBUF_INIT};
	struct slice rest = {text, n}, line;

	for (size_t i = 0; i < DEPTH_MAX; i++)
		t.levels[i].planned = -1;
	while (slice_line(&rest, &line))
		read_line(&t, &line);
	go_to(&t, 0);
	close_level(&t, 0);
	for (size_t i = 0; i < DEPTH_MAX; i++)
		free(t.levels[i].subtest);
	strbuf_release(&t.notes);
	strbuf_release(&t.said);
	strbuf_release(&t.before);
	return t.seen ? 0 : err_set(err, ERR_IO, "no report in TAP");
}
