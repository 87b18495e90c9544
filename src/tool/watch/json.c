/* tool/watch/json.c -- see json.h. */
#include "tool/watch/json.h"

#include "app/json.h"
#include "app/status_json.h"

static void put_seconds(struct buf *b, const char *name, stoa_time span)
{
    if (span < 0)
        json_null(b, name);
    else
        json_milli(b, name, span / STOA_MS);
}

static void put_rate(struct buf *b, const char *name, double per_s)
{
    if (per_s < 0)
        json_null(b, name);
    else
        json_milli(b, name, (int64_t)(per_s * 1000 + 0.5));
}

/* ---- listeners ---- */

static void put_text(struct buf *b, const char *name, const char *text)
{
    if (text && text[0])
        json_text(b, name, str_of(text));
    else
        json_null(b, name);
}

static void put_holder(struct buf *b, const struct holder *h)
{
    json_open(b, "process", '{');
    if (h->pid)
        json_count(b, "pid", (uint64_t)h->pid);
    else
        json_null(b, "pid");
    put_text(b, "command", h->command);
    put_text(b, "user", h->user);
    if (h->uid == UINT32_MAX)
        json_null(b, "uid");
    else
        json_count(b, "uid", h->uid);
    put_text(b, "unit", h->unit);
    json_close(b, '}');
}

static void put_states(struct buf *b, const struct watch_conns *c)
{
    json_open(b, "states", '{');
    for (int i = DIAG_ESTABLISHED; i < WATCH_STATES; i++)
        if (i != DIAG_LISTEN && i != DIAG_CLOSE && i != DIAG_SYN_SENT)
            json_count(b, diag_state_name(i), c->states[i]);
    json_close(b, '}');
}

static void put_conns(struct buf *b, const char *name, const struct watch_conns *c)
{
    json_open(b, name, '{');
    put_states(b, c);
    json_open(b, "close_wait_oldest_s", '[');
    put_seconds(b, NULL, c->close_wait_least);
    put_seconds(b, NULL, c->close_wait_most);
    json_close(b, ']');
    json_count(b, "gave_up", c->gave_up);
    json_count(b, "unread", c->unread);
    json_count(b, "unread_max", c->unread_max);
    json_count(b, "late", c->late_conns);
    json_count(b, "late_bytes", c->late_bytes);
    json_count(b, "unsent", c->unsent);
    json_count(b, "unsent_max", c->unsent_max);
    json_count(b, "stuck", c->stuck_conns);
    json_count(b, "retransmitting", c->retrans_conns);
    json_count(b, "retransmits", c->retransmits);
    put_rate(b, "retransmits_per_s", c->retransmits_per_s);
    json_close(b, '}');
}

static void put_listener(struct buf *b, const struct watch_listener *l)
{
    json_open(b, NULL, '{');
    json_text(b, "address", str_of(l->name));
    put_holder(b, &l->holder);
    json_count(b, "sockets", (uint64_t)l->sockets);
    json_count(b, "queue", l->queue);
    json_count(b, "queue_max", l->queue_max);
    json_count(b, "fullest_queue", l->fullest_queue);
    json_count(b, "fullest_queue_max", l->fullest_queue_max);
    json_count(b, "syn_queue", l->conns.states[DIAG_SYN_RECV]);
    json_count(b, "drops", l->drops);
    put_rate(b, "drops_per_s", l->drops_per_s);
    put_text(b, "cause", l->cause);
    put_conns(b, "connections", &l->conns);
    json_close(b, '}');
}

static void put_listeners(struct buf *b, const struct watch_picture *p, const int *order, int count)
{
    json_open(b, "listeners", '[');
    for (int i = 0; i < count; i++)
        put_listener(b, &p->listener[order[i]]);
    json_close(b, ']');
}

/* ---- connections ---- */

static void put_conn(struct buf *b, const struct watch_picture *p, const struct watch_conn *c)
{
    char text[ADDR_TEXT_BYTES];
    json_open(b, NULL, '{');
    json_text(b, "peer", str_of(addr_format(&c->peer, text, sizeof text)));
    json_text(b, "local", str_of(addr_format(&c->local, text, sizeof text)));
    put_text(b, "listener", c->listener < 0 ? NULL : p->listener[c->listener].name);
    json_text(b, "state", str_of(diag_state_name(c->state)));
    json_bool(b, "in_accept_queue", c->in_accept_queue);
    json_count(b, "unread", c->unread);
    json_count(b, "unsent", c->unsent);
    json_count(b, "retransmits", c->retransmits);
    json_bool(b, "retransmitting", watch_conn_is_retransmitting(c));
    json_bool(b, "stuck", watch_conn_is_stuck(c));
    if (c->rtt < 0)
        json_null(b, "rtt_us");
    else
        json_milli(b, "rtt_us", c->rtt);
    put_seconds(b, "quiet_s", c->quiet);
    put_seconds(b, "quiet_sent_s", c->quiet_sent);
    put_seconds(b, "close_wait_s", c->in_state);
    json_close(b, '}');
}

static void put_list(struct buf *b, const struct watch_picture *p, const int *order, int count)
{
    json_open(b, "connections", '[');
    for (int i = 0; i < count; i++)
        put_conn(b, p, &p->conn[order[i]]);
    json_close(b, ']');
    json_count(b, "connections_more", p->conns_more);
}

/* ---- the rest ---- */

static void put_counters(struct buf *b, const struct watch_picture *p)
{
    json_open(b, "counters", '{');
    for (int i = 0; i < WATCH_COUNTERS; i++) {
        const struct watch_count *c = &p->counters[i];
        if (!c->is_known)
            continue;
        json_open(b, c->name, '{');
        json_count(b, "total", c->total);
        json_count(b, "grown", c->grown);
        put_rate(b, "per_s", c->per_s);
        json_close(b, '}');
    }
    json_close(b, '}');
}

static void put_walk(struct buf *b, const struct watch_picture *p)
{
    json_open(b, "walk", '{');
    put_seconds(b, "age_s", p->walked ? p->at - p->walked : WATCH_UNKNOWN);
    json_milli(b, "took_ms", p->walk_took / STOA_US);
    put_seconds(b, "due_s", p->walk_due > p->at ? p->walk_due - p->at : 0);
    json_close(b, '}');
}

static void put_verdicts(struct buf *b, const struct watch_picture *p)
{
    static const char *const levels[] = { "fine", "note", "warning", "bad" };
    json_open(b, "verdicts", '[');
    for (int i = 0; i < p->verdicts; i++) {
        const struct watch_verdict *v = &p->verdict[i];
        json_open(b, NULL, '{');
        json_text(b, "level", str_of(levels[v->level]));
        put_text(b, "listener", v->listener < 0 ? NULL : p->listener[v->listener].name);
        put_text(b, "cause", v->cause);
        json_text(b, "text", str_of(v->text));
        put_text(b, "next", v->next);
        json_close(b, '}');
    }
    json_close(b, ']');
}

static void put_stoa(struct buf *b, const struct watch_picture *p)
{
    if (!p->has_stoa) {
        json_null(b, "stoa");
        put_text(b, "stoa_why_not", p->stoa_text);
        return;
    }
    buf_str(b, STR(",\"stoa\":"));
    status_json(b, p->stoa, p->trend);
}

static void put_head(struct buf *b, const struct watch_picture *p)
{
    put_seconds(b, "time", p->real_ns);
    put_seconds(b, "span_s", p->span ? p->span : WATCH_UNKNOWN);
    put_text(b, "target", p->target.text);
    if (p->target.aim != WATCH_ALL)
        json_bool(b, "stopped", p->is_stopped);
}

void watch_json(struct buf *b, const struct watch_picture *p, const struct watch_order *o)
{
    json_open(b, NULL, '{');
    put_head(b, p);
    put_verdicts(b, p);
    put_counters(b, p);
    put_listeners(b, p, o->listeners, o->listeners_n);
    put_conns(b, "all", &p->all);
    put_walk(b, p);
    if (p->target.aim != WATCH_ALL) {
        put_list(b, p, o->conns, o->conns_n);
        put_stoa(b, p);
    }
    json_close(b, '}');
}
