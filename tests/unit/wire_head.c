/* Heads of requests: what is read of them, and each reason to refuse one. Every input is read in
 * every way that bytes can arrive (support/heads.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/heads.h"

#include <stdio.h>

static int read_head(struct head *h, struct stoa_str in)
{
    return heads_read_every_way(h, in, head_parse_request, &head_limits_default);
}

static void is(struct stoa_str s, const char *text)
{
    assert_int_equal(s.n, strlen(text));
    assert_memory_equal(s.p, text, s.n);
}

static void a_browsers_request(void **state)
{
    (void)state;
    const char *text = "GET /a/b?c=d HTTP/1.1\r\n"
                       "Host: example.com:8080\r\n"
                       "Connection: keep-alive\r\n"
                       "User-Agent:\tMozilla/5.0 (X11; Linux x86_64) \r\n"
                       "Accept-Encoding: gzip\r\n"
                       "accept-encoding: br\r\n"
                       "X-Empty:\r\n"
                       "Cookie: a=b; c=d\r\n"
                       "\r\n"
                       "the next";
    struct head h;
    assert_int_equal(read_head(&h, str_of(text)), strlen(text) - strlen("the next"));
    assert_int_equal(h.method, METHOD_GET);
    is(head_method_name(&h), "GET");
    is(head_target(&h), "/a/b?c=d");
    assert_int_equal(h.minor, 1);
    assert_int_equal(h.count, 7);
    is(head_field_name(&h, 2), "User-Agent");
    is(head_field_value(&h, 2), "Mozilla/5.0 (X11; Linux x86_64)");
    assert_int_equal(h.content_length, -1);
    assert_false(h.chunked || head_has_body(&h));
    assert_true(head_keeps_alive(&h) && h.option_keep_alive);
    assert_int_equal(h.has, 1u << FIELD_HOST | 1u << FIELD_CONNECTION | 1u << FIELD_USER_AGENT |
                                1u << FIELD_ACCEPT_ENCODING | 1u << FIELD_OTHER);
    assert_int_equal(h.repeats, 1u << FIELD_ACCEPT_ENCODING | 1u << FIELD_OTHER);
    is(head_value(&h, FIELD_HOST), "example.com:8080");
    assert_null(head_value(&h, FIELD_RANGE).p);
}

static void looking_up(void **state)
{
    (void)state;
    const char *text = "GET / HTTP/1.1\r\nHost: h\r\nIf-Match: \"a\"\r\nX: 1\r\nif-match: \"b\"\r\n"
                       "x: 2\r\nY:\r\n\r\n";
    struct head h;
    struct stoa_str value;
    assert_true(read_head(&h, str_of(text)) > 0);
    is(head_find(&h, STR("x")), "1");
    is(head_find(&h, STR("HOST")), "h");
    assert_null(head_find(&h, STR("Z")).p);
    assert_non_null(head_find(&h, STR("y")).p);
    is(head_find(&h, STR("y")), "");

    size_t i = 0;
    assert_true(head_next_value(&h, FIELD_IF_MATCH, &i, &value));
    is(value, "\"a\"");
    assert_true(head_next_value(&h, FIELD_IF_MATCH, &i, &value));
    is(value, "\"b\"");
    assert_false(head_next_value(&h, FIELD_IF_MATCH, &i, &value));
    i = 0;
    assert_false(head_next_value(&h, FIELD_RANGE, &i, &value));

    /* What an earlier head left behind is not looked at. */
    text = "GET / HTTP/1.1\r\nIf-Match: \"c\"\r\nHost: h\r\n\r\n";
    assert_true(read_head(&h, str_of(text)) > 0);
    i = 0;
    assert_true(head_next_value(&h, FIELD_IF_MATCH, &i, &value));
    assert_false(head_next_value(&h, FIELD_IF_MATCH, &i, &value));
    assert_null(head_find(&h, STR("X")).p);
}

/* What was read are places, so the bytes may move afterwards. */
static void moving(void **state)
{
    (void)state;
    char a[] = "PUT /x HTTP/1.0\r\nHost: h\r\n\r\n", b[sizeof a];
    struct head h;
    head_init(&h, &head_limits_default);
    assert_int_equal(head_parse_request(&h, str_of(a)), sizeof a - 1);
    memcpy(b, a, sizeof a);
    memset(a, '?', sizeof a);
    head_move(&h, b);
    is(head_target(&h), "/x");
    is(head_value(&h, FIELD_HOST), "h");
}

static void methods(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum method method;
    } all[] = {
        { "GET", METHOD_GET },        { "HEAD", METHOD_HEAD },      { "POST", METHOD_POST },
        { "PUT", METHOD_PUT },        { "DELETE", METHOD_DELETE },  { "OPTIONS", METHOD_OPTIONS },
        { "PATCH", METHOD_PATCH },    { "TRACE", METHOD_TRACE },    { "CONNECT", METHOD_CONNECT },
        { "get", METHOD_OTHER },      { "GETS", METHOD_OTHER },     { "G", METHOD_OTHER },
        { "PROPFIND", METHOD_OTHER }, { "M-SEARCH", METHOD_OTHER }, { "PRI", METHOD_OTHER },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char text[64];
        struct head h;
        snprintf(text, sizeof text, "%s / HTTP/1.1\r\nHost:\r\n\r\n", all[i].name);
        assert_int_equal(read_head(&h, str_of(text)), strlen(text));
        assert_int_equal(h.method, all[i].method);
        is(head_method_name(&h), all[i].name);
    }
}

/* In front of a request, none of it. */
static void empty_lines(void **state)
{
    (void)state;
    struct head h;
    struct stoa_str four = STR("\r\n\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n");
    assert_int_equal(read_head(&h, four), four.n);
    is(head_target(&h), "/");
    assert_int_equal(read_head(&h, STR("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n")),
                     FAULT_EMPTY_LINES);

    head_init(&h, &head_limits_default);
    assert_false(head_is_begun(&h, STR("")));
    assert_int_equal(head_parse_request(&h, STR("\r\n")), 0);
    assert_false(head_is_begun(&h, STR("\r\n")));
    assert_int_equal(head_parse_request(&h, STR("\r\nG")), 0);
    assert_true(head_is_begun(&h, STR("\r\nG")));
    assert_int_equal(head_parse_request(&h, STR("\r\nGET / HTTP/1.1\r\n")), 0);
    assert_true(head_is_begun(&h, STR("\r\nGET / HTTP/1.1\r\n")));
}

/* What stands in the first line: refused, and why. */
static void request_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int result; /* 0: accepted */
    } cases[] = {
        { "GET / HTTP/1.1", 0 },
        { "GET / HTTP/1.0", 0 },
        { "GET / HTTP/1.9", 0 },
        { "GET /!$&'()*+,;=:@-._~%20?/?[]|\\^`{} HTTP/1.1", 0 },
        { "OPTIONS * HTTP/1.1", 0 },
        { "GET http://h/ HTTP/1.1", 0 },
        { "GET /", FAULT_START_LINE },
        { "GET / ", FAULT_START_LINE },
        { "GET", FAULT_START_LINE },
        { "GET ", FAULT_START_LINE },
        { " GET / HTTP/1.1", FAULT_START_LINE },
        { "GET  / HTTP/1.1", FAULT_START_LINE },
        { "GET /  HTTP/1.1", FAULT_START_LINE },
        { "GET / HTTP/1.1 ", FAULT_START_LINE },
        { "GET / x HTTP/1.1", FAULT_START_LINE },
        { "GET HTTP/1.1", FAULT_START_LINE },
        { "/ HTTP/1.1", FAULT_START_LINE },
        { "GET\t/ HTTP/1.1", FAULT_METHOD },
        { "G(T / HTTP/1.1", FAULT_METHOD },
        { "GET /\tHTTP/1.1", FAULT_TARGET },
        { "GET /\xc3\xa9 HTTP/1.1", FAULT_TARGET },
        { "GET /a#b HTTP/1.1", FAULT_TARGET },
        { "GET /<a> HTTP/1.1", FAULT_TARGET },
        { "GET /\" HTTP/1.1", FAULT_TARGET },
        { "GET / http/1.1", FAULT_START_LINE },
        { "GET / HTTP/1.", FAULT_START_LINE },
        { "GET / HTTP/11", FAULT_START_LINE },
        { "GET / HTTP/1.10", FAULT_START_LINE },
        { "GET / HTTP/1.x", FAULT_START_LINE },
        { "GET / HTTP/x.1", FAULT_START_LINE },
        { "GET / HTTP/1-1", FAULT_START_LINE },
        { "GET / HTTPS/1.1", FAULT_START_LINE },
        { "GET / ICAP/1.0", FAULT_START_LINE },
        { "GET / HTTP/0.9", FAULT_VERSION },
        { "GET / HTTP/2.0", FAULT_VERSION },
        { "GET / HTTP/3.0", FAULT_VERSION },
        { "PRI * HTTP/2.0", FAULT_HTTP2 },
        { "PROXY TCP4 192.0.2.1 192.0.2.2 1 80", FAULT_PROXY },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        struct head h;
        int n = snprintf(text, sizeof text, "%s\r\nHost: h\r\n\r\n", cases[i].line);
        assert_int_equal(read_head(&h, str_of(text)), cases[i].result ? cases[i].result : n);
    }
}

/* The fields of an HTTP/1.1 request, Host not among them: refused, and why. */
static const struct {
    const char *fields;
    int result; /* 0: accepted */
} field_cases[] = {
    { "A: \xe4\xb8\xad\t\x80\r\n", 0 },
    { " A: b\r\n", FAULT_FOLD },
    { "A: b\r\n c\r\n", FAULT_FOLD },
    { "A: b\r\n\tc\r\n", FAULT_FOLD },
    { "A\r\n", FAULT_NO_COLON },
    { "A : b\r\n", FAULT_SPACE_COLON },
    { "A\t: b\r\n", FAULT_SPACE_COLON },
    { "A b: c\r\n", FAULT_NAME },
    { ": b\r\n", FAULT_NAME },
    { "A: b\n", FAULT_BARE_LF },
    { "A: b\n\n", FAULT_BARE_LF },
    { "A: b\rc\r\n", FAULT_BARE_CR },
    { "A: b\r\r\n", FAULT_BARE_CR },
    { "\rA: b\r\n", FAULT_BARE_CR },
    { "A: \x01\r\n", FAULT_CONTROL },
    { "A: \x7f\r\n", FAULT_CONTROL },
    { "A: \x0b\r\n", FAULT_CONTROL },
    { "Host: h\r\n", FAULT_HOSTS },
    { "Host: other\r\n", FAULT_HOSTS },
    { "Content-Length: 0\r\n", 0 },
    { "Content-Length: 007\r\n", 0 },
    { "Content-Length: 9223372036854775807\r\n", 0 },
    { "Content-Length: 00000000000000000000000000000009223372036854775807\r\n", 0 },
    { "Content-Length: 9223372036854775808\r\n", FAULT_LENGTH_BIG },
    { "Content-Length: 18446744073709551617\r\n", FAULT_LENGTH_BIG },
    { "Content-Length: 99999999999999999999999999999999999999\r\n", FAULT_LENGTH_BIG },
    { "Content-Length: 99999999999999999999x\r\n", FAULT_LENGTH },
    { "Content-Length:\r\n", FAULT_LENGTH },
    { "Content-Length: +5\r\n", FAULT_LENGTH },
    { "Content-Length: -5\r\n", FAULT_LENGTH },
    { "Content-Length: 0x5\r\n", FAULT_LENGTH },
    { "Content-Length: 5 5\r\n", FAULT_LENGTH },
    { "Content-Length: 5,5\r\n", FAULT_LENGTH },
    { "Content-Length: 5, 5\r\n", FAULT_LENGTH },
    { "Content-Length: 5,\r\n", FAULT_LENGTH },
    { "Content-Length: \"5\"\r\n", FAULT_LENGTH },
    { "Content-Length: 5\r\nContent-Length: 5\r\n", FAULT_LENGTHS },
    { "Content-Length: 5\r\ncontent-length: 6\r\n", FAULT_LENGTHS },
    { "Transfer-Encoding: chunked\r\n", 0 },
    { "Transfer-Encoding: ChunKED\r\n", 0 },
    { "Transfer-Encoding: , chunked\r\n", 0 },
    { "Transfer-Encoding: ,\t, chunked , ,\r\n", 0 },
    { "Transfer-Encoding:\r\ntransfer-encoding: chunked\r\n", 0 },
    { "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", FAULT_LENGTH_AND_CODING },
    { "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", FAULT_LENGTH_AND_CODING },
    { "Content-Length: 0\r\nTransfer-Encoding: identity\r\n", FAULT_LENGTH_AND_CODING },
    { "Transfer-Encoding:\r\n", FAULT_CODING_LAST },
    { "Transfer-Encoding: identity\r\n", FAULT_CODING_LAST },
    { "Transfer-Encoding: gzip\r\n", FAULT_CODING_LAST },
    { "Transfer-Encoding: xchunked\r\n", FAULT_CODING_LAST },
    { "Transfer-Encoding: chunked, gzip\r\n", FAULT_CODING_LAST },
    { "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n", FAULT_CODING_LAST },
    { "Transfer-Encoding: gzip, chunked\r\n", FAULT_CODING_UNKNOWN },
    { "Transfer-Encoding: gzip;a=\"b,chunked\", chunked\r\n", FAULT_CODING_UNKNOWN },
    { "Transfer-Encoding: gzip ; q=1\r\nTransfer-Encoding: chunked\r\n", FAULT_CODING_UNKNOWN },
    { "Transfer-Encoding: chunked, chunked\r\n", FAULT_CODING_TWICE },
    { "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", FAULT_CODING_TWICE },
    { "Transfer-Encoding: chunked, gzip, chunked\r\n", FAULT_CODING_TWICE },
    { "Transfer-Encoding: chunked;a=b\r\n", FAULT_CODING },
    { "Transfer-Encoding: chunked x\r\n", FAULT_CODING },
    { "Transfer-Encoding: \"chunked\"\r\n", FAULT_CODING },
    { "Transfer-Encoding: gzip chunked\r\n", FAULT_CODING },
    { "Transfer-Encoding: ;chunked\r\n", FAULT_CODING },
    { "Transfer-Encoding: \x0b"
      "chunked\r\n",
      FAULT_CONTROL },
};

static void fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof field_cases / sizeof *field_cases; i++) {
        char text[256];
        struct head h;
        int want = field_cases[i].result;
        int n = snprintf(text, sizeof text, "POST / HTTP/1.1\r\nHost: h\r\n%s\r\n",
                         field_cases[i].fields);
        int r = read_head(&h, str_of(text));
        if (r != (want ? want : n))
            print_message("%s", field_cases[i].fields);
        assert_int_equal(r, want ? want : n);
    }
}

/* NUL cannot stand in the table above. */
static void nul(void **state)
{
    (void)state;
    struct head h;
    assert_int_equal(read_head(&h, STR("GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n")), FAULT_CONTROL);
    assert_int_equal(read_head(&h, STR("GET / HTTP/1.1\r\nHost: h\0\r\n\r\n")), FAULT_CONTROL);
    assert_int_equal(read_head(&h, STR("GET / HTTP/1.1\r\nHo\0st: h\r\n\r\n")), FAULT_CONTROL);
    assert_int_equal(read_head(&h, STR("GET / HTTP/1.1\r\n\0Host: h\r\n\r\n")), FAULT_CONTROL);
}

static void framing(void **state)
{
    (void)state;
    struct head h;
    assert_true(read_head(&h, STR("PUT / HTTP/1.1\r\nHost:\r\nContent-Length: 12\r\n\r\n")) > 0);
    assert_int_equal(h.content_length, 12);
    assert_true(head_has_body(&h) && !h.chunked);
    assert_true(read_head(&h, STR("PUT / HTTP/1.1\r\nHost:\r\nContent-Length: 0\r\n\r\n")) > 0);
    assert_int_equal(h.content_length, 0);
    assert_false(head_has_body(&h));
    assert_true(
        read_head(&h, STR("PUT / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n")) > 0);
    assert_int_equal(h.content_length, -1);
    assert_true(head_has_body(&h) && h.chunked);
    assert_int_equal(read_head(&h, STR("PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n")),
                     FAULT_CODING_OLD);
}

static void hosts(void **state)
{
    (void)state;
    struct head h;
    assert_int_equal(read_head(&h, STR("GET / HTTP/1.1\r\n\r\n")), FAULT_NO_HOST);
    assert_int_equal(read_head(&h, STR("GET http://h/ HTTP/1.1\r\n\r\n")), FAULT_NO_HOST);
    assert_int_equal(read_head(&h, STR("GET / HTTP/1.2\r\n\r\n")), FAULT_NO_HOST);
    assert_true(read_head(&h, STR("GET / HTTP/1.0\r\n\r\n")) > 0);
    assert_int_equal(read_head(&h, STR("GET / HTTP/1.0\r\nHost: a b\r\n\r\n")), FAULT_HOST);
    assert_int_equal(read_head(&h, STR("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n")),
                     FAULT_HOSTS);
}

static void leading_space(void **state)
{
    (void)state;
    struct head h;
    assert_int_equal(read_head(&h, STR("GET / HTTP/1.1\r\n Host: h\r\n\r\n")), FAULT_LEADING_SPACE);
    assert_int_equal(read_head(&h, STR("GET / HTTP/1.1\r\n\tHost: h\r\n\r\n")),
                     FAULT_LEADING_SPACE);
    assert_int_equal(read_head(&h, STR("GET / HTTP/1.1\r\n \r\nHost: h\r\n\r\n")),
                     FAULT_LEADING_SPACE);
}

static void host_syntax(void **state)
{
    (void)state;
    static const char *const good[] = { "",
                                        "h",
                                        "example.com",
                                        "h:80",
                                        "h:",
                                        "127.0.0.1",
                                        "127.0.0.1:1",
                                        "[::1]",
                                        "[::1]:80",
                                        "[::ffff:192.0.2.1]",
                                        "[0000:0000:0000:0000:0000:ffff:255.255.255.255]",
                                        "h:65535",
                                        "h:00080",
                                        "a%20b",
                                        "%41%42c",
                                        "x!$&'()*+,;=-._~" };
    static const char *const bad[] = { "u@h",
                                       "u:p@h",
                                       "a b",
                                       "h:x",
                                       "h:65536",
                                       "h:-1",
                                       ":80",
                                       "h/",
                                       "h?",
                                       "h#",
                                       "[::1",
                                       "[]",
                                       "[::1]x",
                                       "[zz]",
                                       "::1",
                                       "[::1%25eth0]",
                                       "h:1:2",
                                       "a%2",
                                       "a%zz",
                                       "a%g1",
                                       "a%1g",
                                       "%",
                                       "a\\b",
                                       "\"h\"",
                                       "h:99999999999999999999",
                                       "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa]" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(head_is_host(str_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(head_is_host(str_of(bad[i])));
}

static bool keeps(const char *version, const char *connection)
{
    char text[128];
    struct head h;
    snprintf(text, sizeof text, "GET / HTTP/%s\r\nHost: h\r\n%s\r\n", version, connection);
    assert_int_equal(read_head(&h, str_of(text)), strlen(text));
    return head_keeps_alive(&h);
}

static void connection_options(void **state)
{
    (void)state;
    assert_true(keeps("1.1", ""));
    assert_true(keeps("1.1", "Connection: x\r\n"));
    assert_true(keeps("1.1", "Connection: closed\r\n"));
    assert_false(keeps("1.1", "Connection: close\r\n"));
    assert_false(keeps("1.1", "Connection: , CLOSE ,\r\n"));
    assert_false(keeps("1.1", "Connection: x, close\r\n"));
    assert_false(keeps("1.1", "Connection: x\r\nConnection: close\r\n"));
    assert_false(keeps("1.1", "Connection: keep-alive, close\r\n"));
    assert_false(keeps("1.0", ""));
    assert_true(keeps("1.0", "Connection: Keep-Alive\r\n"));
    assert_false(keeps("1.0", "Connection: keep-alive, close\r\n"));

    struct head h;
    assert_true(read_head(&h, STR("GET / HTTP/1.1\r\nHost:\r\nConnection: Upgrade\r\n"
                                  "Upgrade: websocket\r\n\r\n")) > 0);
    assert_true(h.option_upgrade && head_has(&h, FIELD_UPGRADE));
}

static enum head_expect expects(const char *version, const char *fields_text)
{
    char text[128];
    struct head h;
    snprintf(text, sizeof text, "GET / HTTP/%s\r\nHost: h\r\n%s\r\n", version, fields_text);
    assert_int_equal(read_head(&h, str_of(text)), strlen(text));
    return h.expect;
}

static void expectations(void **state)
{
    (void)state;
    assert_int_equal(expects("1.1", ""), HEAD_EXPECT_NONE);
    assert_int_equal(expects("1.1", "Expect: 100-Continue\r\n"), HEAD_EXPECT_CONTINUE);
    assert_int_equal(expects("1.0", "Expect: 100-continue\r\n"), HEAD_EXPECT_NONE);
    assert_int_equal(expects("1.0", "Expect: x\r\n"), HEAD_EXPECT_NONE);
    assert_int_equal(expects("1.1", "Expect: x\r\n"), HEAD_EXPECT_OTHER);
    assert_int_equal(expects("1.1", "Expect: x\r\nExpect: 100-continue\r\n"), HEAD_EXPECT_OTHER);
}

/* TLS is seen by its first two bytes: a client that waits for an answer sends no line. */
static void tls(void **state)
{
    (void)state;
    struct head h;
    head_init(&h, &head_limits_default);
    assert_int_equal(head_parse_request(&h, STR("\x16")), 0);
    assert_int_equal(head_parse_request(&h, STR("\x16\x03")), FAULT_TLS);
    assert_int_equal(read_head(&h, STR("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")), FAULT_TLS);
    assert_int_equal(read_head(&h, STR("\x16\x04\x01")), FAULT_CONTROL);
    assert_int_equal(read_head(&h, STR("\x15\x03\x01\x00\x02\x02\x0a")), FAULT_TLS);
    assert_int_equal(read_head(&h, STR("\x14\x03")), FAULT_CONTROL);
    assert_int_equal(read_head(&h, STR("\r\n\x16\x03\x01")), FAULT_CONTROL);
    assert_int_equal(read_head(&h, STR("GET / HTTP/1.1\r\n\x16\x03")), FAULT_CONTROL);
    assert_int_equal(read_head(&h, STR("\r\n\r\n\0\r\nQUIT\n")), FAULT_CONTROL); /* PROXY v2 */
}

static int within(size_t line, size_t head, size_t count, const char *text)
{
    struct head h;
    struct head_limits limits = { .line_bytes = line, .head_bytes = head, .fields = count };
    return heads_read_every_way(&h, str_of(text), head_parse_request, &limits);
}

static void limits(void **state)
{
    (void)state;
    const char *text = "GET / HTTP/1.0\r\nA: 1\r\nB: 123456789012\r\nC: 3\r\n\r\n";
    size_t line = strlen("B: 123456789012\r\n"), head = strlen(text);
    assert_int_equal(within(line, head, 3, text), head);
    assert_int_equal(within(SIZE_MAX, SIZE_MAX, SIZE_MAX, text), head);
    assert_int_equal(within(line - 1, head, 3, text), FAULT_LINE_LONG);
    assert_int_equal(within(strlen("GET / HTTP/1.0\r\n") - 1, head, 3, text), FAULT_TARGET_LONG);
    assert_int_equal(within(line, head, 2, text), FAULT_FIELDS);
    for (size_t n = line; n < head; n++)
        assert_int_equal(within(line, n, 3, text), FAULT_HEAD_LONG);
    /* Before the line that is too long ends, and when it never does. */
    assert_int_equal(within(10, 100, 3, "GET /aaaaaaaaaa"), FAULT_TARGET_LONG);
    assert_int_equal(within(17, 100, 3, "GET / HTTP/1.0\r\nA: aaaaaaaaaaaaaaaaaaa"),
                     FAULT_LINE_LONG);
    assert_int_equal(within(17, 20, 3, "GET / HTTP/1.0\r\nA: aaa"), FAULT_HEAD_LONG);
    assert_int_equal(within(17, 100, 3, "\r\n\r\n\r\nGET /aaaaaaaaaaaaa"), FAULT_TARGET_LONG);
}

static void more_fields_than_fit(void **state)
{
    (void)state;
    static char text[4096];
    struct head_limits all = { 8192, 32768, SIZE_MAX };
    struct head h;
    char *at = text + sprintf(text, "GET / HTTP/1.0\r\n");
    for (int i = 0; i < HEAD_FIELDS_MAX; i++)
        at += sprintf(at, "X%d: %d\r\n", i, i);
    strcpy(at, "\r\n");
    head_init(&h, &all);
    assert_int_equal(head_parse_request(&h, str_of(text)), strlen(text));
    assert_int_equal(h.count, HEAD_FIELDS_MAX);
    is(head_find(&h, STR("X99")), "99");
    strcpy(at, "Y: 1\r\n\r\n");
    head_init(&h, &all);
    assert_int_equal(head_parse_request(&h, str_of(text)), FAULT_FIELDS);
}

/* As large as places can be; and no byte is looked at twice when they come one by one. */
static void the_largest(void **state)
{
    (void)state;
    static char text[HEAD_BYTES_MAX + 1];
    struct head_limits all = { SIZE_MAX, SIZE_MAX, 100 };
    struct head h;
    struct stoa_str start = STR("GET / HTTP/1.0\r\nA: "), end = STR("\r\n\r\n");
    memset(text, 'x', sizeof text);
    memcpy(text, start.p, start.n);
    memcpy(text + HEAD_BYTES_MAX - end.n, end.p, end.n);
    head_init(&h, &all);
    for (size_t n = start.n; n < HEAD_BYTES_MAX; n++) {
        assert_int_equal(head_parse_request(&h, (struct stoa_str){ text, n }), 0);
        assert_in_range(h.seen, n - 1, n);
    }
    assert_int_equal(head_parse_request(&h, (struct stoa_str){ text, HEAD_BYTES_MAX }),
                     HEAD_BYTES_MAX);
    assert_int_equal(head_field_value(&h, 0).n, HEAD_BYTES_MAX - start.n - end.n);

    memset(text, 'x', sizeof text);
    memcpy(text, start.p, start.n);
    memcpy(text + HEAD_BYTES_MAX + 1 - end.n, end.p, end.n);
    head_init(&h, &all);
    assert_int_equal(head_parse_request(&h, (struct stoa_str){ text, sizeof text }),
                     FAULT_HEAD_LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_browsers_request),
        cmocka_unit_test(looking_up),
        cmocka_unit_test(moving),
        cmocka_unit_test(methods),
        cmocka_unit_test(empty_lines),
        cmocka_unit_test(request_lines),
        cmocka_unit_test(fields),
        cmocka_unit_test(nul),
        cmocka_unit_test(framing),
        cmocka_unit_test(hosts),
        cmocka_unit_test(leading_space),
        cmocka_unit_test(host_syntax),
        cmocka_unit_test(connection_options),
        cmocka_unit_test(expectations),
        cmocka_unit_test(tls),
        cmocka_unit_test(limits),
        cmocka_unit_test(more_fields_than_fit),
        cmocka_unit_test(the_largest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
