/* sim/shelf.c -- the folder that is served: see shelf.h. */
#include "sim/shelf.h"

#include "base/str.h"

#include <stdio.h>

/* What may be in the folder. Sizes are drawn up to the given one; 0 = empty. */
static const struct {
    const char *path; /* its folder comes before it */
    mode_t mode;
    uint64_t size;
    unsigned changes;
} rows[] = {
    { "index.html", S_IFREG | 0644, 1000, 0 },
    { "small.txt", S_IFREG | 0644, 500, 0 },
    { "empty.txt", S_IFREG | 0644, 0, 0 },
    { "mid.css", S_IFREG | 0644, 20000, 0 },
    { "big.bin", S_IFREG | 0644, 200000, 0 },
    { "huge.bin", S_IFREG | 0644, 3000000, 0 },
    { "live.txt", S_IFREG | 0644, 3000, CHANGE_REPLACE },
    { "live.bin", S_IFREG | 0644, 150000, CHANGE_REPLACE },
    { "edit.txt", S_IFREG | 0644, 3000, CHANGE_REWRITE | CHANGE_GROW },
    { "edit.bin", S_IFREG | 0644, 150000, CHANGE_REWRITE },
    { "grow.log", S_IFREG | 0644, 50000, CHANGE_GROW },
    { "shrink.bin", S_IFREG | 0644, 200000, CHANGE_SHRINK | CHANGE_GROW },
    { "gone.txt", S_IFREG | 0644, 3000, CHANGE_VANISH | CHANGE_REPLACE },
    { "pack.js", S_IFREG | 0644, 20000, 0 },
    { "pack.js.gz", S_IFREG | 0644, 8000, 0 },
    { "pack.js.br", S_IFREG | 0644, 7000, 0 },
    { "page.html", S_IFREG | 0644, 5000, 0 },
    { "page.html.gz", S_IFREG | 0644, 2000, CHANGE_REPLACE },
    { "dir", S_IFDIR | 0755, 0, 0 },
    { "dir/index.html", S_IFREG | 0644, 700, 0 },
    { "dir/a.txt", S_IFREG | 0644, 100, 0 },
    { "list", S_IFDIR | 0755, 0, 0 },
    { "list/one & two.txt", S_IFREG | 0644, 100, 0 },
    { "list/three", S_IFDIR | 0755, 0, 0 },
    { "list/four.bin", S_IFREG | 0644, 100, 0 },
    { "list/.five", S_IFREG | 0644, 100, 0 },
    { "list/pipe", S_IFIFO | 0644, 0, 0 },
    { "sp ace%.txt", S_IFREG | 0644, 100, 0 },
    { ".hidden", S_IFREG | 0644, 100, 0 },
    { ".well-known", S_IFDIR | 0755, 0, 0 },
    { ".well-known/acme", S_IFREG | 0644, 100, 0 },
    { "locked.txt", S_IFREG, 100, 0 },
    { "pipe", S_IFIFO | 0644, 0, 0 },
    { "socket", S_IFSOCK | 0755, 0, 0 },
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

/* Those that anybody may ask for by their names. */
static bool is_file(size_t i)
{
    return S_ISREG(rows[i].mode) && (rows[i].mode & 0444) &&
           (!strstr(rows[i].path, "/.") && rows[i].path[0] != '.');
}

static void row_add(struct shelf *s, size_t i)
{
    char folder[VDISK_NAME_MAX] = "";
    const char *path = rows[i].path, *slash = strrchr(path, '/');
    if (slash)
        memcpy(folder, path, (size_t)(slash - path));
    uint64_t size = world_size(s->disk->w, rows[i].size / 50, rows[i].size);
    struct ventry *e = vdisk_add(s->disk, vdisk_find(s->disk, folder), slash ? slash + 1 : path,
                                 rows[i].mode, size);
    e->kinds = rows[i].changes;
    if (is_file(i) && s->count < SHELF_FILES)
        s->files[s->count++] = e;
}

void shelf_fill(struct shelf *s, struct vdisk *disk)
{
    struct world *w = disk->w;
    *s = (struct shelf){ .disk = disk };
    for (size_t i = 0; i < ROWS; i++)
        row_add(s, i);
    s->opt = (struct files_options){
        .list = world_below(w, 2),
        .spa = world_below(w, 4) == 0,
        .cors = world_below(w, 4) == 0,
        .hidden = world_below(w, 4) == 0,
        .cache_s = world_below(w, 4) ? -1 : 60,
        .cache_bytes = world_size(w, 1, 1000000),
        .small_max = world_size(w, 1, 65536),
    };
}

static void add_name(const char *name, char *to, size_t n)
{
    size_t at = strlen(to);
    for (; *name && at + 4 < n; name++) {
        bool plain = strchr("%& \"<>?#", *name) == NULL;
        at += (size_t)snprintf(to + at, n - at, plain ? "%c" : "%%%02X", *name);
    }
}

void shelf_target(const struct ventry *e, char *to, size_t n)
{
    if (e->parent && e->parent->parent)
        shelf_target(e->parent, to, n);
    else
        to[0] = 0;
    snprintf(to + strlen(to), n - strlen(to), "/");
    add_name(e->name, to, n);
}

struct ventry *shelf_sibling(const struct shelf *s, const struct ventry *e, const char *suffix)
{
    for (unsigned i = 0; i < s->count; i++) {
        struct ventry *f = s->files[i];
        size_t n = strlen(e->name);
        if (f->parent == e->parent && strncmp(f->name, e->name, n) == 0 &&
            strcmp(f->name + n, suffix) == 0)
            return f;
    }
    return NULL;
}

bool shelf_tag_lies(struct shelf *s, struct stoa_str tag, uint64_t content, uint64_t size)
{
    for (unsigned i = 0; i < s->tags_count; i++) {
        const struct tag *t = &s->tags[i];
        if (str_eq(str_of(t->text), tag))
            return t->content != content || t->size != size;
    }
    if (s->tags_count == SHELF_TAGS || tag.n >= sizeof(s->tags[0].text))
        return false;
    struct tag *t = &s->tags[s->tags_count++];
    memcpy(t->text, tag.p, tag.n);
    t->text[tag.n] = 0;
    t->content = content;
    t->size = size;
    return false;
}
