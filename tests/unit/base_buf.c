/* Bytes that grow, in storage of their owner, from an allocator, and when there is no memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "support/flaky.h"

static void growing(void **state)
{
    (void)state;
    struct flaky f;
    struct buf b;
    flaky_init(&f, -1);
    buf_init(&b, &f.mem, NULL, 0);
    for (int i = 0; i < 10000; i++) {
        char c = (char)i;
        buf_add(&b, &c, 1);
    }
    assert_false(b.failed);
    assert_int_equal(buf_slice(&b).n, 10000);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(b.p[i], (char)i);
    buf_done(&b);
    assert_int_equal(f.bytes, 0);
    buf_done(&b); /* twice is harmless */
}

static void owners_storage(void **state)
{
    (void)state;
    struct flaky f;
    struct buf b;
    char first[8];
    flaky_init(&f, -1);
    buf_init(&b, &f.mem, first, sizeof first);
    buf_add(&b, "12345678", 8);
    assert_ptr_equal(b.p, first);
    assert_int_equal(f.bytes, 0);
    buf_add(&b, NULL, 0);
    buf_add(&b, "9", 1);
    assert_ptr_not_equal(b.p, first);
    assert_memory_equal(b.p, "123456789", 9);
    buf_clear(&b);
    assert_int_equal(buf_slice(&b).n, 0);
    assert_ptr_not_equal(b.p, first); /* the room is kept */
    buf_done(&b);
    assert_int_equal(f.bytes, 0);
    assert_ptr_equal(b.p, first);
    assert_int_equal(b.room, sizeof first);
}

static void writers(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, &mem_default, NULL, 0);
    buf_u64(&b, 0);
    buf_str(&b, STR(" "));
    buf_u64(&b, UINT64_MAX);
    buf_fmt(&b, "%s", "");
    buf_fmt(&b, " %s %d %0300d", "x", -1, 7);
    assert_false(b.failed);
    assert_int_equal(b.n, 2 + 20 + 6 + 300);
    assert_memory_equal(b.p, "0 18446744073709551615 x -1 000", 31);
    assert_int_equal(b.p[b.n - 1], '7');
    buf_done(&b);
}

/* A failure is kept: what follows may fit, but the whole is not whole. */
static void no_memory(void **state)
{
    (void)state;
    struct flaky f;
    struct buf b;
    char first[4];
    flaky_init(&f, 0);
    buf_init(&b, &f.mem, first, sizeof first);
    buf_add(&b, "12", 2);
    assert_false(b.failed);
    buf_add(&b, "345", 3);
    assert_true(b.failed);
    buf_add(&b, "6", 1);
    assert_true(b.failed);
    assert_int_equal(b.n, 3);
    assert_memory_equal(b.p, "126", 3);
    buf_clear(&b);
    assert_false(b.failed);
    buf_fmt(&b, "%s", "1234567");
    assert_true(b.failed);
    buf_done(&b);

    flaky_init(&f, -1);
    buf_init(&b, &f.mem, NULL, 0);
    assert_null(buf_room(&b, SIZE_MAX / 2));
    assert_true(b.failed);
    assert_int_equal(f.bytes, 0);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(growing),
        cmocka_unit_test(owners_storage),
        cmocka_unit_test(writers),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
