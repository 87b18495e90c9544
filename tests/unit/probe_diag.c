/* Sockets as the kernel tells of them: our own listeners, connections and datagram sockets, with
 * queues whose lengths we know; and answers of netlink that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe/diag.h"
#include "probe/own_addr.h"
#include "probe/route.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct diag diag;

static int set_up(void **state)
{
    (void)state;
    diag_init(&diag, io_sys_kernel(), &mem_default);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    diag_done(&diag);
    return 0;
}

struct found {
    int count;
    struct diag_socket last;
};

static int note(void *ctx, const struct diag_socket *s)
{
    struct found *f = ctx;
    f->count++;
    f->last = *s;
    return 0;
}

static struct found ask(const struct diag_query *q)
{
    struct found f = { 0 };
    int r = diag_each(&diag, q, note, &f);
    if (r == -ENOENT || r == -EPROTONOSUPPORT) {
        print_message("this kernel does not tell of such sockets\n");
        skip();
    }
    assert_int_equal(r, 0);
    return f;
}

static int bound(int family, int type, union diag_addr *a)
{
    int fd = socket(family, type | SOCK_CLOEXEC, 0);
    socklen_t n = family == AF_INET ? sizeof a->v4 : sizeof a->v6;
    memset(a, 0, sizeof *a);
    a->family = (sa_family_t)family;
    if (family == AF_INET)
        a->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        a->v6.sin6_addr = in6addr_loopback;
    if (bind(fd, &a->any, n) < 0) {
        close(fd);
        print_message("no such address here\n");
        skip();
    }
    assert_int_equal(getsockname(fd, &a->any, &n), 0);
    return fd;
}

static int connected(const union diag_addr *a, union diag_addr *own)
{
    int fd = socket(a->family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t n = a->family == AF_INET ? sizeof a->v4 : sizeof a->v6;
    assert_int_equal(connect(fd, &a->any, n), 0);
    n = sizeof *own;
    assert_int_equal(getsockname(fd, &own->any, &n), 0);
    return fd;
}

static uint32_t inode_of(int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    return (uint32_t)st.st_ino;
}

static uint16_t port_of(const union diag_addr *a)
{
    return ntohs(a->v4.sin_port);
}

static void test_accept_queue(void **state)
{
    (void)state;
    union diag_addr a, own;
    int fd = bound(AF_INET, SOCK_STREAM, &a), clients[3];
    assert_int_equal(listen(fd, 7), 0);
    struct diag_query q = { .family = AF_INET,
                            .protocol = IPPROTO_TCP,
                            .tcp = true,
                            .states = 1 << DIAG_LISTEN,
                            .local_port = port_of(&a) };
    for (uint32_t i = 0; i <= 3; i++) {
        struct found f = ask(&q);
        assert_int_equal(f.count, 1);
        assert_int_equal(f.last.state, DIAG_LISTEN);
        assert_int_equal(f.last.type, SOCK_STREAM);
        assert_int_equal(f.last.rqueue, i);
        assert_int_equal(f.last.wqueue, 7);
        assert_int_equal(f.last.inode, inode_of(fd));
        assert_int_equal(f.last.uid, getuid());
        assert_int_equal(f.last.drops, 0);
        assert_memory_equal(&f.last.local.v4, &a.v4, sizeof a.v4);
        if (f.last.has_tcp)
            assert_int_equal(f.last.tcp.unacked, i);
        if (i < 3)
            clients[i] = connected(&a, &own);
    }
    for (int i = 0; i < 3; i++)
        close(clients[i]);
    close(fd);
    assert_int_equal(ask(&q).count, 0);
}

static void test_ipv6(void **state)
{
    (void)state;
    union diag_addr a, own;
    int fd = bound(AF_INET6, SOCK_STREAM, &a);
    assert_int_equal(listen(fd, 1), 0);
    struct found f = ask(&(struct diag_query){ .family = AF_INET6,
                                               .protocol = IPPROTO_TCP,
                                               .states = 1 << DIAG_LISTEN,
                                               .local_port = port_of(&a) });
    assert_int_equal(f.count, 1);
    assert_true(f.last.v6_only); /* so is whatever is bound to one address (inet6_bind) */
    assert_memory_equal(&f.last.local.v6, &a.v6, sizeof a.v6);
    int client = connected(&a, &own);
    struct diag_socket s;
    assert_int_equal(diag_find(&diag, &own, &a, &s), 0);
    assert_int_equal(s.state, DIAG_ESTABLISHED);
    assert_int_equal(s.inode, inode_of(client));
    close(client);
    close(fd);
}

static void test_dual_stack(void **state)
{
    (void)state;
    for (int only = 0; only < 2; only++) {
        union diag_addr a = { .v6 = { .sin6_family = AF_INET6 } };
        socklen_t n = sizeof a.v6;
        int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
        if (bind(fd, &a.any, n) < 0)
            skip();
        assert_int_equal(listen(fd, 1), 0);
        assert_int_equal(getsockname(fd, &a.any, &n), 0);
        struct found f = ask(&(struct diag_query){ .family = AF_INET6,
                                                   .protocol = IPPROTO_TCP,
                                                   .states = 1 << DIAG_LISTEN,
                                                   .local_port = port_of(&a) });
        assert_int_equal(f.count, 1);
        assert_int_equal(f.last.v6_only, only);
        close(fd);
    }
}

/* Those of IPv4 and of IPv6, and the connections with what TCP says of them. */
static void test_both_families(void **state)
{
    (void)state;
    union diag_addr a, six, own;
    int fd = bound(AF_INET, SOCK_STREAM, &a), fd6 = bound(AF_INET6, SOCK_STREAM, &six);
    assert_int_equal(listen(fd, 1) | listen(fd6, 1), 0);
    struct diag_query q = { .family = AF_UNSPEC,
                            .protocol = IPPROTO_TCP,
                            .states = 1 << DIAG_LISTEN,
                            .local_port = port_of(&a) };
    static struct found f; /* not for this frame */
    f = ask(&q);
    assert_int_equal(f.last.inode, inode_of(fd));
    q.local_port = port_of(&six);
    f = ask(&q);
    assert_int_equal(f.last.inode, inode_of(fd6));
    assert_memory_equal(&f.last.local.v6, &six.v6, sizeof six.v6);
    q.local_port = 0;
    f = ask(&q);
    assert_true(f.count >= 2);
    int client = connected(&a, &own);
    q.remote_port = port_of(&a);
    q.states = 1 << DIAG_ESTABLISHED;
    q.tcp = true;
    f = ask(&q);
    assert_int_equal(f.count, 1);
    assert_int_equal(f.last.inode, inode_of(client));
    assert_true(f.last.has_tcp);
    q.protocol = IPPROTO_UDP;
    assert_int_equal(diag_each(&diag, &q, note, &f), -EPROTONOSUPPORT);
    close(client);
    close(fd6);
    close(fd);
}

static void test_one_connection(void **state)
{
    (void)state;
    union diag_addr a, own, other;
    int fd = bound(AF_INET, SOCK_STREAM, &a);
    assert_int_equal(listen(fd, 1), 0);
    int client = connected(&a, &own);
    assert_int_equal(write(client, "hello", 5), 5);
    struct diag_socket s;
    assert_int_equal(diag_find(&diag, &a, &own, &s), 0); /* the server's end, not yet accepted */
    assert_int_equal(s.state, DIAG_ESTABLISHED);
    assert_int_equal(s.inode, 0);
    assert_int_equal(s.rqueue, 5);
    assert_memory_equal(&s.remote.v4, &own.v4, sizeof own.v4);
    assert_true(s.has_tcp && s.tcp.bytes_received == 5 && s.tcp.snd_cwnd > 0);
    other = own;
    other.v4.sin_port = 0;
    assert_int_equal(diag_find(&diag, &a, &other, &s), 0); /* who else comes meets the listener */
    assert_int_equal(s.state, DIAG_LISTEN);
    assert_int_equal(s.inode, inode_of(fd));
    struct found f = ask(&(struct diag_query){ .family = AF_INET,
                                               .protocol = IPPROTO_TCP,
                                               .states = 1 << DIAG_ESTABLISHED,
                                               .local_port = port_of(&own),
                                               .remote_port = port_of(&a) });
    assert_int_equal(f.count, 1);
    assert_int_equal(f.last.inode, inode_of(client));
    close(client);
    close(fd);
    assert_int_equal(diag_find(&diag, &a, &other, &s), -ENOENT);
}

/* Kernels before 6.8 do not tell of them; those after it tell of all, whatever port was asked for. */
static void test_bound_only(void **state)
{
    (void)state;
    union diag_addr a, b;
    int fd = bound(AF_INET, SOCK_STREAM, &a), other = bound(AF_INET, SOCK_STREAM, &b);
    struct found f = ask(&(struct diag_query){ .family = AF_INET,
                                               .protocol = IPPROTO_TCP,
                                               .states = 1 << DIAG_BOUND,
                                               .local_port = port_of(&a) });
    close(fd);
    close(other);
    if (f.count == 0)
        skip();
    assert_int_equal(f.count, 1);
    assert_int_equal(f.last.state, DIAG_BOUND);
    assert_int_equal(port_of(&f.last.local), port_of(&a));
}

static void test_datagrams(void **state)
{
    (void)state;
    union diag_addr a;
    int fd = bound(AF_INET, SOCK_DGRAM, &a);
    sendto(fd, "abc", 3, 0, &a.any, sizeof a.v4);
    struct found f = ask(&(struct diag_query){
        .family = AF_INET, .protocol = IPPROTO_UDP, .states = -1, .local_port = port_of(&a) });
    assert_int_equal(f.count, 1);
    assert_int_equal(f.last.state, DIAG_CLOSE);
    assert_int_equal(f.last.type, SOCK_DGRAM);
    assert_true(f.last.rqueue > 0);
    assert_int_equal(f.last.inode, inode_of(fd));
    close(fd);
}

struct file {
    struct stat st;
    struct found found;
};

static int note_file(void *ctx, const struct diag_socket *s)
{
    struct file *f = ctx;
    return diag_is_file(s, &f->st) ? note(&f->found, s) : 0;
}

static void test_unix(void **state)
{
    (void)state;
    struct file f = { 0 };
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    snprintf(a.sun_path, sizeof a.sun_path, "/dev/shm/stoa-probe-%d", getpid());
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 3), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(lstat(a.sun_path, &f.st), 0);
    struct diag_query q = { .family = AF_UNIX, .states = 1 << DIAG_LISTEN };
    int r = diag_each(&diag, &q, note_file, &f);
    close(client);
    close(fd);
    unlink(a.sun_path);
    if (r == -ENOENT) {
        print_message("this kernel does not tell of Unix sockets\n");
        skip();
    }
    assert_int_equal(r, 0);
    assert_int_equal(f.found.count, 1);
    assert_int_equal(f.found.last.rqueue, 1);
    assert_int_equal(f.found.last.wqueue, 3);
    assert_int_equal(f.found.last.uid, getuid());
    assert_string_equal(f.found.last.local.un.sun_path, a.sun_path);
}

static int stop(void *ctx, const struct diag_socket *s)
{
    (void)s;
    return *(int *)ctx;
}

/* A visit that ends early leaves no half of an answer behind for the next question. */
static void test_enough(void **state)
{
    (void)state;
    enum { MANY = 60 };
    static union diag_addr a[MANY];
    int fds[MANY], enough = 5, giving_up = -EIO;
    struct diag_query q = { .family = AF_INET, .protocol = IPPROTO_UDP, .states = -1 };
    for (int i = 0; i < MANY; i++)
        fds[i] = bound(AF_INET, SOCK_DGRAM, &a[i]);
    ask(&q);
    assert_int_equal(diag_each(&diag, &q, stop, &enough), 5);
    assert_int_equal(diag_each(&diag, &q, stop, &giving_up), -EIO);
    assert_true(ask(&q).count >= MANY);
    q.local_port = port_of(&a[7]);
    assert_int_equal(ask(&q).count, 1);
    for (int i = 0; i < MANY; i++)
        close(fds[i]);
}

/* ---- answers that are none ---- */

static struct io_sys bad;
static char answer[256];
static size_t answer_n;
static bool is_cut;

static ssize_t give(const struct io_sys *s, int fd, struct msghdr *m, int flags)
{
    (void)s, (void)fd, (void)flags;
    memcpy(m->msg_iov->iov_base, answer, answer_n);
    m->msg_flags = is_cut ? MSG_TRUNC : 0;
    return (ssize_t)answer_n;
}

static int ask_bad(uint32_t len, uint16_t type, uint16_t flags, size_t n)
{
    struct found f = { 0 };
    struct diag d;
    struct nlmsghdr h = {
        .nlmsg_len = len, .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = 1
    };
    memset(answer, 0xff, sizeof answer);
    memcpy(answer, &h, sizeof h);
    answer_n = n;
    diag_init(&d, &bad, &mem_default);
    int r = diag_each(&d, &(struct diag_query){ .family = AF_UNIX, .states = -1 }, note, &f);
    diag_done(&d);
    return r;
}

static void test_malformed_answers(void **state)
{
    (void)state;
    bad = *io_sys_kernel();
    bad.receive = give;
    assert_int_equal(ask_bad(16, SOCK_DIAG_BY_FAMILY, 0, 0), -EPROTO);
    assert_int_equal(ask_bad(0, SOCK_DIAG_BY_FAMILY, 0, 64), -EPROTO);
    assert_int_equal(ask_bad(15, SOCK_DIAG_BY_FAMILY, 0, 64), -EPROTO);
    assert_int_equal(ask_bad(65, SOCK_DIAG_BY_FAMILY, 0, 64), -EPROTO);
    assert_int_equal(ask_bad(UINT32_MAX, SOCK_DIAG_BY_FAMILY, 0, 64), -EPROTO);
    assert_int_equal(ask_bad(20, SOCK_DIAG_BY_FAMILY, 0, 20), -EPROTO); /* shorter than its type */
    assert_int_equal(ask_bad(64, SOCK_DIAG_BY_FAMILY, 0, 64), 0); /* an attribute that overhangs */
    assert_int_equal(ask_bad(20, NLMSG_ERROR, 0, 20), -1);
    assert_int_equal(ask_bad(16, NLMSG_ERROR, 0, 16), 0);
    is_cut = true;
    assert_int_equal(ask_bad(64, SOCK_DIAG_BY_FAMILY, 0, 64), -EPROTO);
    is_cut = false;
}

static void test_attributes(void **state)
{
    (void)state;
    _Alignas(4) char bytes[24] = { 0 };
    struct nlattr h = { .nla_len = 6, .nla_type = 3 };
    memcpy(bytes, &h, sizeof h);
    bytes[4] = 'a';
    h = (struct nlattr){ .nla_len = 5, .nla_type = 4 };
    memcpy(bytes + 8, &h, sizeof h);
    for (size_t n = 0; n <= 24; n++) {
        struct netlink_attr a = { .rest = bytes, .rest_n = n };
        int count = 0;
        for (; netlink_next(&a); count++)
            assert_int_equal(a.type, 3 + count);
        assert_int_equal(count, n < 6 ? 0 : n < 13 ? 1 : 2); /* what follows has no length */
    }
}

/* ---- addresses of this machine ---- */

static int note_loopback(void *ctx, const struct own_addr *a)
{
    if (a->family == AF_INET && a->v4.sin_addr.s_addr == htonl(INADDR_LOOPBACK))
        *(int *)ctx += a->prefix_bits == 8 && a->ifindex == 1;
    return 0;
}

static void test_own_addresses(void **state)
{
    (void)state;
    int count = 0;
    assert_int_equal(own_addr_each(io_sys_kernel(), &mem_default, note_loopback, &count), 0);
    assert_int_equal(count, 1);
}

/* ---- routes ---- */

static size_t add_attr(size_t at, uint16_t type, const void *data, uint16_t n)
{
    struct nlattr h = { .nla_len = (uint16_t)(sizeof h + n), .nla_type = type };
    memcpy(answer + at, &h, sizeof h);
    memcpy(answer + at + sizeof h, data, n);
    return at + (sizeof h + n + 3) / 4 * 4;
}

/* What route_find makes of an answer with that attribute and an interface; n: of the attribute. */
static int ask_route(uint8_t family, uint16_t type, const void *data, uint16_t n, struct route *ret)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct rtmsg m = { .rtm_family = family };
    struct nlmsghdr h = { .nlmsg_type = RTM_NEWROUTE, .nlmsg_seq = 1 };
    memcpy(answer + sizeof h, &m, sizeof m);
    answer_n = add_attr(sizeof h + sizeof m, RTA_OIF, &(uint32_t){ 7 }, 4);
    answer_n = add_attr(answer_n, type, data, n);
    h.nlmsg_len = (uint32_t)answer_n;
    memcpy(answer, &h, sizeof h);
    return route_find(&bad, &mem_default, (struct sockaddr *)&to, NULL, ret);
}

static void test_routes_told(void **state)
{
    (void)state;
    static const unsigned char v4[4] = { 192, 0, 2, 1 };
    static const unsigned char via[18] = { AF_INET6 & 0xff, AF_INET6 >> 8, 0xfe, 0x80, [17] = 9 };
    struct route r;
    bad = *io_sys_kernel();
    bad.receive = give;
    assert_int_equal(ask_route(AF_INET, RTA_GATEWAY, v4, 4, &r), 0);
    assert_int_equal(r.gateway.family, AF_INET);
    assert_memory_equal(&r.gateway.v4.sin_addr, v4, 4);
    assert_int_equal(r.ifindex, 7);
    assert_int_equal(ask_route(AF_INET6, RTA_GATEWAY, via + 2, 16, &r), 0);
    assert_int_equal(r.gateway.family, AF_INET6);
    assert_memory_equal(&r.gateway.v6.sin6_addr, via + 2, 16);
    assert_int_equal(r.gateway.v6.sin6_scope_id, 7);
    assert_int_equal(ask_route(AF_INET, RTA_VIA, via, 18, &r), 0);
    assert_int_equal(r.gateway.family, AF_INET6);
    assert_memory_equal(&r.gateway.v6.sin6_addr, via + 2, 16);
    /* Too short to be one, of a family that is none. */
    for (uint16_t n = 0; n < 18; n++) {
        assert_int_equal(ask_route(AF_INET, RTA_VIA, via, n, &r), 0);
        assert_int_equal(r.gateway.family, AF_UNSPEC);
    }
    assert_int_equal(ask_route(AF_INET6, RTA_GATEWAY, via, 15, &r), 0);
    assert_int_equal(r.gateway.family, AF_UNSPEC);
    assert_int_equal(ask_route(AF_UNIX, RTA_GATEWAY, via, 16, &r), 0);
    assert_int_equal(r.gateway.family, AF_UNSPEC);
}

/* The kernel's own answer: what is on the link has no gateway, and some addresses have no way. */
static void test_routes(void **state)
{
    (void)state;
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct sockaddr *to = (struct sockaddr *)&v4;
    struct route r = { .ifindex = 99 };
    assert_int_equal(route_find(io_sys_kernel(), &mem_default, to, to, &r), 0);
    assert_int_equal(r.gateway.family, AF_UNSPEC);
    assert_int_equal(r.ifindex, 1);
    v4.sin_addr.s_addr = htonl(0xf0000001); /* of class E: nobody's */
    struct sockaddr_in me = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000263) };
    r.ifindex = 99;
    assert_true(route_find(io_sys_kernel(), &mem_default, to, (struct sockaddr *)&me, &r) < 0);
    assert_int_equal(r.ifindex, 99);
    to = (struct sockaddr *)&v6;
    if (route_find(io_sys_kernel(), &mem_default, to, NULL, &r) == 0)
        assert_int_equal(r.ifindex, 1);
    v6.sin6_addr = (struct in6_addr){ { { 0xfe, 0x80, [15] = 1 } } };
    v6.sin6_scope_id = 1;
    r.gateway.family = AF_UNSPEC;
    int err = route_find(io_sys_kernel(), &mem_default, to, to, &r);
    assert_true(err <= 0 && r.gateway.family == AF_UNSPEC);
}

static void test_state_names(void **state)
{
    (void)state;
    assert_string_equal(diag_state_name(DIAG_LISTEN), "LISTEN");
    assert_string_equal(diag_state_name(DIAG_BOUND), "BOUND");
    assert_string_equal(diag_state_name(0), "?");
    assert_string_equal(diag_state_name(12), "?");
    assert_string_equal(diag_state_name(-1), "?");
    assert_string_equal(diag_state_name(99), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept_queue),   cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_dual_stack),     cmocka_unit_test(test_both_families),
        cmocka_unit_test(test_one_connection), cmocka_unit_test(test_datagrams),
        cmocka_unit_test(test_bound_only),     cmocka_unit_test(test_unix),
        cmocka_unit_test(test_enough),         cmocka_unit_test(test_malformed_answers),
        cmocka_unit_test(test_attributes),     cmocka_unit_test(test_own_addresses),
        cmocka_unit_test(test_routes_told),    cmocka_unit_test(test_routes),
        cmocka_unit_test(test_state_names),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
