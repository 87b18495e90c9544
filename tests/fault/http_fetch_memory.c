/* Each allocation of a client's exchanges fails in turn: the fetch says so, or goes well without it,
 * and nothing leaks. */
#include "unit/http_client.h"

/* Two fetches with much to remember; the second may use the first one's connection.
 *   returns  how many went well. */
static int fetch_twice(struct client *k, char *reply)
{
    static char field[3000], url[3000];
    int whole = 0;
    memset(field, 'f', sizeof field - 1);
    memcpy(url, "http://a/", 9);
    memset(url + 9, 'u', sizeof url - 10);
    for (int i = 0; i < 2; i++) {
        struct stoa_http_field fields[] = { { "A", field }, { "B", field } };
        struct stoa_http_fetch f = {
            .url = url, .fields = fields, .fields_count = 2, .report = &k->report
        };
        stoa_http *x;
        char buf[8];
        k->c.script = str_of(reply);
        int r = stoa_http_fetch(stoa_conn_task(&k->c), &x, &f);
        assert_true(r == 0 || r == -ENOMEM);
        if (r < 0)
            continue;
        assert_int_equal(stoa_http_status(x), 200);
        assert_int_equal(stoa_http_read(x, buf, sizeof buf), 2);
        assert_int_equal(stoa_http_read(x, buf, sizeof buf), 0);
        stoa_http_end(x);
        whole++;
    }
    return whole;
}

/* returns how many allocations there were; the n-th fails. */
static size_t play_failing(size_t n, char *reply)
{
    static struct client k;
    struct script s[] = { { .bytes = reply }, { .bytes = reply } };
    client_begin(&k, s, 2);
    k.mem.fail_at = n;
    int whole = fetch_twice(&k, reply);
    assert_true(whole >= (n == 0 ? 2 : 1));
    if (n == 0)
        assert_int_equal(k.dials, 1);
    size_t calls = k.mem.calls;
    client_end(&k);
    return calls;
}

static void every_allocation_fails_once(void **state)
{
    static char reply[6000];
    (void)state;
    size_t n = (size_t)sprintf(reply, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: ");
    memset(reply + n, 'a', 5000);
    strcpy(reply + n + 5000, "\r\n\r\nhi");
    size_t calls = play_failing(0, reply);
    assert_true(calls > 10);
    for (size_t i = 1; i <= calls + 1; i++)
        play_failing(i, reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_allocation_fails_once) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
