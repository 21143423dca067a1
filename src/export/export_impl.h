/* Between the files of export/. */
#ifndef ADDESH_EXPORT_EXPORT_IMPL_H
#define ADDESH_EXPORT_EXPORT_IMPL_H

#include "export/export.h"
#include "replay/recording.h"

/* Takes t, also where it fails: a step is not recorded.  r is borrowed; NULL:
   there are no steps. */
struct export_session *export_join(
    struct transcript *t, struct recording *r, struct err *err);

/* Fills s->items and s->title; the steps are there. */
void export_make_items(struct export_session *s);

/* Appends "Recorded 2026-01-31 12:00 UTC.", or nothing. */
void export_add_origin(struct strbuf *out, const struct export_session *s);

#endif
