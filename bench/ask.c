/* bench/ask.c -- the load: asks one server again and again, at a lower cost than the common load
 * generators, so that the server is the slower one.
 *
 *   ask [-c CONNECTIONS] [-p PIPELINED] [-1] [-t SECONDS] PORT [PATH]
 *
 * -1: a connection for each request. Knows of HTTP only how long the first response was: all others
 * must be as long. Prints: total REQUESTS BYTES MICROSECONDS ERRORS REFUSALS */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 128, REQUEST_MAX = 512, PIPELINED_MAX = 64, BUFFER_BYTES = 256 * 1024 };

struct conn {
    int fd;
    size_t got; /* of the responses under way */
};

static struct {
    struct sockaddr_in to;
    size_t count;     /* connections */
    size_t pipelined; /* requests sent together */
    bool once;        /* a connection each */
    double seconds;
    int epoll;
    char request[PIPELINED_MAX * REQUEST_MAX];
    size_t request_n; /* of all that are sent together */
    size_t awaited;   /* bytes of all their responses */
    uint64_t requests, bytes;
} ask = { .count = 64, .pipelined = 1, .seconds = 1 };

static const char good[] = "HTTP/1.1 200";
static char buffer[BUFFER_BYTES];
static volatile sig_atomic_t stopping;

static void on_alarm(int number)
{
    (void)number;
    stopping = 1;
}

__attribute__((format(printf, 1, 2))) static _Noreturn void fail(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("ask: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static int open_conn(void)
{
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&ask.to, sizeof ask.to) < 0)
        fail("connect: %s", strerror(errno));
    /* Only the first of pipelined requests would be held back, but that is one too many. */
    if (!ask.once)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void send_requests(int fd)
{
    ssize_t n = send(fd, ask.request, ask.request_n, MSG_NOSIGNAL);
    if (n != (ssize_t)ask.request_n)
        fail("send: %s", n < 0 ? strerror(errno) : "it took only a part");
}

/* ---- before the load ---- */

static void write_request(const char *path)
{
    char one[REQUEST_MAX];
    int n = snprintf(one, sizeof one, "GET /%s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n", path,
                     ask.once ? "Connection: close\r\n" : "");
    if (n >= (int)sizeof one)
        fail("the path is too long");
    for (size_t i = 0; i < ask.pipelined; i++)
        memcpy(ask.request + i * (size_t)n, one, (size_t)n);
    ask.request_n = ask.pipelined * (size_t)n;
}

/* Asks once. returns the length of a response. */
static size_t measure_response(void)
{
    static const char field[] = "\r\nContent-Length:";
    size_t got = 0;
    char *end = NULL;
    int fd = open_conn();
    send_requests(fd);
    while (!end) {
        ssize_t n = recv(fd, buffer + got, sizeof buffer - 1 - got, 0);
        if (n <= 0)
            fail("no response");
        got += (size_t)n;
        buffer[got] = 0;
        end = strstr(buffer, "\r\n\r\n");
    }
    close(fd);
    char *length = strcasestr(buffer, field);
    if (strncmp(buffer, good, sizeof good - 1) != 0 || !length || length > end)
        fail("the response is not what was expected: %.60s", buffer);
    return (size_t)(end + 4 - buffer) + strtoul(length + sizeof field - 1, NULL, 10);
}

/* ---- the load ---- */

static void watch(struct conn *c)
{
    struct epoll_event e = { EPOLLIN, { .ptr = c } };
    if (epoll_ctl(ask.epoll, EPOLL_CTL_ADD, c->fd, &e) < 0)
        fail("epoll_ctl: %s", strerror(errno));
}

static void begin(struct conn *c)
{
    c->got = 0;
    send_requests(c->fd);
}

static void reopen(struct conn *c)
{
    if (c->got != ask.awaited)
        fail("a response was cut off");
    close(c->fd);
    c->fd = open_conn();
    begin(c);
    watch(c);
}

static void take(struct conn *c, ssize_t n)
{
    if (c->got == 0 && (n < (ssize_t)sizeof good || memcmp(buffer, good, sizeof good - 1) != 0))
        fail("a response is not what was expected: %.60s", buffer);
    c->got += (size_t)n;
    ask.bytes += (uint64_t)n;
    if (c->got > ask.awaited)
        fail("a response is longer than the first was");
    if (c->got < ask.awaited)
        return;
    ask.requests += ask.pipelined;
    if (!ask.once)
        begin(c);
}

static void on_readable(struct conn *c)
{
    ssize_t n = recv(c->fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n > 0)
        take(c, n);
    if (n > 0 && ask.once && c->got == ask.awaited) /* its end is often there, too */
        n = recv(c->fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n == 0 && ask.once)
        reopen(c);
    else if (n == 0 || (n < 0 && errno != EAGAIN))
        fail("recv: %s", n < 0 ? strerror(errno) : "the server has closed");
}

static void open_all(struct conn *conns)
{
    for (size_t i = 0; i < ask.count; i++) {
        conns[i].fd = open_conn();
        watch(&conns[i]);
    }
}

static void run(struct conn *conns)
{
    struct epoll_event events[EVENTS];
    for (size_t i = 0; i < ask.count; i++)
        begin(&conns[i]);
    while (!stopping) {
        int n = epoll_wait(ask.epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++)
            on_readable(events[i].data.ptr);
    }
}

static void read_options(int argc, char **argv)
{
    for (int o; (o = getopt(argc, argv, "c:p:1t:")) != -1;)
        switch (o) {
        case 'c': ask.count = strtoul(optarg, NULL, 10); break;
        case 'p': ask.pipelined = strtoul(optarg, NULL, 10); break;
        case '1': ask.once = true; break;
        case 't': ask.seconds = strtod(optarg, NULL); break;
        default: exit(2);
        }
    if (optind >= argc || ask.count == 0 || ask.pipelined == 0 || ask.pipelined > PIPELINED_MAX)
        fail("[-c CONNECTIONS] [-p PIPELINED] [-1] [-t SECONDS] PORT [PATH]");
    ask.to = (struct sockaddr_in){ .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)atoi(argv[optind])),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    struct conn *conns = calloc(ask.count, sizeof *conns);
    ask.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!conns || ask.epoll < 0)
        fail("no memory, or no epoll");
    write_request(optind + 1 < argc ? argv[optind + 1] : "");
    ask.awaited = ask.pipelined * measure_response();
    open_all(conns); /* before the time runs: many connections take a while */
    sigaction(SIGALRM, &(struct sigaction){ .sa_handler = on_alarm, .sa_flags = SA_RESTART }, NULL);
    double whole = (double)(long)ask.seconds, began = now();
    struct itimerval span = { .it_value = { (time_t)whole,
                                            (suseconds_t)((ask.seconds - whole) * 1e6) } };
    setitimer(ITIMER_REAL, &span, NULL);
    run(conns);
    printf("total %llu %llu %.0f 0 0\n", (unsigned long long)ask.requests,
           (unsigned long long)ask.bytes, (now() - began) * 1e6);
    return 0;
}
