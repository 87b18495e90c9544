/* net/record.h -- a connection as net/ itself sees it: its record, and its life.
 *
 *     accepted -> READY -> SERVED -> { PARKED -> READY -> SERVED }* -> LINGERING -> CLOSING
 *       \-> HELD -^                       \-> LEAVING --------------------------------^
 *
 *     made by us -> SERVED -> LINGERING -> CLOSING
 *
 * life.c moves it along these arrows; read.c, write.c and file.c are what its users call meanwhile.
 * Only life.c and those three look into it. */
#ifndef NET_RECORD_H
#define NET_RECORD_H

#include "net/port.h"

#include <netinet/in.h>

enum conn_state {
    CONN_HELD,      /* over the limit of connections: not looked at yet */
    CONN_READY,     /* its job is posted, which starts a task */
    CONN_SERVED,    /* the task runs */
    CONN_PARKED,    /* waits for bytes, without a task */
    CONN_LEAVING,   /* was parked and is about to be closed, unless a request is there already */
    CONN_LINGERING, /* we have sent our end; what still comes is dropped */
    CONN_CLOSING,   /* closed when the receive under way has completed */
};

/* A task that waits for its connection; on that task's stack. */
struct conn_reader {
    stoa_task *task;
    size_t have;  /* it wants more than so many unread bytes */
    bool expired; /* the listener's idle time is over */
};

struct conn_writer {
    struct conn_writer *next; /* waits for its turn */
    stoa_task *task;
    struct io_op op; /* IO_WRITABLE */
    bool waits;      /* op is under way */
    bool hears;      /* it waits no longer than until the peer is heard */
    bool expired;
};

struct stoa_conn {
    struct line_place place; /* in one of the port's lists */
    struct port *port;
    struct io_op recv; /* IO_RECV, or IO_RECV_FROM; its fd is the connection's */
    struct job job;
    stoa_task *task; /* runs serve, or owns the connection; NULL when there is none */
    struct conn_reader *reader;
    struct conn_writer *writers;  /* the first has the turn; the others wait for it */
    struct io_chunk *head, *tail; /* unread; the first `head_at` bytes have been read */
    struct io_chunk *spent;       /* read, but still borrowed by the user */
    struct stage_conn *stage;     /* its entry in the stage clock's file; NULL = none */
    struct stage_request *times;  /* of the exchange that goes on, its user's; NULL = none */
    size_t unread;                /* bytes; of a lingering one: bytes dropped */
    stoa_time accepted;
    stoa_time moment; /* of the burst; of a lingering one: when all patience ends */
    uint32_t burst;   /* bytes sent in the turn of that moment */
    uint32_t head_at;
    uint32_t served;
    uint32_t count;  /* the user's own */
    uint32_t chunks; /* in the queue */
    int end;         /* 1 = more may come; 0 = the peer has finished; < 0 = what broke it */
    uint8_t state;
    bool recv_cancelled; /* its last completion is on the way and does not mean an end */
    bool sent;           /* some bytes */
    bool finished;       /* we have sent our end */
    bool held;           /* the kernel may hold back what was written last */
    bool full;           /* the socket took not all of the last piece of a file */
    bool peer_known;
    bool dialled;      /* made by us: struct dialled of net/dialled.c begins with it */
    bool watched;      /* of a dialled one: its job is posted when bytes or the end come */
    uint8_t failed_at; /* enum conn_stage: where the last error came from, for the log */
    int failed_with;
    union {
        sa_family_t family;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer;
};

/* DESIGN: a connection that waits between requests costs its record and nothing else. */
_Static_assert(sizeof(stoa_conn) <= 256, "a parked connection is at most 256 bytes");

enum conn_stage { CONN_AT_HANDLER, CONN_AT_READ, CONN_AT_WRITE };

/* Notes where err comes from. returns err. */
static inline int conn_failed(stoa_conn *c, enum conn_stage at, int err)
{
    c->failed_at = (uint8_t)at;
    c->failed_with = err;
    return err;
}

/* ---- life.c ---- */

/* The arrows, as the port calls them. */
extern const struct port_conns conn_life;

/* Begins a record, of p, in memory of the caller's: fd is connected and c's own now. It is nobody's
 * and in no list. */
void conn_init(stoa_conn *c, struct port *p, int fd);

/* A dialled one is taken up by those who read and write. */
void conn_begin_dialled(stoa_conn *c);

/* Closes it in order; or at once; or with a reset. Nobody waits for it. Its record goes to the port's
 * free ones. */
void conn_end_in_order(stoa_conn *c);
void conn_end_now(stoa_conn *c);
void conn_reset(stoa_conn *c);

/* Sees to it that bytes come in. returns 0, < 0. */
int conn_arm(stoa_conn *c);

/* Puts a served connection into the list where it belongs: `silent` when its raw handler waits. */
void conn_place(stoa_conn *c);

/* ---- read.c ---- */

/* Queues what was received. taken: by io_recv_now. */
void conn_queue(stoa_conn *c, struct io_chunk *chunk, bool taken);

/* Gives back what the user has read and may not look at any more. */
void conn_release(stoa_conn *c);

/* Drops everything unread. */
void conn_drop(stoa_conn *c);

/* ---- write.c ---- */

/* Takes the turn to write; waits when another task has it. On success conn_turn_end must follow.
 * [waits] */
int conn_turn_begin(stoa_conn *c, struct conn_writer *w);
void conn_turn_end(stoa_conn *c, struct conn_writer *w);

/* Waits until the socket takes bytes; w has the turn.                             [waits] */
int conn_wait_writable(stoa_conn *c, struct conn_writer *w);

/* Counts n bytes as sent. */
void conn_count_burst(stoa_conn *c, size_t n);

/* Lets others run when this turn has seen enough of this connection.              [waits] */
int conn_pause_burst(stoa_conn *c);

#endif
