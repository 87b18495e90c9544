/* net/datagram.c -- see datagram.h. UDP promises nothing: what cannot be handled now is dropped. */
#include "net/datagram.h"
#include "base/error.h"
#include "base/sys.h"
#include "net/bind.h"
#include "net/kept.h"

#include <string.h>

/* Datagrams in hand at once, per core; each may hold a stack of 64 KiB and a buffer. */
enum { DATAGRAMS_MAX = 1024 };

/* After an error that ended receiving (lack of memory): when to try again. */
static const stoa_time RETRY = 100 * STOA_MS;

/* A core's part. */
struct part {
    struct socket_of_all *all;
    struct core *core;
    int fd; /* -1: not held */
    struct io_op recv;
    struct job job;                 /* starts a task for each chunk in the queue */
    struct io_chunk *first, **last; /* the queue */
    size_t in_hand;                 /* in the queue, or in a task */
    struct list running;            /* struct stoa_datagram */
    struct timer retry;             /* always set, maybe for STOA_NEVER */
    uint64_t dropped;
    stoa_time say_dropped, say_failed; /* see core_may_say */
    bool draining;
};

struct socket_of_all {
    struct service service;
    const struct io_sys *sys;
    const struct stoa_mem *mem;
    struct addr addr;
    stoa_datagram_handler *handler;
    void *arg;
    int cores;
    struct part *parts[]; /* of the cores; made before the start */
};

/* One that is being handled; its task's, and there until the last of its children has ended. */
struct stoa_datagram {
    struct part *part;
    struct io_chunk *chunk;
    stoa_task *task;
    struct list node;
};

static size_t all_bytes(int cores)
{
    return sizeof(struct socket_of_all) + (size_t)cores * sizeof(struct part *);
}

/* ---- handling ---- */

static struct io_chunk *pop(struct part *p)
{
    struct io_chunk *chunk = p->first;
    p->first = chunk->next;
    if (!p->first)
        p->last = &p->first;
    return chunk;
}

/* One that is not kept has been dropped. */
static void count_dropped(struct part *p)
{
    char text[ADDR_TEXT_BYTES];
    p->dropped++;
    if (!core_may_say(p->core, &p->say_dropped))
        return;
    core_say(p->core, STOA_WARNING, "%llu %s to %s dropped so far, %zu being handled",
             (unsigned long long)p->dropped, str_counted(p->dropped, "datagram", "datagrams"),
             addr_format(&p->all->addr, text, sizeof text), p->in_hand);
}

static void maybe_end(struct part *p)
{
    if (!p->draining || p->fd < 0 || p->in_hand > 0 || io_is_under_way(&p->recv))
        return;
    p->all->sys->close(p->all->sys, p->fd);
    p->fd = -1;
    timer_clear(&p->core->sched, &p->retry);
    core_live_drop(p->core);
}

static void let_go(void *arg)
{
    struct stoa_datagram *d = arg;
    list_unlink(&d->node);
    kept_free(d->part->core, d->chunk);
}

static int serve(stoa_task *t, void *arg)
{
    struct part *p = arg;
    struct io_chunk *chunk = pop(p);
    struct stoa_datagram *d = stoa_alloc(t, sizeof *d);
    if (!d) {
        kept_free(p->core, chunk);
        return -ENOMEM;
    }
    *d = (struct stoa_datagram){ .part = p, .chunk = chunk, .task = t };
    list_push_back(&p->running, &d->node);
    int r = stoa_defer(t, let_go, d);
    return r < 0 ? r : p->all->handler(d, p->all->arg);
}

static void served(void *arg, int result)
{
    struct part *p = arg;
    char text[ADDR_TEXT_BYTES];
    p->in_hand--;
    if (result < 0 && result != -ECANCELED && core_may_say(p->core, &p->say_failed))
        core_say(p->core, STOA_WARNING, "datagram to %s: the handler failed: %s (%s)",
                 addr_format(&p->all->addr, text, sizeof text), stoa_strerror(result),
                 error_name(result));
    maybe_end(p);
}

static void start_tasks(struct job *j)
{
    struct part *p = list_owner(j, struct part, job);
    while (p->first) {
        if (task_start(&p->core->sched, serve, p, served) == 0)
            continue;
        kept_free(p->core, pop(p));
        p->in_hand--;
        count_dropped(p);
    }
    maybe_end(p);
}

/* ---- receiving ---- */

static void aim_retry(struct part *p, stoa_time when)
{
    /* Cannot fail: it is always set. */
    (void)timer_set(&p->core->sched, &p->retry, when);
}

static void retry(struct timer *t)
{
    struct part *p = list_owner(t, struct part, retry);
    aim_retry(p, STOA_NEVER);
    if (io_submit(p->core->io, &p->recv) < 0)
        aim_retry(p, core_in(p->core, RETRY));
}

static void received(struct io_op *op, int res, struct io_chunk *chunk)
{
    struct part *p = list_owner(op, struct part, recv);
    if (chunk && p->in_hand >= DATAGRAMS_MAX) {
        io_chunk_free(p->core->io, chunk);
        count_dropped(p);
    } else if (chunk) {
        chunk = kept_add(p->core, chunk);
        chunk->next = NULL;
        *p->last = chunk;
        p->last = &chunk->next;
        p->in_hand++;
        sched_post(&p->core->sched, &p->job);
    } else if (res < 0 && !p->draining) {
        aim_retry(p, core_in(p->core, RETRY));
    }
    maybe_end(p);
}

/* ---- answering ---- */

stoa_task *stoa_datagram_task(stoa_datagram *d)
{
    return d->task;
}

struct stoa_str stoa_datagram_bytes(const stoa_datagram *d)
{
    return (struct stoa_str){ d->chunk->bytes, d->chunk->len };
}

/* Room for the one control message of a reply. */
union reply_control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static void put_control(struct msghdr *m, union reply_control *control, int level, int type,
                        const void *info, size_t n)
{
    m->msg_control = control;
    m->msg_controllen = CMSG_SPACE(n);
    memset(control, 0, sizeof *control);
    control->align.cmsg_level = level;
    control->align.cmsg_type = type;
    control->align.cmsg_len = CMSG_LEN(n);
    memcpy(CMSG_DATA(&control->align), info, n);
}

/* The address that the datagram came to, as the one to send from. */
static void set_source(struct msghdr *m, union reply_control *control, const struct cmsghdr *c)
{
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo got, put = { 0 };
        memcpy(&got, CMSG_DATA(c), sizeof got);
        put.ipi_spec_dst = got.ipi_spec_dst; /* of ours, even when it was a broadcast */
        put_control(m, control, IPPROTO_IP, IP_PKTINFO, &put, sizeof put);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
        struct in6_pktinfo info;
        memcpy(&info, CMSG_DATA(c), sizeof info);
        if (IN6_IS_ADDR_MULTICAST(&info.ipi6_addr))
            return;
        if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
            info.ipi6_ifindex = 0; /* routing decides */
        put_control(m, control, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
}

int stoa_datagram_reply(stoa_datagram *d, const void *buf, size_t len)
{
    const struct io_sys *sys = d->part->all->sys;
    struct iovec v = { (void *)buf, len };
    struct msghdr got = { .msg_control = (void *)d->chunk->control,
                          .msg_controllen = d->chunk->control_len };
    struct msghdr m = { .msg_name = (void *)d->chunk->from,
                        .msg_namelen = d->chunk->from_len,
                        .msg_iov = &v,
                        .msg_iovlen = 1 };
    union reply_control control;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&got); c; c = CMSG_NXTHDR(&got, c))
        set_source(&m, &control, c);
    ssize_t n = sys->send(sys, d->part->fd, &m, 0);
    return n < 0 ? (int)n : 0;
}

/* ---- as a service ---- */

static struct part *part_of(struct service *s, const struct core *core)
{
    return list_owner(s, struct socket_of_all, service)->parts[core->index];
}

static int start(struct service *s, struct core *core)
{
    struct part *p = part_of(s, core);
    p->core = core;
    timer_init(&p->retry, retry);
    int r = timer_set(&core->sched, &p->retry, STOA_NEVER);
    if (r == 0)
        r = io_submit(core->io, &p->recv);
    if (r < 0)
        timer_clear(&core->sched, &p->retry);
    else
        core_live_add(core);
    return r;
}

static void drain(struct service *s, struct core *core)
{
    struct part *p = part_of(s, core);
    p->draining = true;
    aim_retry(p, STOA_NEVER);
    if (io_is_under_way(&p->recv))
        io_cancel(core->io, &p->recv);
    maybe_end(p);
}

static void cut(struct service *s, struct core *core)
{
    list_each (node, &part_of(s, core)->running)
        task_cancel(list_owner(node, stoa_datagram, node)->task);
}

static void free_all(struct service *s)
{
    struct socket_of_all *all = list_owner(s, struct socket_of_all, service);
    for (int i = 0; i < all->cores; i++) {
        struct part *p = all->parts[i];
        if (p && p->fd >= 0)
            all->sys->close(all->sys, p->fd);
        mem_free(all->mem, p, sizeof *p);
    }
    mem_free(all->mem, all, all_bytes(all->cores));
}

static const struct service_ops datagram_ops = { start, drain, cut, free_all };

/* ---- opening ---- */

/* returns NULL when there is no memory. */
static struct socket_of_all *new_all(struct stoa_rt *rt)
{
    struct socket_of_all *all = mem_zalloc(rt_mem(rt), all_bytes(rt_cores(rt)));
    if (!all)
        return NULL;
    list_init(&all->service.node);
    all->service.ops = &datagram_ops;
    all->sys = rt_sys(rt);
    all->mem = rt_mem(rt);
    all->cores = rt_cores(rt);
    for (int i = 0; i < all->cores; i++) {
        struct part *p = all->parts[i] = mem_zalloc(all->mem, sizeof *p);
        if (!p) {
            free_all(&all->service);
            return NULL;
        }
        p->all = all;
        p->fd = -1;
        p->last = &p->first;
        list_init(&p->running);
        job_init(&p->job, start_tasks);
    }
    return all;
}

static int bind_parts(struct socket_of_all *all, struct net_failure *failure)
{
    size_t bytes = (size_t)all->cores * sizeof(int);
    int *fds = mem_alloc(all->mem, bytes);
    if (!fds)
        return net_failed(failure, STOA_STAGE_SOCKET, -ENOMEM, &all->addr, NULL);
    int r = bind_inet(all->sys, &all->addr, &(struct bind_options){ .type = SOCK_DGRAM }, fds,
                      all->cores, failure);
    for (int i = 0; r == 0 && i < all->cores; i++) {
        struct part *p = all->parts[i];
        p->fd = fds[i];
        p->recv = (struct io_op){ .done = received, .fd = p->fd, .kind = IO_RECV_FROM };
    }
    mem_free(all->mem, fds, bytes);
    return r;
}

int datagram_open(struct stoa_rt *rt, struct addr *a, stoa_datagram_handler *handler, void *arg,
                  struct net_failure *failure)
{
    struct socket_of_all *all = new_all(rt);
    if (!all)
        return net_failed(failure, STOA_STAGE_SOCKET, -ENOMEM, a, NULL);
    all->addr = *a;
    all->handler = handler;
    all->arg = arg;
    int r = bind_parts(all, failure);
    if (r < 0) {
        free_all(&all->service);
        return r;
    }
    rt_add(rt, &all->service);
    *a = all->addr;
    return 0;
}
