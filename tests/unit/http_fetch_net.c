/* A client in a runtime of its own against servers of plain blocking sockets: connections that are
 * kept, used again and noticed to have ended, and refusals of large bodies. On both kinds of I/O. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/server.h"

#include <stoa/http.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

enum { CONNS = 16 };

/* ---- the server ---- */

struct peer;
typedef void peer_fn(struct peer *p, int fd);

struct peer {
    int listener;
    char url[40];
    peer_fn *serve;
    pthread_t acceptor, threads[CONNS];
    atomic_int conns;
    pthread_barrier_t all_there; /* of three requests */
};

struct served {
    struct peer *p;
    int fd;
};

/* returns whether a whole head has come. */
static bool read_request(int fd)
{
    char buf[1024];
    size_t n = 0;
    ssize_t r;
    while (n < sizeof buf - 1 && (r = recv(fd, buf + n, 1, 0)) > 0) {
        n += (size_t)r;
        buf[n] = 0;
        if (n >= 4 && strcmp(buf + n - 4, "\r\n\r\n") == 0)
            return true;
    }
    return false;
}

static void say(int fd, const char *text)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void *serve_one(void *arg)
{
    struct served *s = arg;
    s->p->serve(s->p, s->fd);
    close(s->fd);
    free(s);
    return NULL;
}

static void *accept_all(void *arg)
{
    struct peer *p = arg;
    int fd;
    while ((fd = accept(p->listener, NULL, NULL)) >= 0 && p->conns < CONNS) {
        struct served *s = malloc(sizeof *s);
        *s = (struct served){ p, fd };
        pthread_create(&p->threads[p->conns++], NULL, serve_one, s);
    }
    return NULL;
}

static void peer_start(struct peer *p, peer_fn *serve)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    *p = (struct peer){ .serve = serve };
    pthread_barrier_init(&p->all_there, NULL, 3);
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(p->listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(p->listener, 16), 0);
    assert_int_equal(getsockname(p->listener, (struct sockaddr *)&a, &n), 0);
    snprintf(p->url, sizeof p->url, "http://127.0.0.1:%d/", ntohs(a.sin_port));
    pthread_create(&p->acceptor, NULL, accept_all, p);
}

static void peer_stop(struct peer *p)
{
    shutdown(p->listener, SHUT_RDWR);
    pthread_join(p->acceptor, NULL);
    for (int i = 0; i < p->conns; i++)
        pthread_join(p->threads[i], NULL);
    close(p->listener);
    pthread_barrier_destroy(&p->all_there);
}

/* Runs the client to its end, against a peer of that kind. returns how many connections it made. */
static int play(void **state, peer_fn *serve, stoa_fn *client)
{
    struct peer p;
    stoa_rt *rt;
    peer_start(&p, serve);
    assert_int_equal(stoa_new(&rt, &(struct stoa_options){ .cores = 1, .io = *state }), 0);
    assert_int_equal(stoa_start(rt, client, &p), 0);
    assert_int_equal(stoa_run(rt), 0);
    stoa_free(rt);
    peer_stop(&p);
    return p.conns;
}

/* ---- the client ---- */

/* returns the status, the body having been read to its end; < 0. */
static int get(stoa_task *t, struct stoa_http_fetch f)
{
    stoa_http *x;
    char buf[64];
    ssize_t n;
    int r = stoa_http_fetch(t, &x, &f);
    if (r < 0)
        return r;
    do
        n = stoa_http_read(x, buf, sizeof buf);
    while (n > 0);
    int status = stoa_http_status(x);
    stoa_http_end(x);
    return n < 0 ? (int)n : status;
}

static int expect(stoa_task *t, struct stoa_http_fetch f, int result)
{
    int r = get(t, f);
    if (r == result)
        return 0;
    fprintf(stderr, "%d instead of %d\n", r, result);
    return -EIO;
}

/* ---- connections that are used again ---- */

static void answer_all(struct peer *p, int fd)
{
    (void)p;
    while (read_request(fd))
        say(fd, HI);
}

static int fetch_five(stoa_task *t, void *arg)
{
    const struct peer *p = arg;
    int r = 0;
    for (int i = 0; r == 0 && i < 5; i++)
        r = expect(t, (struct stoa_http_fetch){ .url = p->url }, 200);
    return r;
}

static void test_one_connection_for_five(void **state)
{
    assert_int_equal(play(state, answer_all, fetch_five), 1);
}

static int fetch_fresh(stoa_task *t, void *arg)
{
    const struct peer *p = arg;
    int r = expect(t, (struct stoa_http_fetch){ .url = p->url }, 200);
    if (r == 0)
        r = expect(t, (struct stoa_http_fetch){ .url = p->url, .fresh = true }, 200);
    return r;
}

static void test_a_fresh_one(void **state)
{
    assert_int_equal(play(state, answer_all, fetch_fresh), 2);
}

static void answer_in_threes(struct peer *p, int fd)
{
    while (read_request(fd)) {
        pthread_barrier_wait(&p->all_there);
        say(fd, HI);
    }
}

static int fetch_one(stoa_task *t, void *arg)
{
    struct peer *p = *(struct peer **)arg;
    return expect(t, (struct stoa_http_fetch){ .url = p->url }, 200);
}

static int fetch_threes(stoa_task *t, void *arg)
{
    int r = 0;
    for (int i = 0; r == 0 && i < 3; i++) {
        for (int k = 0; r == 0 && k < 3; k++)
            r = stoa_spawn(t, fetch_one, &arg, sizeof arg);
        if (r == 0)
            r = stoa_join(t);
    }
    return r;
}

static void test_three_for_nine(void **state)
{
    assert_int_equal(play(state, answer_in_threes, fetch_threes), 3);
}

/* ---- connections that end ---- */

static void answer_one(struct peer *p, int fd)
{
    (void)p;
    if (read_request(fd))
        say(fd, HI);
}

static void test_the_peer_closes_what_is_idle(void **state)
{
    assert_int_equal(play(state, answer_one, fetch_five), 5);
}

static int fetch_unread(stoa_task *t, void *arg)
{
    const struct peer *p = arg;
    stoa_http *x;
    for (int i = 0; i < 2; i++) {
        int r = stoa_http_fetch(t, &x, &(struct stoa_http_fetch){ .url = p->url });
        if (r < 0)
            return r;
    }
    return 0; /* they end with the task */
}

static void test_what_is_not_read_is_not_kept(void **state)
{
    assert_int_equal(play(state, answer_all, fetch_unread), 2);
}

/* Reads nothing. */
static void wait_for_the_end(struct peer *p, int fd)
{
    struct pollfd ends = { .fd = fd, .events = POLLRDHUP };
    (void)p;
    while (!(ends.revents & (POLLRDHUP | POLLHUP | POLLERR)))
        poll(&ends, 1, -1);
}

static void say_nothing(struct peer *p, int fd)
{
    (void)p;
    while (read_request(fd))
        ;
}

/* Nothing comes in time; of a machine that takes its time to connect more is asked. */
static int expect_silence(stoa_task *t, struct stoa_http_fetch f, const char *id)
{
    struct stoa_http_report *report = stoa_alloc(t, sizeof *report);
    int r = -ENOMEM;
    f.report = report;
    f.within = 10 * STOA_MS;
    do {
        f.within *= 2;
        r = report ? expect(t, f, -ETIMEDOUT) : -ENOMEM;
    } while (r == 0 && report->cause->stage == STOA_STAGE_CONNECT);
    if (r < 0 || strcmp(report->cause->id, id) == 0)
        return r;
    fprintf(stderr, "%s instead of %s\n", report->cause->id, id);
    return -EIO;
}

static int fetch_in_time(stoa_task *t, void *arg)
{
    const struct peer *p = arg;
    return expect_silence(t, (struct stoa_http_fetch){ .url = p->url }, "reply.timeout");
}

static void test_no_reply_in_time(void **state)
{
    play(state, say_nothing, fetch_in_time);
}

/* The request does not fit into the peer's receive buffer. */
static int post_in_time(stoa_task *t, void *arg)
{
    const struct peer *p = arg;
    static char body[8 << 20];
    struct stoa_http_fetch f = { .url = p->url, .body = body, .len = sizeof body };
    return expect_silence(t, f, "request.stalled");
}

static void test_a_request_that_is_not_taken(void **state)
{
    play(state, wait_for_the_end, post_in_time);
}

/* ---- large bodies that are refused ---- */

#define REFUSAL "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"

/* Reads no more, and does not close before the client does. */
static void refuse_and_wait(struct peer *p, int fd)
{
    if (!read_request(fd))
        return;
    say(fd, REFUSAL);
    wait_for_the_end(p, fd);
}

/* Closes with bytes unread: a reset. */
static void refuse_and_reset(struct peer *p, int fd)
{
    (void)p;
    if (read_request(fd))
        say(fd, REFUSAL);
}

static int post_much(stoa_task *t, void *arg)
{
    const struct peer *p = arg;
    size_t n = (size_t)64 << 20;
    char *body = calloc(1, n);
    int r = expect(t, (struct stoa_http_fetch){ .url = p->url, .body = body, .len = n }, 413);
    free(body);
    return r;
}

static void test_a_refusal(void **state)
{
    assert_int_equal(play(state, refuse_and_wait, post_much), 1);
}

static void test_a_refusal_and_a_reset(void **state)
{
    assert_int_equal(play(state, refuse_and_reset, post_much), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_one_connection_for_five),
        BOTH(test_a_fresh_one),
        BOTH(test_three_for_nine),
        BOTH(test_the_peer_closes_what_is_idle),
        BOTH(test_what_is_not_read_is_not_kept),
        BOTH(test_no_reply_in_time),
        BOTH(test_a_request_that_is_not_taken),
        BOTH(test_a_refusal),
        BOTH(test_a_refusal_and_a_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
