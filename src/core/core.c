/* core/core.c -- the loop of one core; see core.h. */
#include "core/core.h"
#include "base/check.h"

#include <stdarg.h>
#include <stdio.h>

static const stoa_time SAY_EVERY = 10 * STOA_SEC;

/* Whether the wall clock is still what it was. When not, a busy machine came between the two readings, or
 * somebody has set it. */
static void look_at_wall(struct core *core)
{
    struct stage_wall *wall = &core->stage.wall;
    struct io_clock now = core->io->now;
    for (int tries = 0; !stage_wall_agrees(wall, now.mono_ns, now.real_ns); tries++) {
        if (tries == 3) {
            stage_wall_set(wall, now.mono_ns, now.real_ns);
            return;
        }
        now = core->sys->clock(core->sys);
    }
}

int core_open(struct core *core, const struct core_options *opt)
{
    *core = (struct core){
        .io = opt->io,
        .sys = opt->io->sys,
        .mem = opt->mem,
        .log = opt->log,
        .index = opt->index,
        .conns_max = opt->conns_max,
    };
    list_init(&core->want);
    list_init(&core->attached);
    list_init(&core->mail);
    int r = -pthread_mutex_init(&core->mail_lock, NULL);
    if (r < 0)
        return r;
    r = sched_init(&core->sched, opt->mem, opt->stack_bytes);
    if (r < 0) {
        pthread_mutex_destroy(&core->mail_lock);
        return r;
    }
    /* Services start before the first turn, and ask what time it is. */
    core->io->now = core->sys->clock(core->sys);
    core->sched.now = core_now(core);
    if (opt->stages)
        stage_clock_begin(&core->stage, opt->stages, opt->index);
    look_at_wall(core);
    return 0;
}

void core_close(struct core *core)
{
    check(core->live == 0 && core->conns == 0 && list_is_empty(&core->want));
    check(list_is_empty(&core->attached));
    sched_done(&core->sched);
    pthread_mutex_destroy(&core->mail_lock);
}

static void take_mail(struct core *core)
{
    if (!atomic_load_explicit(&core->has_mail, memory_order_acquire))
        return;
    struct list jobs, *node;
    list_init(&jobs);
    pthread_mutex_lock(&core->mail_lock);
    list_move_all(&jobs, &core->mail);
    atomic_store_explicit(&core->has_mail, false, memory_order_relaxed);
    pthread_mutex_unlock(&core->mail_lock);
    while ((node = list_pop_front(&jobs)))
        sched_post(&core->sched, list_owner(node, struct job, node));
}

int core_turn(struct core *core)
{
    stoa_time due = sched_due(&core->sched);
    if (core->stage.core)
        stage_core_waits(&core->stage, core_moment_since(core, 0));
    int r = io_wait(core->io, due <= core->sched.now ? 0 : due);
    if (r < 0)
        return r;
    if (core->stage.core)
        stage_core_turns(&core->stage, core_now(core), core_real_ns(core));
    core->over = 0;
    take_mail(core);
    sched_turn(&core->sched, core_now(core));
    return 0;
}

int64_t core_received_at(struct core *core, int64_t stamp_ns)
{
    if (stamp_ns == 0)
        return 0;
    look_at_wall(core);
    return stage_wall_mono(&core->stage.wall, stamp_ns, core_now(core));
}

void core_post(struct core *core, struct job *j)
{
    pthread_mutex_lock(&core->mail_lock);
    list_push_back(&core->mail, &j->node);
    atomic_store_explicit(&core->has_mail, true, memory_order_release);
    pthread_mutex_unlock(&core->mail_lock);
    io_wake(core->io);
}

struct core *core_of(const stoa_task *t)
{
    return list_owner(task_sched(t), struct core, sched);
}

void core_live_drop(struct core *core)
{
    check(core->live > 0);
    core->live--;
}

void core_conn_add(struct core *core)
{
    core->conns++;
    core_live_add(core);
}

void core_conn_drop(struct core *core)
{
    check(core->conns > 0);
    core->conns--;
    core_live_drop(core);
    struct list *node;
    while ((node = list_pop_front(&core->want)))
        sched_post(&core->sched, list_owner(node, struct job, node));
}

bool core_may_say(const struct core *core, stoa_time *next)
{
    if (core_now(core) < *next)
        return false;
    *next = core_in(core, SAY_EVERY);
    return true;
}

void core_say(const struct core *core, enum stoa_level level, const char *fmt, ...)
{
    if (!core->log)
        return;
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    core->log->say(core->log->ctx, level, text);
}
