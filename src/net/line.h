/* net/line.h -- what waits in the order in which its time runs out, and one timer for the first.
 *
 * All spans in a line are equal, so one joins at the end and leaves from anywhere, and neither touches
 * the heap of timers: thousands of idle connections cost one timer. */
#ifndef NET_LINE_H
#define NET_LINE_H

#include "core/core.h"

/* Part of what waits. */
struct line_place {
    struct list node; /* to leave: list_unlink */
    stoa_time until;
};

struct line {
    struct list places; /* by their `until`, the soonest first */
    struct timer timer;
    stoa_time due; /* what the timer is set for; it is never later than the first one's time */
    struct sched *sched;
    void (*expired)(struct line_place *place); /* it has left the line */
};

/* returns 0, -ENOMEM. */
int line_open(struct line *l, struct sched *sched, void (*expired)(struct line_place *place));

/* Also for one that was never opened (zeroed). */
void line_close(struct line *l);

/* Adds one that is in no list. until: not before that of those who are in it. */
void line_join(struct line *l, struct line_place *place, stoa_time until);

#endif
