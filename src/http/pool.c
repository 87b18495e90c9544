/* http/pool.c -- see pool.h. */
#include "http/pool.h"
#include "base/check.h"
#include "base/str.h"
#include "core/service.h"
#include "net/conn.h"
#include "net/dialled.h"

enum { IDLE_MAX = 64 }; /* connections; the one used longest ago makes room */

/* Common servers close after 5 s to 75 s; what they close is noticed, so this is for those that
 * never do. */
static const stoa_time IDLE_SPAN = 30 * STOA_SEC;

struct idle {
    struct list node;
    stoa_conn *c;
    stoa_time until;
    size_t n;
    char address[];
};

struct pool {
    struct service service;
    struct core *core;
    struct list idles; /* used last first */
    size_t count;
    struct timer timer; /* the oldest one's end */
};

static struct pool *pool_of(struct service *s)
{
    return list_owner(s, struct pool, service);
}

/* ---- one ---- */

/* Takes it out of the pool. returns its connection, nobody's. */
static stoa_conn *take_out(struct pool *p, struct idle *i)
{
    stoa_conn *c = i->c;
    list_unlink(&i->node);
    p->count--;
    mem_free(p->core->mem, i, sizeof *i + i->n);
    dialled_give(c, NULL);
    return c;
}

static void drop(struct pool *p, struct idle *i)
{
    dialled_close_now(take_out(p, i));
}

static struct idle *oldest(const struct pool *p)
{
    return list_is_empty(&p->idles) ? NULL : list_owner(p->idles.prev, struct idle, node);
}

/* The timer stands at the oldest one's end; where there is no memory for that, none is kept. */
static void set_timer(struct pool *p)
{
    struct idle *i;
    while ((i = oldest(p)) && timer_set(&p->core->sched, &p->timer, i->until) < 0)
        drop(p, i);
    if (!i)
        timer_clear(&p->core->sched, &p->timer);
}

static void drop_all(struct pool *p)
{
    struct idle *i;
    while ((i = oldest(p)))
        drop(p, i);
    set_timer(p);
}

/* ---- the core's ---- */

static void drain(struct service *s, struct core *core)
{
    (void)core;
    drop_all(pool_of(s));
}

static void free_pool(struct service *s)
{
    struct pool *p = pool_of(s);
    check(p->count == 0);
    mem_free(p->core->mem, p, sizeof *p);
}

static const struct service_ops pool_ops = { .drain = drain, .cut = drain, .free = free_pool };

static struct pool *pool_find(const struct core *core)
{
    struct service *s = service_attached(core, &pool_ops);
    return s ? pool_of(s) : NULL;
}

static void time_is_over(struct timer *t)
{
    struct pool *p = list_owner(t, struct pool, timer);
    struct idle *i;
    while ((i = oldest(p)) && i->until <= core_now(p->core))
        drop(p, i);
    set_timer(p);
}

/* Its peer has closed it, or sends what nobody asked for. */
static void stirred(stoa_conn *c)
{
    struct pool *p = pool_find(conn_core(c));
    list_each (node, &p->idles) {
        struct idle *i = list_owner(node, struct idle, node);
        if (i->c == c)
            drop(p, i);
    }
    set_timer(p);
}

static struct pool *pool_make(struct core *core)
{
    struct pool *p = pool_find(core);
    if (p)
        return p;
    p = mem_zalloc(core->mem, sizeof *p);
    if (!p)
        return NULL;
    p->service.ops = &pool_ops;
    p->core = core;
    list_init(&p->service.node);
    list_init(&p->idles);
    timer_init(&p->timer, time_is_over);
    service_attach(core, &p->service);
    return p;
}

/* ---- taking and giving ---- */

stoa_conn *pool_take(struct core *core, struct stoa_str address)
{
    struct pool *p = pool_find(core);
    if (!p)
        return NULL;
    list_each (node, &p->idles) {
        struct idle *i = list_owner(node, struct idle, node);
        if (!str_eq((struct stoa_str){ i->address, i->n }, address))
            continue;
        stoa_conn *c = take_out(p, i);
        set_timer(p);
        return c;
    }
    return NULL;
}

static bool keep(struct core *core, struct stoa_str address, stoa_conn *c)
{
    struct pool *p = core->stopping ? NULL : pool_make(core);
    struct idle *i = p ? mem_alloc(core->mem, sizeof *i + address.n) : NULL;
    if (!i)
        return false;
    *i = (struct idle){ .c = c, .until = core_in(core, IDLE_SPAN), .n = address.n };
    memcpy(i->address, address.p, address.n);
    if (dialled_watch(c, stirred) < 0) {
        mem_free(core->mem, i, sizeof *i + address.n);
        return false;
    }
    list_push_front(&p->idles, &i->node);
    if (++p->count > IDLE_MAX)
        drop(p, oldest(p));
    set_timer(p);
    return true;
}

void pool_give(struct core *core, struct stoa_str address, stoa_conn *c)
{
    if (!keep(core, address, c))
        dialled_close_now(c);
}
