/* Datagrams: answered from the address they were sent to, many at once, dropped beyond that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/datagram.h"
#include "support/fake.h"
#include "support/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int echo(stoa_datagram *d, void *arg)
{
    (void)arg;
    struct stoa_str in = stoa_datagram_bytes(d);
    return stoa_datagram_reply(d, in.p, in.n);
}

/* Opens and runs; what was bound is in g->addr. */
static void start(struct server *g, void **state, int cores, const char *addr,
                  stoa_datagram_handler *handler, void *arg)
{
    struct net_failure f;
    assert_int_equal(server_open(g, &(struct server_options){ .io = *state, .cores = cores }), 0);
    assert_int_equal(datagram_open_all(g->rt, str_of(addr), handler, arg, &g->addr, 1, &f), 1);
    server_run(g);
}

static int open_client(sa_family_t family)
{
    struct timeval patience = { .tv_sec = 30 };
    int fd = socket(family, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

static void ask(int fd, const struct addr *to, const void *p, size_t n)
{
    assert_int_equal(sendto(fd, p, n, 0, &to->any, to->len), n);
}

/* With a time limit, an interrupted call is not restarted (see support/server.c). */
static ssize_t receive(int fd, void *p, size_t n, struct addr *from)
{
    ssize_t r;
    *from = (struct addr){ .len = sizeof from->un };
    do
        r = recvfrom(fd, p, n, 0, &from->any, &from->len);
    while (r < 0 && errno == EINTR);
    return r;
}

/* An answer of those bytes, from that address. */
static void expect(int fd, const struct addr *from, const void *p, size_t n)
{
    static char got[70000];
    struct addr a;
    ssize_t r = receive(fd, got, sizeof got, &a);
    assert_int_equal(r, n);
    if (n)
        assert_memory_equal(got, p, n);
    assert_int_equal(a.len, from->len);
    assert_memory_equal(&a.any, &from->any, a.len);
}

static void test_sizes(void **state)
{
    struct server g;
    static char bytes[65507];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 31);
    start(&g, state, 1, "127.0.0.1:0", echo, NULL);
    int fd = open_client(AF_INET);
    static const size_t sizes[] = { 1, 0, 1472, 0, 9000, 65507 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ask(fd, &g.addr, bytes, sizes[i]);
        expect(fd, &g.addr, bytes, sizes[i]);
    }
    close(fd);
    server_stop(&g, STOA_SEC);
    assert_int_equal(g.lines, 0);
}

static void test_answers_from_where_it_came_to(void **state)
{
    static const char *const hosts[] = { "127.0.0.1", "127.0.0.2", "127.9.9.9" };
    static const char *const wildcards[] = { "0.0.0.0:0", ":0" };
    for (int w = 0; w < 2; w++) {
        struct server g;
        start(&g, state, 1, wildcards[w], echo, NULL);
        int fd = open_client(AF_INET);
        for (int i = 0; i < 3; i++) {
            struct addr to = { .v4 = { .sin_family = AF_INET } };
            to.len = sizeof to.v4;
            assert_int_equal(inet_pton(AF_INET, hosts[i], &to.v4.sin_addr), 1);
            addr_set_port(&to, addr_port(&g.addr));
            ask(fd, &to, "x", 1);
            expect(fd, &to, "x", 1);
        }
        close(fd);
        if (g.addr.family == AF_INET6) {
            fd = open_client(AF_INET6);
            struct addr to = g.addr;
            to.v6.sin6_addr = in6addr_loopback;
            ask(fd, &to, "y", 1);
            expect(fd, &to, "y", 1);
            close(fd);
        }
        server_stop(&g, STOA_SEC);
    }
}

static void test_cores(void **state)
{
    struct server g, second;
    static struct net_failure f;
    char text[40];
    start(&g, state, 3, "127.0.0.1:0", echo, NULL);
    for (int i = 0; i < 30; i++) { /* each from another port, so to another core */
        int fd = open_client(AF_INET);
        ask(fd, &g.addr, &i, sizeof i);
        expect(fd, &g.addr, &i, sizeof i);
        close(fd);
    }
    snprintf(text, sizeof text, "127.0.0.1:%u", addr_port(&g.addr));
    for (int cores = 1; cores <= 2; cores++) {
        assert_int_equal(
            server_open(&second, &(struct server_options){ .io = *state, .cores = cores }), 0);
        assert_int_equal(datagram_open_all(second.rt, str_of(text), echo, NULL, NULL, 1, &f),
                         -EADDRINUSE);
        assert_int_equal(f.stage, STOA_STAGE_BIND);
        assert_int_equal(
            stoa_datagram_listen(second.rt, &(struct stoa_datagram_listen){ text, echo, NULL }),
            -EADDRINUSE);
        assert_int_equal(datagram_open_all(second.rt, STR("unix:/x"), echo, NULL, NULL, 1, &f),
                         -EINVAL);
        struct stoa_datagram_listen no_handler = { .addr = "127.0.0.1:0" };
        assert_int_equal(stoa_datagram_listen(second.rt, &no_handler), -EINVAL);
        server_free(&second);
    }
    server_stop(&g, STOA_SEC);
}

/* Waits until the gate is open, then answers. */
struct gate {
    atomic_bool open;
    atomic_int entered;
    int result;
};

static int wait_at_gate(stoa_datagram *d, void *arg)
{
    struct gate *gate = arg;
    struct stoa_str in = stoa_datagram_bytes(d);
    int r = 0;
    atomic_fetch_add(&gate->entered, 1);
    while (r == 0 && !atomic_load(&gate->open))
        r = stoa_sleep(stoa_datagram_task(d), STOA_MS);
    return r < 0 ? r : stoa_datagram_reply(d, in.p, in.n) < 0 ? -EIO : gate->result;
}

static void await(atomic_int *count, int n)
{
    while (atomic_load(count) < n)
        sched_yield();
}

/* All at once: none waits for another, though there are more than the I/O has chunks for. */
static void test_many_at_once(void **state)
{
    enum { MANY = 100 };
    struct server g;
    struct gate gate = { 0 };
    start(&g, state, 1, "0.0.0.0:0", wait_at_gate, &gate);
    int fd = open_client(AF_INET);
    struct addr to = g.addr, from;
    assert_int_equal(inet_pton(AF_INET, "127.0.0.2", &to.v4.sin_addr), 1);
    bool got[MANY] = { false };
    for (int i = 0; i < MANY; i++) {
        ask(fd, &to, &i, sizeof i);
        await(&gate.entered, i + 1);
    }
    atomic_store(&gate.open, true);
    for (int n = 0; n < MANY; n++) {
        int i;
        assert_int_equal(receive(fd, &i, sizeof i, &from), sizeof i);
        assert_true(i >= 0 && i < MANY && !got[i]);
        assert_memory_equal(&from.any, &to.any, from.len);
        got[i] = true;
    }
    close(fd);
    server_stop(&g, STOA_SEC);
    assert_int_equal(g.lines, 0);
}

static void test_drain(void **state)
{
    struct server g;
    struct gate gate = { .result = -ENOENT };
    start(&g, state, 1, "127.0.0.1:0", wait_at_gate, &gate);
    int fd = open_client(AF_INET);
    ask(fd, &g.addr, "x", 1);
    await(&gate.entered, 1);
    stoa_stop(g.rt, STOA_NEVER); /* one that is handled already is waited for, and may answer */
    atomic_store(&gate.open, true);
    expect(fd, &g.addr, "x", 1);
    assert_int_equal(server_join(&g), 0);
    assert_true(server_said(&g, "the handler failed: No such file or directory (ENOENT)"));
    close(fd);
    server_free(&g);
}

static void test_cut(void **state)
{
    struct server g;
    struct gate gate = { 0 };
    start(&g, state, 1, "127.0.0.1:0", wait_at_gate, &gate);
    int fd = open_client(AF_INET);
    ask(fd, &g.addr, "x", 1);
    await(&gate.entered, 1);
    server_stop(&g, 0);
    close(fd);
}

/* ---- on a fake kernel ---- */

struct waiters {
    bool go, parks;
    int handled, failed;
};

static int wait_for_go(stoa_datagram *d, void *arg)
{
    struct waiters *w = arg;
    int r = w->parks ? task_park(task_sched(stoa_datagram_task(d))) : 0;
    while (r == 0 && !w->go)
        r = stoa_sleep(stoa_datagram_task(d), STOA_SEC);
    w->handled += r == 0;
    w->failed += r < 0;
    return r;
}

static void open_fake(struct fake *f, struct waiters *w)
{
    struct addr a = { .v4 = { .sin_family = AF_INET } };
    struct net_failure failure;
    *w = (struct waiters){ 0 };
    a.len = sizeof a.v4;
    fake_open(f, &(struct fake_options){ 0 });
    assert_int_equal(datagram_open(f->rt, &a, wait_for_go, w, &failure), 0);
    assert_int_equal(fake_connect(f), 0);
    fake_start(f, list_owner(rt_services(f->rt)->next, struct service, node));
}

static void test_no_more_than_enough(void **state)
{
    (void)state;
    struct fake f;
    struct waiters w;
    open_fake(&f, &w);
    for (int i = 0; i < 1100; i++)
        fake_text(&f, 0, "x");
    fake_turn(&f);
    assert_int_equal(f.core.sched.tasks, 1024);
    assert_int_equal(f.chunks_out,
                     24); /* the others are copies: these are all the I/O has, nearly */
    assert_string_equal(f.said, "1 datagram to 0.0.0.0:80 dropped so far, 1024 being handled");
    fake_wait(&f, 10 * STOA_SEC);
    fake_text(&f, 0, "y");
    fake_run(&f);
    assert_int_equal(f.lines, 2);
    assert_non_null(strstr(f.said, "77 datagrams"));
    w.go = true;
    fake_wait(&f, STOA_SEC);
    assert_int_equal(w.handled, 1024);
    fake_text(&f, 0, "z");
    fake_run(&f);
    assert_int_equal(w.handled, 1025);
    fake_close(&f, 0);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct fake f;
    struct waiters w;
    open_fake(&f, &w);
    w.parks = true;     /* without a timer, which takes memory, too */
    f.mem_fails = true; /* for more stacks than one mapping has */
    for (int i = 0; i < 300; i++)
        fake_text(&f, 0, "x");
    fake_turn(&f);
    int tasks = (int)f.core.sched.tasks;
    assert_in_range(tasks, 1, 299);
    assert_int_equal(f.chunks_out, tasks); /* no memory for copies either */
    f.mem_fails = false;
    fake_close(&f, 0);
    assert_int_equal(w.failed, tasks);
}

static void test_receiving_goes_on(void **state)
{
    (void)state;
    struct fake f;
    struct waiters w;
    open_fake(&f, &w);
    w.go = true;
    fake_text(&f, 0, "x");
    fake_end(&f, 0, -ENOMEM); /* and works again afterwards */
    fake_run(&f);
    f.submit_fails = -ENOMEM;
    fake_wait(&f, 100 * STOA_MS);
    assert_int_equal(w.handled, 0);
    fake_wait(&f, 100 * STOA_MS);
    assert_int_equal(w.handled, 1);
    fake_end(&f, 0, -ENOMEM);
    fake_run(&f);
    fake_close(&f, 0); /* while it waits to try again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_more_than_enough),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_receiving_goes_on),
        BOTH(test_sizes),
        BOTH(test_answers_from_where_it_came_to),
        BOTH(test_cores),
        BOTH(test_many_at_once),
        BOTH(test_drain),
        BOTH(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
