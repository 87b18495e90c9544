/* Dates against what is known of them, and against the C library for every day of 800 years. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/date.h"

#include <time.h>

enum { DAY_S = 86400 };

static bool parse(const char *text, int64_t now_s, int64_t *ret)
{
    return date_parse(str_of(text), now_s, ret);
}

static void known(void **state)
{
    (void)state;
    static const struct {
        int64_t unix_s;
        const char *text;
    } cases[] = {
        { 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
        { -1, "Wed, 31 Dec 1969 23:59:59 GMT" },
        { 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" },
        { 951782400, "Tue, 29 Feb 2000 00:00:00 GMT" },
        { 951868800, "Wed, 01 Mar 2000 00:00:00 GMT" },
        { 1709164800, "Thu, 29 Feb 2024 00:00:00 GMT" },
        { 2147483648, "Tue, 19 Jan 2038 03:14:08 GMT" },
        { 4107542400, "Mon, 01 Mar 2100 00:00:00 GMT" },
        { -2203891200, "Thu, 01 Mar 1900 00:00:00 GMT" },
        { 253402300799, "Fri, 31 Dec 9999 23:59:59 GMT" },
        { -62135596800, "Mon, 01 Jan 0001 00:00:00 GMT" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buf[DATE_BYTES];
        int64_t back;
        date_format(buf, cases[i].unix_s);
        assert_memory_equal(buf, cases[i].text, DATE_BYTES);
        assert_true(parse(cases[i].text, 0, &back));
        assert_true(back == cases[i].unix_s);
    }
}

static void each_day(void **state)
{
    (void)state;
    for (int64_t day = -146097; day < 146097; day++) {
        time_t t = (time_t)(day * DAY_S + (day & 0xffff));
        struct tm tm;
        gmtime_r(&t, &tm);
        struct date_parts d = date_split(t);
        assert_int_equal(d.year, tm.tm_year + 1900);
        assert_int_equal(d.month, tm.tm_mon + 1);
        assert_int_equal(d.day, tm.tm_mday);
        assert_int_equal(d.weekday, tm.tm_wday);
        assert_int_equal(d.hour * 3600 + d.minute * 60 + d.second,
                         tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec);
        assert_true(date_days(d.year, d.month, d.day) == day);
    }
}

static void three_forms(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    };
    for (size_t i = 0; i < 3; i++) {
        int64_t t;
        assert_true(parse(texts[i], 784111777, &t));
        assert_true(t == 784111777);
    }
    int64_t t;
    assert_true(parse("Wed Nov 16 08:49:37 1994", 0, &t) && t == 784111777 + 10 * DAY_S);
    assert_true(parse("Sat, 31 Dec 2016 23:59:60 GMT", 0, &t) && t == 1483228800);
}

/* More than fifty years ahead is the century before. */
static void two_digit_years(void **state)
{
    (void)state;
    int64_t now_s = date_days(2024, 6, 1) * DAY_S, t;
    static const struct {
        const char *text;
        int year;
    } cases[] = {
        { "Tuesday, 01-Jan-24 00:00:00 GMT", 2024 }, { "Tuesday, 01-Jan-74 00:00:00 GMT", 2074 },
        { "Tuesday, 01-Jan-75 00:00:00 GMT", 1975 }, { "Tuesday, 01-Jan-99 00:00:00 GMT", 1999 },
        { "Tuesday, 01-Jan-00 00:00:00 GMT", 2000 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(parse(cases[i].text, now_s, &t));
        assert_true(t == date_days(cases[i].year, 1, 1) * DAY_S);
    }
}

static void not_dates(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "0",
        "now",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 29 Feb 1900 08:49:37 GMT",
        "Sun, 29 Feb 2023 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT+1",
        "Sunday, 06 Nov 94 08:49:37 GMT",
        "Sunday, 32-Dec-94 08:49:37 GMT",
        "Sun Nov 06 08:49:37 94",
        "Sun Nov  6 08:49:37 1994 GMT",
        "Sun Nov   6 08:49:37 1994",
        "Sun Foo  6 08:49:37 1994",
        "Sun",
    };
    int64_t t = 7;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(parse(texts[i], 0, &t));
    assert_true(t == 7); /* untouched */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known),       cmocka_unit_test(each_day),
        cmocka_unit_test(three_forms), cmocka_unit_test(two_digit_years),
        cmocka_unit_test(not_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
