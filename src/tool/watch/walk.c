/* tool/watch/walk.c -- see walk.h. */
#include "tool/watch/walk.h"

#include "probe/holder.h"
#include "tool/watch/match.h"
#include "tool/watch/pace.h"

#include <errno.h>
#include <stdlib.h>

enum { CONNECTED = 0xffe & ~(1 << DIAG_LISTEN | 1 << DIAG_CLOSE) };

/* What is to be known of a connection in the next walk: of those in CLOSE_WAIT, or with retransmits. */
struct seen {
    uint64_t cookie;
    stoa_time since; /* when it was first seen in CLOSE_WAIT; 0 = not yet */
    uint64_t retransmits;
};

void watch_walk_init(struct watch_walk *w, const struct io_sys *sys, struct diag *diag,
                     const struct stoa_mem *mem)
{
    *w = (struct watch_walk){ .sys = sys, .diag = diag };
    buf_init(&w->own, mem, NULL, 0);
    buf_init(&w->seen, mem, NULL, 0);
    buf_init(&w->next, mem, NULL, 0);
    buf_init(&w->conns, mem, NULL, 0);
}

void watch_walk_done(struct watch_walk *w)
{
    buf_done(&w->own);
    buf_done(&w->seen);
    buf_done(&w->next);
    buf_done(&w->conns);
}

/* ---- sums ---- */

void watch_conns_clear(struct watch_conns *c)
{
    *c =
        (struct watch_conns){ .close_wait_least = WATCH_UNKNOWN, .close_wait_most = WATCH_UNKNOWN };
}

static void raise(uint64_t *to, uint64_t v)
{
    if (v > *to)
        *to = v;
}

/* Of two that are the oldest: the one that is. */
static void take_older(struct watch_conns *to, stoa_time least, stoa_time most)
{
    if (least > to->close_wait_least)
        to->close_wait_least = least;
    if (most > to->close_wait_most)
        to->close_wait_most = most;
}

void watch_conns_add(struct watch_conns *to, const struct watch_conns *c)
{
    for (int i = 0; i < WATCH_STATES; i++)
        to->states[i] += c->states[i];
    to->unread += c->unread;
    to->unread_conns += c->unread_conns;
    to->unsent += c->unsent;
    raise(&to->unread_max, c->unread_max);
    raise(&to->unsent_max, c->unsent_max);
    to->late_conns += c->late_conns;
    to->late_bytes += c->late_bytes;
    to->gave_up += c->gave_up;
    to->stuck_conns += c->stuck_conns;
    to->retrans_conns += c->retrans_conns;
    to->retransmits += c->retransmits;
    if (c->retransmits_per_s != WATCH_UNKNOWN)
        to->retransmits_per_s =
            c->retransmits_per_s + (to->retransmits_per_s > 0 ? to->retransmits_per_s : 0);
    take_older(to, c->close_wait_least, c->close_wait_most);
}

/* ---- one connection ---- */

struct walk {
    struct watch_walk *w;
    const struct watch_walk_plan *plan;
    double span_s; /* since the walk before */
};

static stoa_time ms(uint32_t n)
{
    return (stoa_time)n * STOA_MS;
}

/* The peer's FIN takes a number as a byte does, and the kernel counts it until the end has been read. */
static uint64_t unread_of(const struct diag_socket *s)
{
    bool has_fin =
        s->state == DIAG_CLOSE_WAIT || s->state == DIAG_LAST_ACK || s->state == DIAG_CLOSING;
    return s->rqueue - (has_fin && s->rqueue > 0);
}

static void set_conn(struct watch_conn *c, const struct diag_socket *s)
{
    bool is_data = s->state != DIAG_SYN_RECV && s->state != DIAG_TIME_WAIT;
    c->cookie = s->cookie;
    watch_addr_set(&c->peer, &s->remote);
    c->state = s->state;
    c->timer = s->timer;
    c->repeats = s->retrans;
    c->in_accept_queue =
        s->inode == 0 && (s->state == DIAG_ESTABLISHED || s->state == DIAG_CLOSE_WAIT);
    c->unread = is_data ? unread_of(s) : 0;
    c->unsent = is_data ? s->wqueue : 0;
    c->rtt = c->quiet = c->quiet_sent = c->in_state = WATCH_UNKNOWN;
    if (!s->has_tcp || !is_data)
        return;
    c->retransmits = s->tcp.total_retrans;
    c->rtt = (stoa_time)s->tcp.rtt_us * STOA_US;
    c->quiet = ms(s->tcp.last_data_received_ms);
    c->quiet_sent = ms(s->tcp.last_data_sent_ms);
}

static int compare_seen(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    return (x->cookie > y->cookie) - (x->cookie < y->cookie);
}

static const struct seen *find_seen(const struct watch_walk *w, uint64_t cookie)
{
    struct seen wanted = { .cookie = cookie };
    size_t count = w->seen.n / sizeof wanted;
    return count ? bsearch(&wanted, w->seen.p, count, sizeof wanted, compare_seen) : NULL;
}

/* What the connection's past says of it, and what is to be known of it next time. */
static void compare_with_past(const struct walk *k, struct watch_conns *to, struct watch_conn *c)
{
    bool leaks = c->state == DIAG_CLOSE_WAIT && !c->in_accept_queue;
    if (!leaks && c->retransmits == 0)
        return;
    const struct seen *was = find_seen(k->w, c->cookie);
    struct seen now = { .cookie = c->cookie, .retransmits = c->retransmits };
    uint64_t before = was ? was->retransmits : 0;
    if (k->w->has_rates && c->retransmits > before)
        to->retransmits_per_s += (double)(c->retransmits - before) / k->span_s;
    if (leaks) {
        now.since = was && was->since ? was->since : k->plan->now;
        c->in_state = k->plan->now - now.since;
        take_older(to, c->in_state, c->quiet > c->in_state ? c->quiet : c->in_state);
    }
    buf_add(&k->w->next, &now, sizeof now);
}

static void count_conn(struct watch_conns *to, const struct watch_conn *c)
{
    to->states[c->state]++;
    to->unread += c->unread;
    to->unsent += c->unsent;
    to->unread_conns += c->unread > 0;
    raise(&to->unread_max, c->unread);
    raise(&to->unsent_max, c->unsent);
    if (watch_conn_is_late(c)) {
        to->late_conns++;
        to->late_bytes += c->unread;
    }
    to->stuck_conns += watch_conn_is_stuck(c);
    to->retrans_conns += watch_conn_is_retransmitting(c);
    to->retransmits += c->retransmits;
    to->gave_up += c->state == DIAG_CLOSE_WAIT && c->in_accept_queue;
}

/* ---- the best of them ---- */

static int compare_conns(const void *a, const void *b, void *key)
{
    return watch_conn_compare(a, b, *(enum watch_sort *)key);
}

static void keep_best(struct watch_walk *w)
{
    size_t most = WATCH_CONNS_MAX * sizeof(struct watch_conn);
    if (w->conns.n)
        qsort_r(w->conns.p, w->conns.n / sizeof(struct watch_conn), sizeof(struct watch_conn),
                compare_conns, &w->key);
    if (w->conns.n > most)
        w->conns.n = most;
}

static void keep_conn(struct watch_walk *w, const struct watch_conn *c)
{
    w->counted++;
    buf_add(&w->conns, c, sizeof *c);
    if (w->conns.n >= 2 * WATCH_CONNS_MAX * sizeof *c)
        keep_best(w);
}

/* ---- the walk ---- */

static int take_conn(void *ctx, const struct diag_socket *s)
{
    const struct walk *k = ctx;
    const struct watch_walk_plan *p = k->plan;
    struct watch_conn c = { 0 };
    if (s->state >= WATCH_STATES)
        return 0;
    watch_addr_set(&c.local, &s->local);
    c.listener = watch_listener_of(p->list, p->count, &c.local, s->ifindex);
    bool is_of_target = c.listener >= 0 && p->is_target && p->is_target[c.listener];
    bool is_own = !is_of_target && holder_has(&k->w->own, s->inode);
    if (c.listener < 0 && !is_own)
        return 0;
    struct watch_conns *to = is_own ? &k->w->own_conns : &p->list[c.listener].conns;
    set_conn(&c, s);
    compare_with_past(k, to, &c);
    count_conn(to, &c);
    if (is_of_target || is_own)
        keep_conn(k->w, &c);
    return k->w->next.failed || k->w->conns.failed ? -ENOMEM : 0;
}

/* Of a process that is gone, or whose descriptors cannot be read, none is known. */
static int find_own(struct watch_walk *w, int pid)
{
    buf_clear(&w->own);
    return pid && holder_sockets(w->sys, pid, &w->own) == -ENOMEM ? -ENOMEM : 0;
}

static void turn_pages(struct watch_walk *w)
{
    struct buf old = w->seen;
    w->seen = w->next;
    w->next = old;
    if (w->seen.n)
        qsort(w->seen.p, w->seen.n / sizeof(struct seen), sizeof(struct seen), compare_seen);
}

static void begin(struct walk *k)
{
    struct watch_walk *w = k->w;
    stoa_time span = k->plan->now - w->at;
    w->has_rates = w->at && span > 0 && (w->port == 0 || w->port == k->plan->port);
    k->span_s = (double)span / (double)STOA_SEC;
    for (int i = 0; i < k->plan->count; i++) {
        watch_conns_clear(&k->plan->list[i].conns);
        if (w->has_rates)
            k->plan->list[i].conns.retransmits_per_s = 0;
    }
    watch_conns_clear(&w->own_conns);
    w->own_pid = k->plan->own_pid;
    buf_clear(&w->conns);
    buf_clear(&w->next);
    w->counted = 0;
}

int watch_walk_go(struct watch_walk *w, const struct watch_walk_plan *plan)
{
    struct walk k = { .w = w, .plan = plan };
    struct diag_query q = { .family = AF_UNSPEC,
                            .protocol = IPPROTO_TCP,
                            .tcp = true,
                            .states = CONNECTED,
                            .local_port = plan->port };
    stoa_time before = watch_cpu_time();
    begin(&k);
    int r = find_own(w, plan->own_pid);
    if (r == 0)
        r = diag_each(w->diag, &q, take_conn, &k);
    if (r < 0)
        return r;
    keep_best(w);
    turn_pages(w);
    w->took = watch_cpu_time() - before;
    w->at = plan->now;
    w->port = plan->port;
    w->due = plan->now + WATCH_PACE * w->took;
    return 0;
}
