/* app/cache.c -- see cache.h. Eviction gives a second chance: what was used since it was last
 * considered goes to the front of the queue, so that a hit need not move anything. */
#include "app/cache.h"

void cache_init(struct cache *c, const struct stoa_mem *mem, const struct siphash_key *key,
                size_t bytes_max)
{
    *c = (struct cache){ .bytes_max = bytes_max, .mem = mem };
    map_init(&c->map, mem, key);
    list_init(&c->order);
}

void cache_done(struct cache *c)
{
    while (!list_is_empty(&c->order))
        cache_forget(c, list_owner(c->order.next, struct entry, order));
    map_done(&c->map);
}

static struct entry *find(const struct cache *c, struct stoa_str path, uint64_t hash)
{
    for (struct map_node *n = map_first(&c->map, hash); n; n = map_next(n)) {
        struct entry *e = list_owner(n, struct entry, node);
        if (e->path_n == path.n && memcmp(e->path, path.p, path.n) == 0)
            return e;
    }
    return NULL;
}

struct entry *cache_find(struct cache *c, struct stoa_str path)
{
    return find(c, path, map_hash(&c->map, path));
}

static size_t entry_bytes(const struct entry *e)
{
    return sizeof *e + e->path_n;
}

static void let_go(struct cache *c, struct entry *e, enum coding coding)
{
    struct variant *v = e->variants[coding];
    if (!v)
        return;
    e->variants[coding] = NULL;
    c->bytes -= variant_bytes(v);
    v->is_kept = false;
    if (v->users == 0)
        variant_free(c->mem, v);
}

void cache_forget(struct cache *c, struct entry *e)
{
    for (int i = 0; i < CODING_COUNT; i++)
        let_go(c, e, (enum coding)i);
    map_remove(&c->map, &e->node);
    list_unlink(&e->order);
    c->bytes -= entry_bytes(e);
    mem_free(c->mem, e, entry_bytes(e));
}

static void evict(struct cache *c)
{
    while (c->bytes > c->bytes_max && !list_is_empty(&c->order)) {
        struct entry *e = list_owner(c->order.prev, struct entry, order);
        if (!e->is_used) {
            cache_forget(c, e);
            continue;
        }
        e->is_used = false;
        list_unlink(&e->order);
        list_push_front(&c->order, &e->order);
    }
}

static struct entry *add(struct cache *c, struct stoa_str path, uint64_t hash)
{
    struct entry *e = mem_alloc(c->mem, sizeof *e + path.n);
    if (!e)
        return NULL;
    *e = (struct entry){ .path_n = path.n };
    memcpy(e->path, path.p, path.n);
    if (map_insert(&c->map, &e->node, hash) < 0) {
        mem_free(c->mem, e, entry_bytes(e));
        return NULL;
    }
    list_push_front(&c->order, &e->order);
    c->bytes += entry_bytes(e);
    evict(c);
    return find(c, path, hash);
}

/* Each variant tells in its fields whether there are others, so all go when one comes or goes. */
static void let_changed_go(struct cache *c, struct entry *e, const struct seen *seen)
{
    bool all = seen->codings != e->seen.codings;
    for (int i = 0; i < CODING_COUNT; i++)
        if (all || !version_eq(&seen->versions[i], &e->seen.versions[i]))
            let_go(c, e, (enum coding)i);
}

struct entry *cache_note(struct cache *c, struct stoa_str path, const struct seen *seen,
                         stoa_time looked)
{
    uint64_t hash = map_hash(&c->map, path);
    struct entry *e = find(c, path, hash);
    if (e)
        let_changed_go(c, e, seen);
    else if (!(e = add(c, path, hash)))
        return NULL;
    e->seen = *seen;
    e->looked = looked;
    return e;
}

void cache_keep(struct cache *c, struct stoa_str path, struct variant *v)
{
    struct entry *e = cache_find(c, path);
    if (!e || !(e->seen.codings >> v->coding & 1) ||
        !version_eq(&e->seen.versions[v->coding], &v->version))
        return;
    let_go(c, e, v->coding);
    e->variants[v->coding] = v;
    v->is_kept = true;
    c->bytes += variant_bytes(v);
    evict(c);
}
