/* IO_RECV_FROM, the same on every implementation: datagrams of all sizes whole, with their sender
 * and control messages; empty ones are no end; more of them than there are chunks. */
#include "support/io_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct post {
    struct rig *rig;
    struct seen s;
    struct sockaddr_in to, from;
    int peer;
    bool has_sender, has_address;
};

static void (*record)(struct io_op *op, int res, struct io_chunk *chunk);

/* The recorder keeps bytes; who sent them, and to which address, it leaves to this. */
static void on_datagram(struct io_op *op, int res, struct io_chunk *chunk)
{
    struct post *p = list_owner(op, struct post, s.op);
    if (chunk) {
        p->has_sender =
            chunk->from_len == sizeof p->from && memcmp(chunk->from, &p->from, sizeof p->from) == 0;
        struct msghdr m = { .msg_control = (void *)(uintptr_t)chunk->control };
        m.msg_controllen = chunk->control_len;
        p->has_address = false;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
            if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
                struct in_pktinfo info;
                memcpy(&info, CMSG_DATA(c), sizeof info);
                p->has_address = info.ipi_addr.s_addr == htonl(INADDR_LOOPBACK);
            }
    }
    record(op, res, chunk);
}

static void post_open(struct post *p, struct rig *r)
{
    const struct io_sys *s = r->sys;
    struct sockaddr_storage bound;
    socklen_t n = sizeof bound;
    int on = 1, room = 4 << 20;
    *p = (struct post){ .rig = r };
    p->to = (struct sockaddr_in){ .sin_family = AF_INET };
    p->to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    p->from = p->to;
    seen_init(&p->s, r, IO_RECV_FROM, s->socket(s, AF_INET, SOCK_DGRAM, 0));
    record = p->s.op.done;
    p->s.op.done = on_datagram;
    assert_int_equal(s->bind(s, p->s.op.fd, (struct sockaddr *)&p->to, sizeof p->to), 0);
    assert_int_equal(s->set_option(s, p->s.op.fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on), 0);
    s->set_option(s, p->s.op.fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    assert_int_equal(s->local_name(s, p->s.op.fd, &bound, &n), 0);
    memcpy(&p->to, &bound, sizeof p->to);
    p->peer = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(p->peer, (struct sockaddr *)&p->from, sizeof p->from), 0);
    n = sizeof p->from;
    getsockname(p->peer, (struct sockaddr *)&p->from, &n);
}

static void post_close(struct post *p)
{
    close(p->peer);
    seen_close(&p->s);
}

static void send_to(struct post *p, const void *bytes, size_t n)
{
    ssize_t sent = sendto(p->peer, bytes, n, 0, (struct sockaddr *)&p->to, sizeof p->to);
    assert_int_equal(sent, n);
}

static void all_sizes(struct rig *r)
{
    static const size_t sizes[] = { 1, 0, 1400, 0, 0, 9000, 65507, 0, 3 };
    enum { COUNT = sizeof sizes / sizeof sizes[0] };
    struct post p;
    post_open(&p, r);
    seen_submit(&p.s);
    rig_look(r);
    char *text = malloc(65507);
    assert_non_null(text);
    for (size_t i = 0; i < 65507; i++)
        text[i] = (char)(i * 7 + (i >> 8));
    for (int i = 0; i < COUNT; i++) {
        p.s.n = 0;
        p.has_sender = p.has_address = false;
        send_to(&p, text, sizes[i]);
        rig_wait_count(&p.s, i + 1);
        assert_int_equal(p.s.results[i], sizes[i]);
        assert_int_equal(p.s.n, sizes[i]);
        assert_memory_equal(p.s.bytes, text, sizes[i]);
        assert_true(p.has_sender);
        assert_true(p.has_address);
    }
    /* Several at once. */
    for (int i = 0; i < COUNT; i++)
        send_to(&p, text, sizes[i] % 1500);
    rig_wait_count(&p.s, (int)(2 * COUNT));
    rig_quiet(r);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(p.s.results[COUNT + i], sizes[i] % 1500);
    free(text);
    post_close(&p);
}

static void more_than_there_are_chunks(struct rig *r)
{
    enum { COUNT = 200 };
    struct post p;
    post_open(&p, r);
    p.s.hold = true;
    seen_submit(&p.s);
    for (int i = 0; i < COUNT; i++)
        send_to(&p, &i, sizeof i);
    for (int i = 0; i < 100; i++)
        rig_look(r);
    assert_in_range(p.s.count, 8, COUNT - 1);
    rig_quiet(r);
    while (p.s.count < COUNT) {
        int before = p.s.count;
        seen_free_held(&p.s);
        rig_wait_count(&p.s, before + 1);
    }
    for (int i = 0; i < COUNT; i++)
        assert_memory_equal(p.s.bytes + (size_t)i * sizeof i, &i, sizeof i);
    post_close(&p);
}

static void cancelled_and_begun_anew(struct rig *r)
{
    struct post p;
    post_open(&p, r);
    seen_submit(&p.s);
    rig_look(r);
    io_cancel(r->io, &p.s.op);
    rig_wait_end(r, &p.s);
    assert_int_equal(p.s.last, -ECANCELED);
    send_to(&p, "kept", 4);
    rig_quiet(r);
    assert_int_equal(p.s.count, 1);
    seen_submit(&p.s);
    rig_wait_bytes(&p.s, 4);
    assert_memory_equal(p.s.bytes, "kept", 4);
    post_close(&p);
}

static void cancel_at_once(struct seen *s)
{
    if (!s->ended)
        io_cancel(s->rig->io, &s->op);
}

/* After an empty datagram, which ends a receive in the kernel but none of ours. */
static void cancelled_by_an_empty_one(struct rig *r)
{
    struct post p;
    post_open(&p, r);
    p.s.then = cancel_at_once;
    seen_submit(&p.s);
    rig_look(r);
    send_to(&p, "", 0);
    rig_wait_end(r, &p.s);
    assert_int_equal(p.s.count, 2);
    assert_int_equal(p.s.results[0], 0);
    assert_int_equal(p.s.last, -ECANCELED);
    rig_quiet(r);
    assert_int_equal(p.s.count, 2);
    post_close(&p);
}

/* Streams and datagrams have their own chunks: the want of the one is not the other's. */
static void beside_a_stream(struct rig *r)
{
    struct post p;
    struct seen s;
    int peer, listener = r->peers->listen(r, 4);
    post_open(&p, r);
    p.s.hold = true;
    seen_submit(&p.s);
    for (int i = 0; i < 100; i++)
        send_to(&p, &i, sizeof i);
    seen_init(&s, r, IO_RECV, rig_connect(r, listener, &peer));
    seen_submit(&s);
    rig_quiet(r);
    assert_int_equal(r->peers->send(r, peer, "stream", 6), 6);
    rig_wait_bytes(&s, 6);
    r->peers->close(r, peer);
    seen_close(&s);
    rig_close(r, listener);
    while (p.s.count < 100) {
        seen_free_held(&p.s);
        rig_wait_count(&p.s, p.s.count + 1);
    }
    post_close(&p);
}

int main(void)
{
    static const struct rig_case cases[] = {
        { .name = "datagrams of all sizes", .run = all_sizes },
        { .name = "more than there are chunks", .run = more_than_there_are_chunks },
        { .name = "cancelled and begun anew", .run = cancelled_and_begun_anew },
        { .name = "cancelled by an empty one", .run = cancelled_by_an_empty_one },
        { .name = "beside a stream", .run = beside_a_stream },
    };
    return rig_run(cases, sizeof cases / sizeof cases[0]);
}
