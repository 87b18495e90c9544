/* Reading, with the bytes cut into pieces in every way: lines, slices over several chunks, and how
 * much of it is held, on a fake kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/conn.h"
#include "support/fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Each line in brackets; what is left at the end after a colon. */
static int answer_lines(stoa_conn *c, void *arg)
{
    size_t max = *(size_t *)arg;
    struct stoa_str line;
    int r;
    while ((r = stoa_read_line(c, &line, max)) == 0) {
        struct iovec v[] = { { "<", 1 }, { (char *)line.p, line.n }, { ">", 1 } };
        r = conn_write(c, v, 3, false);
        if (r < 0)
            return r;
    }
    struct iovec v[] = { { ":", 1 }, { (char *)line.p, line.n } };
    if (r == STOA_EEOF)
        return conn_write(c, v, 2, false);
    return r == STOA_ETOOBIG ? stoa_write(c, "!", 1) : r;
}

static const char text[] = "a\nbcd\r\n\r\n\nefghij\nkl\rm\nno";
static const char answer[] = "<a><bcd><><><efghij><kl\rm>:no";
enum { TEXT = sizeof text - 1 };

static void try_lines(const size_t *cuts, int cuts_n, bool turns)
{
    struct fake f;
    size_t max = 100;
    fake_open(&f, &(struct fake_options){ .serve = answer_lines, .arg = &max, .greet = true });
    int p = fake_connect(&f);
    size_t at = 0;
    for (int i = 0; i <= cuts_n; i++) {
        size_t end = i < cuts_n ? cuts[i] : TEXT;
        if (end > at)
            fake_send(&f, p, text + at, end - at);
        at = end;
        if (turns)
            fake_run(&f); /* each piece meets a reader that waits for it */
    }
    fake_end(&f, p, 0);
    fake_run(&f);
    fake_expect(&f, p, answer);
    assert_true(f.peers[p].closed && !f.peers[p].hard);
    fake_close(&f, 0);
}

static void test_lines_cut_in_every_way(void **state)
{
    (void)state;
    for (size_t i = 0; i <= TEXT; i++)
        for (size_t k = i; k <= TEXT; k++) {
            try_lines((size_t[]){ i, k }, 2, true);
            try_lines((size_t[]){ i, k }, 2, false);
        }
    size_t each[TEXT];
    for (size_t i = 0; i < TEXT; i++)
        each[i] = i + 1;
    try_lines(each, TEXT, true);
    try_lines(each, 10, false);
}

static void test_line_too_long(void **state)
{
    (void)state;
    for (size_t max = 0; max <= 5; max++)
        for (size_t cut = 1; cut < 5; cut++) {
            struct fake f;
            size_t limit = max;
            fake_open(
                &f, &(struct fake_options){ .serve = answer_lines, .arg = &limit, .greet = true });
            int p = fake_connect(&f);
            fake_send(&f, p, "wxyz", cut);
            fake_send(&f, p, &"wxyz\n"[cut], 5 - cut);
            fake_end(&f, p, 0);
            fake_run(&f);
            /* The line feed is the fifth of at most max bytes. */
            fake_expect(&f, p, max < 5 ? "!" : "<wxyz>:");
            fake_close(&f, 0);
        }
}

/* ---- slices ---- */

struct slices {
    size_t have, max;
    int r;
    size_t n, unread; /* what came of it */
    char bytes[100];
    int64_t stamp;
};

static int fill_once(stoa_conn *c, void *arg)
{
    struct slices *s = arg;
    struct stoa_str got = { "untouched", 9 };
    s->r = conn_fill(c, s->have, s->max, &got);
    s->n = got.n;
    s->unread = conn_unread_bytes(c);
    s->stamp = conn_came(c).rx;
    memcpy(s->bytes, got.p, got.n);
    return CONN_CLOSE;
}

static void try_fill(struct slices *s, int end)
{
    struct fake f;
    fake_open(&f, &(struct fake_options){ .serve = fill_once, .arg = s, .greet = true });
    int p = fake_connect(&f);
    fake_text(&f, p, "ab");
    fake_text(&f, p, "cd");
    fake_text(&f, p, "ef");
    fake_end(&f, p, end);
    fake_run(&f);
    fake_close(&f, 0);
}

static void test_fill(void **state)
{
    (void)state;
    struct slices s = { .have = 0, .max = 50 };
    try_fill(&s, 1); /* the first chunk does */
    assert_true(s.r == 1 && s.n == 2 && memcmp(s.bytes, "ab", 2) == 0);
    s = (struct slices){ .have = 0, .max = 1 };
    try_fill(&s, 1); /* no more than max */
    assert_true(s.r == 1 && s.n == 1);
    s = (struct slices){ .have = 2, .max = 50 };
    try_fill(&s, 1); /* as many chunks as it takes, and no more */
    assert_true(s.r == 1 && s.n == 4 && s.unread == 6 && memcmp(s.bytes, "abcd", 4) == 0);
    s = (struct slices){ .have = 2, .max = 3 };
    try_fill(&s, 1);
    assert_true(s.r == 1 && s.n == 3 && s.unread == 6);
    s = (struct slices){ .have = 6, .max = 50 };
    try_fill(&s, 0); /* the end: what is left, in one piece */
    assert_true(s.r == 0 && s.n == 6 && memcmp(s.bytes, "abcdef", 6) == 0);
    s = (struct slices){ .have = 6, .max = 50 };
    try_fill(&s, -ECONNRESET); /* broken: ret untouched, nothing lost */
    assert_true(s.r == -ECONNRESET && s.n == 9 && s.unread == 6);
}

/* Slices that were borrowed stay until the next read, whatever is consumed meanwhile; a gathered
 * slice, read in part, makes room for the next; no memory is an answer. */
static int gather_again(stoa_conn *c, void *arg)
{
    struct fake *f = arg;
    struct stoa_str s, first;
    assert_int_equal(conn_fill(c, 0, 10000, &first), 1);
    f->mem_fails = true;
    assert_int_equal(conn_fill(c, 4000, 10000, &s), -ENOMEM);
    assert_int_equal(conn_unread_bytes(c), 16000);
    f->mem_fails = false;
    assert_int_equal(conn_fill(c, 4000, 10000, &s), 1);
    assert_int_equal(s.n, 8000);
    assert_int_equal(f->chunks_out, 2); /* those that were copied are given back */
    const char *gathered = s.p;
    conn_consume(c, 7001);
    assert_int_equal(gathered[0], 0);
    assert_int_equal(gathered[7999], 7999 % 100);
    assert_int_equal(conn_fill(c, 999, 10000, &s), 1);
    assert_ptr_equal(s.p, gathered);
    assert_int_equal(s.n, 4999);
    for (size_t i = 0; i < s.n; i++)
        assert_int_equal(s.p[i], (7001 + i) % 100);
    conn_consume(c, 4999);
    first = conn_unread(c);
    assert_int_equal(first.n, 4000);
    assert_int_equal(s.p[4998], 11999 % 100);
    conn_consume(c, 4000);
    assert_null(conn_unread(c).p);
    assert_int_equal(first.p[0], 12000 % 100); /* consumed, and there as yet */
    assert_int_equal(f->chunks_out, 1);
    assert_int_equal(conn_fill(c, 0, 10, &s), 0);
    assert_int_equal(s.n, 0);
    assert_int_equal(f->chunks_out, 0);
    assert_int_equal(stoa_read(c, NULL, 0), 0);
    return CONN_CLOSE;
}

static void test_gather(void **state)
{
    (void)state;
    struct fake f;
    fake_open(&f, &(struct fake_options){ .serve = gather_again, .arg = &f, .greet = true });
    int p = fake_connect(&f);
    char bytes[100];
    for (int i = 0; i < 100; i++)
        bytes[i] = (char)i;
    char *piece = malloc(4000);
    for (size_t i = 0; i < 4000; i++)
        piece[i] = bytes[i % 100];
    for (int i = 0; i < 4; i++)
        fake_send(&f, p, piece, 4000);
    free(piece);
    fake_end(&f, p, 0);
    fake_run(&f);
    assert_true(f.peers[p].closed && !f.peers[p].hard);
    fake_close(&f, 0);
}

/* ---- how much is held ---- */

struct lazy {
    bool go;
    size_t most;
    int r;
    char got[4];
};

static int read_late(stoa_conn *c, void *arg)
{
    struct lazy *lazy = arg;
    stoa_task *t = stoa_conn_task(c);
    struct stoa_str s;
    while (!lazy->go && stoa_sleep(t, STOA_MS) == 0)
        ;
    lazy->most = conn_unread_bytes(c);
    for (;;) {
        lazy->r = conn_fill(c, 0, 100, &s);
        if (lazy->r <= 0)
            return lazy->r;
        memmove(lazy->got, lazy->got + 1, 3);
        lazy->got[3] = s.p[s.n - 1];
        conn_consume(c, s.n);
    }
}

static void start_lazy(struct fake *f, struct lazy *lazy, int *p)
{
    *lazy = (struct lazy){ 0 };
    fake_open(f, &(struct fake_options){ .serve = read_late, .arg = lazy });
    *p = fake_connect(f);
    for (int i = 0; i < 40; i++)
        fake_send(f, *p, &"0123456789"[i % 10], 1); /* a byte each: as dear as 4096 */
}

static void test_no_more_than_enough(void **state)
{
    (void)state;
    struct fake f;
    struct lazy lazy;
    int p;
    start_lazy(&f, &lazy, &p);
    fake_wait(&f, 10 * STOA_MS);
    assert_int_equal(f.chunks_out, 1); /* what came at accept; receiving is not even under way */
    lazy.go = true;
    fake_wait(&f, 10 * STOA_MS);
    assert_int_equal(lazy.most, 1);
    assert_memory_equal(lazy.got, "6789",
                        4); /* all of it, though receiving was stopped meanwhile */
    assert_true(fake_receives(&f, p));
    fake_end(&f, p, 0);
    fake_run(&f);
    fake_close(&f, 0);
}

/* A reader that comes back for more. */
struct twice {
    bool go;
};

static int read_all_of_it(stoa_conn *c, void *arg)
{
    struct twice *twice = arg;
    char buf[100];
    int r = stoa_read_all(c, buf, 2); /* so that receiving is under way */
    while (r == 0 && !twice->go)
        r = stoa_sleep(stoa_conn_task(c), STOA_MS);
    if (r == 0)
        r = stoa_read_all(c, buf, 60);
    return r < 0 ? r : stoa_write(c, "all", 3);
}

static void try_held(int late, int fails)
{
    struct fake f;
    struct twice twice = { 0 };
    fake_open(&f, &(struct fake_options){ .serve = read_all_of_it, .arg = &twice, .greet = true });
    f.late_cancels = late;
    int p = fake_connect(&f);
    fake_text(&f, p, "a");
    fake_run(&f);
    fake_text(&f, p, "b");
    fake_run(&f);
    for (int i = 0; i < 60; i++)
        fake_text(&f, p, "c");
    fake_turn(&f);
    if (late)
        assert_true(fake_receives(&f, p)); /* the cancellation is on the way */
    else
        assert_in_range(f.chunks_out, 1, 20);
    twice.go = true;
    f.clock += STOA_MS;
    fake_turn(&f);
    f.submit_fails = fails;
    fake_wait(&f, STOA_MS);
    if (fails)
        assert_true(f.peers[p].closed && f.peers[p].hard);
    else
        fake_expect(&f, p, "all");
    fake_close(&f, 20 * STOA_SEC);
}

static void test_receiving_resumes(void **state)
{
    (void)state;
    try_held(false, 0);
    try_held(true, 0);
    try_held(false, -ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_cut_in_every_way),
        cmocka_unit_test(test_line_too_long),
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_gather),
        cmocka_unit_test(test_no_more_than_enough),
        cmocka_unit_test(test_receiving_resumes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
