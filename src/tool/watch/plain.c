/* tool/watch/plain.c -- see plain.h. */
#include "tool/watch/plain.h"

#include "base/date.h"
#include "tool/watch/lines.h"
#include "tool/watch/plain_stoa.h"
#include "tool/watch/words.h"

#include <stdio.h>

enum { CONNS_SHOWN = 10 };

struct place {
    const struct watch_picture *p;
    const struct watch_order *o;
};

typedef char cells_of[WATCH_CELL_BYTES];

static void put_cell(cells_of cell, const char *text)
{
    snprintf(cell, WATCH_CELL_BYTES, "%s", text);
}

/* ---- listeners ---- */

/* What only a walk tells is not known before the first. */
static void put_count(cells_of cell, const struct watch_picture *p, uint64_t n)
{
    if (p->walked)
        watch_count(cell, n);
    else
        put_cell(cell, "-");
}

static void put_close_wait(cells_of cell, const struct watch_picture *p,
                           const struct watch_conns *c)
{
    char age[WATCH_WORD_BYTES], n[WATCH_WORD_BYTES];
    uint64_t count = c->states[DIAG_CLOSE_WAIT];
    if (count && c->close_wait_most >= 0)
        snprintf(cell, WATCH_CELL_BYTES, "%s (%s)", watch_count(n, count),
                 watch_close_wait_age(age, c));
    else
        put_count(cell, p, count);
}

static void put_listener(const void *ctx, int i, char cells[WATCH_COLUMNS_MAX][WATCH_CELL_BYTES])
{
    const struct place *a = ctx;
    const struct watch_listener *l = &a->p->listener[a->o->listeners[i]];
    put_cell(cells[0], l->name);
    put_cell(cells[1], l->who[0] ? l->who : "-");
    watch_queue(cells[2], l);
    put_count(cells[3], a->p, l->conns.states[DIAG_SYN_RECV]);
    watch_count(cells[4], l->drops);
    watch_rate(cells[5], l->drops_per_s);
    put_count(cells[6], a->p, l->conns.states[DIAG_ESTABLISHED]);
    put_close_wait(cells[7], a->p, &l->conns);
    put_count(cells[8], a->p, l->conns.states[DIAG_TIME_WAIT]);
    put_count(cells[9], a->p, l->conns.retransmits);
}

static void put_listeners(struct buf *b, const struct place *a)
{
    static const char *const titles[] = { "LISTENER",   "PROCESS",  ">QUEUE", ">SYN",
                                          ">DROPS",     ">DROPS/S", ">ESTAB", ">CLOSE_WAIT",
                                          ">TIME_WAIT", ">RETRANS" };
    watch_lines(b, &(struct watch_lines){ titles, 10, put_listener, a, a->o->listeners_n });
    if (a->o->listeners_n == 0)
        buf_fmt(b, "%s\n",
                a->p->listeners      ? "no listener matches the filter"
                : watch_drains(a->p) ? "it listens no more"
                                     : "nobody listens");
}

/* ---- the network namespace ---- */

static void put_counters(struct buf *b, const struct watch_picture *p)
{
    char total[WATCH_WORD_BYTES], rate[WATCH_WORD_BYTES];
    const char *gap = "\nall of the network namespace: ";
    for (int i = 0; i < WATCH_COUNTERS; i++) {
        const struct watch_count *c = &p->counters[i];
        if (!c->is_known)
            continue;
        buf_fmt(b, "%s%s %s", gap, c->name, watch_count(total, c->total));
        if (c->per_s > 0)
            buf_fmt(b, " (%s)", watch_rate(rate, c->per_s));
        gap = ", ";
    }
    buf_str(b, STR("\n"));
}

/* What is older than the rest says so. */
static void put_age(struct buf *b, const struct watch_picture *p)
{
    char age[WATCH_WORD_BYTES], took[WATCH_WORD_BYTES], due[WATCH_WORD_BYTES];
    if (!p->walked || p->walked == p->at)
        return;
    buf_fmt(b, "connections as they were %s ago: to count them takes %s; again in %s\n",
            watch_span(age, p->at - p->walked), watch_span(took, p->walk_took),
            watch_span(due, p->walk_due > p->at ? p->walk_due - p->at : 0));
}

/* ---- connections ---- */

static void put_states(struct buf *b, const struct watch_conns *c)
{
    char n[WATCH_WORD_BYTES], most[WATCH_WORD_BYTES];
    const char *gap = "";
    buf_str(b, STR("\nconnections: "));
    for (int i = DIAG_ESTABLISHED; i < WATCH_STATES; i++) {
        if (c->states[i] == 0)
            continue;
        buf_fmt(b, "%s%s %s", gap, watch_count(n, c->states[i]), diag_state_name(i));
        gap = ", ";
    }
    if (!*gap)
        buf_str(b, STR("none"));
    if (c->unread)
        buf_fmt(b, "; unread %s (most: %s)", watch_bytes(n, c->unread),
                watch_bytes(most, c->unread_max));
    if (c->unsent)
        buf_fmt(b, "; unsent %s (most: %s)", watch_bytes(n, c->unsent),
                watch_bytes(most, c->unsent_max));
    if (c->retrans_conns)
        buf_fmt(b, "; %s being sent again", watch_count(n, c->retrans_conns));
    buf_str(b, STR("\n"));
}

static const char *remark(const struct watch_conn *c)
{
    if (c->in_accept_queue)
        return c->state == DIAG_CLOSE_WAIT ? "gave up in the accept queue" : "in the accept queue";
    if (watch_conn_is_late(c))
        return "not read";
    if (watch_conn_is_stuck(c))
        return "the peer takes nothing";
    return watch_conn_is_retransmitting(c) ? "is sent again" : "";
}

static void put_conn(const void *ctx, int i, char cells[WATCH_COLUMNS_MAX][WATCH_CELL_BYTES])
{
    const struct place *a = ctx;
    const struct watch_conn *c = &a->p->conn[a->o->conns[i]];
    addr_format(&c->peer, cells[0], WATCH_CELL_BYTES);
    put_cell(cells[1], diag_state_name(c->state));
    watch_bytes(cells[2], c->unread);
    watch_bytes(cells[3], c->unsent);
    watch_count(cells[4], c->retransmits);
    watch_span(cells[5], c->rtt);
    watch_span(cells[6], c->quiet);
    put_cell(cells[7], remark(c));
}

static void put_conns(struct buf *b, const struct place *a)
{
    static const char *const titles[] = { "PEER",     "STATE", ">UNREAD", ">UNSENT",
                                          ">RETRANS", ">RTT",  ">QUIET",  "" };
    int count = a->o->conns_n < CONNS_SHOWN ? a->o->conns_n : CONNS_SHOWN;
    uint64_t more = a->p->conns_more + (uint64_t)(a->p->conns - count);
    char n[WATCH_WORD_BYTES];
    put_states(b, &a->p->all);
    if (count == 0)
        return;
    watch_lines(b, &(struct watch_lines){ titles, 8, put_conn, a, count });
    if (more)
        buf_fmt(b, "and %s more\n", watch_count(n, more));
}

/* ---- verdicts ---- */

static void put_verdict(struct buf *b, const struct watch_picture *p, const struct watch_verdict *v)
{
    static const char *const marks[] = { "", "", "! ", "!! " };
    buf_fmt(b, "\n%s", marks[v->level]);
    if (v->listener >= 0 && p->listeners > 1)
        buf_fmt(b, "%s: ", p->listener[v->listener].name);
    buf_fmt(b, "%s", v->text);
    if (v->cause)
        buf_fmt(b, " [%s]", v->cause);
    buf_str(b, STR("\n"));
    if (v->next[0])
        buf_fmt(b, "   try: %s\n", v->next);
}

/* ---- all of it ---- */

static void put_head(struct buf *b, const struct watch_picture *p)
{
    struct date_parts d = date_split(p->real_ns / STOA_SEC);
    char span[WATCH_WORD_BYTES];
    buf_fmt(b, "%04d-%02d-%02d %02d:%02d:%02d UTC", d.year, d.month, d.day, d.hour, d.minute,
            d.second);
    if (p->target.text[0])
        buf_fmt(b, ", %s", p->target.text);
    if (p->span)
        buf_fmt(b, "; rates over the last %s", watch_span(span, p->span));
    buf_str(b, STR("\n\n"));
}

void watch_plain(struct buf *b, const struct watch_picture *p, const struct watch_order *o)
{
    struct place a = { p, o };
    put_head(b, p);
    put_listeners(b, &a);
    if (p->target.aim != WATCH_ALL) {
        put_conns(b, &a);
        watch_plain_stoa(b, p);
    }
    put_counters(b, p);
    put_age(b, p);
    for (int i = 0; i < p->verdicts; i++)
        put_verdict(b, p, &p->verdict[i]);
}
