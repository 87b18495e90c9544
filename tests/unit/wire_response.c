/* Heads of responses, and how their bodies are framed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/heads.h"

#include <stdio.h>

static int read_head(struct head *h, const char *text)
{
    return heads_read_every_way(h, str_of(text), head_parse_response, &head_limits_default);
}

static void one(void **state)
{
    (void)state;
    const char *text =
        "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
    struct head h;
    assert_int_equal(read_head(&h, text), strlen(text) - 5);
    assert_int_equal(h.status, 404);
    assert_int_equal(h.minor, 1);
    assert_true(str_eq(head_reason(&h), STR("Not Found")));
    assert_int_equal(h.content_length, 5);
    assert_false(head_keeps_alive(&h));
}

static void status_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int result; /* > 0: the status; else the fault */
    } cases[] = {
        { "HTTP/1.1 200 OK", 200 },
        { "HTTP/1.0 100 ", 100 },
        { "HTTP/1.1 999 \xc3\xa9\tx", 999 },
        { "HTTP/1.1 200", FAULT_START_LINE },
        { "HTTP/1.1 200x", FAULT_START_LINE },
        { "HTTP/1.1 2000 OK", FAULT_START_LINE },
        { "HTTP/1.1  200 OK", FAULT_START_LINE },
        { "HTTP/1.1 20 OK", FAULT_START_LINE },
        { "HTTP/1.1", FAULT_START_LINE },
        { "HTTP/1.1\t200 OK", FAULT_START_LINE },
        { "HTTP/1.x 200 OK", FAULT_START_LINE },
        { "ICY 200 OK", FAULT_START_LINE },
        { " HTTP/1.1 200 OK", FAULT_START_LINE },
        { "", FAULT_START_LINE },
        { "HTTP/2.0 200 OK", FAULT_VERSION },
        { "HTTP/1.1 2x0 OK", FAULT_STATUS },
        { "HTTP/1.1 099 OK", FAULT_STATUS },
        { "HTTP/1.1 000 OK", FAULT_STATUS },
        { "\x15\x03\x03", FAULT_TLS },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        struct head h;
        snprintf(text, sizeof text, "%s\r\n\r\n", cases[i].line);
        int r = read_head(&h, text);
        assert_int_equal(r > 0 ? h.status : r, cases[i].result);
    }
}

static void fields(void **state)
{
    (void)state;
    static const struct {
        const char *fields;
        int result; /* 0: accepted */
    } cases[] = {
        { "", 0 }, /* no Host wanted */
        { "A : b\r\n", 0 },
        { " A: b\r\n", FAULT_LEADING_SPACE },
        { "A: b\r\n c\r\n", FAULT_FOLD },
        { "A b: c\r\n", FAULT_NAME },
        { "A: b\n", FAULT_BARE_LF },
        { "Content-Length: 5\r\nContent-Length: 5\r\n", FAULT_LENGTHS },
        { "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", FAULT_LENGTH_AND_CODING },
        { "Transfer-Encoding: gzip, chunked\r\n", FAULT_CODING_UNKNOWN },
        { "Transfer-Encoding: chunked, chunked\r\n", FAULT_CODING_TWICE },
        { "Transfer-Encoding: gzip\r\n", 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        struct head h;
        int n = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%s\r\n", cases[i].fields);
        assert_int_equal(read_head(&h, text), cases[i].result ? cases[i].result : n);
    }
    struct head h;
    assert_true(read_head(&h, "HTTP/1.1 200 OK\r\nA \t: b\r\n\r\n") > 0);
    assert_true(str_eq(head_field_name(&h, 0), STR("A")));
    assert_true(str_eq(head_field_value(&h, 0), STR("b")));
}

static enum head_body body(const char *status, const char *fields_text, enum method method)
{
    char text[128];
    struct head h;
    snprintf(text, sizeof text, "HTTP/1.1 %s \r\n%s\r\n", status, fields_text);
    assert_int_equal(read_head(&h, text), strlen(text));
    return head_response_body(&h, method);
}

static void bodies(void **state)
{
    (void)state;
    const char *length = "Content-Length: 5\r\n", *chunked = "Transfer-Encoding: chunked\r\n",
               *gzip = "Transfer-Encoding: chunked, gzip\r\n";
    assert_int_equal(body("200", length, METHOD_GET), HEAD_BODY_LENGTH);
    assert_int_equal(body("200", "Content-Length: 0\r\n", METHOD_GET), HEAD_BODY_LENGTH);
    assert_int_equal(body("200", chunked, METHOD_GET), HEAD_BODY_CHUNKED);
    assert_int_equal(body("200", gzip, METHOD_GET), HEAD_BODY_CLOSE);
    assert_int_equal(body("200", "", METHOD_GET), HEAD_BODY_CLOSE);
    assert_int_equal(body("200", length, METHOD_HEAD), HEAD_BODY_NONE);
    assert_int_equal(body("101", length, METHOD_GET), HEAD_BODY_NONE);
    assert_int_equal(body("204", length, METHOD_GET), HEAD_BODY_NONE);
    assert_int_equal(body("304", chunked, METHOD_GET), HEAD_BODY_NONE);
    assert_int_equal(body("200", chunked, METHOD_CONNECT), HEAD_BODY_NONE);
    assert_int_equal(body("300", length, METHOD_CONNECT), HEAD_BODY_LENGTH);

    struct head h;
    assert_true(read_head(&h, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n") > 0);
    assert_true(h.coded);
    assert_int_equal(read_head(&h, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
                     FAULT_CODING_OLD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one),
        cmocka_unit_test(status_lines),
        cmocka_unit_test(fields),
        cmocka_unit_test(bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
