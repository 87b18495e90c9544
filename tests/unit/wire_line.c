/* Where lines end: every byte at every distance from the start and from the end, so that each of
 * the sixteen places of a step, and the rest behind the last step, are met. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/edge.h"
#include "wire/line.h"

enum { LONGEST = 40 };

static ssize_t expected(unsigned char c, size_t at)
{
    if (c == '\r')
        return FAULT_BARE_CR;
    if (c == '\n')
        return FAULT_BARE_LF;
    if ((c < 0x20 && c != '\t') || c == 0x7f)
        return FAULT_CONTROL;
    return (ssize_t)at; /* nothing to see: the end is found */
}

static void each_byte(void **state)
{
    (void)state;
    struct edge edge;
    char text[LONGEST + 2];
    edge_open(&edge, sizeof text);
    for (size_t n = 1; n <= LONGEST; n++)
        for (size_t at = 0; at < n; at++)
            for (int c = 0; c < 256; c++) {
                memset(text, 0xe4, n);
                text[at] = (char)c;
                memcpy(text + n, "\r\n", 2);
                struct stoa_str in = edge_put(&edge, (struct stoa_str){ text, n + 2 });
                assert_int_equal(line_end(in, 0), expected((unsigned char)c, n));
                assert_int_equal(line_end(in, at + 1), n);
            }
    edge_close(&edge);
}

static void more(void **state)
{
    (void)state;
    struct edge edge;
    char text[LONGEST];
    edge_open(&edge, sizeof text);
    memset(text, 'x', sizeof text);
    for (size_t n = 0; n <= LONGEST; n++) {
        struct stoa_str in = edge_put(&edge, (struct stoa_str){ text, n });
        for (size_t from = 0; from <= n; from++)
            assert_int_equal(line_end(in, from), LINE_MORE);
        assert_int_equal(line_seen(in), n);
    }
    assert_int_equal(line_end(STR("x\r"), 0), LINE_MORE);
    assert_int_equal(line_seen(STR("x\r")), 1);
    edge_close(&edge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_byte),
        cmocka_unit_test(more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
