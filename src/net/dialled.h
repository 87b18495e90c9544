/* net/dialled.h -- a connection that we made: its record, and whose it is.
 *
 * It is read and written as an accepted one (net/conn.h). It belongs to a task, and is closed with
 * it; or to nobody for a while, when whoever holds it (a pool) must close it. Knows nothing of how
 * it came about (net/dial.c). Used by net/dial.c and http/. */
#ifndef NET_DIALLED_H
#define NET_DIALLED_H

#include "core/core.h"
#include "net/addr.h"

/* Makes a connection of fd, which is connected and the connection's from now on.
 *   socktype  SOCK_STREAM; SOCK_DGRAM: a write is a datagram, a read gives bytes of one.
 *   returns   0 and *ret, t's; -ENOMEM: fd is closed. */
struct dialled_ends {
    int socktype;
    const struct addr *local, *peer; /* copied */
};
int dialled_new(stoa_task *t, int fd, const struct dialled_ends *ends, stoa_conn **ret);

/* Makes c, which is dialled, t's; NULL = nobody's. What watched it does not any more. */
void dialled_give(stoa_conn *c, stoa_task *t);

/* c is nobody's: fn(c) is called on the core's own stack when bytes come from the peer, or its end,
 * or had come before. Only then; c is still to be closed or given by its holder.
 *   returns  0; < 0: nothing can be received any more, fn is not called. */
int dialled_watch(stoa_conn *c, void (*fn)(stoa_conn *c));

/* As stoa_close, but at once: nothing that was written can be lost, since the peer has answered it. */
void dialled_close_now(stoa_conn *c);

/* The same with a reset: what was written and not taken is dropped, not kept in the kernel for a peer
 * that reads no more. */
void dialled_reset(stoa_conn *c);

const struct addr *dialled_local(const stoa_conn *c);
const struct addr *dialled_peer(const stoa_conn *c);

#endif
