/* base/arena.c -- see arena.h. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>

enum { BLOCK_BYTES = 4096 };

struct arena_block {
    struct arena_block *older;
    size_t n; /* bytes asked for, this header included */
    max_align_t bytes[];
};

static char *align_up(char *p)
{
    size_t over = (uintptr_t)p % alignof(max_align_t);
    return over ? p + (alignof(max_align_t) - over) : p;
}

void arena_init(struct arena *a, const struct stoa_mem *mem, void *first, size_t first_n)
{
    *a = (struct arena){ .mem = mem, .first = first };
    a->first_end = first ? a->first + first_n : NULL;
    a->at = a->first;
    a->end = a->first_end;
}

void *arena_alloc(struct arena *a, size_t n)
{
    char *p = align_up(a->at);
    if (a->at && p <= a->end && n <= (size_t)(a->end - p)) {
        a->at = p + n;
        return p;
    }
    if (n > SIZE_MAX / 2)
        return NULL;
    size_t block_n = sizeof(struct arena_block) + n;
    if (block_n < BLOCK_BYTES)
        block_n = BLOCK_BYTES;
    struct arena_block *b = mem_alloc(a->mem, block_n);
    if (!b)
        return NULL;
    *b = (struct arena_block){ .older = a->blocks, .n = block_n };
    a->blocks = b;
    p = (char *)b->bytes;
    /* Keep filling the older block when this one was made for one large piece. */
    if (n < BLOCK_BYTES / 2 || !a->at) {
        a->at = p + n;
        a->end = (char *)b + block_n;
    }
    return p;
}

void arena_reset(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *b = a->blocks;
        a->blocks = b->older;
        mem_free(a->mem, b, b->n);
    }
    a->at = a->first;
    a->end = a->first_end;
}
