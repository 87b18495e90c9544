/* What the kernel is asked about an accepted connection, and when: of each while there is something to
 * tell, of one a millisecond while all is calm; and what is known of the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/conn.h"
#include "support/fake.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>

static const uint64_t MS = 1000000;

static struct {
    uint32_t rtt_us, queued_ms, retries;
    int asked, err;
} kernel;
static struct fake f;
static uint64_t tick;

static int get_option(const struct io_sys *s, int fd, int level, int name, void *v, socklen_t *n)
{
    struct tcp_info info = { .tcpi_rtt = kernel.rtt_us,
                             .tcpi_last_data_sent = kernel.queued_ms,
                             .tcpi_total_retrans = (uint8_t)kernel.retries };
    (void)s, (void)fd;
    assert_true(level == IPPROTO_TCP && name == TCP_INFO);
    kernel.asked++;
    memcpy(v, &info, *n);
    return kernel.err;
}

static int serve(stoa_conn *c, void *arg)
{
    (void)c, (void)arg;
    return CONN_PARK;
}

static int set_up(void **state)
{
    (void)state;
    memset(&kernel, 0, sizeof kernel);
    kernel.rtt_us = 70;
    fake_open(&f, &(struct fake_options){ .serve = serve });
    f.sys.get_option = get_option;
    tick = (uint64_t)f.sys.tick(&f.sys);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_close(&f, 0);
    return 0;
}

/* A connection comes after that span. returns what the stage clock knows of it. */
static struct stoa_stage_conn *come(stoa_time after)
{
    f.clock += after;
    int p = fake_connect(&f);
    fake_run(&f);
    return &f.core.stage.conns[p].seen;
}

/* It was asked about, or not; and it waited for so long, in ticks and the rest. */
static void expect(const struct stoa_stage_conn *c, bool asked, uint64_t ticks, uint64_t rest)
{
    assert_int_equal(kernel.asked, asked);
    assert_int_equal(c->handshake, asked ? kernel.rtt_us * (uint64_t)1000 : 0);
    assert_int_equal(c->queue_most, ticks * tick + rest);
    kernel.asked = 0;
}

static void test_each_is_asked_about_when_few_come(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        expect(come(STOA_MS), true, 1, 0);
}

static void test_one_a_millisecond_is_asked_about_while_all_is_calm(void **state)
{
    (void)state;
    expect(come(0), true, 1, 0);
    expect(come(STOA_MS / 2), false, 1, MS / 2);
    expect(come(STOA_MS / 2 - 1), false, 1, MS - 1);
    expect(come(1), true, 1, 0);
    expect(come(0), false, 1, 0);
}

static void test_after_a_short_wait_the_bound_is_wider(void **state)
{
    (void)state;
    kernel.queued_ms = 20;
    expect(come(0), true, 1, 20 * MS);
    const struct stoa_stage_conn *c = come(STOA_MS / 2);
    expect(c, false, 1, 20 * MS + MS / 2);
    assert_int_equal(c->queue_least, 0);
}

static void test_each_is_asked_about_while_they_wait(void **state)
{
    (void)state;
    expect(come(0), true, 1, 0);
    kernel.queued_ms = 21;
    expect(come(STOA_MS), true, 1, 21 * MS);
    expect(come(0), true, 1, 21 * MS);
    kernel.queued_ms = 0;
    expect(come(0), true, 1, 0);
    expect(come(0), false, 1, 0);
}

static void test_each_is_asked_about_while_answers_are_sent_again(void **state)
{
    (void)state;
    kernel.retries = 1;
    assert_int_equal(come(0)->synack_retries, 1);
    assert_int_equal(come(0)->synack_retries, 1);
    assert_int_equal(kernel.asked, 2);
    kernel.retries = 0;
    kernel.asked = 0;
    expect(come(0), true, 1, 0);
    expect(come(0), false, 1, 0);
}

static void test_of_what_cannot_be_asked_nothing_is_known(void **state)
{
    (void)state;
    kernel.err = -EOPNOTSUPP;
    for (int i = 0; i < 3; i++) {
        const struct stoa_stage_conn *c = come(0);
        assert_true(c->handshake == 0 && c->queue_most == 0 && kernel.asked == i + 1);
    }
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_each_is_asked_about_when_few_come),
        CASE(test_one_a_millisecond_is_asked_about_while_all_is_calm),
        CASE(test_after_a_short_wait_the_bound_is_wider),
        CASE(test_each_is_asked_about_while_they_wait),
        CASE(test_each_is_asked_about_while_answers_are_sent_again),
        CASE(test_of_what_cannot_be_asked_nothing_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
