/* app/store.c -- see store.h. */
#include "app/store.h"

#include "app/disk.h"

#include <errno.h>

static const char *const suffixes[CODING_COUNT] = {
    [CODING_IDENTITY] = "",
    [CODING_GZIP] = ".gz",
    [CODING_ZSTD] = ".zst",
    [CODING_BR] = ".br",
};

void store_init(struct store *s, struct core *core, const struct store_options *opt)
{
    struct siphash_key key;
    core->sys->random(core->sys, &key, sizeof key);
    *s = (struct store){ .core = core, .opt = *opt };
    cache_init(&s->cache, opt->mem, &key, opt->cache_max);
}

void store_done(struct store *s)
{
    cache_done(&s->cache);
}

/* ---- looking: what is at a path ---- */

struct look {
    struct store_path path;
    struct seen seen;
};

static int kind_of(const struct stat *st)
{
    return S_ISREG(st->st_mode) ? STORE_FILE : S_ISDIR(st->st_mode) ? STORE_FOLDER : STORE_OTHER;
}

static struct stoa_str str_of_path(struct store_path path)
{
    return (struct stoa_str){ path.p, path.n };
}

/* The path of its sibling in that coding, in the same storage; undone by cut(). */
static const char *extend(struct store_path path, enum coding coding)
{
    memcpy(path.p + path.n, suffixes[coding], strlen(suffixes[coding]) + 1);
    return path.p;
}

static void cut(struct store_path path)
{
    path.p[path.n] = 0;
}

/* Whether the path is of a compressed file itself: those have no siblings. */
static bool is_compressed(struct stoa_str path)
{
    for (int i = CODING_IDENTITY + 1; i < CODING_COUNT; i++)
        if (str_ends(path, str_of(suffixes[i])))
            return true;
    return false;
}

/* A sibling that cannot be looked at is none; one without bytes is no compressed anything. */
static int look_at_siblings(const struct disk *d, struct look *l)
{
    for (int i = CODING_IDENTITY + 1; i < CODING_COUNT; i++) {
        struct stat st;
        int r = disk_stat(d, extend(l->path, (enum coding)i), &st);
        cut(l->path);
        if (r == -EAGAIN)
            return r;
        if (r < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
            continue;
        l->seen.codings |= 1u << i;
        l->seen.versions[i] = version_of(&st);
    }
    return 0;
}

static int look_job(const struct disk *d, void *arg)
{
    struct look *l = arg;
    struct stat st;
    int r = disk_stat(d, l->path.p, &st);
    if (r < 0 || (r = kind_of(&st)) != STORE_FILE)
        return r;
    l->seen = (struct seen){ .codings = 1u << CODING_IDENTITY };
    l->seen.versions[CODING_IDENTITY] = version_of(&st);
    return is_compressed(str_of_path(l->path)) ? 0 : look_at_siblings(d, l);
}

/* ---- loading: a variant from the disk ---- */

struct load {
    struct store_path path; /* without the coding's suffix */
    enum coding coding;
    bool is_varied;
    int64_t real_ns; /* before it began */
    const struct store *store;
    struct variant *ret;
};

static void dress(const struct load *l, struct variant *v, const struct version *version,
                  uint64_t size, bool is_settled)
{
    const struct variant_facts facts = {
        .version = *version,
        .name = str_of_path(l->path),
        .coding = l->coding,
        .is_varied = l->is_varied,
        .is_settled = is_settled,
        .size = size,
        .now_s = l->real_ns / STOA_SEC,
    };
    variant_dress(v, &facts, &l->store->opt.variant);
}

/* Reads the whole file into a new variant, unless it changes meanwhile: what was read then can be
 * part old, part new.
 *   returns  0; 1 = it has changed, *st is new, and it is best read again; < 0. */
static int load_small(const struct disk *d, struct load *l, int fd, struct stat *st, bool last_try)
{
    const struct stoa_mem *mem = l->store->opt.mem;
    size_t size = (size_t)st->st_size;
    struct variant *v = variant_new(mem, size ? size : 1);
    if (!v)
        return -ENOMEM;
    ssize_t n = disk_read(d, fd, v->body, size);
    struct stat after;
    int r = n < 0 ? (int)n : d->sys->stat(d->sys, fd, &after);
    struct version version = version_of(st), now = r < 0 ? version : version_of(&after);
    bool is_whole = (size_t)n == size && version_eq(&version, &now);
    if (r < 0 || (!is_whole && !last_try)) {
        variant_free(mem, v);
        *st = r < 0 ? *st : after;
        return r < 0 ? r : 1;
    }
    dress(l, v, &version, (uint64_t)n, is_whole && version_is_settled(&version, l->real_ns));
    l->ret = v;
    return 0;
}

static int load_large(struct load *l, int fd, const struct stat *st)
{
    struct variant *v = variant_new(l->store->opt.mem, 0);
    if (!v)
        return -ENOMEM;
    struct version version = version_of(st);
    dress(l, v, &version, version.size, version_is_settled(&version, l->real_ns));
    v->fd = fd;
    l->ret = v;
    return 0;
}

static int load_open(const struct disk *d, struct load *l, int fd, struct stat *st)
{
    enum { TRIES = 3 };
    int r = kind_of(st);
    if (r != STORE_FILE)
        return r;
    for (int try = 1; (size_t)st->st_size <= l->store->opt.small_max; try++) {
        r = load_small(d, l, fd, st, try == TRIES);
        if (r <= 0)
            return r;
    }
    return load_large(l, fd, st);
}

static int load_job(const struct disk *d, void *arg)
{
    struct load *l = arg;
    struct stat st;
    int fd = disk_open(d, extend(l->path, l->coding), &st);
    cut(l->path);
    if (fd < 0)
        return fd;
    int r = load_open(d, l, fd, &st);
    if (r != 0 || l->ret->fd != fd)
        disk_close(d, fd);
    return r;
}

/* ---- getting ---- */

static enum coding coding_for(const struct head *h, unsigned available)
{
    if (available == 1u << CODING_IDENTITY)
        return CODING_IDENTITY;
    enum coding coding = accept_coding(h, available);
    /* Nothing suits: as it is, rather than a 406 (RFC 9110 section 12.5.3). */
    return coding == CODING_NONE ? CODING_IDENTITY : coding;
}

/* Loads the best coding; one that turns out not to be readable is passed over. */
static int load_best(struct store *s, struct store_path path, const struct head *h,
                     unsigned available, struct variant **ret)
{
    struct load l = { .path = path, .is_varied = available != 1u << CODING_IDENTITY, .store = s };
    for (;;) {
        l.coding = coding_for(h, available);
        l.real_ns = core_real_ns(s->core);
        int r = disk_do(s->core, s->opt.root, load_job, &l);
        if (r == 0)
            break;
        if (l.coding == CODING_IDENTITY)
            return r;
        available &= ~(1u << l.coding);
    }
    l.ret->users = 1; /* before it can be evicted */
    if (l.ret->validators.etag.n)
        cache_keep(&s->cache, str_of_path(path), l.ret);
    *ret = l.ret;
    return STORE_FILE;
}

/* Looks at what is there now, and forgets what is not so any more.
 *   returns  STORE_FILE and *codings, those there are; else as store_get. */
static int look(struct store *s, struct store_path path, unsigned *codings)
{
    struct look l = { .path = path };
    stoa_time began = core_now(s->core);
    int64_t real_ns = core_real_ns(s->core);
    int r = disk_do(s->core, s->opt.root, look_job, &l);
    bool is_settled = r == STORE_FILE;
    for (int i = 0; i < CODING_COUNT && is_settled; i++)
        is_settled = !(l.seen.codings >> i & 1) || version_is_settled(&l.seen.versions[i], real_ns);
    struct entry *e;
    if (is_settled)
        cache_note(&s->cache, str_of_path(path), &l.seen, began);
    else if ((e = cache_find(&s->cache, str_of_path(path))))
        cache_forget(&s->cache, e);
    *codings = l.seen.codings;
    return r;
}

int store_get(struct store *s, struct store_path path, const struct head *h, struct variant **ret)
{
    unsigned codings;
    struct entry *e = cache_find(&s->cache, str_of_path(path));
    if (e && core_now(s->core) - e->looked < STORE_BELIEVED_NS) {
        e->is_used = true;
        codings = e->seen.codings;
    } else {
        int r = look(s, path, &codings);
        if (r != STORE_FILE)
            return r;
        e = cache_find(&s->cache, str_of_path(path));
    }
    struct variant *v = e ? e->variants[coding_for(h, codings)] : NULL;
    if (!v)
        return load_best(s, path, h, codings, ret);
    v->users++;
    *ret = v;
    return STORE_FILE;
}

struct reopen {
    struct store_path path;
    struct variant *v;
};

static int reopen_job(const struct disk *d, void *arg)
{
    struct reopen *o = arg;
    struct stat st;
    int fd = disk_open(d, extend(o->path, o->v->coding), &st);
    cut(o->path);
    if (fd < 0)
        return fd;
    struct version version = version_of(&st);
    if (version_eq(&version, &o->v->version))
        return fd;
    disk_close(d, fd);
    return -ESTALE;
}

int store_open_file(struct store *s, struct store_path path, struct variant *v)
{
    if (v->body || v->fd >= 0)
        return 0;
    struct reopen o = { path, v };
    int fd = disk_do(s->core, s->opt.root, reopen_job, &o);
    if (fd == -ESTALE || fd == -ENOENT) {
        struct entry *e = cache_find(&s->cache, str_of_path(path));
        if (e)
            cache_forget(&s->cache, e);
        return -ESTALE;
    }
    if (fd < 0)
        return fd;
    if (v->fd >= 0) /* another task was faster */
        s->core->sys->close(s->core->sys, fd);
    else
        v->fd = fd;
    return 0;
}

void store_release(struct store *s, struct variant *v)
{
    if (--v->users > 0)
        return;
    if (v->fd >= 0) {
        s->core->sys->close(s->core->sys, v->fd);
        v->fd = -1;
    }
    if (!v->is_kept)
        variant_free(s->opt.mem, v);
}
