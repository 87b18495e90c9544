/* support/server.c -- see server.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/sys.h"
#include "support/server.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_S = 30 };

int server_skip(void **state)
{
    if (io_probe(*state) < 0)
        skip();
    return 0;
}

static void say(void *ctx, enum stoa_level level, const char *text)
{
    struct server *g = ctx;
    (void)level;
    pthread_mutex_lock(&g->log_lock);
    size_t at = strlen(g->said), n = strlen(text);
    if (at + n + 2 < sizeof g->said) {
        memcpy(g->said + at, text, n);
        memcpy(g->said + at + n, "\n", 2);
    }
    g->lines++;
    pthread_mutex_unlock(&g->log_lock);
}

bool server_said(struct server *g, const char *text)
{
    pthread_mutex_lock(&g->log_lock);
    bool found = strstr(g->said, text) != NULL;
    pthread_mutex_unlock(&g->log_lock);
    return found;
}

int server_open(struct server *g, const struct server_options *opt)
{
    memset(g, 0, sizeof *g);
    pthread_mutex_init(&g->log_lock, NULL);
    g->log = (struct stoa_log){ say, g };
    struct stoa_options o = { .cores = opt->cores ? opt->cores : 1,
                              .conns_max = opt->conns_max,
                              .stack_bytes = opt->stack_bytes,
                              .io = opt->io,
                              .mem = opt->mem,
                              .log = &g->log };
    int r = stoa_new(&g->rt, &o);
    if (r < 0 || !opt->serve)
        return r;
    struct listener_options l = { .idle = opt->idle ? opt->idle : 20 * STOA_SEC,
                                  .serve = opt->serve,
                                  .arg = opt->arg,
                                  .greet = !opt->parks };
    struct net_failure failure;
    r = listener_open_all(g->rt, str_of(opt->addr ? opt->addr : "127.0.0.1:0"), &l, &g->listener, 1,
                          &failure);
    if (r < 0)
        return r;
    g->addr = *listener_addr(g->listener);
    return 0;
}

static void *run(void *arg)
{
    struct server *g = arg;
    g->result = stoa_run(g->rt);
    if (g->result < 0 && g->listener) /* or clients would wait in its accept queue */
        listener_close(g->listener);
    return NULL;
}

void server_run(struct server *g)
{
    g->runs = true;
    assert_int_equal(pthread_create(&g->thread, NULL, run, g), 0);
}

void server_start(struct server *g, const struct server_options *opt)
{
    assert_int_equal(server_open(g, opt), 0);
    server_run(g);
}

int server_join(struct server *g)
{
    assert_int_equal(pthread_join(g->thread, NULL), 0);
    g->runs = false;
    return g->result;
}

void server_free(struct server *g)
{
    stoa_free(g->rt);
}

void server_stop(struct server *g, stoa_time grace)
{
    stoa_stop(g->rt, grace);
    assert_int_equal(server_join(g), 0);
    server_free(g);
}

/* ---- clients ---- */

/* With a time limit set, a call is not restarted after an interruption; and the kernel interrupts a
 * thread that closed an io_uring a moment ago. */
static bool is_interrupted(ssize_t r)
{
    return r < 0 && errno == EINTR;
}

static ssize_t send_once(int fd, const void *p, size_t n)
{
    ssize_t r;
    do
        r = send(fd, p, n, MSG_NOSIGNAL);
    while (is_interrupted(r));
    return sys_size(r);
}

static ssize_t recv_once(int fd, void *p, size_t n)
{
    ssize_t r;
    do
        r = recv(fd, p, n, 0);
    while (is_interrupted(r));
    return sys_size(r);
}

int client_connect_to(const struct addr *a)
{
    struct timeval patience = { .tv_sec = PATIENCE_S };
    int one = 1, r, fd = socket(a->family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (a->family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    do
        r = connect(fd, &a->any, a->len);
    while (is_interrupted(r));
    r = sys_int(r);
    if (r == 0)
        return fd;
    close(fd);
    return r;
}

int client_connect(const struct server *g)
{
    int fd = client_connect_to(&g->addr);
    assert_true(fd >= 0);
    return fd;
}

void client_send(int fd, const void *p, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t r = send_once(fd, (const char *)p + at, n - at);
        assert_true(r > 0);
        at += (size_t)r;
    }
}

size_t client_send_until_failure(int fd)
{
    char bytes[256] = { 0 };
    size_t all = 0;
    ssize_t n;
    while ((n = send_once(fd, bytes, sizeof bytes)) > 0)
        all += (size_t)n;
    assert_true(n != -EAGAIN);
    return all;
}

void client_text(int fd, const char *text)
{
    client_send(fd, text, strlen(text));
}

void client_finish(int fd)
{
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
}

void client_read(int fd, void *p, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t r = recv_once(fd, (char *)p + at, n - at);
        assert_true(r > 0);
        at += (size_t)r;
    }
}

void client_expect(int fd, const char *text)
{
    char got[256];
    size_t n = strlen(text);
    assert_true(n < sizeof got);
    client_read(fd, got, n);
    got[n] = 0;
    assert_string_equal(got, text);
}

ssize_t client_read_end(int fd, void *p, size_t max)
{
    char rest[1024];
    for (size_t all = 0;;) {
        bool keep = all < max;
        ssize_t r = recv_once(fd, keep ? (char *)p + all : rest, keep ? max - all : sizeof rest);
        assert_true(r != -EAGAIN);
        if (r <= 0)
            return r < 0 ? r : (ssize_t)all;
        all += (size_t)r;
    }
}

void client_expect_end(int fd)
{
    char c;
    assert_int_equal(client_read_end(fd, &c, 1), 0);
}

void client_await_failure(int fd)
{
    struct pollfd p = { .fd = fd };
    int r;
    do
        r = poll(&p, 1, PATIENCE_S * 1000);
    while (is_interrupted(r));
    assert_int_equal(r, 1);
}

void client_reset(int fd)
{
    struct linger hard = { .l_onoff = 1 };
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
}
