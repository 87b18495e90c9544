/* io/bufring.c -- see bufring.h. */
#include "io/bufring.h"

#include "io/valgrind.h"

#include <errno.h>
#include <unistd.h>

_Static_assert(sizeof(struct io_uring_recvmsg_out) == CHUNK_HEAD_BYTES, "the head of a slot");

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* The ring must begin at a page: one more than it needs. */
static size_t ring_memory_bytes(const struct bufring *b)
{
    return b->size * sizeof(struct io_uring_buf) + page_bytes();
}

static void put_in_ring(struct bufring *b, struct io_chunk *c)
{
    const struct chunks *p = &b->chunks;
    uint32_t n = CHUNK_HEAD_BYTES + p->name_bytes + p->control_bytes + p->payload_bytes;
    uint16_t number = (uint16_t)chunks_number(p, c);
    io_uring_buf_ring_add(b->ring, chunk_head(c), n, number, (int)b->size - 1, 0);
    io_uring_buf_ring_advance(b->ring, 1);
    b->in_ring++;
}

static int register_ring(struct bufring *b, struct io_uring *uring)
{
    size_t page = page_bytes();
    uintptr_t at = ((uintptr_t)b->memory + page - 1) & ~(uintptr_t)(page - 1);
    b->ring = (struct io_uring_buf_ring *)(void *)(b->memory + (at - (uintptr_t)b->memory));
    io_uring_buf_ring_init(b->ring);
    struct io_uring_buf_reg reg = { .ring_addr = at,
                                    .ring_entries = b->size,
                                    .bgid = (uint16_t)b->chunks.use };
    return io_uring_register_buf_ring(uring, &reg, 0);
}

int bufring_open(struct bufring *b, struct io_uring *uring, const struct stoa_mem *mem,
                 enum chunk_use use, uint32_t size, uint32_t spares_min)
{
    *b = (struct bufring){ .size = size, .spares_min = spares_min };
    list_init(&b->starved);
    int r = chunks_open(&b->chunks, mem, use, size + spares_min);
    if (r < 0)
        return r;
    b->memory = mem_alloc(mem, ring_memory_bytes(b));
    r = b->memory ? register_ring(b, uring) : -ENOMEM;
    if (r < 0) {
        mem_free(mem, b->memory, ring_memory_bytes(b));
        chunks_close(&b->chunks);
        return r;
    }
    b->message.msg_namelen = b->chunks.name_bytes;
    b->message.msg_controllen = b->chunks.control_bytes;
    while (b->in_ring < size)
        put_in_ring(b, chunks_take(&b->chunks));
    return 0;
}

void bufring_close(struct bufring *b, struct io_uring *uring)
{
    if (!chunks_is_open(&b->chunks))
        return;
    io_uring_unregister_buf_ring(uring, (int)b->chunks.use);
    mem_free(b->chunks.mem, b->memory, ring_memory_bytes(b));
    chunks_close(&b->chunks);
}

struct io_chunk *bufring_take(struct bufring *b, uint32_t flags, int res)
{
    struct io_chunk *c = chunks_at(&b->chunks, flags >> IORING_CQE_BUFFER_SHIFT);
    const struct io_uring_recvmsg_out *out = (const void *)chunk_head(c);
    b->in_ring--;
    if (res < CHUNK_HEAD_BYTES) { /* taken, and nothing received */
        chunk_fill(&b->chunks, c, 0, 0, 0);
        return c;
    }
    VALGRIND_MAKE_MEM_DEFINED(chunk_head(c), (size_t)res);
    chunk_fill(&b->chunks, c, out->payloadlen, out->namelen, out->controllen);
    return c;
}

void bufring_put(struct bufring *b, struct io_chunk *c)
{
    if (b->chunks.spares >= b->spares_min)
        put_in_ring(b, c);
    else
        chunks_put(&b->chunks, c);
}

uint32_t bufring_feed(struct bufring *b)
{
    if (list_is_empty(&b->starved))
        return 0;
    if (b->in_ring == 0)
        while (b->chunks.spares > 0)
            put_in_ring(b, chunks_take(&b->chunks));
    return b->in_ring;
}
