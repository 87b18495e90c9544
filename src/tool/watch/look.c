/* tool/watch/look.c -- see look.h: one look after the other, and the picture put together. */
#include "tool/watch/look.h"

#include "tool/watch/counts.h"
#include "tool/watch/empty.h"
#include "tool/watch/match.h"
#include "tool/watch/owner.h"
#include "tool/watch/stoa.h"
#include "tool/watch/verdict.h"
#include "tool/watch/walk.h"

#include <errno.h>

struct watch_look {
    const struct io_sys *sys;
    const struct stoa_mem *mem;
    struct diag diag;
    struct watch_listen listen;
    struct watch_owner owner;
    struct watch_walk walk;
    struct watch_counts counts;
    uint64_t cookies, cookies_before; /* SYN cookies sent by the last walk, and by the one before */
    struct watch_stoa stoa;
    bool drained;         /* at the last walk */
    struct buf is_target; /* bool, of each of listen's listeners */
    struct buf shown;     /* struct watch_listener: the picture's */
    struct watch_picture picture;
};

int watch_look_new(struct watch_look **ret, const struct io_sys *sys, const struct stoa_mem *mem)
{
    struct watch_look *l = mem_zalloc(mem, sizeof *l);
    if (!l)
        return -ENOMEM;
    l->sys = sys;
    l->mem = mem;
    diag_init(&l->diag, sys, mem);
    watch_listen_init(&l->listen, &l->diag, mem);
    watch_owner_init(&l->owner, sys, mem);
    watch_walk_init(&l->walk, sys, &l->diag, mem);
    watch_counts_init(&l->counts);
    watch_stoa_init(&l->stoa, sys, mem);
    buf_init(&l->is_target, mem, NULL, 0);
    buf_init(&l->shown, mem, NULL, 0);
    *ret = l;
    return 0;
}

void watch_look_free(struct watch_look *l)
{
    if (!l)
        return;
    diag_done(&l->diag);
    watch_listen_done(&l->listen);
    watch_owner_done(&l->owner);
    watch_walk_done(&l->walk);
    watch_stoa_done(&l->stoa);
    buf_done(&l->is_target);
    buf_done(&l->shown);
    mem_free(l->mem, l, sizeof *l);
}

void watch_look_aim(struct watch_look *l, const struct watch_target *target)
{
    l->picture.target = *target;
    watch_owner_aim(&l->owner, target->aim == WATCH_PID ? target->pid : 0);
    l->walk.due = 0;
}

void watch_look_prefer(struct watch_look *l, enum watch_sort key)
{
    l->walk.key = key;
}

struct watch_picture *watch_look_picture(struct watch_look *l)
{
    return &l->picture;
}

int watch_look_why_empty(struct watch_look *l, char *buf, size_t n)
{
    const struct watch_picture *p = &l->picture;
    struct watch_empty e = { .target = &p->target, .pid_error = l->owner.pid_error, .sys = l->sys };
    e.list = watch_listen_all(&l->listen, &e.count);
    bool is_empty = p->listeners == 0 && p->target.aim != WATCH_ALL && !watch_drains(p);
    return is_empty ? watch_empty_say(&e, buf, n) : 0;
}

/* ---- what was aimed at ---- */

static bool has_sockets_of(const struct watch_look *l, const struct watch_socket *sockets,
                           int count)
{
    for (int i = 0; i < count; i++)
        if (watch_owner_has(&l->owner, sockets[i].of.inode))
            return true;
    return false;
}

static int choose(struct watch_look *l)
{
    const struct watch_target *t = &l->picture.target;
    int sockets_n, count, at = 0;
    const struct watch_socket *sockets = watch_listen_sockets(&l->listen, &sockets_n);
    const struct watch_listener *list = watch_listen_all(&l->listen, &count);
    buf_clear(&l->is_target);
    for (int i = 0; i < count; i++) {
        bool is = t->aim == WATCH_PID ? has_sockets_of(l, sockets + at, list[i].sockets)
                                      : watch_is_target(t, list, count, i);
        at += list[i].sockets;
        buf_add(&l->is_target, &is, sizeof is);
    }
    return l->is_target.failed ? -ENOMEM : 0;
}

static bool is_chosen(const struct watch_look *l, int i)
{
    return ((const bool *)(const void *)l->is_target.p)[i];
}

/* The first that was chosen; NULL = none was. */
static const struct watch_listener *first_chosen(const struct watch_look *l)
{
    int count;
    const struct watch_listener *list = watch_listen_all(&l->listen, &count);
    for (int i = 0; i < count; i++)
        if (is_chosen(l, i))
            return &list[i];
    return NULL;
}

/* The process whose stages are shown: the one that was aimed at, or the first listener's. */
static int stoa_pid(const struct watch_look *l)
{
    const struct watch_target *t = &l->picture.target;
    const struct watch_listener *first = first_chosen(l);
    if (t->aim == WATCH_PID)
        return t->pid;
    return t->aim != WATCH_ALL && first ? first->holder.pid : 0;
}

/* The one port of all that were chosen; 0 = there are several, or none. */
static uint16_t common_port(const struct watch_look *l)
{
    int count;
    const struct watch_listener *list = watch_listen_all(&l->listen, &count);
    uint16_t port = 0;
    for (int i = 0; i < count; i++) {
        uint16_t one = addr_port(&list[i].addr);
        if (!is_chosen(l, i) || one == port)
            continue;
        if (port)
            return 0;
        port = one;
    }
    return port;
}

/* ---- connections ---- */

static uint64_t cookies_sent(const struct watch_look *l)
{
    return l->picture.counters[WATCH_COOKIES].total;
}

/* The process whose connections are no listener's any more: it drains, or has closed its listeners, and
 * has them still. 0 = nobody. */
static int own_pid(const struct watch_look *l)
{
    const struct watch_target *t = &l->picture.target;
    bool has_own = t->aim == WATCH_PID && (watch_stoa_drains(&l->stoa) || !first_chosen(l));
    return has_own ? t->pid : 0;
}

/* Whether whose connections are to be counted is not what it was at the last walk: the server begins to
 * drain, or has ended. What was counted then is no use any more. */
static bool is_news(const struct watch_look *l, int own_pid)
{
    return own_pid != l->walk.own_pid || watch_stoa_drains(&l->stoa) != l->drained;
}

static int walk(struct watch_look *l)
{
    bool has_target = l->picture.target.aim != WATCH_ALL;
    struct watch_walk_plan plan = { .now = l->picture.at, .own_pid = own_pid(l) };
    if (l->picture.at < l->walk.due && !is_news(l, plan.own_pid))
        return 0;
    plan.list = watch_listen_all(&l->listen, &plan.count);
    if (plan.count == 0 && !plan.own_pid)
        return 0;
    plan.port = has_target && !plan.own_pid ? common_port(l) : 0;
    plan.is_target = has_target ? (const bool *)(const void *)l->is_target.p : NULL;
    l->drained = watch_stoa_drains(&l->stoa);
    l->cookies_before = l->walk.at ? l->cookies : cookies_sent(l);
    l->cookies = cookies_sent(l);
    return watch_walk_go(&l->walk, &plan);
}

/* The listeners' places may have changed since the walk. */
static void show_conns(struct watch_look *l)
{
    struct watch_picture *p = &l->picture;
    p->conn = (void *)l->walk.conns.p;
    p->conns = (int)(l->walk.conns.n / sizeof *p->conn);
    p->conns_more = l->walk.counted - (uint64_t)p->conns;
    for (int i = 0; i < p->conns; i++)
        p->conn[i].listener = watch_listener_of(p->listener, p->listeners, &p->conn[i].local, 0);
    p->walked = l->walk.at;
    p->walk_took = l->walk.took;
    p->walk_due = l->walk.due;
}

/* ---- the picture ---- */

static int show_listeners(struct watch_look *l)
{
    struct watch_picture *p = &l->picture;
    int count;
    const struct watch_listener *list = watch_listen_all(&l->listen, &count);
    int64_t counted[DROPS_COUNTERS];
    watch_counts_growth(&l->counts, counted);
    /* They say something only beside the length of the SYN queue, which a walk tells. */
    counted[DROPS_COOKIES] = (int64_t)(cookies_sent(l) - l->cookies_before);
    buf_clear(&l->shown);
    watch_conns_clear(&p->all);
    for (int i = 0; i < count; i++) {
        struct watch_listener one = list[i];
        if (!is_chosen(l, i))
            continue;
        one.cause = watch_queue_cause(&one, counted);
        watch_conns_add(&p->all, &one.conns);
        buf_add(&l->shown, &one, sizeof one);
    }
    if (own_pid(l))
        watch_conns_add(&p->all, &l->walk.own_conns);
    p->listener = (void *)l->shown.p;
    p->listeners = (int)(l->shown.n / sizeof *p->listener);
    return l->shown.failed ? -ENOMEM : 0;
}

/* The kernel's half of a look. */
static int gather(struct watch_look *l)
{
    struct watch_picture *p = &l->picture;
    int r = watch_listen_take(&l->listen, p->at);
    if (r < 0)
        return r;
    watch_owner_take(&l->owner, &l->listen, p->at);
    watch_counts_take(&l->counts, l->sys, p->at, p->counters);
    r = choose(l);
    if (r < 0)
        return r;
    watch_stoa_aim(&l->stoa, stoa_pid(l), p->at);
    r = walk(l);
    return r == 0 ? show_listeners(l) : r;
}

int watch_look_take(struct watch_look *l)
{
    struct watch_picture *p = &l->picture;
    struct io_clock now = l->sys->clock(l->sys);
    p->span = p->at ? now.mono_ns - p->at : 0;
    p->at = now.mono_ns;
    p->real_ns = now.real_ns;
    p->listeners = p->conns = p->verdicts = 0; /* they lie in memory that is going to move */
    int r = gather(l);
    if (r < 0) {
        p->listeners = 0;
        return r;
    }
    show_conns(l);
    watch_stoa_take(&l->stoa, p);
    watch_judge(p);
    return 0;
}
