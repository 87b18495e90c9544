/* base/buf.h -- bytes that grow at their end. A failure to grow is kept and told at the end, so
 * that writers need not check each step. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/mem.h"
#include "base/str.h"

struct buf {
    char *p;
    size_t n, room;
    const struct stoa_mem *mem;
    char *first; /* the owner's storage, borrowed; may be NULL */
    size_t first_n;
    bool failed; /* something did not fit: what is in it is not whole */
};

/* first: borrowed storage that is used until it is too small; NULL, 0 = none. */
void buf_init(struct buf *b, const struct stoa_mem *mem, void *first, size_t first_n);
void buf_done(struct buf *b);

/* Makes room for n more bytes. returns where they go, NULL when there is no memory. */
char *buf_room(struct buf *b, size_t n);

void buf_add(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, struct stoa_str s);
void buf_u64(struct buf *b, uint64_t v);
__attribute__((format(printf, 2, 3))) void buf_fmt(struct buf *b, const char *fmt, ...);

/* Forgets the bytes, keeps the room, and starts whole again. */
static inline void buf_clear(struct buf *b)
{
    b->n = 0;
    b->failed = false;
}

static inline struct stoa_str buf_slice(const struct buf *b)
{
    return (struct stoa_str){ b->p, b->n };
}

#endif
