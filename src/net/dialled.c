/* net/dialled.c -- see dialled.h; and stoa_close. */
#include "net/dialled.h"
#include "base/check.h"
#include "core/service.h"
#include "net/record.h"

#include <stoa/dial.h>

#include <errno.h>

struct dialled {
    stoa_conn conn; /* first */
    struct task_owned owned;
    void (*watcher)(stoa_conn *c);
    struct addr local, peer;
};

/* The dialled connections of one core, as a port to which nobody comes. */
struct dials {
    struct service service;
    const struct stoa_mem *mem;
    struct port_conns conns;
    struct port port;
};

static struct dialled *dialled_of(const stoa_conn *c)
{
    check(c->dialled);
    return list_owner(c, struct dialled, conn);
}

/* ---- all of a core ---- */

static struct dials *dials_of(struct service *s)
{
    return list_owner(s, struct dials, service);
}

static void drain(struct service *s, struct core *core)
{
    (void)core;
    if (!dials_of(s)->port.ended)
        port_drain(&dials_of(s)->port);
}

static void cut(struct service *s, struct core *core)
{
    (void)core;
    port_cut(&dials_of(s)->port);
}

static void free_dials(struct service *s)
{
    struct dials *d = dials_of(s);
    port_done(&d->port, d->mem);
    mem_free(d->mem, d, sizeof *d);
}

static const struct service_ops dials_ops = { .drain = drain, .cut = cut, .free = free_dials };

static void release(const struct stoa_mem *mem, struct line_place *place)
{
    mem_free(mem, list_owner(place, struct dialled, conn.place), sizeof(struct dialled));
}

static struct dials *dials_new(struct core *core)
{
    struct dials *d = mem_alloc(core->mem, sizeof *d);
    if (!d)
        return NULL;
    *d = (struct dials){ .service = { .ops = &dials_ops },
                         .mem = core->mem,
                         .conns = conn_life,
                         .port = { .ended = true } };
    d->conns.release = release;
    list_init(&d->port.free);
    service_attach(core, &d->service);
    return d;
}

/* The core's, open; made when it is first needed, and again when it had ended already: a handler may
 * dial while the core drains. returns NULL without memory. */
static struct dials *dials_get(struct core *core)
{
    static const struct listener_options options = { .idle = STOA_NEVER };
    struct service *s = service_attached(core, &dials_ops);
    struct dials *d = s ? dials_of(s) : dials_new(core);
    if (!d || !d->port.ended)
        return d;
    struct port_options how = { .serving = &options, .conns = &d->conns, .fd = -1 };
    d->port.how.conns = &d->conns;
    port_done(&d->port, d->mem);
    if (port_open(&d->port, core, &how) < 0) {
        d->port.ended = true;
        return NULL;
    }
    return d;
}

/* What the core does, a port that was opened late does, too. */
static void follow(struct dials *d, struct core *core)
{
    if (core->stopping && !d->port.draining)
        port_drain(&d->port);
    if (core->cut && !d->port.cut)
        port_cut(&d->port);
}

/* ---- one ---- */

static void owner_ended(struct task_owned *o)
{
    stoa_close(&list_owner(o, struct dialled, owned)->conn);
}

static struct dialled *record_new(struct dials *d)
{
    struct list *node = list_pop_front(&d->port.free);
    return node ? list_owner(node, struct dialled, conn.place.node)
                : mem_alloc(d->mem, sizeof(struct dialled));
}

static stoa_conn *begin(struct dials *d, int fd, const struct dialled_ends *ends)
{
    struct dialled *c = record_new(d);
    if (!c)
        return NULL;
    conn_init(&c->conn, &d->port, fd);
    if (ends->socktype == SOCK_DGRAM)
        c->conn.recv.kind = IO_RECV_FROM;
    c->owned.end = owner_ended;
    list_init(&c->owned.node);
    c->local = *ends->local;
    c->peer = *ends->peer;
    conn_begin_dialled(&c->conn);
    return &c->conn;
}

int dialled_new(stoa_task *t, int fd, const struct dialled_ends *ends, stoa_conn **ret)
{
    struct core *core = core_of(t);
    struct dials *d = dials_get(core);
    stoa_conn *c = d ? begin(d, fd, ends) : NULL;
    if (d)
        follow(d, core);
    if (!c) {
        core->sys->close(core->sys, fd);
        return -ENOMEM;
    }
    dialled_give(c, t);
    *ret = c;
    return 0;
}

void dialled_give(stoa_conn *c, stoa_task *t)
{
    struct dialled *d = dialled_of(c);
    list_unlink(&d->owned.node);
    c->task = t;
    c->watched = false;
    sched_unpost(&c->job);
    if (t)
        task_own(t, &d->owned);
}

static void watched(struct job *j)
{
    stoa_conn *c = list_owner(j, stoa_conn, job);
    if (c->watched) {
        c->watched = false;
        dialled_of(c)->watcher(c);
    }
}

int dialled_watch(stoa_conn *c, void (*fn)(stoa_conn *c))
{
    check(!c->task);
    int r = c->end > 0 && !c->head ? conn_arm(c) : 0;
    if (r < 0)
        return r;
    dialled_of(c)->watcher = fn;
    c->watched = true;
    job_init(&c->job, watched);
    if (c->end <= 0 || c->head)
        sched_post(&c->port->core->sched, &c->job);
    return 0;
}

static void let_go(stoa_conn *c)
{
    check(!c->reader && !c->writers);
    dialled_give(c, NULL);
}

void stoa_close(stoa_conn *c)
{
    if (!c)
        return;
    let_go(c);
    if (c->failed_with < 0 || !c->sent)
        conn_end_now(c); /* there is nothing to be delivered */
    else
        conn_end_in_order(c);
}

void dialled_close_now(stoa_conn *c)
{
    let_go(c);
    conn_end_now(c);
}

void dialled_reset(stoa_conn *c)
{
    let_go(c);
    conn_reset(c);
}

const struct addr *dialled_local(const stoa_conn *c)
{
    return &dialled_of(c)->local;
}

const struct addr *dialled_peer(const stoa_conn *c)
{
    return &dialled_of(c)->peer;
}
