/* The table of bytes against the grammars that it was made from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/chars.h"

#define ALPHA "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGIT "0123456789"
#define UNRESERVED ALPHA DIGIT "-._~"
#define SUB_DELIMS "!$&'()*+,;="

static void has_exactly(unsigned class, const char *members)
{
    for (int c = 0; c < 256; c++)
        assert_int_equal(char_is((char)c, class), c != 0 && strchr(members, c) != NULL);
}

static void classes(void **state)
{
    (void)state;
    has_exactly(CHAR_TOKEN, ALPHA DIGIT "!#$%&'*+-.^_`|~");
    has_exactly(CHAR_TARGET, UNRESERVED SUB_DELIMS ":/?@[]%|\\^`{}");
    has_exactly(CHAR_HOST, UNRESERVED SUB_DELIMS);
    has_exactly(CHAR_URL, UNRESERVED SUB_DELIMS "@/");
    has_exactly(CHAR_HEX, DIGIT "abcdefABCDEF");
}

static void digits(void **state)
{
    (void)state;
    const char *all = "0123456789abcdef";
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(char_hex(all[i]), i);
    assert_int_equal(char_hex('A'), 10);
    assert_int_equal(char_hex('F'), 15);
    assert_false(char_is_digit('/'));
    assert_false(char_is_digit(':'));
}

static void spans(void **state)
{
    (void)state;
    assert_int_equal(char_span(STR("Host: x"), CHAR_TOKEN), 4);
    assert_int_equal(char_span(STR("Host"), CHAR_TOKEN), 4);
    assert_int_equal(char_span(STR(":"), CHAR_TOKEN), 0);
    assert_int_equal(char_span(STR(""), CHAR_TOKEN), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes),
        cmocka_unit_test(digits),
        cmocka_unit_test(spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
