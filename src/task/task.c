/* task/task.c -- see task.h: a task's birth, what it owns, and its end. Waiting is in wait.c,
 * parents and children in family.c.
 *
 * A task's stack, from the top: struct stoa_task, the arena's first block, the copied argument,
 * then the frames. All but the frames fit in a quarter of a page, so that a task that calls little
 * touches one page. */
#include "task/task.h"
#include "base/check.h"
#include "task/state.h"

#include <errno.h>
#include <string.h>

enum { ARENA_FIRST = 512, ALIGN = alignof(max_align_t) };

_Static_assert(sizeof(stoa_task) % alignof(stoa_task) == 0, "stands at the top of a page");
_Static_assert(offsetof(stoa_task, wake_at) == 128, "what every wait touches comes first");

/* A deferred call, in its task's arena. */
struct task_defer {
    struct task_defer *older;
    void (*fn)(void *);
    void *arg;
};

/* A call that a task wants made on the core's own stack; lives in the task's frame. */
struct core_call {
    int (*fn)(void *);
    void *arg;
    int result;
};

static switch_entry task_main;

int task_start(struct sched *s, stoa_fn *fn, void *arg, task_ended *ended)
{
    check(!s->running);
    stoa_task *t = task_new(s, fn, arg, 0);
    if (!t)
        return -ENOMEM;
    t->ended = ended;
    task_continue(s, t);
    return 0;
}

stoa_task *task_new(struct sched *s, stoa_fn *fn, const void *arg, size_t len)
{
    struct stack stack;
    if (stack_take(&s->stacks, &stack) < 0)
        return NULL;
    stoa_task *t = (stoa_task *)(void *)stack.high - 1;
    char *first = (char *)t - ARENA_FIRST;
    char *copy = first - (len + ALIGN - 1) / ALIGN * ALIGN;
    if (len > 0)
        memcpy(copy, arg, len);
    /* Field by field: half of the struct is set by those who use it. */
    t->sched = s;
    job_init(&t->job, NULL);
    t->state = TASK_READY;
    t->cancelled = t->graced = t->joining = t->dooming = false;
    t->deadline = STOA_NEVER;
    t->grace_end = INT64_MIN;
    timer_init(&t->timer, task_timer_fired);
    t->parent = NULL;
    list_init(&t->siblings);
    list_init(&t->children);
    t->children_result = 0;
    t->fn = fn;
    t->arg = len > 0 ? copy : (void *)(uintptr_t)arg;
    t->ended = NULL;
    t->defers = NULL;
    list_init(&t->owned);
    arena_init(&t->arena, s->mem, first, ARENA_FIRST);
    context_init(&t->context, (struct stack){ stack.low, copy, stack.tsan }, task_main);
    s->tasks++;
    return t;
}

/* Ends the newest of what t has. returns whether there was any. */
static bool release_one(stoa_task *t)
{
    struct task_defer *d = t->defers;
    if (d) {
        t->defers = d->older;
        d->fn(d->arg);
        return true;
    }
    struct list *node = list_pop_front(&t->owned);
    if (!node)
        return false;
    struct task_owned *o = list_owner(node, struct task_owned, node);
    o->end(o);
    return true;
}

/* Ends what t owns, in the order that stoa.h promises. A defer may leave new children or defers
 * behind: the loop ends those as well. */
static void release(stoa_task *t)
{
    /* What runs from now on does not wait. */
    t->deadline = t->grace_end = INT64_MIN;
    t->graced = true;
    do
        family_end(t);
    while (release_one(t));
    arena_reset(&t->arena);
}

void task_renew(stoa_task *t)
{
    check(t == t->sched->running);
    release(t);
    t->deadline = STOA_NEVER;
    t->graced = false;
    t->children_result = 0;
}

/* The first function on a task's stack, and the last. */
TOOLS_SWITCHES static _Noreturn void task_main(struct switched *from, struct switched *self)
{
    stoa_task *t = list_owner(context_begin(from, self), stoa_task, context);
    t->result = t->fn(t, t->arg);
    t->cancelled = true;
    release(t);
    t->state = TASK_ENDED;
    context_leave(&t->context, &t->sched->core);
}

/* Takes the stack of a task that has left it for good, and tells who waits for its end. */
static void bury(struct sched *s, stoa_task *t)
{
    stoa_task *parent = t->parent;
    task_ended *ended = t->ended;
    void *arg = t->arg;
    int result = t->result;
    list_unlink(&t->siblings);
    struct stack stack = t->context.stack;
    stack.high = (char *)(t + 1);
    stack_give(&s->stacks, stack);
    s->tasks--;
    if (parent)
        family_child_ended(parent, result);
    else if (ended)
        ended(arg, result);
}

TOOLS_SWITCHES void task_settle(struct sched *s, stoa_task *t)
{
    while (t->state == TASK_CALLING) {
        struct core_call *c = s->call;
        c->result = c->fn(c->arg);
        task_enter(s, t);
    }
    if (t->state == TASK_ENDED)
        bury(s, t);
}

TOOLS_SWITCHES int task_on_core_stack(struct sched *s, int (*fn)(void *), void *arg)
{
    stoa_task *t = s->running;
    check(t);
    struct core_call c = { fn, arg, 0 };
    s->call = &c;
    t->state = TASK_CALLING;
    context_switch(&t->context, &s->core);
    return c.result;
}

void task_own(stoa_task *t, struct task_owned *o)
{
    list_push_front(&t->owned, &o->node);
}

struct sched *task_sched(const stoa_task *t)
{
    return t->sched;
}

struct arena *task_arena(stoa_task *t)
{
    return &t->arena;
}

void *stoa_alloc(stoa_task *t, size_t n)
{
    void *p = arena_alloc(&t->arena, n);
    return p ? memset(p, 0, n) : NULL;
}

int stoa_defer(stoa_task *t, void (*fn)(void *), void *arg)
{
    struct task_defer *d = arena_alloc(&t->arena, sizeof *d);
    if (!d) {
        fn(arg);
        return -ENOMEM;
    }
    *d = (struct task_defer){ t->defers, fn, arg };
    t->defers = d;
    return 0;
}
