/* Targets: their forms, and paths made ready for looking up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/edge.h"
#include "wire/target.h"

#include <stdio.h>

/* Reads a request with this first line up to the version, and Host: host. */
static int parse(struct target *t, const char *line)
{
    static char text[256];
    static struct head h;
    snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: host\r\n\r\n", line);
    head_init(&h, &head_limits_default);
    assert_int_equal(head_parse_request(&h, str_of(text)), strlen(text));
    return target_parse(t, &h);
}

static void forms(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum target_form form;
        const char *authority, *path, *query; /* query NULL: no "?" */
        bool https;
    } cases[] = {
        { "GET /", TARGET_ORIGIN, "host", "/", NULL, false },
        { "GET /a/b?c?d", TARGET_ORIGIN, "host", "/a/b", "c?d", false },
        { "GET /a?", TARGET_ORIGIN, "host", "/a", "", false },
        { "GET //a", TARGET_ORIGIN, "host", "//a", NULL, false },
        { "GET http://h/a?b", TARGET_ABSOLUTE, "h", "/a", "b", false },
        { "GET HTTP://h:80", TARGET_ABSOLUTE, "h:80", "/", NULL, false },
        { "GET https://[::1]?b", TARGET_ABSOLUTE, "[::1]", "/", "b", true },
        { "OPTIONS *", TARGET_ASTERISK, "host", "", NULL, false },
        { "OPTIONS http://h", TARGET_ASTERISK, "h", "", NULL, false },
        { "OPTIONS http://h/", TARGET_ABSOLUTE, "h", "/", NULL, false },
        { "OPTIONS http://h?", TARGET_ABSOLUTE, "h", "/", "", false },
        { "OPTIONS /", TARGET_ORIGIN, "host", "/", NULL, false },
        { "CONNECT h:443", TARGET_AUTHORITY, "h:443", "", NULL, false },
        { "CONNECT [::1]:443", TARGET_AUTHORITY, "[::1]:443", "", NULL, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct target t;
        assert_int_equal(parse(&t, cases[i].line), 0);
        assert_int_equal(t.form, cases[i].form);
        assert_true(str_eq(t.authority, str_of(cases[i].authority)));
        assert_true(str_eq(t.path, str_of(cases[i].path)));
        assert_int_equal(t.has_query, cases[i].query != NULL);
        assert_true(str_eq(t.query, str_of(cases[i].query)));
        assert_int_equal(t.https, cases[i].https);
    }
}

static void refusals(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int fault;
    } cases[] = {
        { "GET *", FAULT_FORM },
        { "OPTIONS **", FAULT_TARGET },
        { "GET a", FAULT_TARGET },
        { "GET h:80", FAULT_TARGET },
        { "GET ?a", FAULT_TARGET },
        { "GET http:/h/", FAULT_TARGET },
        { "GET ftp://h/", FAULT_TARGET },
        { "GET http://", FAULT_HOST },
        { "GET http:///a", FAULT_HOST },
        { "GET http://u@h/", FAULT_HOST },
        { "GET http://h:x/", FAULT_HOST },
        { "GET http://:80/", FAULT_HOST },
        { "CONNECT h", FAULT_FORM },
        { "CONNECT h:", FAULT_FORM },
        { "CONNECT :443", FAULT_FORM },
        { "CONNECT 443", FAULT_FORM },
        { "CONNECT /", FAULT_FORM },
        { "CONNECT *", FAULT_FORM },
        { "CONNECT http://h/", FAULT_FORM },
        { "CONNECT h:65536", FAULT_HOST },
        { "CONNECT u@h:443", FAULT_HOST },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct target t = { .https = true };
        assert_int_equal(parse(&t, cases[i].line), cases[i].fault);
        assert_true(t.https); /* untouched */
    }
}

/* Target and buffer both end at an unreadable page. */
static int decode(const char *path, struct target_path *ret, struct edge *in, struct edge *out)
{
    struct stoa_str s = edge_put(in, str_of(path));
    char *buf = out->room + out->bytes - (s.n + 1);
    memset(buf, '?', s.n + 1);
    int r = target_decode(ret, s, buf);
    if (r == 0) {
        assert_ptr_equal(ret->path.p, buf);
        assert_int_equal(buf[ret->path.n], 0);
    }
    return r;
}

static void paths(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
        bool is_dir, is_hidden;
    } cases[] = {
        { "/", "/", true, false },
        { "/a", "/a", false, false },
        { "/a/", "/a/", true, false },
        { "/a/b.c", "/a/b.c", false, false },
        { "//", "/", true, false },
        { "//a///b//", "/a/b/", true, false },
        { "/.", "/", true, false },
        { "/./", "/", true, false },
        { "/a/.", "/a/", true, false },
        { "/a/./b", "/a/b", false, false },
        { "/a/..", "/", true, false },
        { "/a/../", "/", true, false },
        { "/a/../b", "/b", false, false },
        { "/a/b/../../c", "/c", false, false },
        { "/a//../b", "/b", false, false },
        { "/abc/def/../ghi/..", "/abc/", true, false },
        { "/a/%2e%2E/b", "/b", false, false },
        { "/%2e", "/", true, false },
        { "/...", "/...", false, true },
        { "/..a", "/..a", false, true },
        { "/a..", "/a..", false, false },
        { "/a.b", "/a.b", false, false },
        { "/.git/config", "/.git/config", false, true },
        { "/a/.b", "/a/.b", false, true },
        { "/%2egit", "/.git", false, true },
        { "/.git/../a", "/a", false, false },
        { "/%41%62%7e", "/Ab~", false, false },
        { "/%e4%b8%ad", "/\xe4\xb8\xad", false, false },
        { "/%252e%252e", "/%2e%2e", false, false }, /* once */
        { "/%252F", "/%2F", false, false },
        { "/a%20b+c", "/a b+c", false, false },
        { "/%0d%0a", "/\r\n", false, false },
        { "/\\..\\a", "/\\..\\a", false, false },
    };
    struct edge in, out;
    edge_open(&in, 64);
    edge_open(&out, 64);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct target_path p;
        assert_int_equal(decode(cases[i].in, &p, &in, &out), 0);
        assert_string_equal(p.path.p, cases[i].out);
        assert_int_equal(p.path.n, strlen(cases[i].out));
        assert_int_equal(p.is_dir, cases[i].is_dir);
        assert_int_equal(p.is_hidden, cases[i].is_hidden);
    }
    edge_close(&in);
    edge_close(&out);
}

static void bad_paths(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        int fault;
    } cases[] = {
        { "/..", FAULT_PATH_ABOVE },
        { "/../a", FAULT_PATH_ABOVE },
        { "/a/../..", FAULT_PATH_ABOVE },
        { "/a/../../a", FAULT_PATH_ABOVE },
        { "/%2e%2e/", FAULT_PATH_ABOVE },
        { "/.%2e/", FAULT_PATH_ABOVE },
        { "//..", FAULT_PATH_ABOVE },
        { "/./..", FAULT_PATH_ABOVE },
        { "/%00", FAULT_PATH_NUL },
        { "/a%00.html", FAULT_PATH_NUL },
        { "/%2f", FAULT_PATH_SLASH },
        { "/a%2Fb", FAULT_PATH_SLASH },
        { "/..%2f..%2fetc", FAULT_PATH_SLASH },
        { "/%", FAULT_PATH_ESCAPE },
        { "/%4", FAULT_PATH_ESCAPE },
        { "/%4/", FAULT_PATH_ESCAPE },
        { "/%zz", FAULT_PATH_ESCAPE },
        { "/%4g", FAULT_PATH_ESCAPE },
        { "/%%41", FAULT_PATH_ESCAPE },
    };
    struct edge in, out;
    edge_open(&in, 64);
    edge_open(&out, 64);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct target_path p;
        assert_int_equal(decode(cases[i].in, &p, &in, &out), cases[i].fault);
    }
    edge_close(&in);
    edge_close(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(refusals),
        cmocka_unit_test(paths),
        cmocka_unit_test(bad_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
