/*
 * Readings of `stats` as they come: graphs that are drawn in place on a
 * terminal, else a line for each.
 */
#ifndef ADDESH_CMD_STATS_VIEW_H
#define ADDESH_CMD_STATS_VIEW_H

#include "session/stats.h"

struct call;

#define STATS_HISTORY 400 /* columns, of the widest terminal */

struct stats_view {
	struct call *c;
	bool live; /* graphs */
	bool titled;
	struct stats last;
	double rate; /* bytes per second to and from the network; -1: unknown */
	float history[4][STATS_HISTORY]; /* -1: not known then */
	size_t n;
};

void stats_view_open(struct stats_view *v, struct call *c);
void stats_view_add(struct stats_view *v, const struct stats *st);
/* Again, for a terminal of another size. */
void stats_view_draw(struct stats_view *v);
/* What was drawn last stays. */
void stats_view_close(struct stats_view *v);

/* What people read of one value: "50.1%", "52 MB"; "-": it is not known. */
void stats_add_value(struct strbuf *sb, const struct stats *st,
    enum stat_id id);
/* All of them in lines. */
void stats_show(struct call *c, const struct stats *st);

#endif
