/* net/attempt.h -- one attempt to connect to one address, and what the kernel tells about it.
 *
 * Knows how connect(2), TCP_INFO and the error queue are asked, in which order; not what the answers
 * mean (diagnose.c), nor which addresses are tried when (race.c). It belongs to one task, which is
 * woken when there is something to look at. */
#ifndef NET_ATTEMPT_H
#define NET_ATTEMPT_H

#include "core/core.h"
#include "net/addr.h"
#include "net/icmp.h"

enum attempt_state {
    ATTEMPT_UNTRIED,
    ATTEMPT_WAITS,     /* SYNs are being sent */
    ATTEMPT_CONNECTED, /* fd is the connection */
    ATTEMPT_FAILED,    /* err says why */
};

struct attempt {
    struct core *core;
    stoa_task *task;
    struct addr to, from; /* from: what the kernel chose; AF_UNSPEC = it came to no choice */
    int socktype;
    int ttl;   /* of the packets; 0 = the machine's default */
    int state; /* enum attempt_state */
    int fd;    /* -1: none */
    struct io_op op;
    bool waits; /* op is under way */

    int err;                /* -errno; 0 = connected */
    bool no_socket;         /* it failed for want of a socket */
    bool at_once;           /* connect(2) failed itself: no packet left this machine */
    bool to_itself;         /* it had connected, to its own end */
    struct icmp icmp;       /* what ended it */
    struct icmp soft;       /* what came while SYNs were still sent */
    stoa_time soft_at;      /* when */
    unsigned unanswered;    /* timeouts so far of the SYN (tcpi_retransmits) */
    unsigned retransmitted; /* SYNs that went out after the first (tcpi_total_retrans) */
    stoa_time rtt;          /* of the handshake; 0 = not known */
    bool has_hop;           /* the first hop is known (next_hop.h): */
    struct addr gateway;    /* AF_UNSPEC = the target itself */
    stoa_time began, ended;
};

/* Begins; to, socktype and ttl are set, all else is zero. It may have ended already. */
void attempt_begin(struct attempt *a, struct core *core, stoa_task *t);

/* Looks what has become of it, after a wake-up; harmless when nothing has. */
void attempt_look(struct attempt *a);

/* Gives up one that waits; err: -ETIMEDOUT, -ECANCELED, ... Also cleans up any other: no descriptor
 * stays open.                                                      [waits, deaf to cancellation] */
void attempt_end(struct attempt *a, int err);

/* The descriptor of one that is connected, the caller's. */
int attempt_take(struct attempt *a);

/* Whether it is TCP, rather than UDP or a Unix socket. */
static inline bool attempt_is_tcp(const struct attempt *a)
{
    return a->to.family != AF_UNIX && a->socktype == SOCK_STREAM;
}

#endif
