/* io/chunk.c -- see chunk.h. */
#include "io/chunk.h"

#include "base/sys.h"

#include <linux/errqueue.h>
#include <string.h>
#include <unistd.h>

enum {
    SLOT_ALIGN = 64,
    /* What SO_TIMESTAMPING sends along: three times. */
    STREAM_CONTROL_BYTES = CMSG_SPACE(sizeof(struct scm_timestamping)),
    /* Times, IP_PKTINFO or IPV6_PKTINFO, and room for what else is asked for. */
    DATAGRAM_CONTROL_BYTES = 256,
    DATAGRAM_NAME_BYTES = 128,
    DATAGRAM_BYTES = 65536, /* the largest of UDP has 65,507 */
};

_Static_assert(sizeof(struct io_chunk) == SLOT_ALIGN, "a chunk fills one cache line");
_Static_assert(sizeof(struct sockaddr_storage) <= DATAGRAM_NAME_BYTES, "any name fits");

static void shape_slots(struct chunks *p, enum chunk_use use)
{
    p->use = use;
    p->name_bytes = use == CHUNK_DATAGRAM ? DATAGRAM_NAME_BYTES : 0;
    p->control_bytes = use == CHUNK_DATAGRAM ? DATAGRAM_CONTROL_BYTES : STREAM_CONTROL_BYTES;
    p->payload_bytes = use == CHUNK_DATAGRAM ? DATAGRAM_BYTES : IO_CHUNK_BYTES;
    size_t n = sizeof(struct io_chunk) + CHUNK_HEAD_BYTES + p->name_bytes + p->control_bytes +
               p->payload_bytes;
    /* Not a multiple of a page: the heads of the slots would all share the same few cache sets. */
    p->slot_bytes = (uint32_t)((n + SLOT_ALIGN - 1) & ~(size_t)(SLOT_ALIGN - 1));
}

int chunks_open(struct chunks *p, const struct stoa_mem *mem, enum chunk_use use, uint32_t count)
{
    *p = (struct chunks){ .mem = mem, .count = count };
    shape_slots(p, use);
    p->memory_bytes = SLOT_ALIGN + (size_t)count * p->slot_bytes;
    p->spare = mem_alloc(mem, count * sizeof *p->spare);
    p->memory = p->spare ? mem_alloc(mem, p->memory_bytes) : NULL;
    if (!p->memory) {
        chunks_close(p);
        return -ENOMEM;
    }
    p->slots = p->memory + (SLOT_ALIGN - (uintptr_t)p->memory % SLOT_ALIGN);
    for (p->spares = 0; p->spares < count; p->spares++)
        p->spare[p->spares] = count - 1 - p->spares; /* the first slot is taken first */
    return 0;
}

void chunks_close(struct chunks *p)
{
    mem_free(p->mem, p->memory, p->memory_bytes);
    mem_free(p->mem, p->spare, p->count * sizeof *p->spare);
    p->memory = NULL;
    p->spare = NULL;
    p->spares = p->count = 0;
}

static char *chunk_name(struct io_chunk *c)
{
    return chunk_head(c) + CHUNK_HEAD_BYTES;
}

static char *chunk_control(const struct chunks *p, struct io_chunk *c)
{
    return chunk_name(c) + p->name_bytes;
}

static int64_t stamp_of(const struct cmsghdr *m)
{
    struct timespec t; /* the first of the three; the data need not be aligned */
    memcpy(&t, CMSG_DATA(m), sizeof t);
    return (int64_t)t.tv_sec * STOA_SEC + t.tv_nsec;
}

/* Descriptors that the peer of a Unix socket sent along: nobody here asked for any, and kept they
 * would use up ours. */
static void close_descriptors(const struct cmsghdr *m)
{
    size_t n = (m->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < n; i++) {
        int fd;
        memcpy(&fd, CMSG_DATA(m) + i * sizeof fd, sizeof fd);
        close(fd);
    }
}

/* What the control messages say. returns the stamp in them, or 0. */
static int64_t read_control(char *control, size_t n)
{
    int64_t stamp = 0;
    struct msghdr h = { .msg_control = control, .msg_controllen = n };
    for (struct cmsghdr *m = CMSG_FIRSTHDR(&h); m; m = CMSG_NXTHDR(&h, m)) {
        if (m->cmsg_level != SOL_SOCKET)
            continue;
        if (m->cmsg_type == SCM_TIMESTAMPING)
            stamp = stamp_of(m);
        else if (m->cmsg_type == SCM_RIGHTS)
            close_descriptors(m);
    }
    return stamp;
}

void chunk_fill(const struct chunks *p, struct io_chunk *c, size_t len, size_t name_n,
                size_t control_n)
{
    char *control = chunk_control(p, c);
    if (name_n > p->name_bytes)
        name_n = p->name_bytes;
    *c = (struct io_chunk){ .bytes = control + p->control_bytes,
                            .len = (uint32_t)len,
                            .id = (uint32_t)p->use };
    if (control_n)
        c->stamp_ns = read_control(control, control_n);
    if (p->use == CHUNK_STREAM)
        return;
    c->from = (const struct sockaddr *)(const void *)chunk_name(c);
    c->from_len = (socklen_t)name_n;
    c->control = control;
    c->control_len = control_n;
}

int chunk_receive(const struct chunks *p, struct io_chunk *c, int fd)
{
    char *control = chunk_control(p, c);
    struct iovec v = { control + p->control_bytes, p->payload_bytes };
    struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control };
    m.msg_controllen = p->control_bytes;
    if (p->name_bytes) {
        m.msg_name = chunk_name(c);
        m.msg_namelen = p->name_bytes;
    }
    ssize_t r = sys_size(recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
    if (r >= 0)
        chunk_fill(p, c, (size_t)r, m.msg_namelen, m.msg_controllen);
    return (int)r;
}

int chunks_receive_now(struct chunks *p, int fd, struct io_chunk **ret)
{
    struct io_chunk *c = chunks_take(p);
    if (!c)
        return -ENOBUFS;
    int r = chunk_receive(p, c, fd);
    if (r > 0)
        *ret = c;
    else
        chunks_put(p, c);
    return r;
}
