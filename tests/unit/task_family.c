/* Parents and children: spawn, join, cancel; a child never outlives its parent. */
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

enum { NOT_YET = 12345 };

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

/* Turns until nothing is ready. */
static void settle(void)
{
    while (sched_due(&s) <= s.now)
        sched_turn(&s, s.now);
}

/* A child: says its letter, sleeps, says it in capitals (or x when it was cancelled, t when it ran
 * out of time), and returns result, or what cut it when that is 0. */
struct child {
    char letter;
    stoa_time sleep; /* < 0: none */
    int result;
};

static int child_main(stoa_task *t, void *arg)
{
    const struct child *c = arg;
    note(c->letter);
    int r = c->sleep < 0 ? 0 : stoa_sleep(t, c->sleep);
    note(r == -ECANCELED ? 'x' : r == -ETIMEDOUT ? 't' : (char)(c->letter - 'a' + 'A'));
    return c->result ? c->result : r;
}

static void spawn(stoa_task *t, struct child c)
{
    assert_int_equal(stoa_spawn(t, child_main, &c, sizeof c), 0);
}

/* What the parent under test does is given as a function. */
static int joined; /* what its join returned */

static void run(stoa_fn *parent)
{
    joined = NOT_YET;
    assert_int_equal(task_start(&s, parent, NULL, NULL), 0);
    settle();
}

/* ---- spawn ---- */

static int spawn_and_look(stoa_task *t, void *arg)
{
    (void)arg;
    spawn(t, (struct child){ 'a', -1, 0 });
    note('1');
    joined = stoa_join(t);
    note('2');
    return 0;
}

static void a_child_runs_when_its_parent_waits(void **state)
{
    (void)state;
    run(spawn_and_look);
    assert_string_equal(trail, "1aA2");
    assert_int_equal(joined, 0);
}

static int sum_of_bytes(stoa_task *t, void *arg)
{
    (void)t;
    assert_int_equal((uintptr_t)arg % 16, 0);
    int sum = 0;
    for (int i = 0; i < 256; i++)
        sum += ((unsigned char *)arg)[i];
    return sum;
}

static int argument_is_null(stoa_task *t, void *arg)
{
    (void)t;
    return arg == NULL;
}

static int spawn_with_arguments(stoa_task *t, void *arg)
{
    (void)arg;
    unsigned char bytes[257];
    memset(bytes, 3, sizeof bytes);
    assert_int_equal(stoa_spawn(t, sum_of_bytes, bytes, 257), -EINVAL);
    assert_int_equal(stoa_spawn(t, sum_of_bytes, bytes, 256), 0);
    memset(bytes, 0, sizeof bytes); /* it has a copy */
    joined = stoa_join(t);
    assert_int_equal(joined, 3 * 256);
    assert_int_equal(stoa_spawn(t, argument_is_null, bytes, 0), 0);
    joined = stoa_join(t);
    return 0;
}

static void the_argument_is_copied(void **state)
{
    (void)state;
    run(spawn_with_arguments);
    assert_int_equal(joined, 1);
}

static int spawn_many(stoa_task *t, void *arg)
{
    (void)arg;
    int n = 0;
    mem.left = 0;
    while (stoa_spawn(t, argument_is_null, NULL, 0) == 0)
        n++;
    mem.left = -1;
    joined = stoa_join(t);
    return n;
}

static int parent_result;

static void keep_result(void *arg, int result)
{
    (void)arg;
    parent_result = result;
}

static void no_stack_is_an_answer(void **state)
{
    (void)state;
    assert_int_equal(task_start(&s, spawn_many, NULL, keep_result), 0);
    settle();
    assert_int_equal(parent_result, 63); /* a mapping's, but the parent's own */
    assert_int_equal(joined, 1);
}

/* ---- join ---- */

static int join_three(stoa_task *t, void *arg)
{
    (void)arg;
    spawn(t, (struct child){ 'a', 30, 0 });
    spawn(t, (struct child){ 'b', 10, 0 });
    spawn(t, (struct child){ 'c', 20, 0 });
    joined = stoa_join(t);
    note('2');
    joined = stoa_join(t); /* none left */
    return 0;
}

static void join_waits_for_all(void **state)
{
    (void)state;
    run(join_three);
    assert_int_equal(joined, NOT_YET);
    sched_turn(&s, 10);
    assert_string_equal(trail, "abcB");
    assert_int_equal(sched_due(&s), 20); /* the parent was not woken for that */
    sched_turn(&s, 20);
    settle();
    assert_string_equal(trail, "abcBC");
    assert_int_equal(joined, NOT_YET);
    sched_turn(&s, 30);
    settle();
    assert_string_equal(trail, "abcBCA2");
    assert_int_equal(joined, 0);
}

static int join_with_answer(stoa_task *t, void *arg)
{
    (void)arg;
    spawn(t, (struct child){ 'a', 10, 0 });
    spawn(t, (struct child){ 'b', 20, 5 });
    spawn(t, (struct child){ 'c', 30, -EIO });
    joined = stoa_join(t);
    note('2');
    assert_int_equal(stoa_join(t), 0); /* the result was told */
    return 0;
}

static void the_first_result_cancels_the_others(void **state)
{
    (void)state;
    run(join_with_answer);
    sched_turn(&s, 10);
    settle();
    sched_turn(&s, 20);
    settle();
    assert_string_equal(trail, "abcABx2");
    assert_int_equal(joined, 5);
}

/* Says goodbye when it is cancelled. */
static int polite_child(stoa_task *t, void *arg)
{
    (void)arg;
    assert_int_equal(stoa_sleep(t, 1000), -ECANCELED);
    assert_int_equal(stoa_grace(t, 100), 0);
    int r = stoa_sleep(t, 50);
    note('g');
    return r;
}

static int join_polite(stoa_task *t, void *arg)
{
    (void)arg;
    spawn(t, (struct child){ 'a', 10, 5 });
    spawn(t, (struct child){ 'b', 100, 0 });
    assert_int_equal(stoa_spawn(t, polite_child, NULL, 0), 0);
    joined = stoa_join(t);
    note('2');
    return 0;
}

static void join_waits_for_goodbyes(void **state)
{
    (void)state;
    run(join_polite);
    sched_turn(&s, 10); /* a has the answer */
    sched_turn(&s, 10); /* its parent cancels the others */
    sched_turn(&s, 10); /* b ends, the polite one does not */
    assert_string_equal(trail, "abAx");
    assert_int_equal(sched_due(&s), 60); /* the parent was not woken for that */
    sched_turn(&s, 60);
    settle();
    assert_string_equal(trail, "abAxg2");
    assert_int_equal(joined, 5);
}

static int join_late(stoa_task *t, void *arg)
{
    (void)arg;
    spawn(t, (struct child){ 'a', -1, -EIO });
    spawn(t, (struct child){ 'b', 100, 0 });
    assert_int_equal(stoa_sleep(t, 10), 0);
    note('1');
    joined = stoa_join(t);
    return 0;
}

static void a_result_from_before_the_join_counts(void **state)
{
    (void)state;
    run(join_late);
    sched_turn(&s, 10);
    settle();
    assert_string_equal(trail, "aAb1x");
    assert_int_equal(joined, -EIO);
}

/* The end of a child is no wake-up for another wait of its parent. */
static int park_beside_children(stoa_task *t, void *arg)
{
    *(stoa_task **)arg = t;
    spawn(t, (struct child){ 'a', -1, 1 });
    joined = task_park(&s);
    return 0;
}

static void a_childs_end_wakes_joins_only(void **state)
{
    (void)state;
    stoa_task *t;
    joined = NOT_YET;
    assert_int_equal(task_start(&s, park_beside_children, &t, NULL), 0);
    settle();
    assert_string_equal(trail, "aA");
    assert_int_equal(joined, NOT_YET);
    task_wake(t);
    settle();
    assert_int_equal(joined, 0);
}

static int join_under_deadline(stoa_task *t, void *arg)
{
    (void)arg;
    spawn(t, (struct child){ 'a', 100, 0 }); /* before there is a deadline */
    stoa_deadline(t, 10);
    spawn(t, (struct child){ 'b', 100, 0 });
    joined = stoa_join(t);
    note('2');
    return joined;
}

static void a_deadline_ends_the_join_and_the_children(void **state)
{
    (void)state;
    run(join_under_deadline);
    sched_turn(&s, 10);
    assert_int_equal(joined, NOT_YET); /* not before they have ended */
    settle();
    assert_string_equal(trail, "abtx2");
    assert_int_equal(joined, -ETIMEDOUT);
}

static int join_cancelled(stoa_task *t, void *arg)
{
    (void)arg;
    task_cancel(t);
    assert_int_equal(stoa_join(t), -ECANCELED); /* as any wait would */
    spawn(t, (struct child){ 'a', 100, 0 });    /* born cancelled */
    joined = stoa_join(t);
    note('2');
    return 0;
}

static void a_cancelled_join_still_waits_for_the_children(void **state)
{
    (void)state;
    run(join_cancelled);
    assert_string_equal(trail, "ax2");
    assert_int_equal(joined, -ECANCELED);
}

static int spawn_cancelled(stoa_task *t, void *arg)
{
    *(stoa_task **)arg = t;
    task_cancel(t);
    spawn(t, (struct child){ 'a', 100, 0 });
    task_park_deaf(&s); /* the child runs before any join can cancel it */
    return 0;
}

static void a_cancelled_tasks_child_is_born_cancelled(void **state)
{
    (void)state;
    stoa_task *t;
    assert_int_equal(task_start(&s, spawn_cancelled, &t, NULL), 0);
    settle();
    assert_string_equal(trail, "ax");
    task_wake(t);
    settle();
}

static int join_without_timer(stoa_task *t, void *arg)
{
    (void)arg;
    stoa_deadline(t, 10);
    spawn(t, (struct child){ 'a', -1, 0 });
    mem.left = 0;
    joined = stoa_join(t);
    note('2');
    return 0;
}

static void a_join_without_room_for_its_timer_ends_the_children(void **state)
{
    (void)state;
    run(join_without_timer);
    assert_string_equal(trail, "aA2");
    assert_int_equal(joined, -ENOMEM);
}

/* ---- the end of a parent ---- */

static int leave_children(stoa_task *t, void *arg)
{
    (void)arg;
    spawn(t, (struct child){ 'a', 100, 0 });
    spawn(t, (struct child){ 'b', -1, 0 });
    stoa_sleep(t, 10);
    spawn(t, (struct child){ 'c', 100, 0 }); /* not begun when its parent returns */
    note('1');
    return 3;
}

static void say_end(void *arg, int result)
{
    (void)arg;
    parent_result = result;
    note('e');
}

static void children_end_before_their_parent(void **state)
{
    (void)state;
    parent_result = 0;
    assert_int_equal(task_start(&s, leave_children, NULL, say_end), 0);
    settle();
    sched_turn(&s, 10);
    settle();
    assert_string_equal(trail, "abB1cxxe");
    assert_int_equal(parent_result, 3);
}

/* ---- cancel ---- */

static int parent_of_one(stoa_task *t, void *arg)
{
    (void)arg;
    assert_int_equal(stoa_grace(t, 1000), 0); /* its join is not cut, so it passes nothing on */
    spawn(t, (struct child){ 'c', 100, 0 });
    int r = stoa_join(t);
    note('p');
    return r;
}

static int cancel_grandchildren(stoa_task *t, void *arg)
{
    (void)arg;
    assert_int_equal(stoa_spawn(t, parent_of_one, NULL, 0), 0);
    spawn(t, (struct child){ 'b', 100, 0 });
    assert_int_equal(stoa_sleep(t, 10), 0);
    stoa_cancel(t);
    assert_int_equal(stoa_sleep(t, 10), 0); /* not itself */
    note('1');
    joined = stoa_join(t);
    return 0;
}

static void cancel_reaches_grandchildren(void **state)
{
    (void)state;
    run(cancel_grandchildren);
    sched_turn(&s, 10);
    settle();
    assert_string_equal(trail, "bcxxp");
    sched_turn(&s, 20);
    settle();
    assert_string_equal(trail, "bcxxp1");
    assert_int_equal(joined, -ECANCELED);
}

/* A chain of tasks, each the child of the one before, longer than a recursion over it could go on
 * the smallest stack. */
static int link_main(stoa_task *t, void *arg)
{
    int depth = *(int *)arg - 1;
    if (depth > 0)
        assert_int_equal(stoa_spawn(t, link_main, &depth, sizeof depth), 0);
    int r = depth > 0 ? stoa_join(t) : stoa_sleep(t, 100);
    return r;
}

static int chain_main(stoa_task *t, void *arg)
{
    (void)arg;
    int depth = 400;
    assert_int_equal(stoa_spawn(t, link_main, &depth, sizeof depth), 0);
    assert_int_equal(stoa_sleep(t, 10), 0);
    stoa_cancel(t);
    joined = stoa_join(t);
    return 0;
}

static void cancel_goes_as_deep_as_it_must(void **state)
{
    (void)state;
    sched_done(&s);
    assert_int_equal(sched_init(&s, &mem.mem, 1), 0);
    run(chain_main);
    assert_int_equal(s.tasks, 401);
    sched_turn(&s, 10);
    settle();
    assert_int_equal(joined, -ECANCELED);
}

/* A child that has a child of its parent's made, when that one is being ended. */
static int spawn_sibling(stoa_task *t, void *arg)
{
    stoa_task *parent = *(stoa_task **)arg;
    int r = stoa_sleep(t, 100);
    spawn(parent, (struct child){ 's', 1000, 0 });
    return r;
}

static int end_with_late_sibling(stoa_task *t, void *arg)
{
    (void)arg;
    assert_int_equal(stoa_spawn(t, spawn_sibling, &t, sizeof t), 0);
    spawn(t, (struct child){ 'a', 10, 7 });
    joined = stoa_join(t);
    note('2');
    return 0;
}

static void children_born_during_the_end_are_cancelled(void **state)
{
    (void)state;
    run(end_with_late_sibling);
    sched_turn(&s, 10);
    settle();
    assert_string_equal(trail, "aAsx2");
    assert_int_equal(joined, 7);
}

/* ---- what children start with ---- */

static int tell_deadline(stoa_task *t, void *arg)
{
    (void)arg;
    return (int)stoa_deadline(t, STOA_NEVER);
}

static int parent_with_deadline(stoa_task *t, void *arg)
{
    (void)arg;
    stoa_deadline(t, 77);
    assert_int_equal(stoa_spawn(t, tell_deadline, NULL, 0), 0);
    joined = stoa_join(t);
    return 0;
}

static void a_child_starts_with_its_parents_deadline(void **state)
{
    (void)state;
    run(parent_with_deadline);
    assert_int_equal(joined, 77);
}

static int parent_late_in_grace(stoa_task *t, void *arg)
{
    (void)arg;
    stoa_deadline(t, 10);
    assert_int_equal(stoa_sleep(t, 100), -ETIMEDOUT);
    assert_int_equal(stoa_grace(t, 50), 0);
    spawn(t, (struct child){ 'a', 20, 0 });
    joined = stoa_join(t);
    return 0;
}

static void a_childs_goodbye_is_its_parents(void **state)
{
    (void)state;
    run(parent_late_in_grace);
    sched_turn(&s, 10);
    sched_turn(&s, 11);
    sched_turn(&s, 31);
    settle();
    assert_string_equal(trail, "aA");
    assert_int_equal(joined, 0);
}

static int parent_in_grace(stoa_task *t, void *arg)
{
    *(stoa_task **)arg = t;
    assert_int_equal(stoa_sleep(t, 100), -ECANCELED);
    assert_int_equal(stoa_grace(t, 50), 0);
    spawn(t, (struct child){ 'a', 20, 0 });
    assert_int_equal(stoa_join(t), 0);
    spawn(t, (struct child){ 'b', 100, 0 });
    joined = stoa_join(t);
    note('2');
    return 0;
}

static void children_of_a_task_in_grace_have_what_is_left_of_it(void **state)
{
    (void)state;
    stoa_task *t;
    joined = NOT_YET;
    assert_int_equal(task_start(&s, parent_in_grace, &t, NULL), 0);
    sched_turn(&s, 10);
    task_cancel(t);
    settle();
    assert_string_equal(trail, "a");
    sched_turn(&s, 30);
    settle();
    assert_string_equal(trail, "aAb");
    sched_turn(&s, 60);
    settle();
    assert_string_equal(trail, "aAbt2");
    assert_int_equal(joined, -ECANCELED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_child_runs_when_its_parent_waits),
        TEST(the_argument_is_copied),
        TEST(no_stack_is_an_answer),
        TEST(join_waits_for_all),
        TEST(the_first_result_cancels_the_others),
        TEST(join_waits_for_goodbyes),
        TEST(a_result_from_before_the_join_counts),
        TEST(a_childs_end_wakes_joins_only),
        TEST(a_deadline_ends_the_join_and_the_children),
        TEST(a_cancelled_join_still_waits_for_the_children),
        TEST(a_cancelled_tasks_child_is_born_cancelled),
        TEST(a_join_without_room_for_its_timer_ends_the_children),
        TEST(children_end_before_their_parent),
        TEST(cancel_reaches_grandchildren),
        TEST(cancel_goes_as_deep_as_it_must),
        TEST(children_born_during_the_end_are_cancelled),
        TEST(a_child_starts_with_its_parents_deadline),
        TEST(a_childs_goodbye_is_its_parents),
        TEST(children_of_a_task_in_grace_have_what_is_left_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
