/* What a picture says: each thing that can be wrong, by itself, in words; the worst first; and nothing
 * where nothing is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cause.h"
#include "tool/watch/verdict.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct watch_picture p;
static struct watch_listener listeners[WATCH_VERDICTS_MAX + 8];
static struct status *status;

static void place(struct watch_listener *l, const char *ip, const char *name)
{
    *l = (struct watch_listener){ .sockets = 1, .fullest_queue_max = 128 };
    l->addr.v4.sin_family = AF_INET;
    l->addr.v4.sin_port = htons(80);
    assert_int_equal(inet_pton(AF_INET, ip, &l->addr.v4.sin_addr), 1);
    snprintf(l->name, sizeof l->name, "%s", name);
    l->conns.close_wait_least = l->conns.close_wait_most = WATCH_UNKNOWN;
}

static int set_up(void **state)
{
    (void)state;
    memset(&p, 0, sizeof p);
    p.span = STOA_SEC;
    p.target.aim = WATCH_PORT;
    strcpy(p.target.text, ":80");
    p.listener = listeners;
    p.listeners = 1;
    place(&listeners[0], "0.0.0.0", "0.0.0.0:80");
    return 0;
}

/* One verdict, but for that nothing is wrong. */
static const struct watch_verdict *only(enum watch_level level, const char *text)
{
    watch_judge(&p);
    assert_int_equal(p.verdicts, level == WATCH_NOTE ? 2 : 1);
    assert_string_equal(p.verdict[0].text, text);
    assert_int_equal(p.verdict[0].level, level);
    return &p.verdict[0];
}

static void test_nothing(void **state)
{
    (void)state;
    const struct watch_verdict *v = only(WATCH_FINE, "nothing wrong seen");
    assert_int_equal(v->listener, -1);
    assert_string_equal(v->next, "");
}

static void test_accept_queue(void **state)
{
    (void)state;
    struct watch_listener *l = &listeners[0];
    l->cause = "accept.queue_filling";
    l->fullest_queue = 65;
    const struct watch_verdict *v = only(
        WATCH_WARNING, "accept queue more than half full (65/128): the process does not accept "
                       "fast enough");
    assert_string_equal(v->cause, "accept.queue_filling");
    assert_memory_equal(v->next, "Find what keeps the process from accepting: a core", 50);
    assert_int_equal(v->listener, 0);
    p.target.aim = WATCH_ALL;
    watch_judge(&p);
    assert_string_equal(v->next, stoa_cause_find("accept.queue_filling")->hint);
    p.target.aim = WATCH_PORT;
    l->fullest_queue = 129;
    only(WATCH_WARNING, "accept queue full (129/128): the process does not accept fast enough");
    l->cause = "accept.queue_full";
    l->dropped = 12;
    only(WATCH_BAD, "accept queue full (129/128): the process does not accept fast enough; 12 SYNs "
                    "or ACKs dropped in the last 1.0 s");
    l->fullest_queue = 3; /* the process has caught up since */
    only(WATCH_BAD,
         "accept queue full (3/128): the process does not accept fast enough; 12 SYNs or ACKs "
         "dropped in the last 1.0 s");
    l->dropped = 1;
    only(WATCH_BAD,
         "accept queue full (3/128): the process does not accept fast enough; 1 SYN or ACK "
         "dropped in the last 1.0 s");
}

static void test_syn_queue(void **state)
{
    (void)state;
    struct watch_listener *l = &listeners[0];
    l->cause = "accept.syn_queue_full";
    l->conns.states[DIAG_SYN_RECV] = 129;
    l->dropped = 1500;
    only(WATCH_BAD,
         "the SYN queue is full: handshakes are begun faster than they are completed (129 "
         "half-open); 1,500 SYNs or ACKs dropped in the last 1.0 s");
    l->cause = "accept.syn_cookies";
    l->dropped = 0;
    only(WATCH_WARNING, "the SYN queue is full: SYN cookies are sent instead (129 half-open)");
}

static void test_cause_of_the_queues(void **state)
{
    (void)state;
    struct watch_listener *l = &listeners[0];
    int64_t counted[DROPS_COUNTERS] = { 0 };
    assert_null(watch_queue_cause(l, counted));
    l->fullest_queue = 65;
    assert_string_equal(watch_queue_cause(l, counted), "accept.queue_filling");
    l->dropped = 2;
    assert_string_equal(watch_queue_cause(l, counted), "accept.syn_dropped");
    counted[DROPS_OVERFLOWS] = 2;
    assert_string_equal(watch_queue_cause(l, counted), "accept.queue_full");
    l->dropped = 0; /* another listener's */
    l->fullest_queue = 0;
    assert_null(watch_queue_cause(l, counted));
    counted[DROPS_COOKIES] = 1;
    l->conns.states[DIAG_SYN_RECV] = 128;
    assert_string_equal(watch_queue_cause(l, counted), "accept.syn_cookies");
}

static void test_close_wait(void **state)
{
    (void)state;
    struct watch_conns *c = &listeners[0].conns;
    c->states[DIAG_CLOSE_WAIT] = 35;
    c->gave_up = 0;
    c->close_wait_least = 3 * STOA_SEC;
    c->close_wait_most = 9 * STOA_SEC;
    only(WATCH_FINE, "nothing wrong seen"); /* it may be about to close them */
    c->close_wait_least = c->close_wait_most = 180 * STOA_SEC;
    only(WATCH_WARNING, "35 connections in CLOSE_WAIT, the oldest 3 min: the clients have closed, "
                        "the process does not");
    c->close_wait_least = 0; /* seen once */
    c->states[DIAG_CLOSE_WAIT] = 1;
    only(WATCH_NOTE, "1 connection in CLOSE_WAIT, the oldest < 3 min: the client has closed, the "
                     "process does not");
}

static void test_gave_up(void **state)
{
    (void)state;
    struct watch_conns *c = &listeners[0].conns;
    c->states[DIAG_CLOSE_WAIT] = c->gave_up = 2; /* no leak of the process's */
    only(WATCH_WARNING, "2 clients gave up waiting in the accept queue");
}

static void test_bytes(void **state)
{
    (void)state;
    struct watch_conns *c = &listeners[0].conns;
    c->late_conns = 4;
    c->late_bytes = 1258291;
    only(WATCH_WARNING, "reads nothing: 1.1 MiB unread on 4 connections for more than a second");
    c->late_conns = 0;
    c->stuck_conns = 1;
    only(WATCH_WARNING, "the peer takes nothing: the window of 1 connection is closed");
    c->stuck_conns = 2;
    only(WATCH_WARNING, "the peer takes nothing: the windows of 2 connections are closed");
    c->stuck_conns = 0;
    c->retrans_conns = 2;
    only(WATCH_NOTE, "2 connections without an answer: what was sent is being sent again");
}

static void test_reach(void **state)
{
    (void)state;
    place(&listeners[0], "127.0.0.1", "127.0.0.1:80");
    const struct watch_verdict *v =
        only(WATCH_NOTE, "listening on 127.0.0.1 only: no other machine reaches it");
    assert_int_equal(v->listener, -1);
    assert_string_equal(p.verdict[1].text, "nothing wrong seen");
    p.listeners = 2;
    place(&listeners[1], "192.0.2.1", "192.0.2.1:80");
    only(WATCH_FINE, "nothing wrong seen");
    p.target.aim = WATCH_ALL;
    p.listeners = 1;
    only(WATCH_FINE, "nothing wrong seen");
}

static void test_nobody(void **state)
{
    (void)state;
    p.listeners = 0;
    only(WATCH_BAD, "nobody listens at :80 any more: clients are refused");
    assert_string_equal(p.verdict[0].cause, "connect.refused");
    p.target.aim = WATCH_ALL;
    only(WATCH_FINE, "nothing wrong seen");
}

static void test_process(void **state)
{
    (void)state;
    p.is_stopped = true;
    only(WATCH_BAD, "the process is stopped (SIGSTOP, Ctrl-Z or a debugger): it runs nothing, and "
                    "clients wait");
}

static void test_cores(void **state)
{
    (void)state;
    status = calloc(1, sizeof *status);
    p.has_stoa = true;
    p.stoa = status;
    status->cores = 4;
    status->still[1] = 999 * STOA_MS;
    only(WATCH_FINE, "nothing wrong seen");
    status->still[2] = 12 * STOA_SEC;
    status->still[3] = 2 * STOA_SEC;
    only(WATCH_BAD, "core 2 stands still for 12 s (2 of 4 do): its connections wait");
    status->still[3] = 0;
    only(WATCH_BAD, "core 2 stands still for 12 s (1 of 4 does): its connections wait");
    p.is_stopped = true; /* says all */
    only(WATCH_BAD, "the process is stopped (SIGSTOP, Ctrl-Z or a debugger): it runs nothing, and "
                    "clients wait");
    p.is_stopped = false;
    status->cores = 0;
    status->draining = true;
    p.listeners = 0; /* they are closed: clients go elsewhere, or come again */
    only(WATCH_NOTE,
         "the server drains: no connection is left to be finished, and it takes no new ones");
    status->conns = 1;
    only(WATCH_NOTE, "the server drains: 1 connection is being finished, and it takes no new ones");
    status->conns_more = 1999;
    only(WATCH_NOTE,
         "the server drains: 2,000 connections are being finished, and it takes no new ones");
    p.listeners = 1; /* that of its --admin is open still */
    place(&listeners[0], "127.0.0.1", "127.0.0.1:80");
    only(WATCH_NOTE,
         "the server drains: 2,000 connections are being finished, and it takes no new ones");
    free(status);
}

static void test_the_worst_first(void **state)
{
    (void)state;
    p.listeners = 3;
    for (int i = 0; i < 3; i++)
        place(&listeners[i], "0.0.0.0", "0.0.0.0:80");
    listeners[0].conns.retrans_conns = 1;
    listeners[1].conns.stuck_conns = 1;
    listeners[2].cause = "accept.queue_full";
    listeners[2].dropped = 1;
    watch_judge(&p);
    assert_int_equal(p.verdicts, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(p.verdict[i].listener, 2 - i);
        assert_int_equal(p.verdict[i].level, WATCH_BAD - i);
    }
}

/* More than there is room for: the least are left out. */
static void test_too_many(void **state)
{
    (void)state;
    p.target.aim = WATCH_ALL;
    p.listeners = WATCH_VERDICTS_MAX + 8;
    for (int i = 0; i < p.listeners; i++) {
        place(&listeners[i], "0.0.0.0", "0.0.0.0:80");
        listeners[i].conns.retrans_conns = 1;
        listeners[i].conns.stuck_conns = i >= 8;
    }
    watch_judge(&p);
    assert_int_equal(p.verdicts, WATCH_VERDICTS_MAX);
    for (int i = 0; i < p.verdicts; i++) {
        assert_int_equal(p.verdict[i].level, WATCH_WARNING);
        assert_int_equal(p.verdict[i].listener, 8 + i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_nothing, set_up),
        cmocka_unit_test_setup(test_accept_queue, set_up),
        cmocka_unit_test_setup(test_syn_queue, set_up),
        cmocka_unit_test_setup(test_cause_of_the_queues, set_up),
        cmocka_unit_test_setup(test_close_wait, set_up),
        cmocka_unit_test_setup(test_gave_up, set_up),
        cmocka_unit_test_setup(test_bytes, set_up),
        cmocka_unit_test_setup(test_reach, set_up),
        cmocka_unit_test_setup(test_nobody, set_up),
        cmocka_unit_test_setup(test_process, set_up),
        cmocka_unit_test_setup(test_cores, set_up),
        cmocka_unit_test_setup(test_the_worst_first, set_up),
        cmocka_unit_test_setup(test_too_many, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
