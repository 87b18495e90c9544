/* stage/mark.h -- one core's side of the stage clock: what the scheduler, accept, connections and
 * exchanges write as they go. Plain stores; what is asked here is asked for every request.
 *
 * Knows no clock: the moment is the caller's. With the clock off there is no core's part (`core` is
 * NULL) and no connection has an entry: marks on NULL do nothing. */
#ifndef STAGE_MARK_H
#define STAGE_MARK_H

#include "stage/table.h"
#include "stage/wall.h"
#include "stage/word.h"

enum { STAGE_ACK_EVERY_NS = 50000000 }; /* at most 20 replies a second and core */

struct stage_clock {
    struct stoa_stage_core *core; /* NULL = off */
    struct stage_table *table;
    struct stoa_stage_head *head;
    struct stage_conn *conns;
    uint32_t conns_count, conns_used; /* entries; those that were ever in use */
    uint32_t conns_free;              /* the first of the free ones among them, + 1; 0 = none */
    uint8_t index;                    /* of the core */
    int64_t idle;                     /* when the core last began to wait for the kernel */
    int64_t asked;                    /* when the ACK of a reply was asked for last */
    struct stage_wall wall;
    const char *names[STOA_SPANS - STOA_SPAN_MARKS]; /* of the program's own spans, seen here */
};

/* Begins core number `index` of t; zeroed: off. */
void stage_clock_begin(struct stage_clock *s, struct stage_table *t, int index);

/* The span of the program's own that has this name, a static text; it gets one of those that are left.
 *   returns  the span; -ENOSPC. */
int stage_named_span(struct stage_clock *s, const char *name);

/* ---- the loop ---- */

/* The core has nothing to do, and asks the kernel. */
static inline void stage_core_waits(struct stage_clock *s, int64_t now)
{
    s->idle = now;
    stage_set(&s->core->busy_since, 0);
}

void stage_clock_renew(struct stage_clock *s, int64_t mono, int64_t real);

/* It goes on. */
static inline void stage_core_turns(struct stage_clock *s, int64_t mono, int64_t real)
{
    stage_set(&s->core->alive, mono);
    stage_set(&s->core->busy_since, mono);
    if (s->index == 0 && mono - s->head->mono_ns >= 1000000000)
        stage_clock_renew(s, mono, real);
}

/* ---- connections ---- */

/* An entry for a connection that was accepted now; NULL: off, or none is left. */
struct stage_conn *stage_conn_take(struct stage_clock *s, uint32_t listener, int64_t now);
void stage_conn_drop(struct stage_clock *s, struct stage_conn *c);

/* What accept learned. ns; tick: how coarse `queued` is; waits: since its first bytes had come, 0 =
 * unknown. handshake 0 = unknown. */
struct stage_accept {
    uint64_t handshake, queued, tick;
    uint32_t synack_retries;
};
void stage_conn_accepted(struct stage_conn *c, const struct stage_accept *a);

/* The peer's address, a struct sockaddr of n bytes. */
void stage_conn_peer(struct stage_conn *c, const void *addr, size_t n);

/* Its first bytes had come so long before it was accepted: it cannot have waited for less. */
void stage_conn_waited(struct stage_conn *c, uint64_t ns);

/* It was held for so long after it was accepted: a part of its wait for being accepted. */
void stage_conn_held(struct stage_conn *c, uint64_t ns);

/* It comes to `at`. */
static inline void stage_at(struct stage_conn *c, enum stoa_at at, int64_t now)
{
    if (!c)
        return;
    stage_begin(&c->seen.seq);
    stage_put(&c->seen.at, (uint8_t)at);
    stage_put(&c->seen.since, now);
    stage_end(&c->seen.seq);
}

/* A request begins. returns whether it is the connection's first. */
static inline bool stage_conn_begins(struct stage_conn *c, int64_t now)
{
    uint32_t n = c->seen.requests;
    stage_begin(&c->seen.seq);
    stage_put(&c->seen.at, (uint8_t)STOA_AT_HANDLER);
    stage_put(&c->seen.since, now);
    stage_put(&c->seen.requests, n + 1);
    stage_end(&c->seen.seq);
    return n == 0;
}

/* Something that is no request's failed, for that cause. Nothing where the clock is off. */
void stage_cause_count(struct stage_clock *s, const char *id);

/* Whether this reply is one of those whose ACK is asked for: it costs some microseconds. */
static inline bool stage_wants_ack(struct stage_clock *s, int64_t now)
{
    if (now - s->asked < STAGE_ACK_EVERY_NS)
        return false;
    s->asked = now;
    return true;
}

/* n bytes came or went: single counters, read as they are. */
static inline void stage_bytes_in(struct stage_clock *s, struct stage_conn *c, uint64_t n)
{
    if (!c)
        return;
    stage_count(&c->seen.in, n);
    stage_count(&s->core->bytes_in, n);
}

static inline void stage_bytes_out(struct stage_clock *s, struct stage_conn *c, uint64_t n)
{
    if (!c)
        return;
    stage_count(&c->seen.out, n);
    stage_count(&s->core->bytes_out, n);
}

#endif
