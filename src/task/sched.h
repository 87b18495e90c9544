/* task/sched.h -- one core's run queue, timers and stacks.
 *
 * Knows no clock: whoever drives it says what time it is. One thread. */
#ifndef TASK_SCHED_H
#define TASK_SCHED_H

#include "base/heap.h"
#include "base/list.h"
#include "task/context.h"
#include "task/stack.h"

/* A piece of work that the scheduler calls on the core's own stack. Storage: the owner's. */
struct job {
    struct list node;
    void (*run)(struct job *j); /* NULL: a task's own job, see state.h */
};

/* A moment at which something is called, on the core's own stack. Storage: the owner's. */
struct timer {
    struct heap_node node;
    void (*fire)(struct timer *t);
};

struct core_call;

struct sched {
    struct list ready; /* jobs, in the order in which they became ready */
    struct heap timers;
    stoa_task *running;   /* NULL: the core's own stack */
    stoa_time now;        /* the moment of this turn */
    struct context core;  /* the core's own stack, while a task runs */
    struct stacks stacks; /* the pool */
    const struct stoa_mem *mem;
    size_t tasks;           /* that live */
    struct core_call *call; /* what a task asks for on the core's own stack: task.c */
    uint32_t ran;           /* jobs that have begun, so far */
    bool firing;            /* timers fire now */
};

/* stack_bytes: usable bytes per task above the guard page, rounded up to pages; 0 = 64 KiB.
 *   returns  0; -ENOMEM: not even one stack is to be had. */
int sched_init(struct sched *s, const struct stoa_mem *mem, size_t stack_bytes);

/* All tasks have ended, all timers and jobs are gone: checked. */
void sched_done(struct sched *s);

static inline void job_init(struct job *j, void (*run)(struct job *j))
{
    list_init(&j->node);
    j->run = run;
}

/* Runs j in this turn or the next; harmless when it waits already. */
void sched_post(struct sched *s, struct job *j);

/* Takes j out of the queue; harmless when it is not in it. */
static inline void sched_unpost(struct job *j)
{
    list_unlink(&j->node);
}

void timer_init(struct timer *t, void (*fire)(struct timer *t));

/* Sets or moves t; in the past = next turn. returns 0, -ENOMEM (only when it was not set).
 * Set by a timer that fires, it fires one nanosecond after this turn's `now` at the earliest, so
 * that a turn ends. */
int timer_set(struct sched *s, struct timer *t, stoa_time when);
static inline void timer_clear(struct sched *s, struct timer *t)
{
    if (heap_has(&t->node))
        heap_remove(&s->timers, &t->node);
}

/* One turn: the time is `now`; fires the timers that are due, then runs the jobs that are ready
 * (those that become ready meanwhile run in the next turn). */
void sched_turn(struct sched *s, stoa_time now);

/* When the next turn is due: now when jobs are ready, else the first timer's moment, else
 * STOA_NEVER. */
stoa_time sched_due(const struct sched *s);

#endif
