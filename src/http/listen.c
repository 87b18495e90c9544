/* http/listen.c -- stoa_http_listen: HTTP for a program that embeds us. */
#include "http/serve.h"
#include "net/gauges.h"

#include <errno.h>

static const stoa_time IDLE = 75 * STOA_SEC;
enum { ADDRS_MAX = 8 };

/* A service of the runtime's that runs nothing: it owns what the listeners share, and is freed with
 * them. */
struct owner {
    struct service service;
    struct http_service http;
    const struct stoa_mem *mem;
};

static int owner_start(struct service *s, struct core *core)
{
    (void)s;
    (void)core;
    return 0;
}

static void owner_pass(struct service *s, struct core *core)
{
    (void)s;
    (void)core;
}

static void owner_free(struct service *s)
{
    struct owner *o = list_owner(s, struct owner, service);
    http_service_done(&o->http);
    mem_free(o->mem, o, sizeof *o);
}

static const struct service_ops owner_ops = { owner_start, owner_pass, owner_pass, owner_free };

static int owner_new(struct owner **ret, stoa_rt *rt, const struct stoa_http_listen *l)
{
    const struct stoa_mem *mem = rt_mem(rt);
    struct owner *o = mem_zalloc(mem, sizeof *o);
    if (!o)
        return -ENOMEM;
    o->service.ops = &owner_ops;
    o->mem = mem;
    o->http = (struct http_service){
        .handler = l->handler,
        .arg = l->arg,
        .head_within = l->head_within,
        .body_within = l->body_within,
        .send_within = l->send_within,
        .head_max = l->head_max,
        .line_max = l->line_max,
        .body_max = l->body_max,
    };
    int r = http_service_init(&o->http, rt_cores(rt), mem);
    if (r < 0) {
        mem_free(mem, o, sizeof *o);
        return r;
    }
    *ret = o;
    return 0;
}

static bool is_valid(const struct stoa_http_listen *l)
{
    return l->addr && l->handler && l->backlog >= 0 && l->idle >= 0 && l->head_within >= 0 &&
           l->body_within >= 0 && l->send_within >= 0;
}

int stoa_http_listen(stoa_rt *rt, const struct stoa_http_listen *l)
{
    struct listener *opened[ADDRS_MAX];
    struct net_failure failure;
    struct owner *o;
    if (!is_valid(l))
        return -EINVAL;
    int r = owner_new(&o, rt, l);
    if (r < 0)
        return r;
    rt_add(rt, &o->service);
    struct listener_options opt = {
        .backlog = l->backlog,
        .idle = l->idle ? l->idle : IDLE,
        .serve = http_serve,
        .stamps = true,
        .scheme = "http://",
        .arg = &o->http,
    };
    r = listener_open_all(rt, str_of(l->addr), &opt, opened, ADDRS_MAX, &failure);
    if (r > 0)
        r = gauges_add_or_close(rt, opened, r);
    if (r < 0)
        service_drop(&o->service);
    return r < 0 ? r : 0;
}
