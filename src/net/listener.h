/* net/listener.h -- a bound address that connections come to, on every core.
 *
 * TCP: one socket per core with SO_REUSEPORT, so that nothing is shared on the way of a request.
 * Unix sockets and sockets handed over by systemd: one socket, armed on every core. */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include "core/service.h"
#include "net/failure.h"
#include "net/serving.h"

struct listener;

/* Opens one listener on one address, on all cores of rt, and adds it to rt.
 *   a        the port 0 picks a free one, the same on all cores; *a is set to what was bound.
 *   returns  0 and *ret (rt's); < 0 and *failure; nothing is left open. */
int listener_open(struct stoa_rt *rt, struct addr *a, const struct listener_options *opt,
                  struct listener **ret, struct net_failure *failure);

/* Opens a listener on each address that the text means, all on one port. An address that this
 * machine has not (::1 where IPv6 is off) is passed over when there is another.
 *   returns  how many (1..max) and ret[]; < 0 and *failure; nothing is left open. */
int listener_open_all(struct stoa_rt *rt, struct stoa_str text, const struct listener_options *opt,
                      struct listener **ret, int max, struct net_failure *failure);

/* Takes over fd, which is bound and listens (socket activation). On success fd is the listener's. */
int listener_adopt(struct stoa_rt *rt, int fd, const struct listener_options *opt,
                   struct listener **ret, struct net_failure *failure);

/* Takes it back, before stoa_run. */
void listener_close(struct listener *l);

const struct addr *listener_addr(const struct listener *l);

/* The listeners of a runtime, in the order in which they were opened; after NULL comes the first.
 * returns NULL after the last.                                                     [any] */
struct listener *listener_next(struct stoa_rt *rt, struct listener *after);

/* Its entry in the stage table; NULL = it has none.                                [any] */
struct stoa_stage_listener *listener_seen(const struct listener *l);

/* The queues of its sockets, now. */
struct listener_look {
    int sockets;
    uint32_t queue, queue_max;     /* of all together */
    uint32_t fullest, fullest_max; /* of the one that is fullest, by its limit */
    uint32_t backlog_asked;        /* together; where none was given: queue_max */
    uint64_t drops;                /* together, since they are ours */
};

/* While they are being closed there is nothing to be seen.                          [any]
 *   returns  0 and *ret; -ENOENT: one of them is closed; -EOPNOTSUPP: not TCP. */
int listener_look(const struct listener *l, struct listener_look *ret);

/* The number by which sock_diag(7) knows the first of its sockets.                 [any]
 *   returns  0 and *ret; -ENOENT: it is closed, or no Unix socket. */
int listener_inode(const struct listener *l, uint32_t *ret);

#endif
