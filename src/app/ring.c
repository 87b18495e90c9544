/* app/ring.c -- see ring.h. */
#include "app/ring.h"

#include <errno.h>

int ring_init(struct ring *r, const struct stoa_mem *mem, size_t room)
{
    atomic_init(&r->added, 0);
    atomic_init(&r->taken, 0);
    atomic_init(&r->dropped, 0);
    r->room = room;
    r->bytes = mem_alloc(mem, room);
    return r->bytes ? 0 : -ENOMEM;
}

void ring_done(struct ring *r, const struct stoa_mem *mem)
{
    mem_free(mem, r->bytes, r->room);
    r->bytes = NULL;
}

size_t ring_add(struct ring *r, struct stoa_str s)
{
    size_t added = atomic_load_explicit(&r->added, memory_order_relaxed);
    size_t waiting = added - atomic_load_explicit(&r->taken, memory_order_acquire);
    if (s.n > r->room - waiting) {
        atomic_fetch_add_explicit(&r->dropped, 1, memory_order_relaxed);
        return waiting;
    }
    size_t at = added & (r->room - 1), first = r->room - at;
    if (first > s.n)
        first = s.n;
    memcpy(r->bytes + at, s.p, first);
    memcpy(r->bytes, s.p + first, s.n - first);
    /* Sequentially consistent: the adder then looks whether the taker sleeps, while the taker says
     * that it sleeps and then looks here. */
    atomic_store(&r->added, added + s.n);
    return waiting + s.n;
}

struct stoa_str ring_peek(struct ring *r)
{
    size_t taken = atomic_load_explicit(&r->taken, memory_order_relaxed);
    size_t n = atomic_load_explicit(&r->added, memory_order_acquire) - taken;
    size_t at = taken & (r->room - 1);
    return (struct stoa_str){ r->bytes + at, n < r->room - at ? n : r->room - at };
}

void ring_take(struct ring *r, size_t n)
{
    size_t taken = atomic_load_explicit(&r->taken, memory_order_relaxed);
    atomic_store_explicit(&r->taken, taken + n, memory_order_release);
}
