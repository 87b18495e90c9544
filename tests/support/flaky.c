/* support/flaky.c -- see flaky.h. */
#include "support/flaky.h"

#include <stdlib.h>

static void *alloc(void *ctx, size_t n)
{
    struct flaky *f = ctx;
    void *p = f->left == 0 ? NULL : malloc(n);
    if (!p) {
        f->failed++;
        return NULL;
    }
    if (f->left > 0)
        f->left--;
    f->bytes += n;
    return p;
}

static void release(void *ctx, void *p, size_t n)
{
    struct flaky *f = ctx;
    f->bytes -= n;
    free(p);
}

void flaky_init(struct flaky *f, long left)
{
    *f = (struct flaky){ .mem = { alloc, release, f }, .left = left };
}
