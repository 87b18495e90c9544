/* http/out.h -- what an exchange sends: small pieces are gathered, and go out together with those of
 * the exchanges before and after it; large ones go from where they lie.
 *
 * A failure to send stays (x->lost): everything afterwards returns it. Called by body.c, reply.c,
 * serve_h1.c. */
#ifndef HTTP_OUT_H
#define HTTP_OUT_H

#include "http/state.h"

/* The slow half of out_put: there is no room for all of it. */
int out_put_and_send(stoa_http *x, const char *p, size_t n);

/* Copies p behind what is held back; sends when there is no room.                  [waits] */
static inline int out_put(stoa_http *x, const void *p, size_t n)
{
    if (n > OUT_BYTES - x->out_n)
        return out_put_and_send(x, p, n);
    if (n)
        memcpy(x->out + x->out_n, p, n);
    x->out_n += n;
    return x->lost;
}

static inline int out_str(stoa_http *x, struct stoa_str s)
{
    return out_put(x, s.p, s.n);
}

/* The same for a body: sent from where it lies when it is large.                  [waits] */
int out_body(stoa_http *x, const void *p, size_t n);

/* Sends n bytes of a file, behind what is held back.                              [waits]
 *   returns  0; STOA_EEOF: it is shorter; < 0. */
int out_file(stoa_http *x, int file, off_t at, uint64_t n);

/* Sends what is held back.                                                         [waits] */
int out_flush(stoa_http *x);

/* The same for the last that this connection sends: its end must follow at once, and goes out with
 * it.                                                                              [waits] */
int out_finish(stoa_http *x);

/* Between these two a handler runs. Should it wait for something, the responses before its own go
 * out meanwhile. */
void out_watch(stoa_http *x);
static inline void out_unwatch(stoa_http *x)
{
    sched_unpost(&x->wait);
}

/* What x->wait runs. */
void out_handler_waits(struct job *j);

#endif
