/* Each allocation of an admin address fails once, the first, the second, ...: nothing crashes, nothing
 * is left; and when none fails any more, all pages are served. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/admin.h"
#include "base/sys.h"
#include "support/failing.h"
#include "support/server.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static int serve(stoa_conn *c, void *arg)
{
    (void)c, (void)arg;
    return CONN_CLOSE;
}

static bool has_given_up(struct server *g)
{
    return server_said(g, "does not answer any more");
}

/* Waits for bytes as long as the admin address has not given up. returns as read(2). */
static ssize_t read_some(struct server *g, int fd, char *buf, size_t n)
{
    ssize_t r;
    do
        r = sys_size(read(fd, buf, n));
    while (r == -EAGAIN && !has_given_up(g));
    return r;
}

/* Asks for a page. returns whether its first bytes say 200; those of an endless one are enough. */
static bool get(struct server *g, const struct addr *a, const char *path)
{
    static char text[4096];                    /* not for this stack */
    struct timeval wait = { .tv_usec = 5000 }; /* and look whether it is worth it */
    int fd = client_connect_to(a);
    if (fd < 0)
        return false;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    int n = snprintf(text, sizeof text,
                     "GET %s HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n", path);
    bool is_fine = write(fd, text, (size_t)n) == n;
    ssize_t some = read_some(g, fd, text, sizeof text);
    is_fine = is_fine && some > 13 && memcmp(text, "HTTP/1.1 200 ", 13) == 0;
    while (some > 0 && strcmp(path, "/events") != 0)
        some = read_some(g, fd, text, sizeof text);
    close(fd);
    return is_fine;
}

/* returns whether everything went well. */
static bool run_once(struct server *g)
{
    static const char *const paths[] = { "/",       "/metrics", "/stages", "/stages",
                                         "/events", "/healthz", "/readyz" };
    struct admin *a;
    struct net_failure failure;
    size_t fine = 0, count = sizeof paths / sizeof *paths;
    int r = admin_open(&a, g->rt, "127.0.0.1:0", &failure);
    if (r == 0) {
        assert_null(admin_addr(a, 1));
        r = admin_start(a);
        for (size_t i = 0; i < count && r == 0 && !has_given_up(g); i++)
            fine += get(g, admin_addr(a, 0), paths[i]);
        admin_free(a);
    }
    assert_true(r == 0 || r == -ENOMEM);
    return r == 0 && fine == count;
}

static void test_each_allocation_fails(void **state)
{
    (void)state;
    bool well = false;
    long tries = 0;
    while (!well) {
        struct failing f;
        struct server g;
        failing_init(&f);
        assert_int_equal(server_open(&g, &(struct server_options){ .serve = serve, .mem = &f.mem }),
                         0);
        f.fails_at = f.calls + ++tries;
        well = run_once(&g) && f.calls < f.fails_at;
        server_free(&g);
        assert_int_equal(f.live, 0);
        assert_true(tries < 500);
    }
    assert_true(tries > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_allocation_fails) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
