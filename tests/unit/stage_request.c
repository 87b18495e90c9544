/* One request's watch, the counting of ended ones, and the entries of connections: moments by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stage/request.h"
#include "stage/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct stage_shape shape = { .cores = 1, .conns_each = 2 };

struct fixture {
    struct stage_table t;
    struct stage_clock s;
    struct stage_view v;
    void *memory;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    size_t n = stage_table_bytes(&shape);
    f->memory = aligned_alloc(4096, n);
    memset(f->memory, 0, n);
    stage_table_init(&f->t, f->memory, &shape);
    stage_clock_begin(&f->s, &f->t, 0);
    assert_int_equal(stage_view_init(&f->v, f->memory, n), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    free(f->memory);
    free(f);
    return 0;
}

static uint64_t sum(const struct stage_request *r)
{
    uint64_t all = 0;
    for (int i = STOA_SPAN_QUEUED; i <= STOA_SPAN_SEND; i++)
        all += r->ns[i];
    return all;
}

/* Received at 100 in the accept queue, accepted at 150, read at 180 by a core that was busy until
 * then, run at 200. */
static void test_first(void **state)
{
    (void)state;
    struct stage_request r = { .measured = false };
    struct stage_came came = { .rx = 100, .idle = 180, .read = 180 };
    stage_request_begin(&r, &came, true, 150, 200);
    assert_int_equal(r.began, 100);
    assert_int_equal(r.ns[STOA_SPAN_QUEUED], 50);
    assert_int_equal(r.ns[STOA_SPAN_HEAD], 0);
    assert_int_equal(r.ns[STOA_SPAN_CORE], 50);
    assert_int_equal(r.ns[STOA_SPAN_BUFFER], 0);
    stage_request_turn(&r, STOA_SPAN_SEND, 260);
    stage_request_turn(&r, STOA_SPAN_SEND, 270);
    assert_int_equal(r.ns[STOA_SPAN_HANDLER], 60);
    assert_int_equal(r.ns[STOA_SPAN_SEND], 10);
    assert_int_equal(stage_request_took(&r), 170);
    assert_int_equal(sum(&r), 170);
    for (int i = STOA_SPAN_QUEUED; i <= STOA_SPAN_SEND; i++)
        assert_int_equal(r.grade[i], STOA_EXACT);
}

/* A head in pieces: the first at 100, the last at 400. */
static void test_pieces(void **state)
{
    (void)state;
    struct stage_request r = { .head = { .rx = 100, .idle = 50, .read = 110 } };
    struct stage_came came = { .rx = 400, .idle = 300, .read = 420 };
    stage_request_begin(&r, &came, true, 0, 425);
    assert_int_equal(r.began, 100);
    assert_int_equal(r.ns[STOA_SPAN_HEAD], 300);
    assert_int_equal(r.ns[STOA_SPAN_BUFFER], 20);
    assert_int_equal(r.ns[STOA_SPAN_CORE], 5);
    assert_int_equal(r.head.read, 0); /* the next one's is its own */
    r.head = (struct stage_came){ .rx = 500, .read = 510 };
    stage_request_begin(&r, &r.head, false, 0, 900); /* its rest never came */
    assert_int_equal(r.ns[STOA_SPAN_HEAD], 400);
    assert_int_equal(sum(&r), 400);
}

static void test_unknown(void **state)
{
    (void)state;
    struct stage_request r = { .measured = false };
    struct stage_came came = { .rx = 0, .idle = 50, .read = 180 };
    stage_request_begin(&r, &came, true, 150, 200);
    assert_int_equal(r.began, 180); /* not earlier than is known */
    assert_int_equal(r.ns[STOA_SPAN_CORE], 20);
    assert_int_equal(r.grade[STOA_SPAN_QUEUED], STOA_UNKNOWN);
    assert_int_equal(r.grade[STOA_SPAN_BUFFER], STOA_UNKNOWN);
    assert_int_equal(r.grade[STOA_SPAN_HANDLER], STOA_EXACT);
    came = (struct stage_came){ 0 };
    stage_request_begin(&r, &came, true, 0, 200);
    assert_int_equal(r.began, 200);
}

/* The handler waits for a body: 50 the client's, 10 until an idle core read it, 5 until it ran. */
static void test_body(void **state)
{
    (void)state;
    struct stage_request r = { .measured = false };
    struct stage_came came = { .rx = 100, .idle = 0, .read = 100 };
    stage_request_begin(&r, &came, true, 0, 100);
    stage_request_turn(&r, STOA_SPAN_BODY, 110);
    came = (struct stage_came){ .rx = 160, .idle = 120, .read = 170 };
    stage_request_fed(&r, &came, STOA_SPAN_HANDLER, 175);
    assert_int_equal(r.ns[STOA_SPAN_BODY], 50);
    assert_int_equal(r.ns[STOA_SPAN_BUFFER], 10);
    assert_int_equal(r.ns[STOA_SPAN_CORE], 5);
    stage_request_turn(&r, STOA_SPAN_BODY, 180);
    stage_request_fed(&r, NULL, STOA_SPAN_SEND, 280); /* nothing came */
    assert_int_equal(r.ns[STOA_SPAN_BODY], 150);
    assert_int_equal(r.ns[STOA_SPAN_HANDLER], 15);
    assert_int_equal(sum(&r), 180);
}

/* Marks count within the handler, and not while it waits for the client. */
static void test_marks(void **state)
{
    (void)state;
    struct stage_request r = { .measured = false };
    struct stage_came came = { .rx = 100, .idle = 0, .read = 100 };
    stage_request_begin(&r, &came, true, 0, 100);
    stage_request_mark(&r, STOA_SPAN_MARKS, 110);
    stage_request_turn(&r, STOA_SPAN_SEND, 130);
    stage_request_turn(&r, STOA_SPAN_HANDLER, 200);
    stage_request_mark(&r, STOA_SPAN_MARKS + 1, 205);
    stage_request_mark(&r, 0, 206);
    stage_request_turn(&r, STOA_SPAN_SEND, 300);
    assert_int_equal(r.ns[STOA_SPAN_MARKS], 25);
    assert_int_equal(r.ns[STOA_SPAN_MARKS + 1], 1);
    assert_int_equal(r.ns[STOA_SPAN_HANDLER], 130);
    assert_int_equal(sum(&r), 200);
}

/* A record is used for one request after the other: nothing of the earlier one stays. */
static void test_again(void **state)
{
    (void)state;
    struct stage_request r = { .head = { .rx = 100, .idle = 50, .read = 110 } };
    struct stage_came came = { .rx = 400, .idle = 420, .read = 430 }, unknown = { .read = 1000 };
    stage_request_begin(&r, &came, true, 90, 440);
    stage_request_mark(&r, STOA_SPAN_MARKS + 5, 450);
    stage_request_turn(&r, STOA_SPAN_BODY, 500);
    stage_request_turn(&r, STOA_SPAN_SEND, 600);
    stage_request_turn(&r, STOA_SPAN_HANDLER, 700);
    stage_request_begin(&r, &unknown, true, 0, 1000);
    for (int i = 0; i < STOA_SPANS; i++)
        assert_int_equal(r.ns[i], 0);
    assert_false(r.first);
    assert_false(r.is_marked);
    assert_int_equal(r.grade[STOA_SPAN_HEAD], STOA_UNKNOWN);
    assert_int_equal(r.grade[STOA_SPAN_HANDLER], STOA_EXACT);
    stage_request_turn(&r, STOA_SPAN_SEND, 1010);
    assert_int_equal(stage_request_took(&r), 10);
    assert_int_equal(r.ns[STOA_SPAN_MARKS + 5], 0);
}

static void test_entries(void **state)
{
    struct fixture *f = *state;
    struct stoa_stage_conn seen;
    struct stage_conn *a = stage_conn_take(&f->s, 3, 1000), *b = stage_conn_take(&f->s, 0, 1001);
    assert_non_null(a);
    assert_non_null(b);
    assert_null(stage_conn_take(&f->s, 0, 1002));
    assert_true(stage_view_conn(&f->v, 0, &seen));
    assert_int_equal(seen.listener, 3);
    assert_int_equal(seen.accepted, 1000);
    assert_int_equal(seen.at, STOA_AT_READY);
    stage_conn_accepted(a, &(struct stage_accept){ .handshake = 5, .queued = 8, .tick = 4 });
    stage_conn_waited(a, 2);
    assert_int_equal(a->seen.queue_least, 4);
    stage_conn_waited(a, 7);
    assert_int_equal(a->seen.queue_least, 7);
    stage_conn_waited(a, 70); /* the clocks differ by a tick: never beyond the upper bound */
    assert_int_equal(a->seen.queue_least, 12);
    stage_conn_held(a, 100);
    assert_int_equal(a->seen.queue_least, 112);
    assert_int_equal(a->seen.queue_most, 112);
    stage_conn_held(b, 100); /* whose wait for accept is not known */
    assert_int_equal(b->seen.queue_most, 0);
    assert_true(stage_conn_begins(a, 1010));
    assert_false(stage_conn_begins(a, 1020));
    stage_conn_drop(&f->s, a);
    stage_conn_drop(&f->s, NULL);
    assert_false(stage_view_conn(&f->v, 0, &seen));
    assert_ptr_equal(stage_conn_take(&f->s, 1, 2000), a);
    assert_true(stage_view_conn(&f->v, 0, &seen));
    assert_int_equal(seen.requests, 0);
    assert_int_equal(seen.queue_most, 0);
    assert_int_equal(f->s.core->accepted, 3);
    assert_int_equal(f->s.core->closed, 1);
}

static void end_one(struct fixture *f, struct stage_conn *c, int64_t began, int64_t took)
{
    struct stage_request r = { .measured = false };
    struct stage_came came = { .rx = began, .idle = 0, .read = began };
    struct stoa_stage_request shown = { .status = 200 };
    stage_request_begin(&r, &came, true, 0, began);
    stage_request_turn(&r, STOA_SPAN_SEND, began + took);
    if (stage_request_count(&f->s, c, &r, &(struct stage_facts){ .status = 200 }))
        stage_request_rank(&f->s, c, &r, &shown);
}

static void test_counting(void **state)
{
    struct fixture *f = *state;
    struct stage_conn *c = stage_conn_take(&f->s, 0, 1000);
    struct stage_request r = { .measured = false };
    struct stage_came came = { .rx = 900, .idle = 0, .read = 1000 };
    stage_conn_accepted(c, &(struct stage_accept){ .handshake = 5, .queued = 8, .tick = 4 });
    stage_request_begin(&r, &came, true, 1000, 1000);
    struct stage_facts facts = { .status = 408, .cause = "request.head_timeout" };
    stage_request_count(&f->s, c, &r, &facts);
    const struct stoa_stage_core *core = f->s.core;
    int cause = stage_cause_index(f->t.head, "request.head_timeout");
    assert_int_equal(core->requests, 1);
    assert_int_equal(core->statuses[4], 1);
    assert_int_equal(core->causes[cause], 1);
    assert_int_equal(core->spans[STOA_SPAN_HANDSHAKE].count, 1);
    assert_int_equal(core->spans[STOA_SPAN_ACCEPT].sum_ns, 12);
    assert_int_equal(core->spans[STOA_SPAN_QUEUED].sum_ns, 100);
    assert_int_equal(core->spans[STOA_SPAN_BODY].count, 0);
    assert_int_equal(core->spans[STOA_SPAN_HANDLER].count, 1);
    assert_int_equal(core->took.sum_ns, 100);
    facts = (struct stage_facts){ .status = 0, .cause = "no.such" };
    stage_request_count(&f->s, c, &r, &facts);
    assert_int_equal(core->statuses[0], 1);
}

/* Of any order of times the sixteen longest are kept; ten seconds later they are the last ones, and
 * ten more later they are gone. */
static void test_board(void **state)
{
    struct fixture *f = *state;
    static struct stoa_stage_request ret[2 * STOA_SLOWEST];
    const int64_t sec = 1000000000;
    struct stage_conn *c = stage_conn_take(&f->s, 0, 0);
    for (int64_t i = 0; i < 97; i++)
        end_one(f, c, 100 * sec + i, 1 + i * 31 % 97);
    assert_int_equal(stage_view_slowest(&f->v, ret, 2 * STOA_SLOWEST), STOA_SLOWEST);
    for (int i = 0; i < STOA_SLOWEST; i++)
        assert_int_equal(ret[i].took, 97 - i);
    end_one(f, c, 111 * sec, 5);
    assert_int_equal(stage_view_slowest(&f->v, ret, 2 * STOA_SLOWEST), STOA_SLOWEST + 1);
    assert_int_equal(ret[STOA_SLOWEST].took, 5);
    end_one(f, c, 122 * sec, 6);
    assert_int_equal(stage_view_slowest(&f->v, ret, 2 * STOA_SLOWEST), 2);
    assert_int_equal(ret[0].took, 6);
    assert_int_equal(ret[0].began, 122 * sec);
    assert_int_equal(ret[1].took, 5);
}

static void test_names(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g" };
    char again[] = "b", name[24];
    for (int i = 0; i < 6; i++)
        assert_int_equal(stage_named_span(&f->s, names[i]), STOA_SPAN_MARKS + i);
    assert_int_equal(stage_named_span(&f->s, names[6]), -ENOSPC);
    assert_int_equal(stage_named_span(&f->s, again), STOA_SPAN_MARKS + 1); /* by its letters */
    assert_int_equal(stage_view_head(&f->v)->marks, 6);
    stage_view_span_name(&f->v, (enum stoa_span)(STOA_SPAN_MARKS + 5), name);
    assert_string_equal(name, "f");
}

static void test_off(void **state)
{
    (void)state;
    struct stage_clock s;
    struct stage_table none = { .head = NULL };
    stage_clock_begin(&s, &none, 0);
    assert_null(s.core);
    assert_null(stage_conn_take(&s, 0, 0));
    stage_at(NULL, STOA_AT_IDLE, 1);
    stage_bytes_in(&s, NULL, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_body),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_again),
        cmocka_unit_test_setup_teardown(test_entries, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_counting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_board, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
        cmocka_unit_test(test_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
