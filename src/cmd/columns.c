/* Lists in three forms; see call_table_new(). */
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "cmd/call.h"
#include "cmd/output.h"

struct call_table {
	struct call *c;
	const struct column *cols;
	size_t ncols, nrows, cap;
	char ***rows; /* ncols cells each, the table's */
	json *list;   /* of the result's data */
};

struct call_table *
call_table_new(struct call *c, const char *key, const struct column *cols,
    size_t ncols)
{
	struct call_table *t = xcalloc(1, sizeof(*t));

	t->c = c;
	t->cols = cols;
	t->ncols = ncols;
	if (c->out->mode == OUTPUT_JSON) {
		t->list = json_array();
		json_put(call_data(c), key, t->list);
	}
	return t;
}

static json *
cells_json(const struct call_table *t, const char *const *cells)
{
	json *j = json_object();

	for (size_t i = 0; i < t->ncols; i++)
		json_put_str(j, t->cols[i].key, cells[i]);
	return j;
}

/* A row is one line, whatever a name or a label of somebody else holds. */
static char *
one_line(const char *cell)
{
	char *copy = xstrdup(cell);

	for (char *s = copy; (s = strpbrk(s, "\t\r\n")); s++)
		*s = ' ';
	return copy;
}

static char *
copy_cell(const struct call_table *t, size_t column, const char *cell)
{
	return t->cols[column].lines && t->c->out->mode != OUTPUT_PLAIN
		   ? xstrdup(cell)
		   : one_line(cell);
}

void
call_table_row(struct call_table *t, const char *const *cells, json *data)
{
	char **row;

	if (t->list) {
		json *item = data ? data : cells_json(t, cells);

		json_push(t->list, item);
		return;
	}
	json_free(data);
	row = xcalloc(t->ncols, sizeof(*row));
	for (size_t i = 0; i < t->ncols; i++)
		row[i] = cells[i] ? copy_cell(t, i, cells[i]) : NULL;
	GROW(t->rows, t->nrows, &t->cap);
	t->rows[t->nrows++] = row;
}

static void
put_plain(struct call_table *t)
{
	for (size_t r = 0; r < t->nrows; r++)
		for (size_t i = 0; i < t->ncols; i++) {
			if (t->rows[r][i])
				strbuf_adds(&t->c->body, t->rows[r][i]);
			strbuf_addc(&t->c->body,
			    i + 1 < t->ncols ? '\t' : '\n');
		}
}

static const char *
cell(const struct call_table *t, size_t r, size_t i)
{
	return t->rows[r][i] ? t->rows[r][i] : "-";
}

/* Drops columns until the rest fits; width 0 marks a dropped one. */
static void
choose_widths(struct call_table *t, int *widths, int columns)
{
	int total = 0, drop;

	for (size_t i = 0; i < t->ncols; i++) {
		widths[i] = text_width(t->cols[i].title);
		for (size_t r = 0; r < t->nrows; r++) {
			int w = text_width(cell(t, r, i));

			widths[i] = w > widths[i] ? w : widths[i];
		}
		total += widths[i] + 2;
	}
	while (total - 2 > columns) {
		drop = -1;
		for (size_t i = 0; i < t->ncols; i++)
			if (widths[i] && t->cols[i].drop &&
			    (drop < 0 || t->cols[i].drop > t->cols[drop].drop))
				drop = i;
		if (drop < 0)
			return;
		total -= widths[drop] + 2;
		widths[drop] = 0;
		t->c->out->fitted = true;
	}
}

static void
put_line(struct call_table *t, const int *widths, size_t r, bool title)
{
	struct strbuf *sb = &t->c->body;

	for (size_t i = 0; i < t->ncols; i++) {
		const char *s = title ? t->cols[i].title : cell(t, r, i);
		int pad = widths[i] - text_width(s);

		if (!widths[i])
			continue;
		if (t->cols[i].right)
			strbuf_addf(sb, "%*s%s  ", pad, "", s);
		else
			strbuf_addf(sb, "%s%*s  ", s, pad, "");
	}
	while (sb->len && sb->buf[sb->len - 1] == ' ')
		strbuf_truncate(sb, sb->len - 1);
	strbuf_addc(sb, '\n');
}

/* What is too long for a person is not for a program that reads it. */
static size_t
shown_rows(const struct call_table *t)
{
	const struct output *o = t->c->out;

	if (!o->row_limit || t->nrows <= o->row_limit ||
	    !output_is_terminal(o))
		return t->nrows;
	return o->row_limit;
}

static void
put_text(struct call_table *t)
{
	autofree int *widths = xcalloc(t->ncols, sizeof(*widths));
	int columns, rows;

	if (!t->nrows)
		return;
	output_size(t->c->out, &columns, &rows);
	if (!output_is_terminal(t->c->out))
		columns = 1 << 20; /* only a screen has a width */
	choose_widths(t, widths, columns);
	put_line(t, widths, 0, true);
	for (size_t r = 0; r < shown_rows(t); r++)
		put_line(t, widths, r, false);
	if (shown_rows(t) < t->nrows) {
		t->c->out->fitted = true;
		call_text(t->c,
		    "(%zu of %zu rows; all of them:  set row_limit 0)\n",
		    shown_rows(t), t->nrows);
	}
}

void
call_table_end(struct call_table *t)
{
	if (t->c->out->mode == OUTPUT_PLAIN)
		put_plain(t);
	else if (!t->list)
		put_text(t);
	for (size_t r = 0; r < t->nrows; r++) {
		for (size_t i = 0; i < t->ncols; i++)
			free(t->rows[r][i]);
		free(t->rows[r]);
	}
	free(t->rows);
	free(t);
}
