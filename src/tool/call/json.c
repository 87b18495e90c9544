/* tool/call/json.c -- see json.h. */
#include "tool/call/json.h"

#include "base/error.h"

static void put_string(struct buf *to, struct stoa_str s)
{
    if (!s.p) {
        buf_str(to, STR("null"));
        return;
    }
    buf_str(to, STR("\""));
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\')
            buf_add(to, (char[]){ '\\', s.p[i] }, 2);
        else if (c >= 0x20 && c < 0x7f)
            buf_add(to, s.p + i, 1);
        else
            buf_fmt(to, "\\u%04x", c);
    }
    buf_str(to, STR("\""));
}

/* "name": in front of a value, and the comma that belongs before it. */
static void put_name(struct buf *to, const char *name)
{
    char last = to->n > 0 && !to->failed ? to->p[to->n - 1] : '{';
    buf_fmt(to, "%s\"%s\":", last == '{' || last == '[' ? "" : ",", name);
}

/* Texts that are empty when there is nothing to say are null. */
static void put_text(struct buf *to, const char *name, const char *text)
{
    put_name(to, name);
    put_string(to, text && *text ? str_of(text) : (struct stoa_str){ 0 });
}

static void put_int(struct buf *to, const char *name, int64_t v)
{
    put_name(to, name);
    buf_fmt(to, "%lld", (long long)v);
}

/* A number that is not known when it is < 0. */
static void put_known(struct buf *to, const char *name, int64_t v)
{
    put_name(to, name);
    if (v < 0)
        buf_str(to, STR("null"));
    else
        buf_fmt(to, "%lld", (long long)v);
}

static void put_bool(struct buf *to, const char *name, bool v)
{
    put_name(to, name);
    buf_fmt(to, "%s", v ? "true" : "false");
}

/* Milliseconds, to the nanosecond; whole numbers make it, whatever the locale. */
static void put_ms(struct buf *to, const char *name, stoa_time span)
{
    put_name(to, name);
    if (span < 0)
        buf_str(to, STR("null"));
    else
        buf_fmt(to, "%lld.%06lld", (long long)(span / STOA_MS), (long long)(span % STOA_MS));
}

static void put_err(struct buf *to, const char *name, int err)
{
    put_text(to, name, err ? error_name(err) : NULL);
}

static void put_cause(struct buf *to, const struct stoa_cause *c)
{
    put_name(to, "cause");
    if (!c) {
        buf_str(to, STR("null"));
        return;
    }
    buf_str(to, STR("{"));
    put_text(to, "id", c->id);
    put_text(to, "stage", stoa_stage_name(c->stage));
    put_text(to, "what", c->what);
    put_text(to, "rules_out", c->rules_out);
    put_text(to, "try", c->hint);
    buf_str(to, STR("}"));
}

static void put_try(struct buf *to, const struct stoa_try *t, stoa_time first)
{
    buf_fmt(to, "%s{", to->p && to->p[to->n - 1] == '[' ? "" : ",");
    put_text(to, "to", t->to);
    put_text(to, "from", t->from);
    put_text(to, "by", t->by);
    put_ms(to, "began_ms", t->began - first);
    put_ms(to, "took_ms", t->took);
    put_err(to, "error", t->err);
    put_text(to, "cause", t->cause ? t->cause->id : NULL);
    put_int(to, "syns", t->syns);
    put_ms(to, "rtt_ms", t->rtt > 0 ? t->rtt : -1);
    put_known(to, "icmp_type", t->icmp_type);
    put_known(to, "icmp_code", t->icmp_code);
    put_err(to, "soft_error", t->soft_err);
    put_bool(to, "is_local", t->is_local);
    put_known(to, "queue", t->is_local ? t->queue : -1);
    put_known(to, "queue_max", t->is_local ? t->queue_max : -1);
    put_text(to, "detail", t->detail);
    buf_str(to, STR("}"));
}

static void put_tries(struct buf *to, const struct stoa_report *d)
{
    put_name(to, "tries");
    buf_str(to, STR("["));
    for (int i = 0; i < d->count; i++)
        put_try(to, &d->tries[i], d->tries[0].began);
    buf_str(to, STR("]"));
}

static void put_fields(struct buf *to, const struct call_exchange *x)
{
    struct stoa_str rest = buf_slice(&x->fields);
    put_name(to, "fields");
    buf_str(to, STR("["));
    for (bool is_first = true; rest.n > 0; is_first = false) {
        buf_str(to, is_first ? STR("[") : STR(",["));
        for (int i = 0; i < 2; i++) {
            struct stoa_str s = { rest.p, str_find(rest, 0) };
            put_string(to, s);
            buf_str(to, i == 0 ? STR(",") : STR("]"));
            rest = str_from(rest, s.n + 1);
        }
    }
    buf_str(to, STR("]"));
}

static void put_exchange(struct buf *to, const struct call_exchange *x)
{
    const struct stoa_http_report *h = &x->report;
    const struct stoa_report *d = &h->dial;
    buf_str(to, STR("{"));
    put_text(to, "method", x->method);
    put_text(to, "url", x->url ? x->url->text : NULL);
    put_text(to, "local", h->local);
    put_text(to, "peer", h->peer);
    put_bool(to, "reused", d->count == 0 && !d->cause && h->peer[0]);
    put_ms(to, "resolve_ms", d->count > 0 || d->cause ? d->resolve_took : -1);
    put_int(to, "addresses", d->addresses);
    put_tries(to, d);
    put_int(to, "connected", d->winner);
    put_ms(to, "write_ms", h->write_took);
    put_ms(to, "wait_ms", h->wait_took);
    put_ms(to, "read_ms", h->read_took);
    put_int(to, "request_bytes", (int64_t)h->request_bytes);
    put_known(to, "status", x->status ? x->status : -1);
    put_int(to, "head_bytes", (int64_t)h->reply_head_bytes);
    put_int(to, "body_bytes", (int64_t)h->reply_body_bytes);
    put_bool(to, "whole", x->is_whole);
    put_fields(to, x);
    put_text(to, "close", x->ended);
    put_text(to, "close_state", x->end_state);
    buf_str(to, STR("}"));
}

static void put_walk(struct buf *to, const struct call_walk *w)
{
    put_name(to, "walk");
    if (w->count <= 0) {
        buf_str(to, STR("null"));
        return;
    }
    buf_str(to, STR("["));
    for (int i = 0; i < w->count; i++) {
        buf_str(to, i ? STR(",{") : STR("{"));
        put_int(to, "ttl", i + 1);
        put_text(to, "by", w->hops[i].by);
        put_ms(to, "rtt_ms", w->hops[i].rtt > 0 ? w->hops[i].rtt : -1);
        put_err(to, "error", w->hops[i].err);
        buf_str(to, STR("}"));
    }
    buf_str(to, STR("]"));
}

void call_json(struct buf *to, const struct call_report *r)
{
    buf_str(to, STR("{"));
    put_text(to, "stoa", STOA_VERSION);
    put_text(to, "target", r->o->target);
    put_int(to, "exit_code", r->exit_code);
    put_cause(to, r->cause);
    put_err(to, "error", r->err);
    put_text(to, "detail", r->detail);
    put_text(to, "trouble", r->trouble);
    put_ms(to, "total_ms", r->took);
    put_name(to, "exchanges");
    buf_str(to, STR("["));
    for (const struct call_exchange *x = r->first; x; x = x->next) {
        buf_str(to, x == r->first ? STR("") : STR(","));
        put_exchange(to, x);
    }
    buf_str(to, STR("]"));
    put_walk(to, &r->walk);
    buf_str(to, STR("}\n"));
}
