/* http/serve_h1.c -- a connection's loop over its exchanges: head, handler, rest of the body, next.
 *
 * Knows in which order things happen and what ends a connection; not how a body is decoded (body.c)
 * or a response written (reply.c). Called by net/ whenever a connection has bytes. */
#include "base/check.h"
#include "http/body.h"
#include "http/out.h"
#include "http/reply.h"
#include "http/serve.h"
#include "http/service.h"
#include "http/stages.h"

enum { NEXT = 16 }; /* beyond CONN_CLOSE and its like: the connection goes on */

static int next_head(stoa_http *x);
static int exchange(stoa_http *x);
static void begin_empty(stoa_http *x);
static void tell(stoa_http *x);

/* No memory for an exchange: said without any. */
static int turn_away(stoa_conn *c)
{
    static const char head[] = "HTTP/1.1 503 Service Unavailable\r\n"
                               "Content-Type: text/plain; charset=utf-8\r\n"
                               "Content-Length: 23\r\n"
                               "Connection: close\r\n\r\n";
    static const char body[] = "out of memory, for now\n";
    struct iovec v[] = { { (void *)(uintptr_t)head, sizeof head - 1 },
                         { (void *)(uintptr_t)body, sizeof body - 1 } };
    struct stoa_str in = conn_unread(c);
    while (in.n && (in.p[0] == '\r' || in.p[0] == '\n'))
        in = str_from(in, 1);
    int r = conn_write(c, v, str_starts(in, STR("HEAD ")) ? 1 : 2, false);
    return r < 0 ? r : CONN_CLOSE;
}

int http_serve(stoa_conn *c, void *service)
{
    stoa_http *x = service_take(service, c);
    if (!x)
        return turn_away(c);
    int r;
    do
        r = next_head(x);
    while (r == NEXT && (r = exchange(x)) == NEXT);
    check(r < 0 || x->out_n == 0); /* nothing is held back of what was answered */
    service_give(x);
    return r;
}

/* ---- the head ---- */

static void refuse_with(stoa_http *x, int status, const char *why, const char *cause)
{
    x->refusal = (struct refusal){ status, why, cause };
}

/* The client left in the middle of a head: no exchange, but whoever watches wants to know. */
static int head_is_lost(stoa_http *x, int err, const char *cause)
{
    begin_empty(x);
    x->err = err;
    x->cause = cause;
    tell(x);
    return err == STOA_EEOF ? CONN_GONE : err;
}

/* What has come is no whole head, and no more comes: r says why. */
static int head_is_missing(stoa_http *x, struct stoa_str in, int r)
{
    bool begun = head_is_begun(&x->head, in);
    if (r == -ETIMEDOUT && begun) {
        refuse_with(x, 408, "the head did not come in time", "request.head_timeout");
        x->err = r;
        return NEXT;
    }
    /* No 408 before the first byte: browsers open spare connections, and would take it for the
     * answer to their next request. */
    if (r == -ETIMEDOUT)
        return CONN_CLOSE;
    if (r < 0)
        return begun ? head_is_lost(x, r, r == -ECANCELED ? NULL : "request.reset") : r;
    r = begun ? head_is_lost(x, STOA_EEOF, "request.truncated") : CONN_GONE;
    conn_consume(x->c, in.n);
    return r;
}

/* Looks at more than *in. returns as conn_fill.                                     [waits] */
static int read_more(stoa_http *x, struct stoa_str *in)
{
    int r = conn_fill(x->c, in->n, x->s->head_max, in);
    if (r > 0)
        x->head_bytes = head_parse_request(&x->head, *in);
    return r;
}

/* There is no whole head in one piece: looks further, waits for it, or leaves the connection to be
 * parked. */
static int await_head(stoa_http *x, struct stoa_str in)
{
    int r = 1;
    if (conn_unread_bytes(x->c) == 0)
        return conn_is_draining(x->c) ? CONN_CLOSE : CONN_PARK;
    while (r > 0 && x->head_bytes == 0 && conn_unread_bytes(x->c) > in.n)
        r = read_more(x, &in);
    if (x->head_bytes)
        return NEXT;
    if (out_flush(x) < 0)
        return x->lost;
    stages_head_waits(x);
    struct within w = within_begin(x, x->s->head_within);
    while (r > 0 && x->head_bytes == 0)
        r = read_more(x, &in);
    within_end(&w);
    return r > 0 ? NEXT : head_is_missing(x, in, r);
}

/* Reads the next head, in place. returns NEXT: it is there, or x->refusal; else how the connection
 * ends. */
static int next_head(stoa_http *x)
{
    struct stoa_str in = conn_unread(x->c);
    x->refusal.status = 0;
    x->cause = NULL;
    x->err = 0;
    x->times.head.read = 0;
    head_init(&x->head, &x->s->limits);
    x->head_bytes = in.n ? head_parse_request(&x->head, in) : 0;
    return x->head_bytes ? NEXT : await_head(x, in);
}

static const char *fault_cause(int fault, int status)
{
    if (fault == FAULT_TLS || fault == FAULT_HTTP2 || fault == FAULT_PROXY)
        return "request.other_protocol";
    switch (status) {
    case 413: return "request.body_too_large";
    case 414: return "request.target_too_long";
    case 431: return "request.head_too_large";
    case 505: return "request.version";
    default: return "request.malformed";
    }
}

static void refuse_fault(stoa_http *x, int fault)
{
    int status = fault_status(fault);
    refuse_with(x, status, fault_reason(fault), fault_cause(fault, status));
}

/* Is it a request for a handler? Sets x->refusal when it is not. */
static void judge(stoa_http *x)
{
    const struct head *h = &x->head;
    int r = x->head_bytes < 0 ? x->head_bytes : target_parse(&x->target, h);
    if (r < 0)
        refuse_fault(x, r);
    else if (h->method == METHOD_OTHER || h->method == METHOD_TRACE || h->method == METHOD_CONNECT)
        refuse_with(x, 501, "this method is not implemented", "request.method_unknown");
    else if (h->expect == HEAD_EXPECT_OTHER)
        refuse_with(x, 417, "this expectation cannot be met", NULL);
    else if (h->content_length > 0 && (uint64_t)h->content_length > x->s->body_max)
        refuse_with(x, 413, "the body is too large", "request.body_too_large");
}

/* The body will want the place where the head stands: moves the head out of its way.
 * returns false, and x->refusal, when there is no memory. */
static bool move_head(stoa_http *x)
{
    size_t n = (size_t)x->head_bytes;
    char *p = arena_alloc(&x->arena, n);
    if (!p) {
        refuse_with(x, 503, "out of memory, for now", NULL);
        return false;
    }
    memcpy(p, x->head.p, n);
    head_move(&x->head, p);
    target_parse(&x->target, &x->head);
    conn_consume(x->c, n);
    x->in_place = false;
    return true;
}

/* ---- the exchange ---- */

static void begin_empty(stoa_http *x)
{
    x->began = core_now(x->core);
    x->began_real_ns = core_real_ns(x->core);
    x->in_place = true;
    x->close = false;
    x->target = (struct target){ 0 };
    x->body = (struct body){ .ended = true };
    reply_begin(x);
    stages_begin(x);
}

static void begin(stoa_http *x)
{
    begin_empty(x);
    ++*conn_count(x->c);
    if (x->refusal.status == 0)
        judge(x);
    if (x->refusal.status == 0 && head_has_body(&x->head) && move_head(x))
        body_begin(x);
}

/* Calls the handler, or answers in its place. */
static int handle(stoa_http *x)
{
    if (x->refusal.status) {
        x->cause = x->refusal.cause;
        return http_refuse(x, x->refusal.status, x->refusal.why, true);
    }
    if (x->target.form == TARGET_ASTERISK)
        return http_allow(x, STR("GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH"));
    out_watch(x);
    int r = x->s->handler(x, x->s->arg);
    task_renew(x->task); /* what the handler left behind is not the next exchange's */
    out_unwatch(x);
    return r;
}

/* Method, target, version, as far as they could be read. */
static struct stoa_str start_line(const struct head *h)
{
    if (h->method_name.n == 0)
        return (struct stoa_str){ NULL, 0 };
    size_t end = (size_t)h->target.at + h->target.n + sizeof " HTTP/1.1" - 1;
    return (struct stoa_str){ h->p + h->method_name.at, end - h->method_name.at };
}

static void tell(stoa_http *x)
{
    const struct http_observer *o = &x->s->observer;
    stages_end(x);
    if (!o->exchange)
        return;
    struct http_facts facts = {
        .x = x,
        .status = x->reply.phase == REPLY_NONE ? 0 : x->reply.status,
        .body_bytes = x->reply.bodiless ? 0 : x->reply.sent,
        .head_bytes = x->head_bytes > 0 ? (uint64_t)x->head_bytes : 0,
        .request_body_bytes = x->body.got,
        .began = x->began,
        .ended = core_now(x->core),
        .began_real_ns = x->began_real_ns,
        .err = x->err,
        .cause = x->cause,
        .line = start_line(&x->head),
        .stages = x->times.measured ? &x->times : NULL,
    };
    o->exchange(o->ctx, x->core, &facts);
}

/* The client said itself that it sends no more (RFC 9112 section 9.6), and all that it sent has been
 * read: nothing can come that would turn our close into a reset. */
static bool client_is_done(const stoa_http *x)
{
    return x->refusal.status == 0 && !head_keeps_alive(&x->head) && x->body.ended;
}

/* What comes after a response that is whole. */
static int conclude(stoa_http *x)
{
    bool go_on = !x->close && body_drop(x);
    /* Nothing else may hold the last response back; requests that wait already are answered first,
     * so that all goes out together. */
    stages_last(x);
    if (!go_on)
        out_finish(x);
    else if (conn_unread_bytes(x->c) <= (x->in_place ? (size_t)x->head_bytes : 0))
        out_flush(x);
    if (x->lost)
        return x->lost;
    if (go_on)
        return NEXT;
    return client_is_done(x) ? CONN_GONE : CONN_CLOSE;
}

/* One request and its response. returns NEXT, or how the connection ends. */
static int exchange(stoa_http *x)
{
    begin(x);
    int r = handle(x);
    stages_handled(x);
    r = reply_end(x, r);
    /* A handler that does not read the body may have answered what is no request. */
    if (r == 0 && !x->body.err && !x->reply_gone && body_drop_here(x) < 0)
        r = reply_retract(x);
    if (r == 0)
        r = conclude(x);
    if (r < 0)
        x->err = r;
    tell(x);
    if (r >= 0 && x->in_place && x->head_bytes > 0)
        conn_consume(x->c, (size_t)x->head_bytes);
    reply_done(x);
    arena_reset(&x->arena);
    return r;
}
