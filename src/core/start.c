/* core/start.c -- stoa_start: a task of the program's own on the first core, as a service.
 *
 * Knows when there is nothing left to run for: all that was started has ended, and no other service
 * waits for work. */
#include "core/service.h"

#include <errno.h>

/* What a client leaves behind when its tasks have ended: connections that are closed in order. */
static const stoa_time CLOSING_GRACE = 2 * STOA_SEC;

struct start {
    struct service service;
    struct stoa_rt *rt;
    struct core *core; /* the first, once it runs */
    stoa_fn *fn;
    void *arg;
    struct job job;
    stoa_task *task; /* NULL: not begun, or ended */
    bool ended;
};

static const struct service_ops start_ops;

static struct start *start_of(struct service *s)
{
    return list_owner(s, struct start, service);
}

/* Whether all that is in rt was started so, and has ended. */
static bool is_all_done(struct stoa_rt *rt)
{
    list_each (node, rt_services(rt)) {
        struct service *s = list_owner(node, struct service, node);
        if (s->ops != &start_ops || !start_of(s)->ended)
            return false;
    }
    return true;
}

static void ended(void *arg, int result)
{
    struct start *s = arg;
    s->task = NULL;
    s->ended = true;
    core_live_drop(s->core);
    if (result < 0)
        rt_fail(s->rt, result);
    else if (is_all_done(s->rt))
        stoa_stop(s->rt, CLOSING_GRACE);
}

static int run(stoa_task *t, void *arg)
{
    struct start *s = arg;
    s->task = t;
    return s->fn(t, s->arg);
}

static void begin(struct job *j)
{
    struct start *s = list_owner(j, struct start, job);
    int r = task_start(&s->core->sched, run, s, ended);
    if (r < 0)
        ended(s, r);
}

/* Through the run queue, so that all services have started when it runs. */
static int start_start(struct service *service, struct core *core)
{
    struct start *s = start_of(service);
    if (core->index != 0)
        return 0;
    s->core = core;
    core_live_add(core);
    sched_post(&core->sched, &s->job);
    return 0;
}

static void start_drain(struct service *service, struct core *core)
{
    (void)service; /* what runs may finish */
    (void)core;
}

static void start_cut(struct service *service, struct core *core)
{
    struct start *s = start_of(service);
    if (s->core != core || s->ended)
        return;
    if (s->task) {
        task_cancel(s->task);
        return;
    }
    sched_unpost(&s->job);
    s->ended = true;
    core_live_drop(core);
}

static void start_free(struct service *service)
{
    struct start *s = start_of(service);
    mem_free(rt_mem(s->rt), s, sizeof *s);
}

static const struct service_ops start_ops = {
    .start = start_start,
    .drain = start_drain,
    .cut = start_cut,
    .free = start_free,
};

int stoa_start(stoa_rt *rt, stoa_fn *fn, void *arg)
{
    struct start *s = mem_zalloc(rt_mem(rt), sizeof *s);
    if (!s)
        return -ENOMEM;
    *s = (struct start){ .service = { .ops = &start_ops }, .rt = rt, .fn = fn, .arg = arg };
    job_init(&s->job, begin);
    rt_add(rt, &s->service);
    return 0;
}
