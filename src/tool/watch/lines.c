/* tool/watch/lines.c -- see lines.h. */
#include "tool/watch/lines.h"

#include <stdio.h>

static const char *title(const struct watch_lines *t, int column)
{
    return t->titles[column] + (t->titles[column][0] == '>');
}

static void put_row(struct buf *b, const struct watch_lines *t, const int *widths,
                    char cells[WATCH_COLUMNS_MAX][WATCH_CELL_BYTES])
{
    for (int i = 0; i < t->columns; i++) {
        bool is_right = t->titles[i][0] == '>', is_last = i == t->columns - 1;
        int width = is_right ? widths[i] : is_last ? 0 : -widths[i];
        if (cells[i][0] || !is_last)
            buf_fmt(b, "%s%*s", i ? "  " : "", width, cells[i]);
    }
    buf_str(b, STR("\n"));
}

void watch_lines(struct buf *b, const struct watch_lines *t)
{
    char cells[WATCH_COLUMNS_MAX][WATCH_CELL_BYTES];
    int widths[WATCH_COLUMNS_MAX] = { 0 };
    for (int row = -1; row < t->rows; row++) {
        if (row >= 0)
            t->put(t->ctx, row, cells);
        for (int i = 0; i < t->columns; i++) {
            int n = (int)strlen(row < 0 ? title(t, i) : cells[i]);
            widths[i] = n > widths[i] ? n : widths[i];
        }
    }
    for (int i = 0; i < t->columns; i++)
        snprintf(cells[i], sizeof cells[i], "%s", title(t, i));
    put_row(b, t, widths, cells);
    for (int row = 0; row < t->rows; row++) {
        t->put(t->ctx, row, cells);
        put_row(b, t, widths, cells);
    }
}
