/* http/stages.c -- see stages.h. */
#include "http/stages.h"
#include "net/addr.h"
#include "wire/chars.h"

#include <stoa/stage.h>

#include <stdio.h>

void stages_head_waits(stoa_http *x)
{
    struct stage_conn *c = conn_stage(x->c);
    if (!c)
        return;
    if (x->times.head.read == 0)
        x->times.head = conn_came(x->c);
    stage_at(c, STOA_AT_HEAD, core_now(x->core));
    conn_rests(x->c);
}

void stages_begin(stoa_http *x)
{
    struct stage_conn *c = conn_stage(x->c);
    x->times.measured = false;
    if (!c)
        return;
    int64_t now = core_moment_since(x->core, 1); /* our own job, after another request's end */
    struct stage_came came = conn_came(x->c);
    bool is_first = stage_conn_begins(c, now);
    stage_request_begin(&x->times, &came, x->head_bytes != 0, is_first ? conn_accepted(x->c) : 0,
                        now);
    conn_measure(x->c, &x->times);
}

void stages_handler_waits(stoa_http *x)
{
    if (x->times.measured)
        conn_rests(x->c);
}

void stages_handled(stoa_http *x)
{
    if (x->times.measured)
        stage_request_turn(&x->times, STOA_SPAN_SEND, core_moment(x->core));
}

void stages_body_waits(stoa_http *x)
{
    if (!x->times.measured)
        return;
    int64_t now = core_moment(x->core);
    x->times.fed = (uint8_t)stage_request_turn(&x->times, STOA_SPAN_BODY, now);
    stage_at(conn_stage(x->c), STOA_AT_BODY, now);
    conn_rests(x->c);
}

void stages_body_came(stoa_http *x, bool came)
{
    if (!x->times.measured)
        return;
    int64_t now = core_moment(x->core);
    struct stage_came bytes = conn_came(x->c);
    stage_request_fed(&x->times, came ? &bytes : NULL, (enum stoa_span)x->times.fed, now);
    stage_at(conn_stage(x->c), STOA_AT_HANDLER, now);
}

enum stoa_span stages_sends(stoa_http *x, enum stoa_span span)
{
    if (!x->times.measured)
        return span;
    return stage_request_turn(&x->times, span, core_moment(x->core));
}

void stages_last(stoa_http *x)
{
    if (x->times.measured && stage_wants_ack(&x->core->stage, x->times.since))
        conn_ask_ack(x->c);
}

int stoa_stage_mark(stoa_http *x, const char *name)
{
    int span = 0;
    struct stoa_str s = str_of(name);
    if (name && (s.n == 0 || s.n > STAGE_NAME_MAX || char_span(s, CHAR_TOKEN) != s.n))
        return -EINVAL;
    if (!x->times.measured)
        return 0;
    if (name)
        span = stage_named_span(&x->core->stage, name);
    stage_request_mark(&x->times, span > 0 ? (uint8_t)span : 0, core_moment(x->core));
    return span < 0 ? span : 0;
}

/* ---- the end ---- */

/* What only few requests have to tell. */
static void rank(stoa_http *x, const struct stage_facts *f)
{
    struct stoa_stage_request shown = { .status = (uint16_t)f->status, .bytes = f->bytes };
    struct addr peer;
    char host[ADDR_TEXT_BYTES];
    conn_peer(x->c, &peer);
    /* Who connects to a Unix socket has no address. */
    bool is_unix = peer.family == AF_UNIX;
    snprintf(shown.peer, sizeof shown.peer, "%s",
             is_unix ? "a Unix socket" : addr_format_host(&peer, host, sizeof host));
    snprintf(shown.cause, sizeof shown.cause, "%s", f->cause ? f->cause : "");
    if (x->head_bytes > 0) {
        str_escape(shown.method, sizeof shown.method, stoa_http_method(x));
        str_escape(shown.path, sizeof shown.path, stoa_http_path(x));
    }
    stage_request_rank(&x->core->stage, conn_stage(x->c), &x->times, &shown);
}

void stages_end(stoa_http *x)
{
    if (!x->times.measured)
        return;
    bool is_sent = x->reply.phase != REPLY_NONE;
    struct stage_facts f = { .status = is_sent ? x->reply.status : 0,
                             .bytes = x->reply.bodiless ? 0 : x->reply.sent,
                             .cause = x->cause };
    int64_t now = core_moment(x->core);
    stage_request_turn(&x->times, STOA_SPAN_SEND, now);
    if (x->out_n > 0) /* it goes out with the next one's */
        x->times.grade[STOA_SPAN_SEND] = STOA_ESTIMATED;
    core_moment_over(x->core, now);
    conn_measure(x->c, NULL);
    conn_handed_over(x->c, now);
    if (stage_request_count(&x->core->stage, conn_stage(x->c), &x->times, &f))
        rank(x, &f);
}

/* ---- Server-Timing ---- */

static char *put_ms(char *to, const char *end, const char *before, uint64_t ns)
{
    unsigned long long us = ns / 1000;
    int n = snprintf(to, (size_t)(end - to), "%s%llu.%03llu", before, us / 1000, us % 1000);
    return n > 0 && n < end - to ? to + n : to;
}

size_t stages_timing(stoa_http *x, char text[STAGES_TIMING_BYTES])
{
    const char *end = text + STAGES_TIMING_BYTES, *comma = "";
    char *to = text + sizeof "Server-Timing: " - 1;
    if (!x->times.measured)
        return 0;
    memcpy(text, "Server-Timing: ", (size_t)(to - text));
    stage_request_turn(&x->times, (enum stoa_span)x->times.span, core_moment(x->core));
    for (int i = 0; i < STOA_SPANS; i++) {
        struct stage_time t = stage_request_time(&x->times, conn_stage(x->c), (enum stoa_span)i);
        const char *name = stage_head_name(x->core->stage.head, (enum stoa_span)i);
        if (t.grade == STOA_UNKNOWN || t.time.ns == 0 || !name)
            continue;
        to += snprintf(to, (size_t)(end - to), "%s%.*s", comma, STAGE_NAME_MAX, name);
        to = put_ms(to, end, ";dur=", t.time.ns);
        if (t.grade == STOA_BOUNDED) {
            to = put_ms(to, end, ";desc=\"", t.time.least);
            to = put_ms(to, end, "..", t.time.ns);
            *to++ = '"';
        }
        comma = ", ";
    }
    if (!*comma)
        return 0;
    memcpy(to, "\r\n", 2);
    return (size_t)(to + 2 - text);
}
