/* probe/drops.h -- how a listener fares: whether its queues fill, and why the kernel turned clients
 * away. Pure: numbers in, a verdict out.
 *
 * A listener's own count of drops says how much, and not why; the counters that say why are of the
 * whole network namespace. So nothing is laid to a listener whose own count stood still, but for SYN
 * cookies, which are no drop. */
#ifndef PROBE_DROPS_H
#define PROBE_DROPS_H

#include <stdbool.h>
#include <stdint.h>

/* Counters of /proc/net/netstat. */
enum drops_counter {
    DROPS_OVERFLOWS,  /* SYNs and final ACKs dropped, since the accept queue was full */
    DROPS_SYN_FULL,   /* SYNs dropped, since the SYN queue was full */
    DROPS_COOKIES,    /* SYN cookies sent, since it was full (or always: tcp_syncookies=2) */
    DROPS_LISTEN_ALL, /* all drops of listeners */
    DROPS_COUNTERS
};
extern const char *const drops_counter_names[DROPS_COUNTERS]; /* as counters.h wants them */

struct drops_look {
    uint32_t queue, queue_max;       /* of the fullest of the listener's sockets */
    uint64_t syn_queue;              /* of all of them; each may have as many as queue_max */
    uint64_t dropped;                /* growth of the listener's own count */
    int64_t counted[DROPS_COUNTERS]; /* growth, over a span that holds that of `dropped` */
};

/* The worse the later. */
enum drops_verdict {
    DROPS_FINE,
    DROPS_QUEUE_FILLS,     /* the accept queue is more than half full */
    DROPS_SYN_QUEUE_FILLS, /* the SYN queue is */
    DROPS_BY_COOKIES,      /* nothing is dropped: the full SYN queue is replaced by cookies */
    DROPS_OF_SYNS,         /* by none of the queues: SYNs of clients that are not known, mostly */
    DROPS_BY_SYN_QUEUE,
    DROPS_BY_QUEUE,
    DROPS_VERDICTS
};

enum drops_verdict drops_judge(const struct drops_look *l);

/* The id of the cause (base/cause.h); NULL of DROPS_FINE. Static. */
const char *drops_cause(enum drops_verdict v);

/* Whether a queue is more than half full. */
static inline bool drops_fills(uint64_t queue, uint64_t max)
{
    return queue * 2 > max;
}

#endif
