/* io/stamp.c -- sys_keep_stamps of kernel.c: the kernel is made to stamp what it receives, and one hears
 * when it does. socket(7), Documentation/networking/timestamping.rst. */
#include "base/sys.h"
#include "io/kernel.h"

#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

/* Where none comes back in so many tries, the loopback is closed to us, and tells nothing. */
enum { TRIES_MIN = 20 };

static const stoa_time BETWEEN = 100 * STOA_US, LIMIT = STOA_SEC;

/* A datagram socket that is its own peer. */
static int open_loop(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    int fd = sys_int(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd < 0)
        return fd;
    int r = sys_int(bind(fd, (struct sockaddr *)&a, n));
    if (r == 0)
        r = sys_int(getsockname(fd, (struct sockaddr *)&a, &n));
    if (r == 0)
        r = sys_int(connect(fd, (struct sockaddr *)&a, n)); /* nobody else's datagrams */
    if (r == 0)
        r = sys_int(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags));
    if (r < 0)
        close(fd);
    return r < 0 ? r : fd;
}

/* returns 1: a datagram came back, with a stamp; 0: without; < 0: none came. */
static int look(int fd)
{
    char byte = 0;
    union {
        struct cmsghdr head;
        char room[256];
    } control;
    struct iovec piece = { &byte, sizeof byte };
    struct msghdr m = { .msg_iov = &piece,
                        .msg_iovlen = 1,
                        .msg_control = &control,
                        .msg_controllen = sizeof control };
    int r = (int)sys_size(send(fd, &byte, sizeof byte, MSG_NOSIGNAL | MSG_DONTWAIT));
    if (r >= 0)
        r = (int)sys_size(recvmsg(fd, &m, MSG_DONTWAIT));
    if (r < 0)
        return r;
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
        if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_TIMESTAMPING)
            return 1;
    return 0;
}

int kernel_keep_stamps(void)
{
    const struct timespec between = { 0, BETWEEN };
    int fd = open_loop();
    if (fd < 0)
        return fd;
    stoa_time end = kernel_clock().mono_ns + LIMIT;
    int r = look(fd);
    for (int tries = 1, came = r >= 0; r <= 0 && kernel_clock().mono_ns < end; tries++) {
        if (!came && tries >= TRIES_MIN)
            break;
        nanosleep(&between, NULL);
        r = look(fd);
        came = came || r >= 0;
    }
    return fd;
}
