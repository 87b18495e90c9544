/* http/state.h -- the inside of an exchange, shared by the files of this folder.
 *
 * Both sides have the same exchange: a server's is served (serve_h1.c), a client's fetched (fetch.c).
 * What both need is said once: the head that came, the body behind it, memory.
 *
 * A struct stoa_http rests in its core's list and is taken by a connection's task for as long as the
 * connection is served (service.h); it runs exchange after exchange (serve_h1.c). Of an exchange it
 * holds the parsed head, how far the request's body (body.h) and the response (reply.h) have come,
 * and the bytes held back for the next send (out.h). It lies on no stack: it is too large. */
#ifndef HTTP_STATE_H
#define HTTP_STATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "http/serve.h"
#include "stage/request.h"
#include "wire/chunked.h"
#include "wire/target.h"

#include <errno.h>

enum {
    OUT_BYTES = 16384, /* held back for one send: some 100 small responses */
    SET_BYTES = 512,   /* of fields that a handler sets, without an allocation */
    ARENA_BYTES = 2048 /* of an exchange's memory, without one */
};

struct body_causes { /* ids of what ends a body early; static */
    const char *malformed, *truncated, *reset, *timeout, *too_large;
};

struct body { /* of the request; of a fetched exchange, of the reply */
    bool chunked;
    bool until_close; /* the end of the connection is its end, and no loss */
    bool ended;
    bool awaited;     /* the client waits for a 100 (Continue) before it sends */
    int err;          /* what ended it early; stays */
    int fault;        /* why, when err is STOA_EPROTO */
    uint64_t left;    /* still to come, unless chunked */
    uint64_t got;     /* read so far, decoded */
    uint64_t max;     /* more is STOA_ETOOBIG */
    stoa_time within; /* longest silence */
    const struct body_causes *causes;
    size_t ready; /* decoded bytes that stand in front of the unread ones */
    struct chunked decoder;
};

enum reply_phase {
    REPLY_NONE,
    REPLY_STARTED, /* status and length are known; the head is not written */
    REPLY_BODY,    /* the head is written */
    REPLY_ENDED
};

struct reply {
    enum reply_phase phase;
    int status;
    bool chunked;
    bool bodiless;    /* HEAD, 204, 205, 304: what is written is counted and dropped */
    bool until_close; /* the end of the connection ends the body */
    bool paused;      /* it was handed over late on purpose */
    int64_t len;      /* announced; -1 = not known */
    uint64_t sent;    /* bytes of body written; without what could not be sent */
};

struct refusal { /* of a request that no handler sees; status 0 = none */
    int status;
    const char *why, *cause;
};

struct stoa_http {
    struct fetch *fetch;    /* a client's half, see fetch.h; NULL = a server's exchange */
    struct http_service *s; /* a server's, as are all that speak of serving, and `reply` */
    struct http_core *part; /* of s, this core's */
    struct stoa_http *next; /* in the part's list of those that rest */
    stoa_conn *c;
    struct core *core;
    stoa_task *task;

    /* Of the connection: */
    int lost; /* < 0: what went wrong with sending; nothing more can be sent */

    /* Of the exchange, made new for each: */
    int head_bytes; /* < 0: enum fault */
    bool in_place;  /* the head stands in front of the unread bytes; else it was copied */
    bool close;     /* the connection ends after this exchange */
    struct refusal refusal;
    struct target target;
    struct body body;
    struct reply reply;
    int err;
    const char *cause;
    stoa_time began;
    int64_t began_real_ns;
    struct stage_request times;

    struct arena arena;
    struct buf set; /* fields that the handler set */

    size_t out_n;    /* bytes in out */
    size_t reply_at; /* where this exchange's begin; 0 once some of them have gone */
    bool reply_gone; /* some have */
    bool sending;    /* a task waits for out to be sent */
    struct job wait; /* runs when the handler waits; posted while earlier responses are held */

    struct head head;
    char set_bytes[SET_BYTES];
    char arena_bytes[ARENA_BYTES];
    char out[]; /* OUT_BYTES of a server's, none of a client's */
};

/* A time limit around one wait of whichever task runs, which may have a nearer deadline of its own. */
struct within {
    stoa_task *task;
    stoa_time when, own;
};

static inline struct within within_begin_until(const stoa_http *x, stoa_time when)
{
    struct within w = { task_running(&x->core->sched), when, STOA_NEVER };
    w.own = stoa_deadline(w.task, w.when);
    if (w.own < w.when)
        stoa_deadline(w.task, w.own);
    return w;
}

static inline struct within within_begin(const stoa_http *x, stoa_time span)
{
    return within_begin_until(x, core_in(x->core, span));
}

/* returns whether a -ETIMEDOUT was this limit's, not the task's own. */
static inline bool within_end(const struct within *w)
{
    stoa_deadline(w->task, w->own);
    return w->own >= w->when;
}

#endif
