/* tool/watch/screen.h -- `stoa watch` on a terminal: looks, draws, listens to keys, until the user has
 * seen enough. */
#ifndef TOOL_WATCH_SCREEN_H
#define TOOL_WATCH_SCREEN_H

#include "tool/watch/look.h"
#include "tool/watch/order.h"

struct watch_screen_options {
    const struct watch_target *target; /* which the look was aimed at */
    stoa_time interval;
    enum watch_sort sort;
    const char *filter; /* "" = all */
};

/* Shows what l sees until q, Ctrl-C, a signal that ends programs, or the terminal's end; the terminal is
 * then as it was before.                                                                    [waits]
 *   returns  0; -ENOTTY: there is no terminal that can show it: print lines; -ENOMEM, -EMFILE. */
int watch_screen_run(struct watch_look *l, const struct watch_screen_options *o);

#endif
