/* Dialling on the loopback, on both kinds of I/O: what comes of it, whose it is, and what is
 * reported. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/conn.h"
#include "net/dialled.h"
#include "net/local.h"
#include "support/server.h"

#include <stoa/dial.h>

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- a client: one task on a runtime of its own, with plain sockets as its peers ---- */

struct client {
    stoa_fn *fn;
    int port, peer; /* a listener that the task dials, and what it accepted */
    char addr[STOA_ADDR_TEXT];
    struct stoa_dial how;
    int result; /* of stoa_dial */
    stoa_rt *rt;
};

/* Of the last dial. */
static struct stoa_report report;

static int run(stoa_task *t, void *arg)
{
    struct client *c = arg;
    return c->fn(t, c);
}

static void run_client(void **state, struct client *c, stoa_fn *fn)
{
    c->fn = fn;
    c->how.report = &report;
    c->how.addr = c->how.addr ? c->how.addr : c->addr;
    assert_int_equal(stoa_new(&c->rt, &(struct stoa_options){ .io = *state, .cores = 1 }), 0);
    assert_int_equal(stoa_start(c->rt, run, c), 0);
    assert_int_equal(stoa_run(c->rt), 0);
    stoa_free(c->rt);
}

/* A listener of `type` on the loopback; its address goes to *c. */
static int open_listener(struct client *c, int type, int backlog)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
    if (type == SOCK_STREAM && backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    c->port = ntohs(a.sin_port);
    snprintf(c->addr, sizeof c->addr, "%s127.0.0.1:%d", type == SOCK_DGRAM ? "udp://" : "",
             c->port);
    return fd;
}

static int just_dial(stoa_task *t, void *arg)
{
    struct client *c = arg;
    stoa_conn *conn = NULL;
    c->result = stoa_dial(t, &conn, &c->how);
    assert_int_equal(conn != NULL, c->result == 0);
    return 0;
}

/* Dials and expects that cause of the only try. */
static void expect_failure(void **state, struct client *c, int result, const char *cause)
{
    run_client(state, c, just_dial);
    assert_int_equal(c->result, result);
    assert_int_equal(report.winner, -1);
    assert_string_equal(report.cause->id, cause);
    assert_int_equal(report.count, 1);
    assert_int_equal(report.tries[0].err, result);
    assert_string_equal(report.tries[0].cause->id, cause);
}

/* ---- it connects ---- */

static int talk(stoa_task *t, void *arg)
{
    struct client *c = arg;
    stoa_conn *conn;
    char buf[16] = "";
    c->result = stoa_dial(t, &conn, &c->how);
    assert_int_equal(c->result, 0);
    assert_ptr_equal(stoa_conn_task(conn), t);
    assert_int_equal(stoa_write(conn, "hello", 5), 0);
    assert_int_equal(stoa_finish(conn), 0);
    assert_int_equal(stoa_read_all(conn, buf, 5), 0);
    assert_string_equal(buf, "hello");
    assert_int_equal(stoa_read(conn, buf, sizeof buf), 0);
    struct addr peer;
    conn_peer(conn, &peer);
    assert_int_equal(addr_port(&peer), c->port);
    assert_int_not_equal(addr_port(conn_local(conn)), 0);
    return 0;
}

static int echo(stoa_conn *c, void *arg)
{
    (void)arg;
    char buf[64];
    ssize_t n;
    int r = 0;
    while (r == 0 && (n = stoa_read(c, buf, sizeof buf)) != 0)
        r = n < 0 ? (int)n : stoa_write(c, buf, (size_t)n);
    return r;
}

static void test_talks(void **state)
{
    struct server g;
    struct client c = { 0 };
    server_start(&g, &(struct server_options){ .io = *state, .serve = echo });
    c.port = addr_port(&g.addr);
    addr_format(&g.addr, c.addr, sizeof c.addr);
    run_client(state, &c, talk);
    server_stop(&g, 0);
    const struct stoa_try *try = &report.tries[0];
    assert_int_equal(report.winner, 0);
    assert_int_equal(report.count, 1);
    assert_int_equal(report.addresses, 1);
    assert_null(report.cause);
    assert_null(try->cause);
    assert_int_equal(try->err, 0);
    assert_int_equal(try->syns, 1);
    assert_int_equal(try->icmp_type, -1);
    assert_string_equal(try->to, c.addr);
    assert_true(strncmp(try->from, "127.0.0.1:", 10) == 0);
    assert_string_equal(try->by, "");
    assert_true(try->is_local);
    assert_true(try->took > 0 && try->rtt > 0);
}

/* A task's connection ends with it, in order: nothing that was written is lost. */
static int write_and_return(stoa_task *t, void *arg)
{
    struct client *c = arg;
    stoa_conn *conn;
    static char much[300000];
    c->result = stoa_dial(t, &conn, &c->how);
    return c->result < 0 ? c->result : stoa_write(conn, much, sizeof much);
}

static int write_and_close(stoa_task *t, void *arg)
{
    struct client *c = arg;
    stoa_conn *conn;
    c->result = stoa_dial(t, &conn, &c->how);
    int r = stoa_write(conn, "bye", 3);
    stoa_close(conn);
    stoa_close(NULL);
    return r;
}

static void *read_to_end(void *arg)
{
    struct client *c = arg;
    char buf[1024];
    ssize_t n, sum = 0;
    int fd = accept(c->peer, NULL, NULL);
    /* The client's kernel does not answer this with a reset while there is something to be read. */
    assert_int_equal(send(fd, "too late", 8, MSG_NOSIGNAL), 8);
    while ((n = read(fd, buf, sizeof buf)) > 0)
        sum += n;
    close(fd);
    return (void *)(n < 0 ? -1 : sum);
}

static void closes_in_order(void **state, stoa_fn *fn, long bytes)
{
    struct client c = { 0 };
    pthread_t thread;
    void *got;
    c.peer = open_listener(&c, SOCK_STREAM, 5);
    pthread_create(&thread, NULL, read_to_end, &c);
    run_client(state, &c, fn);
    pthread_join(thread, &got);
    assert_int_equal(c.result, 0);
    assert_int_equal((long)got, bytes);
    close(c.peer);
}

static void test_ends_with_its_task(void **state)
{
    closes_in_order(state, write_and_return, 300000);
}

static void test_close(void **state)
{
    closes_in_order(state, write_and_close, 3);
}

/* ---- UDP ---- */

static int send_and_read(stoa_task *t, void *arg)
{
    struct client *c = arg;
    stoa_conn *conn;
    char buf[8];
    c->result = stoa_dial(t, &conn, &c->how);
    assert_int_equal(c->result, 0);
    assert_int_equal(stoa_write(conn, "one", 3), 0);
    assert_int_equal(stoa_write(conn, "two", 3), 0);
    /* A read gives bytes of one datagram, and the rest of it before the next one. */
    assert_int_equal(stoa_read(conn, buf, 2), 2);
    assert_memory_equal(buf, "ab", 2);
    assert_int_equal(stoa_read(conn, buf, sizeof buf), 1);
    assert_memory_equal(buf, "c", 1);
    assert_int_equal(stoa_read(conn, buf, sizeof buf), 2);
    assert_memory_equal(buf, "de", 2);
    return 0;
}

static void *answer_datagrams(void *arg)
{
    struct client *c = arg;
    char buf[8];
    struct sockaddr_in from;
    socklen_t n = sizeof from;
    ssize_t one = recvfrom(c->peer, buf, sizeof buf, 0, (struct sockaddr *)&from, &n);
    ssize_t two = recv(c->peer, buf, sizeof buf, 0);
    sendto(c->peer, "abc", 3, 0, (struct sockaddr *)&from, n);
    sendto(c->peer, "", 0, 0, (struct sockaddr *)&from, n);
    sendto(c->peer, "de", 2, 0, (struct sockaddr *)&from, n);
    return (void *)(one * 10 + two);
}

static void test_datagrams(void **state)
{
    struct client c = { 0 };
    pthread_t thread;
    void *got;
    c.peer = open_listener(&c, SOCK_DGRAM, 0);
    pthread_create(&thread, NULL, answer_datagrams, &c);
    run_client(state, &c, send_and_read);
    pthread_join(thread, &got);
    assert_int_equal((long)got, 33);
    close(c.peer);
    assert_int_equal(report.tries[0].syns, 0);
}

static int send_to_nobody(stoa_task *t, void *arg)
{
    struct client *c = arg;
    stoa_conn *conn;
    char buf[8];
    c->result = stoa_dial(t, &conn, &c->how);
    assert_int_equal(c->result, 0);
    assert_int_equal(stoa_write(conn, "one", 3), 0);
    assert_int_equal(stoa_read(conn, buf, sizeof buf), -ECONNREFUSED);
    return 0;
}

static void test_datagram_to_nobody(void **state)
{
    struct client c = { 0 };
    close(open_listener(&c, SOCK_DGRAM, 0));
    run_client(state, &c, send_to_nobody);
}

/* ---- it does not ---- */

static void test_refused(void **state)
{
    struct client c = { 0 };
    int fd = open_listener(&c, SOCK_STREAM, -1); /* bound, so that nobody else takes the port */
    expect_failure(state, &c, -ECONNREFUSED, "connect.refused");
    const struct stoa_try *try = &report.tries[0];
    assert_string_equal(try->to, c.addr);
    assert_true(strncmp(try->from, "127.0.0.1:", 10) == 0);
    assert_int_equal(try->syns, 1);
    assert_true(try->is_local);
    assert_int_equal(try->queue, -1);
    assert_non_null(strstr(report.detail, "nobody on this machine listens on port"));
    close(fd);
}

/* Somebody listens, but not there; and there, but on another address that covers it. */
/* "net_dial) ", as a process is named with its pid before it; under valgrind it has another name. */
static const char *own_name(void)
{
    static char name[32];
    FILE *f = fopen("/proc/self/comm", "r");
    assert_non_null(f);
    assert_non_null(fgets(name, sizeof name - 2, f));
    fclose(f);
    strcpy(strchr(name, '\n'), ") ");
    return name;
}

static void test_other_addresses(void **state)
{
    struct client c = { 0 };
    int fd = open_listener(&c, SOCK_STREAM, 5);
    snprintf(c.addr, sizeof c.addr, "127.0.0.2:%d", c.port);
    expect_failure(state, &c, -ECONNREFUSED, "connect.wrong_address");
    assert_non_null(strstr(report.detail, own_name()));
    assert_non_null(strstr(report.detail, "listens on 127.0.0.1:"));
    snprintf(c.addr, sizeof c.addr, "0.0.0.0:%d", c.port); /* this machine */
    run_client(state, &c, just_dial);
    assert_int_equal(c.result, 0);
    close(fd);
}

/* As if somebody had begun to listen between the refusal and the look. */
static int look_late(stoa_task *t, void *arg)
{
    const struct client *c = arg;
    struct attempt a = { .core = core_of(t), .socktype = SOCK_STREAM, .err = -ECONNREFUSED };
    struct stoa_try *told = &report.tries[0];
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)c->port),
                              .sin_addr = { htonl(INADDR_LOOPBACK) } };
    addr_set(&a.to, (struct sockaddr *)&to, sizeof to);
    *told = (struct stoa_try){ .err = -ECONNREFUSED, .cause = stoa_cause_find("connect.refused") };
    local_look(&a, told);
    return 0;
}

static void test_listens_by_now(void **state)
{
    struct client c = { 0 };
    int fd = open_listener(&c, SOCK_STREAM, 1);
    run_client(state, &c, look_late);
    assert_string_equal(report.tries[0].cause->id, "connect.refused");
    assert_non_null(strstr(report.tries[0].detail, "listens there by now"));
    close(fd);
}

static void test_bad_addresses(void **state)
{
    static const char *const bad[] = { "",          "nothing",       "127.0.0.1:99999", ":80",
                                       "1.2.3.4:0", "udp://unix:/x", "http://a:80",     "[::1]" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct client c = { .how = { .addr = bad[i] } };
        run_client(state, &c, just_dial);
        assert_int_equal(c.result, -EINVAL);
        assert_string_equal(report.cause->id, "resolve.bad_address");
        assert_true(report.detail[0]);
        assert_int_equal(report.count, 0);
    }
    struct client c = { .how = { .addr = "localhost:no-such-service" } };
    run_client(state, &c, just_dial);
    assert_int_equal(c.result, -EINVAL);
    assert_string_equal(report.cause->id, "resolve.unknown_service");
}

static void test_names(void **state)
{
    struct client c = { .how = { .addr = "no-such-name.invalid:80", .at = "not an address" } };
    run_client(state, &c, just_dial);
    assert_int_equal(c.result, -ENOENT);
    assert_string_equal(report.cause->id, "resolve.not_found");

    /* The address to use instead of the name; its family is not the one that is asked for. */
    struct client at = { .how = { .at = "127.0.0.1", .family = AF_INET6 } };
    int fd = open_listener(&at, SOCK_STREAM, 5);
    snprintf(at.addr, sizeof at.addr, "no-such-name.invalid:%d", at.port);
    run_client(state, &at, just_dial);
    assert_int_equal(at.result, -ENOENT);
    assert_string_equal(report.cause->id, "resolve.other_family");
    assert_string_equal(report.detail, "it is an IPv4 address, and only IPv6 is allowed");
    at.how.family = 0;
    run_client(state, &at, just_dial);
    assert_int_equal(at.result, 0);
    close(fd);
}

static void test_own_reasons(void **state)
{
    struct client scope = { .how = { .addr = "[fe80::1]:80" } };
    expect_failure(state, &scope, -EINVAL, "connect.no_scope");
    assert_int_equal(report.tries[0].syns, 0);
    struct client multicast = { .how = { .addr = "224.0.0.1:80" } };
    expect_failure(state, &multicast, -ENETUNREACH, "connect.not_unicast");
    assert_int_equal(report.tries[0].syns, 0);
}

/* ---- it takes too long ---- */

/* A listener whose accept queue is full, so that SYNs are not answered. */
static int open_full(struct client *c, int *inside)
{
    int fd = open_listener(c, SOCK_STREAM, 0);
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons((uint16_t)c->port),
                             .sin_addr = { htonl(INADDR_LOOPBACK) } };
    *inside = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(*inside, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void test_deadline(void **state)
{
    struct client c = { .how = { .within = 20 * STOA_MS } };
    int inside, fd = open_full(&c, &inside);
    run_client(state, &c, just_dial);
    assert_int_equal(c.result, -ETIMEDOUT);
    assert_int_equal(report.tries[0].err, -ETIMEDOUT);
    assert_int_equal(report.tries[0].syns, 1);
    assert_true(report.tries[0].took >= 20 * STOA_MS);
    assert_string_equal(report.cause->id, "connect.queue_full");
    assert_int_equal(report.tries[0].queue, 1);
    assert_int_equal(report.tries[0].queue_max, 0);
    assert_non_null(strstr(report.detail, "1 connection waits to be accepted by pid"));
    close(inside);
    close(fd);
}

static int dial_and_be_cancelled(stoa_task *t, void *arg)
{
    return just_dial(t, *(struct client **)arg);
}

static int cancel_soon(stoa_task *t, void *arg)
{
    assert_int_equal(stoa_spawn(t, dial_and_be_cancelled, &arg, sizeof arg), 0);
    assert_int_equal(stoa_sleep(t, 5 * STOA_MS), 0);
    stoa_cancel(t);
    stoa_join(t);
    return 0;
}

static void test_cancelled(void **state)
{
    struct client c = { 0 };
    int inside, fd = open_full(&c, &inside);
    run_client(state, &c, cancel_soon);
    assert_int_equal(c.result, -ECANCELED);
    assert_int_equal(report.tries[0].err, -ECANCELED);
    assert_string_equal(report.cause->id, "connect.given_up");
    close(inside);
    close(fd);
}

static int past_deadline(stoa_task *t, void *arg)
{
    stoa_deadline(t, stoa_now(t) - 1);
    return just_dial(t, arg);
}

static void test_no_time_at_all(void **state)
{
    struct client c = { 0 };
    int fd = open_listener(&c, SOCK_STREAM, 5);
    run_client(state, &c, past_deadline);
    assert_int_equal(c.result, -ETIMEDOUT);
    assert_string_equal(report.cause->id, "connect.timeout");
    close(fd);
}

/* ---- both families ---- */

static void test_next_address_when_one_fails(void **state)
{
    /* "localhost" is 127.0.0.1 and ::1; somebody listens on ::1 only. */
    struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    socklen_t n = sizeof a;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) < 0)
        skip(); /* no IPv6 here */
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    listen(fd, 5);
    getsockname(fd, (struct sockaddr *)&a, &n);
    struct client c = { 0 };
    snprintf(c.addr, sizeof c.addr, "localhost:%d", ntohs(a.sin6_port));
    run_client(state, &c, just_dial);
    assert_int_equal(c.result, 0);
    assert_int_equal(report.addresses, 2);
    assert_int_equal(report.winner, 1);
    assert_int_equal(report.tries[0].err, -ECONNREFUSED);
    assert_int_equal(report.tries[1].err, 0);
    /* The second was not kept waiting for a quarter of a second. */
    assert_true(report.tries[1].began - report.tries[0].began < 200 * STOA_MS);
    close(fd);
    /* Nobody on either. */
    run_client(state, &c, just_dial);
    assert_int_equal(c.result, -ECONNREFUSED);
    assert_int_equal(report.count, 2);
}

/* ---- Unix sockets ---- */

static int open_unix(struct client *c, int type, int backlog)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    snprintf(a.sun_path, sizeof a.sun_path, "/tmp/stoa-dial-%d", getpid());
    unlink(a.sun_path);
    snprintf(c->addr, sizeof c->addr, "unix:%s", a.sun_path);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    if (backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

static void test_unix(void **state)
{
    struct client c = { 0 };
    int fd = open_unix(&c, SOCK_STREAM, 0);
    const char *path = c.addr + 5;
    run_client(state, &c, just_dial);
    assert_int_equal(c.result, 0);
    assert_string_equal(report.tries[0].to, c.addr);
    /* That one was never accepted and waits in the queue still: it is full. */
    expect_failure(state, &c, -EAGAIN, "connect.queue_full_unix");
    assert_int_equal(report.tries[0].queue, 1);
    close(fd);
    expect_failure(state, &c, -ECONNREFUSED, "connect.unix_stale");
    unlink(path);
    expect_failure(state, &c, -ENOENT, "connect.unix_missing");
    close(fopen(path, "we") ? 0 : -1);
    expect_failure(state, &c, -ECONNREFUSED, "connect.unix_no_socket");
    unlink(path);
    fd = open_unix(&c, SOCK_DGRAM, -1);
    expect_failure(state, &c, -EPROTOTYPE, "connect.unix_wrong_type");
    close(fd);
    unlink(path);
}

/* ---- hop by hop ---- */

static struct stoa_hop hops[STOA_HOPS_MAX];

static int walk(stoa_task *t, void *arg)
{
    struct client *c = arg;
    memset(hops, 0xff, sizeof hops);
    c->result = stoa_walk(t, c->addr, 20 * STOA_MS, hops, 3);
    return 0;
}

static void test_walk(void **state)
{
    struct client c = { 0 };
    int inside, fd = open_listener(&c, SOCK_STREAM, 5);
    run_client(state, &c, walk);
    assert_int_equal(c.result, 1);
    assert_int_equal(hops[0].err, 0);
    assert_true(hops[0].rtt > 0);
    assert_string_equal(hops[0].by, "127.0.0.1");
    close(fd);
    run_client(state, &c, walk);
    assert_int_equal(c.result, 1);
    assert_int_equal(hops[0].err, -ECONNREFUSED);
    assert_string_equal(hops[0].by, "127.0.0.1");
    assert_false(hops[0].forged); /* the host itself answers the datagram */
    fd = open_full(&c, &inside);
    run_client(state, &c, walk);
    assert_int_equal(c.result, 1); /* of the three silent ones the first is told */
    assert_int_equal(hops[0].err, -ETIMEDOUT);
    assert_int_equal(hops[0].rtt, 0);
    assert_string_equal(hops[0].by, "");
    close(inside);
    close(fd);
}

static int walk_wrongly(stoa_task *t, void *arg)
{
    (void)arg;
    static const char *const bad[] = { "no-number:80", "127.0.0.1", ":80", "unix:/x", "" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(stoa_walk(t, bad[i], STOA_SEC, hops, 3), -EINVAL);
    assert_int_equal(stoa_walk(t, "127.0.0.1:80", 0, hops, 3), -EINVAL);
    assert_int_equal(stoa_walk(t, "127.0.0.1:80", STOA_SEC, hops, 0), -EINVAL);
    assert_int_equal(stoa_walk(t, "127.0.0.1:80", STOA_SEC, hops, STOA_HOPS_MAX + 1), -EINVAL);
    stoa_deadline(t, stoa_now(t) - 1);
    assert_int_equal(stoa_walk(t, "127.0.0.1:80", STOA_SEC, hops, 1), -ETIMEDOUT);
    return 0;
}

static void test_walk_wrongly(void **state)
{
    struct client c = { 0 };
    run_client(state, &c, walk_wrongly);
}

/* ---- held by nobody ---- */

static stoa_conn *woken;

static void note_wake(stoa_conn *c)
{
    woken = c;
}

static int pool_of_one(stoa_task *t, void *arg)
{
    struct client *c = arg;
    stoa_conn *conn;
    char byte;
    assert_int_equal(stoa_dial(t, &conn, &c->how), 0);
    int peer = accept(c->peer, NULL, NULL);
    dialled_give(conn, NULL);
    woken = NULL;
    assert_int_equal(dialled_watch(conn, note_wake), 0);
    assert_int_equal(stoa_sleep(t, 2 * STOA_MS), 0);
    assert_null(woken);
    dialled_give(conn, t); /* taken again: no watch any more */
    assert_int_equal(write(peer, "a", 1), 1);
    assert_int_equal(stoa_read(conn, &byte, 1), 1);
    assert_null(woken);
    dialled_give(conn, NULL);
    assert_int_equal(dialled_watch(conn, note_wake), 0);
    close(peer);
    while (!woken)
        assert_int_equal(stoa_sleep(t, STOA_MS), 0);
    assert_ptr_equal(woken, conn);
    woken = NULL;
    assert_int_equal(dialled_watch(conn, note_wake), 0); /* its end has come already */
    assert_int_equal(stoa_sleep(t, STOA_MS), 0);
    assert_ptr_equal(woken, conn);
    dialled_close_now(conn);
    return 0;
}

static void test_given_and_watched(void **state)
{
    struct client c = { 0 };
    c.peer = open_listener(&c, SOCK_STREAM, 5);
    run_client(state, &c, pool_of_one);
    close(c.peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_talks),
        BOTH(test_ends_with_its_task),
        BOTH(test_close),
        BOTH(test_datagrams),
        BOTH(test_datagram_to_nobody),
        BOTH(test_refused),
        BOTH(test_other_addresses),
        BOTH(test_listens_by_now),
        BOTH(test_bad_addresses),
        BOTH(test_names),
        BOTH(test_own_reasons),
        BOTH(test_deadline),
        BOTH(test_cancelled),
        BOTH(test_no_time_at_all),
        BOTH(test_next_address_when_one_fails),
        BOTH(test_unix),
        BOTH(test_walk),
        BOTH(test_walk_wrongly),
        BOTH(test_given_and_watched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
