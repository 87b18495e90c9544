/* Lines of the access log: each format, and what a peer must not be able to put in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/log_line.h"

#include <errno.h>
#include <stdio.h>

static const struct log_entry usual = {
    .peer = { "127.0.0.1", 9 },
    .line = { "GET /a?b=c HTTP/1.1", 19 },
    .user_agent = { "curl/7", 6 },
    .real_ns = 784111777123456789,
    .status = 200,
    .bytes = 1234,
    .head_bytes = 240,
    .body_in = 7,
    .duration_ns = 312400,
};

/* The line, without its line end; valid until the next. */
static const char *line(enum log_format format, bool color, const struct log_entry *e)
{
    static char text[LOG_LINE_MAX + 1];
    struct log_second second = { 0 };
    size_t n = log_line(text, format, color, e, &second);
    assert_in_range(n, 1, LOG_LINE_MAX);
    assert_int_equal(text[n - 1], '\n');
    text[n - 1] = 0;
    assert_null(strchr(text, '\n'));
    assert_int_equal(strlen(text), n - 1);
    return text;
}

static void combined(void **state)
{
    (void)state;
    struct log_entry e = usual;
    assert_string_equal(
        line(LOG_COMBINED, false, &e),
        "127.0.0.1 - - [06/Nov/1994:08:49:37 +0000] \"GET /a?b=c HTTP/1.1\" 200 1234 "
        "\"-\" \"curl/7\"");
    e.line.n = 0;
    e.status = 0;
    e.bytes = 0;
    e.user_agent = (struct stoa_str){ NULL, 0 };
    e.referer = STR("http://x/");
    assert_string_equal(
        line(LOG_COMBINED, false, &e),
        "127.0.0.1 - - [06/Nov/1994:08:49:37 +0000] \"-\" 000 - \"http://x/\" \"-\"");
}

static void json(void **state)
{
    (void)state;
    struct log_entry e = usual;
    assert_string_equal(
        line(LOG_JSON, false, &e),
        "{\"time\":\"1994-11-06T08:49:37.123Z\",\"peer\":\"127.0.0.1\",\"method\":\"GET\","
        "\"target\":\"/a?b=c\",\"version\":\"HTTP/1.1\",\"status\":200,\"bytes\":1234,"
        "\"duration_us\":312,\"head_bytes\":240,\"body_in\":7,\"referer\":null,"
        "\"user_agent\":\"curl/7\",\"cause\":null,\"error\":null,\"stages\":null}");
    e.line.n = 0;
    e.referer = STR("");
    e.cause = "request.malformed";
    e.err = -ECONNRESET;
    assert_string_equal(
        line(LOG_JSON, false, &e),
        "{\"time\":\"1994-11-06T08:49:37.123Z\",\"peer\":\"127.0.0.1\",\"method\":\"\","
        "\"target\":\"\",\"version\":\"\",\"status\":200,\"bytes\":1234,"
        "\"duration_us\":312,\"head_bytes\":240,\"body_in\":7,\"referer\":\"\","
        "\"user_agent\":\"curl/7\",\"cause\":\"request.malformed\",\"error\":\"ECONNRESET\","
        "\"stages\":null}");
}

static const struct log_span spans[] = {
    { "handshake", false, { STOA_EXACT, { 24000, 24000 } } },
    { "accept", false, { STOA_BOUNDED, { 60000000, 50001999 } } },
    { "queued", true, { STOA_UNKNOWN, { 0, 0 } } },
    { "buffer", true, { STOA_EXACT, { 31000049, 31000049 } } },
    { "send", true, { STOA_ESTIMATED, { 99, 99 } } },
};

static void stages(void **state)
{
    (void)state;
    struct log_entry e = usual;
    e.spans = spans;
    e.spans_n = sizeof spans / sizeof *spans;
    e.took_ns = 31000148;
    assert_non_null(strstr(line(LOG_JSON, false, &e),
                           ",\"stages\":{\"took\":31000.1,\"handshake\":24.0,"
                           "\"accept\":[50001.9,60000.0],\"queued\":null,\"buffer\":31000.0,"
                           "\"send\":0.0}}"));
    assert_string_equal(line(LOG_PRETTY, false, &e),
                        "08:49:37 200 GET /a?b=c 1.2 KiB 31.00 ms (buffer 31.00) 127.0.0.1");
}

static void pretty(void **state)
{
    (void)state;
    struct log_entry e = usual;
    assert_string_equal(line(LOG_PRETTY, false, &e),
                        "08:49:37 200 GET /a?b=c 1.2 KiB 0.31 ms 127.0.0.1");
    assert_string_equal(line(LOG_PRETTY, true, &e),
                        "\033[2m08:49:37\033[0m \033[32m200\033[0m GET /a?b=c 1.2 KiB 0.31 ms "
                        "\033[2m127.0.0.1\033[0m");
    e.line.n = 0;
    e.status = 0;
    e.bytes = 0;
    e.err = -EPIPE;
    assert_string_equal(line(LOG_PRETTY, false, &e),
                        "08:49:37 000 - - 0 B 0.31 ms 127.0.0.1 EPIPE");
    e.cause = "request.reset";
    assert_string_equal(line(LOG_PRETTY, false, &e),
                        "08:49:37 000 - - 0 B 0.31 ms 127.0.0.1 request.reset EPIPE");
}

static void request_lines_that_are_none(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "GET", "\"method\":\"GET\",\"target\":\"\",\"version\":\"\"" },
        { "GET /", "\"method\":\"GET\",\"target\":\"/\",\"version\":\"\"" },
        { "GET  HTTP/1.1", "\"method\":\"GET\",\"target\":\"\",\"version\":\"HTTP/1.1\"" },
        { " ", "\"method\":\"\",\"target\":\"\",\"version\":\"\"" },
        { "GET /a b HTTP/1.1", "\"method\":\"GET\",\"target\":\"/a b\",\"version\":\"HTTP/1.1\"" },
    };
    struct log_entry e = usual;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        e.line = str_of(rows[i][0]);
        assert_non_null(strstr(line(LOG_JSON, false, &e), rows[i][1]));
    }
}

/* Every byte, in every place where a peer's bytes stand. */
static void every_byte(void **state)
{
    (void)state;
    static const enum log_format formats[] = { LOG_PRETTY, LOG_COMBINED, LOG_JSON };
    for (int c = 0; c < 256; c++) {
        bool plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
        char text[] = { 'G', ' ', 'x', (char)c, 'y', ' ', 'H' }, expected[3][16];
        struct log_entry e = usual;
        e.line = (struct stoa_str){ text, sizeof text };
        e.referer = e.user_agent = (struct stoa_str){ text + 2, 3 };
        snprintf(expected[0], sizeof expected[0], plain ? "x%cy" : "x\\x%02xy", c);
        snprintf(expected[1], sizeof expected[1], plain ? "x%cy" : "x\\x%02xy", c);
        snprintf(expected[2], sizeof expected[2], plain ? "x%cy" : "x\\u00%02xy", c);
        for (int i = 0; i < 3; i++) {
            const char *got = line(formats[i], false, &e);
            int found = 0;
            for (const char *at = got; (at = strstr(at, expected[i])); at++)
                found++;
            assert_int_equal(found, i == 0 ? 1 : 3);
            for (const char *p = got; *p; p++)
                assert_true((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f);
        }
    }
}

/* A byte that is not plain is found wherever it stands in a word, whatever stands around it. */
static void every_place(void **state)
{
    (void)state;
    static const unsigned char odd[] = { 0, 1, 0x1f, '"', '\\', 0x7f, 0x80, 0xff };
    static const char around[] = { ' ', '!', '#', '[', ']', '~', 'a' };
    for (size_t i = 0; i < sizeof odd * sizeof around * 17; i++) {
        char text[17], expected[17 * 4 + 1], *to = expected;
        size_t place = i % 17;
        memset(text, around[i / 17 % sizeof around], sizeof text);
        text[place] = (char)odd[i / 17 / sizeof around];
        for (size_t j = 0; j < 17; j++)
            to += sprintf(to, j == place ? "\\x%02x" : "%c", (unsigned char)text[j]);
        struct log_entry e = usual;
        e.user_agent = (struct stoa_str){ text, sizeof text };
        assert_non_null(strstr(line(LOG_COMBINED, false, &e), expected));
    }
}

/* The longest fields, of bytes that are longest when escaped, fit into LOG_LINE_MAX. */
static void the_longest_line(void **state)
{
    (void)state;
    static char bytes[70000];
    memset(bytes, 0xff, sizeof bytes);
    bytes[20000] = bytes[60000] = ' ';
    struct log_entry e = usual;
    e.line = (struct stoa_str){ bytes, sizeof bytes };
    e.referer = e.user_agent = e.line;
    size_t json_n = strlen(line(LOG_JSON, false, &e));
    assert_true(json_n > 6 * (LOG_METHOD_MAX + LOG_TARGET_MAX + LOG_REFERER_MAX + LOG_AGENT_MAX));
    assert_true(json_n < 6 * (LOG_METHOD_MAX + LOG_TARGET_MAX + LOG_VERSION_MAX + LOG_REFERER_MAX +
                              LOG_AGENT_MAX) +
                             512);
    line(LOG_COMBINED, false, &e);
    line(LOG_PRETTY, true, &e);
}

static void seconds_go_on(void **state)
{
    (void)state;
    static const char *const seconds[] = { "08:49:37", "08:49:37", "08:49:38" };
    static char text[LOG_LINE_MAX];
    struct log_second second = { 0 };
    struct log_entry e = usual;
    for (int i = 0; i < 3; i++) {
        log_line(text, LOG_PRETTY, false, &e, &second);
        assert_memory_equal(text, seconds[i], 8);
        e.real_ns += STOA_SEC / 2;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(combined),      cmocka_unit_test(json),
        cmocka_unit_test(pretty),        cmocka_unit_test(request_lines_that_are_none),
        cmocka_unit_test(every_byte),    cmocka_unit_test(every_place),
        cmocka_unit_test(stages),        cmocka_unit_test(the_longest_line),
        cmocka_unit_test(seconds_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
