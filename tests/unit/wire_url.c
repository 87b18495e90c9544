/* URLs taken apart, and what is wrong with those that cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/edge.h"
#include "wire/url.h"

static void assert_str(struct stoa_str s, const char *expected)
{
    if (s.n != strlen(expected) || memcmp(s.p, expected, s.n) != 0)
        fail_msg("'%.*s' is not '%s'", (int)s.n, s.p, expected);
}

static void parts(void **state)
{
    static const struct {
        const char *text, *authority, *host, *port, *target;
    } cases[] = {
        { "http://a", "a", "a", "", "" },
        { "HTTP://a.example/", "a.example", "a.example", "", "/" },
        { "http://a:8080/b?c=d", "a:8080", "a", "8080", "/b?c=d" },
        { "http://a:/b", "a", "a", "", "/b" },
        { "http://a?b", "a", "a", "", "?b" },
        { "http://a#b", "a", "a", "", "" },
        { "http://a/b#c#d", "a", "a", "", "/b" },
        { "http://a/#http://b@c/", "a", "a", "", "/" },
        { "http://a/@b:c", "a", "a", "", "/@b:c" },
        { "http://[::1]", "[::1]", "[::1]", "", "" },
        { "http://[::1]:80/x", "[::1]:80", "[::1]", "80", "/x" },
        { "http://127.0.0.1:65535", "127.0.0.1:65535", "127.0.0.1", "65535", "" },
    };
    struct edge e;
    (void)state;
    edge_open(&e, 64);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct url url;
        assert_null(url_parse(&url, edge_put(&e, str_of(cases[i].text))));
        assert_str(url.authority, cases[i].authority);
        assert_str(url.host, cases[i].host);
        assert_str(url.port, cases[i].port);
        assert_str(url.target, cases[i].target);
    }
    edge_close(&e);
}

static void wrong_ones(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "", "begins with http://" },
        { "a", "begins with http://" },
        { "http:/", "begins with http://" },
        { "ftp://a", "begins with http://" },
        { "https://a", "TLS" },
        { "http://", "host is missing" },
        { "http:///b", "host is missing" },
        { "http://:80", "host is missing" },
        { "http://u:p@a", "user name" },
        { "http://a b", "malformed" },
        { "http://a:65536", "malformed" },
        { "http://a:b", "malformed" },
        { "http://[::1", "malformed" },
        { "http://[::1]b", "malformed" },
        { "http://a/b c", "percent-encoded" },
        { "http://a/\xc3\xa9", "percent-encoded" },
        { "http://a/\r\n", "percent-encoded" },
    };
    struct edge e;
    (void)state;
    edge_open(&e, 64);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct url url;
        const char *why = url_parse(&url, edge_put(&e, str_of(cases[i].text)));
        if (!why || !strstr(why, cases[i].says))
            fail_msg("%s: %s", cases[i].text, why);
    }
    edge_close(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts),
        cmocka_unit_test(wrong_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
