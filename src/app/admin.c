/* app/admin.c -- see admin.h: how it is opened, its thread, and its end. */
#include "app/admin.h"

#include "app/admin_pages.h"
#include "base/sys.h"
#include "core/service.h"
#include "http/serve.h"
#include "net/gauges.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

enum { CONNS_MAX = 128 };

struct admin {
    const struct stoa_mem *mem;
    const struct stoa_log *log;
    struct stoa_log troubles; /* of its own runtime: see say_trouble */
    stoa_rt *rt;              /* its own */
    struct stage_view view;
    struct admin_pages pages;
    struct http_service http;
    struct listener *opened[ADMIN_ADDRS_MAX];
    int count;
    pthread_t thread;
    bool runs;
};

/* ---- opening ---- */

/* ":9000" is meant for this machine: what is shown here is not for everybody. */
static int listen_on(struct admin *a, const char *addr, struct net_failure *failure)
{
    char local[64];
    struct listener_options how = { .idle = 75 * STOA_SEC, .serve = http_serve, .arg = &a->http };
    if (addr[0] == ':') {
        snprintf(local, sizeof local, "localhost%s", addr);
        addr = local;
    }
    int n = listener_open_all(a->rt, str_of(addr), &how, a->opened, ADMIN_ADDRS_MAX, failure);
    a->count = n > 0 ? n : 0;
    return n < 0 ? n : 0;
}

static bool is_loopback(const struct addr *a)
{
    if (a->family == AF_INET)
        return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
    return a->family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

/* That somebody has closed a page, or the events' connection, is no news. */
static void say_trouble(void *ctx, enum stoa_level level, const char *text)
{
    const struct admin *a = ctx;
    if (level > STOA_INFO)
        a->log->say(a->log->ctx, level, text);
}

static int make(struct admin *a, struct stoa_rt *of)
{
    a->troubles = (struct stoa_log){ say_trouble, a };
    /* epoll: it costs less memory than io_uring, and is everywhere. */
    struct stoa_options opt = { .cores = 1,
                                .conns_max = CONNS_MAX,
                                .io = "epoll",
                                .mem = a->mem,
                                .log = a->log ? &a->troubles : NULL,
                                .stages = "off" };
    const struct stage_table *table = rt_stages(of);
    if (!table)
        return -ENODATA;
    int r = stage_view_init(&a->view, table->head, stage_table_bytes(&table->shape));
    if (r == 0)
        r = stoa_new(&a->rt, &opt);
    if (r == 0)
        r = admin_pages_init(&a->pages, &a->view, rt_sys(of), a->mem);
    a->http = (struct http_service){ .handler = admin_pages_serve,
                                     .arg = &a->pages,
                                     .send_within = 10 * STOA_SEC };
    if (r == 0)
        r = http_service_init(&a->http, 1, a->mem);
    if (r == 0)
        r = stoa_start(a->rt, admin_pages_tick, &a->pages);
    return r == 0 ? gauges_add(a->rt, of) : r;
}

int admin_open(struct admin **ret, struct stoa_rt *of, const char *addr,
               struct net_failure *failure)
{
    struct admin *a = mem_zalloc(rt_mem(of), sizeof *a);
    if (!a)
        return net_failed(failure, STOA_STAGE_SOCKET, -ENOMEM, NULL, NULL);
    a->mem = rt_mem(of);
    a->log = rt_log(of);
    int r = make(a, of);
    if (r < 0)
        net_failed(failure, STOA_STAGE_SOCKET, r, NULL, NULL);
    else
        r = listen_on(a, addr, failure);
    if (r < 0) {
        admin_free(a);
        return r;
    }
    a->pages.is_local = true;
    for (int i = 0; i < a->count; i++)
        a->pages.is_local = a->pages.is_local && is_loopback(listener_addr(a->opened[i]));
    *ret = a;
    return 0;
}

const struct addr *admin_addr(const struct admin *a, int i)
{
    return i < a->count ? listener_addr(a->opened[i]) : NULL;
}

/* ---- the thread ---- */

static void *run(void *arg)
{
    struct admin *a = arg;
    int r = stoa_run(a->rt);
    if (r < 0 && a->log) {
        char text[160];
        snprintf(text, sizeof text, "the admin address does not answer any more: %s",
                 stoa_strerror(r));
        a->log->say(a->log->ctx, STOA_ERROR, text);
    }
    return NULL;
}

/* It must not take the signals that the program waits for. */
int admin_start(struct admin *a)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int r = -pthread_create(&a->thread, NULL, run, a);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    a->runs = r == 0;
    return r;
}

void admin_free(struct admin *a)
{
    if (!a)
        return;
    if (a->runs) {
        stoa_stop(a->rt, 0);
        pthread_join(a->thread, NULL);
    }
    stoa_free(a->rt);
    http_service_done(&a->http);
    admin_pages_done(&a->pages);
    mem_free(a->mem, a, sizeof *a);
}
