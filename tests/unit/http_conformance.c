/* The table of tests/e2e/http_conformance.inc, each row in one piece, byte by byte, and cut in two
 * at every place. */
#include "http_fake.h"

#define H "Host: a\r\n"
#define TE "Transfer-Encoding: chunked\r\n"
#define OK "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
#define ROW(what, bytes, statuses, end) { what, bytes, sizeof(bytes) - 1, statuses, end },

static const struct row {
    const char *what, *bytes;
    size_t n;
    const char *statuses;
    enum fake_end end;
} rows[] = {
#include "../e2e/http_conformance.inc"
};

enum { ROWS = sizeof rows / sizeof *rows };

static int answer(stoa_http *x, void *arg)
{
    (void)arg;
    return stoa_http_reply(x, 200, "text/plain", "hi", 2);
}

/* "200|400" means either. */
static bool is_expected(const char *expected, const char *got)
{
    const char *bar = strchr(expected, '|');
    return strcmp(expected, got) == 0 ||
           (bar && (strcmp(bar + 1, got) == 0 || (strlen(got) == (size_t)(bar - expected) &&
                                                  strncmp(expected, got, strlen(got)) == 0)));
}

static void play(const struct row *row, size_t first, size_t step, size_t chunk)
{
    struct fake_mem mem;
    struct http_service s = { .handler = answer };
    stoa_conn c;
    char got[256];
    fake_mem_init(&mem, 0);
    assert_int_equal(http_service_init(&s, 1, &mem.mem), 0);
    fake_init(&c, (struct stoa_str){ row->bytes, row->n });
    c.chunk = chunk;
    c.step = first;
    fake_arrive(&c);
    c.step = step;
    fake_run(&c, &s);
    fake_statuses(&c, METHOD_GET, got, sizeof got);
    if (c.end == GONE) /* closed, too: the client said so itself */
        c.end = CLOSED;
    if (c.end != row->end || !is_expected(row->statuses, got))
        fail_msg("%s (%zu, then %zu; %zu): %s, end %d (%d)", row->what, first, step, chunk, got,
                 (int)c.end, c.result);
    fake_done(&c);
    http_service_done(&s);
    assert_int_equal(mem.live, 0);
}

static void in_one_piece(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        play(&rows[i], rows[i].n, 0, 0);
}

static void byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        play(&rows[i], 1, 1, 0);
}

static void cut_everywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t at = 1; at < rows[i].n; at++)
            play(&rows[i], at, 0, 0);
}

/* All of it is here, but in chunks: no wait may come of that. */
static void in_chunks(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t chunk = 1; chunk < rows[i].n; chunk++)
            play(&rows[i], rows[i].n, 0, chunk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_one_piece),
        cmocka_unit_test(byte_by_byte),
        cmocka_unit_test(cut_everywhere),
        cmocka_unit_test(in_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
