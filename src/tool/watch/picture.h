/* tool/watch/picture.h -- what `stoa watch` knows at one moment: the listeners, the namespace's
 * counters, the connections of what was aimed at, a stoa server's stages, and the verdicts. Data only:
 * look.h makes it; verdict.h judges it; plain.h, json.h and screen.h
 * show it. All texts are escaped and terminated. */
#ifndef TOOL_WATCH_PICTURE_H
#define TOOL_WATCH_PICTURE_H

#include "app/status.h"
#include "net/addr.h"
#include "probe/diag.h"
#include "probe/holder.h"

enum {
    WATCH_NAME_BYTES = 96,
    WATCH_WHO_BYTES = 112,
    WATCH_TEXT_BYTES = 240,
    WATCH_ADDRS_MAX = 8,
    WATCH_CONNS_MAX = 200, /* shown; all are counted */
    WATCH_VERDICTS_MAX = 32,
    WATCH_STATES = DIAG_CLOSING + 1 /* index: enum diag_state */
};

/* A rate or a time that is not known (yet). */
#define WATCH_UNKNOWN (-1)

/* ---- what is looked at ---- */

enum watch_aim {
    WATCH_ALL,  /* every listener of the network namespace */
    WATCH_PID,  /* those of a process */
    WATCH_PORT, /* those of a port */
    WATCH_ADDR, /* those that answer at an address and port: the most specific */
    WATCH_HOST  /* those that answer at an address, whatever the port */
};

struct watch_target {
    enum watch_aim aim;
    char text[WATCH_NAME_BYTES]; /* as the user wrote it; "" of WATCH_ALL */
    int pid;
    uint16_t port; /* host order */
    int addrs;     /* what a name stands for; of WATCH_HOST their ports mean nothing */
    struct addr addr[WATCH_ADDRS_MAX];
};

/* ---- listeners ---- */

/* How connections fare. Of a listener; of all of them. Known after a walk (watch_picture.walked). */
struct watch_conns {
    uint64_t states[WATCH_STATES]; /* how many in each; DIAG_SYN_RECV: its SYN queue */
    uint64_t unread, unsent; /* bytes: come and not read; sent and not acknowledged, or waiting */
    uint64_t unread_conns;   /* connections that have some unread */
    uint64_t unread_max, unsent_max; /* of one connection */
    /* Unread for a second at least, on connections that a process has: it does not read. */
    uint64_t late_conns, late_bytes;
    uint64_t gave_up;     /* in the accept queue still, and the client has closed already */
    uint64_t stuck_conns; /* whose peer takes nothing: its window is closed (zero-window probes) */
    uint64_t retrans_conns; /* that are sending something again now */
    uint64_t retransmits;   /* segments sent again, of the connections that are there */
    double
        retransmits_per_s; /* between the last two walks; of connections that ended: not counted */
    /* The longest CLOSE_WAIT: the kernel does not tell since when. It is at least so old as it has
     * been seen in that state, at most so old as nothing has come on it. ns; WATCH_UNKNOWN: there is
     * none. */
    stoa_time close_wait_least, close_wait_most;
};

/* All sockets that listen at one address: several with SO_REUSEPORT, one for each core. */
struct watch_listener {
    struct addr addr;
    char name
        [WATCH_NAME_BYTES]; /* "127.0.0.1:80", "[::]:80", with "%eth0"'s number when it is bound to
                                    an interface: "*:80%2". No two have the same: remember it by that */
    char who
        [WATCH_WHO_BYTES]; /* "1234 nginx", else "user www-data", "nginx.service"; "" = not known */
    struct holder holder;
    uint32_t ifindex; /* bound to that interface; 0 = to none */
    bool v6_only;     /* [::] that leaves IPv4 to others */
    int sockets;
    uint64_t queue, queue_max;                 /* accept queue and its limit: sums */
    uint32_t fullest_queue, fullest_queue_max; /* of the socket whose queue is the fullest */
    uint64_t drops;                            /* since the sockets were made */
    uint64_t dropped;                          /* of them since the last look */
    double drops_per_s;
    struct watch_conns conns;
    const char
        *cause; /* id of the worst that the queues say (probe/drops.h); NULL = fine. Static */
};

/* ---- the network namespace ---- */

enum watch_counter {
    WATCH_OVERFLOWS, /* the first four: enum drops_counter */
    WATCH_SYN_FULL,
    WATCH_COOKIES,
    WATCH_LISTEN_DROPS,
    WATCH_RETRANS,
    WATCH_RESETS_SENT,
    WATCH_RESETS_GOT,
    WATCH_PASSIVE_OPENS,
    WATCH_COUNTERS
};

struct watch_count {
    const char *name; /* the kernel's: "ListenOverflows". Static */
    bool is_known;
    uint64_t total;
    uint64_t grown; /* since the last look */
    double per_s;
};

/* ---- connections ---- */

/* As diag_socket.timer has them. */
enum { WATCH_TIMER_RETRANSMIT = 1, WATCH_TIMER_ZERO_WINDOW = 4 };

struct watch_conn {
    uint64_t cookie; /* the kernel's own name of it */
    int listener; /* index; -1 = it is closed: the process that was aimed at has the connection */
    struct addr local, peer;
    uint8_t state;        /* enum diag_state */
    uint8_t timer;        /* as diag_socket.timer */
    uint8_t repeats;      /* how often that timer has fired in a row */
    bool in_accept_queue; /* no process has it yet */
    uint64_t unread, unsent;
    uint64_t retransmits;
    stoa_time rtt;        /* WATCH_UNKNOWN, as the following */
    stoa_time quiet;      /* since bytes came */
    stoa_time quiet_sent; /* since bytes were sent */
    stoa_time in_state;   /* since it was first seen in CLOSE_WAIT */
};

/* What came is unread for a second: it is not on its way to be read. */
static inline bool watch_conn_is_late(const struct watch_conn *c)
{
    return c->unread > 0 && !c->in_accept_queue && c->quiet >= STOA_SEC;
}

/* Its timer probes a window that the peer has closed: the peer takes nothing. */
static inline bool watch_conn_is_stuck(const struct watch_conn *c)
{
    return c->timer == WATCH_TIMER_ZERO_WINDOW && c->unsent > 0;
}

/* It sends something again that was not acknowledged. */
static inline bool watch_conn_is_retransmitting(const struct watch_conn *c)
{
    return c->timer == WATCH_TIMER_RETRANSMIT && c->repeats > 0 && c->state != DIAG_SYN_RECV;
}

/* ---- verdicts ---- */

enum watch_level { WATCH_FINE, WATCH_NOTE, WATCH_WARNING, WATCH_BAD };

struct watch_verdict {
    enum watch_level level;
    int listener;                /* index; -1 = of all, or of the process */
    const char *cause;           /* id in the catalogue (base/cause.h); NULL = none. Static */
    char text[WATCH_TEXT_BYTES]; /* a clause: "accept queue full: ..." */
    char next[WATCH_TEXT_BYTES]; /* one step, a sentence; "" = none is needed */
};

/* ---- all of it ---- */

struct watch_picture {
    stoa_time at; /* CLOCK_MONOTONIC */
    int64_t real_ns;
    stoa_time span; /* since the look before; 0 = this is the first: rates are unknown */
    struct watch_target target;

    int listeners;
    struct watch_listener *listener; /* by address; of the target only */

    struct watch_count counters[WATCH_COUNTERS];

    /* Connections come from a walk through all sockets, which is paced by what it costs. */
    stoa_time walked;    /* when; 0 = never yet: all watch_conns are zero */
    stoa_time walk_took; /* CPU time */
    stoa_time walk_due;  /* when the next is going to be */
    /* Of all listeners in the picture, and of the process that was aimed at, once its are closed. */
    struct watch_conns all;
    int conns; /* with a target only: the WATCH_CONNS_MAX that matter most, those first */
    struct watch_conn *conn;
    uint64_t conns_more; /* how many are not among them */

    /* A stoa server's stages. */
    bool has_stoa;
    const struct status *stoa;
    const struct trend *trend;
    char stoa_text[WATCH_TEXT_BYTES]; /* why they are not shown though it seems to be one; "" */
    bool is_stopped; /* the target's process does not run: stopped by a signal, or traced */

    int verdicts; /* the worst first; at least one */
    struct watch_verdict verdict[WATCH_VERDICTS_MAX];
};

/* A stoa server that stops: its listeners are closed, and its connections are being finished. */
static inline bool watch_drains(const struct watch_picture *p)
{
    return p->has_stoa && p->stoa->draining;
}

#endif
