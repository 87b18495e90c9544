/* A task's birth and end: what it is given, what it owns, in which order that goes. */
#include "base/arena.h"
#include "support/flaky.h"
#include "task/task.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct flaky mem;
static struct sched s;
static char trail[64]; /* what happened, a letter each */

static int set_up(void **state)
{
    (void)state;
    flaky_init(&mem, -1);
    memset(trail, 0, sizeof trail);
    return sched_init(&s, &mem.mem, 0);
}

static int tear_down(void **state)
{
    (void)state;
    sched_done(&s);
    return mem.bytes == 0 ? 0 : -1;
}

static void note(char letter)
{
    size_t n = strlen(trail);
    assert_true(n + 1 < sizeof trail);
    trail[n] = letter;
}

static void note_defer(void *arg)
{
    note(*(const char *)arg);
}

static void settle(void)
{
    while (sched_due(&s) <= s.now)
        sched_turn(&s, s.now);
}

/* ---- start and end ---- */

struct end {
    int times, result;
    size_t tasks; /* that lived then */
};

static void on_end(void *arg, int result)
{
    struct end *e = arg;
    assert_null(task_running(&s));
    e->times++;
    e->result = result;
    e->tasks = s.tasks;
}

static int seven(stoa_task *t, void *arg)
{
    assert_ptr_equal(task_running(&s), t);
    assert_int_equal(((struct end *)arg)->times, 0);
    return 7;
}

static void a_task_runs_at_once_and_ends(void **state)
{
    (void)state;
    struct end e = { .times = 0 };
    assert_int_equal(task_start(&s, seven, &e, on_end), 0);
    assert_int_equal(e.times, 1);
    assert_int_equal(e.result, 7);
    assert_int_equal(e.tasks, 0);
}

static void nobody_need_be_told(void **state)
{
    (void)state;
    struct end e = { .times = 0 };
    assert_int_equal(task_start(&s, seven, &e, NULL), 0);
    assert_int_equal(e.times, 0);
}

static int say_begin(stoa_task *t, void *arg)
{
    (void)t;
    (void)arg;
    note('b');
    return 0;
}

static void start_next(void *arg, int result)
{
    int *left = arg;
    assert_int_equal(result, 0);
    note('e');
    if (--*left > 0)
        assert_int_equal(task_start(&s, say_begin, arg, start_next), 0);
}

static void an_end_may_start_the_next(void **state)
{
    (void)state;
    int left = 3;
    assert_int_equal(task_start(&s, say_begin, &left, start_next), 0);
    assert_string_equal(trail, "bebebe");
}

static void no_stack_is_an_answer(void **state)
{
    (void)state;
    struct end e = { .times = 0 };
    struct stack all[64]; /* as many as the first mapping has */
    for (int i = 0; i < 64; i++)
        assert_int_equal(stack_take(&s.stacks, &all[i]), 0);
    mem.left = 0;
    assert_int_equal(task_start(&s, seven, &e, on_end), -ENOMEM);
    assert_int_equal(e.times, 0);
    stack_give(&s.stacks, all[0]);
    assert_int_equal(task_start(&s, seven, &e, on_end), 0);
    assert_int_equal(e.times, 1);
    for (int i = 1; i < 64; i++)
        stack_give(&s.stacks, all[i]);
}

/* ---- memory ---- */

static int allocating(stoa_task *t, void *arg)
{
    (void)arg;
    static const size_t sizes[] = { 0, 1, 7, 100, 1000, 10000, 100000 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char *p = stoa_alloc(t, sizes[i]);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(p[k], 0);
        memset(p, 0xff, sizes[i]); /* the next must not see it */
    }
    assert_null(stoa_alloc(t, SIZE_MAX));
    mem.left = 0;
    assert_null(stoa_alloc(t, 100000));
    mem.left = -1;
    return 0;
}

static void memory_is_zeroed_aligned_and_freed(void **state)
{
    (void)state;
    size_t before = mem.bytes;
    assert_int_equal(task_start(&s, allocating, NULL, NULL), 0);
    assert_int_equal(mem.bytes, before);
    /* On the same stack again: what the one before left there is not seen. */
    assert_int_equal(task_start(&s, allocating, NULL, NULL), 0);
}

static int allocating_little(stoa_task *t, void *arg)
{
    (void)arg;
    mem.left = 0;
    assert_non_null(stoa_alloc(t, 200));
    assert_non_null(arena_alloc(task_arena(t), 200));
    assert_int_equal(stoa_defer(t, note_defer, "d"), 0);
    mem.left = -1;
    return 0;
}

static void a_little_memory_costs_no_allocation(void **state)
{
    (void)state;
    assert_int_equal(task_start(&s, allocating_little, NULL, NULL), 0);
    assert_string_equal(trail, "d");
}

/* ---- defers ---- */

static int sleeping_child(stoa_task *t, void *arg)
{
    (void)arg;
    int r = stoa_sleep(t, 1000);
    note('c');
    return r;
}

static int deferring(stoa_task *t, void *arg)
{
    char *bytes = stoa_alloc(t, 2);
    strcpy(bytes, "m"); /* still there when the defer runs */
    assert_int_equal(stoa_spawn(t, sleeping_child, NULL, 0), 0);
    assert_int_equal(stoa_defer(t, note_defer, "1"), 0);
    assert_int_equal(stoa_defer(t, note_defer, bytes), 0);
    assert_int_equal(stoa_defer(t, note_defer, "3"), 0);
    note('f');
    *(int *)arg = 1;
    return 0;
}

static void say_end(void *arg, int result)
{
    (void)arg;
    (void)result;
    note('e');
}

static void children_then_defers_then_the_end(void **state)
{
    (void)state;
    int arg;
    assert_int_equal(task_start(&s, deferring, &arg, say_end), 0);
    assert_string_equal(trail, "f");
    settle();
    assert_string_equal(trail, "fc3m1e");
}

/* A defer that defers, leaves a child behind, and finds that it may not wait. */
static void busy_defer(void *arg)
{
    stoa_task *t = arg;
    note('b');
    assert_int_equal(stoa_sleep(t, 1), -ECANCELED);
    assert_int_equal(stoa_sleep(t, 0), -ECANCELED);
    assert_int_equal(stoa_join(t), -ECANCELED);
    assert_int_equal(stoa_grace(t, 1), -EALREADY);
    assert_int_equal(stoa_spawn(t, sleeping_child, NULL, 0), 0);
    assert_int_equal(stoa_defer(t, note_defer, "2"), 0);
}

static int deferring_more(stoa_task *t, void *arg)
{
    (void)arg;
    assert_int_equal(stoa_defer(t, note_defer, "1"), 0);
    assert_int_equal(stoa_defer(t, busy_defer, t), 0);
    return 0;
}

static void a_defer_may_leave_work_but_not_wait(void **state)
{
    (void)state;
    assert_int_equal(task_start(&s, deferring_more, NULL, say_end), 0);
    settle();
    assert_string_equal(trail, "bc21e");
}

static void late_defer(void *arg)
{
    note('d');
    assert_int_equal(stoa_sleep(arg, 1), -ETIMEDOUT);
}

/* One thing after another: nothing of the first is left for the second. */
static int serving_twice(stoa_task *t, void *arg)
{
    assert_non_null(stoa_alloc(t, 10000));
    assert_int_equal(stoa_spawn(t, sleeping_child, NULL, 0), 0);
    assert_int_equal(stoa_defer(t, late_defer, t), 0);
    stoa_deadline(t, -1);
    assert_int_equal(stoa_sleep(t, 1), -ETIMEDOUT);
    assert_int_equal(stoa_grace(t, 1000000), 0);
    task_renew(t);
    note('r');
    *(size_t *)arg = mem.bytes;
    assert_int_equal(stoa_deadline(t, 0), STOA_NEVER);
    assert_int_equal(stoa_sleep(t, 1), -ETIMEDOUT); /* the old grace is over */
    assert_int_equal(stoa_grace(t, 1), 0);
    stoa_deadline(t, STOA_NEVER);
    assert_int_equal(stoa_join(t), 0);
    task_cancel(t);
    task_renew(t);
    assert_int_equal(stoa_sleep(t, 0), -ECANCELED);
    return 0;
}

static void a_task_renewed_is_as_one_that_begins(void **state)
{
    (void)state;
    size_t before = mem.bytes, between = 0;
    assert_int_equal(task_start(&s, serving_twice, &between, say_end), 0);
    settle();
    assert_string_equal(trail, "cdre");
    assert_true(between < before + 1000);
}

/* ---- what is owned ---- */

struct thing {
    struct task_owned owned;
    stoa_task *owner;
    char letter;
};

static void end_thing(struct task_owned *o)
{
    struct thing *thing = list_owner(o, struct thing, owned);
    note(thing->letter);
    assert_true(list_is_empty(&o->node));
    assert_int_equal(stoa_sleep(thing->owner, 0), -ECANCELED);
    if (thing->letter == '3') /* ends before what is older */
        assert_int_equal(stoa_defer(thing->owner, note_defer, "d"), 0);
}

static int owning(stoa_task *t, void *arg)
{
    struct thing *things = arg;
    for (int i = 0; i < 4; i++) {
        things[i] = (struct thing){ { .end = end_thing }, t, (char)('1' + i) };
        task_own(t, &things[i].owned);
    }
    list_unlink(&things[1].owned.node); /* nobody's again */
    assert_int_equal(stoa_defer(t, note_defer, "D"), 0);
    assert_int_equal(stoa_spawn(t, sleeping_child, NULL, 0), 0);
    return 0;
}

static void what_is_owned_ends_after_the_defers(void **state)
{
    (void)state;
    struct thing things[4];
    assert_int_equal(task_start(&s, owning, things, say_end), 0);
    settle();
    assert_string_equal(trail, "cD43d1e");
}

static int deferring_without_memory(stoa_task *t, void *arg)
{
    (void)arg;
    assert_non_null(stoa_alloc(t, 500));
    mem.left = 0;
    assert_int_equal(stoa_defer(t, note_defer, "1"), -ENOMEM);
    mem.left = -1;
    note('f');
    return 0;
}

static void what_cannot_be_deferred_is_done_at_once(void **state)
{
    (void)state;
    assert_int_equal(task_start(&s, deferring_without_memory, NULL, NULL), 0);
    assert_string_equal(trail, "1f");
}

/* ---- calls on the core's own stack ---- */

struct deep {
    stoa_task *task;
    char *at; /* where the call's frame was */
};

static int on_core(void *arg)
{
    struct deep *d = arg;
    d->at = __builtin_frame_address(0);
    assert_null(task_running(&s)); /* it may not wait */
    task_cancel(d->task);          /* heard at the next wait */
    return 42;
}

static int calling(stoa_task *t, void *arg)
{
    struct deep *d = arg;
    d->task = t;
    char *mine = __builtin_frame_address(0);
    assert_int_equal(task_on_core_stack(&s, on_core, d), 42);
    assert_ptr_equal(task_running(&s), t);
    assert_true(d->at < mine - s.stacks.bytes || d->at > mine + s.stacks.bytes);
    assert_int_equal(task_on_core_stack(&s, on_core, d), 42); /* twice in a row */
    assert_int_equal(task_park(&s), -ECANCELED);
    return 0;
}

static void a_call_on_the_cores_own_stack(void **state)
{
    (void)state;
    struct deep d;
    assert_int_equal(task_start(&s, calling, &d, NULL), 0);
}

static int starts_another(void *arg)
{
    return task_start(&s, calling, arg, NULL);
}

static int calling_a_start(stoa_task *t, void *arg)
{
    (void)t;
    assert_int_equal(task_on_core_stack(&s, starts_another, arg), 0);
    note('1');
    return 0;
}

static void a_call_there_may_start_a_task_that_calls_as_well(void **state)
{
    (void)state;
    struct deep d;
    assert_int_equal(task_start(&s, calling_a_start, &d, NULL), 0);
    assert_string_equal(trail, "1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_task_runs_at_once_and_ends),
        TEST(nobody_need_be_told),
        TEST(an_end_may_start_the_next),
        TEST(no_stack_is_an_answer),
        TEST(memory_is_zeroed_aligned_and_freed),
        TEST(a_little_memory_costs_no_allocation),
        TEST(children_then_defers_then_the_end),
        TEST(a_defer_may_leave_work_but_not_wait),
        TEST(a_task_renewed_is_as_one_that_begins),
        TEST(what_is_owned_ends_after_the_defers),
        TEST(what_cannot_be_deferred_is_done_at_once),
        TEST(a_call_on_the_cores_own_stack),
        TEST(a_call_there_may_start_a_task_that_calls_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
