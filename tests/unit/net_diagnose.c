/* From what the kernel told of an attempt to a cause: each row as it was measured between network
 * namespaces, without the network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/diagnose.h"
#include "net/silence.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

static struct core core; /* for the calls that a look at a file, or at our addresses, needs */
static struct stoa_try try;

static void addr_text(const char *text, struct addr *ret)
{
    struct addr_parts parts;
    const char *why;
    *ret = (struct addr){ 0 };
    if (!text)
        return;
    assert_int_equal(addr_split(str_of(text), &parts, &why), 0);
    assert_int_equal(addr_resolve(&parts, SOCK_STREAM, ret, 1, &why), 1);
}

struct row {
    const char *to, *from;
    int err;
    const char *cause;
    int icmp[2]; /* type and code, of to's family; 0, 0 = none (no such message is told) */
    const char *by;
    bool at_once, soft; /* soft: the message did not end it */
    unsigned unanswered, retransmitted;
    int syns;
};

#define V4 "192.0.2.7:80", "10.0.0.2:4000"
#define V6 "[2001:db8::7]:80", "[fd00::2]:4000"

static const struct row rows[] = {
    { V4, -ECONNREFUSED, "connect.refused", .syns = 1 },
    { V4, -ECONNRESET, "connect.reset", .syns = 1 },
    { V4, -ETIMEDOUT, "connect.timeout", .unanswered = 2, .retransmitted = 2, .syns = 3 },
    { V4, -ETIMEDOUT, "connect.no_neighbour", .unanswered = 2 },
    { "10.0.0.2:80", "10.0.0.2:4000", -ETIMEDOUT, "connect.timeout", .unanswered = 1, .syns = 1 },
    { V4, -ENETUNREACH, "connect.net_unreachable", { 3, 0 }, "10.9.0.1:0", .syns = 1 },
    { V4, -EHOSTUNREACH, "connect.host_unreachable", { 3, 1 }, "10.9.0.1:0", .syns = 1 },
    { V4, -EHOSTUNREACH, "connect.no_neighbour", { 3, 1 }, "10.0.0.2:0", .syns = 0 },
    { V4, -ENOPROTOOPT, "connect.protocol_unreachable", { 3, 2 }, "10.9.0.1:0", .syns = 1 },
    { V4, -ECONNREFUSED, "connect.refused_by_firewall", { 3, 3 }, "10.9.0.1:0", .syns = 1 },
    { V4, -ECONNREFUSED, "connect.own_firewall_rejects", { 3, 3 }, "10.0.0.2:0", .syns = 0 },
    { V4, -ENETUNREACH, "connect.net_prohibited", { 3, 9 }, "10.9.0.1:0", .syns = 1 },
    { V4, -EHOSTUNREACH, "connect.host_prohibited", { 3, 10 }, "10.9.0.1:0", .syns = 1 },
    { V4, -EHOSTUNREACH, "connect.admin_prohibited", { 3, 13 }, "10.9.0.1:0", .syns = 1 },
    { V4, -EHOSTUNREACH, "connect.hops_exceeded", { 11, 0 }, "10.9.0.1:0", .syns = 1 },
    { V4, -EHOSTUNREACH, "connect.host_unreachable", { 77, 1 }, "10.9.0.1:0", .syns = 1 },
    { V6, -ENETUNREACH, "connect.net_unreachable", { 1, 0 }, "[fd00::1]:0", .syns = 1 },
    { V6, -EACCES, "connect.admin_prohibited", { 1, 1 }, "[fd00::1]:0", .syns = 1 },
    { V6, -EHOSTUNREACH, "connect.beyond_scope", { 1, 2 }, "[fd00::1]:0", .syns = 1 },
    { V6, -EHOSTUNREACH, "connect.host_unreachable", { 1, 3 }, "[fd00::1]:0", .syns = 1 },
    { V6, -EHOSTUNREACH, "connect.no_neighbour", { 1, 3 }, "[fd00::2]:0", .syns = 0 },
    { V6, -ECONNREFUSED, "connect.refused_by_firewall", { 1, 4 }, "[fd00::1]:0", .syns = 1 },
    { V6, -EACCES, "connect.source_prohibited", { 1, 5 }, "[fd00::1]:0", .syns = 1 },
    { V6, -EACCES, "connect.net_prohibited", { 1, 6 }, "[fd00::1]:0", .syns = 1 },
    { V6, -EHOSTUNREACH, "connect.hops_exceeded", { 3, 0 }, "[fd00::1]:0", .syns = 1 },
    { V6, -EPROTO, "connect.protocol_unreachable", { 4, 1 }, "[fd00::1]:0", .syns = 1 },
    /* What did not end it is the cause when nothing better comes. */
    { V4, -ETIMEDOUT, "connect.host_unreachable", { 3, 1 }, "10.9.0.1:0", .soft = true, .syns = 1 },
    { V4,
      -EHOSTUNREACH,
      "connect.host_unreachable",
      { 3, 1 },
      "10.9.0.1:0",
      .soft = true,
      .syns = 1 },
    { V4, -ETIMEDOUT, "connect.own_firewall_rejects", { 3, 3 }, "10.0.0.2:0", .soft = true },
    { V4, -ECONNREFUSED, "connect.refused", { 3, 1 }, "10.9.0.1:0", .soft = true, .syns = 1 },
    /* connect(2) itself. */
    { V4, -ENETUNREACH, "connect.no_route_local", .at_once = true },
    { V4, -EHOSTUNREACH, "connect.route_unreachable", .at_once = true },
    { V4, -EACCES, "connect.route_prohibited", .at_once = true },
    { V4, -EPERM, "connect.route_prohibited", .at_once = true },
    { V4, -EINVAL, "connect.route_blackhole", .at_once = true },
    { V4, -EADDRNOTAVAIL, "connect.no_ports", .at_once = true },
    { V4, -ENOBUFS, "connect.failed", .at_once = true },
    { "224.0.0.5:80", NULL, -ENETUNREACH, "connect.not_unicast", .at_once = true },
    { "255.255.255.255:80", NULL, -ENETUNREACH, "connect.not_unicast", .at_once = true },
    { "127.255.255.255:80", NULL, -ENETUNREACH, "connect.not_unicast", .at_once = true },
    { "[ff02::1]:80", NULL, -ENETUNREACH, "connect.not_unicast", .at_once = true },
    { "[fe80::1]:80", NULL, -EINVAL, "connect.no_scope", .at_once = true },
    { "[2001:db8::1]:80", NULL, -EINVAL, "connect.route_blackhole", .at_once = true },
    { V4, -ECANCELED, "connect.given_up", .syns = 1 },
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        struct attempt a = { .core = &core,
                             .socktype = SOCK_STREAM,
                             .state = ATTEMPT_FAILED,
                             .err = r->err,
                             .at_once = r->at_once,
                             .unanswered = r->unanswered,
                             .retransmitted = r->retransmitted,
                             .began = 5,
                             .ended = 5 + 1500 * STOA_MS };
        addr_text(r->to, &a.to);
        addr_text(r->from, &a.from);
        struct icmp *icmp = r->soft ? &a.soft : &a.icmp;
        if (r->by) {
            *icmp = (struct icmp){ .family = a.to.family, .type = r->icmp[0], .code = r->icmp[1] };
            icmp->err = r->soft && r->err == -ECONNREFUSED ? -EHOSTUNREACH : r->err;
            addr_text(r->by, &icmp->by);
        }
        diagnose(&a, &try);
        if (strcmp(try.cause->id, r->cause) != 0 || try.syns != r->syns)
            fail_msg("row %zu: %s, %d SYNs", i, try.cause->id, try.syns);
        assert_int_equal(try.err, r->err);
        assert_int_equal(try.took, 1500 * STOA_MS);
        assert_int_equal(try.icmp_type, r->by ? r->icmp[0] : -1);
        assert_int_equal(try.icmp_code, r->by ? r->icmp[1] : -1);
        assert_int_equal(try.by[0] != 0, r->by != NULL);
        assert_int_equal(try.soft_err, a.soft.err);
    }
}

static void test_details(void **state)
{
    (void)state;
    struct attempt a = { .core = &core,
                         .socktype = SOCK_STREAM,
                         .err = -ETIMEDOUT,
                         .ended = 3 * STOA_SEC,
                         .unanswered = 1,
                         .retransmitted = 1 };
    addr_text("192.0.2.7:80", &a.to);
    addr_text("10.0.0.2:4000", &a.from);
    diagnose(&a, &try);
    assert_string_equal(try.detail, "2 SYNs in 3.0 s");
    a.retransmitted = 0;
    diagnose(&a, &try);
    assert_string_equal(try.detail, "no SYN left this machine in 3.0 s");
    a.icmp = (struct icmp){ .family = AF_INET, .type = 3, .code = 77, .err = -EHOSTUNREACH };
    a.err = -EHOSTUNREACH;
    addr_text("10.9.0.1:0", &a.icmp.by);
    diagnose(&a, &try);
    assert_string_equal(try.detail, "ICMP type 3 code 77");
    assert_string_equal(try.by, "10.9.0.1");
    a.no_socket = true;
    a.err = -EMFILE;
    diagnose(&a, &try);
    assert_string_equal(try.cause->id, "socket.no_descriptors");
    a.no_socket = false;
    a.err = -ECONNREFUSED;
    a.to_itself = true;
    diagnose(&a, &try);
    assert_string_equal(try.cause->id, "connect.self");
}

/* A refusal tells more than a silence, which tells more than what this machine did. */
static void test_weights(void **state)
{
    (void)state;
    static const char *const ids[] = { "connect.no_route_local", "connect.no_ports",
                                       "connect.timeout", "connect.host_unreachable",
                                       "connect.refused" };
    int before = 0;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        try.cause = stoa_cause_find(ids[i]);
        assert_true(diagnose_weight(&try) > before);
        before = diagnose_weight(&try);
    }
    try.cause = NULL;
    assert_int_equal(diagnose_weight(&try), 0);
}

/* ---- the error queue ---- */

static struct {
    int level, type, origin, icmp_type, code, err;
    struct sockaddr_in by;
    size_t len; /* of what follows the header; 0 = all */
} queue[4];
static int queued, taken;

static ssize_t receive(const struct io_sys *s, int fd, struct msghdr *m, int flags)
{
    (void)s;
    assert_int_equal(fd, 7);
    assert_int_equal(flags, MSG_ERRQUEUE);
    if (taken == queued)
        return -EAGAIN;
    struct sock_extended_err e = { .ee_origin = (uint8_t)queue[taken].origin,
                                   .ee_type = (uint8_t)queue[taken].icmp_type,
                                   .ee_code = (uint8_t)queue[taken].code,
                                   .ee_errno = (uint32_t)queue[taken].err };
    struct cmsghdr *c = CMSG_FIRSTHDR(m);
    size_t len = queue[taken].len ? queue[taken].len : sizeof e + sizeof queue[taken].by;
    c->cmsg_level = queue[taken].level;
    c->cmsg_type = queue[taken].type;
    c->cmsg_len = CMSG_LEN(len);
    memcpy(CMSG_DATA(c), &e, sizeof e);
    memcpy(CMSG_DATA(c) + sizeof e, &queue[taken].by, sizeof queue[taken].by);
    m->msg_controllen = CMSG_SPACE(len);
    taken++;
    return 0;
}

static void test_error_queue(void **state)
{
    (void)state;
    struct io_sys sys = { .receive = receive };
    struct icmp icmp = { .type = 99 };
    queued = taken = 0;
    icmp_take(&sys, 7, &icmp);
    assert_int_equal(icmp.type, 99); /* nothing came */
    queue[0].level = IPPROTO_IP;
    queue[0].type = IP_RECVERR;
    queue[0].origin = SO_EE_ORIGIN_ICMP;
    queue[0].icmp_type = 3;
    queue[0].code = 13;
    queue[0].err = EHOSTUNREACH;
    queue[0].by = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(0x0a090001) } };
    queue[1] = queue[0];
    queue[1].origin = SO_EE_ORIGIN_LOCAL; /* no ICMP: does not count */
    queue[2] = queue[0];
    queue[2].type = IP_TTL; /* another message */
    queue[3] = queue[0];
    queue[3].len = 8; /* too short to be one */
    queued = 4;
    icmp_take(&sys, 7, &icmp);
    assert_int_equal(taken, 4);
    assert_int_equal(icmp.family, AF_INET);
    assert_int_equal(icmp.type, 3);
    assert_int_equal(icmp.code, 13);
    assert_int_equal(icmp.err, -EHOSTUNREACH);
    assert_int_equal(icmp.by.v4.sin_addr.s_addr, htonl(0x0a090001));
}

/* ---- silence ---- */

static struct silence silence;
static struct attempt attempts[2];
static struct stoa_try tries[2];

/* Counter `name` has grown by n. */
static void grew(const char *name, int64_t n)
{
    for (int i = 0; i < SILENCE_COUNTERS; i++)
        if (strcmp(silence.all[i].name, name) == 0) {
            silence.all[i].value = silence.all[i].before + n;
            return;
        }
    fail_msg("no counter %s", name);
}

static void begin_silence(void)
{
    memset(&silence, 0, sizeof silence);
    memset(attempts, 0, sizeof attempts);
    silence_begin(&silence, io_sys_kernel());
    for (int i = 0; i < SILENCE_COUNTERS; i++)
        silence.all[i].is_known = true;
    for (int i = 0; i < 2; i++) {
        attempts[i] = (struct attempt){ .core = &core,
                                        .socktype = SOCK_STREAM,
                                        .err = -ETIMEDOUT,
                                        .unanswered = 2,
                                        .retransmitted = 2 };
        addr_text(i ? "[2001:db8::7]:80" : "192.0.2.7:80", &attempts[i].to);
        diagnose(&attempts[i], &tries[i]);
        assert_string_equal(tries[i].cause->id, "connect.timeout");
    }
}

static void expect_silence(const char *v4, const char *v6)
{
    silence_explain(&silence, attempts, tries, 2);
    assert_string_equal(tries[0].cause->id, v4);
    assert_string_equal(tries[1].cause->id, v6);
}

static void test_silence(void **state)
{
    (void)state;
    begin_silence();
    expect_silence("connect.timeout", "connect.timeout");
    assert_int_equal(tries[0].syns, 3);

    begin_silence();
    grew("TcpExtTCPRetransFail", 4);
    expect_silence("connect.timeout_own_firewall_out", "connect.timeout_own_firewall_out");
    assert_int_equal(tries[0].syns, 0);
    assert_string_equal(tries[0].detail, "none of 3 SYNs left this machine");

    begin_silence(); /* somebody else's, or only one of the two: not enough to say so */
    grew("TcpExtTCPRetransFail", 3);
    expect_silence("connect.timeout", "connect.timeout");

    begin_silence(); /* answers came, and went nowhere */
    grew("IpInReceives", 10);
    grew("IpInDelivers", 5);
    grew("IpForwDatagrams", 3);
    expect_silence("connect.timeout_own_firewall_in", "connect.timeout");

    begin_silence();
    grew("Ip6InReceives", 3);
    expect_silence("connect.timeout", "connect.timeout_own_firewall_in");

    begin_silence(); /* what neighbours say to others is no answer */
    grew("Ip6InReceives", 3);
    grew("Ip6InMcastPkts", 2);
    expect_silence("connect.timeout", "connect.timeout");

    begin_silence(); /* far more than we can have caused */
    grew("IpInReceives", 100);
    expect_silence("connect.timeout", "connect.timeout");

    begin_silence();
    grew("IpInReceives", 2);
    silence.begun = false; /* nothing is known */
    expect_silence("connect.timeout", "connect.timeout");
}

int main(void)
{
    core.sys = io_sys_kernel();
    core.mem = &mem_default;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),    cmocka_unit_test(test_details),
        cmocka_unit_test(test_weights), cmocka_unit_test(test_error_queue),
        cmocka_unit_test(test_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
