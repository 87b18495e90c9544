/* Keys from bytes: whole, cut at each place, and as noise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/edge.h"
#include "tool/keys.h"

#include <string.h>

static const struct {
    const char *bytes;
    int key;
} rows[] = {
    { "q", 'q' },
    { "/", '/' },
    { "\r", KEY_ENTER },
    { "\n", KEY_ENTER },
    { "\x7f", KEY_BACKSPACE },
    { "\b", KEY_BACKSPACE },
    { "\x03", KEY_CTRL('C') },
    { "\x1a", KEY_CTRL('Z') },
    { "\xc3", KEY_OTHER },
    { "\033[A", KEY_UP },
    { "\033[B", KEY_DOWN },
    { "\033[C", KEY_RIGHT },
    { "\033[D", KEY_LEFT },
    { "\033OA", KEY_UP }, /* the cursor keys' other mode */
    { "\033OH", KEY_HOME },
    { "\033OM", KEY_ENTER },
    { "\033[H", KEY_HOME },
    { "\033[F", KEY_END },
    { "\033[1~", KEY_HOME },
    { "\033[7~", KEY_HOME },
    { "\033[4~", KEY_END },
    { "\033[8~", KEY_END },
    { "\033[3~", KEY_DELETE },
    { "\033[5~", KEY_PAGE_UP },
    { "\033[6~", KEY_PAGE_DOWN },
    { "\033[5;5~", KEY_PAGE_UP }, /* with Ctrl */
    { "\033[1;2A", KEY_UP },
    { "\033[15~", KEY_OTHER },
    { "\033[?62;c", KEY_OTHER }, /* an answer that nobody asked for */
    { "\033[200~", KEY_OTHER },
};

enum { ROWS = sizeof rows / sizeof *rows };

static int decode(const char *bytes, size_t n, bool is_all, size_t *used)
{
    struct edge e;
    edge_open(&e, n);
    int key = key_decode(edge_put(&e, (struct stoa_str){ bytes, n }).p, n, is_all, used);
    edge_close(&e);
    return key;
}

static void whole_keys(void **state)
{
    (void)state;
    for (int i = 0; i < ROWS; i++) {
        size_t used = 0, n = strlen(rows[i].bytes);
        assert_int_equal(decode(rows[i].bytes, n, false, &used), rows[i].key);
        assert_int_equal(used, n);
    }
}

/* Cut anywhere: not a whole one yet; and one that stays cut ends all the same. */
static void cut_keys(void **state)
{
    (void)state;
    for (int i = 0; i < ROWS; i++) {
        for (size_t n = 1; n < strlen(rows[i].bytes); n++) {
            size_t used = 0;
            assert_int_equal(decode(rows[i].bytes, n, false, &used), KEY_MORE);
            assert_int_equal(decode(rows[i].bytes, n, true, &used), n == 1 ? KEY_ESC : KEY_OTHER);
            assert_int_equal(used, n);
        }
    }
}

static void escape_before_another_key(void **state)
{
    (void)state;
    size_t used = 0;
    assert_int_equal(decode("\033q", 2, false, &used), KEY_ESC);
    assert_int_equal(used, 1);
    assert_int_equal(decode("\033\033[A", 4, false, &used), KEY_ESC);
    assert_int_equal(used, 1);
    assert_int_equal(decode("\033[1\033[A", 6, false, &used), KEY_OTHER);
    assert_int_equal(used, 3);
    assert_int_equal(decode("\033[A\033[B", 6, false, &used), KEY_UP);
    assert_int_equal(used, 3);
}

/* A sequence without an end is given up, so that the input can never fill with it. */
static void endless_sequence(void **state)
{
    (void)state;
    char noise[64] = "\033[";
    size_t used = 0;
    memset(noise + 2, '1', sizeof noise - 2);
    assert_int_equal(decode(noise, sizeof noise, false, &used), KEY_OTHER);
    assert_in_range(used, 3, sizeof noise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_keys),
        cmocka_unit_test(cut_keys),
        cmocka_unit_test(escape_before_another_key),
        cmocka_unit_test(endless_sequence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
