#include "shell/layout.h"

#include <string.h>
#include <wchar.h>

#include "base/encode.h"

enum { TAB_STOP = 8 };

/* Columns that a character takes; a control character is shown as ^X. */
static size_t
width_of(unsigned cp)
{
	int w = wcwidth(cp);

	if (cp < ' ' || cp == 0x7f)
		return 2;
	return w > 0 ? w : 0;
}

/* The cell behind a character whose cell is at. */
static size_t
step(size_t at, unsigned cp, size_t columns)
{
	size_t column = at % columns, w = width_of(cp);

	if (cp == '\n')
		return at - column + columns;
	if (cp == '\t')
		return at + TAB_STOP - column % TAB_STOP;
	/* A wide character is not split between two rows. */
	if (column + w > columns && cp >= ' ')
		at += columns - column;
	return at + w;
}

static size_t
walk(size_t at, const char *s, size_t n, size_t columns)
{
	while (n) {
		unsigned cp = 0;
		int len = utf8_next(s, n, &cp);

		len = len > 0 ? len : 1;
		at = step(at, cp, columns);
		s += len;
		n -= len;
	}
	return at;
}

size_t
layout_cells(const char *prompt, const char *text, size_t n, size_t columns)
{
	size_t at = 0;

	while (*prompt) {
		size_t shown = strcspn(prompt, "\001");

		at = walk(at, prompt, shown, columns);
		prompt += shown;
		if (*prompt)
			prompt += 1 + strcspn(prompt + 1, "\001");
		prompt += *prompt == '\001';
	}
	return walk(at, text, n, columns);
}
