/* net/read.c -- reading from a connection, in tasks: the queue of chunks, and waiting for more.
 *
 * Bytes are given out where they were received; they are copied only when a slice must span two
 * chunks. Does not decide when the kernel is asked for more, beyond that somebody waits (life.c). */
#include "base/check.h"
#include "net/record.h"

#include <errno.h>
#include <string.h>

/* ---- the queue ---- */

void conn_queue(stoa_conn *c, struct io_chunk *chunk)
{
    chunk->next = NULL;
    if (c->head)
        c->tail->next = chunk;
    else
        c->head = chunk;
    c->tail = chunk;
    c->chunks++;
    c->unread += chunk->len;
}

static bool is_ours(const stoa_conn *c, const struct io_chunk *chunk)
{
    return c->gathered && chunk == &c->gathered->chunk;
}

static void free_chunk(stoa_conn *c, struct io_chunk *chunk)
{
    struct core *core = c->port->core;
    if (is_ours(c, chunk)) {
        mem_free(core->mem, c->gathered, sizeof *c->gathered + c->gathered->room);
        c->gathered = NULL;
    } else {
        io_chunk_free(core->io, chunk);
    }
}

static void free_chunks(stoa_conn *c, struct io_chunk **list)
{
    while (*list) {
        struct io_chunk *chunk = *list;
        *list = chunk->next;
        free_chunk(c, chunk);
    }
}

void conn_release(stoa_conn *c)
{
    free_chunks(c, &c->spent);
}

void conn_drop(stoa_conn *c)
{
    conn_release(c);
    free_chunks(c, &c->head);
    c->head_at = 0;
    c->unread = 0;
    c->chunks = 0;
}

struct stoa_str conn_unread(const stoa_conn *c)
{
    if (!c->head)
        return (struct stoa_str){ NULL, 0 };
    return (struct stoa_str){ c->head->bytes + c->head_at, c->head->len - c->head_at };
}

size_t conn_unread_bytes(const stoa_conn *c)
{
    return c->unread;
}

void conn_consume(stoa_conn *c, size_t n)
{
    check(n <= c->unread);
    c->unread -= n;
    while (c->head && n >= c->head->len - c->head_at) {
        struct io_chunk *chunk = c->head;
        n -= chunk->len - c->head_at;
        c->head = chunk->next;
        c->head_at = 0;
        c->chunks -= !is_ours(c, chunk);
        chunk->next = c->spent;
        c->spent = chunk;
    }
    c->head_at += (uint32_t)n;
}

int64_t conn_stamp_ns(const stoa_conn *c)
{
    return c->head ? c->head->stamp_ns : 0;
}

/* ---- one slice out of many chunks ---- */

/* Makes the head a chunk of our own, with room for `more` bytes behind its unread ones.
 *   returns  0, -ENOMEM. */
static int own_head(stoa_conn *c, size_t more)
{
    struct io_chunk *head = c->head;
    struct stoa_str unread = conn_unread(c);
    struct conn_gathered *g = c->gathered;
    if (g && g->room - unread.n >= more) { /* what was read of it makes room */
        memmove(g->bytes, unread.p, unread.n);
        head->len = (uint32_t)unread.n;
        c->head_at = 0;
        return 0;
    }
    size_t room = IO_CHUNK_BYTES;
    while (room < unread.n + more)
        room *= 2;
    g = mem_alloc(c->port->core->mem, sizeof *g + room);
    if (!g)
        return -ENOMEM;
    *g = (struct conn_gathered){ .room = room };
    g->chunk = (struct io_chunk){
        .next = head->next, .bytes = g->bytes, .len = (uint32_t)unread.n, .stamp_ns = head->stamp_ns
    };
    memcpy(g->bytes, unread.p, unread.n);
    c->chunks -= !is_ours(c, head);
    free_chunk(c, head);
    c->gathered = g;
    c->head = &g->chunk; /* not the tail: something is to be added from behind it */
    c->head_at = 0;
    return 0;
}

/* Moves chunks into the first one until it has more than `have` unread bytes, or all there are. */
static int gather(stoa_conn *c, size_t have)
{
    struct io_chunk *next;
    while (conn_unread(c).n <= have && (next = c->head->next)) {
        struct conn_gathered *g = c->gathered;
        if (!g || c->head != &g->chunk || g->room - g->chunk.len < next->len) {
            int r = own_head(c, next->len);
            if (r < 0)
                return r;
            g = c->gathered;
        }
        memcpy(g->bytes + g->chunk.len, next->bytes, next->len);
        g->chunk.len += next->len;
        g->chunk.next = next->next;
        if (c->tail == next)
            c->tail = &g->chunk;
        c->chunks--;
        io_chunk_free(c->port->core->io, next);
    }
    return 0;
}

/* ---- waiting ---- */

static int fail(stoa_conn *c, int err)
{
    c->failed = CONN_AT_READ;
    return err;
}

/* Waits until more than `have` bytes are unread.                                  [waits]
 *   returns  1; 0 = the peer has finished; < 0. */
static int await(stoa_conn *c, size_t have)
{
    struct sched *sched = &c->port->core->sched;
    if (c->unread > have)
        return 1;
    if (c->end <= 0)
        return c->end;
    if (c->reader)
        return -EBUSY; /* two tasks would share the bytes by chance */
    int r = conn_arm(c);
    if (r < 0)
        return r;
    struct conn_reader reader = { .task = task_running(sched), .have = have };
    c->reader = &reader;
    if (c->port->opt->greet)
        conn_place(c);
    while (r == 0 && c->unread <= have && c->end > 0 && !reader.expired)
        r = task_park(sched);
    c->reader = NULL;
    if (c->port->opt->greet)
        conn_place(c);
    if (c->unread > have)
        return 1;
    if (r == 0 && c->end > 0)
        r = -ETIMEDOUT;
    return r < 0 ? r : c->end;
}

int conn_fill(stoa_conn *c, size_t have, size_t max, struct stoa_str *ret)
{
    check(have < max);
    conn_release(c);
    int more = await(c, have);
    if (more < 0)
        return fail(c, more);
    int r = c->head ? gather(c, have) : 0;
    if (r < 0)
        return fail(c, r);
    *ret = conn_unread(c);
    if (ret->n > max)
        ret->n = max;
    return more;
}

ssize_t stoa_read(stoa_conn *c, void *buf, size_t len)
{
    if (len == 0)
        return 0;
    conn_release(c);
    int more = await(c, 0);
    if (more <= 0)
        return more < 0 ? fail(c, more) : 0;
    size_t n = 0;
    while (c->head && n < len) {
        struct stoa_str part = conn_unread(c);
        if (part.n > len - n)
            part.n = len - n;
        memcpy((char *)buf + n, part.p, part.n);
        n += part.n;
        conn_consume(c, part.n);
    }
    conn_release(c);
    return (ssize_t)n;
}

int stoa_read_all(stoa_conn *c, void *buf, size_t len)
{
    size_t n = 0;
    while (n < len) {
        ssize_t r = stoa_read(c, (char *)buf + n, len - n);
        if (r <= 0)
            return r < 0 ? (int)r : fail(c, STOA_EEOF);
        n += (size_t)r;
    }
    return 0;
}

int stoa_read_line(stoa_conn *c, struct stoa_str *ret, size_t max)
{
    struct stoa_str line = { NULL, 0 };
    size_t seen = 0, end;
    do {
        if (seen >= max)
            return fail(c, STOA_ETOOBIG);
        int r = conn_fill(c, seen, max, &line);
        if (r < 0)
            return r;
        end = seen + str_find(str_from(line, seen), '\n');
        if (r == 0) {
            conn_consume(c, line.n);
            *ret = line;
            return STOA_EEOF;
        }
        seen = line.n;
    } while (end == line.n);
    conn_consume(c, end + 1);
    *ret = (struct stoa_str){ line.p, end > 0 && line.p[end - 1] == '\r' ? end - 1 : end };
    return 0;
}
