/* base/heap.h -- a binary min-heap of moments, whose nodes live in their owners and know their
 * place, so that any of them can be taken out. All operations O(log n). Used for timers. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include "base/mem.h"

#include <stdbool.h>

struct heap_node {
    stoa_time key;
    size_t place; /* 1-based; 0 = not in a heap */
};

struct heap {
    struct heap_node **nodes;
    size_t count, room;
    const struct stoa_mem *mem;
};

void heap_init(struct heap *h, const struct stoa_mem *mem);
void heap_done(struct heap *h);

/* Inserts n with its key. returns 0, -ENOMEM (nothing changed). */
int heap_insert(struct heap *h, struct heap_node *n);

/* Takes n out; harmless when it is in no heap. */
void heap_remove(struct heap *h, struct heap_node *n);

/* Puts n, which is in h, where its new key belongs. Never fails. */
void heap_rekey(struct heap *h, struct heap_node *n, stoa_time key);

/* The node with the smallest key; NULL when empty. */
static inline struct heap_node *heap_first(const struct heap *h)
{
    return h->count ? h->nodes[0] : NULL;
}

static inline bool heap_has(const struct heap_node *n)
{
    return n->place != 0;
}

#endif
