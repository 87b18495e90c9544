/* app/cache.h -- the hot files of one core: by path, what was seen there last, and the variants
 * that were made of it, as far as the budget goes.
 *
 * Keeps, forgets, and lets go of what was not used lately. Knows no disk: whether an entry is still
 * true is for the store to find out. A variant that is being sent outlives its entry. */
#ifndef APP_CACHE_H
#define APP_CACHE_H

#include "app/variant.h"
#include "base/list.h"
#include "base/map.h"

/* What lies at a path: the file (CODING_IDENTITY), and its compressed siblings. */
struct seen {
    unsigned codings; /* a bit for each that is there: 1 << CODING_GZIP */
    struct version versions[CODING_COUNT];
};

struct entry {
    struct map_node node;
    struct list order;
    stoa_time looked; /* when `seen` was true */
    bool is_used;     /* since it was last considered for eviction */
    struct seen seen;
    struct variant *variants[CODING_COUNT]; /* those that were wanted */
    size_t path_n;
    char path[];
};

struct cache {
    struct map map;
    struct list order; /* of entries: the next to be evicted last */
    size_t bytes, bytes_max;
    const struct stoa_mem *mem;
};

/* key: random. */
void cache_init(struct cache *c, const struct stoa_mem *mem, const struct siphash_key *key,
                size_t bytes_max);

/* Nothing in it may be in use. */
void cache_done(struct cache *c);

/* NULL when there is none. */
struct entry *cache_find(struct cache *c, struct stoa_str path);

/* Notes what was seen at path at the moment `looked`. Variants of what is there no more go.
 *   returns  the entry; NULL when there is no room or memory for it: then nothing is known of path. */
struct entry *cache_note(struct cache *c, struct stoa_str path, const struct seen *seen,
                         stoa_time looked);

/* Keeps v, made of what is at path, if that is what was noted there; takes the place of the one
 * that is there. May evict others, and v itself. */
void cache_keep(struct cache *c, struct stoa_str path, struct variant *v);

void cache_forget(struct cache *c, struct entry *e);

#endif
