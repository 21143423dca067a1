#include "cmd/stats_view.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "cmd/call.h"
#include "cmd/output.h"

#define TITLE 11    /* columns before a graph */
#define TEXT_MIN 38 /* and behind it */
#define MB 1048576.0

enum graph { GRAPH_CPU, GRAPH_MEMORY, GRAPH_PIDS, GRAPH_NETWORK, GRAPHS };

/* ---- values ---- */

static bool
is_percent(enum stat_id id)
{
	return id == STAT_CPU || id == STAT_CPU_OF_LIMIT ||
	       id == STAT_MEMORY_PERCENT;
}

static bool
is_count(enum stat_id id)
{
	return id == STAT_PIDS || id == STAT_PIDS_LIMIT || id == STAT_CPU_LIMIT;
}

void
stats_add_value(struct strbuf *sb, const struct stats *st, enum stat_id id)
{
	const struct stat_value *v = &st->of[id];
	bool mb = id == STAT_MEMORY_MB || id == STAT_RX_MB || id == STAT_TX_MB;

	if (v->why)
		strbuf_adds(sb, "-");
	else if (is_percent(id))
		strbuf_addf(sb, "%.1f%%", v->v);
	else if (is_count(id))
		strbuf_addf(sb, "%g", v->v);
	else
		units_add_size(sb, (uint64_t)(v->v * (mb ? MB : 1)));
}

/* With its reason, where it is not known. */
static void
add_known(struct strbuf *sb, const struct stats *st, enum stat_id id,
    const char *behind)
{
	if (st->of[id].why) {
		strbuf_addf(sb, "%s: %s",
		    st->of[id].absent ? "none" : "unknown", st->of[id].why);
		return;
	}
	stats_add_value(sb, st, id);
	strbuf_adds(sb, behind);
}

static void
add_cpu(struct strbuf *sb, const struct stats *st)
{
	add_known(sb, st, STAT_CPU, " of a core");
	if (st->of[STAT_CPU].why)
		return;
	if (st->of[STAT_CPU_OF_LIMIT].why) {
		strbuf_addf(sb, " (%s)", st->of[STAT_CPU_OF_LIMIT].why);
		return;
	}
	strbuf_adds(sb, ", ");
	stats_add_value(sb, st, STAT_CPU_OF_LIMIT);
	strbuf_addf(sb, " of %g", st->of[STAT_CPU_LIMIT].v);
}

static void
add_memory(struct strbuf *sb, const struct stats *st)
{
	add_known(sb, st, STAT_MEMORY, "");
	if (st->of[STAT_MEMORY].why || st->of[STAT_MEMORY_LIMIT].why)
		return;
	strbuf_adds(sb, ", ");
	stats_add_value(sb, st, STAT_MEMORY_PERCENT);
	strbuf_adds(sb, " of ");
	stats_add_value(sb, st, STAT_MEMORY_LIMIT);
}

static void
add_pids(struct strbuf *sb, const struct stats *st)
{
	add_known(sb, st, STAT_PIDS, "");
	if (st->of[STAT_PIDS].why || st->of[STAT_PIDS_LIMIT].why)
		return;
	strbuf_adds(sb, " of ");
	stats_add_value(sb, st, STAT_PIDS_LIMIT);
}

static void
add_pair(struct strbuf *sb, const struct stats *st, enum stat_id in,
    enum stat_id out, const char *names[2])
{
	if (st->of[in].why) {
		add_known(sb, st, in, "");
		return;
	}
	stats_add_value(sb, st, in);
	strbuf_addf(sb, " %s, ", names[0]);
	stats_add_value(sb, st, out);
	strbuf_addf(sb, " %s", names[1]);
}

static const char *network_words[] = {"received", "sent"};
static const char *block_words[] = {"read", "written"};

static void
show_plain(struct call *c, const struct stats *st)
{
	for (enum stat_id id = 0; id < STAT_COUNT; id++) {
		autofree char *text = xasprintf("%.15g", st->of[id].v);

		call_fact(c, stats_name(id), stats_name(id),
		    st->of[id].why ? NULL : text);
	}
}

void
stats_show(struct call *c, const struct stats *st)
{
	struct strbuf cells[6];

	if (c->out->mode == OUTPUT_PLAIN) {
		show_plain(c, st);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(cells); i++)
		strbuf_init(&cells[i]);
	add_cpu(&cells[0], st);
	add_memory(&cells[1], st);
	add_known(&cells[2], st, STAT_MEMORY_PEAK, "");
	add_pids(&cells[3], st);
	add_pair(&cells[4], st, STAT_RX_MB, STAT_TX_MB, network_words);
	add_pair(
	    &cells[5], st, STAT_BLOCK_READ, STAT_BLOCK_WRITE, block_words);
	call_fact(c, "cpu", "CPU", cells[0].buf);
	call_fact(c, "memory", "memory", cells[1].buf);
	call_fact(c, "peak", "its peak", cells[2].buf);
	call_fact(c, "pids", "processes", cells[3].buf);
	call_fact(c, "network", "network", cells[4].buf);
	call_fact(c, "disk", "disk", cells[5].buf);
	for (size_t i = 0; i < ARRAY_SIZE(cells); i++)
		strbuf_release(&cells[i]);
}

/* ---- a line for each reading ---- */

static void
put_line(struct stats_view *v, const struct stats *st)
{
	static const enum stat_id shown[] = {STAT_CPU, STAT_CPU_OF_LIMIT,
	    STAT_MEMORY, STAT_MEMORY_PERCENT, STAT_PIDS, STAT_RX_MB,
	    STAT_TX_MB, STAT_BLOCK_READ, STAT_BLOCK_WRITE};
	static const char titles[] = "    CPU   LIMIT  MEMORY       %  PIDS  "
				     "RECEIVED      SENT      READ   WRITTEN\n";
	static const int widths[] = {7, 7, 7, 7, 5, 9, 9, 9, 9};
	autobuf struct strbuf line = STRBUF_INIT;

	if (!v->titled)
		strbuf_adds(&line, titles);
	v->titled = true;
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		autobuf struct strbuf cell = STRBUF_INIT;

		stats_add_value(&cell, st, shown[i]);
		strbuf_addf(&line, "%*s%s", widths[i], cell.buf,
		    i + 1 < ARRAY_SIZE(shown) ? " " : "\n");
	}
	output_body(v->c->out, line.buf, line.len);
}

static void
put_plain(struct stats_view *v, const struct stats *st)
{
	autobuf struct strbuf line = STRBUF_INIT;

	for (enum stat_id id = 0; id < STAT_COUNT; id++) {
		if (!st->of[id].why)
			strbuf_addf(&line, "%.15g", st->of[id].v);
		strbuf_addc(&line, id + 1 < STAT_COUNT ? '\t' : '\n');
	}
	output_body(v->c->out, line.buf, line.len);
}

/* ---- graphs ---- */

/* What a graph is full at: its limit, else the most that it shows. */
static double
top_of(const struct stats_view *v, enum graph g, size_t from)
{
	const struct stat_value *of = v->last.of;
	double top = 0;

	if (g == GRAPH_CPU && !of[STAT_CPU_LIMIT].why)
		return of[STAT_CPU_LIMIT].v * 100;
	if (g == GRAPH_MEMORY && !of[STAT_MEMORY_LIMIT].why)
		return of[STAT_MEMORY_LIMIT].v;
	if (g == GRAPH_PIDS && !of[STAT_PIDS_LIMIT].why)
		return of[STAT_PIDS_LIMIT].v;
	for (size_t i = from; i < v->n; i++)
		if (v->history[g][i] > top)
			top = v->history[g][i];
	return top;
}

static int
eighth(double x, double top)
{
	if (top <= 0)
		return 0;
	return x < top ? (int)(x / top * 8) : 7;
}

/* Eighths of a block: U+2581 to U+2588. */
static void
add_graph(struct strbuf *sb, const struct stats_view *v, enum graph g,
    size_t width)
{
	size_t from = v->n > width ? v->n - width : 0;
	double top = top_of(v, g, from);

	strbuf_addf(sb, "%*s", (int)(width - (v->n - from)), "");
	for (size_t i = from; i < v->n; i++) {
		double x = v->history[g][i];

		if (x < 0)
			strbuf_addc(sb, ' ');
		else
			strbuf_addf(sb, "\342\226%c", 0x81 + eighth(x, top));
	}
}

static void
add_network(struct strbuf *sb, const struct stats_view *v)
{
	if (v->last.of[STAT_RX_MB].why) {
		strbuf_adds(sb, v->last.of[STAT_RX_MB].why);
		return;
	}
	if (v->rate >= 0) {
		units_add_size(sb, (uint64_t)v->rate);
		strbuf_adds(sb, "/s, ");
	}
	add_pair(sb, &v->last, STAT_RX_MB, STAT_TX_MB, network_words);
}

static void
add_text(struct strbuf *sb, const struct stats_view *v, enum graph g)
{
	if (g == GRAPH_CPU && v->n == 1 && v->last.of[STAT_CPU].why)
		strbuf_adds(sb, "measured from now on");
	else if (g == GRAPH_CPU)
		add_cpu(sb, &v->last);
	else if (g == GRAPH_MEMORY)
		add_memory(sb, &v->last);
	else if (g == GRAPH_PIDS)
		add_pids(sb, &v->last);
	else
		add_network(sb, v);
}

/* In fewer columns than there are, with as much of the text as fits. */
static void
add_frame(struct strbuf *sb, const struct stats_view *v)
{
	static const char *const titles[] = {
	    "CPU", "memory", "processes", "network"};
	int columns, rows;
	size_t width;

	output_size(v->c->out, &columns, &rows);
	width = columns > TITLE + TEXT_MIN + 10
		    ? (size_t)(columns - TITLE - TEXT_MIN - 3)
		    : 8;
	for (enum graph g = 0; g < GRAPHS; g++) {
		autobuf struct strbuf text = STRBUF_INIT;
		int room = columns - TITLE - (int)width - 3;

		add_text(&text, v, g);
		strbuf_addf(sb, "%-*s", TITLE, titles[g]);
		add_graph(sb, v, g, width);
		strbuf_addf(sb, "  %.*s\n", room > 0 ? room : 0, text.buf);
	}
}

static double
rate_since(const struct stats *a, const struct stats *b)
{
	double moved = 0;

	for (enum stat_id id = STAT_RX_MB; id <= STAT_TX_MB; id++) {
		if (a->of[id].why || b->of[id].why)
			return -1;
		moved += b->of[id].v - a->of[id].v;
	}
	return b->interval_ms > 0 && moved >= 0
		   ? moved * MB * 1000 / (double)b->interval_ms
		   : -1;
}

static void
remember(struct stats_view *v, enum graph g, double x, bool unknown)
{
	v->history[g][v->n] = unknown ? -1 : (float)x;
}

static void
add_history(struct stats_view *v, const struct stats *st)
{
	const struct stat_value *of = st->of;

	if (v->n == STATS_HISTORY) {
		for (enum graph g = 0; g < GRAPHS; g++)
			memmove(v->history[g], v->history[g] + 1,
			    (STATS_HISTORY - 1) * sizeof(v->history[g][0]));
		v->n--;
	}
	remember(v, GRAPH_CPU, of[STAT_CPU].v, of[STAT_CPU].why);
	remember(v, GRAPH_MEMORY, of[STAT_MEMORY].v, of[STAT_MEMORY].why);
	remember(v, GRAPH_PIDS, of[STAT_PIDS].v, of[STAT_PIDS].why);
	remember(v, GRAPH_NETWORK, v->rate, v->rate < 0);
	v->n++;
}

/* ---- the view ---- */

void
stats_view_open(struct stats_view *v, struct call *c)
{
	const struct output *o = c->out;

	*v = (struct stats_view){.c = c, .rate = -1};
	v->live = o->mode == OUTPUT_TEXT && output_is_terminal(o) &&
		  o->terminal[STDERR_FILENO] && !o->accessible && !o->mute &&
		  output_is_smart();
}

void
stats_view_draw(struct stats_view *v)
{
	autobuf struct strbuf frame = STRBUF_INIT;

	if (!v->live || !v->n)
		return;
	add_frame(&frame, v);
	output_draw(v->c->out, frame.buf);
}

void
stats_view_add(struct stats_view *v, const struct stats *st)
{
	if (!v->live) {
		if (v->c->out->mode == OUTPUT_PLAIN)
			put_plain(v, st);
		else if (v->c->out->mode == OUTPUT_TEXT)
			put_line(v, st);
		return;
	}
	v->rate = v->n ? rate_since(&v->last, st) : -1;
	v->last = *st;
	add_history(v, st);
	stats_view_draw(v);
}

void
stats_view_close(struct stats_view *v)
{
	autobuf struct strbuf frame = STRBUF_INIT;

	if (!v->live || !v->n)
		return;
	add_frame(&frame, v);
	output_body(v->c->out, frame.buf, frame.len);
}
