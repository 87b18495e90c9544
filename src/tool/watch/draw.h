/* tool/watch/draw.h -- the page of `stoa watch`: a title, the verdicts, then listeners, queues, stages
 * and connections as far as there is room, and the keys. Pure: a picture, and what the user chose, in;
 * cells out.
 *
 * Calm: what is zero is a dim dot, and only what is wrong has a colour. Everything that a colour says a
 * word or a sign says, too. */
#ifndef TOOL_WATCH_DRAW_H
#define TOOL_WATCH_DRAW_H

#include "tool/cells.h"
#include "tool/watch/ui.h"
#include "tool/watch/words.h"

struct watch_page {
    const struct watch_picture *p;
    struct watch_ui *ui; /* top and page are set */
    struct watch_order order;
    const char *problem; /* of the last look, escaped; "" = none */
    stoa_time interval;
};

void watch_draw(struct cells *c, const struct watch_page *page);

/* ---- its parts: each fills `rows` rows from `top` on, at most, and returns how many it took ---- */

struct area {
    int top, rows;
};

int watch_draw_verdicts(struct cells *c, const struct watch_page *page, struct area a);
int watch_draw_listeners(struct cells *c, const struct watch_page *page, struct area a);
int watch_draw_queues(struct cells *c, const struct watch_page *page, struct area a);
int watch_draw_totals(struct cells *c, const struct watch_page *page, struct area a);
int watch_draw_stoa(struct cells *c, const struct watch_page *page, struct area a);
int watch_draw_conns(struct cells *c, const struct watch_page *page, struct area a);
int watch_draw_counters(struct cells *c, const struct watch_page *page, struct area a);
int watch_draw_help(struct cells *c, struct area a);

/* ---- what they share ---- */

enum { WATCH_MARGIN = 1, WATCH_INDENT = 3 }; /* columns: of titles; of what stands below them */

/* From WATCH_INDENT to the right margin. */
struct span watch_line(const struct cells *c, int row);

unsigned watch_level_look(enum watch_level level);

/* "WORD VALUE" one after the other. Those that do not fit are left out. */
struct watch_item {
    const char *word;
    char value[WATCH_WORD_BYTES * 2];
    unsigned look; /* of the value; LOOK_DIM: of nothing */
};

/* returns the rows that they took, at most rows_max. */
int watch_draw_items(struct cells *c, struct span to, int rows_max, const struct watch_item *items,
                     int n);

#endif
