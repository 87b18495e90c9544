/* The log's buffer between two threads: against a model in one, then in two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/ring.h"

#include <pthread.h>
#include <stdio.h>

enum { ROOM = 64, LINES = 20000 };

/* Takes n bytes, or all, to `to`; returns how many. */
static size_t take(struct ring *r, char *to, size_t n)
{
    size_t got = 0;
    struct stoa_str s;
    while (got < n && (s = ring_peek(r)).n) {
        if (s.n > n - got)
            s.n = n - got;
        memcpy(to + got, s.p, s.n);
        ring_take(r, s.n);
        got += s.n;
    }
    return got;
}

static void in_one_thread(void **state)
{
    (void)state;
    struct ring r;
    static char in[1 << 20], out[1 << 20];
    size_t in_n = 0, out_n = 0, dropped = 0;
    uint32_t seed = 7;
    assert_int_equal(ring_init(&r, &mem_default, ROOM), 0);
    assert_true(ring_is_empty(&r));
    for (int i = 0; i < 20000; i++) {
        seed = seed * 1664525 + 1013904223;
        char line[ROOM + 8];
        size_t n = (seed >> 8) % (ROOM + 2), waiting = in_n - out_n;
        memset(line, 'a' + i % 26, sizeof line);
        size_t now = ring_add(&r, (struct stoa_str){ line, n });
        if (n <= ROOM - waiting) {
            memcpy(in + in_n, line, n);
            in_n += n;
        } else {
            dropped++;
        }
        assert_int_equal(now, in_n - out_n);
        assert_int_equal(ring_is_empty(&r), in_n == out_n);
        if (in_n > sizeof in - ROOM)
            break;
        out_n += take(&r, out + out_n, (seed >> 20) % ROOM);
    }
    out_n += take(&r, out + out_n, ROOM);
    assert_int_equal(out_n, in_n);
    assert_memory_equal(in, out, in_n);
    assert_true(dropped > 100);
    assert_int_equal(atomic_load(&r.dropped), dropped);
    ring_done(&r, &mem_default);
}

static void *add_lines(void *arg)
{
    struct ring *r = arg;
    for (int i = 0; i < LINES; i++) {
        char line[24];
        int n = snprintf(line, sizeof line, "%d\n", i);
        ring_add(r, (struct stoa_str){ line, (size_t)n });
    }
    return NULL;
}

/* Whole lines, in order, and those that are missing have been counted. */
static void in_two_threads(void **state)
{
    (void)state;
    struct ring r;
    pthread_t adder;
    int last = -1, lines = 0, number = 0;
    assert_int_equal(ring_init(&r, &mem_default, 4096), 0);
    assert_int_equal(pthread_create(&adder, NULL, add_lines, &r), 0);
    while (lines + (int)atomic_load(&r.dropped) < LINES || !ring_is_empty(&r)) {
        char bytes[512];
        size_t n = take(&r, bytes, sizeof bytes);
        for (size_t i = 0; i < n; i++) {
            if (bytes[i] != '\n') {
                number = number * 10 + bytes[i] - '0';
                continue;
            }
            assert_true(number > last && number < LINES);
            last = number;
            number = 0;
            lines++;
        }
    }
    pthread_join(adder, NULL);
    ring_done(&r, &mem_default);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_one_thread),
        cmocka_unit_test(in_two_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
