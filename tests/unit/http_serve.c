/* The connection's loop: many requests on one connection, its limits in bytes and in time, its end,
 * and what the observer is told. */
#include "http_fake.h"

#include <stoa/cause.h>

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

static int hello(stoa_http *x, void *arg)
{
    (void)arg;
    return stoa_http_reply(x, 200, NULL, "hello", 5);
}

static int path(stoa_http *x, void *arg)
{
    struct stoa_str s = stoa_http_path(x);
    (void)arg;
    return stoa_http_reply(x, 200, NULL, s.p, s.n);
}

static void ends(struct play *p, const char *statuses, enum fake_end end)
{
    char got[1024];
    enum fake_end how = play_run(p);
    assert_string_equal(fake_statuses(&p->c, METHOD_GET, got, sizeof got), statuses);
    assert_int_equal(how, end);
}

static void gives(const char *bytes, const char *statuses, enum fake_end end)
{
    struct play p = { 0 };
    play_begin(&p, hello, NULL, str_of(bytes));
    ends(&p, statuses, end);
    play_end(&p);
}

/* ---- pipelining ---- */

static char *pipeline(unsigned n)
{
    static char text[200000];
    size_t at = 0;
    for (unsigned i = 0; i < n; i++)
        at +=
            (size_t)snprintf(text + at, sizeof text - at, "GET /%u HTTP/1.1\r\nHost: a\r\n\r\n", i);
    return text;
}

static void assert_in_order(struct play *p, unsigned n)
{
    static struct fake_reply reply;
    size_t at = 0;
    for (unsigned i = 0; i < n; i++) {
        char expected[16];
        assert_true(fake_next_reply(&p->c, &at, METHOD_GET, &reply));
        snprintf(expected, sizeof expected, "/%u", i);
        assert_int_equal(reply.body_n, strlen(expected));
        assert_memory_equal(reply.body, expected, reply.body_n);
    }
    assert_false(fake_next_reply(&p->c, &at, METHOD_GET, &reply));
}

static void sixty_four_in_one_packet_are_answered_in_one_send(void **state)
{
    (void)state;
    for (size_t chunk = 0; chunk < 100; chunk += 7) {
        struct play p = { 0 };
        play_begin(&p, path, NULL, str_of(pipeline(64)));
        p.c.chunk = chunk;
        assert_int_equal(play_run(&p), KEPT);
        assert_in_order(&p, 64);
        assert_int_equal(p.c.sends, 1);
        play_end(&p);
    }
}

static void many_in_one_packet_are_answered_in_few_sends(void **state)
{
    (void)state;
    struct play p = { 0 };
    play_begin(&p, path, NULL, str_of(pipeline(1000)));
    assert_int_equal(play_run(&p), KEPT);
    assert_in_order(&p, 1000);
    assert_true(p.c.sends <= 8);
    play_end(&p);
}

static void dribs_are_answered_as_they_are_whole(void **state)
{
    (void)state;
    for (size_t step = 1; step < 200; step = step * 3 / 2 + 1) {
        struct play p = { 0 };
        play_begin(&p, path, NULL, str_of(pipeline(64)));
        p.c.step = step;
        assert_int_equal(play_run(&p), KEPT);
        assert_in_order(&p, 64);
        play_end(&p);
    }
}

/* What is answered must not wait for the rest of the next request. */
static void half_a_request_holds_nothing_back(void **state)
{
    (void)state;
    struct play p = { 0 };
    play_begin(&p, hello, NULL, STR(GET GET "GET / HT"));
    stoa_time began = p.c.io.now.mono_ns;
    ends(&p, "200 200 408", CLOSED);
    assert_int_equal(p.c.sent_at, began);
    play_end(&p);
}

struct waiter {
    stoa_conn *c;
    size_t takes, sent;
};

static int waits_at_b(stoa_http *x, void *arg)
{
    struct waiter *w = arg;
    if (!str_eq(stoa_http_path(x), STR("/b")))
        return path(x, NULL);
    assert_int_equal(w->c->out_n, 0);
    assert_int_equal(stoa_http_start(x, 200, 2), 0);
    assert_int_equal(stoa_http_write(x, "/", 1), 0);
    w->c->takes_now = w->takes;
    fake_wait(w->c);
    w->sent = w->c->out_n;
    return stoa_http_write(x, "b", 1);
}

/* What is answered must not wait for a handler that waits, nor must what that has written so far
 * go before it wants that. */
static void a_handler_that_waits_holds_nothing_back(void **state)
{
    static const size_t takes[] = { 0, 1, 100, 100000 };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct play p = { 0 };
        struct waiter w = { .c = &p.c, .takes = takes[i] };
        char got[32];
        play_begin(&p, waits_at_b, &w,
                   STR("GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n" GET));
        assert_int_equal(play_run(&p), KEPT);
        size_t whole = (size_t)(strstr(fake_text(&p.c), "\r\n\r\n/a") - p.c.out) + 6;
        assert_int_equal(w.sent, takes[i] < whole ? takes[i] : whole);
        assert_int_equal(p.c.sends, takes[i] ? 2 : 1);
        assert_string_equal(fake_statuses(&p.c, METHOD_GET, got, sizeof got), "200 200 200");
        assert_int_equal(fake_count(&p.c, "\r\n\r\n/b"), 1);
        play_end(&p);
    }
}

/* ---- bodies that nobody reads ---- */

static void unread(uint64_t announced, size_t comes, bool chunked, enum fake_end end,
                   bool says_close)
{
    static char text[400000];
    struct play p = { 0 };
    size_t n = (size_t)sprintf(text, "POST / HTTP/1.1\r\nHost: a\r\n");
    if (chunked)
        n += (size_t)sprintf(text + n, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", comes);
    else
        n += (size_t)sprintf(text + n, "Content-Length: %zu\r\n\r\n", (size_t)announced);
    size_t head = n;
    memset(text + n, 'x', comes);
    n += comes;
    n += (size_t)sprintf(text + n, "%s" GET, chunked ? "\r\n0\r\n\r\n" : "");
    play_begin(&p, hello, NULL, (struct stoa_str){ text, n });
    p.c.step = head;
    fake_arrive(&p.c);
    p.c.step = 4096;
    ends(&p, end == KEPT ? "200 200" : "200", end);
    assert_int_equal(fake_count(&p.c, "Connection: close"), says_close);
    play_end(&p);
}

static void bodies_that_nobody_reads(void **state)
{
    (void)state;
    unread(1, 1, false, KEPT, false);
    unread(65536, 65536, false, KEPT, false);
    unread(65537, 65537, false, CLOSED, true);
    unread(0, 1, true, KEPT, false);
    unread(0, 65000, true, KEPT, false);
    unread(0, 100000, true, CLOSED, false); /* it could not be known before */
}

static void a_body_that_nobody_reads_and_that_does_not_come(void **state)
{
    (void)state;
    struct play p = { 0 };
    play_begin(&p, hello, NULL, STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"));
    stoa_time began = p.c.io.now.mono_ns;
    ends(&p, "200", CLOSED);
    assert_int_equal(p.c.sent_at, began); /* the response does not wait for it */
    assert_int_equal(p.c.io.now.mono_ns, began + 10 * STOA_SEC);
    play_end(&p);
}

static int flushes(stoa_http *x, void *arg)
{
    int r = stoa_http_start(x, 200, 2);
    if (r == 0)
        r = stoa_http_write(x, "hi", 2);
    return r == 0 && *(bool *)arg ? stoa_http_flush(x) : r;
}

/* A response that has gone cannot be taken back. */
static void a_malformed_body_that_nobody_reads(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct play p = { 0 };
        bool flush = i;
        play_begin(
            &p, flushes, &flush,
            STR("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n" GET));
        ends(&p, flush ? "200" : "400", CLOSED);
        assert_int_equal(fake_count(&p.c, "a chunk's size is malformed\n"), !flush);
        play_end(&p);
    }
}

/* ---- time ---- */

static void a_slow_head_is_given_up(void **state)
{
    (void)state;
    struct play p = { 0 };
    play_begin(&p, hello, NULL,
               STR(GET "GET / HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n"));
    p.s.head_within = 5 * STOA_SEC;
    p.c.step = strlen(GET);
    fake_arrive(&p.c);
    p.c.step = 1;
    p.c.step_time = STOA_SEC; /* more bytes do not buy more time */
    ends(&p, "200 408", CLOSED);
    assert_int_equal(p.c.io.now.mono_ns, 1005 * STOA_SEC);
    assert_int_equal(fake_count(&p.c, "Connection: close"), 1);
    play_end(&p);
}

static void no_408_before_the_first_byte(void **state)
{
    (void)state;
    struct play p = { 0 };
    play_begin(&p, hello, NULL, STR(GET "\r\n"));
    ends(&p, "200", CLOSED);
    play_end(&p);
}

static void a_client_that_takes_nothing(void **state)
{
    (void)state;
    struct play p = { 0 };
    play_begin(&p, hello, NULL, STR(GET GET));
    p.s.send_within = 7 * STOA_SEC;
    p.c.send_room = 10;
    p.c.send_err = -ETIMEDOUT;
    assert_int_equal(play_run(&p), BROKEN);
    assert_int_equal(p.c.io.now.mono_ns, 1007 * STOA_SEC);
    play_end(&p);
}

/* ---- ends ---- */

static void a_half_close_after_the_request(void **state)
{
    (void)state;
    for (size_t step = 0; step < 2; step++) {
        struct play p = { 0 };
        play_begin(&p, hello, NULL, STR(GET GET));
        p.c.step = step;
        p.c.after = FAKE_END;
        ends(&p, "200 200", KEPT); /* net/ sees the end when nothing is unread */
        play_end(&p);
    }
}

/* Then it need not linger; but what is still unread, or comes, must be waited for. */
static void a_client_that_says_it_is_the_last(void **state)
{
    (void)state;
    gives("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "200", GONE);
    gives("GET / HTTP/1.0\r\n\r\n", "200", GONE);
    gives("POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", "200", GONE);
    gives("POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nab", "200", CLOSED);
    gives("POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabcd", "200", CLOSED);
    gives("POST / HTTP/1.0\r\nContent-Length: 3000000\r\n\r\nabcd", "413", CLOSED);
    gives("BREW / HTTP/1.0\r\n\r\n", "501", CLOSED);
}

/* The last response goes out together with the end of its connection; another one never waits. */
static void the_end_goes_with_the_last_response(void **state)
{
    static const char *const last[] = { "GET / HTTP/1.0\r\n\r\n", GET "GET / HTTP/1.0\r\n\r\n",
                                        "GET / HTTP/1.1\r\n\r\n", GET };
    (void)state;
    for (size_t i = 0; i < sizeof last / sizeof *last; i++) {
        struct play p = { 0 };
        play_begin(&p, hello, NULL, str_of(last[i]));
        enum fake_end end = play_run(&p);
        assert_int_equal(p.c.sends, 1);
        assert_int_equal(p.c.more, i < 3);
        assert_int_equal(end == KEPT, i == 3);
        play_end(&p);
    }
}

static void an_end_within_a_head(void **state)
{
    (void)state;
    struct play p = { 0 };
    play_begin(&p, hello, NULL, STR(GET "GET / HT"));
    p.c.after = FAKE_END;
    ends(&p, "200", GONE);
    assert_int_equal(fake_unread(&p.c), 0);
    play_end(&p);
    play_begin(&p, hello, NULL, STR(GET "\r\n"));
    p.c.after = FAKE_END;
    ends(&p, "200", GONE);
    play_end(&p);
    play_begin(&p, hello, NULL, STR("GET / HT"));
    p.c.after = FAKE_RESET;
    ends(&p, "", BROKEN);
    play_end(&p);
}

static void a_listener_that_drains(void **state)
{
    (void)state;
    struct play p = { 0 };
    play_begin(&p, hello, NULL, STR(GET GET));
    p.c.draining = true;
    ends(&p, "200", CLOSED);
    assert_int_equal(fake_count(&p.c, "Connection: close"), 1);
    play_end(&p);
}

static int drains_after(stoa_http *x, void *arg)
{
    int r = hello(x, NULL);
    *(bool *)arg = true;
    return r;
}

static void a_listener_that_begins_to_drain(void **state)
{
    (void)state;
    struct play p = { 0 };
    play_begin(&p, drains_after, &p.c.draining, STR(GET));
    ends(&p, "200", CLOSED);
    play_end(&p);
}

static void the_last_request_says_so(void **state)
{
    (void)state;
    for (size_t step = 0; step < 3; step++) { /* all at once, one by one, two by two */
        struct play p = { 0 };
        play_begin(&p, hello, NULL, STR(GET GET GET GET));
        p.s.requests_max = 3;
        p.c.step = step * strlen(GET);
        ends(&p, "200 200 200", CLOSED);
        assert_int_equal(fake_count(&p.c, "Connection: close"), 1);
        play_end(&p);
    }
}

/* ---- limits ---- */

static char *long_head(size_t target, size_t field, unsigned fields)
{
    static char text[100000];
    size_t n = (size_t)sprintf(text, "GET /");
    memset(text + n, 'a', target);
    n += target;
    n += (size_t)sprintf(text + n, " HTTP/1.1\r\nHost: a\r\n");
    for (unsigned i = 0; i < fields; i++) {
        n += (size_t)sprintf(text + n, "A: ");
        memset(text + n, 'b', field);
        n += field;
        n += (size_t)sprintf(text + n, "\r\n");
    }
    n += (size_t)sprintf(text + n, "\r\n" GET);
    return text;
}

static void heads_that_are_too_large(void **state)
{
    (void)state;
    gives(long_head(8000, 0, 0), "200 200", KEPT);
    gives(long_head(8192, 0, 0), "414", CLOSED);
    gives(long_head(80000, 0, 0), "414", CLOSED);
    gives(long_head(0, 8000, 1), "200 200", KEPT);
    gives(long_head(0, 8192, 1), "431", CLOSED);
    gives(long_head(0, 3000, 10), "200 200", KEPT);
    gives(long_head(0, 3000, 11), "431", CLOSED);
    gives(long_head(0, 1, 99), "200 200", KEPT);
    gives(long_head(0, 1, 100), "431", CLOSED);
}

/* ---- what is left behind ---- */

static int with_a_deadline(stoa_http *x, void *arg)
{
    (void)arg;
    stoa_deadline(stoa_http_task(x), 1);
    return hello(x, NULL);
}

static void nothing_of_a_handler_is_left_to_the_next(void **state)
{
    (void)state;
    struct play p = { 0 };
    play_begin(&p, with_a_deadline, NULL, STR(GET GET));
    ends(&p, "200 200", KEPT);
    assert_int_equal(p.c.renewed, 2);
    play_end(&p);
}

/* ---- the observer ---- */

struct seen {
    unsigned count;
    struct http_facts facts;
    char line[64], host[64];
};

static void see(void *ctx, struct core *core, const struct http_facts *facts)
{
    struct seen *seen = ctx;
    struct stoa_str host = stoa_http_host(facts->x);
    assert_ptr_equal(core, conn_core(http_conn(facts->x)));
    seen->count++;
    seen->facts = *facts;
    snprintf(seen->line, sizeof seen->line, "%.*s", (int)facts->line.n, facts->line.p);
    snprintf(seen->host, sizeof seen->host, "%.*s", (int)host.n, host.p);
}

static void observed(struct play *p, struct seen *seen, stoa_http_handler *handler,
                     const char *bytes, enum fake_after after)
{
    *seen = (struct seen){ 0 };
    p->s.observer = (struct http_observer){ see, seen };
    play_begin(p, handler, NULL, str_of(bytes));
    p->c.after = after;
    play_run(p);
}

static int reads_and_takes_a_second(stoa_http *x, void *arg)
{
    char buf[8];
    (void)arg;
    while (stoa_http_read(x, buf, sizeof buf) > 0)
        ;
    http_conn(x)->io.now.mono_ns += STOA_SEC;
    return hello(x, NULL);
}

static void the_facts_of_an_exchange(void **state)
{
    (void)state;
    struct play p = { 0 };
    struct seen seen;
    observed(&p, &seen, reads_and_takes_a_second,
             "\r\nPOST /a?b HTTP/1.1\r\nHost: c\r\nContent-Length: 3\r\n\r\nabc", FAKE_SILENCE);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.facts.status, 200);
    assert_int_equal(seen.facts.body_bytes, 5);
    assert_int_equal(seen.facts.request_body_bytes, 3);
    assert_int_equal(seen.facts.head_bytes, 52);
    assert_int_equal(seen.facts.began, 1000 * STOA_SEC);
    assert_int_equal(seen.facts.ended, 1001 * STOA_SEC);
    assert_int_equal(seen.facts.began_real_ns, 784111777 * STOA_SEC);
    assert_int_equal(seen.facts.err, 0);
    assert_null(seen.facts.cause);
    assert_string_equal(seen.line, "POST /a?b HTTP/1.1");
    assert_string_equal(seen.host, "c");
    play_end(&p);
}

static int notes(stoa_http *x, void *arg)
{
    (void)arg;
    http_note_cause(x, "close.failed");
    return -ENOENT;
}

static int fails_at_first(stoa_http *x, void *arg)
{
    return *conn_count(http_conn(x)) == 1 ? notes(x, arg) : hello(x, arg);
}

static void the_facts_of_one_are_not_those_of_the_next(void **state)
{
    (void)state;
    struct play p = { 0 };
    struct seen seen;
    observed(&p, &seen, fails_at_first, GET GET, FAKE_SILENCE);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.facts.status, 200);
    assert_int_equal(seen.facts.err, 0);
    assert_null(seen.facts.cause);
    play_end(&p);
}

static void the_causes(void **state)
{
    static const struct {
        const char *bytes;
        enum fake_after after;
        int status, err;
        const char *cause, *line;
        stoa_http_handler *handler;
    } rows[] = {
        { "GET / HTTP/1.1\r\n\r\n", 0, 400, 0, "request.malformed", "GET / HTTP/1.1", hello },
        { "GET\r\n", 0, 400, 0, "request.malformed", "", hello },
        { "GET / HTTP/3.0\r\n", 0, 505, 0, "request.version", "", hello },
        { "\026\003\001", 0, 400, 0, "request.other_protocol", "", hello },
        { "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 0, 501, 0, "request.method_unknown",
          "BREW / HTTP/1.1", hello },
        { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n", 0, 413, 0,
          "request.body_too_large", "POST / HTTP/1.1", hello },
        { "GET / HT", 0, 408, -ETIMEDOUT, "request.head_timeout", "", hello },
        { "GET / HTTP/1.1\r\nHo", FAKE_END, 0, STOA_EEOF, "request.truncated", "GET / HTTP/1.1",
          hello },
        { "GET / HT", FAKE_RESET, 0, -ECONNRESET, "request.reset", "", hello },
        { "GET / HT", FAKE_CANCEL, 0, -ECANCELED, "", "", hello },
        { GET, 0, 404, -ENOENT, "close.failed", "GET / HTTP/1.1", notes },
        { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", FAKE_END, 200, STOA_EEOF,
          "request.truncated", "POST / HTTP/1.1", hello },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct play p = { 0 };
        struct seen seen;
        observed(&p, &seen, rows[i].handler, rows[i].bytes, rows[i].after);
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.facts.status, rows[i].status);
        assert_int_equal(seen.facts.err, rows[i].err);
        assert_string_equal(seen.facts.cause ? seen.facts.cause : "", rows[i].cause);
        assert_true(!seen.facts.cause || stoa_cause_find(seen.facts.cause));
        assert_string_equal(seen.line, rows[i].line);
        play_end(&p);
    }
}

static void the_facts_of_heads_that_are_too_large(void **state)
{
    (void)state;
    struct play p = { 0 };
    struct seen seen;
    observed(&p, &seen, hello, long_head(9000, 0, 0), FAKE_SILENCE);
    assert_string_equal(seen.facts.cause, "request.target_too_long");
    play_end(&p);
    observed(&p, &seen, hello, long_head(0, 0, 200), FAKE_SILENCE);
    assert_string_equal(seen.facts.cause, "request.head_too_large");
    assert_string_equal(seen.line, "GET / HTTP/1.1");
    play_end(&p);
}

static void the_facts_of_a_reply_that_did_not_arrive(void **state)
{
    static const struct {
        int err;
        const char *cause;
    } rows[] = {
        { -ECONNRESET, "close.client_gone" },
        { -EPIPE, "close.client_gone" },
        { -ETIMEDOUT, "close.send_timeout" },
    };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct play p = { 0 };
        struct seen seen = { 0 };
        p.s.observer = (struct http_observer){ see, &seen };
        play_begin(&p, hello, NULL, STR(GET));
        p.c.send_room = 20;
        p.c.send_err = rows[i].err;
        assert_int_equal(play_run(&p), BROKEN);
        assert_int_equal(p.c.result, rows[i].err);
        assert_int_equal(seen.facts.err, rows[i].err);
        assert_int_equal(seen.facts.status, 200);
        assert_string_equal(seen.facts.cause, rows[i].cause);
        assert_non_null(stoa_cause_find(rows[i].cause));
        play_end(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sixty_four_in_one_packet_are_answered_in_one_send),
        cmocka_unit_test(many_in_one_packet_are_answered_in_few_sends),
        cmocka_unit_test(dribs_are_answered_as_they_are_whole),
        cmocka_unit_test(half_a_request_holds_nothing_back),
        cmocka_unit_test(a_handler_that_waits_holds_nothing_back),
        cmocka_unit_test(bodies_that_nobody_reads),
        cmocka_unit_test(a_body_that_nobody_reads_and_that_does_not_come),
        cmocka_unit_test(a_malformed_body_that_nobody_reads),
        cmocka_unit_test(a_slow_head_is_given_up),
        cmocka_unit_test(no_408_before_the_first_byte),
        cmocka_unit_test(a_client_that_takes_nothing),
        cmocka_unit_test(a_half_close_after_the_request),
        cmocka_unit_test(a_client_that_says_it_is_the_last),
        cmocka_unit_test(the_end_goes_with_the_last_response),
        cmocka_unit_test(an_end_within_a_head),
        cmocka_unit_test(a_listener_that_drains),
        cmocka_unit_test(a_listener_that_begins_to_drain),
        cmocka_unit_test(the_last_request_says_so),
        cmocka_unit_test(heads_that_are_too_large),
        cmocka_unit_test(nothing_of_a_handler_is_left_to_the_next),
        cmocka_unit_test(the_facts_of_an_exchange),
        cmocka_unit_test(the_facts_of_one_are_not_those_of_the_next),
        cmocka_unit_test(the_causes),
        cmocka_unit_test(the_facts_of_heads_that_are_too_large),
        cmocka_unit_test(the_facts_of_a_reply_that_did_not_arrive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
