/* Looks of output as rules of CSS, of which each can be read. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "export/html_impl.h"

enum { LOOKS_MAX = 4096, SLOTS = 4 * LOOKS_MAX };

/* -------- classes -------- */

/* What needs a rule of its own: the colours. */
struct look {
	uint32_t fg, bg;
	unsigned attrs; /* HTML_DIM, HTML_INVERSE */
};

struct html_styles {
	struct look v[LOOKS_MAX];
	size_t n;
	uint16_t slots[SLOTS]; /* index + 1 */
};

struct html_styles *
html_styles_new(void)
{
	return xcalloc(1, sizeof(struct html_styles));
}

void
html_styles_free(struct html_styles *s)
{
	free(s);
}

static bool
is_same(const struct look *a, const struct look *b)
{
	return a->fg == b->fg && a->bg == b->bg && a->attrs == b->attrs;
}

/* The number of its class, from 1; 0: there are too many. */
static unsigned
class_of(struct html_styles *s, const struct look *l)
{
	uint32_t hash = (l->fg * 31 + l->bg) * 2654435761u + l->attrs;
	uint32_t slot = (hash ^ hash >> 15) % SLOTS;

	for (; s->slots[slot]; slot = (slot + 1) % SLOTS)
		if (is_same(&s->v[s->slots[slot] - 1], l))
			return s->slots[slot];
	if (s->n == LOOKS_MAX)
		return 0;
	s->v[s->n++] = *l;
	s->slots[slot] = (uint16_t)s->n;
	return (unsigned)s->n;
}

bool
html_span(struct strbuf *out, struct html_styles *s, const struct html_look *l)
{
	static const struct {
		unsigned attr;
		const char *class;
	} plain[] = {{HTML_BOLD, "b"}, {HTML_ITALIC, "i"},
	    {HTML_UNDERLINE, "u"}, {HTML_STRIKE, "s"},
	    {HTML_UNDERLINE | HTML_STRIKE, "us"}};
	const struct look look = {
	    l->fg, l->bg, l->attrs & (HTML_DIM | HTML_INVERSE)};
	size_t start = out->len;
	unsigned class;

	if (!l->fg && !l->bg && !l->attrs)
		return false;
	strbuf_adds(out, "<span class=\"");
	start = out->len;
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		if ((l->attrs & plain[i].attr) == plain[i].attr)
			strbuf_addf(out, "%s%s", out->len > start ? " " : "",
			    plain[i].class);
	class = look.fg || look.bg || look.attrs ? class_of(s, &look) : 0;
	if (class)
		strbuf_addf(out, "%sc%u", out->len > start ? " " : "", class);
	strbuf_adds(out, "\">");
	return true;
}

/* -------- colours -------- */

/* The background and the text of output, and the sixteen colours, as far from
   the background as text must be.  html_css has the first two as well. */
struct theme {
	uint32_t bg, fg, base[16];
};

static const struct theme light = {0xf6f7f9, 0x1c2128,
    {0x1c2128, 0xb3261e, 0x17692f, 0x7a5200, 0x0b52b5, 0x8a2a9c, 0x0e6470,
	0x555c66, 0x5f6670, 0xc0261d, 0x1a7234, 0x855a00, 0x1660cf, 0x9a35ae,
	0x12707d, 0x3b424c}};
static const struct theme dark = {0x161b22, 0xe6e9ee,
    {0x949ca8, 0xff8b80, 0x6fd08c, 0xe3b341, 0x82b1ff, 0xdda0f0, 0x5ccfe0,
	0xd0d5dc, 0x9aa3af, 0xffa198, 0x8be3a4, 0xf2cc60, 0xa5c8ff, 0xe9bcf7,
	0x86e1ee, 0xffffff}};

/* What terminals mean by the first sixteen, where a background is set too. */
static const uint32_t usual[16] = {0x000000, 0xcd3131, 0x0d8a3e, 0xc8a000,
    0x2563d9, 0xb12fb1, 0x11849b, 0xd9d9d9, 0x6b6b6b, 0xf14c4c, 0x23d18b,
    0xf5f543, 0x6ea8ff, 0xd670d6, 0x29b8db, 0xffffff};

/* The cube of 6 by 6 by 6 and the greys, as xterm has them. */
static uint32_t
indexed(unsigned i)
{
	static const unsigned char step[6] = {0, 95, 135, 175, 215, 255};
	unsigned grey = 8 + (i - 232) * 10;

	if (i >= 232)
		return grey << 16 | grey << 8 | grey;
	i -= 16;
	return (uint32_t)step[i / 36] << 16 | (uint32_t)step[i / 6 % 6] << 8 |
	       step[i % 6];
}

static uint32_t
value_of(uint32_t color, const uint32_t base[16])
{
	unsigned i = color & 255;

	if (color & HTML_RGB)
		return color & 0xffffff;
	return i < 16 ? base[i] : indexed(i);
}

static double
linear(unsigned channel)
{
	double c = (channel & 255) / 255.0;

	return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

/* Relative luminance, and the ratio of two, as WCAG 2.2 defines them. */
static double
luminance(uint32_t c)
{
	return 0.2126 * linear(c >> 16) + 0.7152 * linear(c >> 8) +
	       0.0722 * linear(c);
}

static double
contrast(uint32_t a, uint32_t b)
{
	double x = luminance(a), y = luminance(b);

	return (fmax(x, y) + 0.05) / (fmin(x, y) + 0.05);
}

/* part of 16 of b in a */
static uint32_t
mixed(uint32_t a, uint32_t b, unsigned part)
{
	uint32_t out = 0;

	for (unsigned shift = 0; shift < 24; shift += 8) {
		unsigned x = a >> shift & 255, y = b >> shift & 255;

		out |= ((x * (16 - part) + y * part) / 16) << shift;
	}
	return out;
}

/* The colour next to fg that can be read on bg. */
static uint32_t
legible(uint32_t fg, uint32_t bg)
{
	static const double least = 4.5;
	uint32_t end = contrast(0xffffff, bg) > contrast(0, bg) ? 0xffffff : 0,
		 c = fg;

	for (unsigned part = 1; part <= 16 && contrast(c, bg) < least; part++)
		c = mixed(fg, end, part);
	return c;
}

static void
add_rule(struct strbuf *css, size_t number, const struct look *l,
    const struct theme *t)
{
	const uint32_t *base = l->bg ? usual : t->base;
	uint32_t bg = l->bg ? value_of(l->bg, base) : t->bg, fg, swap;

	if (l->fg)
		fg = value_of(l->fg, base);
	else
		fg = l->bg ? legible(bg, bg) : t->fg;
	if (l->attrs & HTML_INVERSE) {
		swap = fg;
		fg = bg;
		bg = swap;
	}
	if (l->attrs & HTML_DIM)
		fg = mixed(fg, bg, 5);
	strbuf_addf(css, ".c%zu{color:#%06x", number, legible(fg, bg));
	if (bg != t->bg)
		strbuf_addf(css, ";background:#%06x", bg);
	strbuf_adds(css, "}\n");
}

static void
add_rules(
    struct strbuf *css, const struct html_styles *s, const struct theme *t)
{
	for (size_t i = 0; i < s->n; i++)
		add_rule(css, i + 1, &s->v[i], t);
}

void
html_styles_add(struct strbuf *css, const struct html_styles *s)
{
	if (!s->n)
		return;
	add_rules(css, s, &light);
	strbuf_adds(css, "@media screen and (prefers-color-scheme:dark){\n");
	add_rules(css, s, &dark);
	strbuf_adds(css, "}\n");
}
