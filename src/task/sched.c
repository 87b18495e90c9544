/* task/sched.c -- see sched.h; sched_turn is in turn.c. */
#include "task/sched.h"
#include "base/check.h"

#include <errno.h>

int sched_init(struct sched *s, const struct stoa_mem *mem, size_t stack_bytes)
{
    *s = (struct sched){ .mem = mem };
    list_init(&s->ready);
    heap_init(&s->timers, mem);
    context_init_own(&s->core);
    stacks_init(&s->stacks, mem, stack_bytes);
    /* Map the first stacks now: a core that can have none says so at its start. */
    struct stack first;
    int r = stack_take(&s->stacks, &first);
    if (r < 0) {
        stacks_done(&s->stacks);
        return r;
    }
    stack_give(&s->stacks, first);
    return 0;
}

void sched_done(struct sched *s)
{
    check(s->tasks == 0);
    check(list_is_empty(&s->ready));
    check(!heap_first(&s->timers));
    heap_done(&s->timers);
    stacks_done(&s->stacks);
}

void sched_post(struct sched *s, struct job *j)
{
    if (list_is_empty(&j->node))
        list_push_back(&s->ready, &j->node);
}

void timer_init(struct timer *t, void (*fire)(struct timer *t))
{
    *t = (struct timer){ .fire = fire };
}

int timer_set(struct sched *s, struct timer *t, stoa_time when)
{
    if (s->firing && when <= s->now)
        when = s->now + 1;
    if (heap_has(&t->node)) {
        heap_rekey(&s->timers, &t->node, when);
        return 0;
    }
    t->node.key = when;
    return heap_insert(&s->timers, &t->node);
}

stoa_time sched_due(const struct sched *s)
{
    if (!list_is_empty(&s->ready))
        return s->now;
    const struct heap_node *n = heap_first(&s->timers);
    return n ? n->key : STOA_NEVER;
}
