/* net/listener.h -- a bound address that connections come to, on every core.
 *
 * TCP: one socket per core with SO_REUSEPORT, so that nothing is shared on the way of a request.
 * Unix sockets and sockets handed over by systemd: one socket, armed on every core. */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include "core/service.h"
#include "net/addr.h"
#include "net/conn.h"

enum net_stage { NET_RESOLVE, NET_SOCKET, NET_BIND, NET_LISTEN };

/* What a listener does with its connections. */
struct listener_options {
    int backlog;         /* 0 = somaxconn */
    stoa_time idle;      /* how long a parked connection may be silent; STOA_NEVER = for ever */
    conn_service *serve; /* called in a task of its own whenever a connection has bytes (or, at
                            once when `greet` is set) */
    void *arg;
    bool greet;   /* start `serve` at accept, before the peer has sent a byte (raw handlers) */
    bool is_http; /* only for listener_url */
};

/* Why opening failed, for the message. */
struct net_failure {
    enum net_stage stage;
    int err; /* -errno */
    char addr[ADDR_TEXT_BYTES];
    char why[160]; /* more words, or empty */
};

struct listener;

/* Opens one listener on one address, on all cores of rt, and adds it to rt.
 *   a        the port 0 picks a free one, the same on all cores; *a is set to what was bound.
 *   returns  0 and *ret (rt's); < 0 and *failure; nothing is left open. */
int listener_open(struct stoa_rt *rt, struct addr *a, const struct listener_options *opt,
                  struct listener **ret, struct net_failure *failure);

/* Takes over fd, which is bound and listens (socket activation). On success fd is the listener's. */
int listener_adopt(struct stoa_rt *rt, int fd, const struct listener_options *opt,
                   struct listener **ret, struct net_failure *failure);

const struct addr *listener_addr(const struct listener *l);

#endif
