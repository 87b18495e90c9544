/* net/port.h -- a listener's part on one core: it accepts, and keeps the connections that came.
 *
 * Knows when to pause (too many connections, no descriptors, no memory) and how to end; does not
 * know what a connection does (net/life.c) nor how the socket was bound (net/bind.c). Used by
 * net/listener.c. */
#ifndef NET_PORT_H
#define NET_PORT_H

#include "net/line.h"
#include "net/listener.h"

struct port {
    struct listener *listener;
    struct core *core;
    const struct listener_options *opt; /* the listener's */
    int fd;                             /* -1: no more connections can come */
    struct io_op accept;
    bool paused;        /* accepting has stopped, and `resume` is waited for */
    bool draining, cut; /* see service_ops */
    bool ended;         /* nothing of it is under way any more */
    struct job resume;  /* in core->want, or posted */
    struct timer retry; /* resumes when nothing else does; always set, maybe for STOA_NEVER */
    stoa_time say_pause, say_stack; /* see core_may_say */

    size_t conns;          /* records in use */
    struct list running;   /* connections whose task runs, or is about to start */
    struct list held;      /* those accepted over the limit: they wait for their turn */
    struct line silent;    /* parked ones, and raw handlers that wait for their peer */
    struct line lingering; /* those that are closed in order, and wait for the peer's end */
    struct list free;      /* records to be used again */
};

/* Begins to accept. fd: of the listener. returns 0; -ENOMEM: nothing is left to be closed. */
int port_open(struct port *p, struct listener *l, struct core *core, int fd);

void port_drain(struct port *p);
void port_cut(struct port *p);

/* Frees what the ended port kept. */
void port_done(struct port *p, const struct stoa_mem *mem);

/* Accepting pauses, because of err (-EMFILE ...; 0 = as many connections as are allowed), until a
 * connection has gone, or after a moment. Harmless when it pauses already. */
void port_pause(struct port *p, int err);

/* A connection's record is free. */
void port_conn_gone(struct port *p);

#endif
