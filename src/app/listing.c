/* app/listing.c -- see listing.h. */
#include "app/listing.h"

#include "app/disk.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

enum { DIRENTS_BYTES = 32 * 1024 };

struct reading {
    struct listing *l;
    const char *folder;
    bool hidden;
    char *path;    /* of the entry that is looked at: folder, "/", name */
    size_t path_n; /* up to where the name goes */
    char *dirents; /* DIRENTS_BYTES */
};

static int by_kind_and_name(const void *a, const void *b)
{
    const struct listing_entry *x = a, *y = b;
    if (x->is_folder != y->is_folder)
        return x->is_folder ? -1 : 1;
    size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)str_lower(x->name.p[i]);
        unsigned char d = (unsigned char)str_lower(y->name.p[i]);
        if (c != d)
            return c < d ? -1 : 1;
    }
    if (x->name.n != y->name.n)
        return x->name.n < y->name.n ? -1 : 1;
    return memcmp(x->name.p, y->name.p, n);
}

static int make_room(struct listing *l)
{
    if (l->count < l->room)
        return 0;
    size_t room = l->room ? l->room * 2 : 64;
    struct listing_entry *entries = mem_alloc(l->mem, room * sizeof *entries);
    if (!entries)
        return -ENOMEM;
    if (l->count)
        memcpy(entries, l->entries, l->count * sizeof *entries);
    mem_free(l->mem, l->entries, l->room * sizeof *entries);
    l->entries = entries;
    l->room = room;
    return 0;
}

static int add(struct listing *l, struct stoa_str name, const struct stat *st)
{
    char *copy = arena_alloc(&l->names, name.n);
    if (!copy || make_room(l) < 0)
        return -ENOMEM;
    memcpy(copy, name.p, name.n);
    l->entries[l->count++] = (struct listing_entry){
        .name = { copy, name.n },
        .is_folder = S_ISDIR(st->st_mode),
        .size = (uint64_t)st->st_size,
        .modified_s = st->st_mtim.tv_sec,
    };
    return 0;
}

static bool is_wanted(const struct reading *rd, struct stoa_str name)
{
    if (str_eq(name, STR(".")) || str_eq(name, STR("..")) || name.n > LISTING_NAME_BYTES_MAX)
        return false;
    return rd->hidden || name.p[0] != '.';
}

/* Looks at the entry and adds it, if it can be asked for. */
static int take(const struct disk *d, struct reading *rd, struct stoa_str name)
{
    struct stat st;
    memcpy(rd->path + rd->path_n, name.p, name.n);
    rd->path[rd->path_n + name.n] = 0;
    if (disk_stat(d, rd->path, &st) < 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
        return 0;
    return add(rd->l, name, &st);
}

/* Takes the entries of one read_dir. returns 1 = the listing is full, 0, < 0. */
static int take_all(const struct disk *d, struct reading *rd, size_t n)
{
    for (size_t at = 0; at < n;) {
        const struct dirent *e = (const void *)(rd->dirents + at);
        struct stoa_str name = str_of(e->d_name);
        at += e->d_reclen;
        if (!is_wanted(rd, name))
            continue;
        if (rd->l->count == LISTING_ENTRIES_MAX) {
            rd->l->is_cut = true;
            return 1;
        }
        int r = take(d, rd, name);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_all(const struct disk *d, struct reading *rd, int fd)
{
    ssize_t n;
    int r = 0;
    while (r == 0 && (n = d->sys->read_dir(d->sys, fd, rd->dirents, DIRENTS_BYTES)) != 0)
        r = n < 0 ? (int)n : take_all(d, rd, (size_t)n);
    return r < 0 ? r : 0;
}

static int read_job(const struct disk *d, void *arg)
{
    struct reading *rd = arg;
    struct stat st;
    int fd = disk_open(d, rd->folder, &st);
    if (fd < 0)
        return fd;
    int r = S_ISDIR(st.st_mode) ? read_all(d, rd, fd) : -ENOTDIR;
    disk_close(d, fd);
    if (r == 0 && rd->l->count)
        qsort(rd->l->entries, rd->l->count, sizeof *rd->l->entries, by_kind_and_name);
    return r;
}

/* Makes what reading needs, reads, and lets go of it. */
static int read_with_storage(struct reading *rd, struct core *core, int root)
{
    size_t n = strcmp(rd->folder, ".") == 0 ? 0 : strlen(rd->folder),
           room = n + 2 + LISTING_NAME_BYTES_MAX;
    rd->path = mem_alloc(core->mem, room);
    rd->dirents = mem_alloc(core->mem, DIRENTS_BYTES);
    int r = -ENOMEM;
    if (rd->path && rd->dirents) {
        memcpy(rd->path, rd->folder, n);
        if (n)
            rd->path[n++] = '/';
        rd->path_n = n;
        r = disk_do_apart(core, root, read_job, rd);
    }
    mem_free(core->mem, rd->path, room);
    mem_free(core->mem, rd->dirents, DIRENTS_BYTES);
    return r;
}

int listing_read(struct listing *ret, struct core *core, int root, const char *folder, bool hidden)
{
    struct listing l = { .mem = core->mem };
    struct reading rd = { .l = &l, .folder = folder, .hidden = hidden };
    arena_init(&l.names, core->mem, NULL, 0);
    int r = read_with_storage(&rd, core, root);
    if (r < 0)
        listing_done(&l);
    else
        *ret = l;
    return r;
}

void listing_done(struct listing *l)
{
    arena_reset(&l->names);
    mem_free(l->mem, l->entries, l->room * sizeof *l->entries);
    l->entries = NULL;
    l->count = l->room = 0;
}
