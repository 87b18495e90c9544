/* tool/watch/walk.h -- the walk through all connections: how those of each listener fare, and the ones
 * of the target that matter most. Paced by what it costs. */
#ifndef TOOL_WATCH_WALK_H
#define TOOL_WATCH_WALK_H

#include "base/buf.h"
#include "tool/watch/order.h"

struct watch_walk {
    const struct io_sys *sys;
    struct diag *diag;
    struct buf seen, next; /* struct seen: what was known of single connections, by cookie */
    bool has_rates;        /* they were all seen in the walk before this one */
    uint16_t port;         /* of the last walk */
    struct buf conns;      /* struct watch_conn: the best so far, at most twice WATCH_CONNS_MAX */
    uint64_t counted;      /* connections of the target */
    int own_pid;           /* of the last walk's plan */
    struct buf own;        /* its sockets, see holder_sockets */
    struct watch_conns own_conns; /* of those among them that no target's listener has */
    enum watch_sort key;          /* which connections matter */
    stoa_time at, took, due;
};

void watch_walk_init(struct watch_walk *w, const struct io_sys *sys, struct diag *diag,
                     const struct stoa_mem *mem);
void watch_walk_done(struct watch_walk *w);

struct watch_walk_plan {
    struct watch_listener *list; /* all that there are, sorted; their conns are filled in */
    int count;
    const bool *is_target; /* of each; NULL: no connection is kept */
    uint16_t port;         /* only those with this local port; 0 = all */
    int own_pid; /* its connections are kept as well, though it may listen no more; 0 = nobody's */
    stoa_time now;
};

/* returns 0; -ENOMEM; < 0 as diag_each. */
int watch_walk_go(struct watch_walk *w, const struct watch_walk_plan *plan);

/* The sum over some listeners. */
void watch_conns_clear(struct watch_conns *c);
void watch_conns_add(struct watch_conns *to, const struct watch_conns *c);

#endif
