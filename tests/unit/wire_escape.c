/* Bytes for URLs and for HTML: every byte, alone and undone again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/chars.h"
#include "wire/escape.h"
#include "wire/target.h"

static void url(void **state)
{
    (void)state;
    static char all[256], to[256 * ESCAPE_URL_MAX], back[sizeof to + 2], in[sizeof to + 1] = "/";
    size_t n = 0;
    for (int c = 1; c < 256; c++)
        if (c != '/')
            all[n++] = (char)c;
    size_t to_n = escape_url(to, (struct stoa_str){ all, n });
    for (size_t i = 0; i < to_n; i++)
        assert_true(char_is(to[i], CHAR_URL) || to[i] == '%');
    memcpy(in + 1, to, to_n);
    struct target_path path;
    assert_int_equal(target_decode(&path, (struct stoa_str){ in, to_n + 1 }, back), 0);
    assert_int_equal(path.path.n, n + 1);
    assert_memory_equal(path.path.p + 1, all, n);

    to_n = escape_url(to, STR("a/b c:\xc3\xa9?#%"));
    assert_memory_equal(to, "a/b%20c%3A%C3%A9%3F%23%25", to_n);
    assert_int_equal(to_n, strlen("a/b%20c%3A%C3%A9%3F%23%25"));
}

static void html(void **state)
{
    (void)state;
    char to[64];
    const char *want = "a&lt;b&gt;&amp;&quot;&#39;\xc3\xa9";
    size_t n = escape_html(to, STR("a<b>&\"'\xc3\xa9"));
    assert_int_equal(n, strlen(want));
    assert_memory_equal(to, want, n);
    assert_int_equal(escape_html(to, STR("")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(url),
        cmocka_unit_test(html),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
