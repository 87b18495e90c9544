/* sim/ram.c -- an allocator that remembers: see memory.h. */
#include "sim/ram.h"

#include "base/check.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

struct block {
    struct list node;
    size_t n;
    uint64_t mark;
    alignas(max_align_t) char bytes[];
};

#define MARK UINT64_C(0x5a5a1234beefcafe)

static void *ram_alloc(void *ctx, size_t n)
{
    struct ram *m = ctx;
    if (world_mishap(m->w, MISHAP_ALLOC))
        return NULL;
    struct block *b = malloc(sizeof(*b) + n);
    check(b);
    b->n = n;
    b->mark = MARK;
    memset(b->bytes, 0xa5, n);
    list_push_back(&m->blocks, &b->node);
    m->live++;
    m->bytes += n;
    if (m->bytes > m->bytes_most)
        m->bytes_most = m->bytes;
    return b->bytes;
}

static void ram_release(void *ctx, void *p, size_t n)
{
    struct ram *m = ctx;
    struct block *b = list_owner(p, struct block, bytes);
    if (b->mark != MARK) {
        world_fail(m->w, "memory: freed what was not allocated, or twice");
        return;
    }
    if (world_plants(m->w, PLANT_MEM_LOST))
        return;
    if (world_plants(m->w, PLANT_MEM_SIZE))
        n++;
    if (b->n != n)
        world_fail(m->w, "memory: %zu bytes allocated, %zu freed", b->n, n);
    b->mark = 0;
    list_unlink(&b->node);
    m->live--;
    m->bytes -= b->n;
    memset(b->bytes, 0x5a, b->n);
    free(b);
}

void ram_init(struct ram *m, struct world *w)
{
    *m = (struct ram){ .w = w, .mem = { ram_alloc, ram_release, m } };
    list_init(&m->blocks);
}

void ram_done(struct ram *m)
{
    if (m->live)
        world_fail(m->w, "memory: %zu blocks, %zu bytes left", m->live, m->bytes);
    list_each (node, &m->blocks) {
        list_unlink(node);
        free(list_owner(node, struct block, node));
    }
}
