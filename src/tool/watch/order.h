/* tool/watch/order.h -- in which order listeners and connections are shown, and which of them: sort keys
 * and the filter. Pure. */
#ifndef TOOL_WATCH_ORDER_H
#define TOOL_WATCH_ORDER_H

#include "base/buf.h"
#include "tool/watch/picture.h"

/* Each sorts the largest, worst or longest first; addresses and names upwards. */
enum watch_sort {
    WATCH_BY_TROUBLE, /* drops, then how full the queue is, ...; where all are alike, by address */
    WATCH_BY_ADDRESS,
    WATCH_BY_PROCESS, /* connections: by peer */
    WATCH_BY_QUEUE,   /* how full; connections: those in the accept queue first */
    WATCH_BY_SYN,
    WATCH_BY_DROPS,
    WATCH_BY_ESTABLISHED,
    WATCH_BY_CLOSE_WAIT,
    WATCH_BY_TIME_WAIT,
    WATCH_BY_RETRANSMITS,
    WATCH_BY_UNREAD,
    WATCH_BY_UNSENT,
    WATCH_BY_AGE, /* the oldest CLOSE_WAIT; connections: the longest without a byte */
    WATCH_SORTS
};

/* "trouble", "address", ...: as --sort has them. Static. */
const char *watch_sort_name(enum watch_sort key);

/* returns whether there is such a key, and *ret. */
bool watch_sort_find(const char *name, enum watch_sort *ret);

/* What is shown of a picture, in which order: indexes. */
struct watch_order {
    const int *listeners, *conns;
    int listeners_n, conns_n;
};

struct watch_choice {
    enum watch_sort listeners, conns;
    const char *filter; /* text that the name, the process, the user or the service contains, a
                           letter's case aside; of a connection: addresses and state. "" = all */
};

/* Where the indexes lie: room that is used again for the next picture. */
struct watch_order_room {
    struct buf listeners, conns;
};

void watch_order_init(struct watch_order_room *r, const struct stoa_mem *mem);
void watch_order_done(struct watch_order_room *r);

/* Puts what was chosen of p in order.
 *   returns  true and *ret, borrowed until the next call; false: there is no memory, and ret is empty. */
bool watch_order_make(struct watch_order_room *r, const struct watch_picture *p,
                      const struct watch_choice *choice, struct watch_order *ret);

/* < 0: a is to be shown before b; 0: they are alike; > 0. */
int watch_conn_compare(const struct watch_conn *a, const struct watch_conn *b, enum watch_sort key);

#endif
