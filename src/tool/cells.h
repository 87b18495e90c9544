/* tool/cells.h -- a page of text as a grid of cells, each one column wide, and the bytes that make a
 * terminal show it. Pure: knows no terminal; terminal.h does.
 *
 * A cell holds printable ASCII or one of the few signs of the table in cells.c, each of which has a
 * letter for terminals without UTF-8. All else becomes '?': whatever text is put, no control character
 * and no sign of another width reaches the terminal. */
#ifndef TOOL_CELLS_H
#define TOOL_CELLS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* How a cell looks: of the terminal's own palette, so that it fits the user's background. */
enum look {
    LOOK_PLAIN = 0,
    LOOK_BOLD = 1,
    LOOK_DIM = 2,
    LOOK_REVERSE = 4,
    LOOK_RED = 8, /* of the colours at most one */
    LOOK_YELLOW = 16,
    LOOK_GREEN = 32,
    LOOK_COLORS = LOOK_RED | LOOK_YELLOW | LOOK_GREEN,
};

struct cell {
    uint32_t rune; /* 0 = nothing is known of it */
    uint32_t look; /* enum look */
};

struct cells { /* zeroed = empty */
    struct cell *at;
    int rows, columns;
};

/* What the terminal can do. */
struct cells_style {
    bool has_utf8, has_color;
};

/* Columns of one row; what lies outside of the page is left out. */
struct span {
    int row, column, width;
};

/* returns 0; -ENOMEM, and c is as it was. Its cells are cleared as by cells_clear. */
int cells_resize(struct cells *c, int rows, int columns);
void cells_done(struct cells *c);

/* All cells are plain spaces. */
void cells_clear(struct cells *c);

/* Nothing is known of what the terminal shows: the next cells_update writes every cell. */
void cells_forget(struct cells *c);

/* Puts UTF-8 text at the left of `to`, cut with an ellipsis where it is longer. returns the columns
 * that it took. */
int cells_put(struct cells *c, struct span to, unsigned look, const char *text);

/* The same, at the right. */
int cells_put_right(struct cells *c, struct span to, unsigned look, const char *text);

/* Text of which parts look different. */
struct piece {
    const char *text;
    unsigned look;
};

/* Puts pieces one after the other, in lines as wide as `to`, broken between words; what does not fit
 * into rows_max of them is cut with an ellipsis. returns the rows that it took. */
int cells_flow(struct cells *c, struct span to, int rows_max, const struct piece *pieces, int n);

/* A bar that is full to a share of 0 to 1 of its width: heavy, by half columns; the rest is light. What
 * is more than nothing is seen. */
void cells_bar(struct cells *c, struct span to, unsigned look, double share);

/* Fills with one sign of the table, in UTF-8. */
void cells_fill(struct cells *c, struct span to, unsigned look, const char *sign);

/* The columns that text takes. */
int cells_width(const char *text);

/* Writes what turns a terminal that shows `shown` into one that shows `next`, and makes shown equal to
 * it. Both have one size. Expects, and leaves, the plain look. */
void cells_update(struct cells *shown, const struct cells *next, const struct cells_style *style,
                  FILE *to);

#endif
