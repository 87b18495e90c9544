/* Connections of a real server on loopback, on both kinds of I/O: reading, writing, half-close,
 * files. What ends them is in net_life.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/conn.h"
#include "net/record.h"
#include "support/server.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int echo(stoa_conn *c, void *arg)
{
    (void)arg;
    char buf[1024];
    ssize_t n;
    int r = 0;
    while (r == 0 && (n = stoa_read(c, buf, sizeof buf)) != 0)
        r = n < 0 ? (int)n : stoa_write(c, buf, (size_t)n);
    return r;
}

static void test_echo(void **state)
{
    struct server g;
    server_start(&g, &(struct server_options){ .io = *state, .serve = echo });
    int fd = client_connect(&g);
    client_text(fd, "hello");
    client_expect(fd, "hello");
    client_text(fd, "again");
    client_expect(fd, "again");
    client_finish(fd);
    client_expect_end(fd);
    close(fd);
    server_stop(&g, STOA_SEC);
    assert_int_equal(g.lines, 0);
}

/* ---- half-close ---- */

static int answer_after_end(stoa_conn *c, void *arg)
{
    (void)arg;
    char buf[1000], text[40];
    size_t all = 0;
    ssize_t n;
    while ((n = stoa_read(c, buf, sizeof buf)) > 0)
        all += (size_t)n;
    if (n < 0)
        return (int)n;
    int length = snprintf(text, sizeof text, "%zu bytes", all);
    return stoa_write(c, text, (size_t)length);
}

static void test_peer_finishes_first(void **state)
{
    struct server g;
    server_start(&g, &(struct server_options){ .io = *state, .serve = answer_after_end });
    int fd = client_connect(&g);
    char *bytes = calloc(1, 100000);
    client_send(fd, bytes, 100000);
    client_finish(fd);
    client_expect(fd, "100000 bytes");
    client_expect_end(fd);
    free(bytes);
    close(fd);
    fd = client_connect(&g);
    client_finish(fd); /* at once: the handler is called all the same */
    client_expect(fd, "0 bytes");
    client_expect_end(fd);
    close(fd);
    server_stop(&g, STOA_SEC);
    assert_int_equal(g.lines, 0);
}

static int finish_then_read(stoa_conn *c, void *arg)
{
    atomic_long *sum = arg;
    char buf[1000];
    ssize_t n;
    int r = stoa_write(c, "that is all", 11);
    if (r == 0)
        r = stoa_finish(c);
    if (r < 0)
        return r;
    while ((n = stoa_read(c, buf, sizeof buf)) > 0)
        atomic_fetch_add(sum, n);
    return (int)n;
}

static void test_we_finish_first(void **state)
{
    struct server g;
    atomic_long sum = 0;
    server_start(&g,
                 &(struct server_options){ .io = *state, .serve = finish_then_read, .arg = &sum });
    int fd = client_connect(&g);
    client_expect(fd, "that is all");
    client_expect_end(fd);
    client_text(fd, "but I go on");
    close(fd);
    server_stop(&g, 20 * STOA_SEC);
    assert_int_equal(sum, 11);
    assert_int_equal(g.lines, 0);
}

/* ---- much of it ---- */

enum { MUCH = 8 * 1024 * 1024 };

static char byte_at(size_t i)
{
    return (char)(i * 2654435761u >> 13);
}

static void *send_much(void *arg)
{
    int fd = *(int *)arg;
    char *bytes = malloc(MUCH);
    for (size_t i = 0; i < MUCH; i++)
        bytes[i] = byte_at(i);
    client_send(fd, bytes, MUCH);
    client_finish(fd);
    free(bytes);
    return NULL;
}

static void check_much(const char *bytes, size_t n)
{
    assert_int_equal(n, MUCH);
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != byte_at(i))
            fail_msg("byte %zu is wrong", i);
}

static void test_both_directions_at_once(void **state)
{
    struct server g;
    server_start(&g, &(struct server_options){ .io = *state, .serve = echo });
    int fd = client_connect(&g);
    pthread_t sender;
    pthread_create(&sender, NULL, send_much, &fd);
    char *back = malloc(MUCH + 1);
    check_much(back, (size_t)client_read_end(fd, back, MUCH + 1));
    pthread_join(sender, NULL);
    free(back);
    close(fd);
    server_stop(&g, STOA_SEC);
    assert_int_equal(g.lines, 0);
}

/* Pieces of all sizes, empty ones too, more than one sendmsg takes. */
static int write_pieces(stoa_conn *c, void *arg)
{
    (void)arg;
    enum { PIECES = 3000 };
    char *bytes = stoa_alloc(stoa_conn_task(c), MUCH);
    struct iovec *v = stoa_alloc(stoa_conn_task(c), (PIECES + 1) * sizeof *v);
    for (size_t i = 0; i < MUCH; i++)
        bytes[i] = byte_at(i);
    size_t at = 0;
    for (size_t i = 0; i < PIECES; i++) {
        size_t n = i % 7 == 0 ? 0 : i * 7919 % 4000;
        v[i] = (struct iovec){ bytes + at, n };
        at += n;
    }
    v[PIECES] = (struct iovec){ bytes + at, MUCH - at };
    int r = conn_write(c, v, PIECES + 1, true);
    struct iovec none = { NULL, 0 };
    return r < 0 ? r : conn_write(c, &none, 1, false);
}

static void test_write_pieces(void **state)
{
    struct server g;
    server_start(&g, &(struct server_options){ .io = *state, .serve = write_pieces });
    int fd = client_connect(&g);
    char *back = malloc(MUCH + 1);
    check_much(back, (size_t)client_read_end(fd, back, MUCH + 1));
    free(back);
    close(fd);
    server_stop(&g, STOA_SEC);
    assert_int_equal(g.lines, 0);
}

/* Two tasks write at the same time, each more than the socket takes: each as a whole. */
enum { HALF = 2 * MUCH };

static int write_half(stoa_task *t, void *arg)
{
    stoa_conn *c = *(stoa_conn **)arg;
    char *bytes = stoa_alloc(t, HALF);
    memset(bytes, 'c', HALF);
    return stoa_write(c, bytes, HALF);
}

static int write_two(stoa_conn *c, void *arg)
{
    (void)arg;
    stoa_task *t = stoa_conn_task(c);
    int r = stoa_spawn(t, write_half, &c, sizeof(stoa_conn *));
    if (r == 0)
        r = stoa_sleep(t, 0);
    char *bytes = stoa_alloc(t, HALF);
    memset(bytes, 'p', HALF);
    if (r == 0)
        r = stoa_write(c, bytes, HALF);
    return r == 0 ? stoa_join(t) : r;
}

static void test_two_writers(void **state)
{
    struct server g;
    server_start(&g, &(struct server_options){ .io = *state, .serve = write_two });
    int fd = client_connect(&g);
    char *back = malloc(2 * HALF);
    assert_int_equal(client_read_end(fd, back, 2 * HALF), 2 * HALF);
    for (size_t i = 0; i < 2 * HALF; i++)
        if (back[i] != (i < HALF ? 'c' : 'p'))
            fail_msg("byte %zu is another's", i);
    free(back);
    close(fd);
    server_stop(&g, STOA_SEC);
}

/* ---- what of it has been acknowledged ---- */

static uint64_t unacknowledged(const stoa_conn *c)
{
    struct conn_sent sent;
    conn_look_at_sent(c, &sent);
    return sent.in_flight + sent.waiting;
}

/* Fills the socket, ends it with a letter, and looks before and after the peer has read it all. */
static int fill_and_look(stoa_conn *c, void *arg)
{
    static const char bytes[65536];
    struct stoa_str answer;
    uint64_t before = unacknowledged(c);
    while (conn_write_now(c, bytes, sizeof bytes) > 0)
        ;
    uint64_t full = unacknowledged(c);
    sem_post(arg);
    int r = stoa_write(c, "E", 1);
    if (r == 0)
        r = conn_fill(c, 0, 10, &answer) < 0 ? -EIO : 0;
    if (r < 0)
        return r;
    bool right = before == 0 && full > 0 && unacknowledged(c) == 0;
    return stoa_write(c, right ? "y" : "n", 1);
}

static void test_acknowledged(void **state)
{
    struct server g;
    sem_t is_full;
    static char bytes[65536];
    ssize_t n = 0;
    sem_init(&is_full, 0, 0);
    server_start(&g,
                 &(struct server_options){ .io = *state, .serve = fill_and_look, .arg = &is_full });
    int fd = client_connect(&g);
    while (sem_wait(&is_full) != 0)
        ;
    while (n == 0 || bytes[n - 1] != 'E') {
        n = recv(fd, bytes, sizeof bytes, 0);
        assert_true(n > 0);
    }
    client_text(fd, "x");
    client_expect(fd, "y");
    close(fd);
    server_stop(&g, STOA_SEC);
    sem_destroy(&is_full);
}

/* ---- lines and fixed lengths ---- */

static int echo_lines(stoa_conn *c, void *arg)
{
    (void)arg;
    struct stoa_str line;
    int r;
    while ((r = stoa_read_line(c, &line, 6000)) == 0) {
        struct iovec v[] = { { "<", 1 }, { (char *)line.p, line.n }, { ">", 1 } };
        r = conn_write(c, v, 3, false);
        if (r < 0)
            return r;
    }
    struct iovec v[] = { { "rest:", 5 }, { (char *)line.p, line.n } };
    if (r == STOA_EEOF)
        return conn_write(c, v, 2, false);
    return r == STOA_ETOOBIG ? stoa_write(c, "too long", 8) : r;
}

static void test_lines(void **state)
{
    struct server g;
    server_start(&g, &(struct server_options){ .io = *state, .serve = echo_lines });
    int fd = client_connect(&g);
    client_text(fd, "one\ntwo\r\n\n\r\n\r\r\n");
    client_expect(fd, "<one><two><><><\r>");
    for (const char *p = "bit by bit\n"; *p; p++)
        client_send(fd, p, 1);
    client_expect(fd, "<bit by bit>");
    char *line = malloc(6000), *back = malloc(6001);
    memset(line, 'x', 5999);
    line[5999] = '\n';
    for (size_t at = 0; at < 6000; at += 100) /* over several chunks */
        client_send(fd, line + at, 100);
    client_read(fd, back, 6001);
    assert_true(back[0] == '<' && back[6000] == '>' && memcmp(back + 1, line, 5999) == 0);
    client_text(fd, "the end");
    client_finish(fd);
    client_expect(fd, "rest:the end");
    client_expect_end(fd);
    close(fd);
    fd = client_connect(&g);
    line[5999] = 'x';
    client_send(fd, line, 6000);
    client_expect(fd, "too long");
    client_expect_end(fd);
    free(line);
    free(back);
    close(fd);
    server_stop(&g, 20 * STOA_SEC);
}

static int read_fixed(stoa_conn *c, void *arg)
{
    (void)arg;
    char buf[10];
    int r = stoa_read_all(c, buf, 10);
    if (r == 0)
        r = stoa_write(c, buf, 10);
    if (r == 0)
        r = stoa_read_all(c, buf, 0);
    if (r == 0)
        r = stoa_read_all(c, buf, 10);
    return r == STOA_EEOF ? stoa_write(c, "short", 5) : r;
}

static void test_read_all(void **state)
{
    struct server g;
    server_start(&g, &(struct server_options){ .io = *state, .serve = read_fixed });
    int fd = client_connect(&g);
    client_text(fd, "0123");
    client_text(fd, "456789abc");
    client_expect(fd, "0123456789");
    client_finish(fd);
    client_expect(fd, "short");
    client_expect_end(fd);
    close(fd);
    server_stop(&g, STOA_SEC);
}

/* ---- files ---- */

static int make_file(size_t n)
{
    char name[] = "/tmp/stoa-test-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    unlink(name);
    char *bytes = malloc(n);
    for (size_t i = 0; i < n; i++)
        bytes[i] = byte_at(i);
    assert_int_equal(write(fd, bytes, n), n);
    free(bytes);
    return fd;
}

/* returns 0 when all n bytes have been sent, with as many calls as that takes. */
static int send_range(stoa_conn *c, int file, off_t at, size_t n)
{
    while (n > 0) {
        ssize_t sent = conn_send_file(c, file, at, n);
        if (sent < 0)
            return (int)sent;
        if (sent == 0 || (size_t)sent > n)
            return -EINVAL;
        at += sent;
        n -= (size_t)sent;
    }
    return 0;
}

static int send_it(stoa_conn *c, void *arg)
{
    int file = *(int *)arg;
    struct iovec v = { "head:", 5 };
    int r = conn_write(c, &v, 1, true);
    if (r == 0)
        r = send_range(c, file, 0, 100);
    if (r == 0)
        r = send_range(c, file, 100, MUCH - 100);
    if (r == 0 && send_range(c, file, MUCH - 10, 20) != STOA_EEOF)
        r = -EINVAL;
    return r;
}

static void test_send_file(void **state)
{
    struct server g;
    int file = make_file(MUCH);
    /* Not in memory at first, where the file system allows it to be so. */
    fsync(file);
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    server_start(&g, &(struct server_options){ .io = *state, .serve = send_it, .arg = &file });
    int fd = client_connect(&g);
    client_expect(fd, "head:");
    char *back = malloc(MUCH + 10);
    assert_int_equal(client_read_end(fd, back, MUCH + 10), MUCH + 10);
    check_much(back, MUCH);
    free(back);
    close(fd);
    server_stop(&g, STOA_SEC);
    close(file);
    assert_int_equal(g.lines, 0);
}

/* The peer leaves in the middle of a file: no signal ends the process. */
static void test_peer_leaves_file(void **state)
{
    struct server g;
    int file = make_file(MUCH);
    server_start(&g, &(struct server_options){ .io = *state, .serve = send_it, .arg = &file });
    int fd = client_connect(&g);
    client_expect(fd, "head:");
    client_reset(fd);
    server_stop(&g, 20 * STOA_SEC);
    close(file);
    assert_true(server_said(&g, "writing failed"));
}

/* ---- what one can ask ---- */

static int ask(stoa_conn *c, void *arg)
{
    struct addr peer, *listener = arg;
    char text[200], a[ADDR_TEXT_BYTES], b[ADDR_TEXT_BYTES];
    int nodelay = 0;
    socklen_t n = sizeof nodelay;
    conn_peer(c, &peer);
    if (addr_port(conn_local(c)) != addr_port(listener))
        return -EINVAL;
    const struct io_sys *sys = conn_core(c)->sys;
    int r = sys->get_option(sys, c->recv.fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &n);
    if (r < 0)
        return r;
    bool right = conn_served(c) == 1 && conn_accepted(c) <= stoa_now(stoa_conn_task(c)) &&
                 !conn_is_draining(c) && nodelay && conn_came(c).rx == 0;
    addr_format(&peer, a, sizeof a);
    conn_peer(c, &peer);
    addr_format_host(&peer, b, sizeof b);
    int length = snprintf(text, sizeof text, "%s %s %s", a, b, right ? "right" : "wrong");
    return stoa_write(c, text, (size_t)length);
}

static void test_ask(void **state)
{
    struct server g;
    server_open(&g, &(struct server_options){ .io = *state, .serve = ask, .arg = &g.addr });
    server_run(&g);
    int fd = client_connect(&g);
    struct addr own = { .len = sizeof own.un };
    char text[200], name[ADDR_TEXT_BYTES];
    assert_int_equal(getsockname(fd, &own.any, &own.len), 0);
    snprintf(text, sizeof text, "%s 127.0.0.1 right", addr_format(&own, name, sizeof name));
    client_expect(fd, text);
    client_expect_end(fd);
    close(fd);
    server_stop(&g, STOA_SEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_echo),
        BOTH(test_peer_finishes_first),
        BOTH(test_we_finish_first),
        BOTH(test_both_directions_at_once),
        BOTH(test_write_pieces),
        BOTH(test_two_writers),
        BOTH(test_acknowledged),
        BOTH(test_lines),
        BOTH(test_read_all),
        BOTH(test_send_file),
        BOTH(test_peer_leaves_file),
        BOTH(test_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
