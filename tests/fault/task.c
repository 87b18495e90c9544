/* A family of tasks whose 1st, 2nd, 3rd ... allocation fails, until all of it passes: whatever
 * fails is told, everything ends, nothing leaks. */
#include "task/task.h"
#include "support/flaky.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct flaky mem;
static struct sched s;
static int deferred, run; /* how often stoa_defer was called, and its function */

static void count_run(void *arg)
{
    (void)arg;
    run++;
}

static int child_main(stoa_task *t, void *arg)
{
    deferred++;
    int r = stoa_defer(t, count_run, NULL);
    if (r == 0 && !stoa_alloc(t, 5000))
        r = -ENOMEM;
    if (r == 0)
        r = stoa_sleep(t, *(stoa_time *)arg);
    return r;
}

/* 5 children, on stacks so large that each needs a mapping of its own. */
static int parent_main(stoa_task *t, void *arg)
{
    (void)arg;
    int r = 0;
    stoa_deadline(t, 1000);
    for (stoa_time span = 5; span > 0 && r == 0; span--)
        r = stoa_spawn(t, child_main, &span, sizeof span);
    if (r == 0)
        r = stoa_join(t);
    return r; /* those that are left end with it */
}

static int outcome;

static void keep_outcome(void *arg, int result)
{
    (void)arg;
    outcome = result;
}

static int run_family(void)
{
    int r = sched_init(&s, &mem.mem, 64 << 20);
    if (r < 0)
        return r;
    r = task_start(&s, parent_main, NULL, keep_outcome);
    while (s.tasks > 0)
        sched_turn(&s, sched_due(&s));
    sched_done(&s);
    return r < 0 ? r : outcome;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    int n = 0;
    for (;; n++) {
        flaky_init(&mem, n);
        deferred = run = outcome = 0;
        int r = run_family();
        assert_int_equal(mem.bytes, 0);
        assert_int_equal(run, deferred);
        if (mem.failed == 0) {
            assert_int_equal(r, 0);
            break;
        }
        assert_int_equal(r, -ENOMEM);
    }
    assert_in_range(n, 10, 20); /* six mappings, five arenas, the timers */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
