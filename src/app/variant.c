/* app/variant.c -- see variant.h. */
#include "app/variant.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/date.h"
#include "base/siphash.h"
#include "wire/mime.h"

enum {
    TICK_NS = 20 * 1000 * 1000, /* twice the longest tick of Linux (100 Hz), by which it dates */
    SECOND_NS = 1000000000,
    COARSE_S = 2 /* FAT dates by it; other file systems without fractions by seconds */
};

/* Dates that date_format can write. */
static const int64_t year_1_s = -62135596800, year_9999_s = 253402300799;

struct version version_of(const struct stat *st)
{
    return (struct version){
        .dev = st->st_dev,
        .ino = st->st_ino,
        .size = (uint64_t)st->st_size,
        .modified = st->st_mtim,
        .changed = st->st_ctim,
    };
}

static bool time_eq(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool version_eq(const struct version *a, const struct version *b)
{
    return a->ino == b->ino && a->size == b->size && a->dev == b->dev &&
           time_eq(&a->modified, &b->modified) && time_eq(&a->changed, &b->changed);
}

bool version_is_settled(const struct version *v, int64_t real_ns)
{
    int64_t now_s = real_ns / SECOND_NS, age_s;
    if (__builtin_sub_overflow(now_s, (int64_t)v->changed.tv_sec, &age_s))
        return true;
    if (age_s > COARSE_S || age_s < -COARSE_S)
        return true;
    if (v->changed.tv_nsec == 0)
        return false;
    int64_t age_ns = age_s * SECOND_NS + real_ns % SECOND_NS - v->changed.tv_nsec;
    return age_ns > TICK_NS || age_ns < -TICK_NS;
}

struct variant *variant_new(const struct stoa_mem *mem, size_t room)
{
    struct variant *v = mem_alloc(mem, sizeof *v + room);
    if (!v)
        return NULL;
    *v = (struct variant){ .fd = -1, .room = room };
    if (room)
        v->body = (char *)(v + 1);
    return v;
}

void variant_free(const struct stoa_mem *mem, struct variant *v)
{
    if (v)
        mem_free(mem, v, variant_bytes(v));
}

static void add_hex(struct buf *b, uint64_t v)
{
    char digits[16];
    size_t at = sizeof digits;
    do
        digits[--at] = "0123456789abcdef"[v & 15];
    while ((v >>= 4) != 0);
    buf_add(b, digits + at, sizeof digits - at);
}

/* A hash, since inode numbers are nobody's business; with a key that never changes, since the tags
 * must outlive the process. */
static void add_etag(struct buf *b, const struct variant_facts *f)
{
    static const struct siphash_key key = { { 0x73746f61, 0x65746167 } };
    const struct version *v = &f->version;
    const uint64_t words[] = {
        v->ino,
        v->size,
        (uint64_t)v->modified.tv_sec,
        (uint64_t)v->modified.tv_nsec,
        (uint64_t)v->changed.tv_sec,
        (uint64_t)v->changed.tv_nsec,
        f->coding,
    };
    buf_str(b, STR("\""));
    add_hex(b, siphash(&key, (struct stoa_str){ (const char *)words, sizeof words }));
    buf_str(b, STR("-"));
    add_hex(b, v->size);
    buf_str(b, STR("\""));
}

static int64_t date_of(const struct variant_facts *f)
{
    int64_t s = f->version.modified.tv_sec;
    if (s > f->now_s)
        s = f->now_s;
    return s < year_1_s ? year_1_s : s > year_9999_s ? year_9999_s : s;
}

static void add_line(struct buf *b, struct stoa_str name, struct stoa_str value)
{
    buf_str(b, name);
    buf_str(b, STR(": "));
    buf_str(b, value);
    buf_str(b, STR("\r\n"));
}

static void add_content(struct buf *b, struct variant *v)
{
    buf_str(b, STR("Content-Length: "));
    buf_u64(b, v->size);
    buf_str(b, STR("\r\n"));
    v->fields_range.p = b->p + b->n;
    add_line(b, STR("Content-Type"), v->type);
    if (v->coding != CODING_IDENTITY)
        add_line(b, STR("Content-Encoding"), accept_coding_name(v->coding));
}

static void add_validators(struct buf *b, struct variant *v, const struct variant_facts *f)
{
    v->validators = (struct validators){ .modified_s = INT64_MIN };
    v->fields_parts.p = b->p + b->n;
    buf_str(b, STR("Accept-Ranges: bytes\r\n"));
    if (f->is_settled) {
        char date[DATE_BYTES];
        v->validators.modified_s = date_of(f);
        date_format(date, v->validators.modified_s);
        add_line(b, STR("Last-Modified"), (struct stoa_str){ date, sizeof date });
    }
    v->fields_304.p = b->p + b->n;
    if (f->is_settled) {
        buf_str(b, STR("ETag: "));
        v->validators.etag.p = b->p + b->n;
        add_etag(b, f);
        v->validators.etag.n = (size_t)(b->p + b->n - v->validators.etag.p);
        buf_str(b, STR("\r\n"));
    }
}

static void add_policy(struct buf *b, const struct variant_facts *f,
                       const struct variant_options *opt)
{
    if (f->is_varied)
        buf_str(b, STR("Vary: Accept-Encoding\r\n"));
    if (opt->cache_s >= 0)
        buf_fmt(b, "Cache-Control: public, max-age=%d\r\n", opt->cache_s);
    if (opt->cors)
        buf_str(b, STR("Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: *\r\n"));
}

void variant_dress(struct variant *v, const struct variant_facts *f,
                   const struct variant_options *opt)
{
    struct buf b;
    buf_init(&b, &mem_default, v->text, sizeof v->text);
    v->version = f->version;
    v->coding = f->coding;
    v->size = f->size;
    v->type = mime_type(f->name);
    add_content(&b, v);
    add_validators(&b, v, f);
    add_policy(&b, f, opt);
    const char *end = v->text + b.n;
    v->fields = (struct stoa_str){ v->text, b.n };
    v->fields_range.n = (size_t)(end - v->fields_range.p);
    v->fields_parts.n = (size_t)(end - v->fields_parts.p);
    v->fields_304.n = (size_t)(end - v->fields_304.p);
    check(b.p == v->text && b.n <= sizeof v->text);
}
