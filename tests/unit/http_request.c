/* Requests as handlers see them: slices of the head, and bodies however they come. */
#include "http_fake.h"

#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n"
#define NEXT "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"

static void assert_str(struct stoa_str s, const char *expected)
{
    if (s.n != strlen(expected) || memcmp(s.p, expected, s.n) != 0)
        fail_msg("'%.*s' is not '%s'", (int)s.n, s.p, expected);
}

/* ---- the head ---- */

static int origin_form(stoa_http *x, void *arg)
{
    *(bool *)arg = true;
    assert_str(stoa_http_method(x), "DELETE");
    assert_str(stoa_http_path(x), "/a%20b/");
    assert_str(stoa_http_query(x), "q=1?2");
    assert_str(stoa_http_host(x), "example.org:8080");
    assert_str(stoa_http_header(x, "x-ONE"), "1");
    assert_str(stoa_http_header(x, "hOST"), "example.org:8080");
    assert_str(stoa_http_header(x, "X-Empty"), "");
    assert_null(stoa_http_header(x, "X-None").p);
    assert_null(stoa_http_header(x, "Range").p);
    assert_null(stoa_http_header(x, "").p);
    assert_int_equal(http_head(x)->count, 4);
    struct stoa_str name, value;
    assert_true(stoa_http_field_at(x, 3, &name, &value));
    assert_str(name, "X-One");
    assert_str(value, "2");
    assert_false(stoa_http_field_at(x, 4, &name, &value));
    assert_int_equal(http_now_s(x), 784111777);
    assert_ptr_equal(stoa_http_task(x), stoa_conn_task(http_conn(x)));
    assert_non_null(http_alloc(x, 100000));
    assert_int_equal(stoa_http_status(x), 0);
    int r = stoa_http_reply(x, 204, NULL, NULL, 0);
    assert_int_equal(stoa_http_status(x), 204);
    return r;
}

static int absolute_form(stoa_http *x, void *arg)
{
    *(bool *)arg = true;
    assert_str(stoa_http_path(x), "/c");
    assert_null(stoa_http_query(x).p);
    assert_str(stoa_http_host(x), "b:1");
    return stoa_http_reply(x, 204, NULL, NULL, 0);
}

static void a_head_in_slices(void **state)
{
    static const struct {
        stoa_http_handler *handler;
        const char *bytes;
    } rows[] = {
        { origin_form, "DELETE /a%20b/?q=1?2 HTTP/1.1\r\nHost: example.org:8080\r\nX-One: \t1 \r\n"
                       "X-Empty:\r\nX-One: 2\r\n\r\n" },
        { absolute_form, "GET http://b:1/c HTTP/1.1\r\nHost: a\r\n\r\n" },
    };
    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (size_t step = 0; step < 2; step++) {
            struct play p = { 0 };
            bool called = false;
            play_begin(&p, rows[i].handler, &called, str_of(rows[i].bytes));
            p.c.step = step;
            assert_int_equal(play_run(&p), KEPT);
            assert_true(called);
            play_end(&p);
        }
}

/* ---- bodies ---- */

struct reader {
    size_t piece; /* read so much at once */
    const char *expected;
    ssize_t end; /* what the last read returned */
    int replies; /* with this status, else returns `end` */
    int count;
};

static int reads(stoa_http *x, void *arg)
{
    struct reader *r = arg;
    struct stoa_str path = stoa_http_path(x), method = stoa_http_method(x);
    if (str_eq(path, STR("/next")))
        return stoa_http_reply(x, 200, NULL, NULL, 0);
    char buf[64], got[256];
    size_t n = 0;
    r->count++;
    assert_int_equal(stoa_http_read(x, buf, 0), -EINVAL);
    while ((r->end = stoa_http_read(x, buf, r->piece)) > 0) {
        memcpy(got + n, buf, (size_t)r->end);
        n += (size_t)r->end;
    }
    /* The end, and what is wrong, stay. */
    assert_int_equal(stoa_http_read(x, buf, 1), r->end);
    assert_int_equal(n, strlen(r->expected));
    assert_memory_equal(got, r->expected, n);
    assert_str(path, "/");
    assert_str(method, "POST");
    return r->replies ? stoa_http_reply(x, r->replies, NULL, NULL, 0) : (int)r->end;
}

/* Plays it in all kinds of steps and pieces. */
static void reading(const char *bytes, const char *expected, ssize_t end, int replies,
                    const char *statuses, enum fake_end conn_end)
{
    static const size_t pieces[] = { 1, 3, 64 };
    size_t n = strlen(bytes);
    for (size_t step = 0; step < 2 * n; step++)
        for (size_t i = 0; i < 3; i++) {
            struct play p = { 0 };
            struct reader r = { .piece = pieces[i], .expected = expected, .replies = replies };
            char got[64];
            play_begin(&p, reads, &r, str_of(bytes));
            p.c.step = step < n ? step : 0;
            p.c.chunk = step < n ? 0 : step - n + 1; /* all at once, but in chunks */
            p.c.after = FAKE_END;
            p.s.body_max = 40;
            enum fake_end how = play_run(&p);
            assert_int_equal(r.count, 1);
            assert_int_equal(r.end, end);
            assert_string_equal(fake_statuses(&p.c, METHOD_GET, got, sizeof got), statuses);
            assert_int_equal(how, conn_end);
            play_end(&p);
        }
}

static void bodies_however_they_come(void **state)
{
    (void)state;
    reading(POST "Content-Length: 11\r\n\r\nhello world" NEXT, "hello world", 0, 201, "201 200",
            KEPT);
    reading(POST "\r\n" NEXT, "", 0, 201, "201 200", KEPT);
    reading(POST "Content-Length: 0\r\n\r\n" NEXT, "", 0, 201, "201 200", KEPT);
    reading(CHUNKED "\r\n5\r\nhello\r\n1;a=b\r\n \r\n5\r\nworld\r\n0\r\nA: b\r\nB: c\r\n\r\n" NEXT,
            "hello world", 0, 201, "201 200", KEPT);
    /* Nothing comes behind it that a wait could end with. */
    reading(CHUNKED "\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n", "hello", 0, 201, "201", KEPT);
    reading(POST "Content-Length: 5\r\n\r\nhello", "hello", 0, 201, "201", KEPT);
    reading(CHUNKED "\r\n0\r\n\r\n" NEXT, "", 0, 201, "201 200", KEPT);
}

static void bodies_that_break(void **state)
{
    (void)state;
    reading(CHUNKED "\r\n5\r\nhelloX\r\n0\r\n\r\n" NEXT, "hello", STOA_EPROTO, 0, "400", CLOSED);
    reading(CHUNKED "\r\n5\r\nhelloX\r\n0\r\n\r\n" NEXT, "hello", STOA_EPROTO, 422, "422", CLOSED);
    reading(CHUNKED "\r\n0\r\nA b\r\n\r\n" NEXT, "", STOA_EPROTO, 0, "400", CLOSED);
    reading(POST "Content-Length: 11\r\n\r\nhello", "hello", STOA_EEOF, 0, "400", CLOSED);
    reading(POST "Content-Length: 11\r\n\r\nhello", "hello", STOA_EEOF, 422, "422", CLOSED);
    reading(CHUNKED "\r\n5\r\nhel", "hel", STOA_EEOF, 0, "400", CLOSED);
}

/* Past body_max: how much of it was read before depends on how it came. */
static int reads_all(stoa_http *x, void *arg)
{
    char buf[16];
    ssize_t n;
    while ((n = stoa_http_read(x, buf, sizeof buf)) > 0)
        *(size_t *)arg += (size_t)n;
    return n < 0 ? (int)n : stoa_http_reply(x, 200, NULL, NULL, 0);
}

static void a_chunked_body_above_the_limit(void **state)
{
    (void)state;
    for (size_t step = 0; step < 20; step++) {
        struct play p = { 0 };
        size_t got = 0;
        char statuses[32];
        play_begin(&p, reads_all, &got,
                   STR(CHUNKED "\r\n5\r\nhello\r\n6\r\nhello!\r\n0\r\n\r\n" NEXT));
        p.c.step = step;
        p.s.body_max = 10;
        assert_int_equal(play_run(&p), CLOSED);
        assert_true(got <= 10);
        assert_string_equal(fake_statuses(&p.c, METHOD_GET, statuses, sizeof statuses), "413");
        play_end(&p);
    }
}

static void a_length_above_the_limit_is_refused_at_once(void **state)
{
    (void)state;
    struct play p = { 0 };
    size_t got = 0;
    play_begin(&p, reads_all, &got, STR(POST "Content-Length: 11\r\n\r\n"));
    p.s.body_max = 10;
    assert_int_equal(play_run(&p), CLOSED);
    assert_int_equal(fake_count(&p.c, "HTTP/1.1 413 Content Too Large\r\n"), 1);
    assert_int_equal(fake_count(&p.c, "\r\nConnection: close\r\n"), 1);
    play_end(&p);
}

/* ---- 100 (Continue) ---- */

static const char *const awaits = POST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n";

static void a_100_is_sent_when_the_body_is_wanted(void **state)
{
    (void)state;
    struct play p = { 0 };
    size_t got = 0, n = strlen(awaits);
    char text[512], statuses[32];
    snprintf(text, sizeof text, "%sabc" NEXT, awaits);
    play_begin(&p, reads_all, &got, str_of(text));
    p.c.step = n;
    assert_int_equal(play_run(&p), KEPT);
    assert_int_equal(got, 3 + 0);
    assert_string_equal(fake_statuses(&p.c, METHOD_GET, statuses, sizeof statuses), "100 200 200");
    assert_int_equal(p.c.sends, 2);
    play_end(&p);
    /* Not when it has come already. */
    play_begin(&p, reads_all, &got, str_of(text));
    assert_int_equal(play_run(&p), KEPT);
    assert_string_equal(fake_statuses(&p.c, METHOD_GET, statuses, sizeof statuses), "200 200");
    play_end(&p);
}

static void no_100_follows_a_part_of_the_body(void **state)
{
    (void)state;
    struct play p = { 0 };
    size_t got = 0;
    char text[512], statuses[32];
    snprintf(text, sizeof text, "%sabc" NEXT, awaits);
    play_begin(&p, reads_all, &got, str_of(text));
    p.c.step = strlen(awaits) + 1;
    assert_int_equal(play_run(&p), KEPT);
    assert_string_equal(fake_statuses(&p.c, METHOD_GET, statuses, sizeof statuses), "200 200");
    play_end(&p);
}

static int does_not_read(stoa_http *x, void *arg)
{
    (void)arg;
    return stoa_http_reply(x, 200, NULL, NULL, 0);
}

/* The client may send the body, or not: the next request could not be found. */
static void a_body_that_is_not_asked_for_ends_the_connection(void **state)
{
    (void)state;
    struct play p = { 0 };
    play_begin(&p, does_not_read, NULL, str_of(awaits));
    assert_int_equal(play_run(&p), CLOSED);
    assert_int_equal(fake_count(&p.c, "\r\nConnection: close\r\n"), 1);
    play_end(&p);
}

static int reads_after_the_start(stoa_http *x, void *arg)
{
    char buf[8];
    assert_int_equal(stoa_http_start(x, 200, 2), 0);
    if (*(bool *)arg)
        assert_int_equal(stoa_http_flush(x), 0);
    ssize_t n = stoa_http_read(x, buf, sizeof buf);
    assert_int_equal(n, *(bool *)arg ? -EALREADY : 3);
    return stoa_http_write(x, "ok", 2);
}

static void no_100_follows_a_response(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct play p = { 0 };
        bool flush = i;
        char text[512], statuses[32];
        snprintf(text, sizeof text, "%sabc", awaits);
        play_begin(&p, reads_after_the_start, &flush, str_of(text));
        p.c.step = strlen(awaits);
        assert_int_equal(play_run(&p), flush ? CLOSED : KEPT);
        assert_string_equal(fake_statuses(&p.c, METHOD_GET, statuses, sizeof statuses),
                            flush ? "200" : "100 200");
        play_end(&p);
    }
}

/* ---- time ---- */

struct patience {
    stoa_time deadline; /* the handler's own, from now; 0 = none */
    ssize_t got;
};

static int waits(stoa_http *x, void *arg)
{
    struct patience *patience = arg;
    char buf[8];
    stoa_time own = core_now(conn_core(http_conn(x))) + patience->deadline;
    if (patience->deadline)
        stoa_deadline(stoa_http_task(x), own);
    while ((patience->got = stoa_http_read(x, buf, sizeof buf)) > 0)
        ;
    if (patience->deadline)
        assert_int_equal(stoa_deadline(stoa_http_task(x), own), own);
    return (int)patience->got;
}

static void waiting(const char *bytes, size_t step, stoa_time step_time, stoa_time deadline,
                    const char *status, stoa_time after)
{
    struct play p = { 0 };
    struct patience patience = { .deadline = deadline };
    char got[32];
    play_begin(&p, waits, &patience, str_of(bytes));
    stoa_time began = p.c.io.now.mono_ns;
    p.c.step = step;
    p.c.step_time = step_time;
    assert_int_equal(play_run(&p), CLOSED);
    assert_int_equal(patience.got, -ETIMEDOUT);
    assert_string_equal(fake_statuses(&p.c, METHOD_GET, got, sizeof got), status);
    assert_int_equal(p.c.sent_at - began, after);
    play_end(&p);
}

static void a_body_that_does_not_come(void **state)
{
    (void)state;
    const char *bytes = POST "Content-Length: 9\r\n\r\nabc";
    waiting(bytes, 0, 0, 0, "408", 60 * STOA_SEC);
    /* The handler's own deadline is another thing, and comes first when it is nearer. */
    waiting(bytes, 0, 0, 5 * STOA_SEC, "504", 5 * STOA_SEC);
    waiting(bytes, 0, 0, 100 * STOA_SEC, "408", 60 * STOA_SEC);
    /* Each silence counts for itself. */
    waiting(bytes, strlen(bytes) - 3, 50 * STOA_SEC, 0, "408", 110 * STOA_SEC);
}

static void a_client_that_resets(void **state)
{
    (void)state;
    struct play p = { 0 };
    struct patience patience = { 0 };
    play_begin(&p, waits, &patience, STR(POST "Content-Length: 9\r\n\r\nabc"));
    p.c.after = FAKE_RESET;
    assert_int_equal(play_run(&p), BROKEN);
    assert_int_equal(patience.got, -ECONNRESET);
    assert_int_equal(p.c.out_n, 0);
    play_end(&p);
    play_begin(&p, waits, &patience, STR(POST "Content-Length: 9\r\n\r\nabc"));
    p.c.after = FAKE_CANCEL;
    assert_int_equal(play_run(&p), BROKEN);
    assert_int_equal(p.c.result, -ECANCELED);
    play_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_in_slices),
        cmocka_unit_test(bodies_however_they_come),
        cmocka_unit_test(bodies_that_break),
        cmocka_unit_test(a_chunked_body_above_the_limit),
        cmocka_unit_test(a_length_above_the_limit_is_refused_at_once),
        cmocka_unit_test(a_100_is_sent_when_the_body_is_wanted),
        cmocka_unit_test(no_100_follows_a_part_of_the_body),
        cmocka_unit_test(a_body_that_is_not_asked_for_ends_the_connection),
        cmocka_unit_test(no_100_follows_a_response),
        cmocka_unit_test(a_body_that_does_not_come),
        cmocka_unit_test(a_client_that_resets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
