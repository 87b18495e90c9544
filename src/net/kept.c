/* net/kept.c -- see kept.h. */
#include "net/kept.h"

#include <string.h>

/* Of the chunks that an I/O has (io.h), a quarter is always left to receive into. */
static const size_t kept_max[2] = { IO_CHUNKS * 3 / 4, IO_DATAGRAM_CHUNKS * 3 / 4 };

/* Bytes in memory of our own, in the shape of a chunk; its `mark` is COPY. */
enum { COPY = 1 };

struct copy {
    struct io_chunk chunk;
    size_t room; /* bytes in data */
    max_align_t data[];
};

static struct copy *copy_of(const struct io_chunk *chunk)
{
    return chunk->mark == COPY ? list_owner(chunk, struct copy, chunk) : NULL;
}

static struct copy *copy_new(struct core *core, size_t room)
{
    struct copy *copy = mem_alloc(core->mem, sizeof *copy + room);
    if (!copy)
        return NULL;
    copy->room = room;
    copy->chunk = (struct io_chunk){ .mark = COPY, .bytes = (char *)copy->data };
    return copy;
}

static char *put(char *at, const void *p, size_t n)
{
    if (n)
        memcpy(at, p, n);
    return at + n;
}

/* When it came; a datagram's control messages stand beside. */
static void copy_moments(struct io_chunk *to, const struct io_chunk *from)
{
    if (from->from)
        to->stamp_ns = from->stamp_ns;
    else
        to->came = from->came;
}

/* Control messages first: they are aligned; then the name; then the bytes. */
static struct io_chunk *copy_whole(struct core *core, const struct io_chunk *from)
{
    struct copy *copy = copy_new(core, from->control_len + from->from_len + from->len);
    if (!copy)
        return NULL;
    struct io_chunk *to = &copy->chunk;
    char *at = (char *)copy->data;
    if (from->from) {
        to->control = at;
        to->control_len = from->control_len;
        at = put(at, from->control, from->control_len);
        to->from = (const struct sockaddr *)(const void *)at;
        to->from_len = from->from_len;
        at = put(at, from->from, from->from_len);
    }
    copy_moments(to, from);
    to->len = from->len;
    to->bytes = at;
    put(at, from->bytes, from->len);
    return to;
}

struct io_chunk *kept_add(struct core *core, struct io_chunk *chunk)
{
    bool is_datagram = chunk->from != NULL;
    if (core->kept[is_datagram] >= kept_max[is_datagram]) {
        struct io_chunk *copy = copy_whole(core, chunk);
        if (copy) {
            io_chunk_free(core->io, chunk);
            return copy;
        }
    }
    core->kept[is_datagram]++;
    return chunk;
}

void kept_free(struct core *core, struct io_chunk *chunk)
{
    struct copy *copy = copy_of(chunk);
    if (copy) {
        mem_free(core->mem, copy, sizeof *copy + copy->room);
        return;
    }
    core->kept[chunk->from != NULL]--;
    io_chunk_free(core->io, chunk);
}

size_t kept_room(const struct io_chunk *chunk)
{
    const struct copy *copy = copy_of(chunk);
    return copy ? copy->room - (size_t)(chunk->bytes - (const char *)copy->data) - chunk->len : 0;
}

struct io_chunk *kept_extend(struct core *core, struct io_chunk *chunk, size_t skip, size_t more)
{
    size_t n = chunk->len - skip;
    struct copy *copy = copy_of(chunk);
    if (copy && copy->room - n >= more) {
        chunk->bytes = memmove(copy->data, chunk->bytes + skip, n);
        chunk->len = (uint32_t)n;
        return chunk;
    }
    size_t room = IO_CHUNK_BYTES;
    while (room < n + more)
        room *= 2;
    copy = copy_new(core, room);
    if (!copy)
        return NULL;
    copy->chunk.next = chunk->next;
    copy_moments(&copy->chunk, chunk);
    copy->chunk.len = (uint32_t)n;
    put(copy->chunk.bytes, chunk->bytes + skip, n);
    kept_free(core, chunk);
    return &copy->chunk;
}
