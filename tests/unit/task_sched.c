/* The turn: jobs, timers, and the moment when the next turn is due. */
#include "support/flaky.h"
#include "task/sched.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct flaky mem;
static struct sched s;
static char trail[32]; /* what ran, a letter each */

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

/* A job that says its letter, and posts another and unposts a third. */
struct letter {
    struct job job;
    char letter;
    struct job *post, *unpost;
};

static void letter_run(struct job *j)
{
    struct letter *l = list_owner(j, struct letter, job);
    note(l->letter);
    if (l->post)
        sched_post(&s, l->post);
    if (l->unpost)
        sched_unpost(l->unpost);
}

static void letter_init(struct letter *l, char letter)
{
    *l = (struct letter){ .letter = letter };
    job_init(&l->job, letter_run);
}

static void jobs_run_once_in_order(void **state)
{
    (void)state;
    struct letter a, b;
    letter_init(&a, 'a');
    letter_init(&b, 'b');
    sched_post(&s, &b.job);
    sched_post(&s, &a.job);
    sched_post(&s, &b.job);
    sched_turn(&s, 1);
    sched_turn(&s, 2);
    assert_string_equal(trail, "ba");
}

static void a_turn_runs_what_was_ready_at_its_start(void **state)
{
    (void)state;
    struct letter a, b, c;
    letter_init(&a, 'a');
    letter_init(&b, 'b');
    letter_init(&c, 'c');
    a.post = &a.job; /* for ever */
    b.post = &a.job;
    sched_post(&s, &a.job);
    sched_post(&s, &b.job);
    sched_turn(&s, 1);
    assert_string_equal(trail, "ab");
    assert_int_equal(sched_due(&s), 1);
    sched_turn(&s, 2);
    assert_string_equal(trail, "aba");
    sched_unpost(&a.job);
    sched_unpost(&a.job);
    sched_turn(&s, 3);
    assert_string_equal(trail, "aba");
}

static void a_job_may_take_out_a_later_one(void **state)
{
    (void)state;
    struct letter a, b, c;
    letter_init(&a, 'a');
    letter_init(&b, 'b');
    letter_init(&c, 'c');
    a.unpost = &b.job;
    sched_post(&s, &a.job);
    sched_post(&s, &b.job);
    sched_post(&s, &c.job);
    sched_turn(&s, 1);
    assert_string_equal(trail, "ac");
}

/* ---- timers ---- */

struct bell {
    struct timer timer;
    char letter;
    stoa_time again; /* 0 = once */
    struct timer *clear;
    struct job *post;
};

static void bell_fire(struct timer *t)
{
    struct bell *b = list_owner(t, struct bell, timer);
    note(b->letter);
    if (b->again)
        assert_int_equal(timer_set(&s, t, b->again), 0);
    if (b->clear)
        timer_clear(&s, b->clear);
    if (b->post)
        sched_post(&s, b->post);
}

static void bell_init(struct bell *b, char letter)
{
    *b = (struct bell){ .letter = letter };
    timer_init(&b->timer, bell_fire);
}

static void timers_fire_when_due(void **state)
{
    (void)state;
    struct bell a, b, c;
    bell_init(&a, 'a');
    bell_init(&b, 'b');
    bell_init(&c, 'c');
    assert_int_equal(sched_due(&s), STOA_NEVER);
    assert_int_equal(timer_set(&s, &a.timer, 30), 0);
    assert_int_equal(timer_set(&s, &b.timer, 10), 0);
    assert_int_equal(timer_set(&s, &c.timer, 20), 0);
    assert_int_equal(sched_due(&s), 10);
    assert_int_equal(timer_set(&s, &a.timer, 5), 0); /* moved */
    assert_int_equal(sched_due(&s), 5);
    sched_turn(&s, 4);
    assert_string_equal(trail, "");
    sched_turn(&s, 10);
    assert_string_equal(trail, "ab");
    timer_clear(&s, &c.timer);
    timer_clear(&s, &c.timer);
    sched_turn(&s, 100);
    assert_string_equal(trail, "ab");
    assert_int_equal(timer_set(&s, &c.timer, -7), 0); /* past: the next turn */
    sched_turn(&s, 100);
    assert_string_equal(trail, "abc");
}

static void timers_come_before_jobs(void **state)
{
    (void)state;
    struct letter j, k;
    struct bell b, c;
    letter_init(&j, 'j');
    letter_init(&k, 'k');
    bell_init(&b, 'b');
    bell_init(&c, 'c');
    b.post = &k.job;
    b.clear = &c.timer;
    sched_post(&s, &j.job);
    assert_int_equal(timer_set(&s, &b.timer, 5), 0);
    assert_int_equal(timer_set(&s, &c.timer, 6), 0);
    sched_turn(&s, 7);
    assert_string_equal(trail, "bjk");
}

static void a_timer_that_sets_itself_in_the_past_waits_for_a_later_turn(void **state)
{
    (void)state;
    struct bell b;
    bell_init(&b, 'b');
    b.again = 3;
    assert_int_equal(timer_set(&s, &b.timer, 5), 0);
    sched_turn(&s, 8);
    assert_string_equal(trail, "b");
    assert_int_equal(sched_due(&s), 9);
    sched_turn(&s, 9);
    assert_string_equal(trail, "bb");
    timer_clear(&s, &b.timer);
}

static void no_room_for_a_timer_is_an_answer(void **state)
{
    (void)state;
    struct bell b;
    bell_init(&b, 'b');
    mem.left = 0;
    assert_int_equal(timer_set(&s, &b.timer, 5), -ENOMEM);
    timer_clear(&s, &b.timer);
    assert_int_equal(sched_due(&s), STOA_NEVER);
    mem.left = -1;
    assert_int_equal(timer_set(&s, &b.timer, 5), 0);
    mem.left = 0;
    assert_int_equal(timer_set(&s, &b.timer, 6), 0); /* it is set: no room needed */
    timer_clear(&s, &b.timer);
}

static void a_core_without_a_stack_does_not_start(void **state)
{
    (void)state;
    struct flaky none;
    struct sched other;
    flaky_init(&none, 0);
    assert_int_equal(sched_init(&other, &none.mem, 0), -ENOMEM);
    assert_int_equal(none.bytes, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(jobs_run_once_in_order),
        TEST(a_turn_runs_what_was_ready_at_its_start),
        TEST(a_job_may_take_out_a_later_one),
        TEST(timers_fire_when_due),
        TEST(timers_come_before_jobs),
        TEST(a_timer_that_sets_itself_in_the_past_waits_for_a_later_turn),
        TEST(no_room_for_a_timer_is_an_answer),
        TEST(a_core_without_a_stack_does_not_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
