/* A connection that is played from a script, in place of net/conn.c: bytes that come in steps of a
 * chosen size, then an end, or silence on a virtual clock. What is sent is kept, and read back as
 * responses. Slices die when they may (conn.h), so that a sanitizer sees a late look.
 *
 * For the unit tests of http/, which need neither descriptors nor tasks: a handler here does not
 * wait for anything but its connection. Included once by a program: it defines net/conn.h's
 * functions, and those of stoa.h that http/ calls. */
#ifndef TESTS_HTTP_FAKE_H
#define TESTS_HTTP_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/serve.h"
#include "wire/chunked.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- memory that counts, and fails at a chosen call ---- */

struct fake_mem {
    struct stoa_mem mem;
    size_t calls, fail_at; /* fail_at: 1 = the first; 0 = none */
    size_t live;           /* bytes not given back */
};

static void *fake_alloc(void *ctx, size_t n)
{
    struct fake_mem *m = ctx;
    if (++m->calls == m->fail_at)
        return NULL;
    void *p = malloc(n);
    if (p)
        memset(p, 0xa5, n);
    m->live += n;
    return p;
}

static void fake_release(void *ctx, void *p, size_t n)
{
    struct fake_mem *m = ctx;
    m->live -= n;
    free(p);
}

static void fake_mem_init(struct fake_mem *m, size_t fail_at)
{
    *m = (struct fake_mem){ .mem = { fake_alloc, fake_release, m }, .fail_at = fail_at };
}

/* ---- the connection ---- */

enum fake_after { FAKE_SILENCE, FAKE_END, FAKE_RESET, FAKE_CANCEL };

/* How it ended. */
enum fake_end { KEPT, CLOSED, GONE, BROKEN };

struct stoa_conn {
    struct core core;
    struct io io;
    stoa_time deadline;
    bool draining;
    uint32_t count;
    int renewed; /* calls */

    struct stoa_str script; /* what has not come yet */
    size_t step;            /* comes at once; 0 = all */
    stoa_time step_time;    /* passes before each step that is waited for */
    enum fake_after after;
    stoa_time handler_takes; /* for handlers that want time to pass */

    char *bytes; /* what has come, and is unread */
    size_t n, at;
    size_t chunk; /* it lies in chunks of that size; 0 = in one */
    size_t slice; /* of the unread bytes, how many are in one piece */

    char *out; /* what was sent */
    size_t out_n;
    unsigned sends;
    stoa_time sent_at; /* the first of them */
    size_t send_room;  /* after so many bytes ... */
    int send_err;      /* ... sending fails with this */
    bool send_failed;
    size_t takes_now; /* by conn_write_now */
    size_t
        speaks_at; /* when so many bytes were sent, bytes come; 0 = not before they are awaited */
    bool more;     /* the last send said that more follows */

    struct conn_sent left; /* of what was sent */

    enum fake_end end; /* of the last fake_run */
    int result;
};

static void fake_init(stoa_conn *c, struct stoa_str script)
{
    *c = (stoa_conn){ .script = script, .deadline = STOA_NEVER, .send_room = SIZE_MAX };
    c->core.io = &c->io;
    list_init(&c->core.sched.ready);
    c->core.sched.running = (stoa_task *)(void *)c;
    c->io.now.mono_ns = 1000 * STOA_SEC;
    c->io.now.real_ns = (int64_t)784111777 * STOA_SEC; /* Sun, 06 Nov 1994 08:49:37 GMT */
}

static void fake_done(stoa_conn *c)
{
    free(c->bytes);
    free(c->out);
}

static size_t fake_unread(const stoa_conn *c)
{
    return c->n - c->at;
}

/* The next bytes come into sight: a chunk of them. */
static void fake_next_slice(stoa_conn *c)
{
    size_t more = fake_unread(c) - c->slice;
    c->slice += c->chunk && c->chunk < more ? c->chunk : more;
}

/* The next step of the script arrives: in new memory, which is exactly as large as what it holds. */
static void fake_arrive(stoa_conn *c)
{
    size_t come = c->step && c->step < c->script.n ? c->step : c->script.n;
    size_t n = fake_unread(c);
    char *p = malloc(n + come + 1);
    assert_non_null(p);
    if (n)
        memcpy(p, c->bytes + c->at, n);
    memcpy(p + n, c->script.p, come);
    p = realloc(p, n + come ? n + come : 1);
    free(c->bytes);
    c->bytes = p;
    c->n = n + come;
    c->at = 0;
    c->script = str_from(c->script, come);
    if (c->slice == 0 || !c->chunk)
        fake_next_slice(c);
}

struct stoa_str conn_unread(const stoa_conn *c)
{
    return (struct stoa_str){ c->bytes ? c->bytes + c->at : NULL, c->slice };
}

int conn_fill(stoa_conn *c, size_t have, size_t max, struct stoa_str *ret)
{
    assert_true(have < max);
    while (fake_unread(c) <= have) {
        stoa_time end = c->io.now.mono_ns + c->step_time;
        if (c->deadline <= c->io.now.mono_ns)
            return -ETIMEDOUT;
        bool never = c->script.n == 0 && c->after == FAKE_SILENCE;
        if (never || end > c->deadline) {
            assert_true(c->deadline != STOA_NEVER); /* it would wait for ever */
            c->io.now.mono_ns = c->deadline;
            return -ETIMEDOUT;
        }
        c->io.now.mono_ns = end;
        if (c->script.n) {
            fake_arrive(c);
            continue;
        }
        c->slice = fake_unread(c);
        *ret = conn_unread(c);
        return c->after == FAKE_END ? 0 : c->after == FAKE_RESET ? -ECONNRESET : -ECANCELED;
    }
    while (c->slice <= have)
        fake_next_slice(c);
    *ret = (struct stoa_str){ c->bytes + c->at, c->slice < max ? c->slice : max };
    return 1;
}

void conn_consume(stoa_conn *c, size_t n)
{
    assert_true(n <= c->slice);
    c->at += n;
    c->slice -= n;
    if (c->slice == 0)
        fake_next_slice(c);
    if (c->at < c->n)
        return;
    free(c->bytes);
    c->bytes = NULL;
    c->n = c->at = 0;
}

size_t conn_unread_bytes(const stoa_conn *c)
{
    return fake_unread(c);
}

static int fake_send(stoa_conn *c, const void *p, size_t n)
{
    size_t room = c->send_room - c->out_n;
    size_t fits = n < room ? n : room;
    if (n == 0)
        return 0;
    c->out = realloc(c->out, c->out_n + n);
    memcpy(c->out + c->out_n, p, fits);
    c->out_n += fits;
    if (fits == n)
        return 0;
    c->send_failed = true;
    if (c->send_err == -ETIMEDOUT) {
        assert_true(c->deadline != STOA_NEVER);
        c->io.now.mono_ns = c->deadline;
    }
    return c->send_err;
}

int conn_write(stoa_conn *c, struct iovec *v, int count, bool more)
{
    int r = 0;
    assert_false(c->send_failed);
    if (c->sends++ == 0)
        c->sent_at = c->io.now.mono_ns;
    c->more = more;
    for (int i = 0; r == 0 && i < count; i++) {
        size_t before = c->out_n;
        r = fake_send(c, v[i].iov_base, v[i].iov_len);
        if (r < 0) /* what is left of it */
            v[i].iov_len -= c->out_n - before;
    }
    return r;
}

/* As much as fits before the peer says what it says. */
ssize_t conn_write_until_heard(stoa_conn *c, const void *buf, size_t n)
{
    if (c->speaks_at && c->out_n >= c->speaks_at && c->script.n)
        fake_arrive(c);
    if (fake_unread(c))
        return 0;
    if (c->speaks_at > c->out_n && n > c->speaks_at - c->out_n)
        n = c->speaks_at - c->out_n;
    size_t before = c->out_n;
    int r = fake_send(c, buf, n);
    return c->out_n > before ? (ssize_t)(c->out_n - before) : r;
}

/* Half of it at a time. */
ssize_t conn_send_file(stoa_conn *c, int file, off_t at, uint64_t n)
{
    n = (n + 1) / 2;
    char *p = malloc(n);
    ssize_t got = pread(file, p, n, at);
    assert_false(c->send_failed);
    c->sends++;
    assert_true(c->more); /* the head waits for it */
    int r = fake_send(c, p, got < 0 ? 0 : (size_t)got);
    free(p);
    return r < 0 ? r : got == 0 ? STOA_EEOF : got;
}

ssize_t conn_write_now(stoa_conn *c, const void *buf, size_t n)
{
    if (c->takes_now == 0)
        return -EAGAIN;
    n = n < c->takes_now ? n : c->takes_now;
    c->sends++;
    assert_int_equal(fake_send(c, buf, n), 0);
    return (ssize_t)n;
}

void conn_look_at_sent(const stoa_conn *c, struct conn_sent *ret)
{
    *ret = c->left;
}

struct core *conn_core(const stoa_conn *c)
{
    return (struct core *)(uintptr_t)&c->core;
}

uint32_t *conn_count(stoa_conn *c)
{
    return &c->count;
}

/* The stage clock is off. */
struct stage_conn *conn_stage(const stoa_conn *c)
{
    (void)c;
    return NULL;
}

struct stage_came conn_came(const stoa_conn *c)
{
    (void)c;
    return (struct stage_came){ 0 };
}

void conn_measure(stoa_conn *c, struct stage_request *r)
{
    (void)c, (void)r;
}

void conn_rests(stoa_conn *c)
{
    (void)c;
}

void conn_ask_ack(stoa_conn *c)
{
    (void)c;
}

void conn_handed_over(stoa_conn *c, stoa_time now)
{
    (void)c, (void)now;
}

void conn_peer(stoa_conn *c, struct addr *ret)
{
    (void)c;
    *ret = (struct addr){ .v4 = { .sin_family = AF_INET, .sin_port = 0x5000 } };
}

stoa_time conn_accepted(const stoa_conn *c)
{
    (void)c;
    return 0;
}

bool conn_is_draining(const stoa_conn *c)
{
    return c->draining;
}

/* ---- the task ---- */

stoa_task *stoa_conn_task(stoa_conn *c)
{
    return (stoa_task *)(void *)c;
}

stoa_time stoa_deadline(stoa_task *t, stoa_time when)
{
    stoa_conn *c = (stoa_conn *)(void *)t;
    stoa_time old = c->deadline;
    c->deadline = when;
    return old;
}

int stoa_sleep(stoa_task *t, stoa_time span)
{
    stoa_conn *c = (stoa_conn *)(void *)t;
    c->io.now.mono_ns += span;
    return 0;
}

void task_renew(stoa_task *t)
{
    stoa_conn *c = (stoa_conn *)(void *)t;
    c->deadline = STOA_NEVER;
    c->renewed++;
}

/* ---- the core ---- */

void sched_post(struct sched *s, struct job *j)
{
    if (list_is_empty(&j->node))
        list_push_back(&s->ready, &j->node);
}

/* For a handler that waits: what is posted runs meanwhile. */
__attribute__((unused)) static void fake_wait(stoa_conn *c)
{
    struct list *node;
    while ((node = list_pop_front(&c->core.sched.ready))) {
        struct job *j = list_owner(node, struct job, node);
        j->run(j);
    }
}

/* ---- driving it ---- */

/* Plays the whole script as net/ would: serves whenever bytes are there, until it ends. */
static enum fake_end fake_run(stoa_conn *c, struct http_service *s)
{
    int r = CONN_PARK;
    while (r == CONN_PARK && (fake_unread(c) || c->script.n)) {
        if (fake_unread(c) == 0)
            fake_arrive(c);
        r = http_serve(c, s);
        assert_true(list_is_empty(&c->core.sched.ready));
        assert_true(c->deadline == STOA_NEVER); /* nothing of an exchange is left behind */
    }
    c->result = r;
    if (r == CONN_GONE && fake_unread(c)) /* then net/ lingers after all */
        r = CONN_CLOSE;
    c->end = r < 0 ? BROKEN : r == CONN_PARK ? KEPT : r == CONN_GONE ? GONE : CLOSED;
    return c->end;
}

/* ---- a service and one connection to it ---- */

struct play {
    struct fake_mem mem;
    struct http_service s; /* what is set before play_begin stays */
    stoa_conn c;
};

__attribute__((unused)) static void play_begin(struct play *p, stoa_http_handler *handler,
                                               void *arg, struct stoa_str script)
{
    p->s.handler = handler;
    p->s.arg = arg;
    fake_mem_init(&p->mem, 0);
    assert_int_equal(http_service_init(&p->s, 1, &p->mem.mem), 0);
    fake_init(&p->c, script);
}

__attribute__((unused)) static enum fake_end play_run(struct play *p)
{
    return fake_run(&p->c, &p->s);
}

__attribute__((unused)) static void play_end(struct play *p)
{
    fake_done(&p->c);
    http_service_done(&p->s);
    assert_int_equal(p->mem.live, 0);
    *p = (struct play){ 0 };
}

/* ---- what was sent, as responses ---- */

struct fake_reply {
    int status;
    struct head head;
    char body[4096];
    size_t body_n; /* all of it, also what did not fit */
};

/* Takes the next response off *at. method: of the request.
 *   returns  false when none is left; fails the test when it is malformed or not whole. */
static bool fake_next_reply(const stoa_conn *c, size_t *at, enum method method,
                            struct fake_reply *ret)
{
    struct stoa_str in = { c->out + *at, c->out_n - *at };
    if (in.n == 0)
        return false;
    head_init(&ret->head, &head_limits_default);
    int n = head_parse_response(&ret->head, in);
    if (n <= 0)
        fail_msg("no whole head: %.*s", (int)in.n, in.p);
    ret->status = ret->head.status;
    ret->body_n = 0;
    in = str_from(in, (size_t)n);
    enum head_body kind = head_response_body(&ret->head, method);
    size_t used = 0;
    if (kind == HEAD_BODY_LENGTH || kind == HEAD_BODY_CLOSE) {
        ret->body_n = kind == HEAD_BODY_CLOSE ? in.n : (size_t)ret->head.content_length;
        assert_true(ret->body_n <= in.n);
        memcpy(ret->body, in.p, ret->body_n < sizeof ret->body ? ret->body_n : sizeof ret->body);
        used = ret->body_n;
    } else if (kind == HEAD_BODY_CHUNKED) {
        struct chunked d;
        struct chunked_piece piece;
        int r;
        chunked_init(&d);
        while ((r = chunked_next(&d, str_from(in, used), &piece)) == CHUNKED_DATA) {
            if (ret->body_n + piece.value.n <= sizeof ret->body)
                memcpy(ret->body + ret->body_n, piece.value.p, piece.value.n);
            ret->body_n += piece.value.n;
            used += piece.used;
        }
        assert_int_equal(r, CHUNKED_END);
        used += piece.used;
    }
    *at += (size_t)n + used;
    return true;
}

/* "100 200 404": the statuses of all responses; all requests had this method. returns buf. */
__attribute__((unused)) static char *fake_statuses(const stoa_conn *c, enum method method,
                                                   char *buf, size_t size)
{
    static struct fake_reply reply;
    size_t at = 0, n = 0;
    buf[0] = 0;
    while (fake_next_reply(c, &at, method, &reply) && n < size)
        n += (size_t)snprintf(buf + n, size - n, "%s%d", n ? " " : "", reply.status);
    return buf;
}

/* All that was sent, terminated. Borrowed until the next send. */
__attribute__((unused)) static const char *fake_text(stoa_conn *c)
{
    c->out = realloc(c->out, c->out_n + 1);
    c->out[c->out_n] = 0;
    return c->out;
}

/* How often `what` is in what was sent. */
__attribute__((unused)) static unsigned fake_count(stoa_conn *c, const char *what)
{
    unsigned n = 0;
    for (const char *at = fake_text(c); (at = strstr(at, what)); at += strlen(what))
        n++;
    return n;
}

#endif
