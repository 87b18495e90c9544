/* tool/watch/ui.h -- what the user of `stoa watch` has chosen on the screen, and what keys do to it.
 * Pure. */
#ifndef TOOL_WATCH_UI_H
#define TOOL_WATCH_UI_H

#include "tool/watch/order.h"

enum { WATCH_FILTER_BYTES = 64 };

struct watch_ui {
    enum watch_sort sort_listeners, sort_conns;
    char filter[WATCH_FILTER_BYTES]; /* printable ASCII */
    bool is_typing;                  /* the filter */
    bool is_paused;
    bool has_help;
    bool wants_conns; /* rather than a stoa server's stages, where there is not room for both */
    /* Of the table that moves: the listeners where there are several, else the connections. */
    int row;                         /* the selected one, in the order shown */
    char selected[WATCH_NAME_BYTES]; /* the listener in it: it stays selected where it moves to, */
    bool is_chosen;                  /* once the user has chosen one; until then it is the first */
    int top;                         /* the first one shown */
    int page;                        /* how many are shown: set by the drawing */
};

/* What the screen is to do besides drawing anew. */
enum watch_wish {
    WATCH_NO_WISH,
    WATCH_QUIT,
    WATCH_INTO,   /* look at the selected listener alone */
    WATCH_BACK,   /* at what was looked at before */
    WATCH_REDRAW, /* all of it */
    WATCH_SUSPEND
};

/* Whether the listeners are the table that moves. */
bool watch_ui_is_list(const struct watch_picture *p);

/* Brings the selection to where the order, of n listeners or connections, has it now. */
void watch_ui_follow(struct watch_ui *ui, const struct watch_picture *p, const int *order, int n);

/* Takes a key. p, n: as they are shown. */
enum watch_wish watch_ui_key(struct watch_ui *ui, int key, const struct watch_picture *p, int n);

#endif
