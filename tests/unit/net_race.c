/* The race of addresses on a kernel that does as it is told, in virtual time: who begins when, who
 * wins, what becomes of the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/race.h"
#include "support/flaky.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/tcp.h>
#include <string.h>

enum { MAX = 6, FD_FIRST = 100 };

/* What becomes of an attempt, `after` it began; STOA_NEVER = nothing. */
struct plan {
    stoa_time after;
    int err; /* 0 = it connects */
    bool at_once;
    bool itself; /* it connects to its own end */
    int soft;    /* an ICMP message that does not end it comes at once; 0 = none */
    bool torn;   /* that message ends it, between the questions for its state and its error */
};

static struct {
    struct io io;
    struct io_ops ops;
    struct io_sys sys;
    struct core core;
    struct flaky mem;
    stoa_time now;
    const struct plan *plans;
    stoa_time begun[MAX]; /* relative to the first; -1 = not */
    stoa_time end[MAX];
    bool open[MAX];
    int asked_way; /* how often the routing table */
    int recverr[MAX];
    bool told_soft[MAX];
    bool asked_error[MAX]; /* SO_ERROR, since the last look into the queue */
    int count;
    struct list ops_list;
    struct job job;
    stoa_fn *fn;
    bool ended;
} f;

static int index_of(int fd)
{
    assert_in_range(fd, FD_FIRST, FD_FIRST + MAX - 1);
    return fd - FD_FIRST;
}

static bool is_due(int i)
{
    return f.now >= f.end[i];
}

static int sys_socket(const struct io_sys *s, int family, int type, int protocol)
{
    (void)s, (void)type, (void)protocol;
    if (family == AF_NETLINK) {
        assert_int_equal(f.now - f.begun[0], SILENCE_AFTER);
        f.asked_way++;
        return -EAFNOSUPPORT;
    }
    int i = f.count++;
    f.open[i] = true;
    f.begun[i] = f.now;
    f.end[i] = f.plans[i].after == STOA_NEVER ? STOA_NEVER : f.now + f.plans[i].after;
    return FD_FIRST + i;
}

static int sys_connect(const struct io_sys *s, int fd, const struct sockaddr *a, socklen_t n)
{
    (void)s, (void)a, (void)n;
    return f.plans[index_of(fd)].at_once ? f.plans[index_of(fd)].err : -EINPROGRESS;
}

static int sys_set(const struct io_sys *s, int fd, int level, int name, const void *v, socklen_t n)
{
    (void)s, (void)n;
    int i = index_of(fd);
    assert_int_equal(level, IPPROTO_IP);
    assert_int_equal(name, IP_RECVERR);
    f.recverr[i] = *(const int *)v;
    return 0;
}

static int sys_get(const struct io_sys *s, int fd, int level, int name, void *v, socklen_t *n)
{
    (void)s, (void)n;
    int i = index_of(fd);
    if (level == SOL_SOCKET && name == SO_ERROR) {
        bool ends = f.plans[i].torn && !f.asked_error[i];
        *(int *)v = (is_due(i) && !f.plans[i].torn) || ends ? -f.plans[i].err : 0; /* torn: once */
        f.end[i] = ends ? f.now : f.end[i];
        f.asked_error[i] = true;
    } else
        ((struct tcp_info *)v)->tcpi_state = !is_due(i)           ? TCP_SYN_SENT
                                             : f.plans[i].err < 0 ? TCP_CLOSE
                                                                  : TCP_ESTABLISHED;
    return 0;
}

/* Of both ends. */
static int sys_name(const struct io_sys *s, int fd, struct sockaddr_storage *a, socklen_t *n)
{
    (void)s;
    if (!f.plans[index_of(fd)].itself)
        return -ENOTCONN;
    struct sockaddr_in same = { .sin_family = AF_INET, .sin_port = htons(4000) };
    memcpy(a, &same, sizeof same);
    *n = sizeof same;
    return 0;
}

static bool has_soft(int i)
{
    return f.plans[i].soft && !f.told_soft[i];
}

static ssize_t sys_receive(const struct io_sys *s, int fd, struct msghdr *m, int flags)
{
    (void)s;
    int i = index_of(fd);
    assert_int_equal(flags, MSG_ERRQUEUE);
    assert_true(f.asked_error[i]); /* before: draining the queue clears it */
    if (!has_soft(i))
        return -EAGAIN;
    f.told_soft[i] = true;
    struct {
        struct sock_extended_err e;
        struct sockaddr_in by;
    } told = { { .ee_origin = SO_EE_ORIGIN_ICMP,
                 .ee_type = 3,
                 .ee_code = 1,
                 .ee_errno = (uint32_t)-f.plans[i].soft },
               { .sin_family = AF_INET } };
    struct cmsghdr *c = CMSG_FIRSTHDR(m);
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_RECVERR;
    c->cmsg_len = CMSG_LEN(sizeof told);
    memcpy(CMSG_DATA(c), &told, sizeof told);
    m->msg_controllen = CMSG_SPACE(sizeof told);
    return 0;
}

static int sys_open_path(const struct io_sys *s, const char *path, int flags)
{
    (void)s, (void)path, (void)flags;
    return -ENOENT;
}

static int sys_close(const struct io_sys *s, int fd)
{
    (void)s;
    assert_true(f.open[index_of(fd)]);
    f.open[index_of(fd)] = false;
    return 0;
}

static struct io_clock sys_clock(const struct io_sys *s)
{
    (void)s;
    return (struct io_clock){ f.now, f.now };
}

static int op_submit(struct io *io, struct io_op *op)
{
    (void)io;
    op->state = 1;
    list_push_back(&f.ops_list, &op->node);
    return 0;
}

static void op_cancel(struct io *io, struct io_op *op)
{
    (void)io;
    op->state = 2;
}

static int op_wait(struct io *io, stoa_time until)
{
    list_each (node, &f.ops_list) {
        struct io_op *op = list_owner(node, struct io_op, node);
        int i = index_of(op->fd);
        stoa_time end = op->state == 2 || has_soft(i) ? f.now : f.end[i];
        until = end < until ? end : until;
    }
    assert_true(until < STOA_NEVER); /* it would wait for ever */
    f.now = until > f.now ? until : f.now;
    io->now.mono_ns = f.now;
    list_each (node, &f.ops_list) {
        struct io_op *op = list_owner(node, struct io_op, node);
        bool cancelled = op->state == 2;
        int i = index_of(op->fd);
        if (!cancelled && !is_due(i) && !has_soft(i))
            continue;
        list_unlink(node);
        op->state = 0;
        op->done(op, cancelled ? -ECANCELED : 0, NULL);
    }
    return 0;
}

static void op_wake(struct io *io)
{
    (void)io;
}

static void ended(void *arg, int result)
{
    (void)arg;
    assert_int_equal(result, 0);
    f.ended = true;
}

static void start(struct job *j)
{
    (void)j;
    assert_int_equal(task_start(&f.core.sched, f.fn, NULL, ended), 0);
}

static void run(const struct plan *plans, stoa_fn *fn)
{
    memset(&f, 0, sizeof f);
    f.sys = (struct io_sys){ .socket = sys_socket,
                             .connect = sys_connect,
                             .set_option = sys_set,
                             .get_option = sys_get,
                             .local_name = sys_name,
                             .peer_name = sys_name,
                             .receive = sys_receive,
                             .open_path = sys_open_path,
                             .close = sys_close,
                             .clock = sys_clock };
    f.ops = (struct io_ops){
        .name = "fake", .submit = op_submit, .cancel = op_cancel, .wait = op_wait, .wake = op_wake
    };
    f.io = (struct io){ .ops = &f.ops, .sys = &f.sys };
    f.now = 1000 * STOA_SEC;
    f.plans = plans;
    f.fn = fn;
    memset(f.begun, 0xff, sizeof f.begun);
    list_init(&f.ops_list);
    flaky_init(&f.mem, -1);
    assert_int_equal(core_open(&f.core, &(struct core_options){ .io = &f.io, .mem = &f.mem.mem }),
                     0);
    job_init(&f.job, start);
    sched_post(&f.core.sched, &f.job);
    while (!f.ended)
        assert_int_equal(core_turn(&f.core), 0);
    core_close(&f.core);
    assert_int_equal(f.mem.bytes, 0);
}

/* ---- the race ---- */

static struct attempt attempts[MAX];
static struct silence silence;
static int count, won;

static int race(stoa_task *t, void *arg)
{
    (void)arg;
    memset(attempts, 0, sizeof attempts);
    memset(&silence, 0, sizeof silence);
    for (int i = 0; i < count; i++) {
        attempts[i].to = (struct addr){ .len = sizeof(struct sockaddr_in), .family = AF_INET };
        attempts[i].socktype = SOCK_STREAM;
    }
    won = race_run(t, attempts, count, &silence);
    for (int i = 0; i < MAX; i++)
        assert_int_equal(f.open[i], i == won);
    if (won >= 0)
        assert_int_equal(f.recverr[won], 0); /* or later errors would break it */
    return 0;
}

static int race_for_a_second(stoa_task *t, void *arg)
{
    stoa_deadline(t, stoa_now(t) + STOA_SEC);
    return race(t, arg);
}

/* When the i-th began, in ms after the first; -1 = not. */
static long began(int i)
{
    return f.begun[i] < 0 ? -1 : (f.begun[i] - f.begun[0]) / STOA_MS;
}

static void test_first_is_quick(void **state)
{
    (void)state;
    count = 2;
    run((struct plan[]){ { .after = 249 * STOA_MS }, { .after = STOA_NEVER } }, race);
    assert_int_equal(won, 0);
    assert_int_equal(f.asked_way, 0);
    assert_int_equal(began(1), -1);
    assert_int_equal(attempts[1].state, ATTEMPT_UNTRIED);
}

static void test_stagger(void **state)
{
    (void)state;
    count = 4;
    run((struct plan[]){ { .after = STOA_NEVER },
                         { .after = STOA_NEVER },
                         { .after = 10 * STOA_MS },
                         { .after = 0 } },
        race);
    assert_int_equal(won, 2);
    assert_int_equal(began(1), 250);
    assert_int_equal(began(2), 500);
    assert_int_equal(began(3), -1);
    assert_int_equal(f.asked_way, 3); /* at that moment, of all that are silent then */
    assert_int_equal(attempts[0].err, -ECANCELED);
    assert_int_equal(attempts[1].err, -ECANCELED);
    assert_int_equal(attempts[2].err, 0);
}

static void test_failure_makes_room(void **state)
{
    (void)state;
    count = 3;
    run((struct plan[]){ { .after = 30 * STOA_MS, .err = -ECONNREFUSED },
                         { .err = -ENETUNREACH, .at_once = true },
                         { .after = 5 * STOA_MS } },
        race);
    assert_int_equal(won, 2);
    assert_int_equal(began(1), 30);
    assert_int_equal(began(2), 30);
    assert_int_equal(attempts[0].err, -ECONNREFUSED);
    assert_false(attempts[0].at_once);
    assert_int_equal(attempts[1].err, -ENETUNREACH);
    assert_true(attempts[1].at_once);
}

static void test_slow_one_may_still_win(void **state)
{
    (void)state;
    count = 2;
    run((struct plan[]){ { .after = 300 * STOA_MS }, { .after = 300 * STOA_MS } }, race);
    assert_int_equal(won, 0);
    assert_int_equal(began(1), 250);
    assert_int_equal(attempts[1].err, -ECANCELED);
    assert_false(silence.begun);
}

static void test_all_fail(void **state)
{
    (void)state;
    count = 2;
    run((struct plan[]){ { .after = STOA_SEC, .err = -EHOSTUNREACH },
                         { .after = 2 * STOA_SEC, .err = -ETIMEDOUT } },
        race);
    assert_int_equal(won, -ENOENT);
    assert_int_equal(attempts[0].err, -EHOSTUNREACH);
    assert_int_equal(attempts[1].err, -ETIMEDOUT);
    assert_true(silence.begun);
}

static void test_deadline(void **state)
{
    (void)state;
    count = 6;
    run((struct plan[]){ { .after = 100 * STOA_MS, .err = -ECONNREFUSED },
                         { .after = STOA_NEVER },
                         { .after = STOA_NEVER },
                         { .after = STOA_NEVER },
                         { .after = STOA_NEVER },
                         { .after = STOA_NEVER } },
        race_for_a_second);
    assert_int_equal(won, -ETIMEDOUT);
    assert_int_equal(began(4), 850);
    assert_int_equal(began(5), -1);
    assert_int_equal(attempts[0].err, -ECONNREFUSED);
    for (int i = 1; i <= 4; i++)
        assert_int_equal(attempts[i].err, -ETIMEDOUT);
    assert_int_equal(attempts[5].state, ATTEMPT_UNTRIED);
    assert_int_equal(f.now, f.begun[0] + STOA_SEC);
}

/* ---- one attempt ---- */

static void test_soft_error(void **state)
{
    (void)state;
    count = 1;
    run((struct plan[]){ { .after = 100 * STOA_MS, .soft = -EHOSTUNREACH } }, race);
    assert_int_equal(won, 0);
    assert_int_equal(attempts[0].soft.err, -EHOSTUNREACH);
    assert_int_equal(attempts[0].soft_at, attempts[0].began);
    assert_int_equal(attempts[0].ended - attempts[0].began, 100 * STOA_MS);

    run((struct plan[]){ { .after = STOA_NEVER, .soft = -EHOSTUNREACH } }, race_for_a_second);
    assert_int_equal(won, -ETIMEDOUT);
    assert_int_equal(attempts[0].err, -ETIMEDOUT);
    assert_int_equal(attempts[0].soft.err, -EHOSTUNREACH);
    assert_int_equal(attempts[0].icmp.family, 0);
}

static void test_ends_while_it_is_asked(void **state)
{
    (void)state;
    count = 1;
    run((struct plan[]){ { STOA_NEVER, -EHOSTUNREACH, .soft = -EHOSTUNREACH, .torn = true } },
        race);
    assert_int_equal(won, -ENOENT);
    assert_int_equal(attempts[0].err, -EHOSTUNREACH);
    assert_int_equal(attempts[0].icmp.err, -EHOSTUNREACH);
    assert_int_equal(attempts[0].soft.family, 0);
}

static void test_to_itself(void **state)
{
    (void)state;
    count = 2;
    run((struct plan[]){ { .after = STOA_MS, .itself = true }, { .after = STOA_MS } }, race);
    assert_int_equal(won, 1);
    assert_true(attempts[0].to_itself);
    assert_int_equal(attempts[0].err, -ECONNREFUSED);
}

/* ---- the order ---- */

static void expect_order(const char *before, const char *after)
{
    struct addr list[MAX];
    int n = (int)strlen(before);
    memset(list, 0, sizeof list);
    for (int i = 0; i < n; i++) {
        list[i].family = before[i] < 'a' ? AF_INET6 : AF_INET;
        list[i].len = (socklen_t)before[i];
    }
    race_order(list, n);
    for (int i = 0; i < n; i++)
        assert_int_equal(list[i].len, after[i]);
}

/* Capitals are IPv6. */
static void test_order(void **state)
{
    (void)state;
    expect_order("", "");
    expect_order("a", "a");
    expect_order("abc", "abc");
    expect_order("ABcd", "AcBd");
    expect_order("ABCdef", "AdBeCf");
    expect_order("abCD", "aCbD");
    expect_order("ABCd", "AdBC");
    expect_order("AbcD", "AbDc");
    expect_order("aBCDE", "aBCDE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_is_quick),     cmocka_unit_test(test_stagger),
        cmocka_unit_test(test_failure_makes_room), cmocka_unit_test(test_slow_one_may_still_win),
        cmocka_unit_test(test_all_fail),           cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_soft_error),         cmocka_unit_test(test_ends_while_it_is_asked),
        cmocka_unit_test(test_to_itself),          cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
