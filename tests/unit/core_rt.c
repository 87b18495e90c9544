/* The runtime: how its cores start and stop, what they do to the program's signals, and in which
 * order services are called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/service.h"
#include "support/server.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CORES_MAX = 4 };

/* A service that notes what is done to it, and does what a test wants at its start. */
struct noted {
    struct service service;
    atomic_int starts, drains, cuts, frees;
    int fails_on; /* a core whose start fails; -1 = none */
    bool holds;   /* stays alive until it is cut */
    void (*at_start)(struct noted *n, struct core *core);
    stoa_rt *rt;
    atomic_bool flag;
    atomic_size_t conns_max;
    pthread_t thread;
};

static struct noted *noted_of(struct service *s)
{
    return list_owner(s, struct noted, service);
}

static int start(struct service *s, struct core *core)
{
    struct noted *n = noted_of(s);
    if (core->index == n->fails_on)
        return -EIO;
    atomic_fetch_add(&n->starts, 1);
    if (n->holds)
        core_live_add(core);
    if (n->at_start)
        n->at_start(n, core);
    return 0;
}

static void drain(struct service *s, struct core *core)
{
    struct noted *n = noted_of(s);
    assert_true(core->stopping);
    atomic_fetch_add(&n->drains, 1);
}

static void cut(struct service *s, struct core *core)
{
    struct noted *n = noted_of(s);
    atomic_fetch_add(&n->cuts, 1);
    if (n->holds)
        core_live_drop(core);
}

static void let_free(struct service *s)
{
    atomic_fetch_add(&noted_of(s)->frees, 1);
}

static const struct service_ops noted_ops = { start, drain, cut, let_free };

static stoa_rt *new_rt(void **state, int cores, struct noted *n)
{
    stoa_rt *rt;
    assert_int_equal(stoa_new(&rt, &(struct stoa_options){ .io = *state, .cores = cores }), 0);
    n->service.ops = &noted_ops;
    n->rt = rt;
    rt_add(rt, &n->service);
    return rt;
}

/* ---- options ---- */

static void test_wrong_options(void **state)
{
    (void)state;
    stoa_rt *rt = (stoa_rt *)1;
    static const struct stoa_options wrong[] = {
        { .cores = -1 },
        { .conns_max = -1 },
        { .io = "nosuch" },
        { .io = "a name that is too long" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(stoa_new(&rt, &wrong[i]), -EINVAL);
    assert_ptr_equal(rt, (stoa_rt *)1);
    stoa_free(NULL);
    assert_int_equal(stoa_new(&rt, &(struct stoa_options){ 0 }), 0);
    assert_in_range(rt_cores(rt), 1, 100000);
    stoa_free(rt); /* never run */
}

static void note_conns_max(struct noted *n, struct core *core)
{
    atomic_store(&n->conns_max, core->conns_max);
    stoa_stop(n->rt, 0);
}

static void test_limit_of_connections(void **state)
{
    struct rlimit old, few = { 1000, 0 };
    getrlimit(RLIMIT_NOFILE, &old);
    few.rlim_max = old.rlim_max;
    static const struct {
        rlim_t limit;
        size_t each;
    } cases[] = { { 1000, 437 }, { 100, 34 }, { 30, 1 } };
    for (size_t i = 0; i < 3; i++) {
        struct noted n = { .fails_on = -1, .at_start = note_conns_max };
        stoa_rt *rt = new_rt(state, 2, &n);
        few.rlim_cur = cases[i].limit;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        assert_int_equal(stoa_run(rt), 0);
        assert_int_equal(n.conns_max, cases[i].each);
        stoa_free(rt);
    }
    setrlimit(RLIMIT_NOFILE, &old);
}

/* ---- start and stop ---- */

static void test_stop_before_run(void **state)
{
    for (int cores = 1; cores <= CORES_MAX; cores++) {
        struct noted n = { .fails_on = -1 };
        stoa_rt *rt = new_rt(state, cores, &n);
        stoa_stop(rt, 3600 * STOA_SEC);
        assert_int_equal(stoa_run(rt), 0);
        assert_int_equal(n.starts, cores);
        assert_int_equal(n.drains, cores);
        assert_int_equal(n.cuts, 0); /* there was nothing to wait for */
        assert_int_equal(n.frees, 0);
        assert_int_equal(stoa_run(rt), -EALREADY);
        stoa_stop(rt, 0); /* harmless afterwards, too */
        stoa_free(rt);
        assert_int_equal(n.frees, 1);
    }
}

static void stop_with_grace(struct noted *n, struct core *core)
{
    (void)core;
    stoa_stop(n->rt, 5 * STOA_MS);
}

static void test_grace_then_cut(void **state)
{
    for (int cores = 1; cores <= CORES_MAX; cores++) {
        struct noted n = { .fails_on = -1, .holds = true, .at_start = stop_with_grace };
        stoa_rt *rt = new_rt(state, cores, &n);
        assert_int_equal(stoa_run(rt), 0);
        assert_int_equal(n.drains, cores);
        assert_int_equal(n.cuts, cores);
        stoa_free(rt);
    }
}

static void *stop_shorter(void *arg)
{
    struct noted *n = arg;
    while (atomic_load(&n->drains) < 2)
        sched_yield();
    stoa_stop(n->rt, STOA_SEC * 1000); /* later: does not count */
    stoa_stop(n->rt, -1);              /* at once */
    return NULL;
}

static void stop_for_ever(struct noted *n, struct core *core)
{
    if (core->index == 0)
        stoa_stop(n->rt, STOA_NEVER);
}

static void test_shorter_grace_counts(void **state)
{
    struct noted n = { .fails_on = -1, .holds = true, .at_start = stop_for_ever };
    stoa_rt *rt = new_rt(state, 2, &n);
    pthread_create(&n.thread, NULL, stop_shorter, &n);
    assert_int_equal(stoa_run(rt), 0);
    pthread_join(n.thread, NULL);
    assert_int_equal(n.cuts, 2);
    stoa_free(rt);
}

static void test_failing_start(void **state)
{
    for (int cores = 1; cores <= 3; cores++)
        for (int k = 0; k < cores; k++) {
            struct noted first = { .fails_on = -1, .holds = true };
            struct noted n = { .fails_on = k }, last = { .fails_on = -1 };
            stoa_rt *rt = new_rt(state, cores, &first);
            n.service.ops = last.service.ops = &noted_ops;
            rt_add(rt, &n.service);
            rt_add(rt, &last.service);
            assert_int_equal(stoa_run(rt), -EIO);
            /* What had started is stopped in order; what had not is left alone. */
            assert_int_equal(first.starts, cores);
            assert_int_equal(first.drains, cores);
            assert_int_equal(first.cuts, cores);
            assert_int_equal(n.starts, cores - 1);
            assert_int_equal(n.drains, cores - 1);
            assert_int_equal(last.drains, last.starts);
            stoa_free(rt);
            assert_int_equal(first.frees + n.frees + last.frees, 3);
        }
}

/* ---- signals ---- */

static stoa_rt *signalled; /* a signal handler has no argument */

static void on_signal(int number)
{
    (void)number;
    stoa_stop(signalled, 0);
}

static void *send_signal(void *arg)
{
    struct noted *n = arg;
    while (atomic_load(&n->starts) < 2)
        sched_yield();
    kill(getpid(), SIGUSR1); /* to whichever thread takes it */
    return NULL;
}

static void test_stop_from_signal_handler(void **state)
{
    for (int i = 0; i < 20; i++) {
        struct noted n = { .fails_on = -1 };
        stoa_rt *rt = signalled = new_rt(state, 2, &n);
        signal(SIGUSR1, on_signal);
        pthread_create(&n.thread, NULL, send_signal, &n);
        assert_int_equal(stoa_run(rt), 0);
        pthread_join(n.thread, NULL);
        signal(SIGUSR1, SIG_DFL);
        stoa_free(rt);
    }
}

/* Of core 0: the program's mask and SIGPIPE; of the others: everything that can be blocked. */
static void check_masks(struct noted *n, struct core *core)
{
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    bool right = sigismember(&mask, SIGPIPE) && !sigismember(&mask, SIGSEGV) &&
                 sigismember(&mask, SIGTERM) == (core->index > 0);
    if (!right)
        atomic_store(&n->flag, true);
    raise(SIGPIPE); /* as sendfile(2) would: it must not end the process, now or later */
    stoa_stop(n->rt, 0);
}

static void test_sigpipe(void **state)
{
    sigset_t pipe, mask, pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    for (int was_pending = 0; was_pending <= 1; was_pending++) {
        struct noted n = { .fails_on = -1, .at_start = check_masks };
        stoa_rt *rt = new_rt(state, 2, &n);
        if (was_pending) {
            pthread_sigmask(SIG_BLOCK, &pipe, NULL);
            raise(SIGPIPE);
        }
        assert_int_equal(stoa_run(rt), 0);
        assert_false(n.flag);
        pthread_sigmask(SIG_SETMASK, NULL, &mask);
        sigpending(&pending);
        assert_int_equal(sigismember(&mask, SIGPIPE), was_pending);
        assert_int_equal(sigismember(&pending, SIGPIPE), was_pending); /* it was the program's */
        stoa_free(rt);
    }
    assert_int_equal(sigtimedwait(&pipe, NULL, &(struct timespec){ 0 }), SIGPIPE);
    pthread_sigmask(SIG_UNBLOCK, &pipe, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_options), BOTH(test_limit_of_connections),
        BOTH(test_stop_before_run),           BOTH(test_grace_then_cut),
        BOTH(test_shorter_grace_counts),      BOTH(test_failing_start),
        BOTH(test_stop_from_signal_handler),  BOTH(test_sigpipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
