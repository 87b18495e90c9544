/* Each allocation of a whole server fails once, the first, the second, ...: nothing crashes, nothing
 * hangs, nothing is left; and when none fails any more, all is served. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/sys.h"
#include "net/datagram.h"
#include "support/failing.h"
#include "support/server.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads a line that may span chunks, allocates, answers, and parks; or lingers. */
static int serve(stoa_conn *c, void *arg)
{
    (void)arg;
    struct stoa_str line;
    int r = stoa_read_line(c, &line, 20000);
    if (r < 0)
        return r == STOA_EEOF ? CONN_CLOSE : r;
    char *copy = stoa_alloc(stoa_conn_task(c), line.n + 1);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, line.p, line.n);
    copy[line.n] = '\n';
    r = stoa_write(c, copy, line.n + 1);
    return r < 0 ? r : CONN_PARK;
}

static int echo_datagram(stoa_datagram *d, void *arg)
{
    (void)arg;
    struct stoa_str in = stoa_datagram_bytes(d);
    return stoa_datagram_reply(d, in.p, in.n);
}

enum { LINE = 12000 }; /* several chunks */

/* One exchange. returns whether it was answered; a reset or an end is an answer too few. */
static bool exchange(int fd)
{
    char *line = malloc(LINE);
    memset(line, 'x', LINE - 1);
    line[LINE - 1] = '\n';
    size_t sent = 0, got = 0;
    ssize_t n = 1;
    while (sent < LINE && n > 0) {
        n = send(fd, line + sent, LINE - sent < 3000 ? LINE - sent : 3000, MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
    }
    while (n > 0 && got < LINE) {
        n = sys_size(recv(fd, line, LINE - got, 0));
        assert_true(n != -EAGAIN); /* half a minute without an answer */
        got += n > 0 ? (size_t)n : 0;
        n = n == -EINTR ? 1 : n;
    }
    free(line);
    return got == LINE;
}

static int talk(const struct server *g)
{
    int answered = 0;
    for (int i = 0; i < 3; i++) {
        int fd = client_connect_to(&g->addr);
        if (fd < 0)
            continue;
        answered += exchange(fd);
        answered += exchange(fd);
        close(fd);
    }
    return answered;
}

/* returns whether everything went well. */
static bool run_once(const char *io, struct failing *f)
{
    struct server g;
    struct server_options opt = {
        .io = io,
        .cores = 1,
        .serve = serve,
        .parks = true,
        .mem = &f->mem,
    };
    struct net_failure failure;
    int answered = 0;
    int r = server_open(&g, &opt);
    if (r == 0)
        r = datagram_open_all(g.rt, STR("127.0.0.1:0"), echo_datagram, NULL, NULL, 1, &failure);
    if (r > 0) {
        server_run(&g);
        answered = talk(&g);
        stoa_stop(g.rt, STOA_SEC);
        r = server_join(&g);
    }
    if (r != 0 && r != -ENOMEM)
        fail_msg("call %ld: %d", f->fails_at, r);
    stoa_free(g.rt);
    assert_int_equal(f->live, 0);
    return r == 0 && answered == 6;
}

static void test_each_allocation_fails(void **state)
{
    struct failing f;
    bool well = false;
    failing_init(&f);
    for (f.fails_at = 1; !well; f.fails_at++) {
        assert_true(f.fails_at < 1000);
        f.calls = 0;
        well = run_once(*state, &f);
        if (well && f.calls >= f.fails_at)
            well = false; /* it failed, and was made up for */
    }
    assert_true(f.fails_at > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = { BOTH(test_each_allocation_fails) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
