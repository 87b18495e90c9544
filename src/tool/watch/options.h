/* tool/watch/options.h -- the options of `stoa watch`, read and checked. */
#ifndef TOOL_WATCH_OPTIONS_H
#define TOOL_WATCH_OPTIONS_H

#include "tool/watch/order.h"

struct watch_options {
    struct watch_target target;
    bool once, json;
    stoa_time interval;
    enum watch_sort sort;
    const char *filter; /* "" = all */
};

/* args: NULL-terminated. returns whether to go on; else *exit_code: wrong usage, which has been said,
 * or what was asked for (--help) has been printed. */
bool watch_options_read(struct watch_options *o, char **args, int *exit_code);

/* Reads a TARGET: a pid, :PORT, ADDR:PORT, ADDR.
 *   returns  true and *ret; false and *why, a sentence; borrowed until the next call. */
bool watch_target_read(const char *text, struct watch_target *ret, const char **why);

#endif
