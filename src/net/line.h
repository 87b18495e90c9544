/* net/line.h -- connections in the order in which their time runs out, and one timer for the first.
 *
 * All spans in a line are equal, so a connection joins at the end and leaves from anywhere, and
 * neither touches the heap of timers: thousands of idle connections cost one timer. */
#ifndef NET_LINE_H
#define NET_LINE_H

#include "core/core.h"

struct line {
    struct list conns; /* by their `until`, the soonest first */
    struct timer timer;
    stoa_time due; /* what the timer is set for; it is never later than the first one's time */
    struct sched *sched;
    void (*expired)(stoa_conn *c); /* c has left the line */
};

/* returns 0, -ENOMEM. */
int line_open(struct line *l, struct sched *sched, void (*expired)(stoa_conn *c));

/* Also for one that was never opened (zeroed). */
void line_close(struct line *l);

/* Adds c, which is in no list. until: not before that of those who are in it. */
void line_join(struct line *l, stoa_conn *c, stoa_time until);

#endif
