/* Each allocation of a connection's exchanges fails in turn, and from one on: the client gets 503 or
 * loses its connection, never half a response that looks whole, and nothing leaks. */
#include "unit/http_fake.h"

#include "http/service.h"

/* Wants a bit of memory of every kind. */
static int wants_memory(stoa_http *x, void *arg)
{
    char value[600], buf[64];
    ssize_t n;
    (void)arg;
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = 0;
    while ((n = stoa_http_read(x, buf, sizeof buf)) > 0)
        ;
    if (n < 0)
        return (int)n;
    for (int i = 0; i < 3; i++)
        if (!http_alloc(x, 3000))
            return -ENOMEM;
    for (int i = 0; i < 20; i++) {
        int r = stoa_http_set(x, "A", value);
        if (r < 0)
            return r;
    }
    return stoa_http_reply(x, 200, "text/plain", "hello", 5);
}

static char *script(void)
{
    static char text[20000];
    size_t n = 0;
    for (int i = 0; i < 3; i++) {
        n += (size_t)sprintf(text + n, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nB: ");
        memset(text + n, 'b', 5000);
        n += 5000;
        n += (size_t)sprintf(text + n, "\r\n\r\nabc");
    }
    return text;
}

/* returns how many allocations there were; the n-th fails. */
static size_t play_failing(size_t n)
{
    struct play p = { 0 };
    static struct fake_reply reply;
    size_t at = 0, whole = 0, refused = 0;
    play_begin(&p, wants_memory, NULL, str_of(script()));
    p.mem.calls = 0;
    p.mem.fail_at = n;
    enum fake_end end = play_run(&p);
    while (fake_next_reply(&p.c, &at, METHOD_GET, &reply)) {
        assert_true(reply.status == 200 || reply.status == 503);
        if (reply.status == 200) {
            assert_int_equal(reply.body_n, 5);
            whole++;
        } else {
            refused++;
        }
    }
    if (n == 0 || n > p.mem.calls)
        assert_true(whole == 3 && refused == 0 && end == KEPT);
    else
        assert_true(refused == 1);
    size_t calls = p.mem.calls;
    play_end(&p);
    return calls;
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    size_t calls = play_failing(0);
    assert_true(calls > 10);
    for (size_t n = 1; n <= calls + 1; n++)
        play_failing(n);
}

static void a_service_without_memory(void **state)
{
    (void)state;
    struct fake_mem mem;
    struct http_service s = { 0 };
    fake_mem_init(&mem, 1);
    assert_int_equal(http_service_init(&s, 4, &mem.mem), -ENOMEM);
    assert_int_equal(mem.live, 0);
    struct http_service zeroed = { 0 };
    http_service_done(&zeroed);
}

static int hello(stoa_http *x, void *arg)
{
    (void)arg;
    return stoa_http_reply(x, 200, NULL, "hello", 5);
}

static void a_connection_that_is_turned_away(void **state)
{
    (void)state;
    struct play p = { 0 };
    static struct fake_reply reply;
    size_t at = 0;
    play_begin(&p, hello, NULL, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    p.mem.fail_at = p.mem.calls + 1;
    assert_int_equal(play_run(&p), CLOSED);
    assert_true(fake_next_reply(&p.c, &at, METHOD_GET, &reply));
    assert_int_equal(reply.status, 503);
    assert_true(reply.head.option_close);
    play_end(&p);
    play_begin(&p, hello, NULL, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    p.mem.fail_at = p.mem.calls + 1;
    p.c.send_room = 5;
    p.c.send_err = -EPIPE;
    assert_int_equal(play_run(&p), BROKEN);
    play_end(&p);
}

/* Of exchanges that ran at the same time, not all are kept for later. */
static void a_crowd_is_not_kept(void **state)
{
    (void)state;
    struct play p = { 0 };
    static stoa_http *crowd[200];
    play_begin(&p, hello, NULL, STR(""));
    for (size_t i = 0; i < 200; i++) {
        crowd[i] = service_take(&p.s, &p.c);
        assert_non_null(crowd[i]);
    }
    size_t live = p.mem.live;
    for (size_t i = 0; i < 200; i++)
        service_give(crowd[i]);
    assert_true(p.mem.live < live / 2);
    assert_true(p.mem.live > 0);
    play_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(a_service_without_memory),
        cmocka_unit_test(a_connection_that_is_turned_away),
        cmocka_unit_test(a_crowd_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
