/* net/read.c -- reading from a connection, in tasks: the queue of chunks, and waiting for more.
 *
 * Bytes are given out where they were received; they are copied only when a slice must span two
 * chunks, or when too much is kept (kept.c). Does not decide when the kernel is asked for more,
 * beyond that somebody waits (life.c). */
#include "base/check.h"
#include "net/conn.h"
#include "net/kept.h"
#include "net/record.h"
#include "net/stages.h"

#include <errno.h>
#include <string.h>

/* ---- the queue ---- */

void conn_queue(stoa_conn *c, struct io_chunk *chunk, bool taken)
{
    chunk = kept_add(c->port->core, chunk);
    conn_stages_came(c, chunk, taken);
    chunk->next = NULL;
    if (c->head)
        c->tail->next = chunk;
    else
        c->head = chunk;
    c->tail = chunk;
    c->chunks++;
    c->unread += chunk->len;
}

static void free_chunks(stoa_conn *c, struct io_chunk **list)
{
    while (*list) {
        struct io_chunk *chunk = *list;
        *list = chunk->next;
        kept_free(c->port->core, chunk);
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
        c->chunks--;
        chunk->next = c->spent;
        c->spent = chunk;
    }
    c->head_at += (uint32_t)n;
}

struct stage_came conn_came(const stoa_conn *c)
{
    return c->head && c->stage ? c->head->came : (struct stage_came){ 0 };
}

/* ---- one slice out of many chunks ---- */

/* Moves chunks into the first one until it has more than `have` unread bytes, or all there are.
 *   returns  0, -ENOMEM. */
static int gather(stoa_conn *c, size_t have)
{
    struct core *core = c->port->core;
    struct io_chunk *next;
    while (conn_unread(c).n <= have && (next = c->head->next)) {
        if (kept_room(c->head) < next->len) {
            struct io_chunk *head = kept_extend(core, c->head, c->head_at, next->len);
            if (!head)
                return -ENOMEM;
            c->head = head;
            c->head_at = 0;
        }
        memcpy(c->head->bytes + c->head->len, next->bytes, next->len);
        c->head->len += next->len;
        c->head->came = next->came;
        c->head->next = next->next;
        if (c->tail == next)
            c->tail = c->head;
        c->chunks--;
        kept_free(core, next);
    }
    return 0;
}

/* ---- waiting ---- */

static int fail(stoa_conn *c, int err)
{
    return conn_failed(c, CONN_AT_READ, err);
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
        if (c->recv.kind == IO_RECV_FROM)
            break; /* of one datagram only; what did not fit is read next */
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
