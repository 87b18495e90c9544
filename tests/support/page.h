/* support/page.h -- what stands on a page of cells, as text. */
#ifndef SUPPORT_PAGE_H
#define SUPPORT_PAGE_H

#include "tool/cells.h"

enum { PAGE_ROW_BYTES = 1000 };

/* A row in UTF-8, without the spaces at its end; good until the next call. */
const char *page_row(const struct cells *c, int row);

/* Whether each row is the one of rows, which ends with NULL; prints both where not. */
bool page_is(const struct cells *c, const char *const *rows);

/* The first row that has the text; -1 = none. */
int page_find(const struct cells *c, const char *text);

/* The looks of the cells of the first place where ASCII text stands, together; -1 = nowhere. */
int page_look(const struct cells *c, const char *text);

#endif
