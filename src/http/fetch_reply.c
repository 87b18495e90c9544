/* http/fetch_reply.c -- the reply to a fetch: its head, its body's end, and what each failure on the
 * way is called; see fetch.h. */
#include "base/cause.h"
#include "base/check.h"
#include "http/body.h"
#include "http/fetch.h"
#include "wire/protocol.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    INTERIM_MAX = 16,    /* heads of 1xx; more are no reply that ends */
    EXCERPT_BYTES = 100, /* of what the peer sent, escaped, in a message */
};

/* Larger than a server's: a reply that is slow to read harms nobody but the one who asked for it. */
static const struct head_limits limits = { HEAD_BYTES_MAX, HEAD_BYTES_MAX, HEAD_FIELDS_MAX };

/* After a reply whose connection is to end, how long its end is awaited: a length that is too small
 * shows in what comes before it. */
static const stoa_time END_WITHIN = 250 * STOA_MS;

/* ---- the report ---- */

void fetch_fail(stoa_http *x, const char *id, const char *fmt, ...)
{
    struct stoa_http_report *report = x->fetch->report;
    va_list args;
    x->cause = id;
    if (!report)
        return;
    report->cause = id ? stoa_cause_find(id) : NULL;
    check(!id || report->cause);
    va_start(args, fmt);
    vsnprintf(report->detail, sizeof report->detail, fmt, args);
    va_end(args);
}

static void note_bytes(stoa_http *x)
{
    struct fetch *fetch = x->fetch;
    fetch->came_at = fetch_clock(x);
    if (fetch->heard)
        return;
    fetch->heard = true;
    fetch->read_began = fetch->came_at;
    if (fetch->report) /* it may have come before the request was whole */
        fetch->report->wait_took = fetch->wait_began ? fetch->read_began - fetch->wait_began : 0;
}

/* How far it has come. */
static void note_progress(stoa_http *x)
{
    struct fetch *fetch = x->fetch;
    if (!fetch->report || !fetch->heard)
        return;
    fetch->report->reply_body_bytes = x->body.got;
    fetch->report->read_took = fetch_clock(x) - fetch->read_began;
}

/* The deadline has passed, before the end. Is it that the peer has stopped, or does it go on, slowly or
 * without an end? */
static bool has_stopped(const stoa_http *x)
{
    stoa_time now = fetch_clock(x), silence = now - x->fetch->came_at;
    return silence > (now - x->fetch->read_began) / 2;
}

static const char *bytes(uint64_t n)
{
    return str_counted(n, "byte", "bytes");
}

/* ---- no reply ---- */

/* With how much of the request was written. */
static void fail_written(stoa_http *x, const char *id)
{
    const struct fetch *fetch = x->fetch;
    unsigned long long written = fetch->written;
    unsigned long long all = (unsigned long long)fetch->head.n + fetch->len;
    if (written == all)
        fetch_fail(x, id, "all %llu bytes of the request were written", all);
    else
        fetch_fail(x, id, "%llu of %llu bytes of the request were written", written, all);
}

/* The kernel has taken all of it, and the peer has not. */
static void fail_waiting(stoa_http *x, const char *id)
{
    struct conn_sent sent;
    conn_look_at_sent(x->c, &sent);
    fetch_fail(x, id, "%llu of %llu bytes of the request wait on this machine to be taken",
               (unsigned long long)sent.waiting,
               (unsigned long long)x->fetch->head.n + x->fetch->len);
}

/* The request went wrong, too, and before that. */
static int fail_request(stoa_http *x, int err)
{
    const char *id = cause_of(STOA_STAGE_REQUEST, err)->id;
    if (err == -ECANCELED)
        id = NULL;
    else if (x->fetch->written == 0 && (err == -EPIPE || err == -ECONNRESET))
        id = "reply.reset_before";
    fail_written(x, id);
    return err == -EPIPE ? -ECONNRESET : err;
}

/* All of the request was written, and no byte of a reply has come. */
static const char *cause_of_silence(const stoa_http *x, int r)
{
    struct conn_sent sent;
    conn_look_at_sent(x->c, &sent);
    switch (r) {
    case 0: return "reply.closed";
    case -ECANCELED: return NULL;
    case -ECONNRESET:
        return sent.in_flight + sent.waiting > 0 ? "reply.reset_before"
                                                 : "reply.reset_after_request";
    case -ETIMEDOUT:
        if (sent.in_flight > 0)
            return "request.unacknowledged";
        return sent.waiting > 0 ? "request.stalled" : "reply.timeout";
    default: return cause_of(STOA_STAGE_REPLY, r)->id;
    }
}

static int fail_silence(stoa_http *x, int r)
{
    const struct fetch *fetch = x->fetch;
    if (fetch->lost)
        return fail_request(x, fetch->lost);
    if (r < 0 && !fetch->sent) /* it was heard while more was to be written */
        return fail_request(x, r);
    const char *id = cause_of_silence(x, r);
    if (id && strcmp(id, "request.stalled") == 0)
        fail_waiting(x, id);
    else if (fetch->interim)
        fetch_fail(x, id, "only %d (interim) had come", fetch->interim_was);
    else
        fail_written(x, id);
    return r == 0 ? STOA_EEOF : r;
}

/* ---- what is no head ---- */

static int fail_protocol(stoa_http *x, struct stoa_str in, enum protocol protocol)
{
    static const char *const ids[] = {
        [PROTOCOL_MORE] = "reply.not_http",  [PROTOCOL_HTTP2] = "reply.http2",
        [PROTOCOL_TLS] = "reply.tls",        [PROTOCOL_SSH] = "reply.ssh",
        [PROTOCOL_OTHER] = "reply.not_http", [PROTOCOL_GREETING] = "reply.greeting",
    };
    char text[EXCERPT_BYTES];
    fetch_fail(x, ids[protocol], "it begins with \"%s\"", str_escape(text, sizeof text, in));
    return STOA_EPROTO;
}

static const char *cause_of_cut_head(const stoa_http *x, int r)
{
    switch (r) {
    case 0: return "reply.truncated_head";
    case -ETIMEDOUT: return has_stopped(x) ? "reply.stalled_head" : "reply.deadline";
    case -ECANCELED: return NULL;
    case -ENOMEM: return "reply.failed";
    default: return "reply.reset_within";
    }
}

/* Part of a head came, and no more: r says why. */
static int fail_cut_head(stoa_http *x, struct stoa_str in, int r)
{
    char text[EXCERPT_BYTES];
    if (!str_starts(in, STR("HTTP/")) && !str_starts(STR("HTTP/"), in))
        return fail_protocol(x, in, PROTOCOL_OTHER);
    const char *id = cause_of_cut_head(x, r);
    fetch_fail(x, id, "%zu %s of its head came: \"%s\"", in.n, bytes(in.n),
               str_escape(text, sizeof text, in));
    return r == 0 ? STOA_EEOF : r;
}

/* The line, from 1 on, where the parser has found the fault; 0 = it is none of a line. */
static int line_of(const struct head *h, int fault)
{
    switch (fault) {
    case FAULT_LENGTH_AND_CODING:
    case FAULT_CODING_UNKNOWN:
    case FAULT_HEAD_LONG: return 0;
    case FAULT_START_LINE:
    case FAULT_VERSION:
    case FAULT_STATUS:
    case FAULT_TARGET_LONG: return 1;
    default: return h->started ? h->count + 2 : 1;
    }
}

static struct stoa_str nth_line(struct stoa_str in, int line)
{
    while (--line > 0)
        in = str_from(in, str_find(in, '\n') + 1);
    size_t n = str_find(in, '\n');
    bool whole = n > 0 && n < in.n && in.p[n - 1] == '\r';
    return (struct stoa_str){ in.p, n - whole };
}

static const char *cause_of_fault(int fault)
{
    switch (fault) {
    case FAULT_VERSION: return "reply.version";
    case FAULT_TARGET_LONG:
    case FAULT_LINE_LONG:
    case FAULT_HEAD_LONG:
    case FAULT_FIELDS: return "reply.head_endless";
    case FAULT_LENGTH:
    case FAULT_LENGTH_BIG:
    case FAULT_LENGTHS:
    case FAULT_LENGTH_AND_CODING: return "reply.malformed_length";
    case FAULT_CODING_OLD:
    case FAULT_CODING_LAST:
    case FAULT_CODING_TWICE:
    case FAULT_CODING_UNKNOWN:
    case FAULT_CODING: return "reply.malformed_coding";
    default: return "reply.malformed_head";
    }
}

static int fail_head(stoa_http *x, struct stoa_str in, int fault)
{
    char text[EXCERPT_BYTES];
    int line = line_of(&x->head, fault);
    if (line == 0)
        fetch_fail(x, cause_of_fault(fault), "%s", fault_reason(fault));
    else
        fetch_fail(x, cause_of_fault(fault), "%s, in line %d: \"%s\"", fault_reason(fault), line,
                   str_escape(text, sizeof text, nth_line(in, line)));
    return STOA_EPROTO;
}

/* ---- the head ---- */

/* What has come: returns > 0 the bytes of a whole head; 0 more is wanted; < 0, and the report. */
static int judge(stoa_http *x, struct stoa_str in)
{
    enum protocol protocol = protocol_of(in);
    if (protocol == PROTOCOL_MORE)
        return 0;
    if (protocol != PROTOCOL_HTTP1)
        return fail_protocol(x, in, protocol);
    int n = head_parse_response(&x->head, in);
    if (n > 0 && x->head.coded)
        n = FAULT_CODING_UNKNOWN;
    return n < 0 ? fail_head(x, in, n) : n;
}

/* Reads one head. returns its bytes, which are unread still, in front; < 0, and the report. */
static int read_head(stoa_http *x)
{
    struct stoa_str in = conn_unread(x->c);
    int n = 0, r = 1;
    head_init(&x->head, &limits);
    while (r > 0 && n == 0) {
        if (in.n > 0) {
            note_bytes(x);
            n = judge(x, in);
        }
        if (n == 0)
            r = conn_fill(x->c, in.n, HEAD_BYTES_MAX, &in);
    }
    if (n != 0)
        return n;
    return in.n > 0 ? fail_cut_head(x, in, r) : fail_silence(x, r);
}

static bool is_final(const stoa_http *x)
{
    return x->head.status >= 200 || (x->head.status == 101 && x->fetch->upgrades);
}

/* Passes over a head of 1xx. */
static int pass_over(stoa_http *x, int bytes)
{
    struct fetch *fetch = x->fetch;
    conn_consume(x->c, (size_t)bytes);
    fetch->interim_was = x->head.status;
    if (fetch->interim_was == 101) {
        fetch_fail(x, "reply.malformed_head", "101 (Switching Protocols) that nobody asked for");
        return STOA_EPROTO;
    }
    if (++fetch->interim <= INTERIM_MAX)
        return 0;
    fetch_fail(x, "reply.head_endless", "%d interim replies (1xx) and no final one",
               fetch->interim);
    return STOA_EPROTO;
}

/* The body will want the place where the head stands: the head moves out of its way. */
static int keep_head(stoa_http *x, int bytes)
{
    char *p = arena_alloc(&x->arena, (size_t)bytes);
    if (!p) {
        fetch_fail(x, "reply.failed", "there is no memory for the head");
        return -ENOMEM;
    }
    memcpy(p, x->head.p, (size_t)bytes);
    head_move(&x->head, p);
    conn_consume(x->c, (size_t)bytes);
    x->head_bytes = bytes;
    if (x->fetch->report)
        x->fetch->report->reply_head_bytes = (uint64_t)bytes;
    return 0;
}

static void begin_body(stoa_http *x)
{
    static const struct body_causes of_length = {
        .truncated = "reply.truncated",
        .reset = "reply.reset_within",
    };
    static const struct body_causes of_chunks = {
        .malformed = "reply.malformed_chunk",
        .truncated = "reply.truncated_chunks",
        .reset = "reply.reset_within",
    };
    struct fetch *fetch = x->fetch;
    enum head_body kind = head_response_body(&x->head, fetch->method);
    body_begin_reply(x, kind, kind == HEAD_BODY_CHUNKED ? &of_chunks : &of_length);
    fetch->keeps = !fetch->closes && fetch->sent && head_keeps_alive(&x->head) &&
                   kind != HEAD_BODY_CLOSE && x->head.status != 101;
}

/* returns as fetch_hear. */
static int hear(stoa_http *x)
{
    int n = read_head(x);
    if (n < 0)
        return n;
    if (!is_final(x))
        return pass_over(x, n);
    int r = keep_head(x, n);
    if (r < 0)
        return r;
    begin_body(x);
    return 1;
}

int fetch_hear(stoa_http *x)
{
    int r = hear(x);
    if (r != 0)
        x->fetch->answered = r;
    note_progress(x);
    return r;
}

int fetch_await(stoa_http *x)
{
    int r = x->fetch->answered;
    while (r == 0)
        r = fetch_hear(x);
    return r < 0 ? r : 0;
}

/* ---- the body ---- */

static const char *cause_of_body(const stoa_http *x, int r)
{
    switch (r) {
    case -ECANCELED: return NULL;
    case -ENOMEM: return "reply.failed";
    case -ETIMEDOUT: return has_stopped(x) ? "reply.stalled" : "reply.deadline";
    default: return x->cause;
    }
}

static int fail_body(stoa_http *x, int r)
{
    const struct body *b = &x->body;
    unsigned long long got = b->got;
    const char *id = cause_of_body(x, r);
    if (b->fault)
        fetch_fail(x, id, "%s, after %llu %s of the body", fault_reason(b->fault), got, bytes(got));
    else if (!b->chunked && !b->until_close)
        fetch_fail(x, id, "%llu of %lld %s came", got, (long long)x->head.content_length,
                   bytes((uint64_t)x->head.content_length));
    else if (b->chunked && b->decoder.left > 0)
        fetch_fail(x, id, "%llu %s came; of the last chunk %llu %s missing", got, bytes(got),
                   (unsigned long long)b->decoder.left,
                   str_counted(b->decoder.left, "byte is", "bytes are"));
    else if (b->chunked)
        fetch_fail(x, id, "%llu %s came in whole chunks, and not the end", got, bytes(got));
    else
        fetch_fail(x, id, "%llu %s came, and not the end", got, bytes(got));
    return r;
}

/* Behind the end of the reply: has something come that is of no reply? Then its length is wrong, and
 * what was taken for the body may be a part of it. */
static struct stoa_str look_behind(stoa_http *x)
{
    struct stoa_str in = conn_unread(x->c);
    if (in.n > 0 || x->fetch->keeps || x->body.until_close)
        return in;
    struct within w = within_begin(x, END_WITHIN);
    if (conn_fill(x->c, 0, EXCERPT_BYTES, &in) <= 0)
        in.n = 0;
    within_end(&w);
    return in;
}

/* The body has ended. returns 0; STOA_EPROTO. */
static int conclude(stoa_http *x)
{
    char text[EXCERPT_BYTES];
    struct stoa_str in = look_behind(x);
    if (in.n == 0) {
        fetch_fail(x, NULL, "%s", ""); /* a deadline may have passed on the way */
        fetch_hang_up(x);
        return 0;
    }
    x->body.err = x->err = STOA_EPROTO;
    fetch_fail(x, "reply.excess", "behind its end came \"%s\"", str_escape(text, sizeof text, in));
    return STOA_EPROTO;
}

bool fetch_is_whole(const stoa_http *x)
{
    const struct body *b = &x->body;
    return x->fetch->answered == 1 && !b->err &&
           (b->ended || (!b->chunked && b->left == 0 && b->ready == 0)) &&
           conn_unread_bytes(x->c) == 0;
}

ssize_t fetch_read(stoa_http *x, void *buf, size_t len)
{
    if (!x->c || x->body.err) /* read to its end, or as far as it goes */
        return x->body.err;
    struct within w = within_begin_until(x, x->fetch->until);
    int r = body_fetch(x);
    if (r == 1)
        note_bytes(x);
    note_progress(x);
    if (r == 0)
        r = conclude(x);
    else if (r < 0)
        r = fail_body(x, r);
    within_end(&w);
    return r == 1 ? (ssize_t)body_take(x, buf, len) : r;
}
