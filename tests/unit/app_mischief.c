/* Faults on purpose: the table, arguments, and, on a fake clock, those that are about time. What the
 * others send is in tests/e2e/faults.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/mischief_serve.h"
#include "support/fake.h"

#include <errno.h>
#include <string.h>

#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define FINE                                                                                       \
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 21\r\n\r\nThis reply is "      \
    "whole.\n"

/* ---- the table ---- */

static void test_table(void **state)
{
    (void)state;
    int count;
    const struct mischief_kind *kinds = mischief_kinds(&count);
    assert_true(count >= 24);
    assert_non_null(kinds[0].group);
    for (int i = 0; i < count; i++) {
        const struct mischief_kind *k = &kinds[i];
        assert_ptr_equal(mischief_find(str_of(k->name)), k); /* no name twice */
        assert_true(k->does && k->client);
        assert_false(str_ends(str_of(k->does), STR(".")));
        assert_true(str_ends(str_of(k->client), STR(".")));
        assert_int_equal(k->arg == MISCHIEF_MS, k->second.when == MISCHIEF_AFTER_MS);
        assert_int_equal(k->arg == MISCHIEF_BYTES_PER_S, k->second.when == MISCHIEF_AT_RATE);
        assert_true(k->second.when != MISCHIEF_FOR_EVER || k->second.bytes.n > 0);
        bool acts = k->first.when != MISCHIEF_NO_STEP || k->arg == MISCHIEF_COUNT;
        assert_true(acts || k->accepts_none);
    }
    assert_null(mischief_find(STR("")));
    assert_null(mischief_find(STR("list")));
    assert_true(str_eq(mischief_fine_reply, STR(FINE)));
}

static const struct {
    const char *name, *arg; /* NULL = none */
    int64_t value;          /* -1 = refused */
} args[] = {
    { "cut-body", NULL, 0 },
    { "cut-body", "", -1 },
    { "cut-body", "1", -1 },
    { "stall", NULL, 0 },
    { "stall", "1", 1 },
    { "stall", "007", 7 },
    { "stall", "250ms", 250 },
    { "stall", "2s", 2000 },
    { "stall", "1440m", 86400000 },
    { "stall", "1441m", -1 },
    { "stall", "86400000", 86400000 },
    { "stall", "86400001", -1 },
    { "stall", "9999999999m", -1 },
    { "stall", "99999999999", -1 },
    { "stall", "0", -1 },
    { "stall", "", -1 },
    { "stall", "ms", -1 },
    { "stall", "1h", -1 },
    { "stall", "1 ", -1 },
    { "stall", "-1", -1 },
    { "stall", "0.5s", -1 },
    { "slow", NULL, -1 },
    { "slow", "1", 1 },
    { "slow", "64K", 65536 },
    { "slow", "1024M", 1 << 30 },
    { "slow", "1025M", -1 },
    { "slow", "1k", -1 },
    { "refuse-after", NULL, -1 },
    { "refuse-after", "1", 1 },
    { "refuse-after", "1000000", 1000000 },
    { "refuse-after", "1000001", -1 },
    { "refuse-after", "1K", -1 },
};

static void test_arguments(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof args / sizeof *args; i++) {
        const char *want = NULL;
        uint64_t v = 12345;
        int r =
            mischief_read_arg(mischief_find(str_of(args[i].name)), str_of(args[i].arg), &v, &want);
        assert_int_equal(r, args[i].value < 0 ? -EINVAL : 0);
        assert_int_equal(v, args[i].value < 0 ? 12345 : args[i].value);
        assert_int_equal(want != NULL, r < 0);
    }
}

static void test_usage(void **state)
{
    (void)state;
    static const char *const rows[][2] = { { "stall", "stall[=MS]" },
                                           { "slow", "slow=BYTES_PER_S" },
                                           { "refuse-after", "refuse-after=N" },
                                           { "cut-body", "cut-body" } };
    char text[MISCHIEF_USAGE_BYTES];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(mischief_usage(mischief_find(str_of(rows[i][0])), text), rows[i][1]);
}

/* ---- requests ---- */

/* Part of a trailer line is not used before it is whole: it must not be asked for again and again. */
static void test_chunks_in_pieces(void **state)
{
    (void)state;
    static const char body[] = "5;x=y\r\nhello\r\n0\r\nX-Trailer: y\r\n\r\n";
    for (size_t cut = 1; cut < sizeof body - 1; cut++) {
        struct fake f;
        struct mischief m = { mischief_find(STR("no-continue")), 0 };
        struct listener_options l = mischief_listening(&m, MISCHIEF_HTTP, 0);
        fake_open(&f, &(struct fake_options){ .listening = &l });
        int p = fake_connect(&f);
        fake_text(&f, p, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        fake_send(&f, p, body, cut);
        fake_run(&f);
        fake_expect(&f, p, "");
        fake_send(&f, p, body + cut, sizeof body - 1 - cut);
        fake_run(&f);
        fake_expect(&f, p, FINE);
        fake_close(&f, 0);
    }
}

/* ---- time ---- */

static int begin(struct fake *f, struct mischief *m, const char *name, uint64_t arg)
{
    *m = (struct mischief){ mischief_find(str_of(name)), arg };
    struct listener_options l = mischief_listening(m, MISCHIEF_HTTP, 0);
    fake_open(f, &(struct fake_options){ .listening = &l });
    int p = fake_connect(f);
    fake_text(f, p, GET);
    fake_run(f);
    return p;
}

static void test_stall(void **state)
{
    (void)state;
    struct fake f;
    struct mischief m;
    int p = begin(&f, &m, "stall", 1500);
    for (int i = 0; i < 2; i++) {
        fake_wait(&f, 1500 * STOA_MS - 1);
        fake_expect(&f, p, "");
        fake_wait(&f, 1);
        fake_expect(&f, p, FINE);
        fake_text(&f, p, GET);
        fake_run(&f);
    }
    f.service->ops->drain(f.service, &f.core);
    f.service->ops->cut(f.service, &f.core);
    fake_run(&f);
    assert_true(f.peers[p].hard && f.peers[p].closed);
    fake_expect(&f, p, "");
    assert_int_equal(f.lines, 3); /* each time that it was meant, and no failure */
    f.core.stopping = true;
    fake_close(&f, 0);
}

/* n bytes of the line that repeats itself. */
static void expect_line(struct fake *f, int p, size_t from, size_t n)
{
    static const char line[] =
        "Slowly, slowly, and not one byte faster: this line repeats itself.\n";
    char text[257];
    for (size_t i = 0; i < n; i++)
        text[i] = line[(from + i) % (sizeof line - 1)];
    text[n] = 0;
    fake_expect(f, p, text);
}

static void test_slow(void **state)
{
    (void)state;
    struct fake f;
    struct mischief m;
    int p = begin(&f, &m, "slow", 100);
    fake_expect(&f, p,
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 65536\r\n\r\n"
                "Slowly, sl");
    fake_wait(&f, 100 * STOA_MS - 1);
    fake_expect(&f, p, "");
    fake_wait(&f, 1);
    fake_expect(&f, p, "owly, and ");
    fake_wait(&f, STOA_SEC);
    fake_expect(&f, p,
                "not one byte faster: this line repeats itself.\n"
                "Slowly, slowly, and not one byte faster: this line re");
    fake_wait(&f, 652 * STOA_SEC);
    f.peers[p].out_n = 0;
    fake_wait(&f, STOA_SEC);
    expect_line(&f, p, 10 * 6532, 100);
    fake_wait(&f, 3600 * STOA_SEC);
    expect_line(&f, p, 10 * 6542, 65536 - 10 * 6542);
    fake_text(&f, p, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    fake_wait(&f, 700 * STOA_SEC);
    assert_true(f.peers[p].shut);
    fake_close(&f, 0);
}

static void test_slowest(void **state)
{
    (void)state;
    struct fake f;
    struct mischief m;
    int p = begin(&f, &m, "slow", 2);
    f.peers[p].out_n = 0;
    fake_wait(&f, STOA_SEC / 2 - 1);
    fake_expect(&f, p, "");
    fake_wait(&f, 1);
    fake_expect(&f, p, "l");
    fake_wait(&f, STOA_SEC);
    fake_expect(&f, p, "ow");
    fake_close(&f, 0);
}

static void test_silence_lasts_while_the_client_does(void **state)
{
    (void)state;
    static const int ends[] = { 0, -ECONNRESET };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct fake f;
        struct mischief m;
        int p = begin(&f, &m, "stall", 0);
        for (int day = 0; day < 10; day++) {
            fake_wait(&f, 86400 * STOA_SEC);
            fake_text(&f, p, GET);
            fake_run(&f);
            assert_null(f.peers[p].in);
        }
        fake_end(&f, p, ends[i]);
        fake_wait(&f, 60 * STOA_SEC - 1);
        assert_int_equal(f.peers[p].closed, ends[i] < 0);
        fake_wait(&f, 1);
        assert_true(f.peers[p].closed);
        fake_expect(&f, p, "");
        assert_int_equal(f.lines, 1);
        assert_non_null(strstr(f.said, "stall on purpose: connection from [::1]:80 to "));
        fake_close(&f, 0);
    }
}

static void test_deaf(void **state)
{
    (void)state;
    struct fake f;
    struct mischief m;
    int p = begin(&f, &m, "never-read", 0);
    fake_wait(&f, 600 * STOA_SEC - 1);
    assert_false(f.peers[p].closed);
    assert_non_null(f.peers[p].in);
    fake_wait(&f, 1);
    assert_true(f.peers[p].closed && f.peers[p].hard);
    fake_close(&f, 0);
}

/* A client that goes away from what never ends. */
static void test_endless(void **state)
{
    (void)state;
    struct fake f;
    struct mischief m = { mischief_find(STR("endless-1xx")), 0 };
    struct listener_options l = mischief_listening(&m, MISCHIEF_HTTP, 0);
    fake_open(&f, &(struct fake_options){ .listening = &l });
    int p = fake_connect(&f);
    f.peers[p].room = 40;
    fake_text(&f, p, GET);
    fake_wait(&f, 86400 * STOA_SEC);
    fake_expect(&f, p, "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 102 ");
    fake_end(&f, p, -ECONNRESET);
    f.peers[p].room = 1;
    fake_run(&f);
    assert_true(f.peers[p].closed);
    fake_close(&f, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),   cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_usage),   cmocka_unit_test(test_chunks_in_pieces),
        cmocka_unit_test(test_stall),   cmocka_unit_test(test_slow),
        cmocka_unit_test(test_slowest), cmocka_unit_test(test_silence_lasts_while_the_client_does),
        cmocka_unit_test(test_deaf),    cmocka_unit_test(test_endless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
