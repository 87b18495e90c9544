/* A task's birth and end: what it is given, what it owns, in which order that goes. */
#include "base/mem.h"
#include "task/task.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int ended_result;
static void *ended_arg;

static void on_end(void *arg, int result)
{
    ended_arg = arg;
    ended_result = result;
}

static int seven(stoa_task *t, void *arg)
{
    (void)t;
    *(int *)arg += 1;
    return 7;
}

static void runs_at_once_and_ends(void **state)
{
    (void)state;
    struct sched s;
    int calls = 0;
    assert_int_equal(sched_init(&s, &mem_default, 0), 0);
    assert_int_equal(task_start(&s, seven, &calls, on_end), 0);
    assert_int_equal(calls, 1);
    assert_int_equal(ended_result, 7);
    assert_ptr_equal(ended_arg, &calls);
    sched_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_at_once_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
