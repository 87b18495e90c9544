/* The life of connections of a real server on loopback, on both kinds of I/O: time limits,
 * cancellation, backpressure, parking, and each of its ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/conn.h"
#include "support/server.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MUCH = 8 * 1024 * 1024 }; /* more than a socket takes */

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

/* ---- limits of waiting ---- */

static int wait_in_vain(stoa_conn *c, void *arg)
{
    (void)arg;
    stoa_task *t = stoa_conn_task(c);
    char buf[10];
    stoa_deadline(t, stoa_now(t) + STOA_MS);
    ssize_t n = stoa_read(c, buf, sizeof buf);
    stoa_deadline(t, STOA_NEVER);
    int r = n == -ETIMEDOUT ? stoa_write(c, "late", 4) : -EINVAL;
    if (r < 0)
        return r;
    n = stoa_read(c, buf, sizeof buf); /* nothing is lost */
    return n < 0 ? (int)n : stoa_write(c, buf, (size_t)n);
}

static void test_deadline(void **state)
{
    struct server g;
    server_start(&g, &(struct server_options){ .io = *state, .serve = wait_in_vain });
    int fd = client_connect(&g);
    client_expect(fd, "late");
    client_text(fd, "here");
    client_expect(fd, "here");
    client_expect_end(fd);
    close(fd);
    server_stop(&g, STOA_SEC);
}

/* A peer that does not read: the deadline ends the write, and the kernel lets go of it. */
static int write_in_vain(stoa_conn *c, void *arg)
{
    atomic_int *result = arg;
    stoa_task *t = stoa_conn_task(c);
    char *bytes = stoa_alloc(t, MUCH);
    stoa_deadline(t, stoa_now(t) + 20 * STOA_MS);
    atomic_store(result, stoa_write(c, bytes, MUCH));
    return atomic_load(result);
}

static void test_deadline_in_write(void **state)
{
    struct server g;
    atomic_int result = 0;
    server_start(&g,
                 &(struct server_options){ .io = *state, .serve = write_in_vain, .arg = &result });
    int fd = client_connect(&g);
    client_await_failure(fd);
    assert_int_equal(result, -ETIMEDOUT);
    close(fd);
    server_stop(&g, STOA_SEC);
    assert_true(server_said(&g, "writing failed"));
    assert_true(server_said(&g, "ETIMEDOUT"));
}

static int read_child(stoa_task *t, void *arg)
{
    (void)t;
    char buf[10];
    ssize_t n = stoa_read(*(stoa_conn **)arg, buf, sizeof buf);
    return n < 0 ? (int)n : 0;
}

static int cancel_child(stoa_conn *c, void *arg)
{
    (void)arg;
    stoa_task *t = stoa_conn_task(c);
    char buf[10];
    int r = stoa_spawn(t, read_child, &c, sizeof(stoa_conn *));
    if (r == 0)
        r = stoa_sleep(t, 0);
    if (r == 0 && stoa_read(c, buf, 1) != -EBUSY) /* the child reads already */
        r = -EINVAL;
    stoa_cancel(t);
    if (r == 0 && stoa_join(t) != -ECANCELED)
        r = -EINVAL;
    if (r == 0)
        r = stoa_write(c, "ready", 5);
    if (r < 0)
        return r;
    ssize_t n = stoa_read(c, buf, sizeof buf);
    return n < 0 ? (int)n : stoa_write(c, buf, (size_t)n);
}

static void test_cancel(void **state)
{
    struct server g;
    server_start(&g, &(struct server_options){ .io = *state, .serve = cancel_child });
    int fd = client_connect(&g);
    client_expect(fd, "ready");
    client_text(fd, "go");
    client_expect(fd, "go");
    client_expect_end(fd);
    close(fd);
    server_stop(&g, STOA_SEC);
}

static void test_silent_reader(void **state)
{
    struct server g;
    server_start(&g, &(struct server_options){ .io = *state, .serve = echo, .idle = 20 * STOA_MS });
    int fd = client_connect(&g);
    client_text(fd, "a");
    client_expect(fd, "a");
    char c;
    assert_int_equal(client_read_end(fd, &c, 1), -ECONNRESET);
    close(fd);
    server_stop(&g, STOA_SEC);
    assert_true(server_said(&g, "reading failed"));
    assert_true(server_said(&g, "ETIMEDOUT"));
}

static int write_much(stoa_conn *c, void *arg)
{
    atomic_int *result = arg;
    char *bytes = stoa_alloc(stoa_conn_task(c), MUCH);
    atomic_store(result, stoa_write(c, bytes, MUCH));
    return atomic_load(result);
}

static void test_peer_that_does_not_read(void **state)
{
    struct server g;
    atomic_int result = 0;
    server_start(&g, &(struct server_options){
                         .io = *state, .serve = write_much, .arg = &result, .idle = 20 * STOA_MS });
    int fd = client_connect(&g);
    client_await_failure(fd);
    assert_int_equal(result, -ETIMEDOUT);
    close(fd);
    server_stop(&g, STOA_SEC);
}

/* ---- backpressure ---- */

struct pressure {
    atomic_bool full; /* the client could send no more */
    atomic_size_t unread, all;
};

static int do_not_read(stoa_conn *c, void *arg)
{
    struct pressure *p = arg;
    stoa_task *t = stoa_conn_task(c);
    char first;
    int r = stoa_read_all(c, &first, 1); /* so that receiving is under way */
    while (r == 0 && !atomic_load(&p->full))
        r = stoa_sleep(t, STOA_MS);
    for (int i = 0; r == 0 && i < 3; i++) /* what could still come in has come */
        r = stoa_sleep(t, STOA_MS);
    atomic_store(&p->unread, conn_unread_bytes(c));
    char buf[1000];
    ssize_t n = 0;
    size_t all = 1;
    while (r == 0 && (n = stoa_read(c, buf, sizeof buf)) > 0)
        all += (size_t)n;
    atomic_store(&p->all, all);
    return r < 0 ? r : n < 0 ? (int)n : stoa_write(c, "!", 1);
}

/* Sends until the socket takes nothing for a while. returns how much it took. */
static size_t send_until_full(int fd)
{
    char bytes[256] = { 0 };
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    size_t all = 0;
    int r;
    while ((r = poll(&p, 1, 200)) != 0) {
        if (r < 0)
            continue; /* interrupted */
        ssize_t n = send(fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0)
            all += (size_t)n;
    }
    return all;
}

static void test_backpressure(void **state)
{
    struct server g;
    struct pressure p = { 0 };
    server_start(&g, &(struct server_options){ .io = *state, .serve = do_not_read, .arg = &p });
    int fd = client_connect(&g);
    size_t sent = send_until_full(fd);
    atomic_store(&p.full, true);
    client_finish(fd);
    client_expect(fd, "!");
    client_expect_end(fd);
    assert_int_equal(p.all, sent);
    /* 16 chunks, and what one wait brings before the cancellation is heard. */
    assert_in_range(p.unread, 1, 512 * 1024);
    close(fd);
    server_stop(&g, STOA_SEC);
}

/* Each of many keeps what it was sent for a while, unread or borrowed; all of that together must not
 * be all that the core can receive into. */
enum { MANY = 400 };

static int keep_for_a_while(stoa_conn *c, void *arg)
{
    atomic_bool *go = arg;
    struct stoa_str s;
    int r = conn_fill(c, 0, 100, &s);
    if (r <= 0)
        return r;
    while (s.p[0] != '!' && !atomic_load(go))
        if (stoa_sleep(stoa_conn_task(c), STOA_MS) < 0)
            return -ECANCELED;
    struct iovec v = { (char *)s.p, s.n };
    r = conn_write(c, &v, 1, false);
    conn_consume(c, s.n);
    return r < 0 ? r : CONN_GONE;
}

static void test_many_hold_up_nobody(void **state)
{
    struct server g;
    atomic_bool go = false;
    server_start(&g, &(struct server_options){
                         .io = *state, .serve = keep_for_a_while, .arg = &go, .parks = true });
    static int fds[MANY];
    for (int i = 0; i < MANY; i++) {
        fds[i] = client_connect(&g);
        client_text(fds[i], "a");
    }
    int fd = client_connect(&g);
    client_text(fd, "!");
    client_expect(fd, "!");
    client_expect_end(fd);
    close(fd);
    atomic_store(&go, true);
    for (int i = 0; i < MANY; i++) {
        client_expect(fds[i], "a");
        close(fds[i]);
    }
    server_stop(&g, STOA_SEC);
}

/* ---- the end ---- */

enum { REPLY = 512 * 1024, UNREAD = 1024 * 1024 - 1 };

static int reply_without_reading(stoa_conn *c, void *arg)
{
    (void)arg;
    char *bytes = stoa_alloc(stoa_conn_task(c), REPLY);
    memset(bytes, 'r', REPLY);
    return stoa_write(c, bytes, REPLY);
}

static void *send_unread(void *arg)
{
    int fd = *(int *)arg;
    char *bytes = calloc(1, UNREAD);
    client_send(fd, bytes, UNREAD);
    free(bytes);
    return NULL;
}

static void test_lingering(void **state)
{
    struct server g;
    server_start(&g, &(struct server_options){ .io = *state, .serve = reply_without_reading });
    int fd = client_connect(&g);
    pthread_t sender;
    pthread_create(&sender, NULL, send_unread, &fd);
    pthread_join(sender, NULL); /* all of the request first, as such clients do */
    char *reply = malloc(REPLY);
    assert_int_equal(client_read_end(fd, reply, REPLY), REPLY);
    for (size_t i = 0; i < REPLY; i++)
        assert_int_equal(reply[i], 'r');
    free(reply);
    close(fd);
    server_stop(&g, 20 * STOA_SEC);
    assert_int_equal(g.lines, 0);
}

/* One that never stops sending is not read for ever. */
static void test_lingering_has_an_end(void **state)
{
    struct server g;
    server_start(&g, &(struct server_options){ .io = *state, .serve = reply_without_reading });
    int fd = client_connect(&g);
    char *reply = malloc(REPLY);
    assert_int_equal(client_read_end(fd, reply, REPLY), REPLY);
    free(reply);
    assert_true(client_send_until_failure(fd) > 1024 * 1024);
    close(fd);
    server_stop(&g, 20 * STOA_SEC);
}

/* Answers when told to, as one whose peer said that it is done. */
static int answer_the_last(stoa_conn *c, void *arg)
{
    atomic_bool *go = arg;
    char first;
    int r = stoa_read_all(c, &first, 1);
    if (r == 0)
        r = stoa_write(c, "well", 4);
    while (r == 0 && !atomic_load(go))
        r = stoa_sleep(stoa_conn_task(c), STOA_MS);
    struct iovec v = { "bye", 3 };
    if (r == 0)
        r = conn_write(c, &v, 1, true);
    return r < 0 ? r : CONN_GONE;
}

/* The peer was not done: the close resets, but what was held back for it comes before. */
static void test_last_bytes_come_before_the_reset(void **state)
{
    struct server g;
    atomic_bool go = false;
    struct server_options opt = {
        .io = *state, .serve = answer_the_last, .arg = &go, .parks = true
    };
    assert_int_equal(server_open(&g, &opt), 0);
    int fd = client_connect(&g);
    client_text(fd, "a"); /* is there when it is accepted: no receive will be under way */
    server_run(&g);
    client_expect(fd, "well");
    client_text(fd, "and what nobody reads");
    atomic_store(&go, true);
    client_expect(fd, "bye");
    close(fd);
    server_stop(&g, 20 * STOA_SEC);
    assert_int_equal(g.lines, 0);
}

static void test_reset_by_peer(void **state)
{
    struct server g;
    server_start(&g, &(struct server_options){ .io = *state, .serve = echo });
    int fd = client_connect(&g);
    client_text(fd, "x");
    client_expect(fd, "x");
    client_reset(fd);
    server_stop(&g, 20 * STOA_SEC);
    assert_true(server_said(&g, "reading failed"));
    assert_true(server_said(&g, "ECONNRESET"));
}

static int fail_with_peer(stoa_conn *c, void *arg)
{
    (void)arg;
    struct addr peer;
    conn_peer(c, &peer);
    return -ENOENT;
}

static void test_handler_fails(void **state)
{
    struct server g;
    server_start(&g, &(struct server_options){ .io = *state, .serve = fail_with_peer });
    int fd = client_connect(&g);
    char c;
    assert_int_equal(client_read_end(fd, &c, 1), -ECONNRESET);
    struct addr own = { 0 };
    char text[200], name[ADDR_TEXT_BYTES];
    own.len = sizeof own.un;
    assert_int_equal(getsockname(fd, &own.any, &own.len), 0);
    close(fd);
    server_stop(&g, 20 * STOA_SEC);
    snprintf(text, sizeof text, "connection from %s to", addr_format(&own, name, sizeof name));
    assert_true(server_said(&g, text));
    assert_true(server_said(&g, "the handler failed: No such file or directory (ENOENT)"));
}

/* ---- parked connections ---- */

/* Answers each byte with one, and parks in between. */
static int answer_and_park(stoa_conn *c, void *arg)
{
    (void)arg;
    struct stoa_str in;
    int r = conn_fill(c, 0, 1, &in);
    if (r <= 0)
        return r;
    char byte = in.p[0];
    conn_consume(c, 1);
    r = stoa_write(c, &byte, 1);
    return r < 0 ? r : byte == 'q' ? CONN_CLOSE : byte == 'g' ? CONN_GONE : CONN_PARK;
}

static void test_park(void **state)
{
    struct server g;
    server_start(&g,
                 &(struct server_options){ .io = *state, .serve = answer_and_park, .parks = true });
    int fds[50];
    for (int i = 0; i < 50; i++)
        fds[i] = client_connect(&g);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 50; i++) {
            client_text(fds[i], "abc"); /* the rest is served at once, too */
            client_expect(fds[i], "abc");
        }
    for (int i = 0; i < 50; i++) {
        if (i % 3 == 0)
            client_finish(fds[i]);
        else
            client_text(fds[i], i % 3 == 1 ? "q" : "g");
        if (i % 3)
            client_expect(fds[i], i % 3 == 1 ? "q" : "g");
        client_expect_end(fds[i]);
        close(fds[i]);
    }
    server_stop(&g, STOA_SEC);
    assert_int_equal(g.lines, 0);
}

static void test_idle(void **state)
{
    struct server g;
    server_start(&g,
                 &(struct server_options){
                     .io = *state, .serve = answer_and_park, .parks = true, .idle = 20 * STOA_MS });
    int fd = client_connect(&g), never = client_connect(&g);
    client_text(fd, "a");
    client_expect(fd, "a");
    client_expect_end(fd);
    client_expect_end(never);
    close(fd);
    close(never);
    server_stop(&g, STOA_SEC);
    assert_int_equal(g.lines, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_deadline),
        BOTH(test_deadline_in_write),
        BOTH(test_cancel),
        BOTH(test_silent_reader),
        BOTH(test_peer_that_does_not_read),
        BOTH(test_backpressure),
        BOTH(test_many_hold_up_nobody),
        BOTH(test_lingering),
        BOTH(test_lingering_has_an_end),
        BOTH(test_last_bytes_come_before_the_reset),
        BOTH(test_reset_by_peer),
        BOTH(test_handler_fails),
        BOTH(test_park),
        BOTH(test_idle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
