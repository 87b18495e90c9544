/* stage/request.h -- where one request's time goes: a watch with one hand. At each moment exactly one
 * span runs, so that none is counted twice and their sum is the whole. Who ends a wait says what it
 * was. Knows no clock, and nothing of HTTP. */
#ifndef STAGE_REQUEST_H
#define STAGE_REQUEST_H

#include "stage/mark.h"

struct stage_request {
    bool measured;        /* else nothing below means anything */
    uint8_t span;         /* runs now */
    uint8_t mark;         /* of the program's own, within HANDLER; 0 = none */
    uint8_t fed;          /* ran before the wait for a body */
    bool first;           /* of its connection */
    bool is_marked;       /* the program has made marks */
    int64_t began, since; /* of all; of `span` */
    struct stage_came
        head; /* when the first bytes of a head came whose rest is waited for; read 0 =
                               it came in one piece */
    uint8_t grade[STOA_SPANS];
    uint64_t ns[STOA_SPANS];
};

/* The head has come, or will not come any more (whole: false): splits what was before, and goes on
 * with HANDLER. r: zeroed once, or of an earlier request.
 *   came     the head's last bytes, that is.
 *   accepted the connection, when this is its first request; else 0. */
void stage_request_begin(struct stage_request *r, const struct stage_came *came, bool whole,
                         int64_t accepted, int64_t now);

/* From now on another span runs. returns the one that ran. */
static inline enum stoa_span stage_request_turn(struct stage_request *r, enum stoa_span span,
                                                int64_t now)
{
    enum stoa_span was = (enum stoa_span)r->span;
    uint64_t ns = now > r->since ? (uint64_t)(now - r->since) : 0;
    r->ns[was] += ns;
    if (was == STOA_SPAN_HANDLER && r->mark)
        r->ns[r->mark] += ns;
    r->span = (uint8_t)span;
    r->since = now > r->since ? now : r->since;
    return was;
}

/* A wait for the client's bytes is over, which `came` if not NULL: it was the client's (BODY) until
 * they did. Goes on with `span`. */
void stage_request_fed(struct stage_request *r, const struct stage_came *came, enum stoa_span span,
                       int64_t now);

/* From now on HANDLER's time counts to a span of the program's own, too; 0 = to none. */
static inline void stage_request_mark(struct stage_request *r, uint8_t mark, int64_t now)
{
    stage_request_turn(r, (enum stoa_span)r->span, now);
    r->mark = mark;
    r->is_marked = true;
}

/* All of it until the last turn: the sum of QUEUED..SEND. */
static inline int64_t stage_request_took(const struct stage_request *r)
{
    return r->since - r->began;
}

/* The time of a span, and how good it is: of a connection's first request also those of its own. */
struct stage_time {
    enum stoa_grade grade;
    struct stoa_span_time time;
};
struct stage_time stage_request_time(const struct stage_request *r, const struct stage_conn *c,
                                     enum stoa_span span);

/* What is told of an ended request beyond its times; texts: as they came. */
struct stage_facts {
    int status;
    uint64_t bytes;
    const char *cause; /* NULL = none */
};

/* Counts an ended request. returns whether it is among the slowest: then stage_request_rank wants to
 * know more of it. */
bool stage_request_count(struct stage_clock *s, struct stage_conn *c, const struct stage_request *r,
                         const struct stage_facts *f);

/* Enters it among the slowest. shown: method, path, peer, status, bytes, cause are filled in. */
void stage_request_rank(struct stage_clock *s, struct stage_conn *c, const struct stage_request *r,
                        struct stoa_stage_request *shown);

/* The ACK of a reply that was handed over at c->way.handed came so long after it. */
void stage_request_acked(struct stage_clock *s, uint64_t ns);

#endif
