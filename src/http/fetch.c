/* http/fetch.c -- stoa/http.h's client: whom to connect to, whether to try again, who owns it.
 *
 * Knows in which order things happen; not how a request is written (fetch_request.c) or a reply read
 * (fetch_reply.c). */
#include "http/fetch.h"
#include "http/pool.h"
#include "net/dialled.h"

#include <stdio.h>

/* ---- the exchange ---- */

static void owner_ends(struct task_owned *o)
{
    stoa_http_end(list_owner(o, struct fetch, owned)->x);
}

static stoa_http *make(stoa_task *t, struct stoa_http_report *report)
{
    struct core *core = core_of(t);
    stoa_http *x = mem_alloc(core->mem, sizeof *x);
    if (!x)
        return NULL;
    memset(x, 0, offsetof(stoa_http, head));
    x->core = core;
    x->task = t;
    x->reply.phase = REPLY_ENDED; /* there is none to be made here */
    x->body.ended = true;
    head_init(&x->head, &head_limits_default);
    arena_init(&x->arena, core->mem, x->arena_bytes, sizeof x->arena_bytes);
    x->fetch = arena_alloc(&x->arena, sizeof *x->fetch);
    if (!x->fetch) {
        mem_free(core->mem, x, sizeof *x);
        return NULL;
    }
    *x->fetch =
        (struct fetch){ .x = x, .read = fetch_read, .report = report, .owned.end = owner_ends };
    task_own(t, &x->fetch->owned);
    return x;
}

/* What was given up on the way is reset: the peer learns at once that nobody waits any more, and the
 * kernel keeps nothing for one that reads no more. */
void fetch_hang_up(stoa_http *x)
{
    stoa_conn *c = x->c;
    if (!c)
        return;
    bool whole = x->fetch->sent && fetch_is_whole(x);
    x->c = NULL;
    if (!whole)
        dialled_reset(c);
    else if (x->fetch->keeps)
        pool_give(x->core, x->fetch->address, c);
    else
        dialled_close_now(c);
}

void stoa_http_end(stoa_http *x)
{
    if (!x || !x->fetch)
        return;
    struct fetch *fetch = x->fetch;
    fetch_hang_up(x);
    list_unlink(&fetch->owned.node);
    buf_done(&fetch->head);
    arena_reset(&x->arena);
    mem_free(x->core->mem, x, sizeof *x);
}

/* ---- the connection ---- */

/* What is dialled: "host:port", or the path of a Unix socket. NULL = no memory. */
static char *dial_text(stoa_http *x, const struct stoa_http_fetch *f)
{
    struct stoa_str host = x->fetch->url.host, port = x->fetch->url.port;
    bool is_unix = f->at && str_starts(str_of(f->at), STR("unix:"));
    struct stoa_str at = is_unix ? str_of(f->at) : (struct stoa_str){ NULL, 0 };
    size_t room = at.n + host.n + port.n + sizeof ":80";
    char *text = arena_alloc(&x->arena, room);
    if (text && is_unix)
        snprintf(text, room, "%s", f->at);
    else if (text)
        snprintf(text, room, "%.*s:%.*s", (int)host.n, host.p, port.n ? (int)port.n : 2,
                 port.n ? port.p : "80");
    return text;
}

/* Under which the pool knows it: connections that other wishes would have led elsewhere are not the
 * same. */
static int note_address(stoa_http *x, const struct stoa_http_fetch *f, const char *text)
{
    const char *at = f->at ? f->at : "";
    size_t room = strlen(text) + strlen(at) + sizeof "|| 1234567890";
    char *address = arena_alloc(&x->arena, room);
    if (!address)
        return -ENOMEM;
    snprintf(address, room, "%s|%s|%d", text, at, f->family);
    x->fetch->address = str_of(address);
    return 0;
}

static int dial(stoa_http *x, const struct stoa_http_fetch *f, const char *text)
{
    struct stoa_http_report *report = x->fetch->report;
    struct stoa_dial d = {
        .addr = text,
        .family = f->family,
        .at = f->at && strcmp(f->at, text) != 0 ? f->at : NULL,
        .report = report ? &report->dial : NULL,
    };
    int r = stoa_dial(x->task, &x->c, &d);
    if (r == 0) {
        dialled_give(x->c, NULL); /* the exchange's, and the pool's after it */
        return 0;
    }
    x->c = NULL;
    if (report) {
        report->cause = report->dial.cause;
        snprintf(report->detail, sizeof report->detail, "%s", report->dial.detail);
    }
    return r;
}

static void note_ends(stoa_http *x)
{
    struct stoa_http_report *report = x->fetch->report;
    struct addr peer;
    if (!report)
        return;
    conn_peer(x->c, &peer);
    addr_format(&peer, report->peer, sizeof report->peer);
    addr_format(conn_local(x->c), report->local, sizeof report->local);
}

static int find_conn(stoa_http *x, const struct stoa_http_fetch *f, bool fresh)
{
    int r = 0;
    x->c = fresh ? NULL : pool_take(x->core, x->fetch->address);
    x->fetch->pooled = x->c != NULL;
    if (!x->c)
        r = dial(x, f, x->fetch->dial_text);
    if (r == 0)
        note_ends(x);
    return r;
}

/* ---- one fetch ---- */

static void begin_report(struct stoa_http_report *report)
{
    if (!report)
        return;
    memset(report, 0, sizeof *report);
    report->dial.winner = -1;
    report->write_took = report->wait_took = report->read_took = -1;
}

static int prepare(stoa_http *x, const struct stoa_http_fetch *f)
{
    struct fetch *fetch = x->fetch;
    const char *why = NULL;
    int r = fetch_make(x, f, &why);
    if (r < 0) {
        if (why)
            fetch_fail(x, NULL, "%s", why);
        return r;
    }
    fetch->until = f->within > 0 ? core_in(x->core, f->within) : STOA_NEVER;
    fetch->dial_text = dial_text(x, f);
    return fetch->dial_text ? note_address(x, f, fetch->dial_text) : -ENOMEM;
}

static int attempt(stoa_http *x, const struct stoa_http_fetch *f, bool fresh)
{
    int r = find_conn(x, f, fresh);
    if (r < 0)
        return r;
    fetch_send(x);
    return fetch_await(x);
}

static bool is_idempotent(enum method m)
{
    return m == METHOD_GET || m == METHOD_HEAD || m == METHOD_PUT || m == METHOD_DELETE ||
           m == METHOD_OPTIONS || m == METHOD_TRACE;
}

/* A connection that had been idle may have been closed by the peer just when it was used again: no
 * failure of the request's own (RFC 9112 section 9.3.1). Some say a 408 before they close, meant for
 * nobody's request (RFC 9110 section 15.5.9). */
static bool met_the_end(const stoa_http *x, int r)
{
    const struct fetch *fetch = x->fetch;
    if (!fetch->pooled)
        return false;
    if (r == 0)
        return x->head.status == 408 && !head_keeps_alive(&x->head);
    return !fetch->heard && (r == STOA_EEOF || r == -ECONNRESET);
}

/* Forgets what was done with it; what is to be sent stays. */
static void begin_again(stoa_http *x)
{
    struct fetch *fetch = x->fetch;
    fetch_hang_up(x);
    begin_report(fetch->report);
    fetch->sent = fetch->heard = fetch->keeps = false;
    fetch->lost = fetch->answered = fetch->interim = 0;
    fetch->written = 0;
    fetch->wait_began = 0;
    x->cause = NULL;
    x->err = 0;
    x->body = (struct body){ .ended = true };
}

static int run(stoa_http *x, const struct stoa_http_fetch *f)
{
    const struct fetch *fetch = x->fetch;
    int r = attempt(x, f, f->fresh);
    if (!met_the_end(x, r))
        return r;
    if (is_idempotent(fetch->method)) {
        begin_again(x);
        return attempt(x, f, true);
    }
    if (r < 0)
        fetch_fail(x, x->cause, "on a connection kept from before; a %.*s is not sent twice",
                   (int)fetch->method_name.n, fetch->method_name.p);
    return r;
}

int stoa_http_fetch(stoa_task *t, stoa_http **ret, const struct stoa_http_fetch *f)
{
    begin_report(f->report);
    stoa_http *x = make(t, f->report);
    if (!x)
        return -ENOMEM;
    int r = prepare(x, f);
    if (r == 0) {
        struct within w = within_begin_until(x, x->fetch->until);
        r = run(x, f);
        within_end(&w);
    }
    if (r < 0)
        stoa_http_end(x);
    else
        *ret = x;
    return r;
}
