/* probe/queues.h -- the accept queue of a socket that listens, asked of the socket itself: no walk
 * through others, no privileges, 0.5 us. */
#ifndef PROBE_QUEUES_H
#define PROBE_QUEUES_H

#include "io/io.h"

struct queues {
    uint32_t queue;     /* connections that wait to be accepted */
    uint32_t queue_max; /* the limit, min(backlog, somaxconn); the kernel lets one more in */
    uint32_t drops;     /* since the socket was made: 1 for each SYN, 2 for each final ACK */
};

/* returns  0; -EOPNOTSUPP: not a TCP socket; -EBADF and the like. [any] */
int queues_read(const struct io_sys *sys, int fd, struct queues *ret);

#endif
