/* base/mem.h -- the allocator: malloc, or what the program that embeds us gave. Tests give one
 * that fails at the n-th call: every call's failure is an answer, never a crash. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stoa/embed.h>

#include <stddef.h>

/* malloc and free. */
extern const struct stoa_mem mem_default;

/* returns n bytes, not zeroed, yours; NULL when there are none. */
static inline void *mem_alloc(const struct stoa_mem *m, size_t n)
{
    return m->alloc(m->ctx, n);
}

/* The same, zeroed. */
void *mem_zalloc(const struct stoa_mem *m, size_t n);

/* Frees p, of the n bytes it was asked for with; NULL is fine. */
static inline void mem_free(const struct stoa_mem *m, void *p, size_t n)
{
    if (p)
        m->release(m->ctx, p, n);
}

#endif
