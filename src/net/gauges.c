/* net/gauges.c -- see gauges.h. TCP-level facts: probe/queues.h, probe/drops.h, probe/diag.h. */
#include "net/gauges.h"

#include "base/cause.h"
#include "net/listener.h"
#include "probe/counters.h"
#include "probe/diag.h"
#include "probe/drops.h"
#include "stage/word.h"

#include <errno.h>
#include <stdio.h>
#include <stoa/stage.h>

static const stoa_time EVERY = 100 * STOA_MS;
enum { LONG_EVERY = 10 }; /* looks: the long one, once a second */

/* The SYN queue is counted in a walk through all sockets of the machine, those in TIME_WAIT, too. So
 * that it takes little of a CPU however many there are, the next one waits for so many times what the
 * last one took: while nothing is dropped and no cookie sent, while that goes on, and when it begins. */
enum { SYN_PACE = 500, SYN_PACE_NEWS = 100, SYN_PACE_BEGINS = 20 };
static const stoa_time SYN_EVERY = 300 * STOA_MS; /* nor oftener than this; but when drops begin */

/* One listener. */
struct gauge {
    const struct listener *listener;
    struct stoa_stage_listener *seen; /* in the stage table; NULL = there is none */
    char name[sizeof((struct stoa_stage_listener *)0)->name];
    struct listener_look now;
    bool is_known;  /* something has answered */
    uint32_t inode; /* of a Unix socket */
    uint32_t peak;
    uint64_t syn_queue;
    uint64_t judged, told; /* its drops at the last verdict, and at the last warning of such */
    uint64_t laid[DROPS_VERDICTS];  /* its drops by verdict */
    stoa_time next[DROPS_VERDICTS]; /* see core_may_say */
};

struct gauges {
    struct service service;
    struct stoa_rt *on, *of;
    struct core *core; /* the first of `on`, once it runs */
    struct job job;
    stoa_task *task; /* NULL: not begun, or ended */
    bool ended;
    unsigned looks;
    stoa_time syn_at;   /* the SYN queue was looked at then; 0 = never */
    stoa_time syn_took; /* of CPU time */
    stoa_time at;       /* of the long look, */
    bool dropping;      /* which is made since something was dropped; */
    bool news;          /* it, or the counters, told of something */

    struct counter counters[DROPS_COUNTERS];
    int64_t start[DROPS_COUNTERS];  /* their values */
    int64_t grown[DROPS_COUNTERS];  /* by the last long look, */
    int64_t before[DROPS_COUNTERS]; /* and by the one before */
    struct diag diag;
    int count;
    struct gauge *each; /* from the start on */
};

/* ---- the short look ---- */

/* returns whether something was dropped. */
static bool look(struct gauge *g)
{
    int r = listener_look(g->listener, &g->now);
    if (r == -ENOENT)
        g->now.queue = g->now.fullest = 0;
    if (r < 0)
        return false;
    g->is_known = true;
    if (g->now.queue > g->peak)
        g->peak = g->now.queue;
    return g->now.drops > g->judged;
}

static bool look_at_all(struct gauges *g)
{
    bool dropped = false;
    for (int i = 0; i < g->count; i++)
        dropped |= look(&g->each[i]);
    return dropped;
}

/* ---- the long look, on a helper thread ---- */

/* How well the listener's address fits a handshake's own: 0 = not at all. */
static int fit(const struct addr *listener, const struct addr *local)
{
    if (listener->family == AF_UNIX || addr_port(local) != addr_port(listener))
        return 0;
    if (addr_is_same_host(local, listener))
        return 3;
    if (!addr_is_wildcard(listener))
        return 0;
    return local->family == listener->family ? 2 : listener->family == AF_INET6;
}

/* A handshake under way: whose is it? */
static int count_syn(void *ctx, const struct diag_socket *s)
{
    struct gauges *g = ctx;
    struct gauge *best = NULL;
    struct addr local;
    int best_fit = 0;
    addr_set(&local, &s->local.any, s->local_len);
    for (int i = 0; i < g->count; i++) {
        int f = fit(listener_addr(g->each[i].listener), &local);
        if (f > best_fit) {
            best = &g->each[i];
            best_fit = f;
        }
    }
    if (best)
        best->syn_queue++;
    return 0;
}

/* Whether handshakes of that family come to one of the listeners. */
static bool has_family(const struct gauges *g, sa_family_t family)
{
    for (int i = 0; i < g->count; i++) {
        const struct addr *a = listener_addr(g->each[i].listener);
        if (a->family == family || (a->family == AF_INET6 && addr_is_wildcard(a)))
            return true;
    }
    return false;
}

/* Whether the kernel counted a drop or a cookie, of whomever, between the last two readings. */
static bool has_counted(const struct gauges *g)
{
    for (int i = 0; i < DROPS_COUNTERS; i++)
        if (counter_growth(&g->counters[i]) > 0)
            return true;
    return false;
}

/* Whether it is time to walk through all sockets; notes whether there was news. */
static bool is_syn_due(struct gauges *g, bool counted)
{
    bool had_news = g->news;
    g->news = g->dropping || counted;
    bool begins = g->news && !had_news;
    stoa_time since = g->at - g->syn_at;
    int pace = begins ? SYN_PACE_BEGINS : g->news ? SYN_PACE_NEWS : SYN_PACE;
    return !g->syn_at || (since >= pace * g->syn_took && (begins || since >= SYN_EVERY));
}

static void ask_syn_queues(struct gauges *g)
{
    static const sa_family_t families[] = { AF_INET, AF_INET6 };
    struct diag_query q = { .protocol = IPPROTO_TCP, .states = 1 << DIAG_SYN_RECV };
    for (int i = 0; i < g->count; i++)
        g->each[i].syn_queue = 0;
    if (g->count == 1)
        q.local_port = addr_port(listener_addr(g->each[0].listener));
    for (int f = 0; f < 2; f++) {
        q.family = families[f];
        if (has_family(g, q.family))
            diag_each(&g->diag, &q, count_syn, g); /* where it cannot tell, none is seen */
    }
}

/* The queue of a Unix socket, which does not tell of itself. */
static int note_unix(void *ctx, const struct diag_socket *s)
{
    struct gauges *g = ctx;
    for (int i = 0; i < g->count; i++) {
        struct gauge *one = &g->each[i];
        if (listener_addr(one->listener)->family != AF_UNIX || one->inode != s->inode)
            continue;
        one->now = (struct listener_look){ .sockets = 1,
                                           .queue = s->rqueue,
                                           .queue_max = s->wqueue,
                                           .fullest = s->rqueue,
                                           .fullest_max = s->wqueue,
                                           .backlog_asked = s->wqueue };
        one->is_known = true;
        if (s->rqueue > one->peak)
            one->peak = s->rqueue;
    }
    return 0;
}

static void ask_unix_queues(struct gauges *g)
{
    bool any = false;
    for (int i = 0; i < g->count; i++) {
        struct gauge *one = &g->each[i];
        if (listener_addr(one->listener)->family != AF_UNIX)
            continue;
        any = true;
        if (listener_inode(one->listener, &one->inode) < 0) {
            one->inode = 0;
            one->now.queue = one->now.fullest = 0;
        }
    }
    struct diag_query q = { .family = AF_UNIX, .states = 1 << DIAG_LISTEN };
    if (any)
        diag_each(&g->diag, &q, note_unix, g);
}

static int ask(const struct io_sys *sys, void *arg)
{
    struct gauges *g = arg;
    ask_unix_queues(g);
    int r = counters_read(sys, g->counters, DROPS_COUNTERS);
    if (is_syn_due(g, r == 0 && has_counted(g))) {
        stoa_time before = sys->cpu_time(sys);
        ask_syn_queues(g);
        g->syn_took = sys->cpu_time(sys) - before;
        g->syn_at = g->at;
    }
    return r;
}

static void look_long(struct gauges *g, bool dropped)
{
    g->at = core_now(g->core);
    g->dropping = dropped;
    int r = core_offload(g->core, ask, g);
    if (r < 0)
        return; /* what was counted before stays */
    for (int i = 0; i < DROPS_COUNTERS; i++) {
        g->before[i] = g->grown[i];
        g->grown[i] = counter_growth(&g->counters[i]);
    }
}

/* ---- what is made of it ---- */

static void write_down(const struct gauges *g, const struct gauge *one)
{
    struct stoa_stage_listener *to = one->seen;
    uint64_t counted[DROPS_COUNTERS];
    if (!to)
        return;
    for (int i = 0; i < DROPS_COUNTERS; i++)
        counted[i] = (uint64_t)(g->counters[i].value - g->start[i]);
    uint32_t limit = one->now.fullest_max ? one->now.fullest_max : 1;
    stage_begin(&to->seq);
    stage_put(&to->queue, one->now.queue);
    stage_put(&to->queue_max, one->now.queue_max);
    stage_put(&to->queue_peak, one->peak);
    stage_put(&to->backlog_asked, one->now.backlog_asked);
    stage_put(&to->fullest, (uint32_t)((uint64_t)one->now.fullest * 1000 / limit));
    stage_put(&to->syn_queue, one->syn_queue);
    stage_put(&to->drops, one->now.drops);
    stage_put(&to->overflows, counted[DROPS_OVERFLOWS]);
    stage_put(&to->syn_drops, counted[DROPS_SYN_FULL]);
    stage_put(&to->syn_cookies, counted[DROPS_COOKIES]);
    stage_put(&to->listen_drops, counted[DROPS_LISTEN_ALL]);
    stage_put(&to->by_queue, one->laid[DROPS_BY_QUEUE]);
    stage_put(&to->by_syn_queue, one->laid[DROPS_BY_SYN_QUEUE]);
    stage_put(&to->by_none, one->laid[DROPS_OF_SYNS]);
    stage_end(&to->seq);
}

static void warn(const struct gauges *g, struct gauge *one, enum drops_verdict v)
{
    const struct stoa_cause *c = stoa_cause_find(drops_cause(v));
    const struct listener_look *now = &one->now;
    char dropped[100] = "";
    if (!core_may_say(g->core, &one->next[v]))
        return;
    for (int milder = 0; milder < (int)v && milder < DROPS_OF_SYNS; milder++)
        one->next[milder] = one->next[v]; /* that a queue fills is nothing new then */
    uint64_t news = now->drops - one->told;
    if (v >= DROPS_OF_SYNS)
        snprintf(dropped, sizeof dropped, "; %llu %s dropped, %llu since the start",
                 (unsigned long long)news, str_counted(news, "SYN or ACK", "SYNs or ACKs"),
                 (unsigned long long)now->drops);
    if (v >= DROPS_OF_SYNS)
        one->told = now->drops;
    core_say(g->core, STOA_WARNING, "%s: %s: %s (accept queue %u of %u%s, SYN queue %llu%s). %s",
             c->id, one->name, c->what, now->fullest, now->fullest_max,
             now->sockets > 1 ? " at its fullest socket" : "", (unsigned long long)one->syn_queue,
             dropped, c->hint);
}

/* The growth of the counters reaches back over two long looks, so that it holds all that a short look
 * before the last one found. */
static void judge(const struct gauges *g, struct gauge *one)
{
    struct drops_look l = {
        .queue = one->now.fullest,
        .queue_max = one->now.fullest_max,
        .syn_queue = one->syn_queue,
        .dropped = one->now.drops - one->judged,
    };
    for (int i = 0; i < DROPS_COUNTERS; i++)
        l.counted[i] = g->grown[i] + g->before[i];
    one->judged = one->now.drops;
    enum drops_verdict v = one->is_known ? drops_judge(&l) : DROPS_FINE;
    one->laid[v] += l.dropped;
    if (v != DROPS_FINE)
        warn(g, one, v);
}

static void turn(struct gauges *g)
{
    bool dropped = look_at_all(g);
    if (dropped || g->looks % LONG_EVERY == 0)
        look_long(g, dropped);
    g->looks++;
    for (int i = 0; i < g->count; i++) {
        judge(g, &g->each[i]);
        write_down(g, &g->each[i]);
    }
}

static int run(stoa_task *t, void *arg)
{
    struct gauges *g = arg;
    int r = 0;
    g->task = t;
    while (r == 0) {
        turn(g);
        r = stoa_sleep(t, EVERY);
    }
    return 0;
}

/* ---- as a service ---- */

static struct gauges *gauges_of(struct service *s)
{
    return list_owner(s, struct gauges, service);
}

static void ended(void *arg, int result)
{
    struct gauges *g = arg;
    (void)result;
    g->task = NULL;
    g->ended = true;
    core_live_drop(g->core);
}

static void begin(struct job *j)
{
    struct gauges *g = list_owner(j, struct gauges, job);
    int r = task_start(&g->core->sched, run, g, ended);
    if (r < 0)
        ended(g, r); /* the server goes on without */
}

static void stop(struct service *s, struct core *core)
{
    struct gauges *g = gauges_of(s);
    if (core->index != 0 || g->ended) /* see start; g is the first core's alone */
        return;
    if (g->task) {
        task_cancel(g->task);
        return;
    }
    sched_unpost(&g->job);
    ended(g, 0);
}

static void begin_gauge(struct gauge *one, const struct listener *l)
{
    one->listener = l;
    addr_format(listener_addr(l), one->name, sizeof one->name);
    one->seen = listener_seen(l);
    if (one->seen)
        memcpy(one->name, one->seen->name, sizeof one->name);
}

static int begin_gauges(struct gauges *g)
{
    struct listener *l = NULL;
    int count = 0;
    while ((l = listener_next(g->of, l)))
        count++;
    g->each = mem_zalloc(rt_mem(g->on), (size_t)count * sizeof *g->each);
    if (!g->each && count)
        return -ENOMEM;
    g->count = count;
    for (int i = 0; i < count; i++)
        begin_gauge(&g->each[i], l = listener_next(g->of, l));
    return 0;
}

static void begin_counters(struct gauges *g)
{
    for (int i = 0; i < DROPS_COUNTERS; i++)
        g->counters[i].name = drops_counter_names[i];
    counters_read(rt_sys(g->on), g->counters, DROPS_COUNTERS); /* what cannot be read stays 0 */
    for (int i = 0; i < DROPS_COUNTERS; i++)
        g->start[i] = g->counters[i].value;
}

static int start(struct service *s, struct core *core)
{
    struct gauges *g = gauges_of(s);
    if (core->index != 0)
        return 0;
    int r = begin_gauges(g);
    if (r < 0)
        return r;
    g->core = core;
    core_live_add(core);
    sched_post(&core->sched, &g->job);
    return 0;
}

static void release(struct service *s)
{
    struct gauges *g = gauges_of(s);
    diag_done(&g->diag);
    mem_free(rt_mem(g->on), g->each, (size_t)g->count * sizeof *g->each);
    mem_free(rt_mem(g->on), g, sizeof *g);
}

static const struct service_ops gauges_ops = { start, stop, stop, release };

static bool has_gauges(struct stoa_rt *on)
{
    list_each (node, rt_services(on))
        if (list_owner(node, struct service, node)->ops == &gauges_ops)
            return true;
    return false;
}

int gauges_add(struct stoa_rt *on, struct stoa_rt *of)
{
    if (has_gauges(on))
        return 0;
    struct gauges *g = mem_zalloc(rt_mem(on), sizeof *g);
    if (!g)
        return -ENOMEM;
    g->service.ops = &gauges_ops;
    g->on = on;
    g->of = of;
    job_init(&g->job, begin);
    diag_init(&g->diag, rt_sys(on), rt_mem(on));
    begin_counters(g);
    rt_add(on, &g->service);
    return 0;
}

int gauges_add_or_close(struct stoa_rt *rt, struct listener **opened, int count)
{
    int r = gauges_add(rt, rt);
    while (r < 0 && count > 0)
        listener_close(opened[--count]);
    return r;
}
