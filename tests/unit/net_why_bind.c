/* Why an address cannot be bound: what is said when the kernel tells everything is tested with the
 * command (tests/net/bind.py); here, what is said when it tells nothing, or odd things. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/why_bind.h"
#include "support/flaky.h"
#include "support/texts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct addr v4 = { .len = sizeof(struct sockaddr_in),
                                .v4 = { .sin_family = AF_INET, .sin_port = 0x5000 } };
static const struct addr v6 = { .len = sizeof(struct sockaddr_in6),
                                .v6 = { .sin6_family = AF_INET6, .sin6_port = 0x5000 } };
static const struct addr path = { .len = sizeof(struct sockaddr_un),
                                  .un = { .sun_family = AF_UNIX, .sun_path = "/no/such/s" } };

static int no_socket(const struct io_sys *s, int family, int type, int protocol)
{
    (void)s, (void)family, (void)type, (void)protocol;
    return -EAFNOSUPPORT;
}

static ssize_t no_link(const struct io_sys *s, int dirfd, const char *name, char *buf, size_t n)
{
    (void)s, (void)dirfd, (void)name, (void)buf, (void)n;
    return -ENOSYS;
}

static int no_lstat(const struct io_sys *s, const char *name, struct stat *ret)
{
    (void)s, (void)name, (void)ret;
    return -ENOSYS;
}

/* No netlink, no /proc but what the test gives. */
static void set_blind(struct texts *t)
{
    texts_init(t);
    t->sys.socket = no_socket;
    t->sys.read_link = no_link;
    t->sys.lstat = no_lstat;
}

static void ask(struct net_failure *f, enum stoa_stage stage, int err, const struct addr *a,
                const struct io_sys *sys)
{
    net_failed(f, stage, err, a, NULL);
    why_bind(f, SOCK_STREAM, sys, &mem_default);
    assert_non_null(f->cause);
    assert_int_equal(f->err, err);
}

static void test_kernel_that_tells_nothing(void **state)
{
    (void)state;
    static const int errs[] = { EADDRINUSE, EACCES, EPERM,   EADDRNOTAVAIL, EINVAL,
                                ENOENT,     EROFS,  ENOTDIR, ELOOP,         ENOMEM };
    const struct addr *const addrs[] = { &v4, &v6, &path, NULL };
    struct texts t;
    struct net_failure f;
    set_blind(&t);
    for (size_t i = 0; i < sizeof errs / sizeof *errs; i++)
        for (size_t k = 0; k < sizeof addrs / sizeof *addrs; k++)
            for (enum stoa_stage s = STOA_STAGE_RESOLVE; s <= STOA_STAGE_LISTEN; s++) {
                ask(&f, s, -errs[i], addrs[k], &t.sys);
                assert_int_equal(f.cause->stage, s);
                assert_string_equal(f.detail, "");
            }
    assert_int_equal(t.open, 0);
}

static const char *permission(const char *limit, int err, uint16_t port, struct net_failure *f)
{
    struct texts t;
    struct addr a = v4;
    set_blind(&t);
    t.files[0] = (struct text){ "/proc/sys/net/ipv4/ip_unprivileged_port_start", limit, 0 };
    addr_set_port(&a, port);
    ask(f, STOA_STAGE_BIND, err, &a, &t.sys);
    assert_int_equal(t.open, 0);
    return f->cause->id;
}

static void test_permission(void **state)
{
    (void)state;
    struct net_failure f;
    assert_string_equal(permission("1024\n", -EACCES, 1023, &f), "bind.permission");
    assert_string_equal(f.detail,
                        "here, ports below 1024 do (net.ipv4.ip_unprivileged_port_start)");
    assert_string_equal(permission("1024\n", -EACCES, 1024, &f), "bind.forbidden");
    assert_string_equal(permission("1024\n", -EACCES, 0, &f), "bind.forbidden");
    assert_string_equal(permission("1024\n", -EPERM, 80, &f), "bind.forbidden");
    assert_string_equal(permission("", -EACCES, 80, &f), "bind.permission");
    assert_string_equal(f.detail, "");
    assert_string_equal(permission("many", -EACCES, 8080, &f), "bind.permission");
}

static void test_range_of_ports(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        { "32768\t60999\n",
          "each of the ports 32768 to 60999 (net.ipv4.ip_local_port_range) is in use" },
        { "32768", "" },
        { "", "" },
    };
    for (size_t i = 0; i < 3; i++) {
        struct texts t;
        struct net_failure f;
        struct addr a = v4;
        set_blind(&t);
        t.files[0] = (struct text){ "/proc/sys/net/ipv4/ip_local_port_range", texts[i][0], 0 };
        addr_set_port(&a, 0);
        ask(&f, STOA_STAGE_BIND, -EADDRINUSE, &a, &t.sys);
        assert_string_equal(f.cause->id, "bind.no_ports");
        assert_string_equal(f.detail, texts[i][1]);
        assert_int_equal(t.open, 0);
    }
}

/* The two stages have a cause each: listen(2) meets the conflict when both sockets have set
 * SO_REUSEADDR, and the other was the first to listen. */
static void test_stage_is_kept(void **state)
{
    (void)state;
    struct net_failure f;
    struct addr a = v4;
    char who[40];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    a.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    addr_set_port(&a, 0);
    assert_int_equal(bind(fd, &a.any, a.len), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, &a.any, &a.len), 0);
    ask(&f, STOA_STAGE_LISTEN, -EADDRINUSE, &a, io_sys_kernel());
    assert_string_equal(f.cause->id, "listen.in_use");
    snprintf(who, sizeof who, " is held by pid %d (", getpid());
    assert_non_null(strstr(f.detail, who));
    assert_non_null(strstr(f.detail, ": this very process"));
    ask(&f, STOA_STAGE_BIND, -EADDRINUSE, &a, io_sys_kernel());
    assert_string_equal(f.cause->id, "bind.in_use");
    close(fd);
    ask(&f, STOA_STAGE_BIND, -EADDRINUSE, &a, io_sys_kernel());
    assert_non_null(strstr(f.detail, "no socket is seen on it"));
}

static void test_without_memory(void **state)
{
    (void)state;
    static const int errs[] = { EADDRINUSE, EADDRNOTAVAIL };
    for (size_t i = 0; i < 2; i++) {
        struct net_failure f;
        struct flaky flaky;
        flaky_init(&flaky, 0);
        net_failed(&f, STOA_STAGE_BIND, -errs[i], &v4, NULL);
        why_bind(&f, SOCK_STREAM, io_sys_kernel(), &flaky.mem);
        assert_string_equal(f.detail, "");
        assert_int_equal(flaky.bytes, 0);
        assert_true(flaky.failed > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kernel_that_tells_nothing),
        cmocka_unit_test(test_permission),
        cmocka_unit_test(test_range_of_ports),
        cmocka_unit_test(test_stage_is_kept),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
