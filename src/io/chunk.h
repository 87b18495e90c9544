/* io/chunk.h -- the buffers that bytes are received into: slots of one size in one piece of memory,
 * touched for the first time when used, given back to the kernel never (a first touch costs more
 * than a whole receive).
 *
 * Knows the layout of a slot and what control messages mean; not where free slots go, but for its
 * own stack of spare ones, last in, first out, so that few of them are used again and again.
 * Used by uring.c (with bufring.c) and epoll.c. One thread.
 *
 *     slot:  struct io_chunk | head (16, uring's) | name | control | bytes      */
#ifndef IO_CHUNK_H
#define IO_CHUNK_H

#include "io/io.h"

enum chunk_use { CHUNK_STREAM, CHUNK_DATAGRAM, CHUNK_USES };

enum { CHUNK_HEAD_BYTES = 16 }; /* sizeof(struct io_uring_recvmsg_out) */

struct chunks {
    const struct stoa_mem *mem;
    char *memory; /* NULL = not open */
    size_t memory_bytes;
    char *slots;
    uint32_t *spare; /* a stack of free slots, by number */
    uint32_t spares, count;
    uint32_t slot_bytes, name_bytes, control_bytes, payload_bytes;
    enum chunk_use use;
};

/* Makes all `count` slots spare. returns 0, -ENOMEM. */
int chunks_open(struct chunks *p, const struct stoa_mem *mem, enum chunk_use use, uint32_t count);
void chunks_close(struct chunks *p); /* harmless when not open */

static inline bool chunks_is_open(const struct chunks *p)
{
    return p->memory != NULL;
}

/* The slot of that number, as a chunk. */
static inline struct io_chunk *chunks_at(const struct chunks *p, uint32_t number)
{
    return (struct io_chunk *)(void *)(p->slots + (size_t)number * p->slot_bytes);
}

static inline uint32_t chunks_number(const struct chunks *p, const struct io_chunk *c)
{
    return (uint32_t)((size_t)((const char *)c - p->slots) / p->slot_bytes);
}

/* A spare slot; NULL when there is none. */
static inline struct io_chunk *chunks_take(struct chunks *p)
{
    return p->spares ? chunks_at(p, p->spare[--p->spares]) : NULL;
}

static inline void chunks_put(struct chunks *p, const struct io_chunk *c)
{
    p->spare[p->spares++] = chunks_number(p, c);
}

/* Which of its two kinds a chunk is, for io_chunk_free(). */
static inline enum chunk_use chunk_use(const struct io_chunk *c)
{
    return (enum chunk_use)c->id;
}

static inline char *chunk_head(struct io_chunk *c)
{
    return (char *)(c + 1);
}

/* Says what a slot now holds: `len` bytes, and as much of a name and of control messages. */
void chunk_fill(const struct chunks *p, struct io_chunk *c, size_t len, size_t name_n,
                size_t control_n);

/* recvmsg(2) into a slot, without waiting, and fills it.
 *   returns  how many bytes came; -EAGAIN, ...: c holds nothing. */
int chunk_receive(const struct chunks *p, struct io_chunk *c, int fd);

/* io_recv_now() out of the spare slots. */
int chunks_receive_now(struct chunks *p, int fd, struct io_chunk **ret);

#endif
