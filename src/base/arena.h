/* base/arena.h -- memory that is freed all at once: a task's, an exchange's.
 *
 * The first block may be the owner's own (on its stack), so that small use costs no allocation. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/mem.h"

struct arena_block;

struct arena {
    const struct stoa_mem *mem;
    struct arena_block *blocks; /* those allocated, newest first */
    char *at, *end;             /* what is left of the newest */
    char *first;                /* the owner's block, borrowed; may be NULL */
    char *first_end;
};

/* first: borrowed, first_n bytes, as long as the arena lives; NULL, 0 = none. */
void arena_init(struct arena *a, const struct stoa_mem *mem, void *first, size_t first_n);

/* returns n bytes, not zeroed, aligned for anything; NULL when there are none. */
void *arena_alloc(struct arena *a, size_t n);

/* Frees all that was allocated; the arena can be used again, as new. */
void arena_reset(struct arena *a);

#endif
