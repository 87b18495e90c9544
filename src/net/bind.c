/* net/bind.c -- see bind.h. TCP-STAGES section 4 has what Linux says about it. */
#include "net/bind.h"

#include <errno.h>
#include <limits.h>
#include <linux/net_tstamp.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/stat.h>

static int set_int(const struct io_sys *sys, int fd, int level, int name, int value)
{
    return sys->set_option(sys, fd, level, name, &value, sizeof value);
}

/* ---- TCP and UDP ---- */

int bind_inherited(const struct io_sys *sys, int fd, bool stamps)
{
    /* Answers go out when they are written; what belongs together is written together. */
    int r = set_int(sys, fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (r == 0 && stamps)
        r = set_int(sys, fd, SOL_SOCKET, SO_TIMESTAMPING,
                    SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
                        SOF_TIMESTAMPING_OPT_TSONLY);
    return r;
}

static int set_stream(const struct io_sys *sys, int fd, const struct bind_options *opt)
{
    /* Connections of the server before us that are in TIME_WAIT must not keep us away. */
    int r = set_int(sys, fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (r == 0 && opt->defer)
        r = set_int(sys, fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1);
    if (r == 0)
        r = bind_inherited(sys, fd, opt->stamps);
    return r;
}

/* The reply to a datagram must leave from the address that it came to. */
static int set_datagram(const struct io_sys *sys, int fd, sa_family_t family)
{
    if (family == AF_INET)
        return set_int(sys, fd, IPPROTO_IP, IP_PKTINFO, 1);
    return set_int(sys, fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
}

static int set_socket(const struct io_sys *sys, int fd, const struct addr *a,
                      const struct bind_options *opt)
{
    int r = 0;
    /* The wildcard is for IPv4 too, whatever net.ipv6.bindv6only says. */
    if (a->family == AF_INET6)
        r = set_int(sys, fd, IPPROTO_IPV6, IPV6_V6ONLY, !addr_is_wildcard(a));
    if (r == 0 && opt->type == SOCK_STREAM)
        r = set_stream(sys, fd, opt);
    if (r == 0 && opt->type == SOCK_DGRAM)
        r = set_datagram(sys, fd, a->family);
    return r;
}

/* bind(2) and listen(2) let it pass, and nobody can connect. */
static bool is_for_many(const struct addr *a)
{
    if (a->family == AF_INET6)
        return IN6_IS_ADDR_MULTICAST(&a->v6.sin6_addr);
    in_addr_t v4 = ntohl(a->v4.sin_addr.s_addr);
    return IN_MULTICAST(v4) || v4 == INADDR_BROADCAST;
}

/* One socket, bound, and listening if it is a stream. shared: it joins those that are there. */
static int bind_one(const struct io_sys *sys, const struct addr *a, const struct bind_options *opt,
                    bool shared, int *ret, struct net_failure *failure)
{
    if (opt->type == SOCK_STREAM && is_for_many(a))
        return net_failed(failure, STOA_STAGE_BIND, -EADDRNOTAVAIL, a,
                          "nobody can connect to a multicast or broadcast address");
    int fd = sys->socket(sys, a->family, opt->type, 0);
    if (fd < 0)
        return net_failed(failure, STOA_STAGE_SOCKET, fd, a, NULL);
    enum stoa_stage stage = STOA_STAGE_SOCKET;
    int r = set_socket(sys, fd, a, opt);
    if (r == 0 && shared)
        r = set_int(sys, fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (r == 0) {
        stage = STOA_STAGE_BIND;
        r = sys->bind(sys, fd, &a->any, a->len);
    }
    if (r == 0 && opt->type == SOCK_STREAM) {
        stage = STOA_STAGE_LISTEN;
        r = sys->listen(sys, fd, opt->backlog > 0 ? opt->backlog : INT_MAX);
    }
    if (r < 0) {
        sys->close(sys, fd);
        return net_failed(failure, stage, r, a, NULL);
    }
    *ret = fd;
    return 0;
}

static int learn_addr(const struct io_sys *sys, int fd, struct addr *a, struct net_failure *failure)
{
    struct sockaddr_storage bound;
    socklen_t n = sizeof bound;
    int r = sys->local_name(sys, fd, &bound, &n);
    if (r < 0 || n > sizeof a->un)
        return net_failed(failure, STOA_STAGE_BIND, r < 0 ? r : -EINVAL, a, NULL);
    *a = (struct addr){ .len = n };
    memcpy(&a->any, &bound, n);
    return 0;
}

/* With SO_REUSEPORT anybody of our user could bind the same port: a second server would not be told
 * that there is one already, and get half of its connections. So the first socket takes the port
 * without it, listening included, and it is set afterwards, for the other cores' to join. */
int bind_inet(const struct io_sys *sys, struct addr *a, const struct bind_options *opt, int *fds,
              int count, struct net_failure *failure)
{
    struct addr bound = *a;
    int open = 0;
    int r = bind_one(sys, &bound, opt, false, &fds[0], failure);
    if (r < 0)
        return r;
    open = 1;
    r = learn_addr(sys, fds[0], &bound, failure);
    if (r == 0 && count > 1) {
        r = set_int(sys, fds[0], SOL_SOCKET, SO_REUSEPORT, 1);
        if (r < 0)
            net_failed(failure, STOA_STAGE_SOCKET, r, &bound, NULL);
    }
    for (; r == 0 && open < count; open += r == 0)
        r = bind_one(sys, &bound, opt, true, &fds[open], failure);
    if (r < 0) {
        while (open > 0)
            sys->close(sys, fds[--open]);
        return r;
    }
    *a = bound;
    return 0;
}

/* ---- Unix sockets ---- */

/* Nobody answers on it. Not so for what is no socket at all: connect(2) says the same of it. */
static bool is_stale(const struct io_sys *sys, const struct addr *a)
{
    struct stat st;
    if (sys->lstat(sys, a->un.sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return false;
    int fd = sys->socket(sys, AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return false;
    int r = sys->connect(sys, fd, &a->any, a->len);
    sys->close(sys, fd);
    return r == -ECONNREFUSED;
}

static int bind_path(const struct io_sys *sys, int fd, const struct addr *a,
                     struct net_failure *failure)
{
    int r = sys->bind(sys, fd, &a->any, a->len);
    if (r == -EADDRINUSE && is_stale(sys, a)) {
        r = sys->unlink(sys, a->un.sun_path);
        if (r < 0)
            return net_failed(failure, STOA_STAGE_BIND, r, a, NULL);
        r = sys->bind(sys, fd, &a->any, a->len);
    }
    return r < 0 ? net_failed(failure, STOA_STAGE_BIND, r, a, NULL) : 0;
}

int bind_unix(const struct io_sys *sys, const struct addr *a, int backlog, int *ret,
              struct bind_file *file, struct net_failure *failure)
{
    int fd = sys->socket(sys, AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return net_failed(failure, STOA_STAGE_SOCKET, fd, a, NULL);
    int r = bind_path(sys, fd, a, failure);
    if (r < 0) {
        sys->close(sys, fd);
        return r;
    }
    struct stat st = { 0 };
    r = sys->lstat(sys, a->un.sun_path, &st);
    *file = (struct bind_file){ st.st_dev, st.st_ino };
    if (r == 0)
        r = sys->listen(sys, fd, backlog > 0 ? backlog : INT_MAX);
    if (r < 0) {
        bind_unlink(sys, a, file);
        sys->close(sys, fd);
        return net_failed(failure, STOA_STAGE_LISTEN, r, a, NULL);
    }
    *ret = fd;
    return 0;
}

void bind_unlink(const struct io_sys *sys, const struct addr *a, const struct bind_file *file)
{
    struct stat st;
    if (sys->lstat(sys, a->un.sun_path, &st) == 0 && st.st_dev == file->dev &&
        st.st_ino == file->ino)
        sys->unlink(sys, a->un.sun_path);
}
