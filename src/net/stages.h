/* net/stages.h -- what a connection tells the stage clock (stage/mark.h) beyond plain marks: how it
 * was accepted, and its waits for a client that does not read. Called by life.c, read.c and write.c. */
#ifndef NET_STAGES_H
#define NET_STAGES_H

#include "net/record.h"
#include "stage/request.h"

/* It was accepted in this turn: asks the kernel how long its handshake and its wait took. */
void conn_stages_accepted(stoa_conn *c);

/* It is held, over the limit of connections; it is no longer. What it waited for is the same as in the
 * accept queue, the end of another, and no core: so it counts as that. */
void conn_stages_held(stoa_conn *c);
void conn_stages_admitted(stoa_conn *c);

/* A chunk has come. taken: the core has fetched it itself, and not been given it by a wait. */
void conn_stages_came(stoa_conn *c, struct io_chunk *chunk, bool taken);

/* The kernel may know by now when a reply was acknowledged. */
void conn_stages_acked(stoa_conn *c);

/* Room for the control message that asks for it. Adds it to m where it is wanted. */
union conn_stages_ask {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(uint32_t))];
};
void conn_stages_ask(stoa_conn *c, struct msghdr *m, union conn_stages_ask *room);

static inline bool conn_stages_wants_ack(const stoa_conn *c)
{
    return c->stage && c->stage->way.ack == STAGE_ACK_WANTED;
}

static inline bool conn_stages_awaits_ack(const stoa_conn *c)
{
    return c->stage && c->stage->way.ack >= STAGE_ACK_ASKED;
}

/* The socket is full: what time it takes is the client's, until the second of these. returns what the
 * second needs to know. */
struct conn_stages_wait {
    uint8_t at, span;
};
struct conn_stages_wait conn_stages_full(stoa_conn *c);
void conn_stages_room(stoa_conn *c, struct conn_stages_wait was);

#endif
