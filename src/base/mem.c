/* base/mem.c -- see mem.h. */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void *alloc_default(void *ctx, size_t n)
{
    (void)ctx;
    return malloc(n);
}

static void release_default(void *ctx, void *p, size_t n)
{
    (void)ctx;
    (void)n;
    free(p);
}

const struct stoa_mem mem_default = { alloc_default, release_default, NULL };

void *mem_zalloc(const struct stoa_mem *m, size_t n)
{
    void *p = mem_alloc(m, n);
    return p ? memset(p, 0, n) : NULL;
}
