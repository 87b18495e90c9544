/* support/failing.c -- see failing.h. Memory is filled when it is given and when it is taken back, so
 * that nothing lives on what an allocator happens to leave there. */
#include "support/failing.h"

#include <stdlib.h>
#include <string.h>

static void *alloc(void *ctx, size_t n)
{
    struct failing *f = ctx;
    if (atomic_fetch_add(&f->calls, 1) + 1 == f->fails_at)
        return NULL;
    void *p = malloc(n);
    if (p) {
        memset(p, 0xa5, n);
        atomic_fetch_add(&f->live, (long)n);
    }
    return p;
}

static void release(void *ctx, void *p, size_t n)
{
    struct failing *f = ctx;
    memset(p, 0x5a, n); /* n is right, or a sanitizer sees it */
    free(p);
    atomic_fetch_sub(&f->live, (long)n);
}

void failing_init(struct failing *f)
{
    *f = (struct failing){ .mem = { alloc, release, f } };
}
