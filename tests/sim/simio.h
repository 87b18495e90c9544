/* sim/simio.h -- the third implementation of io/io.h: one core's operations over virtual sockets.
 *
 * An operation that is ready completes when chance says so: what it gives is taken first
 * (harvested), may then wait while other completions are delivered, and is delivered in any order
 * but that of its own operation. So a cancellation loses races as it does in a kernel.
 *
 * Watches its user: every operation completes once for each thing that it gives and never after the
 * last, every chunk is given back once, nothing is under way at the end. */
#ifndef SIM_SIMIO_H
#define SIM_SIMIO_H

#include "sim/vkernel.h"

struct completion {
    struct io_op *op;
    int res;
    struct io_chunk *chunk;
    bool is_last;
};

/* An operation under way. */
struct slot {
    struct io_op *op; /* NULL = free */
    bool cancelled;
    bool ended;    /* its last completion has been harvested */
    stoa_time due; /* nothing before this */
};

enum { SLOTS = 512, COMPLETIONS = 512 };

struct simio {
    struct io io;
    struct vkernel *k;
    struct world *w;
    int index; /* of the core */
    struct slot slots[SLOTS];
    unsigned slots_used; /* none is taken from here on */
    struct completion queue[COMPLETIONS];
    unsigned queued;
    struct list chunks;   /* with the receivers */
    stoa_time lack_until; /* no chunks before this */
    size_t chunk_bytes;
    bool woken;
};

void simio_init(struct simio *s, struct vkernel *k, int index);

/* Would a wait end now, other than by its time? When at the latest will that change by itself? */
bool simio_is_ready(const struct simio *s);
stoa_time simio_next(const struct simio *s);

#endif
