/* core/offload.c -- calls that block, on a helper thread, while other tasks run. */
#include "core/core.h"

struct offload {
    struct io_work work;
    stoa_task *task;
    int result;
    bool done;
};

static void offload_done(struct io_op *op, int res, struct io_chunk *chunk)
{
    (void)chunk;
    struct offload *o = list_owner(op, struct offload, work.op);
    o->result = res;
    o->done = true;
    task_wake(o->task);
}

int core_offload(struct core *core, int (*fn)(const struct io_sys *sys, void *arg), void *arg)
{
    struct offload o = {
        .work = { .op = { .done = offload_done, .fd = -1, .kind = IO_WORK }, .fn = fn, .arg = arg },
        .task = task_running(&core->sched),
    };
    int r = io_submit(core->io, &o.work.op);
    if (r < 0)
        return r;
    while (!o.done)
        task_park_deaf(&core->sched);
    return o.result;
}

struct plain_call {
    stoa_fn *fn;
    void *arg;
};

static int call_plain(const struct io_sys *sys, void *arg)
{
    (void)sys;
    struct plain_call *call = arg;
    return call->fn(NULL, call->arg);
}

int stoa_offload(stoa_task *t, stoa_fn *fn, void *arg)
{
    return core_offload(core_of(t), call_plain, &(struct plain_call){ fn, arg });
}
