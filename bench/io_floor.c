/* bench/io_floor.c -- the floor under our own I/O: a bare responder on io.h, that looks for the end
 * of each head and sends a fixed reply. What stoa costs above it is tasks and HTTP.
 *
 *   io_floor [-1] uring|epoll [PORT]   one thread; prints where it listens; ends at SIGTERM and prints
 *                                      the CPU time that a request took; -1: closes after the reply */
#include "io/io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#define REPLY "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Type: text/plain\r\n\r\nhello\n"

enum { BATCH = 32 }; /* replies to pipelined requests that go out in one call */

struct conn {
    struct io_op op; /* IO_RECV */
    struct conn *next;
    unsigned matched; /* bytes of "\r\n\r\n" at the end of what came */
};

static struct io *io;
static struct io_op accepting;
static struct conn *spare;
static bool once; /* a connection for each request */
static uint64_t requests, waits;
static atomic_bool stopping;

static void on_signal(int number)
{
    (void)number;
    atomic_store(&stopping, true);
    io_wake(io);
}

static _Noreturn void fail(const char *what, int err)
{
    fprintf(stderr, "io_floor: %s: %s\n", what, strerror(-err));
    exit(1);
}

static unsigned count_heads(struct conn *c, const char *p, size_t n)
{
    static const char end[] = "\r\n\r\n";
    unsigned heads = 0;
    /* The usual: one whole head in one chunk. */
    if (c->matched == 0 && n >= 4 && memcmp(p + n - 4, end, 4) == 0 &&
        memmem(p, n, end, 4) == p + n - 4)
        return 1;
    for (size_t i = 0; i < n; i++) {
        c->matched = p[i] == end[c->matched] ? c->matched + 1 : p[i] == '\r' ? 1 : 0;
        heads += c->matched == 4;
        c->matched %= 4;
    }
    return heads;
}

static int reply(struct conn *c, unsigned n)
{
    static char text[BATCH * (sizeof REPLY - 1)];
    if (!text[0])
        for (int i = 0; i < BATCH; i++)
            memcpy(text + (size_t)i * (sizeof REPLY - 1), REPLY, sizeof REPLY - 1);
    requests += n;
    while (n > 0) {
        unsigned now = n < BATCH ? n : BATCH;
        struct iovec v = { text, now * (sizeof REPLY - 1) };
        struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
        ssize_t r = io->sys->send(io->sys, c->op.fd, &m, once ? MSG_MORE : 0);
        if (r != (ssize_t)v.iov_len)
            return -1; /* a client that does not read: not in a benchmark */
        n -= now;
    }
    return 0;
}

static void drop(struct conn *c)
{
    io->sys->close(io->sys, c->op.fd);
    c->next = spare;
    spare = c;
}

/* returns whether the connection goes on. */
static bool serve(struct conn *c, struct io_chunk *chunk)
{
    unsigned n = count_heads(c, chunk->bytes, chunk->len);
    io_chunk_free(io, chunk);
    if (n == 0)
        return true;
    bool whole = reply(c, n) == 0;
    if (once)
        io->sys->shutdown(io->sys, c->op.fd, SHUT_WR); /* its end goes out with the reply */
    return whole && !once;
}

static void on_receive(struct io_op *op, int res, struct io_chunk *chunk)
{
    struct conn *c = list_owner(op, struct conn, op);
    if (res <= 0)
        drop(c);
    else if (!serve(c, chunk))
        io_cancel(io, &c->op);
}

static void on_accept(struct io_op *op, int res, struct io_chunk *chunk)
{
    (void)op;
    struct conn *c = spare;
    if (res < 0)
        fail("accept", res);
    if (c)
        spare = c->next;
    else if (!(c = malloc(sizeof *c)))
        fail("connection", -ENOMEM);
    *c = (struct conn){ .op = { .kind = IO_RECV, .fd = res, .done = on_receive } };
    int r = io_recv_now(io, res, &chunk);
    bool goes_on = r > 0 ? serve(c, chunk) : r == -EAGAIN || r == -ENOBUFS;
    if (!goes_on) {
        drop(c);
        return;
    }
    r = io_submit(io, &c->op);
    if (r < 0)
        fail("receive", r);
}

/* returns a listening socket, stamped as the stage clock needs it. */
static int listen_on(const char *port)
{
    const struct io_sys *s = io->sys;
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    a.sin_port = htons((uint16_t)atoi(port));
    int on = 1, stamps = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    int fd = s->socket(s, AF_INET, SOCK_STREAM, 0);
    s->set_option(s, fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    s->set_option(s, fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof stamps);
    int r = s->bind(s, fd, (struct sockaddr *)&a, sizeof a);
    if (r == 0)
        r = s->listen(s, fd, 4096);
    if (r < 0)
        fail("listen", r);
    struct sockaddr_storage bound;
    socklen_t n = sizeof bound;
    s->local_name(s, fd, &bound, &n);
    printf("listening on http://127.0.0.1:%d/\n", ntohs(((struct sockaddr_in *)&bound)->sin_port));
    fflush(stdout);
    return fd;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void report(const char *name)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    double n = requests ? (double)requests : 1;
    double user = seconds(u.ru_utime) * 1e6 / n, sys = seconds(u.ru_stime) * 1e6 / n;
    printf("%s: %llu requests, %.2f waits each, us of CPU each: %.2f (user %.2f, system %.2f)\n",
           name, (unsigned long long)requests, (double)waits / n, user + sys, user, sys);
}

int main(int argc, char **argv)
{
    once = getopt(argc, argv, "1") == '1';
    const char *name = optind < argc ? argv[optind] : "uring";
    int r = io_open(&io, name, &mem_default);
    if (r < 0)
        fail(name, r);
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    accepting = (struct io_op){ .kind = IO_ACCEPT, .done = on_accept };
    accepting.fd = listen_on(optind + 1 < argc ? argv[optind + 1] : "0");
    r = io_submit(io, &accepting);
    for (; r == 0 && !atomic_load(&stopping); waits++)
        r = io_wait(io, STOA_NEVER);
    if (r < 0)
        fail("wait", r);
    report(name);
    return 0;
}
