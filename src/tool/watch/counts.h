/* tool/watch/counts.h -- the network namespace's counters as `stoa watch` shows them: totals and rates. */
#ifndef TOOL_WATCH_COUNTS_H
#define TOOL_WATCH_COUNTS_H

#include "probe/counters.h"
#include "probe/drops.h"
#include "tool/watch/picture.h"

struct watch_counts {
    struct counter all[WATCH_COUNTERS];
    int64_t grown_before[DROPS_COUNTERS]; /* between the two looks before the last */
    stoa_time at;                         /* of the last look; 0 = there was none */
};

void watch_counts_init(struct watch_counts *c);

/* Reads them into ret. Where they cannot be read, none is known. */
void watch_counts_take(struct watch_counts *c, const struct io_sys *sys, stoa_time now,
                       struct watch_count ret[WATCH_COUNTERS]);

/* By how much those of enum drops_counter grew, over a span that holds that between the last two looks
 * at the listeners, which are made just before. */
void watch_counts_growth(const struct watch_counts *c, int64_t ret[DROPS_COUNTERS]);

#endif
