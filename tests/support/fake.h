/* support/fake.h -- a server on a fake kernel and a fake clock, turned by hand: what comes in which
 * piece at which moment is the test's choice, and so is what fails. One core, one listener. */
#ifndef SUPPORT_FAKE_H
#define SUPPORT_FAKE_H

#include "core/service.h"
#include "net/listener.h"

enum { FAKE_PEERS = 1200, FAKE_CHUNKS = 1300 };

struct fake_piece; /* bytes that are on the way */

/* A connection, seen from the peer. */
struct fake_peer {
    struct fake_piece *in; /* what the server has not received yet, piece by piece */
    int in_end;            /* after it: 1 = nothing yet, 0 = the end, < 0 = broken */
    char out[256];         /* the first bytes that the server sent */
    size_t out_n;
    size_t room;       /* bytes that the socket still takes */
    bool shut, closed; /* the server's end has come; its descriptor is closed */
    bool hard;         /* the close was a reset */
    bool held;         /* what was sent last is held back (MSG_MORE); a reset drops it */
};

struct fake {
    struct io io;
    struct io_ops ops;
    struct io_sys sys;
    struct stoa_mem mem;
    struct stoa_log log;
    struct core core;
    struct service *service; /* the listener */
    stoa_rt *rt;
    struct listener *listener;

    stoa_time clock;
    struct list submitted; /* operations, by their node */
    struct fake_peer *peers;
    int peers_n, accepted_n;
    struct io_chunk *chunks;
    struct io_chunk *spare;
    int chunks_out;   /* chunks that the server holds */
    int late_cancels; /* by so many turns */
    bool is_closed;   /* the listener's descriptor is */
    bool refuses;     /* it was shut down */

    /* What fails; 0 = nothing. */
    int accept_fails; /* each accept, with that */
    int submit_fails; /* the next submission, with that */
    bool mem_fails;   /* each allocation */
    size_t live;      /* bytes allocated */
    int lines;
    char said[200]; /* the last line */
};

struct fake_options {
    conn_service *serve; /* NULL = no listener, see fake_start */
    void *arg;
    bool greet;
    stoa_time idle; /* 0 = 60 s */
    size_t conns_max;
    const struct listener_options *listening; /* not NULL: this instead of serve to idle */
};

void fake_open(struct fake *f, const struct fake_options *opt);

/* Starts one more service, on the core of f. */
void fake_start(struct fake *f, struct service *s);

/* Stops in order: drains; then, after `grace`, cuts; all must end, and nothing be left. */
void fake_close(struct fake *f, stoa_time grace);
void fake_drain(struct fake *f);

int fake_connect(struct fake *f);
void fake_send(struct fake *f, int peer, const void *p, size_t n); /* one piece */
void fake_text(struct fake *f, int peer, const char *text);
void fake_end(struct fake *f, int peer, int how); /* 0, or < 0 */

/* One turn of the core; turns until nothing happens any more; the same after a while. */
void fake_turn(struct fake *f);
void fake_run(struct fake *f);
void fake_wait(struct fake *f, stoa_time span);

/* What the server sent is that text; it is forgotten. */
void fake_expect(struct fake *f, int peer, const char *text);

/* Whether the server receives from peer. */
bool fake_receives(const struct fake *f, int peer);

#endif
