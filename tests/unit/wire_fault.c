/* Each fault has an answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/fault.h"

#include <string.h>

static void each_is_answered(void **state)
{
    (void)state;
    for (int f = FAULT_TLS; f < FAULT_END; f++) {
        assert_in_range(fault_status(f), 400, 599);
        assert_true(strlen(fault_reason(f)) > 10);
        assert_null(strchr(fault_reason(f), '\n'));
    }
}

/* The table and the list are in the same order: one of each end, and those in between that are
 * not 400. */
static void in_order(void **state)
{
    (void)state;
    static const struct {
        int fault, status;
        const char *word;
    } some[] = {
        { FAULT_TLS, 400, "TLS" },
        { FAULT_HTTP2, 505, "HTTP/2" },
        { FAULT_VERSION, 505, "version" },
        { FAULT_TARGET_LONG, 414, "request line" },
        { FAULT_LINE_LONG, 431, "field line" },
        { FAULT_HEAD_LONG, 431, "head" },
        { FAULT_FIELDS, 431, "fields" },
        { FAULT_HOST, 400, "host" },
        { FAULT_LENGTH_BIG, 413, "Content-Length" },
        { FAULT_CODING_UNKNOWN, 501, "transfer coding" },
        { FAULT_STATUS, 502, "status" },
        { FAULT_PATH_SLASH, 400, "slash" },
        { FAULT_FORM, 400, "method" },
        { FAULT_CHUNK_SIZE, 400, "size" },
        { FAULT_TRAILERS, 431, "trailer" },
    };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        assert_int_equal(fault_status(some[i].fault), some[i].status);
        assert_non_null(strstr(fault_reason(some[i].fault), some[i].word));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_answered),
        cmocka_unit_test(in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
