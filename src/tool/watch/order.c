/* tool/watch/order.c -- see order.h. */
#include "tool/watch/order.h"

#include "tool/watch/match.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const names[WATCH_SORTS] = {
    [WATCH_BY_TROUBLE] = "trouble",
    [WATCH_BY_ADDRESS] = "address",
    [WATCH_BY_PROCESS] = "process",
    [WATCH_BY_QUEUE] = "queue",
    [WATCH_BY_SYN] = "syn",
    [WATCH_BY_DROPS] = "drops",
    [WATCH_BY_ESTABLISHED] = "established",
    [WATCH_BY_CLOSE_WAIT] = "close-wait",
    [WATCH_BY_TIME_WAIT] = "time-wait",
    [WATCH_BY_RETRANSMITS] = "retransmits",
    [WATCH_BY_UNREAD] = "unread",
    [WATCH_BY_UNSENT] = "unsent",
    [WATCH_BY_AGE] = "age",
};

const char *watch_sort_name(enum watch_sort key)
{
    return names[key];
}

bool watch_sort_find(const char *name, enum watch_sort *ret)
{
    for (int i = 0; i < WATCH_SORTS; i++)
        if (strcmp(names[i], name) == 0) {
            *ret = (enum watch_sort)i;
            return true;
        }
    return false;
}

/* ---- listeners ---- */

/* The larger comes first. */
static int down(double a, double b)
{
    return (a < b) - (a > b);
}

/* How full the fullest queue is: 1 = to its limit. */
static double fullness(const struct watch_listener *l)
{
    return l->fullest_queue_max ? (double)l->fullest_queue / l->fullest_queue_max
                                : (double)l->fullest_queue;
}

/* What is wrong now weighs more than what once was. */
static double trouble(const struct watch_listener *l)
{
    const struct watch_conns *c = &l->conns;
    return (double)l->dropped * 1e6 + fullness(l) * 1e4 +
           (double)(c->states[DIAG_CLOSE_WAIT] + c->late_conns + c->stuck_conns) * 10 +
           (double)c->retrans_conns;
}

static double number(const struct watch_listener *l, enum watch_sort key)
{
    const struct watch_conns *c = &l->conns;
    switch (key) {
    case WATCH_BY_TROUBLE: return trouble(l);
    case WATCH_BY_QUEUE: return fullness(l);
    case WATCH_BY_SYN: return (double)c->states[DIAG_SYN_RECV];
    case WATCH_BY_DROPS: return (double)l->drops;
    case WATCH_BY_ESTABLISHED: return (double)c->states[DIAG_ESTABLISHED];
    case WATCH_BY_CLOSE_WAIT: return (double)c->states[DIAG_CLOSE_WAIT];
    case WATCH_BY_TIME_WAIT: return (double)c->states[DIAG_TIME_WAIT];
    case WATCH_BY_RETRANSMITS: return (double)c->retransmits;
    case WATCH_BY_UNREAD: return (double)c->unread;
    case WATCH_BY_UNSENT: return (double)c->unsent;
    case WATCH_BY_AGE: return (double)c->close_wait_most;
    default: return 0;
    }
}

static int by_process(const struct watch_listener *a, const struct watch_listener *b)
{
    int r = strcmp(a->holder.command, b->holder.command);
    return r ? r : strcmp(a->who, b->who);
}

struct order {
    const struct watch_picture *p;
    enum watch_sort key;
};

static int compare_listeners(const void *a, const void *b, void *ctx)
{
    const struct order *o = ctx;
    const struct watch_listener *x = &o->p->listener[*(const int *)a];
    const struct watch_listener *y = &o->p->listener[*(const int *)b];
    int r =
        o->key == WATCH_BY_PROCESS ? by_process(x, y) : down(number(x, o->key), number(y, o->key));
    return r ? r : *(const int *)a - *(const int *)b; /* they stand by address */
}

/* ---- connections ---- */

static double conn_trouble(const struct watch_conn *c)
{
    return (watch_conn_is_late(c) ? 1e6 : 0) + (watch_conn_is_stuck(c) ? 1e6 : 0) +
           (watch_conn_is_retransmitting(c) ? 1e5 : 0) + (c->state == DIAG_CLOSE_WAIT ? 1e5 : 0) +
           (c->in_accept_queue ? 1e4 : 0) + (double)(c->unread + c->unsent) / 1e6 -
           (c->state == DIAG_TIME_WAIT ? 1 : 0);
}

static double conn_number(const struct watch_conn *c, enum watch_sort key)
{
    switch (key) {
    case WATCH_BY_TROUBLE: return conn_trouble(c);
    case WATCH_BY_QUEUE: return c->in_accept_queue;
    case WATCH_BY_SYN: return c->state == DIAG_SYN_RECV;
    case WATCH_BY_DROPS:
    case WATCH_BY_RETRANSMITS: return (double)c->retransmits;
    case WATCH_BY_ESTABLISHED: return c->state == DIAG_ESTABLISHED;
    case WATCH_BY_CLOSE_WAIT: return c->state == DIAG_CLOSE_WAIT ? (double)c->in_state + 2 : 0;
    case WATCH_BY_TIME_WAIT: return c->state == DIAG_TIME_WAIT;
    case WATCH_BY_UNREAD: return (double)c->unread;
    case WATCH_BY_UNSENT: return (double)c->unsent;
    case WATCH_BY_AGE: return (double)c->quiet;
    default: return 0;
    }
}

static int by_peer(const struct watch_conn *a, const struct watch_conn *b)
{
    struct addr x = a->peer, y = b->peer;
    addr_set_port(&x, 0);
    addr_set_port(&y, 0);
    int r = watch_addr_compare(&x, &y); /* by host first */
    return r ? r : watch_addr_compare(&a->peer, &b->peer);
}

int watch_conn_compare(const struct watch_conn *a, const struct watch_conn *b, enum watch_sort key)
{
    int r = down(conn_number(a, key), conn_number(b, key));
    if (r == 0)
        r = by_peer(a, b);
    return r ? r : watch_addr_compare(&a->local, &b->local);
}

static int compare_conns(const void *a, const void *b, void *ctx)
{
    const struct order *o = ctx;
    return watch_conn_compare(&o->p->conn[*(const int *)a], &o->p->conn[*(const int *)b], o->key);
}

/* ---- the filter ---- */

static bool contains(const char *text, const char *part)
{
    size_t n = strlen(part);
    for (; *text; text++)
        if (strlen(text) >= n &&
            str_eq_nocase((struct stoa_str){ text, n }, (struct stoa_str){ part, n }))
            return true;
    return n == 0;
}

static bool has_listener(const struct watch_listener *l, const char *filter)
{
    const struct holder *h = &l->holder;
    return contains(l->name, filter) || contains(l->who, filter) || contains(h->user, filter) ||
           contains(h->unit, filter) || (l->cause && contains(l->cause, filter));
}

static bool has_conn(const struct watch_conn *c, const char *filter)
{
    char text[ADDR_TEXT_BYTES];
    return contains(addr_format(&c->peer, text, sizeof text), filter) ||
           contains(addr_format(&c->local, text, sizeof text), filter) ||
           contains(diag_state_name(c->state), filter);
}

/* ---- what is shown ---- */

void watch_order_init(struct watch_order_room *r, const struct stoa_mem *mem)
{
    buf_init(&r->listeners, mem, NULL, 0);
    buf_init(&r->conns, mem, NULL, 0);
}

void watch_order_done(struct watch_order_room *r)
{
    buf_done(&r->listeners);
    buf_done(&r->conns);
}

/* returns where indexes of `count` go; NULL = there is no memory. */
static int *make_room(struct buf *b, int count)
{
    buf_clear(b);
    return (int *)(void *)buf_room(b, ((size_t)count + 1) * sizeof(int));
}

static int order_listeners(struct order o, const char *filter, int *ret)
{
    int count = 0;
    for (int i = 0; i < o.p->listeners; i++)
        if (has_listener(&o.p->listener[i], filter))
            ret[count++] = i;
    if (count)
        qsort_r(ret, (size_t)count, sizeof *ret, compare_listeners, &o);
    return count;
}

static int order_conns(struct order o, const char *filter, int *ret)
{
    int count = 0;
    for (int i = 0; i < o.p->conns; i++)
        if (has_conn(&o.p->conn[i], filter))
            ret[count++] = i;
    if (count)
        qsort_r(ret, (size_t)count, sizeof *ret, compare_conns, &o);
    return count;
}

bool watch_order_make(struct watch_order_room *r, const struct watch_picture *p,
                      const struct watch_choice *choice, struct watch_order *ret)
{
    int *listeners = make_room(&r->listeners, p->listeners);
    int *conns = make_room(&r->conns, p->conns);
    *ret = (struct watch_order){ 0 };
    if (!listeners || !conns)
        return false;
    ret->listeners = listeners;
    ret->listeners_n =
        order_listeners((struct order){ p, choice->listeners }, choice->filter, listeners);
    ret->conns = conns;
    ret->conns_n = order_conns((struct order){ p, choice->conns }, choice->filter, conns);
    return true;
}
