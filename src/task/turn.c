/* task/turn.c -- sched_turn, one turn of a core (sched.h). Apart from sched.c because it knows what
 * a task is.
 *
 * It continues tasks itself, not through a job's function: with no return between leaving one task
 * and entering the next, the processor predicts the next one's returns from the last one's calls,
 * which are mostly the same. */
#include "base/check.h"
#include "task/state.h"

static void fire_due(struct sched *s)
{
    struct heap_node *n;
    s->firing = true;
    while ((n = heap_first(&s->timers)) && n->key <= s->now) {
        struct timer *t = list_owner(n, struct timer, node);
        heap_remove(&s->timers, n);
        t->fire(t);
    }
    s->firing = false;
}

TOOLS_SWITCHES void sched_turn(struct sched *s, stoa_time now)
{
    check(!s->running);
    s->now = now;
    fire_due(s);
    struct list turn, *n;
    list_init(&turn);
    list_move_all(&turn, &s->ready);
    while ((n = list_pop_front(&turn))) {
        struct job *j = list_owner(n, struct job, node);
        s->ran++;
        if (j->run)
            j->run(j);
        else
            task_continue(s, list_owner(j, stoa_task, job));
    }
}
