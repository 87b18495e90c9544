/* sim/vdisk.h -- virtual files: a tree of nodes whose bytes are computed, and which change, shrink,
 * are replaced and disappear; with the history of every name, so that a client can be judged by
 * what stood there while it asked.
 *
 * Knows no descriptors: sim/calls.c does. */
#ifndef SIM_VDISK_H
#define SIM_VDISK_H

#include "base/list.h"
#include "sim/world.h"

#include <sys/stat.h>

enum { VDISK_NAME_MAX = 64, VDISK_VERSIONS = 32 };

/* How a node's bytes came to be: those of a content are the same wherever it stands. */
struct vversion {
    uint64_t content;
    uint64_t size;
    stoa_time from; /* since then; the next version's `from` ends it */
    bool is_gone;   /* nothing stands there */
};

/* What stands under a name; replaced by rename, or changed in place. */
struct vnode {
    struct list node; /* in the disk's list of all */
    uint64_t ino;
    mode_t mode; /* S_IFREG, S_IFDIR, S_IFIFO with permissions; no permissions = -EACCES */
    uint64_t content, size;
    int64_t modified_ns;
    int holders; /* the entry and the open descriptors */
};

/* A name in the tree, for ever; what stands under it changes. */
struct ventry {
    struct list node; /* in the disk's list, in the order of making */
    struct ventry *parent;
    char name[VDISK_NAME_MAX];
    struct vnode *at; /* NULL = gone */
    unsigned kinds;   /* enum change bits: what may happen to it */
    struct vversion versions[VDISK_VERSIONS];
    unsigned count;
};

enum change {
    CHANGE_REPLACE = 1, /* another file is renamed onto it */
    CHANGE_REWRITE = 2, /* its bytes change in place */
    CHANGE_GROW = 4,
    CHANGE_SHRINK = 8,
    CHANGE_VANISH = 16, /* and sometimes comes back */
};

struct vdisk {
    struct world *w;
    struct ventry *root;
    struct list entries, nodes;
    uint64_t made; /* nodes and contents so far: their numbers */
};

void vdisk_init(struct vdisk *d, struct world *w);
void vdisk_done(struct vdisk *d);

/* Adds a name below parent. mode as struct vnode's. */
struct ventry *vdisk_add(struct vdisk *d, struct ventry *parent, const char *name, mode_t mode,
                         uint64_t size);

/* The entry of a path ("" = the root, no leading slash); NULL = there never was one. */
struct ventry *vdisk_find(const struct vdisk *d, const char *path);

/* Something changes, if anything may, as it does while the server looks. */
void vdisk_change(struct vdisk *d);

/* Copies n bytes of a content. */
void content_copy(uint64_t content, uint64_t at, void *to, size_t n);
bool content_is(uint64_t content, uint64_t at, const void *p, size_t n);

/* openat2 beneath `base`. flags: O_*. returns 0 and *ret, held; -errno. */
int vdisk_open(struct vdisk *d, struct ventry *base, const char *path, int flags,
               struct vnode **node, struct ventry **entry);
void vdisk_hold(struct vnode *n);
void vdisk_drop(struct vnode *n);

void vdisk_stat(const struct vnode *n, struct stat *ret);

/* getdents64 of an entry's children from the place *at on, which moves.
 *   returns  bytes; 0 = the end; -EINVAL: not even one fits. */
ssize_t vdisk_list(struct vdisk *d, const struct ventry *dir, unsigned *at, char *buf, size_t n);

#endif
