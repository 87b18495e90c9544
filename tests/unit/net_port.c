/* How a listener pauses, resumes, drains and is cut, moment by moment, on a fake kernel and clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/conn.h"
#include "support/fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Sends back what is there, and does what its last letter says. */
static int obey(stoa_conn *c, void *arg)
{
    (void)arg;
    struct stoa_str s;
    int r = conn_fill(c, 0, 100, &s);
    if (r <= 0)
        return r;
    char letter = s.p[s.n - 1];
    struct iovec v = { (char *)s.p, s.n };
    conn_consume(c, s.n);
    r = conn_write(c, &v, 1, false);
    if (r < 0)
        return r;
    switch (letter) {
    case 'c': return CONN_CLOSE;
    case 'g': return CONN_GONE;
    case 'f': return stoa_finish(c);
    case 'r': return -EIO;
    case 'R': return CONN_RESET;
    default: return CONN_PARK;
    }
}

static void open_obey(struct fake *f)
{
    fake_open(f, &(struct fake_options){ .serve = obey });
}

static bool is_closed(const struct fake *f, int p)
{
    return f->peers[p].closed;
}

static int linger_with(struct fake *f)
{
    int p = fake_connect(f);
    fake_text(f, p, "c");
    fake_run(f);
    fake_expect(f, p, "c");
    assert_true(f->peers[p].shut && !is_closed(f, p));
    return p;
}

/* ---- accepting ---- */

/* How often accepting has paused for that cause. */
static uint64_t paused(const struct fake *f, const char *cause)
{
    const struct stage_clock *s = &f->core.stage;
    return s->core->causes[stage_cause_index(s->head, cause)];
}

static void test_shortage(void **state)
{
    (void)state;
    static const int shortages[] = { -EMFILE, -ENFILE, -ENOMEM, -ENOBUFS, -EINVAL };
    struct fake f;
    open_obey(&f);
    fake_run(&f);
    for (size_t i = 0; i < sizeof shortages / sizeof *shortages; i++) {
        f.accept_fails = shortages[i];
        int p = fake_connect(&f);
        fake_text(&f, p, "c");
        fake_run(&f);
        assert_int_equal(f.accepted_n, p);
        f.accept_fails = 0;
        fake_wait(&f, 99 * STOA_MS);
        assert_int_equal(f.accepted_n, p); /* it does not try again and again */
        fake_wait(&f, STOA_MS);
        fake_expect(&f, p, "c");
        fake_end(&f, p, 0);
        fake_run(&f);
    }
    assert_int_equal(f.lines, 1); /* told once in ten seconds */
    assert_string_equal(f.said,
                        "accept.no_descriptors: accepting on 0.0.0.0:80 pauses: Too many open "
                        "files (EMFILE); 0 connections are open");
    assert_int_equal(paused(&f, "accept.no_descriptors"), 2); /* in the stage clock's file */
    assert_int_equal(paused(&f, "accept.no_memory"), 2);
    assert_int_equal(paused(&f, "accept.failed"), 1);
    fake_wait(&f, 10 * STOA_SEC);
    f.accept_fails = -ENFILE;
    int p = fake_connect(&f);
    fake_run(&f);
    assert_int_equal(f.lines, 2);
    f.accept_fails = 0;
    fake_end(&f, p, 0);
    fake_close(&f, STOA_SEC);
}

/* A connection's end is a reason to try again at once. */
static void test_resumes_when_one_has_gone(void **state)
{
    (void)state;
    struct fake f;
    open_obey(&f);
    int first = fake_connect(&f);
    fake_run(&f);
    f.accept_fails = -EMFILE;
    int p = fake_connect(&f);
    fake_run(&f);
    f.accept_fails = 0;
    fake_end(&f, first, 0);
    fake_run(&f);
    assert_int_equal(f.accepted_n, 2);
    fake_end(&f, p, 0);
    fake_close(&f, 0);
}

static void test_no_memory_for_a_record(void **state)
{
    (void)state;
    struct fake f;
    open_obey(&f);
    fake_run(&f);
    int p = fake_connect(&f);
    f.mem_fails = true;
    fake_run(&f);
    assert_true(is_closed(&f, p));
    assert_non_null(strstr(f.said, "ENOMEM"));
    f.mem_fails = false;
    p = fake_connect(&f);
    fake_text(&f, p, "c");
    fake_run(&f);
    assert_int_equal(f.accepted_n, p); /* it pauses */
    fake_wait(&f, 100 * STOA_MS);
    fake_expect(&f, p, "c");
    fake_end(&f, p, 0);
    fake_close(&f, 0);
}

static void test_accept_cannot_resume(void **state)
{
    (void)state;
    struct fake f;
    open_obey(&f);
    fake_run(&f);
    f.accept_fails = -EMFILE;
    int p = fake_connect(&f);
    fake_run(&f);
    f.accept_fails = 0;
    f.submit_fails = -ENOMEM; /* of the accept operation */
    fake_wait(&f, 100 * STOA_MS);
    assert_int_equal(f.accepted_n, p);
    fake_wait(&f, 100 * STOA_MS);
    assert_int_equal(f.accepted_n, p + 1);
    fake_end(&f, p, 0);
    fake_close(&f, 0);
}

/* The limit is reached and left again before the cancellation of accepting has completed. */
static void test_short_pause(void **state)
{
    (void)state;
    struct fake f;
    fake_open(&f, &(struct fake_options){ .serve = obey, .conns_max = 1 });
    f.late_cancels = 3;
    int p = fake_connect(&f);
    fake_text(&f, p, "g");
    fake_turn(&f); /* accepts one, pauses, serves it */
    assert_true(is_closed(&f, p));
    fake_run(&f);
    int later = fake_connect(&f);
    fake_text(&f, later, "g");
    fake_run(&f);
    fake_expect(&f, later, "g");
    fake_close(&f, 0);
}

/* What it is at, in the stage clock's file. */
static int seen_at(const struct fake *f, int p)
{
    return f->core.stage.conns[p].seen.at;
}

static void test_held(void **state)
{
    (void)state;
    struct fake f;
    fake_open(&f, &(struct fake_options){ .serve = obey, .conns_max = 1 });
    int p[4];
    f.late_cancels = 1; /* so that all four are accepted before the pause is heard */
    for (int i = 0; i < 4; i++) {
        p[i] = fake_connect(&f);
        fake_text(&f, p[i], "p");
    }
    fake_run(&f);
    fake_expect(&f, p[0], "p");
    assert_int_equal(f.accepted_n, 4);
    for (int i = 1; i < 4; i++)
        fake_expect(&f, p[i], "");
    for (int i = 0; i < 4; i++)
        assert_int_equal(seen_at(&f, i), i == 0 ? STOA_AT_IDLE : STOA_AT_HELD);
    for (int i = 0; i < 2; i++) {
        fake_wait(&f, 50 * STOA_MS);
        assert_int_equal(seen_at(&f, i + 1), STOA_AT_HELD);
        fake_end(&f, p[i], 0);
        fake_run(&f);
        fake_expect(&f, p[i + 1], "p");
        assert_int_equal(seen_at(&f, i + 1), STOA_AT_IDLE);
    }
    assert_int_equal(f.core.conns, 1);
    fake_close(&f, 0); /* the last one is cut, or served: it ends */
}

/* ---- misbehaving on purpose ---- */

static void test_refuses_after_some(void **state)
{
    (void)state;
    struct fake f;
    struct listener_options l = { .idle = 60 * STOA_SEC, .serve = obey, .accepts = 2 };
    fake_open(&f, &(struct fake_options){ .listening = &l });
    fake_connect(&f);
    fake_connect(&f);
    int late = fake_connect(&f); /* the kernel had accepted it, too */
    fake_run(&f);
    assert_true(f.refuses && f.peers[late].hard && is_closed(&f, late));
    assert_non_null(strstr(f.said, "refuses from now on: 2 connections"));
    fake_connect(&f);
    fake_wait(&f, STOA_SEC);
    assert_int_equal(f.accepted_n, 3);
    assert_int_equal(f.lines, 1); /* it is no pause */
    for (int p = 0; p < 2; p++) {
        fake_text(&f, p, "p");
        fake_run(&f);
        fake_expect(&f, p, "p");
    }
    assert_false(f.is_closed);
    fake_close(&f, 0);
}

static void test_refuses_in_a_pause(void **state)
{
    (void)state;
    struct fake f;
    struct listener_options l = { .idle = 60 * STOA_SEC, .serve = obey, .accepts = 2 };
    fake_open(&f, &(struct fake_options){ .listening = &l, .conns_max = 1 });
    int p = fake_connect(&f), held = fake_connect(&f);
    fake_text(&f, p, "R");
    fake_text(&f, held, "p");
    fake_run(&f);
    assert_true(f.refuses && is_closed(&f, p));
    fake_expect(&f, held, "p");
    fake_text(&f, held, "R"); /* the pause is over: accepting is not taken up again */
    fake_run(&f);
    assert_true(is_closed(&f, held));
    fake_connect(&f);
    fake_wait(&f, STOA_SEC);
    assert_int_equal(f.accepted_n, 2);
    fake_drain(&f);
    fake_run(&f);
    assert_true(f.is_closed);
    fake_close(&f, 0);
}

static void test_accepts_none(void **state)
{
    (void)state;
    struct fake f;
    struct listener_options l = { .idle = 60 * STOA_SEC, .serve = obey, .accepts_none = true };
    fake_open(&f, &(struct fake_options){ .listening = &l });
    fake_connect(&f);
    fake_wait(&f, STOA_SEC);
    fake_drain(&f);
    fake_run(&f);
    assert_int_equal(f.accepted_n, 0);
    assert_true(f.is_closed);
    assert_int_equal(f.lines, 0);
    fake_close(&f, 0);
}

static void test_reset_as_meant(void **state)
{
    (void)state;
    struct fake f;
    open_obey(&f);
    int p = fake_connect(&f), failed = fake_connect(&f);
    fake_text(&f, p, "R");
    fake_run(&f);
    assert_true(f.peers[p].hard && is_closed(&f, p));
    assert_int_equal(f.lines, 0);
    fake_text(&f, failed, "r");
    fake_run(&f);
    assert_int_equal(f.lines, 1);
    fake_close(&f, 0);
}

static int read_late(stoa_conn *c, void *arg)
{
    (void)arg;
    int r = stoa_sleep(stoa_conn_task(c), STOA_SEC);
    return r < 0 ? r : obey(c, NULL);
}

static void test_leaves_bytes(void **state)
{
    (void)state;
    struct fake f;
    struct listener_options l = {
        .idle = STOA_NEVER, .serve = read_late, .greet = true, .leaves_bytes = true
    };
    fake_open(&f, &(struct fake_options){ .listening = &l });
    int p = fake_connect(&f);
    fake_text(&f, p, "c");
    fake_wait(&f, STOA_SEC - 1);
    assert_non_null(f.peers[p].in);
    assert_false(fake_receives(&f, p));
    fake_wait(&f, 1);
    fake_expect(&f, p, "c");
    fake_close(&f, 0);
}

/* ---- draining ---- */

static void test_drain_accepts_the_rest(void **state)
{
    (void)state;
    struct fake f;
    open_obey(&f);
    fake_run(&f);
    int p = fake_connect(&f), silent = fake_connect(&f);
    fake_text(&f, p, "p");
    fake_drain(&f);                 /* before the turn that would have accepted them */
    f.accept_fails = -ECONNABORTED; /* one has given up meanwhile: the others count */
    fake_turn(&f);
    fake_run(&f);
    fake_expect(&f, p, "p");
    assert_true(is_closed(&f, p));
    assert_true(f.is_closed);
    assert_false(is_closed(&f, silent)); /* its request may be on the way */
    fake_wait(&f, STOA_SEC);
    fake_text(&f, silent, "p");
    fake_run(&f);
    fake_expect(&f, silent, "p");
    assert_true(is_closed(&f, silent));
    fake_close(&f, 0);
}

static void test_drain_gives_up_on_the_silent(void **state)
{
    (void)state;
    struct fake f;
    open_obey(&f);
    int before = fake_connect(&f);
    fake_run(&f);
    int after = fake_connect(&f);
    fake_drain(&f);
    fake_wait(&f, 2 * STOA_SEC - 1);
    assert_false(is_closed(&f, before) || is_closed(&f, after));
    fake_wait(&f, 1);
    assert_true(is_closed(&f, before) && is_closed(&f, after));
    fake_close(&f, 0);
}

static void test_drain_in_a_shortage(void **state)
{
    (void)state;
    for (int paused = 0; paused <= 1; paused++) {
        struct fake f;
        open_obey(&f);
        fake_run(&f);
        f.accept_fails = -EMFILE;
        int p = fake_connect(&f);
        fake_text(&f, p, "p");
        if (paused)
            fake_run(&f);
        fake_drain(&f);
        fake_run(&f);
        assert_false(f.is_closed); /* or p would be reset */
        f.accept_fails = 0;
        fake_wait(&f, 100 * STOA_MS);
        fake_expect(&f, p, "p");
        assert_true(f.is_closed && is_closed(&f, p));
        fake_close(&f, 0);
    }
}

static void test_cut_in_a_shortage(void **state)
{
    (void)state;
    struct fake f;
    open_obey(&f);
    fake_run(&f);
    f.accept_fails = -EMFILE;
    fake_connect(&f);
    fake_drain(&f);
    fake_run(&f);
    assert_false(f.is_closed);
    fake_close(&f, 0);
}

/* Cut in every state: ready, leaving, lingering, closing. */
static void test_cut_everywhere(void **state)
{
    (void)state;
    struct fake f;
    open_obey(&f);
    int lingers = linger_with(&f), leaves = fake_connect(&f);
    fake_run(&f);
    f.late_cancels = 1;
    fake_drain(&f);
    int late = fake_connect(&f);
    fake_text(&f, late, "p");
    fake_turn(&f);
    f.service->ops->cut(f.service, &f.core);
    fake_run(&f);
    assert_true(is_closed(&f, lingers) && is_closed(&f, leaves));
    fake_close(&f, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shortage),
        cmocka_unit_test(test_resumes_when_one_has_gone),
        cmocka_unit_test(test_no_memory_for_a_record),
        cmocka_unit_test(test_accept_cannot_resume),
        cmocka_unit_test(test_short_pause),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_refuses_after_some),
        cmocka_unit_test(test_refuses_in_a_pause),
        cmocka_unit_test(test_accepts_none),
        cmocka_unit_test(test_reset_as_meant),
        cmocka_unit_test(test_leaves_bytes),
        cmocka_unit_test(test_drain_accepts_the_rest),
        cmocka_unit_test(test_drain_gives_up_on_the_silent),
        cmocka_unit_test(test_drain_in_a_shortage),
        cmocka_unit_test(test_cut_in_a_shortage),
        cmocka_unit_test(test_cut_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
