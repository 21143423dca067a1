/* What the files of the display share. */
#ifndef ADDESH_REPLAY_SHOW_IMPL_H
#define ADDESH_REPLAY_SHOW_IMPL_H

#include "base/sanitise.h"
#include "replay/show.h"

/* Do the two differ in blanks and tabs alone? */
bool show_differs_in_blanks(const char *s, size_t n, const char *t, size_t m);

/* How a changed line differs, "in one word: 3 -> 4", if that is easily said;
   false: it is not. */
bool show_how_changed(struct strbuf *sb, const struct show *s,
    const struct expect_line *e, const struct actual_line *a);

#endif
