/* Responses: what handlers may say, and what reaches the wire of it. */
#include "http_fake.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define HEAD "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET10 "GET / HTTP/1.0\r\n\r\n"

#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

/* Plays `script` to a handler; the rest is compared by the caller. */
static enum fake_end play(struct play *p, stoa_http_handler *handler, void *arg, const char *script)
{
    play_begin(p, handler, arg, str_of(script));
    return play_run(p);
}

static void sends(stoa_http_handler *handler, void *arg, const char *script, enum fake_end end,
                  const char *expected)
{
    struct play p = { 0 };
    enum fake_end got = play(&p, handler, arg, script);
    assert_string_equal(fake_text(&p.c), expected);
    assert_int_equal(got, end);
    play_end(&p);
}

static int hello(stoa_http *x, void *arg)
{
    (void)arg;
    return stoa_http_reply(x, 200, "text/plain", "hello\n", 6);
}

static void a_whole_response(void **state)
{
    (void)state;
    sends(hello, NULL, GET, KEPT,
          "HTTP/1.1 200 OK\r\n" DATE
          "Content-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n");
    sends(hello, NULL, HEAD, KEPT,
          "HTTP/1.1 200 OK\r\n" DATE "Content-Type: text/plain\r\nContent-Length: 6\r\n\r\n");
    sends(hello, NULL, GET10, GONE,
          "HTTP/1.1 200 OK\r\n" DATE "Content-Type: text/plain\r\nContent-Length: 6\r\n"
          "Connection: close\r\n\r\nhello\n");
    sends(hello, NULL, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", KEPT,
          "HTTP/1.1 200 OK\r\n" DATE "Content-Type: text/plain\r\nContent-Length: 6\r\n"
          "Connection: keep-alive\r\n\r\nhello\n");
}

static void a_small_exchange_costs_one_send_and_no_memory(void **state)
{
    (void)state;
    struct play p = { 0 };
    play(&p, hello, NULL, GET);
    size_t calls = p.mem.calls;
    for (unsigned i = 2; i < 10; i++) {
        p.c.script = str_of(GET);
        play_run(&p);
        assert_int_equal(p.mem.calls, calls);
        assert_int_equal(p.c.sends, i);
    }
    play_end(&p);
}

static void the_date_goes_on(void **state)
{
    (void)state;
    struct play p = { 0 };
    play(&p, hello, NULL, GET);
    p.c.io.now.real_ns += STOA_SEC - 1;
    p.c.script = str_of(GET);
    play_run(&p);
    assert_int_equal(fake_count(&p.c, ":37 GMT"), 2);
    p.c.io.now.real_ns += 1;
    p.c.script = str_of(GET);
    play_run(&p);
    assert_int_equal(fake_count(&p.c, ":38 GMT"), 1);
    play_end(&p);
}

/* ---- fields ---- */

static int sets(stoa_http *x, void *arg)
{
    (void)arg;
    assert_int_equal(stoa_http_set(x, "X-One", "1"), 0);
    assert_int_equal(stoa_http_set(x, "x-two", " \t\303\244 "), 0);
    assert_int_equal(stoa_http_set(x, "X-Empty", ""), 0);
    static const char *const bad_names[] = {
        "", " ", "a b", "a:", "a\r\nb", "a\n", "(", "\303\244"
    };
    for (size_t i = 0; i < sizeof bad_names / sizeof *bad_names; i++)
        assert_int_equal(stoa_http_set(x, bad_names[i], "v"), -EINVAL);
    assert_int_equal(stoa_http_set(x, NULL, "v"), -EINVAL);
    static const char *const bad_values[] = { "a\rb", "a\nb", "a\r\nSet-Cookie: b", "\001",
                                              "\177" };
    for (size_t i = 0; i < sizeof bad_values / sizeof *bad_values; i++)
        assert_int_equal(stoa_http_set(x, "X", bad_values[i]), -EINVAL);
    static const char *const ours[] = { "Date", "connection", "Content-Length",
                                        "transfer-encoding" };
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        assert_int_equal(stoa_http_set(x, ours[i], "v"), -EINVAL);
    assert_int_equal(stoa_http_reply(x, 200, "text/\r\nplain", "", 0), -EINVAL);
    assert_int_equal(stoa_http_start(x, 200, 0), 0);
    assert_int_equal(stoa_http_set(x, "X", "v"), -EALREADY);
    return 0;
}

static void fields_cannot_break_the_head(void **state)
{
    (void)state;
    sends(sets, NULL, GET, KEPT,
          "HTTP/1.1 200 OK\r\n" DATE "X-One: 1\r\nx-two:  \t\303\244 \r\nX-Empty: \r\n"
          "Content-Length: 0\r\n\r\n");
}

static int sets_much(stoa_http *x, void *arg)
{
    char value[1001];
    memset(value, 'v', 1000);
    value[1000] = 0;
    for (int i = 0; i < *(int *)arg; i++)
        assert_int_equal(stoa_http_set(x, "A", value), 0);
    return stoa_http_reply(x, 200, NULL, "x", 1);
}

static void a_head_larger_than_the_buffer(void **state)
{
    (void)state;
    struct play p = { 0 };
    int n = 40;
    assert_int_equal(play(&p, sets_much, &n, GET GET), KEPT);
    assert_int_equal(fake_count(&p.c, "A: v"), 80);
    assert_int_equal(fake_count(&p.c, "\r\n\r\nx"), 2);
    play_end(&p);
}

static void the_services_fields_are_in_every_response(void **state)
{
    (void)state;
    struct play p = { 0 };
    p.s.fields = STR("X-A: b\r\n");
    play(&p, hello, NULL, GET "BREW / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(fake_count(&p.c, "\r\nX-A: b\r\n"), 2);
    assert_int_equal(fake_count(&p.c, "HTTP/1.1 501 Not Implemented\r\n"), 1);
    play_end(&p);
}

/* ---- bodies ---- */

static int pieces(stoa_http *x, void *arg)
{
    int64_t len = arg ? *(int64_t *)arg : -1;
    assert_int_equal(stoa_http_write(x, "a", 1), -EINVAL);
    assert_int_equal(stoa_http_start(x, 200, len), 0);
    assert_int_equal(stoa_http_start(x, 200, len), -EALREADY);
    assert_int_equal(stoa_http_reply(x, 200, NULL, "", 0), -EALREADY);
    assert_int_equal(stoa_http_write(x, "hello, ", 7), 0);
    assert_int_equal(stoa_http_write(x, "", 0), 0);
    assert_int_equal(stoa_http_write(x, "0123456789", 10), 0);
    return 0;
}

static void a_body_of_unknown_length(void **state)
{
    (void)state;
    sends(pieces, NULL, GET, KEPT,
          "HTTP/1.1 200 OK\r\n" DATE "Transfer-Encoding: chunked\r\n\r\n"
          "7\r\nhello, \r\na\r\n0123456789\r\n0\r\n\r\n");
    sends(pieces, NULL, GET10, GONE,
          "HTTP/1.1 200 OK\r\n" DATE "Connection: close\r\n\r\nhello, 0123456789");
    sends(pieces, NULL, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" GET, CLOSED,
          "HTTP/1.1 200 OK\r\n" DATE "Connection: close\r\n\r\nhello, 0123456789");
    sends(pieces, NULL, HEAD, KEPT, "HTTP/1.1 200 OK\r\n" DATE "\r\n");
}

static void a_body_of_known_length(void **state)
{
    (void)state;
    int64_t len = 17;
    sends(pieces, &len, GET, KEPT,
          "HTTP/1.1 200 OK\r\n" DATE "Content-Length: 17\r\n\r\nhello, 0123456789");
    sends(pieces, &len, HEAD, KEPT, "HTTP/1.1 200 OK\r\n" DATE "Content-Length: 17\r\n\r\n");
}

static void a_short_body_is_never_taken_for_whole(void **state)
{
    (void)state;
    struct play p = { 0 };
    int64_t len = 18;
    assert_int_equal(play(&p, pieces, &len, GET), BROKEN);
    assert_int_equal(p.c.result, STOA_EEOF);
    assert_int_equal(p.c.out_n, 0);
    play_end(&p);
    /* To HEAD nothing is short. */
    sends(pieces, &len, HEAD, KEPT, "HTTP/1.1 200 OK\r\n" DATE "Content-Length: 18\r\n\r\n");
}

static int writes_too_much(stoa_http *x, void *arg)
{
    (void)arg;
    assert_int_equal(stoa_http_start(x, 200, 3), 0);
    assert_int_equal(stoa_http_write(x, "abcd", 4), -EINVAL);
    assert_int_equal(stoa_http_write(x, "ab", 2), 0);
    assert_int_equal(stoa_http_write(x, "cd", 2), -EINVAL);
    return stoa_http_write(x, "c", 1);
}

static void more_than_announced_is_refused(void **state)
{
    (void)state;
    sends(writes_too_much, NULL, GET, KEPT,
          "HTTP/1.1 200 OK\r\n" DATE "Content-Length: 3\r\n\r\nabc");
}

static int with_status(stoa_http *x, void *arg)
{
    return stoa_http_reply(x, *(int *)arg, NULL, "body", 4);
}

static void statuses_without_a_body(void **state)
{
    (void)state;
    int status = 204;
    sends(with_status, &status, GET, KEPT, "HTTP/1.1 204 No Content\r\n" DATE "\r\n");
    status = 304;
    sends(with_status, &status, GET, KEPT, "HTTP/1.1 304 Not Modified\r\n" DATE "\r\n");
    status = 205;
    sends(with_status, &status, GET, KEPT,
          "HTTP/1.1 205 Reset Content\r\n" DATE "Content-Length: 0\r\n\r\n");
}

static void a_status_without_a_name(void **state)
{
    (void)state;
    int status = 299;
    sends(with_status, &status, GET, KEPT,
          "HTTP/1.1 299 \r\n" DATE "Content-Length: 4\r\n\r\nbody");
    status = 599;
    sends(with_status, &status, GET, KEPT,
          "HTTP/1.1 599 \r\n" DATE "Content-Length: 4\r\n\r\nbody");
}

static int bad_statuses(stoa_http *x, void *arg)
{
    static const int bad[] = { -1, 0, 100, 101, 199, 600, 1000, INT32_MAX };
    (void)arg;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(stoa_http_start(x, bad[i], 0), -EINVAL);
        assert_int_equal(stoa_http_reply(x, bad[i], NULL, "", 0), -EINVAL);
        assert_int_equal(http_refuse(x, bad[i], "no", false), -EINVAL);
    }
    assert_int_equal(stoa_http_start(x, 200, -2), -EINVAL);
    return stoa_http_reply(x, 200, NULL, "", 0);
}

static void statuses_that_are_none(void **state)
{
    (void)state;
    sends(bad_statuses, NULL, GET, KEPT, "HTTP/1.1 200 OK\r\n" DATE "Content-Length: 0\r\n\r\n");
}

static int after_the_end(stoa_http *x, void *arg)
{
    (void)arg;
    assert_int_equal(hello(x, NULL), 0);
    assert_int_equal(hello(x, NULL), -EALREADY);
    assert_int_equal(stoa_http_set(x, "A", "b"), -EALREADY);
    assert_int_equal(stoa_http_start(x, 200, 0), -EALREADY);
    assert_int_equal(stoa_http_write(x, "a", 1), -EINVAL);
    assert_int_equal(http_write_file(x, 0, 0, 1), -EINVAL);
    assert_int_equal(http_refuse(x, 404, "no", true), -EALREADY);
    assert_int_equal(http_allow(x, STR("GET")), -EALREADY);
    assert_int_equal(http_reply_ready(x, 200, STR(""), "", 0), -EALREADY);
    assert_int_equal(http_reply_file(x, 200, STR(""), 0, 0, 1), -EALREADY);
    return stoa_http_flush(x);
}

static void what_comes_after_the_end_is_refused(void **state)
{
    (void)state;
    sends(after_the_end, NULL, GET, KEPT,
          "HTTP/1.1 200 OK\r\n" DATE
          "Content-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n");
}

static int flushes(stoa_http *x, void *arg)
{
    stoa_conn *c = arg;
    assert_int_equal(stoa_http_flush(x), 0);
    assert_int_equal(c->sends, 0);
    assert_int_equal(stoa_http_start(x, 200, -1), 0);
    assert_int_equal(c->sends, 0);
    assert_int_equal(stoa_http_flush(x), 0);
    assert_int_equal(c->sends, 1);
    assert_int_equal(stoa_http_write(x, "a", 1), 0);
    assert_int_equal(c->sends, 1);
    assert_int_equal(stoa_http_flush(x), 0);
    assert_int_equal(c->sends, 2);
    assert_string_equal(fake_text(c),
                        "HTTP/1.1 200 OK\r\n" DATE "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    return 0;
}

static void a_flush_sends_what_is_held_back(void **state)
{
    (void)state;
    struct play p = { 0 };
    assert_int_equal(play(&p, flushes, &p.c, GET), KEPT);
    assert_int_equal(fake_count(&p.c, "\r\n1\r\na\r\n0\r\n\r\n"), 1);
    play_end(&p);
}

enum { LARGE = 300000 };

static char *large_text(void)
{
    static char text[LARGE];
    for (size_t i = 0; i < LARGE; i++)
        text[i] = (char)('a' + i % 23);
    return text;
}

static int large(stoa_http *x, void *arg)
{
    (void)arg;
    return stoa_http_reply(x, 200, NULL, large_text(), LARGE);
}

static int large_chunks(stoa_http *x, void *arg)
{
    int r = stoa_http_start(x, 200, -1);
    (void)arg;
    for (size_t at = 0; r == 0 && at < LARGE; at += 10000)
        r = stoa_http_write(x, large_text() + at, 10000);
    return r;
}

static void large_bodies_arrive_whole(void **state)
{
    (void)state;
    stoa_http_handler *const handlers[] = { large, large_chunks };
    for (size_t i = 0; i < 2; i++) {
        struct play p = { 0 };
        static struct fake_reply reply;
        size_t at = 0;
        assert_int_equal(play(&p, handlers[i], NULL, GET GET), KEPT);
        while (fake_next_reply(&p.c, &at, METHOD_GET, &reply)) {
            assert_int_equal(reply.body_n, LARGE);
            assert_memory_equal(reply.body, large_text(), i ? 0 : sizeof reply.body);
        }
        play_end(&p);
    }
}

/* ---- files ---- */

static int file_of(const void *p, size_t n)
{
    FILE *f = tmpfile();
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fflush(f), 0);
    int fd = dup(fileno(f));
    fclose(f);
    return fd;
}

static int whole_file(stoa_http *x, void *arg)
{
    return http_reply_file(x, 206, STR("Content-Length: 5\r\n"), *(int *)arg, 2, 5);
}

static int file_pieces(stoa_http *x, void *arg)
{
    stoa_http_start(x, 200, -1);
    stoa_http_write(x, "<", 1);
    http_write_file(x, *(int *)arg, 1, 3);
    http_write_file(x, *(int *)arg, 1, 0);
    return stoa_http_write(x, ">", 1);
}

static int file_too_much(stoa_http *x, void *arg)
{
    stoa_http_start(x, 200, 3);
    assert_int_equal(http_write_file(x, *(int *)arg, 0, 4), -EINVAL);
    return http_write_file(x, *(int *)arg, 0, 3);
}

static void files_as_bodies(void **state)
{
    (void)state;
    int file = file_of("0123456789", 10);
    sends(whole_file, &file, GET, KEPT,
          "HTTP/1.1 206 Partial Content\r\n" DATE "Content-Length: 5\r\n\r\n23456");
    sends(whole_file, &file, HEAD, KEPT,
          "HTTP/1.1 206 Partial Content\r\n" DATE "Content-Length: 5\r\n\r\n");
    sends(file_pieces, &file, GET, KEPT,
          "HTTP/1.1 200 OK\r\n" DATE
          "Transfer-Encoding: chunked\r\n\r\n1\r\n<\r\n3\r\n123\r\n1\r\n>\r\n0\r\n\r\n");
    sends(file_too_much, &file, GET, KEPT,
          "HTTP/1.1 200 OK\r\n" DATE "Content-Length: 3\r\n\r\n012");
    close(file);
}

static int large_file(stoa_http *x, void *arg)
{
    return http_reply_file(x, 200, STR("Content-Length: 300000\r\n"), *(int *)arg, 0, LARGE);
}

static void a_large_file_arrives_whole(void **state)
{
    (void)state;
    int file = file_of(large_text(), LARGE);
    struct play p = { 0 };
    assert_int_equal(play(&p, large_file, &file, GET), KEPT);
    assert_memory_equal(p.c.out + p.c.out_n - LARGE, large_text(), LARGE);
    play_end(&p);
    close(file);
}

static void a_file_that_shrank_ends_the_connection(void **state)
{
    (void)state;
    int file = file_of("0123", 4);
    struct play p = { 0 };
    assert_int_equal(play(&p, whole_file, &file, GET), BROKEN);
    assert_int_equal(p.c.result, STOA_EEOF);
    play_end(&p);
    close(file);
}

/* ---- results ---- */

static int result(stoa_http *x, void *arg)
{
    stoa_http_set(x, "ETag", "\"of another response\"");
    return *(int *)arg;
}

static void results_become_responses(void **state)
{
    static const struct {
        int result, status;
    } rows[] = {
        { 0, 500 },           { -ENOENT, 404 },      { -EACCES, 403 },   { -EPERM, 403 },
        { -ETIMEDOUT, 504 },  { -ENOMEM, 503 },      { -EMFILE, 503 },   { -ENFILE, 503 },
        { STOA_EPROTO, 400 }, { STOA_ETOOBIG, 413 }, { STOA_EEOF, 500 }, { -EIO, 500 },
        { -ECANCELED, 500 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct play p = { 0 };
        int r = rows[i].result;
        char got[32], expected[32];
        assert_int_equal(play(&p, result, &r, GET GET), KEPT);
        snprintf(expected, sizeof expected, "%d %d", rows[i].status, rows[i].status);
        assert_string_equal(fake_statuses(&p.c, METHOD_GET, got, sizeof got), expected);
        assert_int_equal(fake_count(&p.c, "ETag"), 0);
        assert_int_equal(fake_count(&p.c, "text/plain"), 2);
        play_end(&p);
    }
}

static int fails_late(stoa_http *x, void *arg)
{
    if (stoa_http_path(x).n == 1)
        return hello(x, NULL);
    stoa_http_start(x, 200, -1);
    stoa_http_write(x, "abc", 3);
    if (*(bool *)arg)
        stoa_http_flush(x);
    return -EIO;
}

static void a_failure_after_the_start_resets(void **state)
{
    (void)state;
    for (int flushed = 0; flushed < 2; flushed++) {
        struct play p = { 0 };
        bool arg = flushed;
        assert_int_equal(play(&p, fails_late, &arg, GET "GET /b HTTP/1.1\r\nHost: a\r\n\r\n" GET),
                         BROKEN);
        assert_int_equal(p.c.result, -EIO);
        /* What was answered before it is not lost, and no end is put to what is not whole. */
        assert_int_equal(fake_count(&p.c, "hello\n"), 1);
        assert_int_equal(fake_count(&p.c, "abc"), flushed);
        assert_int_equal(fake_count(&p.c, "\r\n0\r\n"), 0);
        play_end(&p);
    }
}

static int refuses(stoa_http *x, void *arg)
{
    assert_int_equal(stoa_http_set(x, "Retry-After", "5"), 0);
    return http_refuse(x, 403, "not you", arg != NULL);
}

static void refusals(void **state)
{
    (void)state;
    sends(refuses, NULL, GET, KEPT,
          "HTTP/1.1 403 Forbidden\r\n" DATE "Content-Type: text/plain; charset=utf-8\r\n"
          "Retry-After: 5\r\nContent-Length: 8\r\n\r\nnot you\n");
    sends(refuses, "close", GET GET, CLOSED,
          "HTTP/1.1 403 Forbidden\r\n" DATE "Content-Type: text/plain; charset=utf-8\r\n"
          "Retry-After: 5\r\nContent-Length: 8\r\nConnection: close\r\n\r\nnot you\n");
    sends(refuses, NULL, HEAD, KEPT,
          "HTTP/1.1 403 Forbidden\r\n" DATE "Content-Type: text/plain; charset=utf-8\r\n"
          "Retry-After: 5\r\nContent-Length: 8\r\n\r\n");
}

static int allows(stoa_http *x, void *arg)
{
    (void)arg;
    return http_allow(x, STR("GET, HEAD, OPTIONS"));
}

static void methods_that_are_not_served(void **state)
{
    (void)state;
    sends(
        allows, NULL, "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", KEPT,
        "HTTP/1.1 405 Method Not Allowed\r\n" DATE "Content-Type: text/plain; charset=utf-8\r\n"
        "Allow: GET, HEAD, OPTIONS\r\nContent-Length: 32\r\n\r\nthis method is not allowed here\n");
    sends(allows, NULL, "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", KEPT,
          "HTTP/1.1 204 No Content\r\n" DATE "Allow: GET, HEAD, OPTIONS\r\n\r\n");
    sends(allows, NULL, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", KEPT,
          "HTTP/1.1 204 No Content\r\n" DATE
          "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_response),
        cmocka_unit_test(a_small_exchange_costs_one_send_and_no_memory),
        cmocka_unit_test(the_date_goes_on),
        cmocka_unit_test(fields_cannot_break_the_head),
        cmocka_unit_test(a_head_larger_than_the_buffer),
        cmocka_unit_test(the_services_fields_are_in_every_response),
        cmocka_unit_test(a_body_of_unknown_length),
        cmocka_unit_test(a_body_of_known_length),
        cmocka_unit_test(a_short_body_is_never_taken_for_whole),
        cmocka_unit_test(more_than_announced_is_refused),
        cmocka_unit_test(statuses_without_a_body),
        cmocka_unit_test(a_status_without_a_name),
        cmocka_unit_test(statuses_that_are_none),
        cmocka_unit_test(what_comes_after_the_end_is_refused),
        cmocka_unit_test(a_flush_sends_what_is_held_back),
        cmocka_unit_test(large_bodies_arrive_whole),
        cmocka_unit_test(files_as_bodies),
        cmocka_unit_test(a_large_file_arrives_whole),
        cmocka_unit_test(a_file_that_shrank_ends_the_connection),
        cmocka_unit_test(results_become_responses),
        cmocka_unit_test(a_failure_after_the_start_resets),
        cmocka_unit_test(refusals),
        cmocka_unit_test(methods_that_are_not_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
