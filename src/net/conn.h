/* net/conn.h -- a byte stream to a peer.
 *
 * Knows: its descriptor, the bytes received and not yet read, who waits for it. Its users (raw
 * handlers, http/) read, write and return; they never see the descriptor, so that a later TLS can
 * stand between.
 *
 * A connection's life: accepted -> served by a task -> { parked -> served }* -> closed in order
 * (FIN, then lingering until the peer is done), or reset. Parked: no task, no stack, no buffer; a
 * record of at most 256 bytes. */
#ifndef NET_CONN_H
#define NET_CONN_H

#include "core/core.h"
#include "net/addr.h"

#include <sys/uio.h>

struct stage_request;
struct port; /* a listener's part on one core */

/* Waits until more than `have` bytes are unread, and gives them as one slice.     [waits]
 *   have     < max.
 *   max      no more than so many are made one slice.
 *   returns  1 and *ret (ret->n > have, borrowed until the next conn_ or stoa_ call that reads from
 *            c); 0 = the peer has finished: *ret is what is left (ret->n == have or less); < 0, and
 *            what is unread stays. */
int conn_fill(stoa_conn *c, size_t have, size_t max, struct stoa_str *ret);

/* What is unread and in one piece now, without waiting; n 0 = nothing. Borrowed likewise. */
struct stoa_str conn_unread(const stoa_conn *c);

/* Drops the first n unread bytes; n at most what the last slice had. Slices borrowed before stay
 * valid until the next call that reads. */
void conn_consume(stoa_conn *c, size_t n);

/* Bytes received that nobody has read yet. */
size_t conn_unread_bytes(const stoa_conn *c);

/* Writes all of v, which it changes: after a failure, a v of one piece is what is left. [waits]
 *   more     something follows at once, be it the end: the kernel may hold the last segment back
 *            (MSG_MORE). The end goes out with it, as one segment.
 *   returns  0; < 0 as stoa_write. */
int conn_write(stoa_conn *c, struct iovec *v, int count, bool more);

/* Writes what the socket takes of n bytes, waiting until it takes some, or the peer is heard: unread
 * bytes are there, or its end. For those who may be answered before they have said all.    [waits]
 *   returns  1..n; 0 = the peer is heard; < 0 as stoa_write; -EBUSY: another task reads. */
ssize_t conn_write_until_heard(stoa_conn *c, const void *buf, size_t n);

/* Writes what the socket takes at once; also from the core's own stack.
 *   returns  > 0 the bytes; -EAGAIN: it takes none, or a task is writing; < 0. */
ssize_t conn_write_now(stoa_conn *c, const void *buf, size_t n);

/* Sends of n bytes of a file, n > 0, from `at` on what the socket takes, waiting until it takes
 * something, and never for the disk on the core's thread.                         [waits]
 *   file     borrowed; only read at, its position is not used.
 *   returns  1..n: so many were sent; STOA_EEOF: the file has none at `at` any more; < 0. */
ssize_t conn_send_file(stoa_conn *c, int file, off_t at, uint64_t n);

/* When the unread bytes came, those in the last slice's piece (several make one: then of the newest);
 * all 0 = not known. */
struct stage_came conn_came(const stoa_conn *c);

/* The connection's entry of the stage clock; NULL = it is off, or has none. */
struct stage_conn *conn_stage(const stoa_conn *c);

/* From now on waits for the client to read are counted to r, yours; NULL: to nobody. */
void conn_measure(stoa_conn *c, struct stage_request *r);

/* It rests, or its handler waits: the stage clock learns whose it is, once. Most connections of one
 * request never come here. */
void conn_rests(stoa_conn *c);

/* With the next send the kernel is asked when the client has acknowledged it; that send was the
 * reply's last, and ended now. Without the second nothing is counted. */
void conn_ask_ack(stoa_conn *c);
void conn_handed_over(stoa_conn *c, stoa_time now);

/* Of the bytes written: how many are under way to the peer's machine, which has not acknowledged them,
 * and how many wait here, since it takes no more. Also of a connection that was reset. All 0 where
 * the kernel does not tell, and of what is not TCP. tcp(7), TCP_INFO (Linux 4.19). */
struct conn_sent {
    uint64_t in_flight, waiting;
};
void conn_look_at_sent(const stoa_conn *c, struct conn_sent *ret);

struct core *conn_core(const stoa_conn *c);
const struct addr *
conn_local(const stoa_conn *c); /* the listener's address; of a dialled one: its own */
/* The peer's address, asked for at the first call and kept; family AF_UNSPEC when it was gone. */
void conn_peer(stoa_conn *c, struct addr *ret);

/* The moment of accept (of one that was held over the limit: of its admission), and how many times
 * `serve` was called. */
stoa_time conn_accepted(const stoa_conn *c);
uint32_t conn_served(const stoa_conn *c);

/* A number of the user's own, kept while the connection is parked; 0 at first. */
uint32_t *conn_count(stoa_conn *c);

/* Whether the listener drains: answer what is here, then close. */
bool conn_is_draining(const stoa_conn *c);

#endif
