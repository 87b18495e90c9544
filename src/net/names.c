/* net/names.c -- see names.h. getaddrinfo(3) cannot be stopped: a question whose task has lost its
 * patience is left to itself, and frees itself when it is answered. */
#include "net/names.h"

#include <errno.h>

struct question {
    struct io_work work;
    struct core *core;
    stoa_task *task; /* waits; NULL: nobody does any more */
    bool done;
    int result;
    struct addr_parts parts;
    struct addr_query query;
    struct names names;
};

static int ask(const struct io_sys *sys, void *arg)
{
    (void)sys;
    struct question *q = arg;
    return addr_look_up(&q->parts, &q->query, q->names.list, NAMES_MAX, &q->names.why);
}

static int ask_here(void *arg)
{
    return ask(NULL, arg);
}

static void answered(struct io_op *op, int res, struct io_chunk *chunk)
{
    (void)chunk;
    struct question *q = list_owner(op, struct question, work.op);
    core_live_drop(q->core);
    q->done = true;
    q->result = res;
    if (q->task)
        task_wake(q->task);
    else
        mem_free(q->core->mem, q, sizeof *q);
}

/* returns whether q is still ours; if not, it will free itself. */
static bool await(struct question *q, int *result)
{
    struct core *core = q->core;
    q->work.op = (struct io_op){ .done = answered, .fd = -1, .kind = IO_WORK };
    q->work.fn = ask;
    q->work.arg = q;
    q->task = task_running(&core->sched);
    *result = io_submit(core->io, &q->work.op);
    if (*result < 0)
        return true;
    core_live_add(core);
    int r = 0;
    while (r == 0 && !q->done)
        r = task_park(&core->sched);
    *result = q->done ? q->result : r;
    q->task = NULL;
    return q->done;
}

int names_resolve(struct core *core, const struct addr_parts *parts, const struct addr_query *query,
                  struct names *ret)
{
    ret->count = 0;
    ret->why = NULL;
    struct question *q = mem_zalloc(core->mem, sizeof *q);
    if (!q)
        return -ENOMEM;
    *q = (struct question){ .core = core, .parts = *parts, .query = *query };
    q->query.numeric = true;
    int r = task_on_core_stack(&core->sched, ask_here, q);
    q->query.numeric = query->numeric;
    if (r == -ENOENT && !query->numeric && !await(q, &r))
        return r;
    if (r < 0)
        ret->why = q->names.why;
    else
        *ret = q->names;
    ret->count = r < 0 ? 0 : r;
    mem_free(core->mem, q, sizeof *q);
    return r < 0 ? r : 0;
}
