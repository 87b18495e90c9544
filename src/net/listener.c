/* net/listener.c -- see listener.h: how a listener is opened, handed to the cores as a service, and
 * freed. What happens on a core is in port.c. */
#include "net/listener.h"
#include "base/error.h"
#include "base/sys.h"
#include "net/bind.h"
#include "net/record.h"
#include "probe/queues.h"
#include "stage/table.h"

#include <stdio.h>
#include <string.h>

/* A core's part. The socket is its own, or the one of all. */
struct part {
    atomic_int fd; /* -1: not held. Other threads look at the socket (listener_look) */
    struct port *port;
};

struct listener {
    struct service service;
    struct stage_table *stages; /* NULL = it is not seen there */
    const struct io_sys *sys;
    const struct stoa_mem *mem;
    struct listener_options opt;
    struct addr addr;
    uint32_t seen_index;   /* in the stage clock's file */
    bool is_shared;        /* all parts have the same socket */
    bool has_file;         /* a Unix socket that we have bound */
    struct bind_file file; /* to be removed at the end */
    uint32_t inode;        /* of a Unix socket, learned while it cannot be closed; 0 = unknown */
    uint32_t drops_before; /* of an adopted socket, before it was ours */
    atomic_bool unlinked;
    atomic_int users; /* parts that hold the shared socket */
    int cores;
    struct part parts[];
};

static size_t listener_bytes(int cores)
{
    return sizeof(struct listener) + (size_t)cores * sizeof(struct part);
}

/* ---- as a service ---- */

static struct listener *listener_of(struct service *s)
{
    return list_owner(s, struct listener, service);
}

/* That core needs its socket no more. */
static void release(void *ctx, int core)
{
    struct listener *l = ctx;
    int fd = atomic_exchange(&l->parts[core].fd, -1); /* before it is closed: see look_at */
    if (fd < 0)
        return;
    if (!l->is_shared || atomic_fetch_sub(&l->users, 1) == 1)
        l->sys->close(l->sys, fd);
}

static int start(struct service *s, struct core *core)
{
    struct listener *l = listener_of(s);
    struct part *part = &l->parts[core->index];
    struct port *port = mem_alloc(core->mem, sizeof *port);
    if (!port)
        return -ENOMEM;
    struct port_options how = { .serving = &l->opt,
                                .addr = &l->addr,
                                .conns = &conn_life,
                                .fd = atomic_load(&part->fd),
                                .close = release,
                                .ctx = l };
    if (l->stages) {
        how.seen = stage_table_listener(l->stages, l->seen_index);
        how.seen_index = l->seen_index;
    }
    int r = port_open(port, core, &how);
    if (r < 0) {
        mem_free(core->mem, port, sizeof *port);
        return r;
    }
    part->port = port;
    return 0;
}

static void remove_file(struct listener *l)
{
    if (l->has_file && !atomic_exchange(&l->unlinked, true))
        bind_unlink(l->sys, &l->addr, &l->file);
}

static void drain(struct service *s, struct core *core)
{
    struct listener *l = listener_of(s);
    remove_file(l); /* first, so that nobody comes any more whom nobody would serve */
    port_drain(l->parts[core->index].port);
}

static void cut(struct service *s, struct core *core)
{
    port_cut(listener_of(s)->parts[core->index].port);
}

static void free_listener(struct service *s)
{
    struct listener *l = listener_of(s);
    remove_file(l);
    for (int i = 0; i < l->cores; i++) {
        release(l, i);
        if (l->parts[i].port)
            port_done(l->parts[i].port, l->mem);
        mem_free(l->mem, l->parts[i].port, sizeof(struct port));
    }
    mem_free(l->mem, l, listener_bytes(l->cores));
}

static const struct service_ops listener_ops = { start, drain, cut, free_listener };

/* ---- opening ---- */

/* Without a file serving goes on all the same. */
static struct stage_table *stages_of(struct stoa_rt *rt)
{
    int r = rt_stages_open(rt);
    const struct stoa_log *log = rt_log(rt);
    char text[200];
    snprintf(text, sizeof text, "the stage clock is off: its file cannot be made: %s (%s)",
             stoa_strerror(r), error_name(r));
    if (r < 0 && log)
        log->say(log->ctx, STOA_WARNING, text);
    return rt_stages(rt);
}

static struct listener *listener_new(struct stoa_rt *rt, const struct listener_options *opt)
{
    struct listener *l = mem_zalloc(rt_mem(rt), listener_bytes(rt_cores(rt)));
    if (!l)
        return NULL;
    l->service.ops = &listener_ops;
    l->sys = rt_sys(rt);
    l->mem = rt_mem(rt);
    l->opt = *opt;
    l->cores = rt_cores(rt);
    l->stages = opt->unseen ? NULL : stages_of(rt);
    if (l->stages && opt->stamps)
        rt_keep_stamps(rt);
    for (int i = 0; i < l->cores; i++)
        atomic_init(&l->parts[i].fd, -1);
    return l;
}

/* Its entry in the stage clock's file, now that the address is known. */
static void be_seen(struct listener *l)
{
    char text[ADDR_TEXT_BYTES], name[ADDR_TEXT_BYTES + 16];
    const char *scheme = l->addr.family == AF_UNIX ? "" : l->opt.scheme ? l->opt.scheme : "tcp://";
    bool is_http = strcmp(scheme, "http://") == 0;
    if (!l->stages)
        return;
    snprintf(name, sizeof name, "%s%s%s", scheme, addr_format(&l->addr, text, sizeof text),
             is_http ? "/" : "");
    l->seen_index = stage_table_add_listener(l->stages, name);
}

/* fd is for all cores, since it cannot be bound several times. */
static void share(struct listener *l, int fd)
{
    l->is_shared = true;
    atomic_init(&l->users, l->cores);
    for (int i = 0; i < l->cores; i++)
        atomic_store(&l->parts[i].fd, fd);
    struct stat st;
    if (l->addr.family == AF_UNIX && l->sys->stat(l->sys, fd, &st) == 0)
        l->inode = (uint32_t)st.st_ino;
}

static int bind_to_path(struct listener *l, struct net_failure *failure)
{
    int fd;
    int r = bind_unix(l->sys, &l->addr, l->opt.backlog, &fd, &l->file, failure);
    if (r < 0)
        return r;
    l->has_file = true;
    share(l, fd);
    return 0;
}

static int bind_each(struct listener *l, struct net_failure *failure)
{
    size_t bytes = (size_t)l->cores * sizeof(int);
    int *fds = mem_alloc(l->mem, bytes);
    if (!fds)
        return net_failed(failure, STOA_STAGE_SOCKET, -ENOMEM, &l->addr, NULL);
    struct bind_options opt = { .type = SOCK_STREAM,
                                .backlog = l->opt.backlog,
                                .defer = l->opt.defer,
                                .stamps = l->opt.stamps && l->stages };
    int r = bind_inet(l->sys, &l->addr, &opt, fds, l->cores, failure);
    for (int i = 0; r == 0 && i < l->cores; i++)
        atomic_store(&l->parts[i].fd, fds[i]);
    mem_free(l->mem, fds, bytes);
    return r;
}

int listener_open(struct stoa_rt *rt, struct addr *a, const struct listener_options *opt,
                  struct listener **ret, struct net_failure *failure)
{
    struct listener *l = listener_new(rt, opt);
    if (!l)
        return net_failed(failure, STOA_STAGE_SOCKET, -ENOMEM, a, NULL);
    l->addr = *a;
    int r = a->family == AF_UNIX ? bind_to_path(l, failure) : bind_each(l, failure);
    if (r < 0) {
        mem_free(l->mem, l, listener_bytes(l->cores));
        return r;
    }
    be_seen(l);
    rt_add(rt, &l->service);
    *a = l->addr;
    *ret = l;
    return 0;
}

int listener_adopt(struct stoa_rt *rt, int fd, const struct listener_options *opt,
                   struct listener **ret, struct net_failure *failure)
{
    struct listener *l = listener_new(rt, opt);
    if (!l)
        return net_failed(failure, STOA_STAGE_SOCKET, -ENOMEM, NULL, NULL);
    int listens = 0;
    struct sockaddr_storage bound;
    socklen_t int_n = sizeof listens, n = sizeof bound;
    int r = l->sys->get_option(l->sys, fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &int_n);
    if (r == 0)
        r = l->sys->local_name(l->sys, fd, &bound, &n);
    if (r == 0)
        r = l->sys->adopt(l->sys, fd);
    if (r == 0)
        bind_inherited(l->sys, fd, l->stages && opt->stamps); /* it works without, too */
    if (r < 0 || !listens || n > sizeof l->addr.un) {
        mem_free(l->mem, l, listener_bytes(l->cores));
        return net_failed(failure, STOA_STAGE_LISTEN, r < 0 ? r : -EINVAL, NULL,
                          "what was handed over is not a socket that listens");
    }
    l->addr.len = n;
    memcpy(&l->addr.any, &bound, n);
    struct queues q;
    if (queues_read(l->sys, fd, &q) == 0)
        l->drops_before = q.drops;
    share(l, fd);
    be_seen(l);
    rt_add(rt, &l->service);
    *ret = l;
    return 0;
}

void listener_close(struct listener *l)
{
    service_drop(&l->service);
}

const struct addr *listener_addr(const struct listener *l)
{
    return &l->addr;
}

/* ---- from outside ---- */

struct listener *listener_next(struct stoa_rt *rt, struct listener *after)
{
    struct list *all = rt_services(rt);
    for (struct list *n = after ? after->service.node.next : all->next; n != all; n = n->next) {
        struct service *s = list_owner(n, struct service, node);
        if (s->ops == &listener_ops)
            return listener_of(s);
    }
    return NULL;
}

struct stoa_stage_listener *listener_seen(const struct listener *l)
{
    return l->stages ? stage_table_listener(l->stages, l->seen_index) : NULL;
}

/* Its core may close the socket meanwhile, and the number may be somebody else's by then: but not
 * when it stands there still, since it is taken away first. */
static int look_at(const struct listener *l, int i, struct queues *ret)
{
    int fd = atomic_load(&l->parts[i].fd);
    int r = fd < 0 ? -ENOENT : queues_read(l->sys, fd, ret);
    return atomic_load(&l->parts[i].fd) == fd ? r : -ENOENT;
}

int listener_look(const struct listener *l, struct listener_look *ret)
{
    struct listener_look all = { .sockets = l->is_shared ? 1 : l->cores };
    for (int i = 0; i < all.sockets; i++) {
        struct queues q;
        int r = look_at(l, i, &q);
        if (r < 0)
            return r;
        all.queue += q.queue;
        all.queue_max += q.queue_max;
        all.drops += q.drops - l->drops_before;
        if (i == 0 || (uint64_t)q.queue * all.fullest_max > (uint64_t)all.fullest * q.queue_max) {
            all.fullest = q.queue;
            all.fullest_max = q.queue_max;
        }
        all.backlog_asked += l->opt.backlog ? (uint32_t)l->opt.backlog : q.queue_max;
    }
    *ret = all;
    return 0;
}

int listener_inode(const struct listener *l, uint32_t *ret)
{
    if (!l->inode || atomic_load(&l->parts[0].fd) < 0)
        return -ENOENT;
    *ret = l->inode;
    return 0;
}
