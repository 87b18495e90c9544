/* Addresses: what is read, what is refused and with which sentence, and what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

static void takes(const char *text, const char *host, const char *port)
{
    struct addr_parts parts;
    const char *why = NULL;
    assert_int_equal(addr_split(str_of(text), &parts, &why), 0);
    assert_null(why);
    assert_false(parts.is_unix);
    assert_string_equal(parts.host, host);
    assert_string_equal(parts.port, port);
}

static void test_split(void **state)
{
    (void)state;
    takes("localhost:8080", "localhost", "8080");
    takes("127.0.0.1:0", "127.0.0.1", "0");
    takes(":80", "", "80");
    takes("[::1]:443", "::1", "443");
    takes("[::]:443", "::", "443");
    takes("[fe80::1%eth0]:80", "fe80::1%eth0", "80");
    takes("example.org:http", "example.org", "http");
    takes("a:65535", "a", "65535");
    takes("a:00000000000000080", "a", "00080");
    struct addr_parts parts;
    const char *why;
    assert_int_equal(addr_split(STR("unix:/run/a:b"), &parts, &why), 0);
    assert_true(parts.is_unix);
    assert_string_equal(parts.path, "/run/a:b");
    assert_string_equal(parts.host, "");
}

static void refuses_slice(struct stoa_str text, const char *part_of_why)
{
    struct addr_parts parts;
    memset(&parts, 0x5a, sizeof parts);
    struct addr_parts before = parts;
    const char *why = "";
    assert_int_equal(addr_split(text, &parts, &why), -EINVAL);
    if (!strstr(why, part_of_why))
        fail_msg("\"%.*s\": %s", (int)text.n, text.p, why);
    assert_memory_equal(&parts, &before, sizeof parts); /* untouched on failure */
}

static void refuses(const char *text, const char *part_of_why)
{
    refuses_slice(str_of(text), part_of_why);
}

static void test_wrong_forms(void **state)
{
    (void)state;
    refuses("", "empty");
    refuses("localhost", "the port is missing");
    refuses("8080", "the port is missing");
    refuses("localhost:", "missing after the colon");
    refuses(":", "missing after the colon");
    refuses("localhost:65536", "from 0 to 65535");
    refuses("localhost:99999999999999999999", "from 0 to 65535");
    refuses("localhost:80x", "neither a number");
    refuses("localhost:-1", "neither a number");
    refuses("localhost:ht tp", "neither a number");
    refuses("localhost:averylongservicename", "neither a number");
    refuses("::1:80", "in brackets");
    refuses("fe80::1%eth0:80", "in brackets");
    refuses("[::1:80", "not closed");
    refuses("[::1]", "missing after the bracket");
    refuses("[::1]80", "missing after the bracket");
    refuses("[::1]:", "missing after the colon");
    refuses("[localhost]:80", "only an IPv6 address");
    refuses("http://localhost:80", "scheme");
    refuses("a b:80", "character in the host");
    refuses("a/b:80", "character in the host");
    refuses("unix:", "the path is missing");
    refuses_slice(STR("unix:/a\0b"), "zero byte");
    refuses_slice(STR("a\0b:80"), "character in the host");
}

static void test_lengths(void **state)
{
    (void)state;
    char text[400];
    struct addr_parts parts;
    const char *why;
    for (size_t n = 106; n <= 109; n++) {
        snprintf(text, sizeof text, "unix:%0*d", (int)n, 0);
        if (n <= 107)
            assert_int_equal(addr_split(str_of(text), &parts, &why), 0);
        else
            refuses(text, "107 bytes");
    }
    for (size_t n = 254; n <= 257; n++) {
        snprintf(text, sizeof text, "%0*d:80", (int)n, 0);
        if (n <= 255)
            assert_int_equal(addr_split(str_of(text), &parts, &why), 0);
        else
            refuses(text, "255 bytes");
    }
}

/* Each text is copied to where its end is the end of the memory: a sanitizer sees a look beyond. */
static void test_no_look_beyond(void **state)
{
    (void)state;
    static const char *const texts[] = { "localhost:80", "[::1]:80", "unix:/a", "a:http",
                                         "http://" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t n = 0; n <= strlen(texts[i]); n++) {
            char *copy = malloc(n ? n : 1);
            struct addr_parts parts;
            const char *why;
            memcpy(copy, texts[i], n);
            addr_split((struct stoa_str){ copy, n }, &parts, &why);
            free(copy);
        }
}

static int resolve(const char *text, struct addr *ret, int max, const char **why)
{
    struct addr_parts parts;
    assert_int_equal(addr_split(str_of(text), &parts, why), 0);
    return addr_resolve(&parts, SOCK_STREAM, ret, max, why);
}

static void is(const struct addr *a, const char *text)
{
    char buf[ADDR_TEXT_BYTES];
    assert_string_equal(addr_format(a, buf, sizeof buf), text);
}

static void test_resolve(void **state)
{
    (void)state;
    struct addr a[8];
    const char *why;
    assert_int_equal(resolve("localhost:8080", a, 8, &why), 2);
    is(&a[0], "127.0.0.1:8080");
    is(&a[1], "[::1]:8080");
    assert_int_equal(resolve("LocalHost:1", a, 1, &why), 1);
    is(&a[0], "127.0.0.1:1");
    assert_int_equal(resolve("10.1.2.3:80", a, 8, &why), 1);
    is(&a[0], "10.1.2.3:80");
    assert_int_equal(addr_port(&a[0]), 80);
    if (getservbyname("http", "tcp")) { /* a small system has no /etc/services */
        assert_int_equal(resolve("10.1.2.3:http", a, 8, &why), 1);
        is(&a[0], "10.1.2.3:80");
    }
    assert_int_equal(resolve("[2001:db8::1]:443", a, 8, &why), 1);
    is(&a[0], "[2001:db8::1]:443");
    assert_int_equal(resolve(":70", a, 8, &why), 1);
    assert_true(addr_is_wildcard(&a[0]));
    assert_int_equal(addr_port(&a[0]), 70);
    addr_set_port(&a[0], 71);
    assert_int_equal(addr_port(&a[0]), 71);
    assert_int_equal(resolve("unix:/tmp/x", a, 8, &why), 1);
    is(&a[0], "unix:/tmp/x");
    assert_int_equal(addr_port(&a[0]), 0);
    assert_false(addr_is_wildcard(&a[0]));
    assert_int_equal(resolve("127.0.0.1:no-such-service", a, 8, &why), -EINVAL);
    assert_non_null(why);
    assert_int_equal(resolve("[::zz]:80", a, 8, &why), -EINVAL);
    assert_non_null(why);
}

static struct addr v6(const char *ip, uint16_t port, uint32_t scope)
{
    struct addr a = { .v6 = { .sin6_family = AF_INET6, .sin6_scope_id = scope } };
    a.len = sizeof a.v6;
    assert_int_equal(inet_pton(AF_INET6, ip, &a.v6.sin6_addr), 1);
    addr_set_port(&a, port);
    return a;
}

static int look_up(const char *text, int family, bool numeric, struct addr *ret, int max)
{
    struct addr_parts parts;
    const char *why;
    struct addr_query q = { .socktype = SOCK_STREAM, .family = family, .numeric = numeric };
    assert_int_equal(addr_split(str_of(text), &parts, &why), 0);
    return addr_look_up(&parts, &q, ret, max, &why);
}

static void test_look_up(void **state)
{
    (void)state;
    struct addr a[8];
    assert_int_equal(look_up("localhost:1", AF_INET, false, a, 8), 1);
    is(&a[0], "127.0.0.1:1");
    assert_int_equal(look_up("localhost:1", AF_INET6, true, a, 8), 1);
    is(&a[0], "[::1]:1");
    assert_int_equal(look_up("10.1.2.3:80", 0, true, a, 8), 1);
    is(&a[0], "10.1.2.3:80");
    assert_int_equal(look_up("10.1.2.3:80", AF_INET6, true, a, 8), -EAFNOSUPPORT);
    assert_int_equal(look_up("[::1]:80", AF_INET, false, a, 8), -EAFNOSUPPORT);
    assert_int_equal(look_up("a.name:80", 0, true, a, 8), -ENOENT); /* nobody is asked */
    assert_int_equal(look_up("10.1.2.3:http", 0, true, a, 8), -ENOENT);
    assert_int_equal(look_up("10.1.2.3:no-such-service", 0, false, a, 8), -EINVAL);
    assert_int_equal(look_up("unix:/x", AF_INET6, true, a, 8), 1);
}

static void test_kinds(void **state)
{
    (void)state;
    struct addr a[8];
    static const struct {
        const char *text;
        bool is_multicast;
    } rows[] = {
        { "223.255.255.255:1", false }, { "224.0.0.0:1", true },  { "239.255.255.255:1", true },
        { "255.255.255.255:1", true },  { "240.0.0.1:1", false }, { "[ff02::1]:1", true },
        { "[fe80::1]:1", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(look_up(rows[i].text, 0, true, a, 8), 1);
        assert_int_equal(addr_is_multicast(&a[0]), rows[i].is_multicast);
    }
    look_up("10.0.0.1:1", 0, true, &a[0], 1);
    look_up("10.0.0.1:2", 0, true, &a[1], 1);
    look_up("10.0.0.2:1", 0, true, &a[2], 1);
    look_up("[::1]:1", 0, true, &a[3], 1);
    look_up("[::1]:2", 0, true, &a[4], 1);
    look_up("unix:/x", 0, true, &a[5], 1);
    assert_true(addr_is_same_host(&a[0], &a[1]));
    assert_false(addr_is_same_host(&a[0], &a[2]));
    assert_true(addr_is_same_host(&a[3], &a[4]));
    assert_false(addr_is_same_host(&a[0], &a[3]));
    assert_false(addr_is_same_host(&a[5], &a[5])); /* it has no host */
    assert_false(addr_is_multicast(&a[5]));
    addr_set(&a[6], &a[3].any, a[3].len);
    assert_memory_equal(&a[6].v6, &a[3].v6, sizeof a[3].v6);
    assert_int_equal(a[6].len, sizeof a[3].v6);
}

static void host_is(const struct addr *a, const char *text)
{
    char buf[ADDR_TEXT_BYTES];
    assert_string_equal(addr_format_host(a, buf, sizeof buf), text);
}

static void peer_is(const struct addr *a, const char *text)
{
    char buf[ADDR_TEXT_BYTES];
    assert_string_equal(addr_format_peer(a, buf, sizeof buf), text);
}

static void test_format(void **state)
{
    (void)state;
    struct addr a = v6("::ffff:1.2.3.4", 5, 0);
    is(&a, "1.2.3.4:5");
    host_is(&a, "1.2.3.4");
    peer_is(&a, "1.2.3.4:5");
    a = v6("fe80::1", 5, 3);
    is(&a, "[fe80::1%3]:5");
    host_is(&a, "fe80::1%3");
    a = (struct addr){ .un = { .sun_family = AF_UNIX, .sun_path = "/a\nb" } };
    a.len = sizeof a.un;
    is(&a, "unix:/a\\x0ab");
    peer_is(&a, "unix:/a\\x0ab");
    host_is(&a, "unix:");
    a.len = sizeof(sa_family_t); /* a client's: it has no name */
    is(&a, "unix:");
    peer_is(&a, "a Unix socket");
    a = (struct addr){ .un = { .sun_family = AF_UNIX, .sun_path = "\0name" } };
    a.len = offsetof(struct sockaddr_un, sun_path) + 5;
    is(&a, "unix:@name");
    memset(a.un.sun_path, 'p', sizeof a.un.sun_path); /* not terminated, and as long as can be */
    a.len = sizeof a.un;
    char buf[ADDR_TEXT_BYTES];
    assert_int_equal(strlen(addr_format(&a, buf, sizeof buf)), 5 + 108);
    a = (struct addr){ .len = sizeof(sa_family_t) };
    is(&a, "?");
    host_is(&a, "?");
    addr_set_port(&a, 5);
    assert_int_equal(addr_port(&a), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_look_up), cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_split),   cmocka_unit_test(test_wrong_forms),
        cmocka_unit_test(test_lengths), cmocka_unit_test(test_no_look_beyond),
        cmocka_unit_test(test_resolve), cmocka_unit_test(test_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
