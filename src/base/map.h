/* base/map.h -- a hash map whose nodes live in their owners. Keys are the owners' business: the map
 * finds nodes by a 64-bit hash, and whoever asks compares the keys of those that have it.
 *
 *     uint64_t hash = map_hash(&m, name);
 *     for (struct map_node *n = map_first(&m, hash); n; n = map_next(n))
 *         if (str_eq(owner_of(n)->name, name))
 *             return owner_of(n);
 *
 * Keyed with a secret (siphash.h), so that peers cannot choose names that all land in one chain. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/mem.h"
#include "base/siphash.h"

struct map_node {
    struct map_node *next; /* in the same chain */
    uint64_t hash;
};

struct map {
    struct map_node **chains;
    size_t room, count; /* room: of chains, a power of two, or 0 */
    const struct stoa_mem *mem;
    struct siphash_key key;
};

/* key: random. */
void map_init(struct map *m, const struct stoa_mem *mem, const struct siphash_key *key);

/* Frees the chains; the nodes are their owners'. */
void map_done(struct map *m);

static inline uint64_t map_hash(const struct map *m, struct stoa_str key)
{
    return siphash(&m->key, key);
}

/* The first node with that hash, NULL when there is none; and the next with the same. */
static inline struct map_node *map_first(const struct map *m, uint64_t hash)
{
    struct map_node *n = m->room ? m->chains[hash & (m->room - 1)] : NULL;
    while (n && n->hash != hash)
        n = n->next;
    return n;
}

static inline struct map_node *map_next(const struct map_node *node)
{
    struct map_node *n = node->next;
    while (n && n->hash != node->hash)
        n = n->next;
    return n;
}

/* Puts n in, beside those that have the same hash.
 *   returns  0; -ENOMEM (nothing changed): only while the map has no chains at all. Later, lack of
 *            memory makes chains longer, not insertions fail. */
int map_insert(struct map *m, struct map_node *n, uint64_t hash);

/* Takes n out, which is in m. */
void map_remove(struct map *m, struct map_node *n);

#endif
