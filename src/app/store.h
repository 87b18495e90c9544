/* app/store.h -- the files of one core: those that are hot from memory, the others from the disk.
 *
 * Knows paths, the cache and the disk; does not know who asks, nor what is answered. What is in
 * memory is believed for STORE_BELIEVED_NS, then looked at again: a change on disk is seen at the
 * latest so long after it. Nothing is kept about paths where nothing is. */
#ifndef APP_STORE_H
#define APP_STORE_H

#include "app/cache.h"
#include "core/core.h"

enum {
    STORE_BELIEVED_NS = 1000000000,
    STORE_SPARE_BYTES = 5 /* ".zst", terminated */
};

/* A path as in disk.h. Its storage has STORE_SPARE_BYTES to spare from p + n on, where the suffix of
 * a compressed sibling stands for a while. */
struct store_path {
    char *p;
    size_t n;
};

struct store_options {
    int root; /* a folder's descriptor, borrowed */
    const struct stoa_mem *mem;
    size_t cache_max; /* bytes */
    size_t small_max; /* bytes of the largest file kept in memory */
    struct variant_options variant;
};

struct store {
    struct core *core;
    struct store_options opt;
    struct cache cache;
};

void store_init(struct store *s, struct core *core, const struct store_options *opt);

/* Nothing in it may be in use. */
void store_done(struct store *s);

enum {
    STORE_FILE = 0,
    STORE_FOLDER = 1,
    STORE_OTHER = 2 /* a FIFO, a device, a socket */
};

/* Finds the file at path, in the encoding that suits h best.                       [waits]
 *   returns  STORE_FILE and *ret, for store_release(); STORE_FOLDER, STORE_OTHER; < 0 as disk_stat,
 *            -EACCES (no permission to read), -ENOMEM, -EIO. */
int store_get(struct store *s, struct store_path path, const struct head *h, struct variant **ret);

/* Sees to it that v->fd is open, for one whose body is not in memory.              [waits]
 *   returns  0; -ESTALE: there is something else at path by now, to be got anew; < 0. */
int store_open_file(struct store *s, struct store_path path, struct variant *v);

void store_release(struct store *s, struct variant *v);

#endif
