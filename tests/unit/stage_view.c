/* The table as its writer lays it out and as a reader sees it: entries that are being written, a
 * file that lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stage/mark.h"
#include "stage/view.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const struct stage_shape shape = { .cores = 2, .conns_each = 3 };

struct fixture {
    struct stage_table t;
    struct stage_view v;
    void *memory;
    size_t bytes;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->bytes = stage_table_bytes(&shape);
    f->memory = aligned_alloc(4096, f->bytes);
    memset(f->memory, 0, f->bytes);
    stage_table_init(&f->t, f->memory, &shape);
    assert_int_equal(stage_view_init(&f->v, f->memory, f->bytes), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    free(f->memory);
    free(f);
    return 0;
}

static void test_layout(void **state)
{
    struct fixture *f = *state;
    char name[24], cause[40];
    assert_int_equal(stage_view_cores(&f->v), 2);
    assert_int_equal(stage_view_conns(&f->v), 6);
    assert_int_equal(stage_view_listeners(&f->v), 0);
    assert_ptr_equal(stage_view_core(&f->v, 1), stage_table_core(&f->t, 1));
    stage_view_span_name(&f->v, STOA_SPAN_BUFFER, name);
    assert_string_equal(name, "buffer");
    stage_view_span_name(&f->v, STOA_SPAN_MARKS, name);
    assert_string_equal(name, "");
    int i = stage_cause_index(f->t.head, "request.head_timeout");
    assert_true(i >= 0);
    stage_view_cause_name(&f->v, i, cause);
    assert_string_equal(cause, "request.head_timeout");
    assert_int_equal(stage_cause_index(f->t.head, "request.nonsense"), -1);
}

static void test_listeners(void **state)
{
    struct fixture *f = *state;
    struct stoa_stage_listener l;
    assert_int_equal(stage_table_add_listener(&f->t, "http://127.0.0.1:8080/"), 0);
    assert_int_equal(stage_table_add_listener(&f->t, "unix:\x1b/x"), 1);
    assert_int_equal(stage_view_listeners(&f->v), 2);
    assert_true(stage_view_listener(&f->v, 0, &l));
    assert_string_equal(l.name, "http://127.0.0.1:8080/");
    assert_true(stage_view_listener(&f->v, 1, &l));
    assert_string_equal(l.name, "unix:?/x");
    for (int i = 0; i < 200; i++)
        assert_true(stage_table_add_listener(&f->t, "more") < STAGE_LISTENERS_MAX);
}

static void expect_peer(struct fixture *f, const char *addr, uint16_t port, const char *text)
{
    struct stage_conn *ours = stage_table_conns(&f->t, 0);
    struct stoa_stage_conn c;
    union {
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } a = { .v4 = { 0 } };
    a.v4.sin_family = strchr(addr, ':') ? AF_INET6 : AF_INET;
    a.v4.sin_port = htons(port);
    if (a.v4.sin_family == AF_INET6)
        inet_pton(AF_INET6, addr, &a.v6.sin6_addr);
    else
        inet_pton(AF_INET, addr, &a.v4.sin_addr);
    ours->seen.at = STOA_AT_IDLE;
    stage_conn_peer(ours, &a, sizeof a);
    assert_true(stage_view_conn(&f->v, 0, &c));
    stage_view_name_peer(c.peer);
    assert_string_equal(c.peer, text);
}

static void test_peers(void **state)
{
    struct fixture *f = *state;
    struct stoa_stage_conn c;
    stage_table_conns(&f->t, 1)->seen.at = STOA_AT_IDLE;
    assert_true(stage_view_conn(&f->v, 3, &c));
    stage_view_name_peer(c.peer);
    assert_string_equal(c.peer, "");
    expect_peer(f, "192.168.100.200", 65535, "192.168.100.200:65535");
    expect_peer(f, "::1", 80, "[::1]:80");
    expect_peer(f, "::ffff:1.2.3.4", 5, "1.2.3.4:5");
    expect_peer(f, "1111:2222:3333:4444:5555:6666:7777:8888", 65535,
                "[1111:2222:3333:4444:5555:6666:7777:8888]:65535");
}

static void test_connections(void **state)
{
    struct fixture *f = *state;
    struct stoa_stage_conn c;
    struct stage_conn *ours = stage_table_conns(&f->t, 1);
    assert_false(stage_view_conn(&f->v, 3, &c)); /* free */
    stage_begin(&ours->seen.seq);
    stage_put(&ours->seen.at, (uint8_t)STOA_AT_HANDLER);
    stage_put(&ours->seen.requests, 7u);
    assert_false(stage_view_conn(&f->v, 3, &c)); /* it is being written all the while */
    stage_end(&ours->seen.seq);
    assert_true(stage_view_conn(&f->v, 3, &c));
    assert_int_equal(c.at, STOA_AT_HANDLER);
    assert_int_equal(c.requests, 7);
    ours->seen.at = 99;
    assert_false(stage_view_conn(&f->v, 3, &c));
}

static void test_connections_ever_used(void **state)
{
    struct fixture *f = *state;
    struct stage_clock clock = { 0 };
    uint32_t first;
    assert_int_equal(stage_view_conns_used(&f->v, 1, &first), 0);
    stage_clock_begin(&clock, &f->t, 1);
    struct stage_conn *one = stage_conn_take(&clock, 0, 1), *two = stage_conn_take(&clock, 0, 1);
    stage_conn_drop(&clock, one);
    stage_conn_drop(&clock, two);
    stage_conn_drop(&clock, stage_conn_take(&clock, 0, 1));
    assert_int_equal(stage_view_conns_used(&f->v, 1, &first), 2);
    assert_int_equal(first, 3);
    assert_int_equal(stage_view_conns_used(&f->v, 0, &first), 0);
    stage_table_core(&f->t, 1)->conns_used = 99; /* more than there are */
    assert_int_equal(stage_view_conns_used(&f->v, 1, &first), 3);
}

/* A writer that never pauses: whatever a reader is given is of one writing. */
static void *write_on(void *arg)
{
    struct stage_conn *c = arg;
    for (uint64_t i = 1; i < 200000; i++) {
        stage_begin(&c->seen.seq);
        stage_put(&c->seen.at, (uint8_t)STOA_AT_SEND);
        stage_put(&c->seen.in, i);
        stage_put(&c->seen.requests, (uint32_t)i);
        stage_put(&c->seen.out, i);
        stage_end(&c->seen.seq);
    }
    return NULL;
}

static void test_torn(void **state)
{
    struct fixture *f = *state;
    struct stage_conn *ours = stage_table_conns(&f->t, 0);
    pthread_t thread;
    struct stoa_stage_conn c = { .in = 0 };
    assert_int_equal(pthread_create(&thread, NULL, write_on, ours), 0);
    while (c.in < 199999)
        if (stage_view_conn(&f->v, 0, &c)) {
            assert_true(c.in == c.out);
            assert_true(c.in == c.requests);
        }
    pthread_join(thread, NULL);
}

static void test_slowest(void **state)
{
    struct fixture *f = *state;
    struct stoa_stage_request r = { .path = "/x" }, ret[3];
    assert_int_equal(stage_view_slowest(&f->v, ret, 3), 0);
    static const int64_t took[2][4] = { { 5, 1, 9, 2 }, { 7, 3, 8, 4 } };
    for (int core = 0; core < 2; core++)
        for (int i = 0; i < 4; i++) {
            struct stoa_stage_core *c = stage_table_core(&f->t, core);
            r.took = took[core][i];
            c->slow[i % 2].worst[c->slow[i % 2].count++] = r;
        }
    assert_int_equal(stage_view_slowest(&f->v, ret, 3), 3);
    assert_int_equal(ret[0].took, 9);
    assert_int_equal(ret[1].took, 8);
    assert_int_equal(ret[2].took, 7);
    assert_string_equal(ret[0].path, "/x");
    stage_table_core(&f->t, 0)->slow[0].count = 1000; /* not believed */
    assert_int_equal(stage_view_slowest(&f->v, ret, 3), 3);
}

static void test_sum(void **state)
{
    struct fixture *f = *state;
    static struct stoa_stage_histogram h;
    for (int core = 0; core < 2; core++)
        stage_histogram_add(&stage_table_core(&f->t, core)->spans[STOA_SPAN_SEND], 2000);
    stage_histogram_sum(&f->v, STOA_SPAN_SEND, &h);
    assert_int_equal(h.count, 2);
    stage_histogram_sum(&f->v, STOA_SPANS, &h);
    assert_int_equal(h.count, 0);
}

static void test_lies(void **state)
{
    struct fixture *f = *state;
    struct stoa_stage_head *h = f->memory;
    static struct stoa_stage_head good;
    struct stage_view v;
    good = *h;
    assert_int_equal(stage_view_init(&v, f->memory, sizeof *h - 1), -EINVAL);
    assert_int_equal(stage_view_init(&v, f->memory, f->bytes / 2), -EINVAL);
    h->cores.count = UINT32_MAX;
    assert_int_equal(stage_view_init(&v, f->memory, f->bytes), -EINVAL);
    *h = good;
    h->conns.offset = UINT64_MAX - 7;
    assert_int_equal(stage_view_init(&v, f->memory, f->bytes), -EINVAL);
    *h = good;
    h->listeners.size = 0;
    assert_int_equal(stage_view_init(&v, f->memory, f->bytes), -EINVAL);
    *h = good;
    h->version = 2;
    assert_int_equal(stage_view_init(&v, f->memory, f->bytes), -EPROTONOSUPPORT);
    *h = good;
    h->magic[0] = 'x';
    assert_int_equal(stage_view_init(&v, f->memory, f->bytes), -EINVAL);
    *h = good;
    h->listeners.count = UINT32_MAX; /* later: what is beyond the file is not looked at */
    assert_int_equal(stage_view_listeners(&f->v), 0);
    *h = good;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_layout, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_listeners, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_peers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_connections, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_connections_ever_used, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_torn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_slowest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sum, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lies, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
