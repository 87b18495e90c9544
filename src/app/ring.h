/* app/ring.h -- bytes from one thread to another without locks: a core adds whole lines, the log's
 * thread takes what has come. What does not fit is dropped and counted. */
#ifndef APP_RING_H
#define APP_RING_H

#include "base/mem.h"
#include "base/str.h"

#include <stdatomic.h>

enum { RING_APART_BYTES = 64 }; /* a line of the processor's cache: the two do not share one */

struct ring {
    atomic_size_t added;   /* bytes ever; the adder's */
    atomic_ullong dropped; /* lines, since they were last asked for */
    char *bytes;
    size_t room; /* a power of two */
    char apart[RING_APART_BYTES];
    atomic_size_t taken; /* bytes ever; the taker's */
    char apart_too[RING_APART_BYTES];
};

/* returns  0, -ENOMEM. room: a power of two. */
int ring_init(struct ring *r, const struct stoa_mem *mem, size_t room);
void ring_done(struct ring *r, const struct stoa_mem *mem);

/* The adder: adds all of s, or drops it.
 *   returns  the bytes that wait now. */
size_t ring_add(struct ring *r, struct stoa_str s);

/* The taker: how many bytes wait; they end with a line's end. */
static inline size_t ring_waiting(struct ring *r)
{
    return atomic_load_explicit(&r->added, memory_order_acquire) -
           atomic_load_explicit(&r->taken, memory_order_relaxed);
}

/* The taker: what waits, up to where the storage ends; n 0 = nothing. Then takes n bytes of it. */
struct stoa_str ring_peek(struct ring *r);
void ring_take(struct ring *r, size_t n);

static inline bool ring_is_empty(struct ring *r)
{
    /* In one order with the adder's, see ring_add: who sleeps after this was true gets woken. */
    return atomic_load(&r->added) == atomic_load_explicit(&r->taken, memory_order_relaxed);
}

#endif
