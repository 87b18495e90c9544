/* tool/watch/lines.h -- a table of text whose columns are as wide as what stands in them. */
#ifndef TOOL_WATCH_LINES_H
#define TOOL_WATCH_LINES_H

#include "base/buf.h"

enum { WATCH_CELL_BYTES = 112, WATCH_COLUMNS_MAX = 10 };

struct watch_lines {
    const char *const *titles; /* of each column; those of numbers, at the right, begin with '>' */
    int columns;
    /* Writes the cells of row i. */
    void (*put)(const void *ctx, int i, char cells[WATCH_COLUMNS_MAX][WATCH_CELL_BYTES]);
    const void *ctx;
    int rows;
};

void watch_lines(struct buf *b, const struct watch_lines *t);

#endif
