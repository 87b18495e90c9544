/* What is made of a listener's queues as time passes, on a fake kernel and clock: what is said, when,
 * and how often; with which numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/conn.h"
#include "net/gauges.h"
#include "support/fake.h"
#include "support/flaky.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stoa/http.h>
#include <string.h>

enum { NETSTAT_FD = 9000, LISTENER_FD_NONE = -1 };

static struct {
    uint32_t queue, queue_max, drops;
    long overflows, syn_full, cookies, all; /* of the namespace */
    int err;                                /* of asking the listener */
    bool has_no_netstat;
    int looks, reads;
    int walks;            /* attempts at one through all sockets */
    stoa_time took, walk; /* CPU time: so far; of one walk */
} kernel;
static struct fake f;
static struct service *listener, *gauges;
static int (*close_other)(const struct io_sys *s, int fd);

static int get_option(const struct io_sys *s, int fd, int level, int name, void *v, socklen_t *n)
{
    struct tcp_info info = { .tcpi_unacked = kernel.queue, .tcpi_sacked = kernel.queue_max };
    uint32_t meminfo[SK_MEMINFO_VARS] = { [SK_MEMINFO_DROPS] = kernel.drops };
    (void)s, (void)fd;
    if (kernel.err)
        return kernel.err;
    if (level == IPPROTO_TCP && name == TCP_INFO) {
        kernel.looks++;
        memcpy(v, &info, *n);
    } else {
        memcpy(v, meminfo, *n);
    }
    return 0;
}

static int open_path(const struct io_sys *s, const char *path, int flags)
{
    (void)s, (void)flags;
    assert_string_equal(path, "/proc/thread-self/net/netstat");
    kernel.reads++;
    return kernel.has_no_netstat ? -EACCES : NETSTAT_FD;
}

static ssize_t read_at(const struct io_sys *s, int fd, void *buf, size_t n, off_t at, bool no_wait)
{
    char text[300];
    (void)s, (void)fd, (void)no_wait;
    size_t all = (size_t)snprintf(text, sizeof text,
                                  "TcpExt: SyncookiesSent ListenOverflows ListenDrops "
                                  "TCPReqQFullDrop\nTcpExt: %ld %ld %ld %ld\n",
                                  kernel.cookies, kernel.overflows, kernel.all, kernel.syn_full);
    n = n < all - (size_t)at ? n : all - (size_t)at;
    memcpy(buf, text + at, n);
    return (ssize_t)n;
}

static int close_fd(const struct io_sys *s, int fd)
{
    return fd == NETSTAT_FD ? 0 : close_other(s, fd);
}

/* Asking for the SYN queue needs netlink. */
static int no_socket(const struct io_sys *s, int family, int type, int protocol)
{
    (void)s, (void)family, (void)type, (void)protocol;
    kernel.walks++;
    kernel.took += kernel.walk;
    return -EAFNOSUPPORT;
}

static stoa_time cpu_time(const struct io_sys *s)
{
    (void)s;
    return kernel.took;
}

static int serve(stoa_conn *c, void *arg)
{
    (void)c, (void)arg;
    return CONN_CLOSE;
}

static int set_up(void **state)
{
    (void)state;
    memset(&kernel, 0, sizeof kernel);
    kernel.queue_max = 4;
    struct listener_options how = { .idle = STOA_SEC, .serve = serve };
    fake_open(&f, &(struct fake_options){ .listening = &how });
    close_other = f.sys.close;
    f.sys.get_option = get_option;
    f.sys.open_path = open_path;
    f.sys.read_at = read_at;
    f.sys.close = close_fd;
    f.sys.socket = no_socket;
    f.sys.cpu_time = cpu_time;
    listener = f.service;
    return 0;
}

static void begin(void)
{
    assert_int_equal(gauges_add(f.rt, f.rt), 0);
    assert_int_equal(gauges_add(f.rt, f.rt), 0); /* once is enough */
    gauges = list_owner(rt_services(f.rt)->prev, struct service, node);
    assert_ptr_equal(gauges->node.prev, &listener->node);
    fake_start(&f, gauges);
    fake_run(&f);
}

static int tear_down(void **state)
{
    (void)state;
    f.core.stopping = true;
    if (gauges)
        gauges->ops->drain(gauges, &f.core);
    gauges = NULL;
    f.service = listener;
    listener->ops->drain(listener, &f.core);
    fake_close(&f, 0);
    return 0;
}

static void wait_ms(int ms)
{
    for (; ms > 0; ms -= 100)
        fake_wait(&f, 100 * STOA_MS);
}

/* That many lines were said since the last time, the last of which has the text. */
static void expect_said(int lines, const char *text)
{
    static int before;
    if (!text) {
        before = f.lines;
        return;
    }
    if (f.lines - before != lines || (lines && !strstr(f.said, text)))
        fail_msg("%d lines, the last: %s", f.lines - before, f.lines ? f.said : "none");
    before = f.lines;
}

static void drop(uint32_t ours, long overflows, long syn_full)
{
    kernel.drops += ours;
    kernel.overflows += overflows;
    kernel.syn_full += syn_full;
    kernel.all += overflows + syn_full;
}

static void test_looks_ten_times_a_second(void **state)
{
    (void)state;
    begin();
    int looks = kernel.looks, reads = kernel.reads;
    wait_ms(10000);
    assert_in_range(kernel.looks - looks, 98, 102);
    assert_in_range(kernel.reads - reads, 9, 11);
    assert_int_equal(f.lines, 0);
}

static void test_a_filling_queue_is_told_every_ten_seconds(void **state)
{
    (void)state;
    begin();
    expect_said(0, NULL);
    kernel.queue = 2;
    wait_ms(1000);
    expect_said(0, "");
    kernel.queue = 3;
    wait_ms(100);
    expect_said(1,
                "accept.queue_filling: tcp://0.0.0.0:80: the accept queue is more than half full");
    wait_ms(9800);
    expect_said(0, "");
    wait_ms(300);
    expect_said(1, "accept.queue_filling");
    kernel.queue = 0;
    wait_ms(20000);
    expect_said(0, "");
}

static void test_drops_have_their_cause(void **state)
{
    (void)state;
    begin();
    expect_said(0, NULL);
    drop(3, 3, 0);
    wait_ms(100);
    expect_said(1, "accept.queue_full: ");
    wait_ms(2000);
    drop(5, 0, 5);
    wait_ms(100);
    expect_said(1, "accept.syn_queue_full: ");
    wait_ms(2000);
    drop(1, 0, 0);
    wait_ms(100);
    expect_said(1, "accept.syn_dropped: ");
    drop(0, 100, 100); /* somebody else's */
    wait_ms(20000);
    expect_said(0, "");
}

static void test_one_drop(void **state)
{
    (void)state;
    begin();
    expect_said(0, NULL);
    kernel.queue = 5;
    drop(1, 1, 0);
    wait_ms(100);
    expect_said(1, "SYN queue 0; 1 SYN or ACK dropped, 1 since the start)");
}

static void test_drops_are_added_up_between_two_lines(void **state)
{
    (void)state;
    begin();
    expect_said(0, NULL);
    kernel.queue = 5;
    drop(2, 2, 0);
    wait_ms(100);
    expect_said(1, "accept queue 5 of 4, SYN queue 0; 2 SYNs or ACKs dropped, 2 since the start)");
    for (int i = 0; i < 99; i++) {
        drop(1, 1, 0);
        wait_ms(100);
    }
    expect_said(0, "");
    drop(1, 1, 0);
    wait_ms(100);
    expect_said(1, "; 100 SYNs or ACKs dropped, 102 since");
}

static void test_what_is_milder_is_not_told_after_what_is_worse(void **state)
{
    (void)state;
    begin();
    expect_said(0, NULL);
    kernel.queue = 5;
    drop(2, 2, 0);
    wait_ms(9900);
    expect_said(1, "accept.queue_full");
    wait_ms(200);
    expect_said(1, "accept.queue_filling");
    drop(2, 2, 0);
    wait_ms(100);
    expect_said(1, "accept.queue_full");
}

static int walks_in(int ms)
{
    int before = kernel.walks;
    wait_ms(ms);
    return kernel.walks - before;
}

static void test_a_walk_that_takes_long_is_made_seldom(void **state)
{
    (void)state;
    begin();
    assert_in_range(walks_in(10000), 9, 11);
    kernel.walk = 20 * STOA_MS;
    wait_ms(1000);
    assert_in_range(walks_in(100000), 9, 11); /* a five hundredth of the time */
    wait_ms(1000);
    for (int i = 0; i < 3; i++) {
        drop(1, 0, 1);
        assert_int_equal(walks_in(100), 1); /* when they begin, at once */
        assert_int_equal(walks_in(9900), 0);
    }
    kernel.cookies += 31; /* nothing was dropped, but the queue must be full */
    assert_int_equal(walks_in(1000), 1);
    kernel.has_no_netstat = true; /* what was counted before is no news */
    assert_int_equal(walks_in(8000), 0);
    kernel.has_no_netstat = false;
    int before = kernel.walks;
    for (int i = 0; i < 200; i++) {
        drop(1, 0, 1);
        wait_ms(100);
    }
    assert_in_range(kernel.walks - before, 10, 11); /* a hundredth, while they go on */
}

static void test_drops_before_the_first_look_are_told(void **state)
{
    (void)state;
    assert_int_equal(gauges_add(f.rt, f.rt), 0);
    drop(40, 40, 0);
    begin();
    wait_ms(2000);
    assert_int_equal(f.lines, 1);
    assert_non_null(strstr(f.said, "accept.queue_full"));
}

static void test_what_cannot_be_asked_is_not_told(void **state)
{
    (void)state;
    kernel.has_no_netstat = true;
    kernel.err = -EOPNOTSUPP;
    kernel.queue = 4;
    begin();
    wait_ms(2000);
    assert_int_equal(f.lines, 0);
    kernel.err = 0;
    kernel.drops = 1;
    wait_ms(100);
    assert_int_equal(f.lines, 1);
}

static void test_no_memory(void **state)
{
    (void)state;
    f.mem_fails = true;
    assert_int_equal(gauges_add(f.rt, f.rt), -ENOMEM);
    f.mem_fails = false;
    assert_int_equal(gauges_add(f.rt, f.rt), 0);
    struct service *s = list_owner(rt_services(f.rt)->prev, struct service, node);
    f.mem_fails = true;
    assert_int_equal(s->ops->start(s, &f.core), -ENOMEM);
    f.mem_fails = false;
}

static void test_stopped_before_it_began(void **state)
{
    (void)state;
    assert_int_equal(gauges_add(f.rt, f.rt), 0);
    gauges = list_owner(rt_services(f.rt)->prev, struct service, node);
    fake_start(&f, gauges);
}

static int serve_http(stoa_http *x, void *arg)
{
    (void)x, (void)arg;
    return 0;
}

/* A program's listeners are looked at, too, or there are none. */
static void test_of_a_program(void **state)
{
    (void)state;
    struct flaky memory;
    int results[2] = { -ENOMEM, -ENOMEM };
    for (long n = 0; results[0] < 0 || results[1] < 0; n++) {
        stoa_rt *rt;
        assert_true(n < 100);
        flaky_init(&memory, -1);
        assert_int_equal(stoa_new(&rt, &(struct stoa_options){ .cores = 1, .mem = &memory.mem }),
                         0);
        memory.left = n;
        struct stoa_listen raw = { .addr = "127.0.0.1:0", .handler = serve };
        struct stoa_http_listen http = { .addr = "127.0.0.1:0", .handler = serve_http };
        results[0] = stoa_listen(rt, &raw);
        results[1] = stoa_http_listen(rt, &http);
        for (int i = 0; i < 2; i++)
            assert_true(results[i] == 0 || results[i] == -ENOMEM);
        bool has_none = list_is_empty(rt_services(rt));
        assert_int_equal(has_none, results[0] < 0 && results[1] < 0);
        stoa_free(rt);
        assert_int_equal(memory.bytes, 0);
    }
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_looks_ten_times_a_second),
        TEST(test_a_filling_queue_is_told_every_ten_seconds),
        TEST(test_drops_have_their_cause),
        TEST(test_one_drop),
        TEST(test_drops_are_added_up_between_two_lines),
        TEST(test_what_is_milder_is_not_told_after_what_is_worse),
        TEST(test_a_walk_that_takes_long_is_made_seldom),
        TEST(test_drops_before_the_first_look_are_told),
        TEST(test_what_cannot_be_asked_is_not_told),
        TEST(test_no_memory),
        TEST(test_stopped_before_it_began),
        cmocka_unit_test(test_of_a_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
