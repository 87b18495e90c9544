/* support/server.h -- a server in a thread of the test's process, and clients with plain blocking
 * sockets. Every wait of a client ends with a failed test after half a minute, never for ever. */
#ifndef SUPPORT_SERVER_H
#define SUPPORT_SERVER_H

#include "net/listener.h"

#include <pthread.h>

/* The kinds of I/O to run a test on, as cmocka's initial state: BOTH(test) in the table of tests. */
#define BOTH(test)                                                                                 \
    { #test " (uring)", test, server_skip, NULL, "uring" },                                        \
    {                                                                                              \
#test " (epoll)", test, server_skip, NULL, "epoll"                                         \
    }
int server_skip(
    void **state); /* a setup function: skips the test when that I/O does not work here */

struct server_options {
    const char *io;
    const char *addr; /* NULL = 127.0.0.1:0 */
    int cores;        /* 0 = 1 */
    int conns_max;
    size_t stack_bytes;
    stoa_time idle; /* 0 = 20 s */
    conn_service *serve;
    void *arg;
    bool parks; /* serve is called when bytes have come, not at accept */
    const struct stoa_mem *mem;
};

struct server {
    stoa_rt *rt;
    struct listener *listener;
    struct addr addr;
    pthread_t thread;
    bool runs;
    int result; /* of stoa_run */
    struct stoa_log log;
    pthread_mutex_t log_lock;
    char said[400]; /* the first lines */
    int lines;
};

/* Opens and runs it in a thread; what fails fails the test. */
void server_start(struct server *g, const struct server_options *opt);

/* The same in two steps. server_open returns what failed. */
int server_open(struct server *g, const struct server_options *opt);
void server_run(struct server *g);

/* Waits until stoa_run returned. */
int server_join(struct server *g);
void server_free(struct server *g);

/* Stops with that grace, joins, frees; the result of stoa_run must be 0. */
void server_stop(struct server *g, stoa_time grace);

/* Whether a line with that text was logged. */
bool server_said(struct server *g, const char *text);

/* ---- clients ---- */

int client_connect(const struct server *g);
int client_connect_to(const struct addr *a); /* -errno instead of a failed test */
void client_send(int fd, const void *p, size_t n);
/* Sends until the peer has had enough. returns how many bytes went. */
size_t client_send_until_failure(int fd);
void client_text(int fd, const char *text);
void client_finish(int fd);
/* Reads n bytes that must come. */
void client_read(int fd, void *p, size_t n);
void client_expect(int fd, const char *text);
/* Reads to the end of the stream: how many bytes came (kept: the first max); -ECONNRESET. */
ssize_t client_read_end(int fd, void *p, size_t max);
/* The end of the stream, and nothing before it. */
void client_expect_end(int fd);
/* Waits until the connection has failed, or both sides have finished; reads nothing. */
void client_await_failure(int fd);
void client_reset(int fd); /* closes with a reset */

#endif
