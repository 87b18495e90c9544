/* app/listing.h -- what is in a folder: those entries that can be asked for, with size and date,
 * in the order in which people look for them.
 *
 * Knows the disk; knows no HTTP and no HTML (page.h makes a page of it). */
#ifndef APP_LISTING_H
#define APP_LISTING_H

#include "base/arena.h"
#include "base/str.h"
#include "core/core.h"

enum {
    LISTING_ENTRIES_MAX = 20000, /* about 2 MiB while the page is being sent */
    LISTING_NAME_BYTES_MAX = 255 /* NAME_MAX of Linux */
};

struct listing_entry {
    struct stoa_str name;
    bool is_folder;
    uint64_t size;
    int64_t modified_s;
};

struct listing {
    struct listing_entry *entries; /* folders first, then by name */
    size_t count, room;
    bool is_cut; /* there are more than LISTING_ENTRIES_MAX: these are some of them */
    struct arena names;
    const struct stoa_mem *mem;
};

/* Reads a folder, on a helper thread. Entries that are neither file nor folder, that lead outside of
 * the root or nowhere are left out; those that start with a dot, too, unless `hidden`.  [waits]
 *   folder   as disk.h's paths.
 *   returns  0 and *ret, for listing_done; -ENOENT, -ENOTDIR, -EACCES, -ENOMEM... */
int listing_read(struct listing *ret, struct core *core, int root, const char *folder, bool hidden);

/* Frees it. */
void listing_done(struct listing *l);

#endif
