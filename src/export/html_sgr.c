/* Looks of output as SGR sequences set them. */
#include "export/html_impl.h"

enum { PARAMS_MAX = 48 };

struct params {
	unsigned v[PARAMS_MAX];
	bool sub[PARAMS_MAX]; /* a ':' is in front of it */
	size_t n;
};

/* "ESC [ 1;38:5:9 m" */
static void
read_params(struct params *list, const char *p, size_t n)
{
	bool sub = false;

	list->n = 0;
	for (size_t i = 2; i < n && list->n < PARAMS_MAX; i++) {
		unsigned v = 0;

		for (; p[i] >= '0' && p[i] <= '9'; i++)
			v = v < 1000 ? v * 10 + (unsigned)(p[i] - '0') : v;
		list->v[list->n] = v;
		list->sub[list->n++] = sub;
		sub = p[i] == ':';
	}
}

static uint32_t
rgb(const unsigned *v)
{
	return HTML_RGB | (v[0] & 255) << 16 | (v[1] & 255) << 8 | (v[2] & 255);
}

/*
 * The colour behind the 38, 48 or 58 at *i, which goes to its last parameter:
 * 5;N, 2;R;G;B, or the same with colons, where 2 may be followed by the name of
 * a colour space (ISO 8613-6).  0: it is none.
 */
static uint32_t
read_color(const struct params *list, size_t *i)
{
	const unsigned *v = list->v + *i + 1;
	size_t left = list->n - *i - 1, n = 0;

	while (n < left && v - list->v + n < list->n && list->sub[*i + 1 + n])
		n++;
	if (!n) {
		if (left >= 2 && v[0] == 5) {
			*i += 2;
			return HTML_INDEXED | (v[1] & 255);
		}
		if (left < 4 || v[0] != 2)
			return 0;
		*i += 4;
		return rgb(v + 1);
	}
	*i += n;
	if (v[0] == 5 && n >= 2)
		return HTML_INDEXED | (v[1] & 255);
	return v[0] == 2 && n >= 4 ? rgb(v + (n > 4 ? 2 : 1)) : 0;
}

/* What a parameter switches on or, with 20 more, off. */
static void
read_attr(struct html_look *l, unsigned v)
{
	static const unsigned attrs[10] = {[1] = HTML_BOLD,
	    HTML_DIM,
	    HTML_ITALIC,
	    HTML_UNDERLINE,
	    [7] = HTML_INVERSE,
	    [9] = HTML_STRIKE};

	if (v < 10)
		l->attrs |= attrs[v];
	else if (v == 21) /* or double underline, by the standard */
		l->attrs |= HTML_UNDERLINE;
	else if (v == 22)
		l->attrs &= ~(unsigned)(HTML_BOLD | HTML_DIM);
	else if (v > 22 && v < 30)
		l->attrs &= ~attrs[v - 20];
}

static void
read_param(struct html_look *l, const struct params *list, size_t *i)
{
	unsigned v = list->v[*i];
	uint32_t color;

	if (v == 0) {
		*l = (struct html_look){0};
	} else if (v == 38 || v == 48 || v == 58) {
		color = read_color(list, i);
		if (color && v != 58)
			*(v == 38 ? &l->fg : &l->bg) = color;
	} else if (v == 39) {
		l->fg = 0;
	} else if (v == 49) {
		l->bg = 0;
	} else if (v >= 30 && v < 38) {
		l->fg = HTML_INDEXED | (v - 30);
	} else if (v >= 40 && v < 48) {
		l->bg = HTML_INDEXED | (v - 40);
	} else if (v >= 90 && v < 98) {
		l->fg = HTML_INDEXED | (v - 90 + 8);
	} else if (v >= 100 && v < 108) {
		l->bg = HTML_INDEXED | (v - 100 + 8);
	} else if (v == 4 && *i + 1 < list->n && list->sub[*i + 1] &&
		   !list->v[*i + 1]) {
		l->attrs &= ~(unsigned)HTML_UNDERLINE;
	} else {
		read_attr(l, v);
	}
}

void
html_sgr(struct html_look *l, const char *p, size_t n)
{
	struct params list;

	read_params(&list, p, n);
	for (size_t i = 0; i < list.n; i++)
		if (!list.sub[i])
			read_param(l, &list, &i);
}
