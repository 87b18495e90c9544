/* net/open.h -- a service on each address that a text means. Used by listen.c. */
#ifndef NET_OPEN_H
#define NET_OPEN_H

#include "core/service.h"
#include "net/failure.h"

struct opener {
    int socktype; /* SOCK_STREAM, SOCK_DGRAM */
    int max;      /* addresses */
    /* Opens one on *a, sets *a to what was bound, adds exactly one service to rt. index: 0 for the
     * first that is opened, and so on. returns 0; < 0 and *failure. */
    int (*open)(void *ctx, struct stoa_rt *rt, struct addr *a, int index,
                struct net_failure *failure);
    void *ctx;
};

/* returns how many were opened; < 0 and *failure: none. */
int open_all(struct stoa_rt *rt, struct stoa_str text, const struct opener *o,
             struct net_failure *failure);

#endif
