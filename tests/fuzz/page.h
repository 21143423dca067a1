/*
 * What a page of a session must be, whatever is in it: its elements are closed
 * in their order, it has no element and no attribute but those of pages, and a
 * link leads into the page, or where links may.
 */
#ifndef ADDESH_TESTS_PAGE_H
#define ADDESH_TESTS_PAGE_H

#include "base/strbuf.h"

/* Aborts where it is not. */
void check_page(const struct strbuf *page);

#endif
