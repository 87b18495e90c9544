/* What keeps clients from a listener: each row of the table that was measured, and the queues of a
 * socket of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cause.h"
#include "probe/counters.h"
#include "probe/drops.h"
#include "probe/queues.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

struct row {
    const char *what;
    struct drops_look look;
    enum drops_verdict verdict;
};

/* { OVERFLOWS, SYN_FULL, COOKIES, LISTEN_ALL } */
static const struct row rows[] = {
    { "nothing", { 0, 4096, 0, 0, { 0 } }, DROPS_FINE },
    { "half full", { 2, 4, 0, 0, { 0 } }, DROPS_FINE },
    { "more than half", { 3, 4, 0, 0, { 0 } }, DROPS_QUEUE_FILLS },
    { "full, and nobody came since", { 5, 4, 0, 0, { 0 } }, DROPS_QUEUE_FILLS },
    { "backlog 0: one may wait", { 0, 0, 0, 0, { 0 } }, DROPS_FINE },
    { "backlog 0, one waits", { 1, 0, 0, 0, { 0 } }, DROPS_QUEUE_FILLS },
    { "somebody else's queue is full", { 1, 4, 0, 0, { 9, 0, 0, 9 } }, DROPS_FINE },
    { "a new SYN to a full queue", { 5, 4, 0, 1, { 1, 0, 0, 1 } }, DROPS_BY_QUEUE },
    { "a final ACK: two of our own count", { 5, 4, 3, 2, { 1, 0, 0, 1 } }, DROPS_BY_QUEUE },
    { "accepted meanwhile", { 0, 4, 0, 7, { 7, 0, 0, 7 } }, DROPS_BY_QUEUE },
    { "ACKs turned away fill the SYN queue", { 5, 4, 5, 9, { 4, 5, 0, 9 } }, DROPS_BY_QUEUE },
    { "cookies off", { 0, 8, 9, 31, { 0, 31, 0, 31 } }, DROPS_BY_SYN_QUEUE },
    { "cookies off, a small tcp_max_syn_backlog",
      { 0, 64, 13, 27, { 0, 0, 0, 27 } },
      DROPS_OF_SYNS },
    { "nobody counted them", { 0, 64, 0, 1, { 0 } }, DROPS_OF_SYNS },
    { "cookies on", { 0, 8, 9, 0, { 0, 0, 31, 0 } }, DROPS_BY_COOKIES },
    { "cookies on, and the accept queue full", { 9, 8, 9, 4, { 4, 0, 31, 4 } }, DROPS_BY_QUEUE },
    { "cookies always", { 0, 8, 0, 0, { 0, 0, 20, 0 } }, DROPS_FINE },
    { "somebody else's cookies", { 0, 8, 3, 0, { 0, 0, 20, 0 } }, DROPS_FINE },
    { "half-open ones", { 0, 8, 5, 0, { 0 } }, DROPS_SYN_QUEUE_FILLS },
    { "both fill", { 5, 8, 5, 0, { 0 } }, DROPS_QUEUE_FILLS },
};

static void test_verdicts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (drops_judge(&rows[i].look) != rows[i].verdict)
            fail_msg("%s: %d, not %d", rows[i].what, drops_judge(&rows[i].look), rows[i].verdict);
}

static void test_causes(void **state)
{
    (void)state;
    assert_null(drops_cause(DROPS_FINE));
    for (enum drops_verdict v = DROPS_FINE + 1; v < DROPS_VERDICTS; v++) {
        const struct stoa_cause *c = stoa_cause_find(drops_cause(v));
        assert_non_null(c);
        assert_int_equal(c->stage, STOA_STAGE_ACCEPT);
        assert_non_null(c->hint);
    }
}

static void test_counters_exist(void **state)
{
    (void)state;
    struct counter c[DROPS_COUNTERS] = { 0 };
    for (int i = 0; i < DROPS_COUNTERS; i++)
        c[i].name = drops_counter_names[i];
    assert_int_equal(counters_read(io_sys_kernel(), c, DROPS_COUNTERS), 0);
    for (int i = 0; i < DROPS_COUNTERS; i++)
        assert_true(c[i].is_known);
}

static void test_queue_of_a_socket(void **state)
{
    (void)state;
    enum { CLIENTS = 3, BACKLOG = 5 };
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof at;
    int clients[CLIENTS], fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct queues q;
    assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(fd, BACKLOG), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    for (int i = 0; i < CLIENTS; i++) {
        assert_int_equal(queues_read(io_sys_kernel(), fd, &q), 0);
        assert_int_equal(q.queue, i);
        assert_int_equal(q.queue_max, BACKLOG);
        assert_int_equal(q.drops, 0);
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(clients[i], (struct sockaddr *)&at, n), 0);
    }
    int taken = accept(fd, NULL, NULL);
    assert_true(taken >= 0);
    assert_int_equal(queues_read(io_sys_kernel(), fd, &q), 0);
    assert_int_equal(q.queue, CLIENTS - 1);
    for (int i = 0; i < CLIENTS; i++)
        close(clients[i]);
    close(taken);
    close(fd);
}

static void test_what_has_no_queue(void **state)
{
    (void)state;
    struct queues q = { 1, 2, 3 };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(queues_read(io_sys_kernel(), fd, &q), -EOPNOTSUPP);
    close(fd);
    assert_int_equal(queues_read(io_sys_kernel(), -1, &q), -EBADF);
    assert_int_equal(q.queue, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),          cmocka_unit_test(test_causes),
        cmocka_unit_test(test_counters_exist),    cmocka_unit_test(test_queue_of_a_socket),
        cmocka_unit_test(test_what_has_no_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
