/* net/late.h -- accepting late on purpose (--delay accept=): those who connect wait in the accept queue
 * for a while. Called by port.c. */
#ifndef NET_LATE_H
#define NET_LATE_H

#include "core/core.h"

struct late_accept {
    struct core *core;
    int fd; /* the listener */
    stoa_time span;
    stoa_time due; /* of those who wait now; 0 = nobody does */
    struct timer timer;
    void (*take_all)(struct late_accept *l); /* accepts all that wait */
};

/* Begins to look once a millisecond whether somebody waits; `span` later all who do are taken.
 *   returns  0; -ENOMEM. */
int late_accept_open(struct late_accept *l);

/* Also for one that was never opened (zeroed). */
void late_accept_close(struct late_accept *l);

#endif
