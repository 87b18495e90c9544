/* app/variant.h -- one encoding of a file, ready to be sent: its head fields, its validators, and,
 * when it is small, its bytes.
 *
 * Knows what a file's stat says and what HTTP makes of it; knows neither paths nor who keeps it. */
#ifndef APP_VARIANT_H
#define APP_VARIANT_H

#include "base/mem.h"
#include "wire/accept.h"
#include "wire/conditional.h"

#include <sys/stat.h>

/* Tells one content of a file from another. `changed` (ctime) is among it because nobody can set
 * it back: a file unpacked again with its old date, onto the inode that was just freed, is new. */
struct version {
    uint64_t dev, ino, size;
    struct timespec modified, changed;
};

struct version version_of(const struct stat *st);
bool version_eq(const struct version *a, const struct version *b);

/* Whether a change from now on is going to show in the version. A file that has been written just
 * now can be written again within the same tick of the file system's clock, unseen. */
bool version_is_settled(const struct version *v, int64_t real_ns);

struct variant {
    struct version version;
    uint32_t users; /* exchanges that send it now */
    bool is_kept;   /* in a cache, too */
    int fd;         /* open while there are users and it is not in memory; else -1 */
    char *body;     /* NULL: too large to keep, read from the file */
    uint64_t size;  /* of the body */
    size_t room;    /* bytes of the body's storage */
    enum coding coding;

    struct validators validators;
    struct stoa_str type;
    struct stoa_str fields;       /* of a 200: lines ended by CRLF */
    struct stoa_str fields_range; /* the end of them that a 206 has, too: from Content-Type on */
    struct stoa_str fields_parts; /* ... that a 206 with several parts has, too */
    struct stoa_str fields_304;   /* ... that a 304 has, too */
    char text[512];
};

/* What the fields depend on, but for the file. */
struct variant_options {
    bool cors;
    int cache_s; /* Cache-Control: max-age; < 0 = no such field */
};

/* room: bytes of body storage to make with it; 0 = the body stays in the file.
 *   returns  NULL when there is no memory; else yours, without users, for variant_free. */
struct variant *variant_new(const struct stoa_mem *mem, size_t room);
void variant_free(const struct stoa_mem *mem, struct variant *v);

/* The bytes of memory it takes. */
static inline size_t variant_bytes(const struct variant *v)
{
    return sizeof *v + v->room;
}

/* What variant_dress is told about the file. */
struct variant_facts {
    struct version version;
    struct stoa_str name; /* for its type: the name without .gz and the like */
    enum coding coding;
    bool is_varied;  /* there are other encodings, too */
    bool is_settled; /* no: no validators */
    uint64_t size;
    int64_t now_s; /* a Last-Modified is never later than its Date (RFC 9110 section 8.8.2.1) */
};

/* Writes the fields. */
void variant_dress(struct variant *v, const struct variant_facts *f,
                   const struct variant_options *opt);

#endif
