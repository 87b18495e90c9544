/* The pool of idle connections: which it gives, how many and how long it keeps, and what it drops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/service.h"
#include "http/pool.h"
#include "net/conn.h"
#include "net/dialled.h"
#include "support/flaky.h"

#include <errno.h>

enum { CONNS = 200 };

/* ---- in place of net/dialled.c ---- */

struct stoa_conn {
    void (*watcher)(stoa_conn *c);
    bool closed;
};

struct ground {
    struct core core;
    struct io io;
    struct flaky mem;
    stoa_conn conns[CONNS];
    int closed;
    int watch_fails;
};

static struct ground *ground;

struct core *conn_core(const stoa_conn *c)
{
    (void)c;
    return &ground->core;
}

void dialled_give(stoa_conn *c, stoa_task *t)
{
    assert_null(t);
    c->watcher = NULL;
}

int dialled_watch(stoa_conn *c, void (*fn)(stoa_conn *c))
{
    c->watcher = fn;
    return ground->watch_fails;
}

void dialled_close_now(stoa_conn *c)
{
    assert_false(c->closed);
    c->closed = true;
    ground->closed++;
}

static void open_ground(struct ground *g)
{
    *g = (struct ground){ 0 };
    flaky_init(&g->mem, -1);
    g->io.now.mono_ns = STOA_SEC;
    g->core.io = &g->io;
    g->core.mem = &g->mem.mem;
    list_init(&g->core.attached);
    assert_int_equal(sched_init(&g->core.sched, &g->mem.mem, 0), 0);
    ground = g;
}

static void close_ground(struct ground *g)
{
    size_t started = 0;
    struct list none;
    list_init(&none);
    services_drain(&none, started, &g->core);
    services_end(&g->core);
    sched_done(&g->core.sched);
    assert_int_equal(g->mem.bytes, 0);
}

static void give(const char *address, int i)
{
    pool_give(&ground->core, str_of(address), &ground->conns[i]);
}

/* returns the number of the one that it gives; -1 = none. */
static int take(const char *address)
{
    stoa_conn *c = pool_take(&ground->core, str_of(address));
    if (!c)
        return -1;
    assert_null(c->watcher); /* it is nobody's business any more */
    return (int)(c - ground->conns);
}

static void after(stoa_time span)
{
    ground->io.now.mono_ns += span;
    sched_turn(&ground->core.sched, ground->io.now.mono_ns);
}

/* ---- the tests ---- */

static void the_last_of_an_address(void **state)
{
    static struct ground g;
    (void)state;
    open_ground(&g);
    assert_int_equal(take("a"), -1);
    give("a", 0);
    give("b", 1);
    give("a", 2);
    assert_int_equal(take("ab"), -1);
    assert_int_equal(take("a"), 2);
    assert_int_equal(take("a"), 0);
    assert_int_equal(take("a"), -1);
    assert_int_equal(take("b"), 1);
    assert_int_equal(g.closed, 0);
    close_ground(&g);
}

static void no_more_than_that(void **state)
{
    static struct ground g;
    (void)state;
    open_ground(&g);
    for (int i = 0; i < CONNS; i++)
        give(i % 2 ? "a" : "b", i);
    assert_int_equal(g.closed, CONNS - 64);
    for (int i = 0; i < CONNS; i++) /* the oldest ones */
        assert_int_equal(g.conns[i].closed, i < CONNS - 64);
    close_ground(&g);
    assert_int_equal(g.closed, CONNS);
}

static void no_longer_than_that(void **state)
{
    static struct ground g;
    (void)state;
    open_ground(&g);
    give("a", 0);
    after(20 * STOA_SEC);
    give("a", 1);
    after(9 * STOA_SEC);
    assert_int_equal(g.closed, 0);
    after(2 * STOA_SEC);
    assert_true(g.conns[0].closed && !g.conns[1].closed);
    after(20 * STOA_SEC);
    assert_int_equal(g.closed, 2);
    assert_int_equal(take("a"), -1);
    close_ground(&g);
}

static void one_that_stirs(void **state)
{
    static struct ground g;
    (void)state;
    open_ground(&g);
    give("a", 0);
    give("a", 1);
    give("a", 2);
    g.conns[1].watcher(&g.conns[1]);
    assert_true(g.conns[1].closed);
    assert_int_equal(take("a"), 2);
    assert_int_equal(take("a"), 0);
    assert_int_equal(take("a"), -1);
    close_ground(&g);
}

static void none_is_kept_at_the_end(void **state)
{
    static struct ground g;
    (void)state;
    open_ground(&g);
    give("a", 0);
    g.core.stopping = true;
    give("a", 1);
    assert_true(g.conns[1].closed && !g.conns[0].closed);
    close_ground(&g);
    assert_int_equal(g.closed, 2);
    open_ground(&g);
    g.watch_fails = -EBADF;
    give("a", 0);
    assert_true(g.conns[0].closed);
    close_ground(&g);
}

static void without_memory(void **state)
{
    static struct ground g;
    (void)state;
    for (long n = 0; n < 4; n++) { /* for the pool, the place in it, the timer */
        open_ground(&g);
        g.mem.left = n;
        give("a", 0);
        assert_int_equal(g.closed, n < 3);
        assert_int_equal(take("a"), n < 3 ? -1 : 0);
        close_ground(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_of_an_address),  cmocka_unit_test(no_more_than_that),
        cmocka_unit_test(no_longer_than_that),     cmocka_unit_test(one_that_stirs),
        cmocka_unit_test(none_is_kept_at_the_end), cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
