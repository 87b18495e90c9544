/* probe/netlink.c -- see netlink.h. netlink(7). */
#include "probe/netlink.h"

#include <errno.h>
#include <string.h>

/* The kernel fills at most a page, or 8 KiB where pages are larger, until it has seen a larger
 * buffer (NLMSG_GOODSIZE, netlink_dump()). */
enum {
    ANSWER_BYTES = 8192,
    TYPE_MASK = 0x3fff, /* the two bits above it are flags: NLA_TYPE_MASK */
};

void netlink_init(struct netlink *n, int protocol, const struct io_sys *sys,
                  const struct stoa_mem *mem)
{
    *n = (struct netlink){ .sys = sys, .mem = mem, .protocol = protocol, .fd = -1 };
}

static void close_socket(struct netlink *n)
{
    if (n->fd >= 0)
        n->sys->close(n->sys, n->fd);
    n->fd = -1;
}

void netlink_done(struct netlink *n)
{
    close_socket(n);
    mem_free(n->mem, n->buf, ANSWER_BYTES);
    n->buf = NULL;
}

static int make_ready(struct netlink *n)
{
    if (!n->buf && !(n->buf = mem_alloc(n->mem, ANSWER_BYTES)))
        return -ENOMEM;
    if (n->fd >= 0)
        return 0;
    int fd = n->sys->socket(n->sys, AF_NETLINK, SOCK_RAW, n->protocol);
    if (fd < 0)
        return fd;
    n->fd = fd;
    return 0;
}

static int send_request(struct netlink *n, struct nlmsghdr *request, size_t len)
{
    request->nlmsg_len = (uint32_t)len;
    request->nlmsg_seq = ++n->seq;
    struct iovec piece = { request, len };
    struct msghdr m = { .msg_iov = &piece, .msg_iovlen = 1 };
    ssize_t r = n->sys->send(n->sys, n->fd, &m, 0);
    return r < 0 ? (int)r : 0;
}

static ssize_t receive(struct netlink *n)
{
    struct iovec piece = { n->buf, ANSWER_BYTES };
    struct msghdr m = { .msg_iov = &piece, .msg_iovlen = 1 };
    ssize_t r;
    do
        r = n->sys->receive(n->sys, n->fd, &m, 0);
    while (r == -EINTR);
    return r >= 0 && (m.msg_flags & MSG_TRUNC) ? -EPROTO : r;
}

/* The error that a message of the kind NLMSG_ERROR or NLMSG_DONE brings; 0 = none. */
static int error_in(const char *body, size_t len)
{
    int err = 0;
    if (len >= sizeof err)
        memcpy(&err, body, sizeof err);
    return err > 0 ? 0 : err;
}

/* Visits what stands in buf[0..got-1]. returns as visit; *ended: that was the last of the answer. */
static int visit_all(struct netlink *n, size_t got, netlink_visit *visit, void *ctx, bool *ended)
{
    struct nlmsghdr h;
    for (size_t at = 0; !*ended && got - at >= sizeof h;) {
        memcpy(&h, n->buf + at, sizeof h);
        if (h.nlmsg_len < NLMSG_HDRLEN || h.nlmsg_len > got - at)
            return -EPROTO;
        const char *body = n->buf + at + NLMSG_HDRLEN;
        size_t len = h.nlmsg_len - NLMSG_HDRLEN, step = NLMSG_ALIGN(h.nlmsg_len);
        at += step < got - at ? step : got - at;
        if (h.nlmsg_seq != n->seq)
            continue;
        *ended = !(h.nlmsg_flags & NLM_F_MULTI) || h.nlmsg_type == NLMSG_DONE;
        int r = h.nlmsg_type == NLMSG_DONE || h.nlmsg_type == NLMSG_ERROR
                    ? error_in(body, len)
                    : visit(ctx, h.nlmsg_type, body, len);
        if (r != 0)
            return r;
    }
    return 0;
}

int netlink_ask(struct netlink *n, struct nlmsghdr *request, size_t len, netlink_visit *visit,
                void *ctx)
{
    bool ended = false;
    int r = make_ready(n);
    if (r < 0)
        return r;
    r = send_request(n, request, len);
    while (r == 0 && !ended) {
        ssize_t got = receive(n);
        if (got <= 0)
            r = got < 0 ? (int)got : -EPROTO;
        else
            r = visit_all(n, (size_t)got, visit, ctx, &ended);
    }
    if (!ended)
        close_socket(n); /* the rest of the answer, if there is one, is nobody's */
    return r;
}

/* ---- attributes ---- */

bool netlink_next(struct netlink_attr *a)
{
    struct nlattr h;
    if (a->rest_n < sizeof h)
        return false;
    memcpy(&h, a->rest, sizeof h);
    if (h.nla_len < sizeof h || h.nla_len > a->rest_n)
        return false;
    a->type = h.nla_type & TYPE_MASK;
    a->data = a->rest + sizeof h;
    a->len = h.nla_len - sizeof h;
    size_t step = ((size_t)h.nla_len + 3) / 4 * 4;
    step = step < a->rest_n ? step : a->rest_n;
    a->rest += step;
    a->rest_n -= step;
    return true;
}

void netlink_copy(const struct netlink_attr *a, void *to, size_t n)
{
    memcpy(to, a->data, a->len < n ? a->len : n);
}
