/* base/map.c -- see map.h. */
#include "base/map.h"

#include "base/check.h"

#include <errno.h>

enum { MAP_ROOM_MIN = 16 };

void map_init(struct map *m, const struct stoa_mem *mem, const struct siphash_key *key)
{
    *m = (struct map){ .mem = mem, .key = *key };
}

void map_done(struct map *m)
{
    mem_free(m->mem, m->chains, m->room * sizeof *m->chains);
    m->chains = NULL;
    m->room = m->count = 0;
}

static struct map_node **chain_of(const struct map *m, uint64_t hash)
{
    return &m->chains[hash & (m->room - 1)];
}

static void push(struct map *m, struct map_node *n)
{
    struct map_node **chain = chain_of(m, n->hash);
    n->next = *chain;
    *chain = n;
}

/* Twice the chains; without memory for them they stay as they are. */
static void grow(struct map *m)
{
    struct map bigger = *m;
    bigger.room = m->room ? m->room * 2 : MAP_ROOM_MIN;
    bigger.chains = mem_zalloc(m->mem, bigger.room * sizeof *bigger.chains);
    if (!bigger.chains)
        return;
    for (size_t i = 0; i < m->room; i++) {
        for (struct map_node *n = m->chains[i], *next; n; n = next) {
            next = n->next;
            push(&bigger, n);
        }
    }
    mem_free(m->mem, m->chains, m->room * sizeof *m->chains);
    *m = bigger;
}

int map_insert(struct map *m, struct map_node *n, uint64_t hash)
{
    if (m->count >= m->room)
        grow(m);
    if (m->room == 0)
        return -ENOMEM;
    n->hash = hash;
    push(m, n);
    m->count++;
    return 0;
}

void map_remove(struct map *m, struct map_node *n)
{
    struct map_node **at = chain_of(m, n->hash);
    while (*at && *at != n)
        at = &(*at)->next;
    check(*at == n);
    *at = n->next;
    m->count--;
}
