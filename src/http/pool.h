/* http/pool.h -- a core's idle connections to servers, kept for the next request to the same address.
 *
 * Bounded in number and in age. One that its peer has closed, or on which something comes that nobody
 * asked for, is dropped at once. Knows nothing of requests. Called by fetch.c. */
#ifndef HTTP_POOL_H
#define HTTP_POOL_H

#include "core/core.h"

/* The connection to that address that was used last; nobody's, now the caller's. NULL = none. */
stoa_conn *pool_take(struct core *core, struct stoa_str address);

/* Keeps c, which is nobody's, or closes it: there is no memory, or the core stops. */
void pool_give(struct core *core, struct stoa_str address, stoa_conn *c);

#endif
