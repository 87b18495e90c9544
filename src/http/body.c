/* http/body.c -- see body.h. */
#include "http/body.h"
#include "http/out.h"
#include "http/stages.h"

enum {
    DROP_BYTES = 65536, /* of a body that nobody wants; more is not worth the connection */
    SLICE_BYTES = CHUNKED_TRAILER_BYTES_MAX + 64
};

static const struct body_causes of_request = {
    .malformed = "request.malformed",
    .truncated = "request.truncated",
    .reset = "request.reset",
    .timeout = "request.body_timeout",
    .too_large = "request.body_too_large",
};

static void begin(struct body *b, const struct head *h)
{
    b->ended = false;
    b->chunked = h->chunked;
    if (h->chunked)
        chunked_init(&b->decoder);
    else
        b->left = (uint64_t)h->content_length; /* -1: more than can come */
}

void body_begin(stoa_http *x)
{
    begin(&x->body, &x->head);
    x->body.awaited = x->head.expect == HEAD_EXPECT_CONTINUE;
    x->body.max = x->s->body_max;
    x->body.within = x->s->body_within;
    x->body.causes = &of_request;
}

void body_begin_reply(stoa_http *x, enum head_body kind, const struct body_causes *causes)
{
    x->body = (struct body){ .max = UINT64_MAX, .within = STOA_NEVER, .causes = causes };
    if (kind == HEAD_BODY_NONE) {
        x->body.ended = true;
        return;
    }
    begin(&x->body, &x->head);
    x->body.until_close = kind == HEAD_BODY_CLOSE;
}

static int end_early(stoa_http *x, int err, const char *cause)
{
    x->body.err = x->err = err;
    x->cause = cause;
    return err;
}

/* Decodes what stands in front. returns 1 = ready, 0 = ended, -EAGAIN = more is wanted, < 0. */
static int decode(stoa_http *x, struct stoa_str in)
{
    struct chunked_piece piece;
    size_t used = 0;
    int r;
    do {
        r = chunked_next(&x->body.decoder, str_from(in, used), &piece);
        if (r < 0) {
            x->body.fault = r;
            return end_early(x, STOA_EPROTO, x->body.causes->malformed);
        }
        used += piece.used;
    } while (r == CHUNKED_TRAILER);
    if (r != CHUNKED_DATA) {
        conn_consume(x->c, used);
        return r == CHUNKED_END ? 0 : -EAGAIN;
    }
    conn_consume(x->c, (size_t)(piece.value.p - in.p));
    x->body.ready = piece.value.n;
    return 1;
}

/* The same with all that has come: the end of one received piece does not say that there is no
 * other behind it, and waiting for more than that would be waiting for what the client has sent. */
static int decode_all(stoa_http *x, struct stoa_str in)
{
    bool used_up;
    int r;
    do {
        size_t unread = conn_unread_bytes(x->c);
        r = decode(x, in);
        used_up = unread - conn_unread_bytes(x->c) == in.n;
        in = conn_unread(x->c);
    } while (r == -EAGAIN && used_up && in.n > 0);
    return r;
}

/* What has come makes what? returns 1 = ready, 0 = ended, -EAGAIN = more is wanted, < 0. */
static int look(stoa_http *x)
{
    struct body *b = &x->body;
    if (!b->chunked && b->left == 0)
        return 0;
    struct stoa_str in = conn_unread(x->c);
    if (in.n == 0)
        return -EAGAIN;
    b->awaited = false;
    if (b->chunked)
        return decode_all(x, in);
    b->ready = in.n < b->left ? in.n : (size_t)b->left;
    b->left -= b->ready;
    return 1;
}

/* Nothing more comes: r says why. returns 0 when that is its end. */
static int no_more(stoa_http *x, int r, bool expired)
{
    struct body *b = &x->body;
    if (r == 0 && b->until_close)
        b->left = 0;
    else if (r == 0)
        r = end_early(x, STOA_EEOF, b->causes->truncated);
    else if (r != -ETIMEDOUT)
        r = end_early(x, r, r == -ECANCELED ? NULL : b->causes->reset);
    else if (expired)
        r = end_early(x, r, b->causes->timeout);
    return r;
}

/* Waits for more than what look() could not use. */
static int await(stoa_http *x)
{
    struct stoa_str in = conn_unread(x->c);
    int r = 0;
    if (x->body.awaited) {
        if (x->reply.phase >= REPLY_BODY) /* a 100 cannot follow the final response */
            return -EALREADY;
        x->body.awaited = false;
        r = out_str(x, STR("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    if (r == 0 && conn_unread_bytes(x->c) == in.n)
        r = out_flush(x);
    if (r < 0)
        return r;
    struct within w = within_begin(x, x->body.within);
    stages_body_waits(x);
    r = conn_fill(x->c, in.n, SLICE_BYTES, &in);
    stages_body_came(x, r > 0);
    bool ours = within_end(&w);
    return r > 0 ? 0 : no_more(x, r, ours);
}

/* Notes what look() found. */
static int found(stoa_http *x, int r)
{
    struct body *b = &x->body;
    b->got += b->ready;
    b->ended = r == 0;
    if (r != 1 || b->got <= b->max)
        return r;
    b->ready = 0;
    return end_early(x, STOA_ETOOBIG, b->causes->too_large);
}

int body_fetch(stoa_http *x)
{
    struct body *b = &x->body;
    int r;
    if (b->err || b->ready || b->ended)
        return b->err ? b->err : b->ready > 0;
    do
        r = look(x);
    while (r == -EAGAIN && (r = await(x)) == 0);
    return found(x, r);
}

size_t body_take(stoa_http *x, void *buf, size_t len)
{
    size_t n = len < x->body.ready ? len : x->body.ready;
    if (buf)
        memcpy(buf, conn_unread(x->c).p, n);
    conn_consume(x->c, n);
    x->body.ready -= n;
    return n;
}

int body_drop_here(stoa_http *x)
{
    struct body *b = &x->body;
    int r = b->err || b->ended ? 0 : 1;
    while (r == 1) {
        body_take(x, NULL, b->ready);
        r = look(x);
        if (r != -EAGAIN)
            r = found(x, r);
    }
    return b->err;
}

/* The client waits for a 100 that will not come: it may send the body, or not. */
static bool is_given_up(const stoa_http *x)
{
    return x->body.awaited && conn_unread_bytes(x->c) == 0;
}

bool body_is_droppable(const stoa_http *x)
{
    const struct body *b = &x->body;
    if (b->ended || b->err)
        return !b->err;
    return !is_given_up(x) && (b->chunked || b->left <= DROP_BYTES + conn_unread_bytes(x->c));
}

bool body_drop(stoa_http *x)
{
    int r;
    if (x->body.ended)
        return true;
    uint64_t room = DROP_BYTES + conn_unread_bytes(x->c);
    struct within w = within_begin(x, x->s->head_within); /* as for the next head */
    while ((r = body_fetch(x)) == 1 && x->body.ready <= room)
        room -= body_take(x, NULL, x->body.ready);
    within_end(&w);
    return r == 0;
}
