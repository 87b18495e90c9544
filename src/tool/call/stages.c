/* tool/call/stages.c -- the stages of an exchange as lines: what was done, with what states of the
 * socket, and how long it took. What the library has not filled in is not told. */
#include "http/status.h"
#include "tool/call/report.h"
#include "tool/call/words.h"

#include <arpa/inet.h>

enum {
    TOLD_DIAL = 1,
    TOLD_WRITE = 2,
    TOLD_WAIT = 4,
    TOLD_READ = 8,
    TOLD_CLOSE = 16,
    TOLD_REUSE = 32, /* it was a kept connection */
};
enum { TEXT_WIDTH = 52, STATE_WIDTH = 24, TEXT_BYTES = 400 };

static void line(FILE *to, const char *stage, const char *text, const char *state, const char *took)
{
    bool is_last = !*state && !*took;
    fprintf(to, "%-10s%-*s", stage, is_last ? 0 : TEXT_WIDTH, text);
    if (!is_last)
        fprintf(to, "  %-*s", *took ? STATE_WIDTH : 0, state);
    fprintf(to, "%s%s\n", *took ? "  " : "", took);
}

/* ---- how it was connected ---- */

static bool is_numeric(const char *host)
{
    unsigned char any[16];
    return inet_pton(AF_INET, host, any) == 1 || strchr(host, ':');
}

static const char *family_of(const struct stoa_try *t)
{
    return strncmp(t->to, "unix:", 5) == 0 ? "Unix" : t->to[0] == '[' ? "IPv6" : "IPv4";
}

/* "192.0.2.7:80" -> "192.0.2.7" */
static int host_length(const char *addr)
{
    const char *colon = strrchr(addr, ':');
    return colon ? (int)(colon - addr) : (int)strlen(addr);
}

static void tell_resolve(FILE *to, const struct call_exchange *x)
{
    const struct stoa_report *d = &x->report.dial;
    char text[TEXT_BYTES], host[100], took[CALL_WORD_BYTES];
    if (!x->place.host[0] || is_numeric(x->place.host) ||
        (x->at && strncmp(x->at, "unix:", 5) == 0))
        return;
    str_escape(host, sizeof host, str_of(x->place.host));
    int n = snprintf(text, sizeof text, "%-27s -> ", host);
    if (x->at)
        snprintf(text + n, sizeof text - (size_t)n, "%s (by --resolve)", x->at);
    for (int i = 0; !x->at && i < d->count && n < TEXT_BYTES; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%s%.*s", i ? ", " : "",
                      host_length(d->tries[i].to), d->tries[i].to);
    if (!x->at && d->count == 0 && d->cause)
        snprintf(text + n, sizeof text - (size_t)n, "%s", d->cause->what);
    else if (!x->at && d->addresses > d->count && n < TEXT_BYTES)
        snprintf(text + n, sizeof text - (size_t)n, " and %d more", d->addresses - d->count);
    line(to, "resolve", text, "", x->at ? "" : call_time(took, d->resolve_took));
}

/* The socket's states: from the one it began with to the one it came to. */
static const char *states_of(const struct call_report *r, const struct stoa_try *t)
{
    bool is_unix = strcmp(family_of(t), "Unix") == 0;
    if (is_unix || r->o->scheme == CALL_UDP)
        return t->err == 0 ? "CONNECTED" : "UNCONNECTED";
    if (t->err == 0)
        return "SYN_SENT -> ESTABLISHED";
    return t->syns > 0 || t->from[0] ? "SYN_SENT -> CLOSED" : "CLOSED";
}

static void tell_try(FILE *to, const struct call_report *r, const struct stoa_report *d,
                     const struct stoa_try *t)
{
    bool is_unix = strcmp(family_of(t), "Unix") == 0, is_udp = r->o->scheme == CALL_UDP;
    char text[TEXT_BYTES], took[TEXT_BYTES], span[CALL_WORD_BYTES],
        after[CALL_WORD_BYTES + 12] = "";
    snprintf(text, sizeof text, "%s%s%s",
             is_unix  ? ""
             : is_udp ? "UDP"
                      : "TCP",
             is_unix ? "" : "/", family_of(t));
    line(to, "socket", text, is_unix || is_udp ? "UNCONNECTED" : "CLOSED", "");
    if (t > d->tries && t->began > d->tries[0].began)
        snprintf(after, sizeof after, ", begun %s later",
                 call_time(span, t->began - d->tries[0].began));
    bool has_from = t->from[0] && !is_unix;
    snprintf(text, sizeof text, "%s%s%s%s", t->from, has_from ? " -> " : "", t->to,
             has_from ? " (ephemeral port)" : "");
    int n = snprintf(took, sizeof took, "%s", call_time(span, t->took));
    if (t->syns > 0)
        n += snprintf(took + n, sizeof took - (size_t)n, ", %d %s", t->syns,
                      str_counted((uint64_t)t->syns, "SYN", "SYNs"));
    snprintf(took + n, sizeof took - (size_t)n, "%s%s%s", after, t->cause ? ": " : "",
             t->cause ? t->cause->id : "");
    line(to, "connect", text, states_of(r, t), took);
}

static void tell_dial(FILE *to, const struct call_report *r, struct call_exchange *x)
{
    const struct stoa_report *d = &x->report.dial;
    if (d->count == 0 && !d->cause) {
        x->told |= TOLD_REUSE;
        if (x->report.peer[0])
            line(to, "reuse", "the connection of the request before", "ESTABLISHED", "");
        return;
    }
    tell_resolve(to, x);
    for (int i = 0; i < d->count; i++)
        tell_try(to, r, d, &d->tries[i]);
}

/* ---- what was said ---- */

static void tell_write(FILE *to, const struct call_exchange *x)
{
    char text[TEXT_BYTES], bytes[CALL_WORD_BYTES], took[CALL_WORD_BYTES], path[100];
    if (x->method) {
        const char *p = strchr(x->url->text + strlen("http://"), '/');
        str_escape(path, sizeof path, str_of(p));
        snprintf(text, sizeof text, "%s %s%s HTTP/1.1, %s", x->method, path,
                 strlen(p) > strlen(path) ? "..." : "", call_bytes(bytes, x->report.request_bytes));
    } else {
        snprintf(text, sizeof text, "%s", call_bytes(bytes, x->report.request_bytes));
    }
    line(to, "write", text, "", call_time(took, x->report.write_took));
}

static struct stoa_str field_named(const struct call_exchange *x, struct stoa_str name)
{
    struct stoa_str rest = buf_slice(&x->fields);
    while (rest.n > 0) {
        struct stoa_str n = { rest.p, str_find(rest, 0) };
        rest = str_from(rest, n.n + 1);
        struct stoa_str value = { rest.p, str_find(rest, 0) };
        rest = str_from(rest, value.n + 1);
        if (str_eq_nocase(n, name))
            return value;
    }
    return (struct stoa_str){ 0 };
}

/* The duration in the parameters of a metric of Server-Timing, without its quotes; empty = none. */
static struct stoa_str duration_of(struct stoa_str metric)
{
    for (size_t at = str_find(metric, ';'); at < metric.n; at = str_find(metric, ';')) {
        metric = str_from(metric, at + 1);
        struct stoa_str one = str_trim((struct stoa_str){ metric.p, str_find(metric, ';') });
        size_t eq = str_find(one, '=');
        if (eq == one.n || !str_eq_nocase(str_trim((struct stoa_str){ one.p, eq }), STR("dur")))
            continue;
        struct stoa_str value = str_trim(str_from(one, eq + 1));
        if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
            value = (struct stoa_str){ value.p + 1, value.n - 2 };
        return value;
    }
    return (struct stoa_str){ 0 };
}

/* "  (server says: queue 0.2, handler 7.9)": Server-Timing (W3C), in milliseconds; empty without. */
static void server_says(const struct call_exchange *x, char *buf, size_t n)
{
    struct stoa_str rest = field_named(x, STR("Server-Timing")), metric;
    size_t at = 0;
    buf[0] = 0;
    while (str_next_element(&rest, &metric) && at < n) {
        char name[60], span[24];
        struct stoa_str dur = duration_of(metric);
        if (dur.n == 0)
            continue;
        str_escape(name, sizeof name,
                   str_trim((struct stoa_str){ metric.p, str_find(metric, ';') }));
        str_escape(span, sizeof span, dur);
        at += (size_t)snprintf(buf + at, n - at, "%s%s %s", at ? ", " : "  (server says: ", name,
                               span);
    }
    if (at > 0 && at < n)
        snprintf(buf + at, n - at, ")");
}

static void tell_wait(FILE *to, const struct call_exchange *x)
{
    char took[TEXT_BYTES], says[200], span[CALL_WORD_BYTES];
    server_says(x, says, sizeof says);
    snprintf(took, sizeof took, "%s%s", call_time(span, x->report.wait_took), says);
    line(to, "wait", "first byte of the reply", "", took);
}

static void tell_read(FILE *to, const struct call_exchange *x)
{
    char text[TEXT_BYTES], bytes[CALL_WORD_BYTES], took[CALL_WORD_BYTES];
    const struct stoa_http_report *h = &x->report;
    struct stoa_str reason = status_reason(x->status);
    if (x->method && x->status == 0)
        snprintf(text, sizeof text, "no whole head");
    else if (x->method)
        snprintf(text, sizeof text, "%d %.*s%s%s", x->status, (int)reason.n, reason.p,
                 reason.n ? ", " : "", call_bytes(bytes, h->reply_body_bytes));
    else
        snprintf(text, sizeof text, "%s", call_bytes(bytes, h->reply_body_bytes));
    line(to, "read", text, "", h->read_took < 0 ? "" : call_time(took, h->read_took));
}

void call_report_stages(FILE *to, const struct call_report *r, struct call_exchange *x)
{
    const struct stoa_http_report *h = &x->report;
    bool is_dialled = h->dial.winner >= 0 || h->dial.cause || h->peer[0] || r->exit_code;
    const struct {
        unsigned bit;
        bool reached;
    } stages[] = {
        { TOLD_DIAL, is_dialled },
        { TOLD_WRITE, h->write_took >= 0 },
        { TOLD_WAIT, h->wait_took >= 0 && (!x->method || x->status || r->exit_code) },
        { TOLD_READ, h->wait_took >= 0 && (x->is_whole || r->exit_code) },
        { TOLD_CLOSE, x->ended },
    };
    /* The kept connection had ended, and another one was dialled: all of it begins again. */
    if ((x->told & TOLD_REUSE) && (h->dial.count > 0 || h->dial.cause))
        x->told = 0;
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        if (!stages[i].reached || x->told & stages[i].bit)
            continue;
        x->told |= stages[i].bit;
        switch (stages[i].bit) {
        case TOLD_DIAL: tell_dial(to, r, x); break;
        case TOLD_WRITE: tell_write(to, x); break;
        case TOLD_WAIT: tell_wait(to, x); break;
        case TOLD_READ: tell_read(to, x); break;
        default: line(to, "close", x->ended, x->end_state, "");
        }
    }
}
