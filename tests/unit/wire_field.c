/* Field names by number, and field lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/edge.h"
#include "wire/fault.h"
#include "wire/field.h"

static const char *const names[FIELD_COUNT] = {
    [FIELD_HOST] = "Host",
    [FIELD_CONNECTION] = "Connection",
    [FIELD_CONTENT_LENGTH] = "Content-Length",
    [FIELD_TRANSFER_ENCODING] = "Transfer-Encoding",
    [FIELD_EXPECT] = "Expect",
    [FIELD_UPGRADE] = "Upgrade",
    [FIELD_RANGE] = "Range",
    [FIELD_IF_RANGE] = "If-Range",
    [FIELD_IF_MATCH] = "If-Match",
    [FIELD_IF_NONE_MATCH] = "If-None-Match",
    [FIELD_IF_MODIFIED_SINCE] = "If-Modified-Since",
    [FIELD_IF_UNMODIFIED_SINCE] = "If-Unmodified-Since",
    [FIELD_ACCEPT_ENCODING] = "Accept-Encoding",
    [FIELD_USER_AGENT] = "User-Agent",
    [FIELD_REFERER] = "Referer",
    [FIELD_ORIGIN] = "Origin",
    [FIELD_CONTENT_TYPE] = "Content-Type",
};

/* Each name as it is written, in capitals, and with each of its bytes changed. */
static void numbers(void **state)
{
    (void)state;
    struct edge edge;
    char text[32];
    edge_open(&edge, sizeof text);
    for (enum field f = FIELD_OTHER + 1; f < FIELD_COUNT; f++) {
        struct stoa_str name = str_of(names[f]);
        assert_int_equal(field_of(edge_put(&edge, name)), f);
        for (size_t i = 0; i < name.n; i++)
            text[i] = (char)(str_lower(name.p[i]) == '-' ? '-' : str_lower(name.p[i]) - 32);
        assert_int_equal(field_of(edge_put(&edge, (struct stoa_str){ text, name.n })), f);
        for (size_t i = 0; i < name.n; i++) {
            memcpy(text, name.p, name.n);
            text[i] = text[i] == '-' ? 'x' : '-';
            assert_int_equal(field_of(edge_put(&edge, (struct stoa_str){ text, name.n })),
                             FIELD_OTHER);
        }
    }
    edge_close(&edge);
}

static void others(void **state)
{
    (void)state;
    static const char *const other[] = { "a", "Accept", "Cookie", "If-Match-",
                                         "X-Forwarded-For-Or-So" };
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        assert_int_equal(field_of(str_of(other[i])), FIELD_OTHER);
}

static void lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int result;
        const char *name, *value;
    } cases[] = {
        { "Host: x", 0, "Host", "x" },
        { "Host:x", 0, "Host", "x" },
        { "Host: \t x y \t ", 0, "Host", "x y" },
        { "Host:", 0, "Host", "" },
        { "Host: \t", 0, "Host", "" },
        { "a::", 0, "a", ":" },
        { "!#$%&'*+-.^_`|~09azAZ: x", 0, "!#$%&'*+-.^_`|~09azAZ", "x" },
        { "Host", FAULT_NO_COLON, NULL, NULL },
        { "Host x", FAULT_NO_COLON, NULL, NULL },
        { "Host ", FAULT_NO_COLON, NULL, NULL },
        { ": x", FAULT_NAME, NULL, NULL },
        { ":", FAULT_NAME, NULL, NULL },
        { " : x", FAULT_NAME, NULL, NULL },
        { "Ho st: x", FAULT_NAME, NULL, NULL },
        { "Ho(st: x", FAULT_NAME, NULL, NULL },
        { "H\xc3\xb6st: x", FAULT_NAME, NULL, NULL },
        { "\"Host\": x", FAULT_NAME, NULL, NULL },
        { "Host : x", FAULT_SPACE_COLON, "Host", "x" },
        { "Host \t : x", FAULT_SPACE_COLON, "Host", "x" },
    };
    struct edge edge;
    edge_open(&edge, 64);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stoa_str name, value;
        int r = field_split(edge_put(&edge, str_of(cases[i].line)), &name, &value);
        assert_int_equal(r, cases[i].result);
        if (cases[i].name) {
            assert_true(str_eq(name, str_of(cases[i].name)));
            assert_true(str_eq(value, str_of(cases[i].value)));
        }
    }
    edge_close(&edge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(others),
        cmocka_unit_test(lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
