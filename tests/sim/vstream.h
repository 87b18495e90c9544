/* sim/vstream.h -- a virtual TCP connection: two directions of bytes that take their time, and what
 * happens to them when an end finishes, closes, resets or vanishes.
 *
 * Knows no descriptors. Both ends use the same calls: the server's through sim/calls.c and
 * sim/simio.c, the clients' directly. As on Linux:
 * - what an end has received can be read even after a reset came (unless the peer's kernel is of
 *   the kind that throws it away: `harsh`); the reset is told once, then come 0 and -EPIPE;
 * - closing with unread bytes resets; bytes that reach a closed end are answered by a reset, which
 *   destroys what the peer has not received yet. */
#ifndef SIM_VSTREAM_H
#define SIM_VSTREAM_H

#include "base/list.h"
#include "sim/world.h"

#include <sys/socket.h>

enum side { SERVER, CLIENT };

struct segment {
    uint64_t end; /* the bytes before this offset ... */
    stoa_time at; /* ... arrive at this moment */
    bool held;    /* MSG_MORE: kept back for a while, or until more is sent */
};

enum { SEGMENTS = 64 };

/* One direction. Offsets count from the stream's beginning. */
struct pipe {
    char *bytes; /* a ring */
    size_t room;
    uint64_t written, arrived, read;
    struct segment segments[SEGMENTS]; /* on their way; a ring */
    unsigned first, count;
    stoa_time newest; /* nothing overtakes what was sent before */
    stoa_time fin_at; /* when the end of stream arrives; 0 = not sent */
};

struct end {
    bool open;          /* somebody holds it */
    bool was_reset;     /* a reset has come, or went out from here */
    stoa_time reset_at; /* when one will come; 0 = none */
    int err;            /* to be told once: -ECONNRESET, -EPIPE */
    bool linger0;       /* closing resets */
    struct sockaddr_storage name;
    socklen_t name_len;
    struct pipe in; /* what comes to this end */
};

struct vstream {
    struct list node; /* in the net's list of all */
    struct world *w;
    int id;
    struct end end[2];
    stoa_time latency;
    size_t segment_max;
    bool harsh;         /* the client's kernel drops what is unread when a reset comes */
    bool cut;           /* the network has reset it, or lost it: the client may expect nothing */
    bool vanished;      /* nothing arrives any more */
    bool stamps;        /* SO_TIMESTAMPING was set */
    uint32_t disasters; /* the world's when it began */
    /* Before it is accepted: */
    struct vport *port;  /* where it waits; NULL = nowhere */
    struct list waiting; /* in the port's queue */
    stoa_time here_at;   /* when the handshake is done, or is tried again */
    unsigned tries;
    bool refused;
    bool connected; /* the client's connect() has succeeded */
};

/* room: bytes that may be under way or unread, per direction. */
struct vstream *vstream_new(struct world *w, int id, size_t room_up, size_t room_down);
void vstream_free(struct vstream *s);

/* Lets arrive what is due. */
void vstream_settle(struct vstream *s);

/* The next moment at which something arrives, after now; STOA_NEVER. */
stoa_time vstream_next(const struct vstream *s);

/* Results as of the system calls: > 0, 0 = end of stream, -EAGAIN, -ECONNRESET, -EPIPE. */
ssize_t vstream_send(struct vstream *s, enum side from, const void *p, size_t n, bool more);
ssize_t vstream_recv(struct vstream *s, enum side at, void *p, size_t n);

size_t vstream_room(const struct vstream *s, enum side from);
size_t vstream_unread(const struct vstream *s, enum side at);

/* Would vstream_recv give something else than -EAGAIN? Would vstream_send? */
bool vstream_is_readable(const struct vstream *s, enum side at);
bool vstream_is_writable(const struct vstream *s, enum side from);

/* returns 0, -ENOTCONN. how: SHUT_RD, SHUT_WR, SHUT_RDWR. */
int vstream_shutdown(struct vstream *s, enum side at, int how);
void vstream_close(struct vstream *s, enum side at);
void vstream_reset(struct vstream *s, enum side at);

/* The network resets both ends; or forgets the connection, and nobody hears of it. */
void vstream_cut(struct vstream *s);
void vstream_vanish(struct vstream *s);

#endif
