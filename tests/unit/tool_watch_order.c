/* Which listener answers, in which order they are shown, which of them a filter leaves; and how numbers
 * are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/failing.h"
#include "tool/watch/match.h"
#include "tool/watch/options.h"
#include "tool/watch/words.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* ---- which answers ---- */

static struct addr addr(const char *host, uint16_t port)
{
    struct addr a = { .len = sizeof a.v4, .v4 = { .sin_family = AF_INET } };
    if (inet_pton(AF_INET, host, &a.v4.sin_addr) != 1) {
        a = (struct addr){ .len = sizeof a.v6, .v6 = { .sin6_family = AF_INET6 } };
        assert_int_equal(inet_pton(AF_INET6, host, &a.v6.sin6_addr), 1);
    }
    addr_set_port(&a, port);
    return a;
}

static struct watch_listener list[6];
static int count; /* of them */

static struct watch_listener *add(const char *host, uint16_t port)
{
    struct watch_listener *l = &list[count++];
    memset(l, 0, sizeof *l);
    l->addr = addr(host, port);
    addr_format(&l->addr, l->name, sizeof l->name);
    return l;
}

static int empty(void **state)
{
    (void)state;
    count = 0;
    return 0;
}

static int answers(const char *host, uint16_t port)
{
    struct addr a = addr(host, port);
    return watch_listener_of(list, count, &a, 0);
}

static void test_the_most_specific(void **state)
{
    (void)state;
    assert_int_equal(answers("127.0.0.1", 80), -1);
    add("0.0.0.0", 80);
    add("127.0.0.1", 80);
    add("::", 80);
    add("::1", 80);
    add("::", 81);
    add("127.0.0.1", 82);
    for (int i = 1; i < count; i++)
        assert_true(watch_addr_compare(&list[i - 1].addr, &list[i].addr) < 0);
    assert_int_equal(answers("127.0.0.1", 80), 1);
    assert_int_equal(answers("127.0.0.2", 80), 0);
    assert_int_equal(answers("::1", 80), 3);
    assert_int_equal(answers("2001:db8::1", 80), 2);
    assert_int_equal(answers("127.0.0.1", 81), 4); /* dual-stack */
    assert_int_equal(answers("127.0.0.2", 82), -1);
    assert_int_equal(answers("127.0.0.1", 79), -1);
    assert_int_equal(answers("127.0.0.1", 83), -1);
}

static void test_v6_only(void **state)
{
    (void)state;
    add("::", 80)->v6_only = true;
    assert_int_equal(answers("127.0.0.1", 80), -1);
    assert_int_equal(answers("::1", 80), 0);
}

static void test_interfaces(void **state)
{
    (void)state;
    struct addr a = addr("192.0.2.1", 80);
    add("0.0.0.0", 80);
    add("0.0.0.0", 80)->ifindex = 2;
    assert_int_equal(watch_listener_of(list, count, &a, 2), 1);
    assert_int_equal(watch_listener_of(list, count, &a, 3), 0);
}

static void test_mapped(void **state)
{
    (void)state;
    union diag_addr from = { .v6 = { .sin6_family = AF_INET6, .sin6_port = htons(80) } };
    struct addr to, plain = addr("192.0.2.1", 80);
    assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.1", &from.v6.sin6_addr), 1);
    watch_addr_set(&to, &from);
    assert_int_equal(watch_addr_compare(&to, &plain), 0);
}

static bool is_target(const char *text, int i)
{
    struct watch_target t;
    const char *why = "";
    assert_true(watch_target_read(text, &t, &why));
    return watch_is_target(&t, list, count, i);
}

static void test_targets(void **state)
{
    (void)state;
    add("0.0.0.0", 80);
    add("127.0.0.1", 80);
    add("::1", 81);
    assert_true(is_target(":80", 0) && is_target(":80", 1));
    assert_false(is_target(":80", 2));
    assert_true(is_target("127.0.0.1:80", 1));
    assert_false(is_target("127.0.0.1:80", 0));
    assert_true(is_target("127.0.0.1", 0) && is_target("127.0.0.1", 1));
    assert_true(is_target("::1", 2) && is_target("[::1]", 2) && is_target("[::1]:81", 2));
    assert_false(is_target("192.0.2.1", 1));
}

static void test_no_targets(void **state)
{
    (void)state;
    static const char *const texts[] = { "",       "0",    "99999999999", "nginx",   ":0",
                                         ":port:", "[::1", "unix:/x",     "1.2.3.4:" };
    struct watch_target t;
    const char *why;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        why = NULL;
        assert_false(watch_target_read(texts[i], &t, &why));
        assert_non_null(why);
    }
    assert_true(watch_target_read("1234", &t, &why));
    assert_int_equal(t.aim, WATCH_PID);
    assert_int_equal(t.pid, 1234);
}

/* ---- the order ---- */

static struct watch_picture p = { .listener = list, .listeners = 3 };
static struct watch_order_room room;

static int set_up(void **state)
{
    empty(state);
    for (int i = 0; i < 3; i++)
        add("127.0.0.1", (uint16_t)(80 + i))->fullest_queue_max = 100;
    strcpy(list[0].who, "20 nginx");
    strcpy(list[0].holder.command, "nginx");
    strcpy(list[1].who, "10 apache");
    strcpy(list[1].holder.command, "apache");
    strcpy(list[2].who, "user www-data");
    strcpy(list[2].holder.user, "www-data");
    watch_order_init(&room, &mem_default);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    watch_order_done(&room);
    return 0;
}

static void expect_order(enum watch_sort key, const char *filter, int n, const int *wanted)
{
    const struct watch_choice choice = { .listeners = key, .filter = filter };
    struct watch_order order;
    assert_true(watch_order_make(&room, &p, &choice, &order));
    assert_int_equal(order.listeners_n, n);
    for (int i = 0; i < n; i++)
        assert_int_equal(order.listeners[i], wanted[i]);
}

static void test_order(void **state)
{
    (void)state;
    list[1].fullest_queue = 90;
    list[2].fullest_queue = 3;
    list[2].dropped = 1;
    list[0].conns.states[DIAG_ESTABLISHED] = 5;
    list[1].conns.states[DIAG_ESTABLISHED] = 7;
    expect_order(WATCH_BY_ADDRESS, "", 3, (int[]){ 0, 1, 2 });
    expect_order(WATCH_BY_PROCESS, "", 3, (int[]){ 2, 1, 0 });
    expect_order(WATCH_BY_QUEUE, "", 3, (int[]){ 1, 2, 0 });
    expect_order(WATCH_BY_TROUBLE, "", 3, (int[]){ 2, 1, 0 });
    expect_order(WATCH_BY_ESTABLISHED, "", 3, (int[]){ 1, 0, 2 });
    expect_order(WATCH_BY_TIME_WAIT, "", 3, (int[]){ 0, 1, 2 });
}

static void test_filter(void **state)
{
    (void)state;
    expect_order(WATCH_BY_ADDRESS, "NGINX", 1, (int[]){ 0 });
    expect_order(WATCH_BY_ADDRESS, "www", 1, (int[]){ 2 });
    expect_order(WATCH_BY_ADDRESS, ":8", 3, (int[]){ 0, 1, 2 });
    expect_order(WATCH_BY_ADDRESS, "none", 0, NULL);
}

static int conns_by(const struct watch_picture *of, enum watch_sort key, const char *filter,
                    struct watch_order *ret)
{
    const struct watch_choice choice = { .conns = key, .filter = filter };
    assert_true(watch_order_make(&room, of, &choice, ret));
    return ret->conns_n;
}

static void test_order_of_connections(void **state)
{
    (void)state;
    static struct watch_conn conns[4];
    static struct watch_picture of = { .conn = conns, .conns = 4 };
    struct watch_order order;
    for (int i = 0; i < 4; i++)
        conns[i].peer = addr(i == 3 ? "127.0.0.9" : "127.0.0.1", (uint16_t)(1003 - i));
    conns[0].state = DIAG_TIME_WAIT;
    conns[1].state = conns[3].state = DIAG_ESTABLISHED;
    conns[1].unsent = 9;
    conns[2].state = DIAG_CLOSE_WAIT;
    conns[3].unread = 1;
    conns[3].quiet = 2 * STOA_SEC;
    assert_int_equal(conns_by(&of, WATCH_BY_TROUBLE, "", &order), 4);
    assert_memory_equal(order.conns, ((int[]){ 3, 2, 1, 0 }), 4 * sizeof(int));
    assert_int_equal(conns_by(&of, WATCH_BY_PROCESS, "", &order), 4);
    assert_memory_equal(order.conns, ((int[]){ 2, 1, 0, 3 }), 4 * sizeof(int)); /* by peer */
    assert_int_equal(conns_by(&of, WATCH_BY_UNSENT, "", &order), 4);
    assert_int_equal(order.conns[0], 1);
    assert_int_equal(conns_by(&of, WATCH_BY_AGE, "established", &order), 2);
    assert_int_equal(order.conns[0], 3);
    assert_int_equal(conns_by(&of, WATCH_BY_AGE, "127.0.0.9", &order), 1);
}

/* The room grows with the pictures; where there is none, nothing is shown. */
static void test_room(void **state)
{
    (void)state;
    struct failing f;
    struct watch_order_room small;
    struct watch_order order;
    const struct watch_choice choice = { .listeners = WATCH_BY_ADDRESS, .filter = "" };
    failing_init(&f);
    watch_order_init(&small, &f.mem);
    p.listeners = 0;
    assert_true(watch_order_make(&small, &p, &choice, &order));
    assert_int_equal(order.listeners_n, 0);
    p.listeners = 3;
    assert_true(watch_order_make(&small, &p, &choice, &order));
    assert_int_equal(order.listeners_n, 3);
    watch_order_done(&small);
    for (f.fails_at = 1; f.fails_at <= 2; f.fails_at++) {
        f.calls = 0;
        assert_false(watch_order_make(&small, &p, &choice, &order));
        assert_int_equal(order.listeners_n + order.conns_n, 0);
        watch_order_done(&small);
    }
    assert_int_equal(f.live, 0);
}

static void test_keys(void **state)
{
    (void)state;
    enum watch_sort key;
    for (int i = 0; i < WATCH_SORTS; i++) {
        assert_true(watch_sort_find(watch_sort_name((enum watch_sort)i), &key));
        assert_int_equal(key, i);
    }
    assert_false(watch_sort_find("que", &key));
}

/* ---- words ---- */

static void test_words(void **state)
{
    (void)state;
    char buf[WATCH_WORD_BYTES];
    assert_string_equal(watch_count(buf, 999), "999");
    assert_string_equal(watch_count(buf, 12345), "12,345");
    assert_string_equal(watch_count(buf, 1234567), "1.2M");
    assert_string_equal(watch_count(buf, UINT64_MAX), "18446744073.7G");
    assert_string_equal(watch_bytes(buf, 0), "0 B");
    assert_string_equal(watch_bytes(buf, 1258291), "1.1 MiB");
    assert_string_equal(watch_rate(buf, WATCH_UNKNOWN), "-");
    assert_string_equal(watch_rate(buf, 0), "0/s");
    assert_string_equal(watch_rate(buf, 0.26), "0.3/s");
    assert_string_equal(watch_rate(buf, 12345), "12,345/s");
    assert_string_equal(watch_span(buf, WATCH_UNKNOWN), "-");
    assert_string_equal(watch_span(buf, 40 * STOA_US), "40 us");
    assert_string_equal(watch_span(buf, 3140 * STOA_US), "3.1 ms");
    assert_string_equal(watch_span(buf, 999400 * STOA_US), "999 ms");
    assert_string_equal(watch_span(buf, 999600 * STOA_US), "1.0 s");
    assert_string_equal(watch_span(buf, 12 * STOA_SEC), "12 s");
    assert_string_equal(watch_span(buf, 180 * STOA_SEC), "3 min");
    assert_string_equal(watch_span(buf, INT64_MAX), "106752 d");
}

static void test_words_of_a_listener(void **state)
{
    (void)state;
    char buf[WATCH_WORD_BYTES];
    struct watch_listener l = { .sockets = 1, .fullest_queue = 3, .fullest_queue_max = 128 };
    assert_string_equal(watch_queue(buf, &l), "3/128");
    l.sockets = 4;
    assert_string_equal(watch_queue(buf, &l), "3/128 of 4");
    struct watch_conns c = { .close_wait_least = WATCH_UNKNOWN, .close_wait_most = WATCH_UNKNOWN };
    assert_string_equal(watch_close_wait_age(buf, &c), "-");
    c.close_wait_least = STOA_SEC;
    c.close_wait_most = 180 * STOA_SEC;
    assert_string_equal(watch_close_wait_age(buf, &c), "< 3 min");
    c.close_wait_least = 150 * STOA_SEC;
    assert_string_equal(watch_close_wait_age(buf, &c), "2 min");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_the_most_specific, empty),
        cmocka_unit_test_setup(test_v6_only, empty),
        cmocka_unit_test_setup(test_interfaces, empty),
        cmocka_unit_test(test_mapped),
        cmocka_unit_test_setup(test_targets, empty),
        cmocka_unit_test(test_no_targets),
        cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_filter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_order_of_connections, set_up, tear_down),
        cmocka_unit_test_setup(test_room, set_up),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_words_of_a_listener),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
