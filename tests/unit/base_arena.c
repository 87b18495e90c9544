/* Memory freed all at once; and the allocator under it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "support/flaky.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PIECES = 2000 };

static bool is_aligned(const void *p)
{
    return (uintptr_t)p % alignof(max_align_t) == 0;
}

/* Pieces of many sizes, each filled, none in another's room. */
static void pieces(void **state)
{
    (void)state;
    static unsigned char *p[PIECES];
    static size_t n[PIECES];
    struct flaky f;
    struct arena a;
    flaky_init(&f, -1);
    arena_init(&a, &f.mem, NULL, 0);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < PIECES; i++) {
            n[i] = i % 97 == 0 ? 5000 : i % 301 == 0 ? 0 : i % 61;
            p[i] = arena_alloc(&a, n[i]);
            assert_non_null(p[i]);
            assert_true(is_aligned(p[i]));
            memset(p[i], (int)(i % 251), n[i]);
        }
        for (size_t i = 0; i < PIECES; i++)
            for (size_t k = 0; k < n[i]; k++)
                assert_int_equal(p[i][k], i % 251);
        arena_reset(&a);
        assert_int_equal(f.bytes, 0);
    }
}

static void owners_block(void **state)
{
    (void)state;
    alignas(max_align_t) char first[256 + 1];
    struct flaky f;
    struct arena a;
    flaky_init(&f, -1);
    arena_init(&a, &f.mem, first + 1, 256); /* need not be aligned itself */
    for (int round = 0; round < 2; round++) {
        char *p = arena_alloc(&a, 100);
        assert_true(p > first && p + 100 <= first + sizeof first && is_aligned(p));
        assert_int_equal(f.bytes, 0);
        assert_non_null(arena_alloc(&a, 3000)); /* a block, and what is left of first is kept */
        p = arena_alloc(&a, 100);
        assert_true(p > first && p + 100 <= first + sizeof first);
        p = arena_alloc(&a, 100);
        assert_false(p > first && p < first + sizeof first);
        arena_reset(&a);
        assert_int_equal(f.bytes, 0);
    }
    arena_init(&a, &f.mem, first, 64);
    assert_ptr_equal(arena_alloc(&a, 64), first); /* to the last byte */
    assert_ptr_equal(arena_alloc(&a, 0), first + 64);
    assert_int_equal(f.bytes, 0);
    arena_reset(&a);
}

static void no_memory(void **state)
{
    (void)state;
    struct flaky f;
    struct arena a;
    flaky_init(&f, 1);
    arena_init(&a, &f.mem, NULL, 0);
    assert_non_null(arena_alloc(&a, 3000));
    assert_null(arena_alloc(&a, 3000));
    assert_non_null(arena_alloc(&a, 500)); /* what there is can still be had */
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX / 2 + 1));
    assert_int_equal(f.failed, 1);
    arena_reset(&a);
    assert_int_equal(f.bytes, 0);
}

static void zeroed(void **state)
{
    (void)state;
    struct flaky f;
    flaky_init(&f, 1);
    char *p = mem_zalloc(&f.mem, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(p[i], 0);
    assert_null(mem_zalloc(&f.mem, 100));
    mem_free(&f.mem, p, 100);
    mem_free(&f.mem, NULL, 100);
    assert_int_equal(f.bytes, 0);

    p = mem_alloc(&mem_default, 100);
    assert_non_null(p);
    mem_free(&mem_default, p, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces),
        cmocka_unit_test(owners_block),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(zeroed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
