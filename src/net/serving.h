/* net/serving.h -- how the connections of a listener are served: what a program says of it, and how
 * what serves one answers. */
#ifndef NET_SERVING_H
#define NET_SERVING_H

#include <limits.h>
#include <stdbool.h>
#include <stoa.h>

/* What serves a connection, in a task of its own.
 *   returns  CONN_CLOSE, CONN_PARK, CONN_GONE; < 0 resets the peer and is logged. */
typedef int conn_service(stoa_conn *c, void *arg);

enum {
    CONN_CLOSE = 0, /* close in order: FIN, then read and drop what still comes, for a bounded time,
                       so that our last bytes are not destroyed by a reset (RFC 9112 section 9.6) */
    CONN_PARK = 1,  /* call me again when bytes come; close after the listener's idle time */
    CONN_GONE = 2,  /* the peer said that it sends no more: close at once when nothing is unread */
    CONN_RESET = INT_MIN, /* reset the peer, as is meant: nothing is logged */
};

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
    bool stamps; /* ask the kernel when bytes came (conn_came): 0.2 us a request. Not where the
                    stage clock is off */
    bool unseen; /* the stage clock passes over it: what asks for the clock's numbers */
    const char *scheme; /* before its address, where it is shown: "http://"; NULL = "tcp://" */

    /* For servers that are slow on purpose (--delay): */
    stoa_time accept_late; /* who connects waits in the accept queue for so long */
    stoa_time read_late;   /* a request's first bytes lie in the receive buffer for so long */

    /* For servers that misbehave on purpose (app/mischief.h): */
    uint64_t accepts;  /* after so many connections on a core the address refuses; 0 = never */
    bool accepts_none; /* listens only: whoever connects waits in the accept queue */
    bool leaves_bytes; /* takes none from the kernel before `serve` reads; with greet */
};

#endif
