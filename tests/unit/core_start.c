/* Tasks of the program's own: they run on the first core, and the runtime ends with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/service.h"
#include "support/flaky.h"
#include "support/server.h"

#include <errno.h>

static stoa_rt *new_rt(void **state, int cores)
{
    stoa_rt *rt;
    assert_int_equal(stoa_new(&rt, &(struct stoa_options){ .io = *state, .cores = cores }), 0);
    return rt;
}

struct heard {
    int runs, index, result, ends_with;
    stoa_time sleeps;
};

static int note(stoa_task *t, void *arg)
{
    struct heard *h = arg;
    h->runs++;
    h->index = core_of(t)->index;
    h->result = stoa_sleep(t, h->sleeps);
    return h->ends_with;
}

static void test_ends_with_the_last(void **state)
{
    for (int cores = 1; cores <= 3; cores++) {
        stoa_rt *rt = new_rt(state, cores);
        struct heard a = { .index = -1, .ends_with = 7 };
        struct heard b = { .index = -1, .sleeps = 5 * STOA_MS };
        assert_int_equal(stoa_start(rt, note, &a), 0);
        assert_int_equal(stoa_start(rt, note, &b), 0);
        assert_int_equal(a.runs, 0);
        assert_int_equal(stoa_run(rt), 0);
        assert_int_equal(a.runs + b.runs, 2);
        assert_int_equal(a.index + b.index, 0);
        assert_int_equal(a.result + b.result, 0);
        stoa_free(rt);
    }
}

static void test_first_failure_ends_all(void **state)
{
    stoa_rt *rt = new_rt(state, 2);
    struct heard fails = { .ends_with = -EIO };
    struct heard waits = { .sleeps = STOA_NEVER, .ends_with = -EPERM };
    assert_int_equal(stoa_start(rt, note, &waits), 0);
    assert_int_equal(stoa_start(rt, note, &fails), 0);
    assert_int_equal(stoa_run(rt), -EIO);
    assert_int_equal(waits.result, -ECANCELED);
    stoa_free(rt);
}

static void idle(struct service *s, struct core *core)
{
    (void)s;
    (void)core;
}

static int begin(struct service *s, struct core *core)
{
    (void)s;
    (void)core;
    return 0;
}

static void let_free(struct service *s)
{
    (void)s;
}

static int stop(stoa_task *t, void *arg)
{
    (void)t;
    stoa_stop(arg, 0);
    return 0;
}

struct stopper {
    stoa_rt *rt;
    int result;
};

static int stop_late(stoa_task *t, void *arg)
{
    struct stopper *s = arg;
    s->result = stoa_sleep(t, 5 * STOA_MS);
    stoa_stop(s->rt, 0);
    return 0;
}

/* With something else to do it goes on until somebody stops it. */
static void test_listeners_keep_it_running(void **state)
{
    static const struct service_ops ops = { begin, idle, idle, let_free };
    struct service listener = { .ops = &ops };
    stoa_rt *rt = new_rt(state, 1);
    struct heard a = { .sleeps = 0 };
    struct stopper b = { .rt = rt, .result = -1 };
    rt_add(rt, &listener);
    assert_int_equal(stoa_start(rt, note, &a), 0);
    assert_int_equal(stoa_start(rt, stop_late, &b), 0);
    assert_int_equal(stoa_run(rt), 0);
    assert_int_equal(a.runs, 1);
    assert_int_equal(b.result, 0); /* not cut short by the other one's end */
    stoa_free(rt);
}

static void test_stopped_before_it_began(void **state)
{
    stoa_rt *rt = new_rt(state, 1);
    struct heard a = { 0 };
    assert_int_equal(stoa_start(rt, note, &a), 0);
    stoa_stop(rt, 0);
    assert_int_equal(stoa_run(rt), 0);
    assert_int_equal(a.runs, 0);
    stoa_free(rt);
}

static void test_stop_cancels(void **state)
{
    stoa_rt *rt = new_rt(state, 1);
    struct heard waits = { .sleeps = STOA_NEVER };
    assert_int_equal(stoa_start(rt, note, &waits), 0);
    assert_int_equal(stoa_start(rt, stop, rt), 0);
    assert_int_equal(stoa_run(rt), 0);
    assert_int_equal(waits.result, -ECANCELED);
    stoa_free(rt);
}

static void test_without_memory(void **state)
{
    bool passed = false;
    for (long left = 0; !passed; left++) {
        struct flaky f;
        flaky_init(&f, left);
        stoa_rt *rt;
        struct heard a = { 0 };
        int r = stoa_new(&rt, &(struct stoa_options){ .io = *state, .cores = 1, .mem = &f.mem });
        if (r == 0) {
            r = stoa_start(rt, note, &a);
            r = r ? r : stoa_run(rt);
            stoa_free(rt);
        }
        passed = f.failed == 0;
        assert_true(r == 0 || (r == -ENOMEM && !passed));
        assert_int_equal(a.runs, r == 0);
        assert_int_equal(f.bytes, 0);
    }
}

/* ---- services of one core, that begin while it runs ---- */

struct guest {
    struct service service;
    int drains, cuts, frees;
};

static void guest_drain(struct service *s, struct core *core)
{
    assert_true(core->stopping);
    list_owner(s, struct guest, service)->drains++;
}

static void guest_cut(struct service *s, struct core *core)
{
    (void)core;
    list_owner(s, struct guest, service)->cuts++;
}

static void guest_free(struct service *s)
{
    list_owner(s, struct guest, service)->frees++;
}

static const struct service_ops guest_ops = { NULL, guest_drain, guest_cut, guest_free };

static int attach(stoa_task *t, void *arg)
{
    struct guest *g = arg;
    g->service.ops = &guest_ops;
    assert_null(service_attached(core_of(t), &guest_ops));
    service_attach(core_of(t), &g->service);
    assert_ptr_equal(service_attached(core_of(t), &guest_ops), &g->service);
    return 0;
}

static int attach_late(stoa_task *t, void *arg)
{
    int r = stoa_sleep(t, STOA_NEVER);
    return r == -ECANCELED ? attach(t, arg) : -EIO;
}

static void test_attached_services(void **state)
{
    struct guest early = { 0 }, late = { 0 };
    stoa_rt *rt = new_rt(state, 1);
    stoa_start(rt, attach, &early);
    assert_int_equal(stoa_run(rt), 0);
    stoa_free(rt);
    assert_int_equal(early.drains, 1);
    assert_int_equal(early.cuts, 0);
    assert_int_equal(early.frees, 1);

    rt = new_rt(state, 1);
    stoa_start(rt, attach_late, &late);
    stoa_start(rt, stop, rt);
    assert_int_equal(stoa_run(rt), 0);
    stoa_free(rt);
    assert_int_equal(late.drains, 1);
    assert_int_equal(late.cuts, 1);
    assert_int_equal(late.frees, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_ends_with_the_last),
        BOTH(test_first_failure_ends_all),
        BOTH(test_listeners_keep_it_running),
        BOTH(test_stopped_before_it_began),
        BOTH(test_stop_cancels),
        BOTH(test_without_memory),
        BOTH(test_attached_services),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
