/* One core, turned by hand: mail from other threads, calls on helper threads, what it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/core.h"
#include "support/server.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct ground {
    struct core core;
    struct io *io;
    struct stoa_log log;
    char said[600];
};

static void say(void *ctx, enum stoa_level level, const char *text)
{
    struct ground *g = ctx;
    assert_int_equal(level, STOA_WARNING);
    assert_true(strlen(text) < sizeof g->said);
    strcpy(g->said, text);
}

static void open_core(struct ground *g, void **state)
{
    memset(g, 0, sizeof *g);
    g->log = (struct stoa_log){ say, g };
    assert_int_equal(io_open(&g->io, *state, &mem_default), 0);
    struct core_options opt = { .io = g->io, .mem = &mem_default, .log = &g->log, .conns_max = 5 };
    assert_int_equal(core_open(&g->core, &opt), 0);
}

static void close_core(struct ground *g)
{
    core_close(&g->core);
    io_close(g->io);
}

/* ---- mail ---- */

enum { SENDERS = 3, LETTERS = 500 };

struct letter {
    struct job job;
    int *count;
};

static void read_letter(struct job *j)
{
    ++*list_owner(j, struct letter, job)->count; /* no lock: always on the core's thread */
}

struct sender {
    struct core *core;
    pthread_t thread;
    struct letter letters[LETTERS];
};

static void *send_letters(void *arg)
{
    struct sender *s = arg;
    for (int i = 0; i < LETTERS; i++)
        core_post(s->core, &s->letters[i].job);
    return NULL;
}

static void test_mail(void **state)
{
    struct ground g;
    int count = 0;
    open_core(&g, state);
    struct sender *senders = calloc(SENDERS, sizeof *senders);
    for (int i = 0; i < SENDERS; i++) {
        senders[i].core = &g.core;
        for (int k = 0; k < LETTERS; k++) {
            job_init(&senders[i].letters[k].job, read_letter);
            senders[i].letters[k].count = &count;
        }
        pthread_create(&senders[i].thread, NULL, send_letters, &senders[i]);
    }
    while (count < SENDERS * LETTERS)
        assert_int_equal(core_turn(&g.core), 0); /* sleeps, and is woken */
    for (int i = 0; i < SENDERS; i++)
        pthread_join(senders[i].thread, NULL);
    free(senders);
    close_core(&g);
}

/* ---- helper threads ---- */

struct errand {
    struct core *core;
    pthread_t ran_on;
    int calls, result;
    bool ended;
};

static int on_helper(stoa_task *t, void *arg)
{
    assert_null(t);
    struct errand *e = arg;
    e->ran_on = pthread_self();
    e->calls++;
    return -EXDEV;
}

static int run_errand(stoa_task *t, void *arg)
{
    struct errand *e = arg;
    assert_ptr_equal(core_of(t), e->core);
    e->result = stoa_offload(t, on_helper, e);
    task_cancel(t); /* does not keep it from being done */
    return stoa_offload(t, on_helper, e);
}

static void errand_ended(void *arg, int result)
{
    struct errand *e = arg;
    e->ended = true;
    assert_int_equal(result, -EXDEV);
}

static void test_offload(void **state)
{
    struct ground g;
    struct errand e = { .core = &g.core };
    open_core(&g, state);
    assert_int_equal(task_start(&g.core.sched, run_errand, &e, errand_ended), 0);
    while (!e.ended)
        assert_int_equal(core_turn(&g.core), 0);
    assert_int_equal(e.result, -EXDEV);
    assert_int_equal(e.calls, 2);
    assert_false(pthread_equal(e.ran_on, pthread_self()));
    close_core(&g);
}

/* ---- the rest ---- */

static void fire(struct timer *t)
{
    (void)t;
}

static void test_time(void **state)
{
    struct ground g;
    open_core(&g, state);
    stoa_time now = core_now(&g.core);
    assert_true(now > 0 && now == g.core.sched.now); /* before the first turn */
    assert_true(core_real_ns(&g.core) > 0);
    assert_true(core_in(&g.core, 5) == now + 5);
    assert_true(core_in(&g.core, STOA_NEVER) == STOA_NEVER);
    struct timer t;
    timer_init(&t, fire);
    assert_int_equal(timer_set(&g.core.sched, &t, now + 2 * STOA_MS), 0);
    while (heap_has(&t.node))
        assert_int_equal(core_turn(&g.core), 0);
    assert_true(core_now(&g.core) >= now + 2 * STOA_MS);
    close_core(&g);
}

static void test_want(void **state)
{
    struct ground g;
    int count = 0;
    struct letter l = { .count = &count };
    open_core(&g, state);
    job_init(&l.job, read_letter);
    core_conn_add(&g.core);
    core_conn_add(&g.core);
    list_push_back(&g.core.want, &l.job.node);
    core_conn_drop(&g.core);
    core_conn_drop(&g.core); /* once is enough */
    assert_int_equal(core_turn(&g.core), 0);
    assert_int_equal(count, 1);
    assert_int_equal(g.core.live, 0);
    close_core(&g);
}

static void test_say(void **state)
{
    struct ground g;
    open_core(&g, state);
    core_say(&g.core, STOA_WARNING, "%d %s", 1, "two");
    assert_string_equal(g.said, "1 two");
    core_say(&g.core, STOA_WARNING, "%0600d", 0); /* cut, not overrun */
    assert_int_equal(strlen(g.said), 511);
    g.core.log = NULL;
    core_say(&g.core, STOA_ERROR, "nobody hears it");
    close_core(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_mail), BOTH(test_offload), BOTH(test_time), BOTH(test_want), BOTH(test_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
