/* Byte ranges against a size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/edge.h"
#include "wire/range.h"

#include <stdio.h>

/* The ranges as "from-last,from-last"; "ignore"; "416". */
static const char *parse(const char *value, uint64_t size)
{
    static char text[256];
    struct edge edge;
    struct ranges ranges;
    edge_open(&edge, 256);
    enum range_result r = range_parse(&ranges, edge_put(&edge, str_of(value)), size);
    edge_close(&edge);
    if (r != RANGE_OK)
        return r == RANGE_IGNORE ? "ignore" : "416";
    size_t n = 0;
    for (unsigned i = 0; i < ranges.count; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%ju-%ju", i ? "," : "",
                              (uintmax_t)ranges.at[i].from,
                              (uintmax_t)(ranges.at[i].from + ranges.at[i].n - 1));
    return text;
}

static void values(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        uint64_t size;
        const char *want;
    } cases[] = {
        { "bytes=0-0", 10, "0-0" },
        { "bytes=0-9", 10, "0-9" },
        { "bytes=2-5", 10, "2-5" },
        { "bytes=5-", 10, "5-9" },
        { "bytes=-3", 10, "7-9" },
        { "bytes=-30", 10, "0-9" },
        { "bytes=5-99", 10, "5-9" },
        { "BYTES=5-", 10, "5-9" },
        { "bytes=0-99999999999999999999999999", 10, "0-9" },
        { "bytes=-99999999999999999999999999", 10, "0-9" },
        { "bytes=99999999999999999999999999-", 10, "416" },
        { "bytes=18446744073709551616-", 10, "416" },
        { "bytes=10-", 10, "416" },
        { "bytes=-0", 10, "416" },
        { "bytes=-0,10-", 10, "416" },
        { "bytes=0-0,10-", 10, "0-0" },
        { "bytes= 0-0 ,, 4-4\t,", 10, "0-0,4-4" },
        { "bytes=4-4,0-0", 10, "4-4,0-0" }, /* in the order asked for */
        { "bytes=0-3,2-5", 10, "0-5" },
        { "bytes=0-3,4-5", 10, "0-5" },
        { "bytes=4-5,0-3", 10, "0-5" },
        { "bytes=0-1,8-9,4-5", 10, "0-1,8-9,4-5" },
        { "bytes=0-1,8-9,4-5,2-3", 10, "0-5,8-9" },
        { "bytes=8-9,0-1,4-5,2-3", 10, "8-9,0-5" },
        { "bytes=0-0,2-2,4-4,0-", 10, "0-9" },
        { "bytes=0-,0-,0-,0-,0-,0-,0-,0-,0-,0-,0-,0-,0-,0-,0-,0-", 10, "0-9" },
        { "bytes=0-,0-,0-,0-,0-,0-,0-,0-,0-,0-,0-,0-,0-,0-,0-,0-,0-", 10, "ignore" },
        { "bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,"
          "30-30",
          99,
          "0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,"
          "28-28,30-30" },
        { "bytes=0-", 0, "ignore" },
        { "bytes=-1", 0, "ignore" },
        { "bytes=", 10, "ignore" },
        { "bytes=,", 10, "ignore" },
        { "bytes", 10, "ignore" },
        { "", 10, "ignore" },
        { "lines=0-1", 10, "ignore" },
        { "bytes=-", 10, "ignore" },
        { "bytes=5-4", 10, "ignore" },
        { "bytes=0-0,5-4", 10, "ignore" },
        { "bytes=a-b", 10, "ignore" },
        { "bytes=0", 10, "ignore" },
        { "bytes=0-1x", 10, "ignore" },
        { "bytes=0 - 1", 10, "ignore" },
        { "bytes=0--1", 10, "ignore" },
        { "bytes=+0-1", 10, "ignore" },
        { "bytes =0-1", 10, "ignore" },
        { "bytes=0-", INT64_MAX, "0-9223372036854775806" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(parse(cases[i].value, cases[i].size), cases[i].want);
}

/* Against a map of the bytes asked for: the ranges are apart, and cover just those. */
static void any_two_and_three(void **state)
{
    (void)state;
    enum { SIZE = 6 };
    for (unsigned code = 0; code < SIZE * SIZE * SIZE * SIZE * SIZE * SIZE; code++) {
        unsigned c = code, asked = 0, got = 0;
        char value[64] = "bytes=";
        for (int i = 0; i < 3; i++, c /= SIZE * SIZE) {
            unsigned from = c % SIZE, last = c / SIZE % SIZE;
            if (from > last)
                continue;
            snprintf(value + strlen(value), 16, "%u-%u,", from, last);
            asked |= ((1u << (last - from + 1)) - 1) << from;
        }
        struct ranges ranges = { 0 };
        if (range_parse(&ranges, str_of(value), SIZE) != RANGE_OK)
            assert_int_equal(asked, 0);
        for (unsigned i = 0; i < ranges.count; i++) {
            unsigned bits = ((1u << ranges.at[i].n) - 1) << ranges.at[i].from;
            assert_false(got & (bits | bits << 1 | bits >> 1)); /* else they would touch */
            got |= bits;
        }
        assert_int_equal(got, asked);
    }
}

static void content(void **state)
{
    (void)state;
    char buf[RANGE_CONTENT_MAX];
    assert_int_equal(range_content(buf, &(struct range){ 5, 10 }, 100), 14);
    assert_string_equal(buf, "bytes 5-14/100");
    range_content(buf, NULL, 100);
    assert_string_equal(buf, "bytes */100");
    assert_true(range_content(buf, &(struct range){ INT64_MAX - 2, 1 }, INT64_MAX) < sizeof buf);
    assert_string_equal(buf, "bytes 9223372036854775805-9223372036854775805/9223372036854775807");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(any_two_and_three),
        cmocka_unit_test(content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
