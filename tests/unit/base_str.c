/* Slices of bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "support/edge.h"

static void is(struct stoa_str s, const char *text)
{
    assert_int_equal(s.n, strlen(text));
    if (s.n)
        assert_memory_equal(s.p, text, s.n);
}

static void comparing(void **state)
{
    (void)state;
    struct stoa_str none = { NULL, 0 };
    is(str_of("ab"), "ab");
    is(str_of(NULL), "");
    assert_true(str_eq(STR("ab"), STR("ab")) && str_eq(none, STR("")));
    assert_false(str_eq(STR("ab"), STR("ac")) || str_eq(STR("ab"), STR("abc")));
    assert_true(str_eq_nocase(STR("aBz-[@"), STR("AbZ-[@")) && str_eq_nocase(none, STR("")));
    assert_false(str_eq_nocase(STR("["), STR("{")) || str_eq_nocase(STR("@"), STR("`")));
    assert_false(str_eq_nocase(STR("a"), STR("ab")) || str_eq_nocase(STR("\xc4"), STR("\xe4")));
    assert_int_equal(str_lower('A'), 'a');
    assert_int_equal(str_lower('Z'), 'z');
    assert_int_equal(str_lower('['), '[');
    assert_int_equal(str_lower('@'), '@');
}

static void cutting(void **state)
{
    (void)state;
    struct stoa_str none = { NULL, 0 };
    assert_true(str_starts(STR("abc"), STR("ab")) && str_starts(STR("abc"), none));
    assert_false(str_starts(STR("a"), STR("ab")) || str_starts(STR("abc"), STR("bc")));
    assert_true(str_ends(STR("abc"), STR("bc")) && str_ends(none, STR("")));
    assert_false(str_ends(STR("c"), STR("bc")) || str_ends(STR("abc"), STR("ab")));
    is(str_from(STR("abc"), 1), "bc");
    is(str_from(STR("abc"), 3), "");
    assert_int_equal(str_find(STR("abcb"), 'b'), 1);
    assert_int_equal(str_find(STR("abc"), 'x'), 3);
    assert_int_equal(str_find(none, 'x'), 0);
    is(str_trim(STR(" \ta b\t ")), "a b");
    is(str_trim(STR("\n")), "\n");
    is(str_trim(STR(" \t ")), "");
    is(str_trim(none), "");
}

static void elements(void **state)
{
    (void)state;
    struct stoa_str rest = STR(",  a ,,\tb;c=\"d,\\\"e\", \"x\\"), element;
    const char *want[] = { "a", "b;c=\"d,\\\"e\"", "\"x\\" };
    for (size_t i = 0; i < 3; i++) {
        assert_true(str_next_element(&rest, &element));
        is(element, want[i]);
    }
    assert_false(str_next_element(&rest, &element));
    rest = STR(" , ,");
    assert_false(str_next_element(&rest, &element));
    rest = STR("");
    assert_false(str_next_element(&rest, &element));
}

static void numbers(void **state)
{
    (void)state;
    uint64_t v = 7;
    static const char *const bad[] = { "",    "-1", "+1", " 1", "1 ",
                                       "0x1", "1a", "/",  ":",  "10000000000000000000" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(str_to_u64(str_of(bad[i]), &v));
    assert_int_equal(v, 7); /* untouched */
    assert_true(str_to_u64(STR("0"), &v) && v == 0);
    assert_true(str_to_u64(STR("007"), &v) && v == 7);
    assert_true(str_to_u64(STR("9999999999999999999"), &v) && v == UINT64_C(9999999999999999999));
}

static void escaping(void **state)
{
    (void)state;
    char buf[32];
    assert_string_equal(str_escape(buf, sizeof buf, STR("a\n\"\\\x7f\xc3~ ")),
                        "a\\x0a\\x22\\x5c\\x7f\\xc3~ ");
    assert_ptr_equal(str_escape(buf, 4, STR("abcdef")), buf);
    assert_string_equal(buf, "abc");
    assert_string_equal(str_escape(buf, 5, STR("\n\n")), "\\x0a");
    assert_string_equal(str_escape(buf, 5, STR("a\n")), "a"); /* no half of one */
    assert_string_equal(str_escape(buf, 1, STR("a")), "");
}

static void counting(void **state)
{
    (void)state;
    assert_string_equal(str_counted(0, "byte", "bytes"), "bytes");
    assert_string_equal(str_counted(1, "byte", "bytes"), "byte");
    assert_string_equal(str_counted(UINT64_MAX, "byte", "bytes"), "bytes");
}

/* None of them looks behind the end. */
static void edges(void **state)
{
    (void)state;
    struct edge edge;
    struct stoa_str element, s;
    uint64_t v;
    edge_open(&edge, 64);
    s = edge_put(&edge, STR("a, \"b\\"));
    while (str_next_element(&s, &element))
        assert_true(element.n > 0);
    s = edge_put(&edge, STR("12"));
    assert_true(str_to_u64(s, &v));
    assert_false(str_ends(s, STR("x12")) || str_starts(s, STR("123")));
    is(str_trim(edge_put(&edge, STR("  "))), "");
    edge_close(&edge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparing), cmocka_unit_test(cutting),  cmocka_unit_test(elements),
        cmocka_unit_test(numbers),   cmocka_unit_test(escaping), cmocka_unit_test(counting),
        cmocka_unit_test(edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
