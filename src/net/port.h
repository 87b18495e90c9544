/* net/port.h -- a listener's part on one core: it accepts, and keeps the connections that came.
 *
 * Knows when to pause (too many connections, no descriptors, no memory) and how to end; does not
 * know what a connection does (net/life.c) nor how the socket was bound (net/bind.c). Used by
 * net/listener.c. */
#ifndef NET_PORT_H
#define NET_PORT_H

#include "net/late.h"
#include "net/line.h"
#include "net/serving.h"

struct addr;
struct stoa_stage_listener;
struct port;

/* What a port asks of its connections (life.c); it knows them by their places only. */
struct port_conns {
    void (*take)(struct port *p, int fd);       /* one has come: fd is its own now */
    void (*begin)(struct line_place *place);    /* a held one's turn has come */
    void (*drain)(struct line_place *place);    /* parked ones leave */
    void (*cut)(struct line_place *place);      /* ends what runs, closes what does not */
    void (*expire_silent)(struct line_place *); /* its time in `silent` is over */
    void (*expire_lingering)(struct line_place *);
    void (*look)(struct line_place *); /* whether bytes have come that are to be read late */
    void (*read)(struct line_place *); /* it is late enough */
    void (*release)(const struct stoa_mem *mem, struct line_place *place); /* a free record */
};

struct port_options {
    const struct listener_options *serving;
    const struct addr *addr; /* of the listener */
    const struct port_conns *conns;
    int fd;                           /* the listener's; -1: none, its connections are made by us */
    struct stoa_stage_listener *seen; /* its entry in the stage clock's file; NULL = none */
    uint32_t seen_index;
    void (*close)(void *ctx, int core); /* the port of that core needs fd no more */
    void *ctx;
};

struct port {
    struct core *core;
    const struct listener_options *opt; /* how its connections are served */
    struct port_options how;
    int fd; /* -1: no more connections can come */
    struct io_op accept;
    bool paused;        /* accepting has stopped, and `resume` is waited for */
    bool over;          /* none is accepted (any more), see listener_options.accepts */
    bool draining, cut; /* see service_ops */
    bool ended;         /* nothing of it is under way any more */
    struct job resume;  /* in core->want, or posted */
    struct timer retry; /* resumes when nothing else does; always set, maybe for STOA_NEVER */
    stoa_time say_pause, say_stack; /* see core_may_say */

    stoa_time tick;      /* see io_sys */
    stoa_time calm_at;   /* the last one asked about its handshake had little to tell; 0 = much */
    stoa_time calm_wait; /* and had waited for so long */
    uint64_t cookies;    /* SYN cookies sent, when last looked at, */
    stoa_time cookies_until; /* and until when one may be a connection's */

    uint64_t accepted;     /* so far; counted where there is a limit */
    size_t conns;          /* records in use */
    struct list running;   /* connections whose task runs, or is about to start */
    struct list held;      /* those accepted over the limit: they wait for their turn */
    struct line silent;    /* parked ones, and raw handlers that wait for their peer */
    struct line lingering; /* those that are closed in order, and wait for the peer's end */
    struct list free;      /* records to be used again */

    /* With accept_late, read_late: */
    struct late_accept late;
    struct line looking; /* parked ones, from which nothing is received */
    struct line late_reads;
};

/* Begins to accept. how: copied. returns 0; -ENOMEM: nothing is left to be closed. */
int port_open(struct port *p, struct core *core, const struct port_options *how);

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
