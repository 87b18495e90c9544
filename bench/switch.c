/* bench/switch.c -- what tasks cost: the switch, a wait, a whole task, 10,000 cold ones.
 *
 * Prints nanoseconds of CPU time, the median of RUNS runs. Uses the library's own floors (src/task), since no
 * public call is that small. */
#include "base/mem.h"
#include "task/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RUNS = 15, ROUNDS = 200000, COLD = 10000, FEW = 8 };

static double clock_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static int smaller(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Prints the median of what measure(arg) returns, in nanoseconds per n things. */
static void report(const char *what, double (*measure)(void *), void *arg, double n)
{
    double ns[RUNS];
    for (int i = 0; i < RUNS; i++)
        ns[i] = measure(arg) / n;
    qsort(ns, RUNS, sizeof ns[0], smaller);
    printf("%-52s %7.1f ns\n", what, ns[RUNS / 2]);
}

/* ---- the switch alone: two flows that do nothing but switch to each other ---- */

struct pair {
    struct context own, other;
};

static _Noreturn void other_main(struct switched *from, struct switched *self)
{
    struct pair *p = list_owner(context_begin(from, self), struct pair, other);
    for (;;)
        context_switch(&p->other, &p->own);
}

static double measure_switch(void *arg)
{
    struct pair *p = arg;
    double start = clock_ns();
    for (int i = 0; i < ROUNDS; i++)
        context_switch(&p->own, &p->other);
    return clock_ns() - start;
}

/* ---- tasks ---- */

struct group {
    struct sched sched;
    int count;
    stoa_task *tasks[COLD];
    bool stop;
};

static int parker(stoa_task *t, void *arg)
{
    struct group *g = arg;
    g->tasks[g->count++] = t;
    while (!g->stop)
        task_park(task_sched(t));
    return 0;
}

static int nothing(stoa_task *t, void *arg)
{
    (void)t;
    (void)arg;
    return 0;
}

static void turn(struct group *g)
{
    for (int i = 0; i < g->count; i++)
        task_wake(g->tasks[i]);
    sched_turn(&g->sched, 1);
}

static double measure_waits(void *arg)
{
    struct group *g = arg;
    int rounds = ROUNDS / g->count;
    double start = clock_ns();
    for (int i = 0; i < rounds; i++)
        turn(g);
    return clock_ns() - start;
}

static double measure_tasks(void *arg)
{
    struct group *g = arg;
    double start = clock_ns();
    for (int i = 0; i < ROUNDS; i++)
        task_start(&g->sched, nothing, NULL, NULL);
    return clock_ns() - start;
}

static int spawner(stoa_task *t, void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS / 10; i++) {
        for (int k = 0; k < 10; k++)
            stoa_spawn(t, nothing, NULL, 0);
        stoa_join(t);
    }
    return 0;
}

static double measure_children(void *arg)
{
    struct group *g = arg;
    double start = clock_ns();
    task_start(&g->sched, spawner, NULL, NULL);
    while (g->sched.tasks > 0)
        sched_turn(&g->sched, 1);
    return clock_ns() - start;
}

static void report_waits(const char *what, struct group *g, int count)
{
    g->stop = false;
    g->count = 0;
    while (g->count < count)
        if (task_start(&g->sched, parker, g, NULL) < 0)
            exit(1);
    report(what, measure_waits, g, ROUNDS / count * count);
    g->stop = true;
    turn(g);
}

int main(void)
{
    struct pair pair;
    struct stacks stacks;
    struct stack stack;
    stacks_init(&stacks, &mem_default, 0);
    if (stack_take(&stacks, &stack) < 0)
        return 1;
    context_init_own(&pair.own);
    context_init(&pair.other, stack, other_main);
    report("switch", measure_switch, &pair, 2.0 * ROUNDS);
    stack_give(&stacks, stack);
    stacks_done(&stacks);

    static struct group g;
    if (sched_init(&g.sched, &mem_default, 0) < 0)
        return 1;
    report("start, run and end a task that does nothing", measure_tasks, &g, ROUNDS);
    report("the same as a child, spawned and joined by tens", measure_children, &g, ROUNDS);
    report_waits("wake a task, run it until it waits (8 tasks)", &g, FEW);
    report_waits("the same with 10,000 tasks, whose stacks are cold", &g, COLD);
    sched_done(&g.sched);
    return 0;
}
