/* sim/vdisk.c -- virtual files: see vdisk.h. */
#include "sim/vdisk.h"

#include "base/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

void vdisk_init(struct vdisk *d, struct world *w)
{
    *d = (struct vdisk){ .w = w };
    list_init(&d->entries);
    list_init(&d->nodes);
    d->root = vdisk_add(d, NULL, "", S_IFDIR | 0755, 0);
}

void vdisk_done(struct vdisk *d)
{
    list_each (node, &d->entries)
        free(list_owner(node, struct ventry, node));
    list_each (node, &d->nodes)
        free(list_owner(node, struct vnode, node));
}

/* ---- bytes ---- */

static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void content_copy(uint64_t content, uint64_t at, void *to, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint64_t word = mix(content * 0x9e3779b97f4a7c15u + ((at + i) >> 3));
        size_t skip = (at + i) & 7, have = 8 - skip < n - i ? 8 - skip : n - i;
        memcpy((char *)to + i, (char *)&word + skip, have);
        i += have;
    }
}

bool content_is(uint64_t content, uint64_t at, const void *p, size_t n)
{
    char want[1024];
    for (size_t i = 0; i < n;) {
        size_t piece = n - i < sizeof(want) ? n - i : sizeof(want);
        content_copy(content, at + i, want, piece);
        if (memcmp(want, (const char *)p + i, piece) != 0)
            return false;
        i += piece;
    }
    return true;
}

/* ---- names and what stands under them ---- */

static struct vnode *node_new(struct vdisk *d, mode_t mode, uint64_t size)
{
    struct vnode *n = calloc(1, sizeof(*n));
    check(n);
    n->ino = n->content = ++d->made;
    n->mode = mode;
    n->size = size;
    n->modified_ns = world_real(d->w);
    n->holders = 1;
    list_push_back(&d->nodes, &n->node);
    return n;
}

void vdisk_hold(struct vnode *n)
{
    n->holders++;
}

void vdisk_drop(struct vnode *n)
{
    if (--n->holders > 0)
        return;
    list_unlink(&n->node);
    free(n);
}

/* Writes the present state of e into its history. */
static void entry_note(struct vdisk *d, struct ventry *e)
{
    check(e->count < VDISK_VERSIONS);
    e->versions[e->count++] = (struct vversion){ .content = e->at ? e->at->content : 0,
                                                 .size = e->at ? e->at->size : 0,
                                                 .from = d->w->now,
                                                 .is_gone = !e->at };
}

struct ventry *vdisk_add(struct vdisk *d, struct ventry *parent, const char *name, mode_t mode,
                         uint64_t size)
{
    struct ventry *e = calloc(1, sizeof(*e));
    check(e && strlen(name) < sizeof(e->name));
    strcpy(e->name, name);
    e->parent = parent;
    e->at = node_new(d, mode, size);
    /* Most files were made long ago; validators treat those of this second with care. */
    e->at->modified_ns -= world_between(d->w, 0, 3000) * STOA_SEC;
    list_push_back(&d->entries, &e->node);
    entry_note(d, e);
    return e;
}

static struct ventry *child_find(const struct vdisk *d, const struct ventry *dir, const char *name,
                                 size_t n)
{
    list_each (node, &d->entries) {
        struct ventry *e = list_owner(node, struct ventry, node);
        if (e->parent == dir && strlen(e->name) == n && memcmp(e->name, name, n) == 0)
            return e;
    }
    return NULL;
}

struct ventry *vdisk_find(const struct vdisk *d, const char *path)
{
    struct ventry *e = d->root;
    while (e && *path) {
        size_t n = strcspn(path, "/");
        if (n)
            e = child_find(d, e, path, n);
        path += n + (path[n] == '/');
    }
    return e;
}

/* ---- changes ---- */

static void change_make(struct vdisk *d, struct ventry *e, enum change kind)
{
    struct vnode *n = e->at;
    world_note(d->w, "disk-change", (int64_t)n->ino, kind);
    if (kind == CHANGE_REPLACE || kind == CHANGE_VANISH) {
        mode_t mode = n->mode;
        vdisk_drop(n);
        e->at = kind == CHANGE_REPLACE ? node_new(d, mode, world_size(d->w, 0, 100000)) : NULL;
    } else {
        n->modified_ns = world_real(d->w);
        if (kind == CHANGE_REWRITE)
            n->content = ++d->made;
        if (kind == CHANGE_GROW)
            n->size += world_size(d->w, 1, 20000);
        if (kind == CHANGE_SHRINK)
            n->size = world_below(d->w, n->size + 1);
    }
    entry_note(d, e);
}

static struct ventry *changeable(struct vdisk *d)
{
    struct ventry *found = NULL;
    uint64_t n = 0;
    list_each (node, &d->entries) {
        struct ventry *e = list_owner(node, struct ventry, node);
        if (e->kinds && e->count < VDISK_VERSIONS && world_below(d->w, ++n) == 0)
            found = e;
    }
    return found;
}

void vdisk_change(struct vdisk *d)
{
    struct ventry *e = changeable(d);
    if (!e)
        return;
    if (!e->at) {
        e->at = node_new(d, S_IFREG | 0644, world_size(d->w, 0, 100000));
        entry_note(d, e);
        return;
    }
    unsigned kind;
    do
        kind = 1u << world_below(d->w, 5);
    while (!(e->kinds & kind));
    change_make(d, e, kind);
}

/* ---- what the calls need ---- */

/* One step from dir. returns 0, -EXDEV (above the base), -ENOENT, -ENOTDIR. */
static int walk(struct vdisk *d, struct ventry *base, struct ventry **e, const char *name, size_t n)
{
    if (!(*e)->at || !S_ISDIR((*e)->at->mode))
        return -ENOTDIR;
    if (n == 0 || (n == 1 && name[0] == '.'))
        return 0;
    if (n == 2 && memcmp(name, "..", 2) == 0) {
        if (*e == base)
            return -EXDEV;
        *e = (*e)->parent;
        return 0;
    }
    if (n > 255)
        return -ENAMETOOLONG;
    struct ventry *next = child_find(d, *e, name, n);
    if (!next || !next->at)
        return -ENOENT;
    *e = next;
    return 0;
}

int vdisk_open(struct vdisk *d, struct ventry *base, const char *path, int flags,
               struct vnode **node, struct ventry **entry)
{
    struct ventry *e = base;
    if (path[0] == 0)
        return -ENOENT;
    if (path[0] == '/')
        return -EXDEV;
    for (;;) {
        size_t n = strcspn(path, "/");
        int r = walk(d, base, &e, path, n);
        if (r < 0)
            return r;
        if (path[n] == 0)
            break;
        path += n + 1;
    }
    if ((flags & O_DIRECTORY) && !S_ISDIR(e->at->mode))
        return -ENOTDIR;
    if (S_ISDIR(e->at->mode) && (flags & O_ACCMODE) != O_RDONLY)
        return -EISDIR;
    if (!(flags & O_PATH) && !(e->at->mode & 0444))
        return -EACCES;
    if (!(flags & O_PATH) && S_ISSOCK(e->at->mode))
        return -ENXIO;
    if (!(flags & O_PATH) && S_ISFIFO(e->at->mode))
        world_fail(d->w, "open: of a FIFO, whose writer it wakes");
    *node = e->at;
    *entry = e;
    vdisk_hold(e->at);
    return 0;
}

void vdisk_stat(const struct vnode *n, struct stat *ret)
{
    *ret = (struct stat){
        .st_dev = 1,
        .st_ino = n->ino,
        .st_mode = n->mode,
        .st_nlink = 1,
        .st_size = (off_t)n->size,
        .st_blksize = 4096,
        .st_mtim = { n->modified_ns / STOA_SEC, n->modified_ns % STOA_SEC },
        .st_ctim = { n->modified_ns / STOA_SEC, n->modified_ns % STOA_SEC },
    };
}

static unsigned char dirent_type(mode_t mode)
{
    return (unsigned char)((mode & S_IFMT) >> 12);
}

static struct ventry *child_at(struct vdisk *d, const struct ventry *dir, unsigned at)
{
    unsigned i = 0;
    list_each (node, &d->entries) {
        struct ventry *e = list_owner(node, struct ventry, node);
        if (i++ >= at && e->parent == dir && e->at)
            return e;
    }
    return NULL;
}

static unsigned entry_index(const struct vdisk *d, const struct ventry *e)
{
    unsigned i = 0;
    list_each (node, &d->entries) {
        if (list_owner(node, struct ventry, node) == e)
            break;
        i++;
    }
    return i;
}

ssize_t vdisk_list(struct vdisk *d, const struct ventry *dir, unsigned *at, char *buf, size_t n)
{
    size_t used = 0;
    for (;;) {
        const char *name = *at == 0 ? "." : "..";
        struct ventry *e = *at < 2 ? NULL : child_at(d, dir, *at - 2);
        if (*at >= 2 && !e)
            break;
        name = e ? e->name : name;
        struct dirent64 *out = (void *)(buf + used);
        size_t len = (offsetof(struct dirent64, d_name) + strlen(name) + 1 + 7) & ~(size_t)7;
        if (used + len > n)
            return used ? (ssize_t)used : -EINVAL;
        *at = e ? entry_index(d, e) + 3 : *at + 1;
        out->d_ino = e ? e->at->ino : dir->at->ino;
        out->d_off = *at;
        out->d_reclen = (unsigned short)len;
        out->d_type = e ? dirent_type(e->at->mode) : DT_DIR;
        strcpy(out->d_name, name);
        used += len;
    }
    return (ssize_t)used;
}
