/* The map against a model: an array in which each of some keys is in or not, and how often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/list.h"
#include "base/map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEYS = 700, STEPS = 40000 };

struct item {
    struct map_node node;
    char name[16];
    bool is_in;
};

static const struct siphash_key key = { { 1, 2 } };

static struct stoa_str name_of(const struct item *it)
{
    return str_of(it->name);
}

static struct item *find(const struct map *m, struct stoa_str name)
{
    for (struct map_node *n = map_first(m, map_hash(m, name)); n; n = map_next(n)) {
        struct item *it = list_owner(n, struct item, node);
        if (str_eq(name_of(it), name))
            return it;
    }
    return NULL;
}

static void random_steps(void **state)
{
    (void)state;
    static struct item items[KEYS];
    struct map m;
    size_t count = 0;
    uint32_t seed = 1;
    map_init(&m, &mem_default, &key);
    for (int i = 0; i < KEYS; i++)
        snprintf(items[i].name, sizeof items[i].name, "key %d", i);
    for (int step = 0; step < STEPS; step++) {
        seed = seed * 1664525 + 1013904223;
        struct item *it = &items[(seed >> 8) % KEYS];
        if (it->is_in) {
            map_remove(&m, &it->node);
            count--;
        } else {
            assert_int_equal(map_insert(&m, &it->node, map_hash(&m, name_of(it))), 0);
            count++;
        }
        it->is_in = !it->is_in;
        assert_int_equal(m.count, count);
        struct item *other = &items[(seed >> 20) % KEYS];
        assert_ptr_equal(find(&m, name_of(other)), other->is_in ? other : NULL);
    }
    for (int i = 0; i < KEYS; i++)
        assert_ptr_equal(find(&m, name_of(&items[i])), items[i].is_in ? &items[i] : NULL);
    map_done(&m);
}

/* Nodes of one hash are all found, among others of the same chain. */
static void equal_hashes(void **state)
{
    (void)state;
    struct item items[9] = { 0 };
    struct map m;
    map_init(&m, &mem_default, &key);
    for (int i = 0; i < 9; i++)
        assert_int_equal(map_insert(&m, &items[i].node, i % 3 == 0 ? 5 : 5 + 16 * (uint64_t)i), 0);
    int found = 0;
    for (struct map_node *n = map_first(&m, 5); n; n = map_next(n))
        found++;
    assert_int_equal(found, 3);
    assert_null(map_first(&m, 6));
    map_done(&m);
}

struct budget {
    int left;
};

static void *alloc_some(void *ctx, size_t n)
{
    struct budget *b = ctx;
    return b->left-- > 0 ? malloc(n) : NULL;
}

static void release_it(void *ctx, void *p, size_t n)
{
    (void)ctx;
    (void)n;
    free(p);
}

static void without_memory(void **state)
{
    (void)state;
    static struct item items[200];
    struct budget budget = { 0 };
    const struct stoa_mem mem = { alloc_some, release_it, &budget };
    struct map m;
    map_init(&m, &mem, &key);
    assert_null(map_first(&m, 1));
    assert_int_equal(map_insert(&m, &items[0].node, 1), -ENOMEM);
    assert_int_equal(m.count, 0);
    budget.left = 1;
    for (uint64_t i = 0; i < 200; i++)
        assert_int_equal(map_insert(&m, &items[i].node, i * 7), 0);
    for (uint64_t i = 0; i < 200; i++)
        assert_ptr_equal(map_first(&m, i * 7), &items[i].node);
    assert_int_equal(m.room, 16);
    map_done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_steps),
        cmocka_unit_test(equal_hashes),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
