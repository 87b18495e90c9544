/* task/family.c -- parents and children: spawn, join, cancel. A child never outlives its parent.
 *
 * Invariants
 * 1. A child is in its parent's list until its stack is back in the pool.
 * 2. When a task is cancelled so are its children; those born later while it may wait no more are
 *    born cancelled. */
#include "base/check.h"
#include "task/state.h"
#include "task/task.h"

#include <errno.h>

enum { ARG_MAX_BYTES = 256 };

int stoa_spawn(stoa_task *t, stoa_fn *fn, const void *arg, size_t len)
{
    if (len > ARG_MAX_BYTES)
        return -EINVAL;
    stoa_task *child = task_new(t->sched, fn, len > 0 ? arg : NULL, len);
    if (!child)
        return -ENOMEM;
    child->parent = t;
    list_push_back(&t->children, &child->siblings);
    /* What is left of the parent's grace is the child's deadline. */
    child->deadline = task_limit(t);
    child->cancelled = t->dooming || (t->cancelled && task_refusal(t) < 0);
    sched_post(t->sched, &child->job);
    return 0;
}

/* The task after t in its family's tree, parents before children, below root; NULL at the end.
 *   deeper  whether to go on with t's children.
 * No recursion: a family may be deeper than a task's stack. */
static stoa_task *next_of_kin(const stoa_task *t, const stoa_task *root, bool deeper)
{
    if (deeper && !list_is_empty(&t->children))
        return list_owner(t->children.next, stoa_task, siblings);
    while (t != root && t->siblings.next == &t->parent->children)
        t = t->parent;
    return t == root ? NULL : list_owner(t->siblings.next, stoa_task, siblings);
}

void task_cancel(stoa_task *root)
{
    bool deeper;
    for (stoa_task *t = root; t; t = next_of_kin(t, root, deeper)) {
        deeper = !t->cancelled;
        t->cancelled = true;
        task_limit_changed(t);
    }
}

void stoa_cancel(stoa_task *t)
{
    list_each (child, &t->children)
        task_cancel(list_owner(child, stoa_task, siblings));
}

/* Cancels t's children, those to come as well, and waits until there are none. */
static void end_children(stoa_task *t)
{
    t->dooming = true;
    stoa_cancel(t);
    while (!list_is_empty(&t->children))
        task_park_deaf(t->sched);
    t->dooming = false;
}

int stoa_join(stoa_task *t)
{
    check(t == t->sched->running);
    int r = task_refusal(t);
    t->joining = true;
    while (r == 0 && t->children_result == 0 && !list_is_empty(&t->children))
        r = task_park(t->sched);
    end_children(t);
    t->joining = false;
    if (r == 0)
        r = t->children_result;
    t->children_result = 0;
    return r;
}

void family_end(stoa_task *t)
{
    if (list_is_empty(&t->children))
        return;
    t->joining = true;
    end_children(t);
    t->joining = false;
}

void family_child_ended(stoa_task *parent, int result)
{
    if (parent->children_result == 0)
        parent->children_result = result;
    /* One wake for all, not one each: parent needs the first bad result, then the last end. */
    bool decided = parent->children_result != 0 && !parent->dooming;
    if (parent->joining && (decided || list_is_empty(&parent->children)))
        task_wake(parent);
}
