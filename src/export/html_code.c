/*
 * Programs with their comments, strings, numbers and keywords marked: enough to
 * read one, by a table, and in time that is linear.  It is a reader's help and
 * no parser; what it takes wrongly is only coloured wrongly.
 */
#include <string.h>
#include <strings.h>

#include "export/html_impl.h"

struct language {
	const char *names; /* extensions and names, a blank on each side */
	const char
	    *comments; /* what begins one up to the line's end, or NULL */
	const char *open, *close; /* a comment of more lines, or NULL */
	const char *quotes;       /* of strings that end with their line */
	const char *blocks;       /* of strings that do not */
	bool triple;              /* a quote three times is one that does not */
	const char *keywords;     /* a blank on each side */
};

#define C_WORDS                                                                \
	" break case char const continue default do double else enum extern "  \
	"float for goto if int long return short signed sizeof static struct " \
	"switch typedef union unsigned void volatile while bool true false "
#define CPP_WORDS                                                          \
	"NULL nullptr auto catch class constexpr delete explicit final "   \
	"friend inline namespace new operator override private protected " \
	"public template this throw try typename using virtual "
#define JS_WORDS                                                               \
	" async await break case catch class const continue debugger default " \
	"delete do else export extends false finally for from function if "    \
	"import in instanceof let new null of return static super switch "     \
	"this throw true try typeof undefined var void while yield "

static const struct language languages[] = {
    {" py pyw python python3 ", "#", NULL, NULL, "\"'", "", true,
	" and as assert async await break class continue def del elif else "
	"except False finally for from global if import in is lambda None "
	"nonlocal not or pass raise return True try while with yield match "
	"case "},
    {" js mjs cjs jsx javascript node ", "//", "/*", "*/", "\"'", "`", false,
	JS_WORDS},
    {" ts mts cts tsx typescript ", "//", "/*", "*/", "\"'", "`", false,
	JS_WORDS "abstract any boolean declare enum implements interface "
		 "keyof namespace never number private protected public "
		 "readonly string type unknown "},
    {" sh bash shell console dash ksh zsh ", "#", NULL, NULL, "", "\"'", false,
	" case do done elif else esac exit export fi for function if in local "
	"read return set shift then trap unset until while "},
    {" c h ", "//", "/*", "*/", "\"'", "", false, C_WORDS "NULL "},
    {" cc cpp cxx hpp hh c++ ", "//", "/*", "*/", "\"'", "", false,
	C_WORDS CPP_WORDS},
    {" go golang ", "//", "/*", "*/", "\"'", "`", false,
	" break case chan const continue default defer else fallthrough for "
	"func go goto if import interface map nil package range return select "
	"struct switch type var true false "},
    {" rs rust ", "//", "/*", "*/", "\"", "", false,
	" as async await break const continue crate dyn else enum extern "
	"false fn for if impl in let loop match mod move mut pub ref return "
	"self Self static struct super trait true type unsafe use where "
	"while "},
    {" java ", "//", "/*", "*/", "\"'", "", true,
	" abstract assert boolean break byte case catch char class continue "
	"default do double else enum extends false final finally float for if "
	"implements import instanceof int interface long new null package "
	"private protected public record return short static super switch "
	"this throw throws true try var void volatile while "},
    {" rb ruby ", "#", NULL, NULL, "", "\"'`", false,
	" alias and begin break case class def defined? do else elsif end "
	"ensure false for if in module next nil not or redo require rescue "
	"retry return self super then true undef unless until when while "
	"yield "},
    {" pl pm perl ", "#", NULL, NULL, "", "\"'`", false,
	" and else elsif for foreach if last local my next no or our package "
	"print return sub undef unless until use while "},
    {" php ", "//#", "/*", "*/", "", "\"'`", false,
	" abstract array as break case catch class const continue default do "
	"echo else elseif extends false final finally fn for foreach function "
	"if implements interface match namespace new null private protected "
	"public return static switch this throw true try use var while "},
    {" lua ", "--", "--[[", "]]", "\"'", "", false,
	" and break do else elseif end false for function goto if in local "
	"nil not or repeat return then true until while "},
    {" r R ", "#", NULL, NULL, "", "\"'", false,
	" break else FALSE for function if in library Inf NA NaN next NULL "
	"repeat return TRUE while "},
    {" dockerfile Dockerfile containerfile Containerfile ", "#", NULL, NULL,
	"\"'", "", false,
	" ADD ARG AS CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL "
	"ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR "},
    {" yaml yml toml ", "#", NULL, NULL, "\"'", "", false, " true false null "},
    {" json ", NULL, NULL, NULL, "\"", "", false, " true false null "},
};

struct code {
	struct strbuf *out;
	const struct language *l;
	const char *p, *end;
	bool in_word; /* a letter or digit is in front */
};

/* Is it one of a list's words? */
static bool
is_in(const char *list, const char *word, size_t n)
{
	char key[40] = " ";

	if (n > sizeof(key) - 3)
		return false;
	memcpy(key + 1, word, n);
	key[1 + n] = ' '; /* behind it the array is zero */
	return strstr(list, key);
}

/* By what is behind the last dot of its file's name, or by all of that. */
static const struct language *
language_of(const char *name)
{
	const char *slash = strrchr(name, '/'),
		   *base = slash ? slash + 1 : name;
	const char *dot = strrchr(base, '.'), *key = dot ? dot + 1 : base;

	for (size_t i = 0; *key && i < ARRAY_SIZE(languages); i++)
		if (is_in(languages[i].names, key, strlen(key)))
			return &languages[i];
	return NULL;
}

/* Each line has elements of its own, as lines fold (html_fold). */
static void
add(struct code *c, const char *class, size_t n)
{
	const char *stop = c->p + n, *nl;

	for (; c->p < stop; c->p = nl) {
		nl = memchr(c->p, '\n', stop - c->p);
		nl = nl ? nl : stop;
		if (nl > c->p && class)
			strbuf_addf(c->out, "<span class=\"%s\">", class);
		html_text(c->out, c->p, nl - c->p);
		if (nl > c->p && class)
			strbuf_adds(c->out, "</span>");
		if (nl < stop)
			strbuf_addc(c->out, *nl++);
	}
	c->p = stop;
}

static bool
starts(const struct code *c, const char *s)
{
	size_t n = s ? strlen(s) : 0;

	return n && (size_t)(c->end - c->p) >= n && !memcmp(c->p, s, n);
}

/* From p up to and with what ends it. */
static size_t
up_to(const struct code *c, size_t from, const char *end)
{
	const char *at =
	    c->p + from < c->end
		? memmem(c->p + from, c->end - c->p - from, end, strlen(end))
		: NULL;

	return at ? at + strlen(end) - c->p : c->end - c->p;
}

static size_t
to_line_end(const struct code *c)
{
	const char *nl = memchr(c->p, '\n', c->end - c->p);

	return (nl ? nl : c->end) - c->p;
}

/* "//#" are the two, "//" is one. */
static bool
begins_comment(const struct code *c)
{
	const char *marks = c->l->comments;

	if (!marks)
		return false;
	if (!strcmp(marks, "//#"))
		return starts(c, "//") || *c->p == '#';
	/* In a shell's word it is none. */
	return starts(c, marks) && !(*marks == '#' && c->in_word);
}

/* A string, with its quotes; \ takes the next byte along. */
static size_t
string_length(const struct code *c, bool lines)
{
	const char *q = c->p + 1;

	for (; q < c->end && *q != *c->p; q++) {
		if (*q == '\n' && !lines)
			return q - c->p;
		if (*q == '\\' && q + 1 < c->end && (lines || q[1] != '\n'))
			q++;
	}
	return (q < c->end ? q + 1 : c->end) - c->p;
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

static void
add_word(struct code *c)
{
	bool number = *c->p >= '0' && *c->p <= '9';
	size_t n = 0, left = c->end - c->p;

	while (n < left && is_word(c->p[n]))
		n++;
	add(c, number ? "m" : is_in(c->l->keywords, c->p, n) ? "k" : NULL, n);
	c->in_word = true;
}

static bool
is_of(const char *set, char c)
{
	return c && strchr(set, c);
}

/* A string or a comment, if one begins here. */
static bool
add_quoted(struct code *c)
{
	const struct language *l = c->l;
	char three[4] = {*c->p, *c->p, *c->p};
	bool quote = is_of(l->quotes, *c->p), block = is_of(l->blocks, *c->p);

	if (starts(c, l->open))
		add(c, "d", up_to(c, strlen(l->open), l->close));
	else if (begins_comment(c))
		add(c, "d", to_line_end(c));
	else if (l->triple && quote && starts(c, three))
		add(c, "q", up_to(c, 3, three));
	else if (quote || block)
		add(c, "q", string_length(c, block));
	else
		return false;
	c->in_word = false;
	return true;
}

void
html_code(struct strbuf *out, const char *name, const char *p, size_t n)
{
	struct code c = {out, language_of(name), p, p + n, false};

	if (!c.l) {
		html_text(out, p, n);
		return;
	}
	while (c.p < c.end) {
		if (add_quoted(&c))
			continue;
		if (is_word(*c.p)) {
			add_word(&c);
			continue;
		}
		c.in_word = *c.p == '$' || *c.p == '{';
		add(&c, NULL, 1);
	}
}

bool
html_is_program(const char *name)
{
	return language_of(name);
}
