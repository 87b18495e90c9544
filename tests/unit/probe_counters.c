/* Counters and other texts of /proc: fixed texts in pieces of every size, malformed ones, and the
 * kernel's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe/counters.h"
#include "probe/proc_file.h"
#include "support/texts.h"

#include <errno.h>
#include <string.h>

#define NET "/proc/thread-self/net/"

static const char netstat[] = "TcpExt: SyncookiesSent ListenOverflows ListenDrops\n"
                              "TcpExt: 0 17 18\n"
                              "IpExt: InNoRoutes ListenDrops\n"
                              "IpExt: 3 99\n";
static const char snmp[] = "Ip: Forwarding InReceives\n"
                           "Ip: 1 2147483648123\n"
                           "Tcp: RtoAlgorithm MaxConn ActiveOpens\n"
                           "Tcp: 1 -1 9\n";
static const char snmp6[] = "Ip6InReceives                   \t42\n"
                            "Icmp6InMsgs                     \t7\n";

static void set_files(struct texts *t, const char *a, const char *b, const char *c)
{
    texts_init(t);
    t->files[0] = (struct text){ NET "netstat", a, 0 };
    t->files[1] = (struct text){ NET "snmp", b, 0 };
    t->files[2] = (struct text){ NET "snmp6", c, 0 };
}

static void test_values_by_name(void **state)
{
    (void)state;
    for (size_t step = 0; step < 300; step++) {
        struct texts t;
        set_files(&t, netstat, snmp, snmp6);
        t.step = step;
        struct counter c[] = {
            { .name = "TcpExtListenDrops" },     { .name = "IpExtListenDrops" },
            { .name = "IpInReceives" },          { .name = "TcpMaxConn" },
            { .name = "Ip6InReceives" },         { .name = "TcpExtNoSuch" },
            { .name = "TcpExtListenOverflows" },
        };
        static const int64_t expected[] = { 18, 99, 2147483648123, -1, 42, 0, 17 };
        assert_int_equal(counters_read(&t.sys, c, 7), 0);
        for (int i = 0; i < 7; i++) {
            assert_int_equal(c[i].is_known, i != 5);
            assert_int_equal(c[i].value, expected[i]);
            assert_int_equal(counter_growth(&c[i]), 0);
        }
        assert_int_equal(t.open, 0);
    }
}

static void test_growth(void **state)
{
    (void)state;
    struct texts t;
    struct counter c = { .name = "TcpExtListenDrops" };
    set_files(&t, netstat, snmp, snmp6);
    assert_int_equal(counters_read(&t.sys, &c, 1), 0);
    t.files[0].text = "TcpExt: ListenDrops\nTcpExt: 25\n";
    assert_int_equal(counters_read(&t.sys, &c, 1), 0);
    assert_int_equal(counter_growth(&c), 7);
}

static void test_malformed_texts(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "\n\n\n",
        "TcpExt:",
        "TcpExt: ListenDrops",
        "TcpExt: ListenDrops\nTcpExt:\n",
        "TcpExt: ListenDrops\nTcpExt: \xff\xfe\n",
        "TcpExt: ListenDrops\nTcpExt: 99999999999999999999999\n",
        "TcpExt: ListenDrops\nTcpExt: 12x\n",
        "TcpExt: ListenDrops\nTcpExt: -\n",
        "TcpExt: ListenDrops\nIpExt: 12\n",
        ": ListenDrops\n: 12\n",
        "ListenDrops 12\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct texts t;
        struct counter c = { .name = "TcpExtListenDrops" };
        set_files(&t, texts[i], "", "");
        assert_int_equal(counters_read(&t.sys, &c, 1), 0);
        assert_false(c.is_known);
        assert_int_equal(t.open, 0);
    }
}

static void test_files_that_cannot_be_read(void **state)
{
    (void)state;
    struct texts t;
    struct counter c[] = { { .name = "TcpExtListenDrops" }, { .name = "Ip6InReceives" } };
    set_files(&t, NULL, "", "");
    assert_int_equal(counters_read(&t.sys, c, 1), -EACCES);
    set_files(&t, netstat, snmp, snmp6);
    t.step = 30;
    t.err = -EIO;
    assert_int_equal(counters_read(&t.sys, c, 1), -EIO);
    assert_int_equal(t.open, 0);
    set_files(&t, netstat, snmp, snmp6);
    t.files[2].path = "elsewhere"; /* a kernel without IPv6 */
    assert_int_equal(counters_read(&t.sys, c, 2), 0);
    assert_false(c[1].is_known);
}

static void test_words(void **state)
{
    (void)state;
    char text[400];
    struct texts t;
    struct proc_words w;
    struct stoa_str word;
    texts_init(&t);
    memset(text, 'x', 300);
    strcpy(text + 300, " two\n\n\tthree");
    t.files[0] = (struct text){ "f", text, 0 };
    assert_int_equal(proc_words_open(&w, &t.sys, "f"), 0);
    assert_true(proc_words_next(&w, &word));
    assert_int_equal(word.n, PROC_WORD_MAX);
    assert_int_equal(w.line, 0);
    assert_true(proc_words_next(&w, &word));
    assert_true(str_eq(word, STR("two")));
    assert_true(proc_words_next(&w, &word));
    assert_true(str_eq(word, STR("three")));
    assert_int_equal(w.line, 2);
    assert_false(proc_words_next(&w, &word));
    assert_false(proc_words_next(&w, &word));
    proc_words_close(&w);
    assert_int_equal(proc_words_open(&w, &t.sys, "other"), -ENOENT);
    proc_words_close(&w);
    assert_int_equal(t.open, 0);
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int result;
        int64_t value;
    } cases[] = {
        { "4096\n", 0, 4096 }, { "32768\t60999\n", 0, 32768 },         { "-1", 0, -1 },
        { "", -EINVAL, 0 },    { "99999999999999999999", -EINVAL, 0 }, { "on\n", -EINVAL, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct texts t;
        int64_t v = 0;
        texts_init(&t);
        t.files[0] = (struct text){ "f", cases[i].text, 0 };
        assert_int_equal(proc_number(&t.sys, "f", &v), cases[i].result);
        assert_int_equal(v, cases[i].value);
        assert_int_equal(t.open, 0);
    }
}

static void test_kernel(void **state)
{
    (void)state;
    struct counter c[] = { { .name = "TcpActiveOpens" }, { .name = "TcpExtListenDrops" } };
    int64_t v;
    assert_int_equal(counters_read(io_sys_kernel(), c, 2), 0);
    assert_true(c[0].is_known && c[1].is_known);
    assert_int_equal(proc_number(io_sys_kernel(), "/proc/sys/net/core/somaxconn", &v), 0);
    assert_true(v > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_by_name),  cmocka_unit_test(test_growth),
        cmocka_unit_test(test_malformed_texts), cmocka_unit_test(test_files_that_cannot_be_read),
        cmocka_unit_test(test_words),           cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_kernel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
