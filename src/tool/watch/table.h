/* tool/watch/table.h -- rows and columns on a page: which columns fit, how wide they are, and their
 * titles. Pure. Knows nothing of what stands in them. */
#ifndef TOOL_WATCH_TABLE_H
#define TOOL_WATCH_TABLE_H

#include "tool/cells.h"

enum { TABLE_COLUMNS_MAX = 12, TABLE_GAP = 2 };

struct table_column {
    const char *title;
    int width; /* at least */
    int most;  /* at most, where there is room; those further left grow first */
    int rank;  /* 0 is never left out; else the largest first */
    bool is_right;
    bool is_sorted;
};

struct table_place { /* of a column */
    int column;      /* on the page */
    int width;       /* 0 = left out */
};

/* Divides a width among columns. */
void table_divide(const struct table_column *columns, int n, struct span to,
                  struct table_place places[TABLE_COLUMNS_MAX]);

/* Puts the titles. */
void table_titles(struct cells *c, int row, const struct table_column *columns, int n,
                  const struct table_place places[TABLE_COLUMNS_MAX]);

/* Puts a text into a column of a row. */
void table_put(struct cells *c, int row, const struct table_column *column,
               const struct table_place *place, struct piece text);

#endif
