/* Waiting: who wakes it, what limits it, and what it returns then. */
#include "support/flaky.h"
#include "task/task.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

static struct flaky mem;
static struct sched s;

static int set_up(void **state)
{
    (void)state;
    flaky_init(&mem, -1);
    return sched_init(&s, &mem.mem, 0);
}

static int tear_down(void **state)
{
    (void)state;
    sched_done(&s);
    return mem.bytes == 0 ? 0 : -1;
}

/* One task that waits in a chosen way, again and again, and tells what each wait returned. */
enum { NOT_YET = 12345 };

struct waiter {
    stoa_task *task;
    stoa_time deadline;
    stoa_time sleep; /* -1 = parks */
    bool deaf;
    int waits; /* still to do */
    stoa_time grace;
    int returned; /* by the last wait */
    int grace_returned;
    stoa_time woken_at;
};

static int wait_once(stoa_task *t, struct waiter *w)
{
    if (w->deaf) {
        task_park_deaf(&s);
        return 0;
    }
    return w->sleep >= 0 ? stoa_sleep(t, w->sleep) : task_park(&s);
}

static int waiting(stoa_task *t, void *arg)
{
    struct waiter *w = arg;
    w->task = t;
    if (w->deadline)
        stoa_deadline(t, w->deadline);
    while (w->waits-- > 0) {
        w->returned = NOT_YET;
        w->returned = wait_once(t, w);
        w->woken_at = stoa_now(t);
        if (w->returned < 0 && w->grace)
            w->grace_returned = stoa_grace(t, w->grace);
    }
    w->task = NULL;
    return w->returned;
}

static void begin(struct waiter *w)
{
    if (!w->waits)
        w->waits = 1;
    assert_int_equal(task_start(&s, waiting, w, NULL), 0);
}

static void a_wake_ends_a_wait(void **state)
{
    (void)state;
    struct waiter w = { .sleep = -1, .waits = 2 };
    begin(&w);
    assert_int_equal(w.returned, NOT_YET);
    assert_ptr_equal(task_sched(w.task), &s);
    assert_null(task_running(&s));
    task_wake(NULL);
    task_wake(w.task);
    task_wake(w.task); /* it is ready already */
    assert_int_equal(w.returned, NOT_YET);
    assert_int_equal(w.waits, 1);
    sched_turn(&s, 1);
    assert_int_equal(w.waits, 0);
    assert_int_equal(w.returned, NOT_YET);
    task_wake(w.task);
    sched_turn(&s, 2);
    assert_int_equal(w.returned, 0);
    assert_null(w.task);
}

static int waking_itself(stoa_task *t, void *arg)
{
    struct waiter *w = arg;
    assert_ptr_equal(task_running(&s), t);
    task_wake(t); /* it runs: harmless, and not kept for later */
    return waiting(t, w);
}

static void a_wake_of_a_running_task_is_nothing(void **state)
{
    (void)state;
    struct waiter w = { .sleep = -1, .waits = 1 };
    assert_int_equal(task_start(&s, waking_itself, &w, NULL), 0);
    assert_int_equal(sched_due(&s), STOA_NEVER);
    sched_turn(&s, 1);
    assert_int_equal(w.returned, NOT_YET);
    task_wake(w.task);
    sched_turn(&s, 2);
    assert_int_equal(w.returned, 0);
}

static void a_deadline_ends_a_wait(void **state)
{
    (void)state;
    struct waiter w = { .sleep = -1, .waits = 2, .deadline = 50 };
    begin(&w);
    assert_int_equal(sched_due(&s), 50);
    sched_turn(&s, 49);
    assert_int_equal(w.returned, NOT_YET);
    sched_turn(&s, 50);
    assert_int_equal(w.returned, -ETIMEDOUT); /* and the second at once */
    assert_null(w.task);
}

static void a_timer_is_set_only_while_parked(void **state)
{
    (void)state;
    struct waiter w = { .sleep = -1, .waits = 1, .deadline = 50 };
    begin(&w);
    task_wake(w.task);
    assert_null(heap_first(&s.timers));
    sched_turn(&s, 60); /* late, but it was woken before */
    assert_int_equal(w.returned, 0);
}

static void cancelled_while_parked(void **state)
{
    (void)state;
    struct waiter w = { .sleep = -1, .waits = 2 };
    begin(&w);
    task_cancel(w.task);
    task_cancel(w.task);
    task_wake(w.task); /* too late to be a success */
    sched_turn(&s, 1);
    assert_int_equal(w.returned, -ECANCELED); /* and the second at once */
    assert_null(w.task);
}

static void woken_then_cancelled(void **state)
{
    (void)state;
    struct waiter w = { .sleep = -1, .waits = 2 };
    begin(&w);
    stoa_task *t = w.task;
    task_wake(t);
    task_cancel(t);
    assert_int_equal(w.waits, 1);
    sched_turn(&s, 1);
    /* The first was woken; only the second heard of it. */
    assert_int_equal(w.waits, -1);
    assert_int_equal(w.returned, -ECANCELED);
}

static void a_deaf_wait_hears_nothing(void **state)
{
    (void)state;
    struct waiter w = { .deaf = true, .deadline = 10 };
    begin(&w);
    task_cancel(w.task);
    stoa_deadline(w.task, 5);
    sched_turn(&s, 100);
    assert_int_equal(w.returned, NOT_YET);
    task_wake(w.task);
    sched_turn(&s, 101);
    assert_int_equal(w.returned, 0);
}

static void a_deadline_can_be_moved_meanwhile(void **state)
{
    (void)state;
    struct waiter w = { .sleep = -1, .deadline = 50 };
    begin(&w);
    assert_int_equal(stoa_deadline(w.task, 20), 50);
    assert_int_equal(sched_due(&s), 20);
    assert_int_equal(stoa_deadline(w.task, STOA_NEVER), 20);
    assert_int_equal(sched_due(&s), STOA_NEVER);
    assert_int_equal(stoa_deadline(w.task, 70), STOA_NEVER);
    sched_turn(&s, 60);
    assert_int_equal(w.returned, NOT_YET);
    assert_int_equal(stoa_deadline(w.task, 60), 70); /* past already */
    sched_turn(&s, 60);
    assert_int_equal(w.returned, -ETIMEDOUT);
}

/* ---- sleep ---- */

static void sleep_lasts_its_span(void **state)
{
    (void)state;
    struct waiter w = { .sleep = 10 };
    sched_turn(&s, 5);
    begin(&w);
    assert_int_equal(sched_due(&s), 15);
    sched_turn(&s, 14);
    assert_int_equal(w.returned, NOT_YET);
    sched_turn(&s, 15);
    assert_int_equal(w.returned, 0);
    assert_int_equal(w.woken_at, 15);
}

static void sleep_past_a_deadline_is_cut(void **state)
{
    (void)state;
    struct waiter w = { .sleep = 10, .deadline = 7 };
    begin(&w);
    sched_turn(&s, 7);
    assert_int_equal(w.returned, -ETIMEDOUT);

    /* Over before the deadline, though both are past when the turn comes. */
    struct waiter v = { .sleep = 10, .deadline = 20 };
    begin(&v);
    sched_turn(&s, 100);
    assert_int_equal(v.returned, 0);
}

static void sleep_without_end_needs_no_timer(void **state)
{
    (void)state;
    struct waiter w = { .sleep = STOA_NEVER };
    sched_turn(&s, 5);
    begin(&w);
    assert_int_equal(sched_due(&s), STOA_NEVER);
    task_cancel(w.task);
    sched_turn(&s, 6);
    assert_int_equal(w.returned, -ECANCELED);
}

static void sleep_of_nothing_lets_the_others_run(void **state)
{
    (void)state;
    struct waiter a = { .sleep = 0, .waits = 3 }, b = { .sleep = 0, .waits = 2 };
    begin(&a);
    begin(&b);
    assert_int_equal(a.waits, 2);
    assert_int_equal(b.waits, 1);
    assert_int_equal(sched_due(&s), 0);
    sched_turn(&s, 1);
    assert_int_equal(a.waits, 1);
    assert_int_equal(b.waits, 0);
    task_cancel(a.task); /* it is ready: only its next wait fails */
    sched_turn(&s, 2);
    assert_int_equal(a.returned, -ECANCELED);
    assert_int_equal(b.returned, 0);
}

/* ---- grace ---- */

static void grace_after_a_cancellation(void **state)
{
    (void)state;
    struct waiter w = { .sleep = -1, .waits = 3, .grace = 30 };
    begin(&w);
    task_cancel(w.task);
    sched_turn(&s, 100);
    assert_int_equal(w.grace_returned, 0);
    assert_int_equal(w.returned, NOT_YET); /* it waits again */
    assert_int_equal(sched_due(&s), 130);
    task_cancel(w.task); /* nothing new */
    sched_turn(&s, 129);
    assert_int_equal(w.returned, NOT_YET);
    sched_turn(&s, 130);
    assert_int_equal(w.returned, -ECANCELED);
    assert_int_equal(w.grace_returned, -EALREADY);
    assert_null(w.task);
}

static void grace_after_a_deadline(void **state)
{
    (void)state;
    struct waiter w = { .sleep = -1, .waits = 3, .deadline = 10, .grace = 30 };
    begin(&w);
    sched_turn(&s, 10);
    assert_int_equal(w.returned, NOT_YET);
    task_wake(w.task); /* the goodbye went well */
    sched_turn(&s, 20);
    assert_int_equal(w.returned, NOT_YET);
    sched_turn(&s, 40);
    assert_int_equal(w.returned, -ETIMEDOUT);
    assert_null(w.task);
}

static void grace_in_advance_holds_off_a_cancellation(void **state)
{
    (void)state;
    struct waiter w = { .sleep = -1, .waits = 1 };
    begin(&w);
    assert_int_equal(stoa_grace(w.task, 20), 0);
    assert_int_equal(sched_due(&s), STOA_NEVER); /* it shortens nothing */
    task_cancel(w.task);
    assert_int_equal(sched_due(&s), 20);
    sched_turn(&s, 19);
    assert_int_equal(w.returned, NOT_YET);
    sched_turn(&s, 20);
    assert_int_equal(w.returned, -ECANCELED);
}

static void grace_in_advance_outlasts_a_deadline(void **state)
{
    (void)state;
    struct waiter w = { .sleep = -1, .waits = 1, .deadline = 10 };
    begin(&w);
    assert_int_equal(stoa_grace(w.task, 20), 0);
    assert_int_equal(sched_due(&s), 20);
    sched_turn(&s, 20);
    assert_int_equal(w.returned, -ETIMEDOUT);
}

/* ---- no room for a timer ---- */

static void a_wait_without_a_timer_fails_at_once(void **state)
{
    (void)state;
    struct waiter w = { .sleep = -1, .deadline = 10 };
    mem.left = 0;
    begin(&w);
    assert_int_equal(w.returned, -ENOMEM);
    struct waiter v = { .sleep = 10 };
    begin(&v);
    assert_int_equal(v.returned, -ENOMEM);
}

static void a_limit_without_a_timer_ends_the_wait(void **state)
{
    (void)state;
    struct waiter w = { .sleep = -1 };
    begin(&w);
    mem.left = 0;
    stoa_deadline(w.task, 10);
    sched_turn(&s, 1);
    assert_int_equal(w.returned, -ENOMEM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* ---- signals ---- */

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
    (void)number;
    signals++;
}

/* By the bare call, so that it comes as from another process. */
static int signalled(stoa_task *t, void *arg)
{
    struct waiter *w = arg;
    w->task = t;
    syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
    return task_park(&s);
}

static void a_signal_does_not_wait_for_its_task(void **state)
{
    (void)state;
    struct waiter w = { .task = NULL };
    struct sigaction before, ours = { .sa_handler = on_signal };
    signals = 0;
    sigaction(SIGUSR1, &ours, &before);
    assert_int_equal(task_start(&s, signalled, &w, NULL), 0);
    epoll_wait(-1, NULL, 0, 0); /* what the tools have held back comes with a call that they know */
    int came = signals;
    task_wake(w.task);
    sched_turn(&s, 1);
    sigaction(SIGUSR1, &before, NULL);
    assert_int_equal(came, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_wake_ends_a_wait),
        TEST(a_wake_of_a_running_task_is_nothing),
        TEST(a_deadline_ends_a_wait),
        TEST(a_timer_is_set_only_while_parked),
        TEST(cancelled_while_parked),
        TEST(woken_then_cancelled),
        TEST(a_deaf_wait_hears_nothing),
        TEST(a_deadline_can_be_moved_meanwhile),
        TEST(sleep_lasts_its_span),
        TEST(sleep_past_a_deadline_is_cut),
        TEST(sleep_without_end_needs_no_timer),
        TEST(sleep_of_nothing_lets_the_others_run),
        TEST(grace_after_a_cancellation),
        TEST(grace_after_a_deadline),
        TEST(grace_in_advance_holds_off_a_cancellation),
        TEST(grace_in_advance_outlasts_a_deadline),
        TEST(a_wait_without_a_timer_fails_at_once),
        TEST(a_limit_without_a_timer_ends_the_wait),
        TEST(a_signal_does_not_wait_for_its_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
