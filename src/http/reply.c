/* http/reply.c -- the response as handlers make it: stoa/http.h's half, and exchange.h's. */
#include "http/reply.h"
#include "http/out.h"
#include "http/status.h"
#include "wire/chars.h"

void reply_begin(stoa_http *x)
{
    x->reply = (struct reply){ .phase = REPLY_NONE };
    x->reply_at = x->out_n;
    x->reply_gone = false;
}

void reply_done(stoa_http *x)
{
    if (x->set.p != x->set_bytes)
        buf_done(&x->set);
    else
        buf_clear(&x->set);
}

/* Is it a field's value that cannot be taken for the end of its line? */
static bool is_value(struct stoa_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool is_ours(struct stoa_str name)
{
    return str_eq_nocase(name, STR("Date")) || str_eq_nocase(name, STR("Connection")) ||
           str_eq_nocase(name, STR("Content-Length")) ||
           str_eq_nocase(name, STR("Transfer-Encoding"));
}

static int add_field(stoa_http *x, struct stoa_str name, struct stoa_str value)
{
    if (!is_value(value))
        return -EINVAL;
    if (!buf_room(&x->set, name.n + value.n + 4))
        return -ENOMEM;
    buf_str(&x->set, name);
    buf_add(&x->set, ": ", 2);
    buf_str(&x->set, value);
    buf_add(&x->set, "\r\n", 2);
    return 0;
}

int stoa_http_set(stoa_http *x, const char *name, const char *value)
{
    struct stoa_str n = str_of(name);
    if (x->reply.phase != REPLY_NONE)
        return -EALREADY;
    if (n.n == 0 || char_span(n, CHAR_TOKEN) != n.n || is_ours(n))
        return -EINVAL;
    return add_field(x, n, str_of(value));
}

static bool is_bodiless(const stoa_http *x, int status)
{
    return x->head.method == METHOD_HEAD || status == 204 || status == 205 || status == 304;
}

int stoa_http_start(stoa_http *x, int status, int64_t len)
{
    if (x->reply.phase != REPLY_NONE)
        return -EALREADY;
    if (status < 200 || status > 599 || len < -1)
        return -EINVAL;
    x->reply.phase = REPLY_STARTED;
    x->reply.status = status;
    x->reply.len = len;
    x->reply.bodiless = is_bodiless(x, status);
    return 0;
}

/* Begins to write n bytes of body: is there room for them in what was announced?
 *   returns  1 = write them; 0 = they are dropped; < 0. */
static int begin_piece(stoa_http *x, uint64_t n)
{
    struct reply *reply = &x->reply;
    if (reply->phase != REPLY_STARTED && reply->phase != REPLY_BODY)
        return -EINVAL;
    if (reply->len >= 0 && n > (uint64_t)reply->len - reply->sent)
        return -EINVAL;
    int r = reply->phase == REPLY_STARTED ? reply_write_head(x, (struct stoa_str){ 0 }, false) : 0;
    if (r < 0)
        return r;
    reply->sent += n;
    return !reply->bodiless && n > 0;
}

static void put_chunk_head(stoa_http *x, uint64_t n)
{
    char buf[CHUNKED_HEAD_BYTES];
    if (x->reply.chunked)
        out_put(x, buf, chunked_head(buf, n));
}

static int put_chunk_end(stoa_http *x)
{
    return x->reply.chunked ? out_str(x, STR("\r\n")) : x->lost;
}

int stoa_http_write(stoa_http *x, const void *buf, size_t len)
{
    int r = begin_piece(x, len);
    if (r <= 0)
        return r;
    put_chunk_head(x, len);
    out_body(x, buf, len);
    return put_chunk_end(x);
}

int http_write_file(stoa_http *x, int file, off_t at, uint64_t n)
{
    int r = begin_piece(x, n);
    if (r <= 0)
        return r;
    put_chunk_head(x, n);
    out_file(x, file, at, n);
    return put_chunk_end(x);
}

int stoa_http_flush(stoa_http *x)
{
    int r = x->reply.phase == REPLY_STARTED ? begin_piece(x, 0) : 0;
    return r < 0 ? r : out_flush(x);
}

/* Writes the head of a whole response with n bytes of body. returns 1 = the body is to be written,
 * 0 = it is not, < 0. */
static int begin_whole(stoa_http *x, int status, struct stoa_str fields, bool framed, uint64_t n)
{
    int r = stoa_http_start(x, status, (int64_t)n);
    if (r < 0)
        return r;
    r = reply_write_head(x, fields, framed);
    x->reply.phase = REPLY_ENDED;
    x->reply.sent = n;
    return r < 0 ? r : !x->reply.bodiless;
}

int stoa_http_reply(stoa_http *x, int status, const char *type, const void *body, size_t len)
{
    int r = 0;
    if (x->reply.phase != REPLY_NONE)
        return -EALREADY;
    if (status < 200 || status > 599)
        return -EINVAL;
    if (type)
        r = add_field(x, STR("Content-Type"), str_of(type));
    if (r == 0)
        r = begin_whole(x, status, (struct stoa_str){ 0 }, false, len);
    return r <= 0 ? r : out_body(x, body, len);
}

int http_reply_ready(stoa_http *x, int status, struct stoa_str fields, const void *body, size_t n)
{
    int r = begin_whole(x, status, fields, true, n);
    return r <= 0 ? r : out_body(x, body, n);
}

int http_reply_file(stoa_http *x, int status, struct stoa_str fields, int file, off_t at,
                    uint64_t n)
{
    int r = begin_whole(x, status, fields, true, n);
    return r <= 0 ? r : out_file(x, file, at, n);
}

int http_refuse(stoa_http *x, int status, const char *why, bool close)
{
    struct stoa_str line = str_of(why), type = STR("Content-Type: text/plain; charset=utf-8\r\n");
    if (x->reply.phase != REPLY_NONE)
        return -EALREADY;
    x->close = x->close || close;
    int r = begin_whole(x, status, type, false, line.n + 1);
    if (r <= 0)
        return r;
    out_str(x, line);
    return out_str(x, STR("\n"));
}

int http_allow(stoa_http *x, struct stoa_str allow)
{
    if (x->reply.phase != REPLY_NONE)
        return -EALREADY;
    int r = add_field(x, STR("Allow"), allow);
    if (r < 0)
        return r;
    if (x->head.method == METHOD_OPTIONS)
        return stoa_http_reply(x, 204, NULL, NULL, 0);
    return http_refuse(x, 405, "this method is not allowed here", false);
}

void http_note_cause(stoa_http *x, const char *cause)
{
    x->cause = cause;
}

/* What answers a handler's result, or what broke the body on its way to it. */
static struct refusal refusal_of(const stoa_http *x, int result)
{
    bool by_body = x->body.err != 0 && result == x->body.err;
    switch (result) {
    case -ENOENT: return (struct refusal){ 404, "there is nothing here", NULL };
    case -EACCES:
    case -EPERM: return (struct refusal){ 403, "this may not be read", NULL };
    case -ENOMEM: return (struct refusal){ 503, "out of memory, for now", NULL };
    case -EMFILE:
    case -ENFILE: return (struct refusal){ 503, "out of descriptors, for now", NULL };
    case STOA_ETOOBIG: return (struct refusal){ 413, "the body is too large", x->cause };
    case STOA_EPROTO:
        if (by_body)
            return (struct refusal){ fault_status(x->body.fault), fault_reason(x->body.fault),
                                     x->cause };
        return (struct refusal){ 400, "the request could not be understood", NULL };
    case -ETIMEDOUT:
        if (by_body)
            return (struct refusal){ 408, "the body did not come in time", x->cause };
        return (struct refusal){ 504, "no answer in time", NULL };
    case STOA_EEOF:
        if (by_body)
            return (struct refusal){ 400, "the body ended too early", x->cause };
        break;
    default: break;
    }
    return (struct refusal){ 500, "the server failed to answer this", NULL };
}

/* Nothing was answered. */
static int answer_for(stoa_http *x, int result)
{
    struct refusal refusal = refusal_of(x, result);
    if (x->body.err == -ECONNRESET || x->body.err == -ECANCELED)
        return x->body.err; /* there is nobody to answer */
    x->err = result;
    if (refusal.cause)
        x->cause = refusal.cause;
    buf_clear(&x->set); /* they were meant for another response */
    return http_refuse(x, refusal.status, refusal.why, false);
}

/* The response that has begun is not whole: what of it is still here must not go out, but what was
 * answered before it must. */
static int give_up(stoa_http *x, int err)
{
    x->out_n = x->reply_at;
    if (!x->cause)
        x->cause = "close.failed";
    out_flush(x);
    return err;
}

int reply_retract(stoa_http *x)
{
    x->out_n = x->reply_at;
    reply_begin(x);
    return answer_for(x, x->body.err);
}

int reply_end(stoa_http *x, int result)
{
    struct reply *reply = &x->reply;
    if (x->lost)
        return x->lost;
    if (reply->phase == REPLY_NONE)
        return answer_for(x, result);
    if (result < 0)
        return give_up(x, result);
    if (reply->phase == REPLY_ENDED)
        return 0;
    int r = begin_piece(x, 0);
    if (r < 0)
        return r;
    if (!reply->bodiless && reply->len >= 0 && reply->sent < (uint64_t)reply->len)
        return give_up(x, STOA_EEOF);
    reply->phase = REPLY_ENDED;
    return reply->chunked && !reply->bodiless ? out_str(x, STR("0\r\n\r\n")) : 0;
}
