/* app/mischief_serve.c -- see mischief_serve.h. One connection is one call of play(): request after
 * request, the healthy ones first, then the one that is broken. */
#include "app/mischief_serve.h"

#include "net/conn.h"
#include "wire/chunked.h"
#include "wire/head.h"

/* A client that has sent its end may still wait for a reply that does not come; and one whose bytes
 * are not read cannot be seen to leave. They keep their connection so long. */
static const stoa_time HALF_CLOSED_MAX = 60 * STOA_SEC;
static const stoa_time DEAF_MAX = 600 * STOA_SEC;
static const stoa_time TICK = STOA_SEC / 10; /* between two pieces at a rate */

/* More than a result of a conn_service: the connection's next request, please. */
enum { NEXT = 1, PIECES = 16 };

struct play {
    stoa_conn *c;
    const struct mischief *f;
    bool raw;
    /* The present request: */
    bool last, awaits_100, chunked;
    uint64_t body_left;
};

static const struct head_limits limits = { HEAD_BYTES_MAX, HEAD_BYTES_MAX, HEAD_FIELDS_MAX };

/* ---- taking the request: each returns 1; 0 = the client has left before; < 0 ---- */

/* What cannot be read counts as whole: this server is not the one to complain. */
static int take_head(struct play *p)
{
    struct head h;
    struct stoa_str in = { NULL, 0 };
    int n = 0;
    head_init(&h, &limits);
    while (n == 0 && in.n < HEAD_BYTES_MAX) {
        int r = conn_fill(p->c, in.n, HEAD_BYTES_MAX, &in);
        if (r <= 0)
            return r;
        n = head_parse_request(&h, in);
    }
    conn_consume(p->c, n > 0 ? (size_t)n : in.n);
    p->last = n <= 0 || !head_keeps_alive(&h);
    p->chunked = n > 0 && h.chunked;
    p->body_left = n > 0 && h.content_length > 0 ? (uint64_t)h.content_length : 0;
    p->awaits_100 = n > 0 && h.expect == HEAD_EXPECT_CONTINUE && head_has_body(&h);
    return 1;
}

static int take_chunks(struct play *p)
{
    struct chunked decoder;
    struct chunked_piece piece = { .used = 0 };
    struct stoa_str in;
    size_t have = 0;
    chunked_init(&decoder);
    for (;;) {
        int r = conn_fill(p->c, have, CHUNKED_TRAILER_BYTES_MAX + IO_CHUNK_BYTES, &in);
        if (r <= 0)
            return r;
        size_t used = 0;
        while ((r = chunked_next(&decoder, str_from(in, used), &piece)) > CHUNKED_MORE &&
               r != CHUNKED_END)
            used += piece.used;
        used += r < 0 ? 0 : piece.used;
        conn_consume(p->c, used);
        have = in.n - used;
        p->last |= r < 0;
        if (r != CHUNKED_MORE)
            return 1;
    }
}

static int take_length(struct play *p)
{
    struct stoa_str in;
    while (p->body_left > 0) {
        int r = conn_fill(p->c, 0, IO_CHUNK_BYTES, &in);
        if (r <= 0)
            return r;
        size_t n = in.n < p->body_left ? in.n : (size_t)p->body_left;
        conn_consume(p->c, n);
        p->body_left -= n;
    }
    return 1;
}

static int take_request(struct play *p, bool asks)
{
    int r = take_head(p);
    if (r > 0 && asks && p->awaits_100) {
        static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        int sent = stoa_write(p->c, go_on, sizeof go_on - 1);
        r = sent < 0 ? sent : 1;
    }
    if (r <= 0)
        return r;
    return p->chunked ? take_chunks(p) : take_length(p);
}

static int take_bytes(struct play *p, bool consume)
{
    struct stoa_str in;
    int r = conn_fill(p->c, 0, IO_CHUNK_BYTES, &in);
    if (r > 0 && consume)
        conn_consume(p->c, in.n);
    return r;
}

static int take(struct play *p, enum mischief_when when)
{
    if (when == MISCHIEF_AT_ACCEPT)
        return 1;
    if (when == MISCHIEF_AT_BYTES || p->raw)
        return take_bytes(p, when != MISCHIEF_AT_BYTES);
    if (when == MISCHIEF_AT_HEAD)
        return take_head(p);
    return take_request(p, when != MISCHIEF_AT_REQUEST_UNASKED);
}

/* ---- sending ---- */

/* Sends n bytes of a text that repeats itself, from its byte `from` on. */
static int send_repeated(struct play *p, struct stoa_str text, size_t from, size_t n)
{
    int r = 0;
    while (r == 0 && n > 0) {
        struct iovec v[PIECES];
        int count = 0;
        for (; count < PIECES && n > 0; count++) {
            size_t part = text.n - from < n ? text.n - from : n;
            v[count] = (struct iovec){ (void *)(uintptr_t)(text.p + from), part };
            n -= part;
            from = 0;
        }
        r = conn_write(p->c, v, count, false);
    }
    return r;
}

static int send_at_rate(struct play *p, struct stoa_str text)
{
    uint64_t rate = p->f->arg;
    stoa_time tick = rate < 10 ? STOA_SEC / (stoa_time)rate : TICK;
    size_t sent = 0, piece = rate < 10 ? 1 : (size_t)(rate / 10);
    int r = 0;
    while (r == 0 && sent < MISCHIEF_RATED_BYTES) {
        size_t n = piece < MISCHIEF_RATED_BYTES - sent ? piece : MISCHIEF_RATED_BYTES - sent;
        if (sent > 0)
            r = stoa_sleep(stoa_conn_task(p->c), tick);
        if (r == 0)
            r = send_repeated(p, text, sent % text.n, n);
        sent += n;
    }
    return r;
}

static int send_for_ever(struct play *p, struct stoa_str text)
{
    int r;
    do
        r = send_repeated(p, text, 0, PIECES * text.n);
    while (r == 0);
    return r;
}

/* ---- the end ---- */

/* Its client gives up, or the server is stopped: neither is told as a failure. */
static int stay_silent(stoa_conn *c)
{
    struct stoa_str in;
    int r;
    while ((r = conn_fill(c, 0, IO_CHUNK_BYTES, &in)) > 0)
        conn_consume(c, in.n);
    if (r == 0)
        stoa_sleep(stoa_conn_task(c), HALF_CLOSED_MAX);
    return CONN_RESET;
}

static int stay_deaf(stoa_conn *c)
{
    stoa_sleep(stoa_conn_task(c), DEAF_MAX);
    return CONN_RESET;
}

static int finish(struct play *p, enum mischief_end end)
{
    switch (end) {
    case MISCHIEF_RESET: return CONN_RESET;
    case MISCHIEF_SILENCE: return stay_silent(p->c);
    case MISCHIEF_DEAF: return stay_deaf(p->c);
    case MISCHIEF_NEXT: return p->last ? CONN_CLOSE : NEXT;
    default: return CONN_CLOSE;
    }
}

/* ---- the script ---- */

static int put(struct play *p, struct stoa_str text)
{
    return text.n ? stoa_write(p->c, text.p, text.n) : 0;
}

/* The second step. returns NEXT = it was taken; else how the connection ends. */
static int go_on(struct play *p, const struct mischief_step *step)
{
    int r = 0;
    switch (step->when) {
    case MISCHIEF_NO_STEP: return NEXT;
    case MISCHIEF_AFTER_MS:
        if (!p->f->arg)
            return stay_silent(p->c);
        r = stoa_sleep(stoa_conn_task(p->c), (stoa_time)p->f->arg * STOA_MS);
        if (r < 0)
            return CONN_RESET; /* the server is stopped */
        r = put(p, step->bytes);
        break;
    case MISCHIEF_AT_RATE: r = send_at_rate(p, step->bytes); break;
    case MISCHIEF_FOR_EVER: r = send_for_ever(p, step->bytes); break;
    default:
        r = take(p, step->when);
        if (r <= 0)
            return r;
        r = put(p, step->bytes);
    }
    return r < 0 ? r : NEXT;
}

static void say(struct play *p)
{
    struct addr peer;
    char from[ADDR_TEXT_BYTES], to[ADDR_TEXT_BYTES];
    conn_peer(p->c, &peer);
    core_say(conn_core(p->c), STOA_INFO, "%s on purpose: connection from %s to %s",
             p->f->kind->name, addr_format_peer(&peer, from, sizeof from),
             addr_format(conn_local(p->c), to, sizeof to));
}

/* returns NEXT, or how the connection ends. */
static int play_fault(struct play *p)
{
    const struct mischief_kind *k = p->f->kind;
    int r = take(p, k->first.when);
    if (r <= 0)
        return r;
    say(p);
    r = put(p, k->first.bytes);
    if (r < 0)
        return r;
    r = go_on(p, &k->second);
    return r == NEXT ? finish(p, k->end) : r;
}

static int answer_well(struct play *p)
{
    int r = take(p, MISCHIEF_AT_REQUEST);
    if (r > 0) {
        r = put(p, mischief_fine_reply);
        return r < 0 ? r : finish(p, MISCHIEF_NEXT);
    }
    return r;
}

static int play(stoa_conn *c, const struct mischief *f, bool raw)
{
    struct play p = { .c = c, .f = f, .raw = raw };
    int r = NEXT;
    for (uint32_t n = 0; r == NEXT; n++)
        r = n < f->kind->healthy ? answer_well(&p) : play_fault(&p);
    return r;
}

static int play_http(stoa_conn *c, void *fault)
{
    return play(c, fault, false);
}

static int play_raw(stoa_conn *c, void *fault)
{
    return play(c, fault, true);
}

struct listener_options mischief_listening(const struct mischief *f, enum mischief_speech speech,
                                           int backlog)
{
    return (struct listener_options){
        .backlog = backlog,
        .idle = STOA_NEVER,
        .serve = speech == MISCHIEF_RAW ? play_raw : play_http,
        .arg = (void *)(uintptr_t)f,
        .scheme = speech == MISCHIEF_RAW ? "tcp://" : "http://",
        .greet = true,
        .accepts = f->kind->arg == MISCHIEF_COUNT ? f->arg : 0,
        .accepts_none = f->kind->accepts_none,
        .leaves_bytes = true,
    };
}
