/* task/task.h -- a C function on a small stack of its own, and what it owns.
 *
 * Knows stacks, time and the run queue; knows nothing of descriptors. The floors above make waiting
 * calls out of task_park() and task_wake(). The public half (stoa_spawn, stoa_join, ...) is in
 * stoa.h and implemented here.
 *
 * Invariants
 * 1. A task lives in its own stack's topmost bytes: no stack, no task, no memory.
 * 2. A task is in exactly one state: ready (in the run queue), running (sched->running), parked.
 * 3. No stack is ever thrown away while it holds frames: cancellation and deadlines make waits
 *    return errors, and the function returns.
 * 4. When its function has returned: children cancelled and joined, then defers (last first), then
 *    what it owns, then the arena; then `ended` is called on the core's own stack, with the task gone. From the return
 *    on, task_park() refuses and only task_park_deaf() waits. */
#ifndef TASK_TASK_H
#define TASK_TASK_H

#include "task/sched.h"

/* Told on the core's own stack when a root task has ended and its stack is back in the pool. */
typedef void task_ended(void *arg, int result);

/* Starts fn(t, arg) as a root task (no parent), at once: returns when it first parks or ends.
 * Only from the core's own stack (a job), never from a task.
 *   arg      handed on as it is, to fn and to ended; ended may be NULL.
 *   returns  0 (it may have ended already, and `ended` been called); -ENOMEM: no stack, nothing was
 *            called. */
int task_start(struct sched *s, stoa_fn *fn, void *arg, task_ended *ended);

/* Cancels t: its wait, present or next, returns -ECANCELED, and so do its children's. Returns at
 * once; harmless when repeated. From anywhere on the core's thread. */
void task_cancel(stoa_task *t);

/* Waits until task_wake(the running task).                                      [waits]
 *   returns  0 = woken; -ECANCELED, -ETIMEDOUT: at once and without waiting when the task is already
 *            cancelled or past its deadline; -ENOMEM (no room for the timer). Whoever would have
 *            woken it must be told then: a wake-up must not come later, for another wait. */
int task_park(struct sched *s);

/* The same, but deaf to cancellation and deadlines: for what must be waited out (a helper thread, a
 * kernel that still holds a buffer).                                            [waits] */
void task_park_deaf(struct sched *s);

/* Makes a parked task ready. Harmless when it is ready or running already, or t is NULL. */
void task_wake(stoa_task *t);

/* As if t, which is running, began anew: ends what it owns (children, then what was deferred, then
 * its memory), and forgets its deadline, its grace and what its children returned. A cancellation
 * stays. For tasks that serve one thing after another.                            [waits] */
void task_renew(stoa_task *t);

/* The running task of s; NULL on the core's own stack. */
static inline stoa_task *task_running(const struct sched *s)
{
    return s->running;
}

/* What a task owns besides memory, ended on the task's own stack after what was deferred, newest
 * first. `end` cannot wait; the node is out of the list by then. */
struct task_owned {
    struct list node; /* to take it from its owner: list_unlink */
    void (*end)(struct task_owned *o);
};
void task_own(stoa_task *t, struct task_owned *o); /* o is nobody's */

struct sched *task_sched(const stoa_task *t);
struct arena *task_arena(stoa_task *t); /* freed with the task */

/* Calls fn(arg) on the core's own stack and returns its result: for deep leaf calls that never
 * wait, so that tasks' own stacks stay small. From a task only. */
int task_on_core_stack(struct sched *s, int (*fn)(void *), void *arg);

#endif
