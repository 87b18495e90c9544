/* io/bufring.h -- a ring of buffers that the kernel takes from when bytes come, so that a receive
 * that waits holds none; and the operations that found it empty.
 *
 * Knows the ring's registration and how a buffer goes round: spare or in the ring, then the
 * receiver's, then back. Not what operations are. Used by uring.c. One thread. */
#ifndef IO_BUFRING_H
#define IO_BUFRING_H

#include "io/chunk.h"

#include <liburing.h>

struct bufring {
    struct chunks chunks;
    struct list starved; /* operations, by their node */
    struct io_uring_buf_ring *ring;
    char *memory;          /* the ring's, not aligned */
    uint32_t size;         /* buffers that the ring can hold */
    uint32_t in_ring;      /* those not seen to be taken: the kernel has so many or fewer */
    uint32_t spares_min;   /* kept beside the ring, for receives without an operation; <= size */
    struct msghdr message; /* the shape that receives are submitted with */
};

/* Makes a ring of `size` buffers (a power of two) with `spares_min` more beside it, and registers
 * it as group `use`.
 *   returns  0, -ENOMEM, and what the kernel says. */
int bufring_open(struct bufring *b, struct io_uring *uring, const struct stoa_mem *mem,
                 enum chunk_use use, uint32_t size, uint32_t spares_min);
void bufring_close(struct bufring *b, struct io_uring *uring); /* harmless when not open */

/* The buffer that a completion (its flags and res) says the kernel has filled; the caller's. */
struct io_chunk *bufring_take(struct bufring *b, uint32_t flags, int res);

/* Gives a buffer back. */
void bufring_put(struct bufring *b, struct io_chunk *c);

/* Puts what is spare into the ring when operations starve before an empty one.
 *   returns  how many of them may try again now. */
uint32_t bufring_feed(struct bufring *b);

#endif
