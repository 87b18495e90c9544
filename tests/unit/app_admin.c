/* The admin address of a server that hangs: it answers all the same, and says what hangs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/admin.h"
#include "support/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CLIENTS = 5, PAGE_BYTES = 128 * 1024 };

static char page[PAGE_BYTES];

/* Blocks its core, as no handler should, until the other end of the pipe is closed. */
static int block(stoa_conn *c, void *arg)
{
    char byte;
    (void)c;
    ssize_t n = read(*(int *)arg, &byte, 1);
    return n == 0 ? 0 : -EIO;
}

static void get(const struct addr *a, const char *path)
{
    char request[200];
    int n = snprintf(request, sizeof request,
                     "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    int fd = client_connect_to(a);
    assert_true(fd >= 0);
    client_send(fd, request, (size_t)n);
    ssize_t all = client_read_end(fd, page, sizeof page - 1);
    assert_true(all > 0);
    page[all] = 0;
    close(fd);
}

/* The number behind the text on the page. */
static double number_after(const char *text)
{
    const char *at = strstr(page, text);
    if (!at)
        fail_msg("%s is not in: %s", text, page);
    return strtod(at + strlen(text), NULL);
}

static void test_a_server_that_hangs(void **state)
{
    int ends[2], fds[CLIENTS];
    struct server g;
    struct admin *a;
    struct net_failure failure;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(
        server_open(&g, &(struct server_options){ .io = *state, .serve = block, .arg = &ends[0] }),
        0);
    assert_int_equal(admin_open(&a, g.rt, "127.0.0.1:0", &failure), 0);
    assert_int_equal(admin_start(a), 0);
    server_run(&g);
    fds[0] = client_connect(&g);
    do
        get(admin_addr(a, 0), "/stages");
    while (number_after("\"alive\":[") < 0.2);
    assert_true(number_after("\"handler\":") == 1);
    for (int i = 1; i < CLIENTS; i++)
        fds[i] = client_connect(&g); /* nobody accepts them */
    do
        get(admin_addr(a, 0), "/stages");
    while (number_after("\"queue\":") < CLIENTS - 1);
    get(admin_addr(a, 0), "/healthz");
    assert_non_null(strstr(page, "\r\n\r\nalive\n")); /* it is early yet */
    close(ends[1]);
    for (int i = 0; i < CLIENTS; i++) {
        client_expect_end(fds[i]);
        close(fds[i]);
    }
    do
        get(admin_addr(a, 0), "/stages");
    while (number_after("\"queue\":") > 0 || number_after("\"alive\":[") > 0);
    assert_true(number_after("\"queue_peak\":") >= CLIENTS - 1);
    stoa_stop(g.rt, STOA_SEC);
    assert_int_equal(server_join(&g), 0);
    get(admin_addr(a, 0), "/readyz");
    assert_non_null(strstr(page, "\r\n\r\ndraining\n"));
    admin_free(a);
    server_free(&g);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { BOTH(test_a_server_that_hangs) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
