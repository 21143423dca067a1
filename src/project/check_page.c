/* The programs in a page, as a browser finds them. */
#include <string.h>
#include <strings.h>

#include "base/xalloc.h"
#include "project/check_text.h"

#define SCRIPTS_MAX 64
#define SCRIPTS_MAX_BYTES (64u << 20) /* of all, with what is before them */
#define BLANKS " \t\r\n\f"

/* A place in a page, and where that ends. */
struct page {
	const char *p, *end;
};

struct attribute {
	const char *name, *value;
	size_t name_len, value_len;
};

static bool
starts(const char *p, const char *end, const char *what)
{
	size_t n = strlen(what);

	return (size_t)(end - p) >= n && !strncasecmp(p, what, n);
}

static bool
is_one_of(char c, const char *bytes)
{
	return c && strchr(bytes, c);
}

/* How many bytes at p are of these, or (until) are not. */
static size_t
span(const char *p, const char *end, const char *bytes, bool until)
{
	size_t n = 0;

	while (p + n < end && is_one_of(p[n], bytes) != until)
		n++;
	return n;
}

/* The next attribute of a tag as a browser divides it: a quote counts only
   behind the sign.  false: the tag ends at t->p. */
static bool
next_attribute(struct page *t, struct attribute *a)
{
	const char *p = t->p + span(t->p, t->end, BLANKS "/", false);
	char quote[2] = "";

	t->p = p;
	if (p == t->end || *p == '>')
		return false;
	a->name = p;
	p++; /* a sign at first is of the name */
	p += span(p, t->end, BLANKS "/>=", true);
	a->name_len = (size_t)(p - a->name);
	a->value = t->p = p;
	a->value_len = 0;
	p += span(p, t->end, BLANKS, false);
	if (p == t->end || *p != '=')
		return true;
	p++;
	p += span(p, t->end, BLANKS, false);
	if (p < t->end && (*p == '"' || *p == '\''))
		quote[0] = *p++;
	a->value = p;
	a->value_len = span(p, t->end, quote[0] ? quote : BLANKS ">", true);
	p += a->value_len;
	t->p = p + (quote[0] && p < t->end);
	return true;
}

/* Is it a type that browsers run?  One with a reference (&) may be any. */
static bool
is_program_type(const char *type, size_t n)
{
	static const char *const types[] = {"module", "text/javascript",
	    "application/javascript", "text/ecmascript",
	    "application/ecmascript", "text/x-javascript",
	    "application/x-javascript", "text/x-ecmascript",
	    "application/x-ecmascript", "text/jscript", "text/livescript"};
	size_t before = span(type, type + n, BLANKS, false);

	type += before;
	n -= before;
	while (n && is_one_of(type[n - 1], BLANKS))
		n--;
	if (!n || memchr(type, '&', n) ||
	    starts(type, type + n, "text/javascript1."))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strlen(types[i]) == n && !strncasecmp(types[i], type, n))
			return true;
	return false;
}

static bool
is_named(const struct attribute *a, const char *name)
{
	return a->name_len == strlen(name) &&
	       !strncasecmp(a->name, name, a->name_len);
}

/* Steps over the attributes of a tag and its end. */
static bool
skip_tag(struct page *t)
{
	struct attribute a;
	bool program = true, typed = false;

	while (next_attribute(t, &a)) {
		if (is_named(&a, "src"))
			program = false;
		/* The first one counts. */
		if (is_named(&a, "type") && !typed) {
			typed = true;
			program &= is_program_type(a.value, a.value_len);
		}
	}
	t->p += t->p < t->end;
	return program;
}

/* Does a tag begin here, of "<" or "</" and this name? */
static bool
is_tag(const char *p, const char *end, const char *open, const char *name)
{
	size_t n = strlen(open) + strlen(name);

	return starts(p, end, open) && starts(p + strlen(open), end, name) &&
	       (p + n == end || is_one_of(p[n], BLANKS "/>"));
}

/* Where a program ends: not in <!-- behind a <script, as browsers have it. */
static const char *
script_end(const char *p, const char *end)
{
	bool comment = false, twice = false;

	for (; p < end; p++) {
		if (*p == '-' && starts(p, end, "-->")) {
			comment = twice = false;
		} else if (*p != '<') {
			continue;
		} else if (starts(p, end, "<!--")) {
			comment = true;
		} else if (comment && is_tag(p, end, "<", "script")) {
			twice = true;
		} else if (is_tag(p, end, "</", "script")) {
			if (!twice)
				return p;
			twice = false;
		}
	}
	return end;
}

/* Behind a comment, which "<!-->" is too. */
static const char *
comment_end(const char *p, const char *end)
{
	const char *from = p + 4;

	for (p += 2; p < end; p++)
		if (starts(p, end, "-->"))
			return p + 3;
		else if (p >= from && starts(p, end, "--!>"))
			return p + 4;
	return end;
}

/* Where the text of the element ends whose tag is from p to at, in which "<!--"
   is no comment; at: it has none. */
static const char *
text_end(const char *p, const char *at, const char *end)
{
	static const char *const names[] = {"title", "textarea", "style", "xmp",
	    "iframe", "noembed", "noframes", "noscript"};
	size_t i = 0;

	while (i < ARRAY_SIZE(names) && !is_tag(p, end, "<", names[i]))
		i++;
	while (i < ARRAY_SIZE(names) && at < end &&
	       !is_tag(at, end, "</", names[i]))
		at++;
	return at;
}

/* The same of CDATA, which is a comment to the next > where no SVG is. */
static const char *
cdata_end(const char *p, const char *end)
{
	while (p < end && !starts(p, end, "]]>"))
		p++;
	return p;
}

/* The bytes from at to end, behind as many lines and columns as they are. */
static struct strbuf
only(const char *s, const char *at, const char *end)
{
	struct strbuf out = STRBUF_INIT;
	const char *line = s, *p;

	while ((p = memchr(line, '\n', (size_t)(at - line)))) {
		strbuf_addc(&out, '\n');
		line = p + 1;
	}
	for (; line < at; line++)
		strbuf_addc(&out, ' ');
	strbuf_add(&out, at, (size_t)(end - at));
	return out;
}

/* Behind what begins with < and is no program.  *text: until where no comment
   begins. */
static const char *
skip_markup(const char *p, const char *end, const char **text)
{
	struct page tag = {p + 1, end};

	if (starts(p, end, "<!--"))
		return comment_end(p, end);
	if (starts(p, end, "<![CDATA[")) {
		*text = cdata_end(p, end);
		return p + 1;
	}
	if (starts(p, end, "<!") || starts(p, end, "<?")) {
		p = memchr(p, '>', (size_t)(end - p));
		return p ? p + 1 : end;
	}
	tag.p += starts(p, end, "</");
	if (tag.p < end && ((*tag.p | 32) < 'a' || (*tag.p | 32) > 'z'))
		return p + 1;
	skip_tag(&tag);
	*text = text_end(p, tag.p, end);
	return tag.p;
}

bool
check_text_scripts(
    const char *s, size_t n, struct strbuf **scripts, size_t *count)
{
	const char *end = s + n, *p = s, *text = s;
	size_t bytes = 0;

	*scripts = NULL;
	*count = 0;
	while (p < end && (p = memchr(p, '<', (size_t)(end - p)))) {
		struct page tag = {p + 1, end};
		bool in_text = p < text, program;

		if (!is_tag(p, end, "<", "script")) {
			p = in_text ? p + 1 : skip_markup(p, end, &text);
			continue;
		}
		/* In SVG a title has elements: there any counts. */
		program = skip_tag(&tag) || in_text;
		if (program &&
		    (*count == SCRIPTS_MAX || bytes > SCRIPTS_MAX_BYTES))
			return false;
		p = in_text ? p + 1 : script_end(tag.p, end);
		if (!program)
			continue;
		*scripts =
		    xreallocarray(*scripts, *count + 1, sizeof(**scripts));
		(*scripts)[*count] = only(s, tag.p, script_end(tag.p, end));
		bytes += (*scripts)[(*count)++].len;
	}
	return true;
}
