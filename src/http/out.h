/* http/out.h -- what an exchange sends: small pieces are gathered, and go out together with those of
 * the exchanges before and after it; large ones go from where they lie.
 *
 * A failure to send stays (x->lost): everything afterwards returns it. Called by body.c, reply.c,
 * serve_h1.c. */
#ifndef HTTP_OUT_H
#define HTTP_OUT_H

#include "http/state.h"

/* Copies p behind what is held back; sends when there is no room.                  [waits] */
int out_put(stoa_http *x, const void *p, size_t n);

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

#endif
