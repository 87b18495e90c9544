/* The states of a connection, moment by moment, on a fake kernel and clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/conn.h"
#include "net/record.h"
#include "net/stages.h"
#include "support/fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Sends back what is there, and does what its last letter says. */
static int obey(stoa_conn *c, void *arg)
{
    (void)arg;
    struct stoa_str s;
    int r = conn_fill(c, 0, 100, &s);
    if (r <= 0)
        return r;
    char letter = s.p[s.n - 1];
    struct iovec v = { (char *)s.p, s.n };
    conn_consume(c, s.n);
    r = conn_write(c, &v, 1, letter == 'h');
    if (r < 0)
        return r;
    switch (letter) {
    case 'c': return CONN_CLOSE;
    case 'h': /* as 'g', and the bytes may wait for the end */
    case 'g': return CONN_GONE;
    case 'f': return stoa_finish(c);
    case 'r': return -EIO;
    case 't': /* a failure that it gets over, and one that it does not */
        stoa_deadline(stoa_conn_task(c), 0);
        return conn_fill(c, 0, 1, &s) == -ETIMEDOUT ? -EIO : 0;
    default: return CONN_PARK;
    }
}

static void open_obey(struct fake *f)
{
    fake_open(f, &(struct fake_options){ .serve = obey });
}

static bool is_closed(const struct fake *f, int p)
{
    return f->peers[p].closed;
}

/* ---- how it begins and ends ---- */

static void test_one_request_arms_nothing(void **state)
{
    (void)state;
    struct fake f;
    open_obey(&f);
    int p = fake_connect(&f);
    fake_text(&f, p, "g"); /* it is there at accept, and the peer promised that it is the last */
    fake_turn(&f);
    fake_expect(&f, p, "g");
    assert_true(is_closed(&f, p) && !f.peers[p].shut && !f.peers[p].hard); /* in the same turn */
    fake_close(&f, 0);
}

static void test_promise_broken(void **state)
{
    (void)state;
    struct fake f;
    open_obey(&f);
    int p = fake_connect(&f);
    fake_text(&f, p, "g");
    fake_text(&f, p, "one more");
    fake_run(&f);
    assert_true(is_closed(&f, p)); /* nothing of it had been received */
    p = fake_connect(&f);
    fake_run(&f);
    fake_text(&f, p, "g");
    fake_text(&f, p, "one more"); /* this comes together with the first, and is unread */
    fake_run(&f);
    assert_true(f.peers[p].shut && !is_closed(&f, p));
    fake_end(&f, p, 0);
    fake_run(&f);
    assert_true(is_closed(&f, p));
    fake_close(&f, 0);
}

/* What was held back for the end goes out with it, even before a close that must wait for a receive,
 * or is a reset. */
static void test_end_goes_with_the_last_bytes(void **state)
{
    (void)state;
    struct fake f;
    open_obey(&f);
    int p = fake_connect(&f);
    fake_text(&f, p, "h");
    fake_turn(&f);
    fake_expect(&f, p, "h");
    assert_true(is_closed(&f, p) && f.peers[p].shut);
    p = fake_connect(&f);
    fake_text(&f, p, "h");
    fake_text(&f, p, "one more"); /* unread at the close */
    fake_run(&f);
    fake_expect(&f, p, "h");
    assert_true(is_closed(&f, p));
    p = fake_connect(&f);
    f.late_cancels = 2;
    fake_run(&f);
    fake_text(&f, p, "h");
    while (!f.peers[p].shut)
        fake_turn(&f);
    fake_expect(&f, p, "h");
    assert_true(!is_closed(&f, p) && fake_receives(&f, p));
    fake_run(&f);
    assert_true(is_closed(&f, p));
    fake_close(&f, 0);
}

static void test_gone_before_it_spoke(void **state)
{
    (void)state;
    struct fake f;
    open_obey(&f);
    for (int how = 0; how >= -ECONNRESET; how -= ECONNRESET) {
        int at_once = fake_connect(&f), later = fake_connect(&f);
        fake_end(&f, at_once, how);
        fake_run(&f);
        assert_true(is_closed(&f, at_once) && !is_closed(&f, later));
        fake_end(&f, later, how);
        fake_run(&f);
        assert_true(is_closed(&f, later));
    }
    assert_int_equal(f.lines, 0); /* nobody's failure */
    fake_close(&f, 0);
}

static void test_end_was_read_already(void **state)
{
    (void)state;
    struct fake f;
    open_obey(&f);
    int p = fake_connect(&f);
    fake_run(&f);
    fake_text(&f, p, "c");
    fake_end(&f, p, 0);
    fake_run(&f);
    fake_expect(&f, p, "c");
    assert_true(is_closed(&f, p) && !f.peers[p].shut); /* nothing to linger for */
    fake_close(&f, 0);
}

static void test_failure_resets(void **state)
{
    (void)state;
    struct fake f;
    open_obey(&f);
    for (int i = 0; i < 2; i++) {
        int p = fake_connect(&f);
        fake_run(&f);
        fake_text(&f, p, i == 0 ? "r" : "t");
        fake_run(&f);
        assert_true(is_closed(&f, p) && f.peers[p].hard);
        assert_int_equal(f.lines, i + 1);
        assert_string_equal(f.said, "connection from [::1]:80 to 0.0.0.0:80 reset: the handler "
                                    "failed: Input/output error (EIO)");
    }
    fake_close(&f, 0);
}

/* ---- lingering ---- */

static int linger_with(struct fake *f)
{
    int p = fake_connect(f);
    fake_text(f, p, "c");
    fake_run(f);
    fake_expect(f, p, "c");
    assert_true(f->peers[p].shut && !is_closed(f, p));
    return p;
}

static void test_linger(void **state)
{
    (void)state;
    struct fake f;
    open_obey(&f);
    int silent = linger_with(&f);
    fake_wait(&f, 2 * STOA_SEC - 1);
    assert_false(is_closed(&f, silent));
    fake_wait(&f, 1);
    assert_true(is_closed(&f, silent));
    int slow = linger_with(&f);
    for (int i = 0; i < 9; i++) {
        fake_text(&f, slow, "x");
        fake_wait(&f, STOA_SEC);
        assert_false(is_closed(&f, slow));
    }
    fake_text(&f, slow, "x");
    fake_wait(&f, STOA_SEC);
    assert_false(is_closed(&f, slow));
    fake_text(&f, slow, "x"); /* ten seconds are over */
    fake_run(&f);
    assert_true(is_closed(&f, slow));
    int fast = linger_with(&f);
    char *much = calloc(1, 64 * 1024);
    for (int i = 0; i < 16; i++)
        fake_send(&f, fast, much, 64 * 1024);
    fake_run(&f);
    assert_false(is_closed(&f, fast));
    fake_text(&f, fast, "x"); /* one more than a MiB */
    fake_run(&f);
    assert_true(is_closed(&f, fast));
    free(much);
    int finished = fake_connect(&f);
    fake_text(&f, finished, "f"); /* by the handler, before it returned */
    fake_run(&f);
    assert_true(f.peers[finished].shut && !is_closed(&f, finished));
    fake_end(&f, finished, -ECONNRESET);
    fake_run(&f);
    assert_true(is_closed(&f, finished));
    assert_int_equal(f.lines, 0);
    fake_close(&f, 0);
}

static void test_linger_cannot(void **state)
{
    (void)state;
    struct fake f;
    open_obey(&f);
    int p = fake_connect(&f);
    fake_text(&f, p, "c");
    f.submit_fails = -ENOMEM; /* the accept operation is under way: this is the receive */
    fake_run(&f);
    assert_true(is_closed(&f, p));
    fake_close(&f, 0);
}

/* ---- parked ---- */

static void test_park(void **state)
{
    (void)state;
    struct fake f;
    open_obey(&f);
    int p = fake_connect(&f);
    fake_run(&f);
    for (int i = 0; i < 3; i++) {
        fake_wait(&f, 59 * STOA_SEC);
        fake_text(&f, p, "p");
        fake_run(&f);
        fake_expect(&f, p, "p");
        assert_int_equal(f.core.sched.tasks, 0);
        assert_int_equal(f.chunks_out, 0);
    }
    fake_wait(&f, 60 * STOA_SEC - 1);
    assert_false(is_closed(&f, p));
    fake_wait(&f, 1);
    assert_true(is_closed(&f, p));
    p = fake_connect(&f);
    fake_text(&f, p, "p");
    f.submit_fails = -ENOMEM;
    fake_run(&f);
    assert_true(is_closed(&f, p)); /* it could not have heard any more */
    fake_close(&f, 0);
}

/* A request and the end of the idle time cross: the request is served. */
static void test_leave_race(void **state)
{
    (void)state;
    struct fake f;
    open_obey(&f);
    for (int late = 0; late <= 1; late++) {
        int p = fake_connect(&f);
        fake_run(&f);
        f.late_cancels = late;
        f.clock += 60 * STOA_SEC;
        fake_turn(&f); /* the time is over, receiving is being cancelled */
        assert_true(fake_receives(&f, p) && !is_closed(&f, p));
        fake_text(&f, p, "p"); /* late: comes before the end of it; else it is in the socket then */
        fake_run(&f);
        fake_expect(&f, p, "p");
        assert_false(is_closed(&f, p));
        f.late_cancels = 1;
        f.clock += 60 * STOA_SEC;
        fake_turn(&f);
        fake_end(&f, p, late ? 0 : -ECONNRESET); /* and so do an end, and its time */
        fake_run(&f);
        assert_true(is_closed(&f, p));
    }
    fake_close(&f, 0);
}

/* Too much at once stops the receiving; by the time that is done the connection is parked. */
static int read_everything(stoa_conn *c, void *arg)
{
    (void)arg;
    char buf[100];
    ssize_t n = stoa_read(c, buf, sizeof buf);
    return n < 0 ? (int)n : CONN_PARK;
}

static void test_parked_while_stopping(void **state)
{
    (void)state;
    struct fake f;
    fake_open(&f, &(struct fake_options){ .serve = read_everything });
    int p = fake_connect(&f), q = fake_connect(&f);
    fake_run(&f);
    for (int fails = 0; fails <= 1; fails++) {
        f.late_cancels = 1;
        for (int i = 0; i < 30; i++) {
            fake_text(&f, p, "x");
            fake_text(&f, q, "x");
        }
        fake_turn(&f);
        assert_int_equal(f.chunks_out, 0);
        f.submit_fails = fails ? -ENOMEM : 0;
        fake_run(&f);
        assert_int_equal(is_closed(&f, p), fails);
        assert_true(fake_receives(&f, q));
    }
    fake_close(&f, 0);
}

/* ---- writers ---- */

struct writers {
    int results[3], order[3], n;
    stoa_time deadline; /* of the second */
};

struct child {
    stoa_conn *c;
    struct writers *w;
    int index;
};

static int write_letters(stoa_task *t, void *arg)
{
    struct child *child = arg;
    struct writers *w = child->w;
    char text[11];
    memset(text, 'a' + child->index, 10);
    text[10] = 0;
    if (child->index == 1)
        stoa_deadline(t, w->deadline);
    w->results[child->index] = stoa_write(child->c, text, 10);
    w->order[w->n++] = child->index;
    return 0;
}

static int write_three(stoa_conn *c, void *arg)
{
    stoa_task *t = stoa_conn_task(c);
    for (int i = 0; i < 3; i++) {
        struct child child = { c, arg, i };
        int r = stoa_spawn(t, write_letters, &child, sizeof child);
        if (r < 0)
            return r;
    }
    return stoa_join(t);
}

static void test_writers_take_turns(void **state)
{
    (void)state;
    struct fake f;
    struct writers w = { .deadline = STOA_NEVER };
    fake_open(&f, &(struct fake_options){ .serve = write_three, .arg = &w, .greet = true });
    int p = fake_connect(&f);
    f.peers[p].room = 0;
    fake_run(&f);
    for (int i = 0; i < 10; i++) { /* three bytes at a time */
        f.peers[p].room = 3;
        fake_run(&f);
    }
    fake_expect(&f, p, "aaaaaaaaaabbbbbbbbbbcccccccccc");
    assert_true(w.order[0] == 0 && w.order[1] == 1 && w.order[2] == 2);
    fake_end(&f, p, 0);
    fake_close(&f, 0);
}

static void test_writer_gives_up_its_turn(void **state)
{
    (void)state;
    struct fake f;
    open_obey(&f);
    struct writers w = { .deadline = f.clock + STOA_SEC };
    fake_end(&f, fake_connect(&f), 0);
    fake_close(&f, 0);
    fake_open(&f, &(struct fake_options){ .serve = write_three, .arg = &w, .greet = true });
    int p = fake_connect(&f);
    f.peers[p].room = 0;
    fake_wait(&f, 2 * STOA_SEC);
    f.peers[p].room = 100;
    fake_run(&f);
    fake_expect(&f, p, "aaaaaaaaaacccccccccc");
    assert_int_equal(w.results[1], -ETIMEDOUT);
    fake_end(&f, p, 0);
    fake_close(&f, 0);
}

struct talker {
    stoa_time deadline;
    int result;
};

/* Writes tens of bytes until the peer is heard. */
static int talk(stoa_conn *c, void *arg)
{
    struct talker *k = arg;
    size_t at = 0;
    ssize_t n;
    if (k->deadline)
        stoa_deadline(stoa_conn_task(c), k->deadline);
    while ((n = conn_write_until_heard(c, &"0123456789"[at % 10], 10 - at % 10)) > 0)
        at += (size_t)n;
    k->result = (int)n;
    return n < 0 ? (int)n : stoa_write(c, "heard", 5);
}

static void test_the_peer_is_heard(void **state)
{
    (void)state;
    struct fake f;
    struct talker k = { 0 };
    fake_open(&f, &(struct fake_options){ .serve = talk, .arg = &k, .greet = true });
    int p = fake_connect(&f);
    f.peers[p].room = 13;
    fake_run(&f);
    f.peers[p].room = 4; /* it goes on where it was */
    fake_run(&f);
    fake_text(&f, p, "x");
    fake_run(&f);
    assert_int_equal(k.result, 0);
    f.peers[p].room = 100;
    fake_run(&f);
    fake_expect(&f, p, "01234567890123456heard");
    fake_end(&f, p, 0);
    p = fake_connect(&f); /* its end is heard, too */
    f.peers[p].room = 1;
    k.result = -1;
    fake_run(&f);
    fake_end(&f, p, 0);
    fake_run(&f);
    assert_int_equal(k.result, 0);
    f.peers[p].room = 100;
    fake_run(&f);
    fake_expect(&f, p, "0heard");
    fake_close(&f, 0);
}

static void test_the_peer_says_nothing(void **state)
{
    (void)state;
    struct fake f;
    struct talker k = { 0 };
    fake_open(&f, &(struct fake_options){ .serve = talk, .arg = &k, .greet = true });
    int p = fake_connect(&f);
    f.peers[p].room = 0;
    k.deadline = f.clock + STOA_SEC;
    fake_wait(&f, 2 * STOA_SEC);
    assert_int_equal(k.result, -ETIMEDOUT);
    fake_end(&f, p, 0);
    k.deadline = 0;
    p = fake_connect(&f);
    f.peers[p].room = 0;
    fake_run(&f);
    fake_drain(&f);
    fake_end(&f, p, -ECONNRESET); /* heard; the next write says what of it */
    fake_close(&f, 0);
    assert_int_equal(k.result, 0);
}

static int write_and_read(stoa_task *t, void *arg)
{
    (void)t;
    char c;
    ssize_t n = stoa_read(*(stoa_conn **)arg, &c, 1);
    return n < 0 ? (int)n : 0;
}

static int both_ways(stoa_conn *c, void *arg)
{
    (void)arg;
    stoa_task *t = stoa_conn_task(c);
    int r = stoa_spawn(t, write_and_read, &c, sizeof(stoa_conn *));
    int wrote = stoa_write(c, "12345", 5);
    int read = stoa_join(t);
    return r < 0 ? r : read != wrote ? -EINVAL : wrote;
}

/* A peer that neither reads nor writes: both tasks are told. */
static void test_silence_both_ways(void **state)
{
    (void)state;
    struct fake f;
    fake_open(&f, &(struct fake_options){ .serve = both_ways, .greet = true });
    int p = fake_connect(&f);
    f.peers[p].room = 0;
    fake_wait(&f, 59 * STOA_SEC);
    f.peers[p].room = 2; /* not silent: that counts as a sign of life */
    fake_wait(&f, 59 * STOA_SEC);
    assert_false(is_closed(&f, p));
    fake_wait(&f, STOA_SEC);
    assert_true(is_closed(&f, p) && f.peers[p].hard);
    assert_non_null(strstr(f.said, "ETIMEDOUT"));
    fake_close(&f, 0);
}

/* One whose peer takes everything lets the others run all the same. */
static int write_for_ever(stoa_conn *c, void *arg)
{
    char bytes[1000] = { 0 };
    int r = 0;
    (void)arg;
    while (r == 0)
        r = stoa_write(c, bytes, sizeof bytes);
    return r;
}

static void test_burst(void **state)
{
    (void)state;
    struct fake f;
    fake_open(&f, &(struct fake_options){ .serve = write_for_ever, .greet = true });
    int p = fake_connect(&f);
    for (int i = 1; i <= 5; i++) {
        f.clock++;
        fake_turn(&f); /* comes back */
        size_t sent = SIZE_MAX - f.peers[p].room;
        assert_in_range(sent, (size_t)i * 1024 * 1024, (size_t)i * (1024 * 1024 + 1000));
    }
    fake_drain(&f);
    fake_turn(&f);
    f.service->ops->cut(f.service, &f.core); /* and hears that it is cancelled */
    for (int i = 0; i < 5; i++)
        fake_turn(&f);
    assert_true(is_closed(&f, p));
    assert_non_null(strstr(f.said, "ECANCELED"));
    fake_close(&f, 0);
}

/* ---- stacks ---- */

static int wait_for_letter(stoa_conn *c, void *arg)
{
    (void)arg;
    char letter;
    return stoa_read_all(c, &letter, 1) == STOA_EEOF ? CONN_CLOSE : CONN_GONE;
}

/* Many come and go, so that there are records, but not as many stacks at once; then all come, and
 * there is no memory for one thing more. */
static void test_no_stack(void **state)
{
    (void)state;
    enum { MANY = 300 };
    struct fake f;
    fake_open(&f,
              &(struct fake_options){ .serve = wait_for_letter, .greet = true, .conns_max = MANY });
    f.core.conns_max = 0; /* nobody is served yet, but all are accepted */
    f.late_cancels = 1;
    for (int i = 0; i < MANY; i++)
        fake_connect(&f);
    fake_turn(&f);
    f.mem_fails = true;
    f.core.conns_max = MANY;
    while (!list_is_empty(&f.core.want))
        sched_post(&f.core.sched, list_owner(list_pop_front(&f.core.want), struct job, node));
    fake_run(&f);
    int closed = 0;
    for (int i = 0; i < MANY; i++)
        closed += is_closed(&f, i);
    assert_in_range(closed, 1, MANY - 1);
    assert_int_equal(f.core.sched.tasks, MANY - closed);
    assert_int_equal(f.lines, 2); /* each thing once */
    f.mem_fails = false;
    for (int i = 0; i < MANY; i++)
        fake_end(&f, i, 0);
    fake_close(&f, 0);
}

/* The kernel is handed all of the message that asks for an ACK's time, gaps included: none of it is what
 * lay on the stack before. */
static void test_ask_for_the_ack_is_all_written(void **state)
{
    (void)state;
    struct stage_conn stage = { .way = { .is_tcp = true } };
    stoa_conn c = { .stage = &stage };
    union conn_stages_ask one, other;
    struct msghdr m = { 0 };
    memset(&one, 0x00, sizeof one);
    memset(&other, 0xff, sizeof other);
    conn_stages_ask(&c, &m, &one);
    conn_stages_ask(&c, &m, &other);
    assert_memory_equal(&one, &other, sizeof one);
    assert_int_equal(m.msg_controllen, sizeof other);
    assert_int_equal(stage.way.ack, STAGE_ACK_ASKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_request_arms_nothing),
        cmocka_unit_test(test_promise_broken),
        cmocka_unit_test(test_end_goes_with_the_last_bytes),
        cmocka_unit_test(test_gone_before_it_spoke),
        cmocka_unit_test(test_end_was_read_already),
        cmocka_unit_test(test_failure_resets),
        cmocka_unit_test(test_linger),
        cmocka_unit_test(test_linger_cannot),
        cmocka_unit_test(test_park),
        cmocka_unit_test(test_leave_race),
        cmocka_unit_test(test_parked_while_stopping),
        cmocka_unit_test(test_writers_take_turns),
        cmocka_unit_test(test_the_peer_is_heard),
        cmocka_unit_test(test_the_peer_says_nothing),
        cmocka_unit_test(test_writer_gives_up_its_turn),
        cmocka_unit_test(test_silence_both_ways),
        cmocka_unit_test(test_burst),
        cmocka_unit_test(test_no_stack),
        cmocka_unit_test(test_ask_for_the_ack_is_all_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
