/* task/wait.c -- parking, waking, and what limits a wait: cancellation, deadline, grace.
 *
 * Knows nothing of who waits for what. A task has one timer, set only while it is parked, to the
 * earlier of its limit and the end of its sleep. */
#include "base/check.h"
#include "task/state.h"
#include "task/task.h"

#include <errno.h>

static int refusal_kind(const stoa_task *t)
{
    return t->cancelled ? -ECANCELED : -ETIMEDOUT;
}

int task_refusal(const stoa_task *t)
{
    return task_limit(t) <= t->sched->now ? refusal_kind(t) : 0;
}

/* The only way out of a wait: back to the run queue, and the timer goes. */
static void make_ready(stoa_task *t, int result)
{
    timer_clear(t->sched, &t->timer);
    t->wait_result = result;
    t->state = TASK_READY;
    sched_post(t->sched, &t->job);
}

TOOLS_SWITCHES __attribute__((always_inline)) static inline int suspend(stoa_task *t)
{
    context_switch(&t->context, &t->sched->core);
    return t->wait_result;
}

/* Puts t in the state of waiting, at most until wake_at. returns 0, or why it may not. */
static int prepare(stoa_task *t, stoa_time wake_at)
{
    int r = task_refusal(t);
    if (r < 0)
        return r;
    stoa_time limit = task_limit(t);
    stoa_time end = wake_at < limit ? wake_at : limit;
    if (end == STOA_NEVER)
        timer_clear(t->sched, &t->timer);
    else
        r = timer_set(t->sched, &t->timer, end);
    if (r < 0)
        return r;
    t->wake_at = wake_at;
    t->state = TASK_PARKED;
    return 0;
}

TOOLS_SWITCHES int task_park(struct sched *s)
{
    stoa_task *t = s->running;
    check(t);
    int r = prepare(t, STOA_NEVER);
    return r < 0 ? r : suspend(t);
}

TOOLS_SWITCHES void task_park_deaf(struct sched *s)
{
    stoa_task *t = s->running;
    check(t);
    t->state = TASK_DEAF;
    suspend(t);
}

void task_wake(stoa_task *t)
{
    if (t && (t->state == TASK_PARKED || t->state == TASK_DEAF))
        make_ready(t, 0);
}

void task_timer_fired(struct timer *timer)
{
    stoa_task *t = list_owner(timer, stoa_task, timer);
    make_ready(t, t->wake_at < task_limit(t) ? 0 : refusal_kind(t));
}

void task_limit_changed(stoa_task *t)
{
    if (t->state != TASK_PARKED)
        return;
    int r = prepare(t, t->wake_at);
    if (r < 0)
        make_ready(t, r);
}

/* now + span, or STOA_NEVER when there is no such moment. */
static stoa_time moment_after(const stoa_task *t, stoa_time span)
{
    stoa_time now = t->sched->now;
    return span < STOA_NEVER - now ? now + span : STOA_NEVER;
}

TOOLS_SWITCHES int stoa_sleep(stoa_task *t, stoa_time span)
{
    check(t == t->sched->running);
    if (span > 0) {
        int r = prepare(t, moment_after(t, span));
        return r < 0 ? r : suspend(t);
    }
    int r = task_refusal(t);
    if (r < 0)
        return r;
    make_ready(t, 0);
    return suspend(t);
}

stoa_time stoa_deadline(stoa_task *t, stoa_time when)
{
    stoa_time old = t->deadline;
    t->deadline = when;
    task_limit_changed(t);
    return old;
}

int stoa_grace(stoa_task *t, stoa_time span)
{
    if (t->graced)
        return -EALREADY;
    t->graced = true;
    t->grace_end = moment_after(t, span);
    task_limit_changed(t);
    return 0;
}

stoa_time stoa_now(const stoa_task *t)
{
    return t->sched->now;
}
