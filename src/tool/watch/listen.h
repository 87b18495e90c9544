/* tool/watch/listen.h -- the sockets that listen, from the kernel's table of them, put together by
 * address: queues, limits, drops. Knows no process and no connection. */
#ifndef TOOL_WATCH_LISTEN_H
#define TOOL_WATCH_LISTEN_H

#include "base/buf.h"
#include "tool/watch/picture.h"

/* One socket. */
struct watch_socket {
    struct diag_socket of;
    struct addr addr;
    int listener; /* index */
};

struct watch_listen {
    struct diag *diag;
    struct buf sockets;   /* struct watch_socket, by address and then inode */
    struct buf listeners; /* struct watch_listener, by address (watch_addr_compare) */
    struct buf before;    /* the listeners of the look before */
    struct buf drops;     /* what each socket had dropped by then, by its cookie */
    stoa_time at;         /* of the last look; 0 = there was none */
};

void watch_listen_init(struct watch_listen *l, struct diag *diag, const struct stoa_mem *mem);
void watch_listen_done(struct watch_listen *l);

/* Looks again. What was known of an address beyond its sockets (who, conns) is kept.
 *   returns  0; -ENOMEM; < 0 as diag_each: all stays as it was. */
int watch_listen_take(struct watch_listen *l, stoa_time now);

static inline struct watch_socket *watch_listen_sockets(const struct watch_listen *l, int *count)
{
    *count = (int)(l->sockets.n / sizeof(struct watch_socket));
    return (struct watch_socket *)(void *)l->sockets.p;
}

static inline struct watch_listener *watch_listen_all(const struct watch_listen *l, int *count)
{
    *count = (int)(l->listeners.n / sizeof(struct watch_listener));
    return (struct watch_listener *)(void *)l->listeners.p;
}

#endif
