/* stage/word.h -- stores into the mapped file that other threads and processes read meanwhile. One
 * thread writes each; on x86-64 all of these are plain moves.
 *
 * An entry with a sequence counter is odd while it is written: the release of each store keeps it
 * behind the odd counter, the acquire of each load keeps it before the second look at the counter
 * (so no fence is needed, of which ThreadSanitizer knows nothing). */
#ifndef STAGE_WORD_H
#define STAGE_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A counter that stands by itself. */
static inline void stage_count(uint64_t *at, uint64_t n)
{
    __atomic_store_n(at, *at + n, __ATOMIC_RELAXED);
}

static inline void stage_set(int64_t *at, int64_t v)
{
    __atomic_store_n(at, v, __ATOMIC_RELAXED);
}

static inline uint64_t stage_read(const uint64_t *at)
{
    return __atomic_load_n(at, __ATOMIC_RELAXED);
}

/* The beginning and end of writing an entry. */
static inline void stage_begin(uint32_t *seq)
{
    __atomic_store_n(seq, *seq + 1, __ATOMIC_RELAXED);
}

static inline void stage_end(uint32_t *seq)
{
    __atomic_store_n(seq, *seq + 1, __ATOMIC_RELEASE);
}

/* Between these two: a field of the entry, or n bytes, a multiple of 8, aligned so. */
#define stage_put(at, v) __atomic_store_n((at), (v), __ATOMIC_RELEASE)

static inline void stage_put_bytes(void *to, const void *from, size_t n)
{
    uint64_t *t = to;
    const uint64_t *f = from;
    for (size_t i = 0; i < n / sizeof *t; i++)
        __atomic_store_n(t + i, f[i], __ATOMIC_RELEASE);
}

/* The other side: copies an entry of n bytes, a multiple of 8, whose counter is *seq; tries a few
 * times when it is being written.
 *   returns  whether the copy is whole. */
static inline bool stage_get_bytes(void *to, const void *from, size_t n, const uint32_t *seq)
{
    uint64_t *t = to;
    const uint64_t *f = from;
    for (int tries = 0; tries < 64; tries++) {
        uint32_t before = __atomic_load_n(seq, __ATOMIC_ACQUIRE);
        for (size_t i = 0; i < n / sizeof *t; i++)
            t[i] = __atomic_load_n(f + i, __ATOMIC_ACQUIRE);
        if (before % 2 == 0 && __atomic_load_n(seq, __ATOMIC_RELAXED) == before)
            return true;
    }
    return false;
}

#endif
