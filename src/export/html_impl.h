/*
 * What the files of the page share.
 *
 * The page is HTML that is XML, too, so that any parser of XML tells whether it
 * is well-formed.  Text reaches it through html_text() only, in elements and in
 * quoted attributes alike, and the few attributes that are not constants are
 * numbers or links (html_markdown.c).  No element has a style of its own, and
 * nothing is a script, so that the page's policy (html.c) can forbid both.
 */
#ifndef ADDESH_EXPORT_HTML_IMPL_H
#define ADDESH_EXPORT_HTML_IMPL_H

#include "base/strbuf.h"
#include "export/export.h"
#include "project/check_rules.h"

/* Appends text: markup is escaped, and what base/sanitise.h lets no terminal
   see is written out as there.  Newlines and tabs stay. */
void html_text(struct strbuf *out, const char *p, size_t n);
void html_texts(struct strbuf *out, const char *s);
/* "1 step", "2 steps". */
void html_count(struct strbuf *out, size_t n, const char *what);

/* -------- looks of output -------- */

/* A colour: 0 is the default one. */
#define HTML_INDEXED 0x1000000u /* | 0 to 255 */
#define HTML_RGB 0x2000000u     /* | 0xrrggbb */

enum html_attr {
	HTML_BOLD = 1,
	HTML_DIM = 2,
	HTML_ITALIC = 4,
	HTML_UNDERLINE = 8,
	HTML_INVERSE = 16,
	HTML_STRIKE = 32,
};

struct html_look {
	uint32_t fg, bg;
	unsigned attrs;
};

/* Changes the look as the SGR sequence (ECMA-48 8.3.117) of n bytes says. */
void html_sgr(struct html_look *l, const char *p, size_t n);

struct html_styles;

struct html_styles *html_styles_new(void);
void html_styles_free(struct html_styles *s);
/* Opens an element that looks so; for the default look none, and false. */
bool html_span(
    struct strbuf *out, struct html_styles *s, const struct html_look *l);
/* Appends the rules for all looks that were used: each colour as near as can
   be to what the program said while it can be read (WCAG 2.2, 1.4.3), in
   light and in dark. */
void html_styles_add(struct strbuf *css, const struct html_styles *s);

/* The page's own rules. */
extern const char html_css[];

/* -------- the parts of a page -------- */

/* What is known of a step's command. */
struct html_step {
	char *name;        /* of its first command, or NULL */
	char *operand;     /* the first one of that, or NULL */
	size_t head;       /* bytes in front of the heredoc's body */
	size_t body;       /* bytes of that; 0: there is none */
	unsigned session;  /* the number that @N means; 0: it has none */
	uint64_t us, from; /* how long, and since the first one began */
	uint64_t peak;     /* bytes of memory; 0: unknown */
};

struct html_page {
	const struct export_session *s;
	struct html_step *steps; /* s->t->n_steps */
	struct strbuf body;
	struct html_styles *styles;
	struct check_rules *rules; /* what is a comment, a string, a keyword */
	ptrdiff_t title;   /* the item that is the title of the page, or -1 */
	unsigned heading;  /* level of the last one in the page */
	unsigned top;      /* level in the file that is 2 in the page */
	size_t output_max; /* bytes that are shown of a step */
	uint64_t compare_max; /* lines by lines that may still be compared */
	uint64_t us, peak;    /* of all steps */
};

/* The facts of all steps, from their commands and answers. */
void html_steps_read(struct html_page *page);
void html_steps_free(struct html_page *page);

/* Markdown as CommonMark has it, less what could do something: see there. */
void html_markdown(struct html_page *page, const char *p, size_t n);
/* What of a line of Markdown is wanted: all, all but that links lead anywhere,
   or its text alone. */
enum html_inline { HTML_LINKED, HTML_UNLINKED, HTML_PLAIN };
/* Of one line, without a paragraph around it. */
void html_markdown_line(
    struct strbuf *out, const char *p, size_t n, enum html_inline how);
/* The level that a heading has in the page, where none is left out. */
unsigned html_heading_level(struct html_page *page, unsigned level);

/* A step's command, with what it has on its heredoc. */
void html_command(struct html_page *page, size_t index);
/* Appends a program, with the words of its language marked; name: of its
   file. */
void html_code(struct html_page *page, struct strbuf *out, const char *name,
    const char *p, size_t n);
/* Is it the name of a file in a language whose words are known? */
bool html_is_program(const struct html_page *page, const char *name);

/* What a step showed. */
void html_output(struct html_page *page, const struct export_step *s);

/* Did it fail?  A diff that says 1 has found what it looked for. */
bool html_failed(const struct html_page *page, size_t index);
/* How a step ended: "exit 1", "signal KILL", "out of memory". */
void html_status(struct strbuf *out, const struct export_step *s);
/* "0.4 ms", "0.21s", "4m05s"; as HTML. */
void html_duration(struct strbuf *out, uint64_t us);
/* The table of all steps with their times. */
void html_timeline(struct html_page *page);

/*
 * The two runs that stand side by side beneath a step, if there are: those that
 * it compares ("diff @2 @4"), or an earlier one and itself, where it runs that
 * again ("rerun @2") or runs a file of the same name.
 */
bool html_find_pair(const struct html_page *page, size_t index, size_t pair[2]);
/* What differs between these. */
void html_comparison(struct html_page *page, size_t index);

/* -------- long texts -------- */

/* Lines in <pre>, of which the middle ones fold if they are many. */
struct html_fold {
	struct strbuf *out;
	const char *class; /* of each <pre> */
	size_t n, at;      /* lines: all, and those that are written */
	size_t head, tail; /* of them, those that are always shown */
};

void html_fold_begin(struct html_fold *f, struct strbuf *out, const char *class,
    size_t lines, size_t bytes);
/* A line was written, with its newline. */
void html_fold_line(struct html_fold *f);
void html_fold_end(struct html_fold *f);

#endif
