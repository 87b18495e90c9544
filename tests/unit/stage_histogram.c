/* The scale of times, and quantiles of what was counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stage/histogram.h"

static void test_scale(void **state)
{
    (void)state;
    assert_int_equal(stage_bucket(0), 0);
    assert_int_equal(stage_bucket(1000), 0);
    assert_int_equal(stage_bucket(1001), 1);
    assert_int_equal(stage_bucket(8000), 7);
    assert_int_equal(stage_bucket(8001), 8);
    assert_int_equal(stage_bucket(UINT64_MAX), STOA_BUCKETS - 1);
    for (int i = 0; i + 1 < STOA_BUCKETS; i++) {
        int64_t le = stoa_bucket_le(i);
        assert_int_equal(stage_bucket((uint64_t)le), i);
        assert_int_equal(stage_bucket((uint64_t)le + 1), i + 1);
        int64_t width = stoa_bucket_le(i) - (i ? stoa_bucket_le(i - 1) : 0);
        assert_true(width <= 1000 || width * 8 <= le);
    }
    assert_true(stoa_bucket_le(STOA_BUCKETS - 1) == INT64_MAX);
    assert_true(stoa_bucket_le(STOA_BUCKETS - 2) > 400000000000); /* some minutes */
}

static void test_quantiles(void **state)
{
    (void)state;
    struct stoa_stage_histogram h = { 0 };
    assert_int_equal(stage_quantile(&h, 0.5), 0);
    for (int i = 0; i < 90; i++)
        stage_histogram_add(&h, 3000);
    for (int i = 0; i < 10; i++)
        stage_histogram_add(&h, 100 * 1000000);
    assert_int_equal(h.count, 100);
    assert_int_equal(h.sum_ns, 90 * 3000 + (uint64_t)10 * 100000000);
    assert_int_equal(stage_quantile(&h, 0), 3000);
    assert_int_equal(stage_quantile(&h, 0.5), 3000);
    assert_int_equal(stage_quantile(&h, 0.9), 3000);
    int64_t most = stage_quantile(&h, 0.91);
    assert_true(most >= 100000000 && most <= 112500000);
    assert_int_equal(stage_quantile(&h, 1), most);
}

static void test_beyond_the_scale(void **state)
{
    (void)state;
    struct stoa_stage_histogram h = { 0 };
    stage_histogram_add(&h, UINT64_MAX / 2);
    assert_true(stage_quantile(&h, 1) == stoa_bucket_le(STOA_BUCKETS - 2));
}

static void test_collect(void **state)
{
    (void)state;
    static struct stoa_stage_histogram a, b;
    stage_histogram_add(&a, 1);
    stage_histogram_add(&b, 1);
    stage_histogram_add(&b, 5000);
    stage_histogram_collect(&a, &b);
    assert_int_equal(a.count, 3);
    assert_int_equal(a.sum_ns, 5002);
    assert_int_equal(a.buckets[0], 2);
    assert_int_equal(a.buckets[4], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_beyond_the_scale),
        cmocka_unit_test(test_collect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
