/* References: the examples of RFC 3986 section 5.4, and what servers send besides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/edge.h"
#include "wire/reference.h"

static char *resolve(const char *base, struct stoa_str ref)
{
    static char to[REFERENCE_MAX(100, 300) + 1];
    struct edge a, b;
    struct stoa_str from = str_of(base);
    edge_open(&a, 100);
    edge_open(&b, 300);
    size_t n = reference_resolve(to, edge_put(&a, from), edge_put(&b, ref));
    assert_true(n <= REFERENCE_MAX(from.n, ref.n));
    to[n] = 0;
    edge_close(&a);
    edge_close(&b);
    return to;
}

static void examples_of_the_rfc(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "g:h", "g:h" },
        { "g", "http://a/b/c/g" },
        { "./g", "http://a/b/c/g" },
        { "g/", "http://a/b/c/g/" },
        { "/g", "http://a/g" },
        { "//g", "http://g" },
        { "?y", "http://a/b/c/d;p?y" },
        { "g?y", "http://a/b/c/g?y" },
        { "#s", "http://a/b/c/d;p?q" },
        { "g#s", "http://a/b/c/g" },
        { "g?y#s", "http://a/b/c/g?y" },
        { ";x", "http://a/b/c/;x" },
        { "g;x", "http://a/b/c/g;x" },
        { "g;x?y#s", "http://a/b/c/g;x?y" },
        { "", "http://a/b/c/d;p?q" },
        { ".", "http://a/b/c/" },
        { "./", "http://a/b/c/" },
        { "..", "http://a/b/" },
        { "../", "http://a/b/" },
        { "../g", "http://a/b/g" },
        { "../..", "http://a/" },
        { "../../", "http://a/" },
        { "../../g", "http://a/g" },
        { "../../../g", "http://a/g" },
        { "../../../../g", "http://a/g" },
        { "/./g", "http://a/g" },
        { "/../g", "http://a/g" },
        { "g.", "http://a/b/c/g." },
        { ".g", "http://a/b/c/.g" },
        { "g..", "http://a/b/c/g.." },
        { "..g", "http://a/b/c/..g" },
        { "./../g", "http://a/b/g" },
        { "./g/.", "http://a/b/c/g/" },
        { "g/./h", "http://a/b/c/g/h" },
        { "g/../h", "http://a/b/c/h" },
        { "g;x=1/./y", "http://a/b/c/g;x=1/y" },
        { "g;x=1/../y", "http://a/b/c/y" },
        { "g?y/./x", "http://a/b/c/g?y/./x" },
        { "g?y/../x", "http://a/b/c/g?y/../x" },
        { "g#s/./x", "http://a/b/c/g" },
        { "http:g", "http:g" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_string_equal(resolve("http://a/b/c/d;p?q", str_of(pairs[i][0])), pairs[i][1]);
}

static void others(void **state)
{
    (void)state;
    assert_string_equal(resolve("http://a:1", STR("g")), "http://a:1/g");
    assert_string_equal(resolve("http://a?q", STR("")), "http://a?q");
    assert_string_equal(resolve("http://a/", STR("https://b:2/c/../d?e?f")), "https://b:2/d?e?f");
    assert_string_equal(resolve("http://a/", STR("//[::1]:8/x")), "http://[::1]:8/x");
    assert_string_equal(resolve("http://a/", STR("h2-c+1.0:x")), "h2-c+1.0:x");
    assert_string_equal(resolve("http://a/", STR("1:x")), "http://a/1:x");
    assert_string_equal(resolve("http://a/", STR(":x")), "http://a/:x");
    assert_string_equal(resolve("http://a/", STR("x?")), "http://a/x?");
    assert_string_equal(resolve("http://a/", STR("mailto:?a")), "mailto:?a");
    assert_string_equal(resolve("http://a/", STR("//b?c/d")), "http://b?c/d");
}

static void odd_bytes_are_encoded(void **state)
{
    (void)state;
    assert_string_equal(resolve("http://a/", STR("/\xc3\xa9 <\"?\x01\xff%41")),
                        "http://a/%C3%A9%20%3C%22?%01%FF%41");
    assert_string_equal(resolve("http://a/", STR("//b c\x1b/")), "http://b%20c%1B/");
    char all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    for (char *p = resolve("http://a/", (struct stoa_str){ all, sizeof all }); *p; p++)
        assert_true(*p > ' ' && *p < 0x7f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_the_rfc),
        cmocka_unit_test(others),
        cmocka_unit_test(odd_bytes_are_encoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
