/* The heap against a model: an array in which the smallest is looked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/heap.h"
#include "support/flaky.h"

#include <errno.h>

enum { NODES = 300, STEPS = 30000 };

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static stoa_time smallest(const struct heap_node *nodes)
{
    stoa_time min = STOA_NEVER;
    for (size_t i = 0; i < NODES; i++)
        if (heap_has(&nodes[i]) && nodes[i].key < min)
            min = nodes[i].key;
    return min;
}

static void random_steps(void **state)
{
    (void)state;
    static struct heap_node nodes[NODES];
    struct flaky f;
    struct heap h;
    uint32_t seed = 1;
    size_t count = 0;
    flaky_init(&f, -1);
    heap_init(&h, &f.mem);
    for (int step = 0; step < STEPS; step++) {
        /* Few at first, so that each shape of a small heap comes up often. */
        struct heap_node *n = &nodes[next(&seed) % (step < STEPS / 2 ? 5 : NODES)];
        stoa_time key = next(&seed) % 1000;
        if (!heap_has(n)) {
            n->key = key;
            assert_int_equal(heap_insert(&h, n), 0);
            count++;
        } else if (next(&seed) % 2) {
            heap_rekey(&h, n, key);
            assert_true(n->key == key);
        } else {
            heap_remove(&h, n);
            heap_remove(&h, n); /* harmless */
            count--;
        }
        assert_int_equal(h.count, count);
        if (count)
            assert_true(heap_first(&h)->key == smallest(nodes));
    }
    stoa_time last = 0;
    while (heap_first(&h)) {
        struct heap_node *n = heap_first(&h);
        assert_true(n->key >= last);
        last = n->key;
        heap_remove(&h, n);
        count--;
    }
    assert_int_equal(count, 0);
    heap_done(&h);
    assert_int_equal(f.bytes, 0);
    heap_done(&h);
}

static void no_memory(void **state)
{
    (void)state;
    static struct heap_node nodes[65];
    struct flaky f;
    struct heap h;
    flaky_init(&f, 0);
    heap_init(&h, &f.mem);
    assert_int_equal(heap_insert(&h, &nodes[0]), -ENOMEM);
    assert_false(heap_has(&nodes[0]));
    assert_null(heap_first(&h));
    f.left = 1;
    for (int i = 0; i < 64; i++) {
        nodes[i].key = 64 - i;
        assert_int_equal(heap_insert(&h, &nodes[i]), 0);
    }
    assert_int_equal(heap_insert(&h, &nodes[64]), -ENOMEM);
    assert_int_equal(h.count, 64);
    assert_ptr_equal(heap_first(&h), &nodes[63]);
    heap_done(&h);
    assert_int_equal(f.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_steps),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
