/* Each allocation of `stoa watch` fails, and all after it, the first, the second, ...: it says so, and
 * nothing is left; when none fails any more, two pictures are written. Looked at is this process: it
 * listens, has connections, and keeps stages as a server does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stage/table.h"
#include "support/flaky.h"
#include "tool/watch/json.h"
#include "tool/watch/look.h"
#include "tool/watch/plain.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { CLIENTS = 3 };

static int listener, clients[CLIENTS], stages;

static void keep_stages(void)
{
    static const struct stage_shape shape = { .cores = 1, .conns_each = 2 };
    const struct io_sys *sys = io_sys_kernel();
    void *memory;
    struct stage_table t;
    size_t bytes = stage_table_bytes(&shape);
    stages = sys->make_file(sys, NULL, STAGE_FILE_NAME, bytes);
    assert_true(stages >= 0);
    assert_int_equal(sys->map(sys, stages, bytes, true, &memory), 0);
    stage_table_init(&t, memory, &shape);
    t.head->pid = getpid();
    sys->unmap(sys, memory, bytes);
}

static int set_up(void **state)
{
    (void)state;
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (void *)&a, n) < 0 || listen(listener, CLIENTS) < 0 ||
        getsockname(listener, (void *)&a, &n) < 0)
        return -1;
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(clients[i], (void *)&a, n) < 0)
            return -1;
    }
    keep_stages();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < CLIENTS; i++)
        close(clients[i]);
    close(listener);
    close(stages);
    return 0;
}

static bool write_both(struct watch_picture *p, const struct stoa_mem *mem)
{
    static const int order[CLIENTS] = { 0, 1, 2 };
    const struct watch_order o = { order, order, p->listeners, p->conns };
    struct buf b;
    buf_init(&b, mem, NULL, 0);
    watch_plain(&b, p, &o);
    watch_json(&b, p, &o);
    bool is_fine = !b.failed;
    buf_done(&b);
    return is_fine;
}

/* returns whether everything went well. */
static bool run_once(const struct stoa_mem *mem)
{
    struct watch_look *l;
    const struct watch_target t = { .aim = WATCH_PID, .pid = getpid(), .text = "us" };
    int r = watch_look_new(&l, io_sys_kernel(), mem);
    bool is_fine = r == 0;
    if (r < 0) {
        assert_int_equal(r, -ENOMEM);
        return false;
    }
    watch_look_aim(l, &t);
    for (int i = 0; i < 2; i++) {
        r = watch_look_take(l);
        struct watch_picture *p = watch_look_picture(l);
        assert_true(r == 0 || r == -ENOMEM);
        if (r == 0 && p->listeners == 1 && p->has_stoa)
            assert_int_equal(p->conns, CLIENTS);
        is_fine = is_fine && r == 0 && p->listeners == 1 && p->has_stoa && write_both(p, mem);
    }
    watch_look_free(l);
    return is_fine;
}

static void test_each_allocation_fails(void **state)
{
    (void)state;
    bool well = false;
    long tries = 0;
    while (!well) {
        struct flaky f;
        flaky_init(&f, tries++);
        well = run_once(&f.mem);
        assert_int_equal(f.bytes, 0);
        assert_true(!well || f.failed == 0);
        assert_true(tries < 200);
    }
    assert_true(tries > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_allocation_fails, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
