/* Conditional requests: RFC 9110 section 13, row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/heads.h"
#include "wire/conditional.h"

#include <stdio.h>

#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define THEN "Sun, 06 Nov 1994 08:49:37 GMT"
#define AFTER "Sun, 06 Nov 1994 08:49:38 GMT"

enum { THEN_S = 784111777, NOW_S = THEN_S + 1000 };

static const struct validators strong = { .etag = { "\"a,b\"", 5 }, .modified_s = THEN_S };
static const struct validators weak = { .etag = { "W/\"a,b\"", 7 }, .modified_s = THEN_S };
static const struct validators missing = { .modified_s = INT64_MIN, .is_missing = true };
static const struct validators bare = { .modified_s = INT64_MIN };

static void read_request(struct head *h, const char *method, const char *fields)
{
    static char text[512];
    snprintf(text, sizeof text, "%s / HTTP/1.1\r\nHost: h\r\n%s\r\n", method, fields);
    head_init(h, &head_limits_default);
    assert_int_equal(head_parse_request(h, str_of(text)), strlen(text));
}

static enum condition judge(const char *method, const char *fields, const struct validators *v)
{
    struct head h;
    read_request(&h, method, fields);
    enum condition c = conditional_judge(&h, v, NOW_S);
    if (!(h.has & CONDITIONAL_FIELDS))
        assert_int_equal(c, CONDITION_PROCEED);
    return c;
}

enum { GO = CONDITION_PROCEED, SAME = CONDITION_NOT_MODIFIED, FAIL = CONDITION_FAILED };

static void judgements(void **state)
{
    (void)state;
    static const struct {
        const char *method, *fields;
        const struct validators *v;
        int want;
    } cases[] = {
        { "GET", "", &strong, GO },
        /* If-None-Match: weak comparison; 304 for GET and HEAD, else 412. */
        { "GET", "If-None-Match: \"a,b\"\r\n", &strong, SAME },
        { "HEAD", "If-None-Match: \"a,b\"\r\n", &strong, SAME },
        { "PUT", "If-None-Match: \"a,b\"\r\n", &strong, FAIL },
        { "GET", "If-None-Match: W/\"a,b\"\r\n", &strong, SAME },
        { "GET", "If-None-Match: \"a,b\"\r\n", &weak, SAME },
        { "GET", "If-None-Match: \"x\"\r\n", &strong, GO },
        { "GET", "If-None-Match: \"x\", , \"a,b\"\r\n", &strong, SAME },
        { "GET", "If-None-Match: \"\\\", \"a,b\"\r\n", &strong, SAME },
        { "GET", "If-None-Match: \"x\"\r\nIf-None-Match: \"a,b\"\r\n", &strong, SAME },
        { "GET", "If-None-Match: x, W/x, W, \"a,b\"\r\n", &strong, SAME },
        { "GET", "If-None-Match: *\r\n", &strong, SAME },
        { "GET", "If-None-Match: *\r\n", &bare, SAME },
        { "PUT", "If-None-Match: *\r\n", &missing, GO },
        { "PUT", "If-None-Match: *\r\n", &strong, FAIL },
        { "GET", "If-None-Match: a,b\r\n", &strong, GO },
        { "GET", "If-None-Match: \"a,b\r\n", &strong, GO },
        { "GET", "If-None-Match: W/\"a,b\r\n", &strong, GO },
        { "GET", "If-None-Match: w/\"x\"\r\n", &strong, GO },
        { "GET", "If-None-Match:\r\n", &strong, GO },
        { "GET", "If-None-Match: W/\r\n", &strong, GO },
        { "GET", "If-None-Match: \"\"\r\n", &bare, GO },
        /* If-Modified-Since: GET and HEAD only, not with If-None-Match, not with a bad date. */
        { "GET", "If-Modified-Since: " THEN "\r\n", &strong, SAME },
        { "HEAD", "If-Modified-Since: " AFTER "\r\n", &strong, SAME },
        { "GET", "If-Modified-Since: " BEFORE "\r\n", &strong, GO },
        { "PUT", "If-Modified-Since: " THEN "\r\n", &strong, GO },
        { "GET", "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT\r\n", &strong, SAME },
        { "GET", "If-Modified-Since: Sun Nov  6 08:49:37 1994\r\n", &strong, SAME },
        { "GET", "If-Modified-Since: yesterday\r\n", &strong, GO },
        { "GET", "If-Modified-Since: " THEN "\r\nIf-Modified-Since: " THEN "\r\n", &strong, GO },
        { "GET", "If-Modified-Since: " THEN "\r\n", &bare, GO },
        { "GET", "If-Modified-Since: " THEN "\r\nIf-None-Match: \"x\"\r\n", &strong, GO },
        { "GET", "If-Modified-Since: " BEFORE "\r\nIf-None-Match: \"a,b\"\r\n", &strong, SAME },
        /* If-Match: strong comparison. */
        { "PUT", "If-Match: \"a,b\"\r\n", &strong, GO },
        { "GET", "If-Match: \"a,b\"\r\n", &strong, GO },
        { "PUT", "If-Match: W/\"a,b\"\r\n", &strong, FAIL },
        { "PUT", "If-Match: W/\"a,b\"\r\n", &weak, FAIL },
        { "PUT", "If-Match: \"a,b\"\r\n", &weak, FAIL },
        { "PUT", "If-Match: \"x\"\r\n", &strong, FAIL },
        { "PUT", "If-Match: *\r\n", &strong, GO },
        { "PUT", "If-Match: *\r\n", &missing, FAIL },
        { "PUT", "If-Match: \"a,b\"\r\n", &missing, FAIL },
        /* If-Unmodified-Since: not with If-Match. */
        { "PUT", "If-Unmodified-Since: " THEN "\r\n", &strong, GO },
        { "PUT", "If-Unmodified-Since: " BEFORE "\r\n", &strong, FAIL },
        { "GET", "If-Unmodified-Since: " BEFORE "\r\n", &strong, FAIL },
        { "PUT", "If-Unmodified-Since: " BEFORE "\r\n", &missing, GO },
        { "PUT", "If-Unmodified-Since: ?\r\n", &strong, GO },
        { "PUT", "If-Unmodified-Since: " BEFORE "\r\nIf-Match: \"a,b\"\r\n", &strong, GO },
        /* The order of section 13.2.2. */
        { "GET", "If-Match: \"a,b\"\r\nIf-None-Match: \"a,b\"\r\n", &strong, SAME },
        { "GET", "If-Match: \"x\"\r\nIf-None-Match: \"a,b\"\r\n", &strong, FAIL },
        { "GET", "If-Unmodified-Since: " BEFORE "\r\nIf-None-Match: \"a,b\"\r\n", &strong, FAIL },
        { "GET", "If-Unmodified-Since: " THEN "\r\nIf-Modified-Since: " THEN "\r\n", &strong,
          SAME },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum condition c = judge(cases[i].method, cases[i].fields, cases[i].v);
        if (c != (enum condition)cases[i].want)
            print_message("%s %s", cases[i].method, cases[i].fields);
        assert_int_equal(c, cases[i].want);
    }
}

static bool range(const char *fields, const struct validators *v, int64_t now_s)
{
    struct head h;
    read_request(&h, "GET", fields);
    return conditional_range(&h, v, now_s);
}

static void if_range(void **state)
{
    (void)state;
    assert_true(range("", &strong, NOW_S));
    assert_true(range("If-Range: \"a,b\"\r\n", &strong, NOW_S));
    assert_false(range("If-Range: \"x\"\r\n", &strong, NOW_S));
    assert_false(range("If-Range: W/\"a,b\"\r\n", &strong, NOW_S));
    assert_false(range("If-Range: W/\"a,b\"\r\n", &weak, NOW_S));
    assert_false(range("If-Range: \"a,b\"\r\n", &weak, NOW_S));
    assert_false(range("If-Range: \"a,b\", \"x\"\r\n", &strong, NOW_S));
    assert_false(range("If-Range: \"a,b\"\r\nIf-Range: \"a,b\"\r\n", &strong, NOW_S));
    assert_false(range("If-Range: \"a,b\"\r\n", &bare, NOW_S));
    assert_true(range("If-Range: " THEN "\r\n", &strong, NOW_S));
    assert_false(range("If-Range: " THEN "\r\n", &strong, THEN_S)); /* may change again */
    assert_true(range("If-Range: " THEN "\r\n", &strong, THEN_S + 1));
    assert_false(range("If-Range: " AFTER "\r\n", &strong, NOW_S));
    assert_false(range("If-Range: " BEFORE "\r\n", &strong, NOW_S));
    assert_false(range("If-Range: " THEN "\r\n", &bare, NOW_S));
    assert_false(range("If-Range: *\r\n", &strong, NOW_S));
    assert_false(range("If-Range:\r\n", &strong, NOW_S));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judgements),
        cmocka_unit_test(if_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
