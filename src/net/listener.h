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
    bool greet;  /* raw handlers: start `serve` at accept, before the peer has sent a byte; its
                    result > 0 counts as 0; `idle` bounds each of its waits for the peer, too */
    bool defer;  /* TCP_DEFER_ACCEPT: a connection comes with its first bytes. A fifth less work for
                    one request per connection; but until then it is in no queue that can be seen,
                    and one that never speaks comes a second late. Not with greet */
    bool stamps; /* ask the kernel when bytes came (conn_stamp_ns): 0.2 us a request */
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
const struct listener_options *listener_opt(const struct listener *l);

/* The port of that core needs its socket no more. */
void listener_release(struct listener *l, int core);

#endif
