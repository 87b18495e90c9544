/* What the time before bytes were looked at was spent on, and stamps of a clock that is set: fixed
 * numbers, no clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stage/wall.h"
#include "stage/way.h"

enum { MS = 1000000 };

static void expect(struct stage_wait w, uint64_t client, uint64_t buffer, uint64_t core)
{
    assert_int_equal(w.client, client);
    assert_int_equal(w.buffer, buffer);
    assert_int_equal(w.core, core);
}

static void test_split(void **state)
{
    (void)state;
    struct stage_came came = { .rx = 100, .idle = 50, .read = 130 };
    expect(stage_way_split(100, &came, 130), 0, 30, 0);  /* idle: woken up */
    expect(stage_way_split(100, &came, 150), 0, 30, 20); /* then others ran */
    came.idle = 120;
    expect(stage_way_split(100, &came, 150), 0, 10, 40); /* they had run before, too */
    expect(stage_way_split(20, &came, 150), 80, 10, 40); /* the client took its time */
    came.idle = 130;
    expect(stage_way_split(110, &came, 150), 0, 0, 40); /* and a part of it was counted before */
    expect(stage_way_split(140, &came, 150), 0, 0, 10);
}

static void test_split_unknown(void **state)
{
    (void)state;
    struct stage_came came = { .rx = 0, .idle = 120, .read = 130 };
    expect(stage_way_split(100, &came, 150), 30, 0, 20);
    came.idle = 0;
    came.rx = 110;
    expect(stage_way_split(100, &came, 150), 10, 20, 20);
    came.rx = 140; /* newer bytes, found while others were delivered */
    expect(stage_way_split(100, &came, 150), 30, 0, 20);
}

static void test_split_adds_up(void **state)
{
    (void)state;
    for (int64_t rx = 0; rx < 12; rx++)
        for (int64_t idle = 0; idle < 12; idle++)
            for (int64_t read = 0; read < 12; read++) {
                struct stage_came came = { rx, idle, read };
                struct stage_wait w = stage_way_split(3, &came, 9);
                assert_int_equal(w.client + w.buffer + w.core, 6);
            }
}

static void test_wall(void **state)
{
    (void)state;
    struct stage_wall w = { 0 };
    assert_false(stage_wall_agrees(&w, 1000 * MS, 5000 * (int64_t)MS));
    stage_wall_set(&w, 1000 * MS, 5000 * (int64_t)MS);
    assert_true(stage_wall_agrees(&w, 1100 * MS, 5100 * (int64_t)MS + 1000));
    assert_int_equal(stage_wall_mono(&w, 5100 * (int64_t)MS, 1101 * MS), 1100 * MS);
    assert_int_equal(stage_wall_mono(&w, 0, 1101 * MS), 0);
    /* Found while others were delivered; and of no clock that we know. */
    assert_int_equal(stage_wall_mono(&w, 5102 * (int64_t)MS, 1101 * MS), 1101 * MS);
    assert_int_equal(stage_wall_mono(&w, 6000 * (int64_t)MS, 1101 * MS), 0);
}

static void test_wall_set_forward(void **state)
{
    (void)state;
    struct stage_wall w = { 0 };
    stage_wall_set(&w, 1000 * MS, 5000 * (int64_t)MS);
    assert_false(stage_wall_agrees(&w, 1100 * MS, 5200 * (int64_t)MS));
    stage_wall_set(&w, 1100 * MS, 5200 * (int64_t)MS);
    /* A stamp from before, of 5090, would be of 990 now. */
    assert_int_equal(stage_wall_mono(&w, 5090 * (int64_t)MS, 1101 * MS), 0);
    assert_int_equal(stage_wall_mono(&w, 5201 * (int64_t)MS, 1102 * MS), 1101 * MS);
}

static void test_wall_set_back(void **state)
{
    (void)state;
    struct stage_wall w = { 0 };
    stage_wall_set(&w, 1000 * MS, 5000 * (int64_t)MS);
    stage_wall_set(&w, 1100 * MS, 5070 * (int64_t)MS); /* by 30 */
    /* A stamp of 1095 (5095) would be of 1125 now: until 1130 none can be told from such. */
    assert_int_equal(stage_wall_mono(&w, 5095 * (int64_t)MS, 1126 * MS), 0);
    assert_int_equal(stage_wall_mono(&w, 5099 * (int64_t)MS, 1200 * MS), 0);
    assert_int_equal(stage_wall_mono(&w, 5101 * (int64_t)MS, 1200 * MS), 1131 * MS);
    /* By a day: no longer than a minute. */
    stage_wall_set(&w, 2000 * (int64_t)MS, 0);
    stage_wall_set(&w, 2000 * (int64_t)MS, -86400 * (int64_t)1000 * MS);
    assert_int_equal(w.doubt, 62000 * (int64_t)MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_split_unknown),
        cmocka_unit_test(test_split_adds_up),
        cmocka_unit_test(test_wall),
        cmocka_unit_test(test_wall_set_forward),
        cmocka_unit_test(test_wall_set_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
