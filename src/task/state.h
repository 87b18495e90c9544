/* task/state.h -- what a task is made of, and how the core continues one.
 *
 * For the files of task/ only, each of which minds its part: task.c birth, what is owned, end;
 * wait.c waiting; family.c parents and children; turn.c the core's turn. */
#ifndef TASK_STATE_H
#define TASK_STATE_H

#include "base/arena.h"
#include "task/sched.h"

#include <stdalign.h>
#include <stdint.h>

enum task_state {
    TASK_READY,   /* in the run queue */
    TASK_RUNNING, /* sched->running */
    TASK_PARKED,  /* waits, and hears cancellation and deadline */
    TASK_DEAF,    /* waits, for task_wake only */
    TASK_CALLING, /* waits for the core to run sched->call on its own stack */
    TASK_ENDED,   /* has left its stack for the last time */
};

struct task_defer;

/* Lives at the top of its own stack. The first 128 bytes are what a wait touches. */
struct stoa_task {
    alignas(64) struct context context;
    struct sched *sched;
    struct job job;
    int wait_result;
    uint8_t state;  /* enum task_state */
    bool cancelled; /* for ever; its children at that moment are, too */
    bool graced;    /* has had its grace */
    bool joining;   /* parked until children end */
    bool dooming;   /* children are cancelled, also those to come */
    stoa_time deadline;

    stoa_time grace_end; /* until then neither cancellation nor deadline counts */
    stoa_time wake_at;   /* while parked: a sleep's end, else STOA_NEVER */
    struct timer timer;  /* set while parked, when anything limits that */

    stoa_task *parent; /* NULL: a root */
    struct list siblings;
    struct list children;
    int children_result; /* the first != 0 among children that have ended since the last join */

    int result;
    stoa_fn *fn;
    void *arg;
    void (*ended)(void *arg, int result);

    struct task_defer *defers; /* newest first */
    struct list owned;         /* struct task_owned, newest first */
    struct arena arena;
};

/* ---- task.c ---- */

/* Makes a task that is in no queue yet, with len bytes of *arg copied to its stack, or arg itself
 * when len is 0. returns NULL when there is no stack. */
stoa_task *task_new(struct sched *s, stoa_fn *fn, const void *arg, size_t len);

/* t has switched to the core and is not parked: does what it wants, to the end. */
void task_settle(struct sched *s, stoa_task *t);

/* Switches from the core's own stack to t, until it parks, asks for something, or ends. */
TOOLS_SWITCHES __attribute__((always_inline)) static inline void task_enter(struct sched *s,
                                                                            stoa_task *t)
{
    struct tools_signals signals;
    s->running = t;
    t->state = TASK_RUNNING;
    tools_signals_hold(&signals);
    context_switch(&s->core, &t->context);
    tools_signals_let(&signals);
    s->running = NULL;
}

TOOLS_SWITCHES __attribute__((always_inline)) static inline void task_continue(struct sched *s,
                                                                               stoa_task *t)
{
    task_enter(s, t);
    if (t->state >= TASK_CALLING)
        task_settle(s, t);
}

/* ---- wait.c ---- */

/* The moment from which t may not wait: its waits return -ETIMEDOUT, or -ECANCELED once it is
 * cancelled. */
static inline stoa_time task_limit(const stoa_task *t)
{
    stoa_time limit = t->cancelled ? INT64_MIN : t->deadline;
    return limit > t->grace_end ? limit : t->grace_end;
}

/* What task_new gives to timer_init. */
void task_timer_fired(struct timer *timer);

/* returns why t may not wait now, -ECANCELED or -ETIMEDOUT; 0 when it may. */
int task_refusal(const stoa_task *t);

/* t's limit has changed: a wait of it ends now, or has its timer moved. */
void task_limit_changed(stoa_task *t);

/* ---- family.c ---- */

/* t's function has returned: cancels its children and waits until they have ended. */
void family_end(stoa_task *t);

/* A child of parent has ended, with this result, and is gone. */
void family_child_ended(stoa_task *parent, int result);

#endif
