/* What one core keeps in memory: budget, order of eviction, and variants that outlive their entry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/cache.h"
#include "support/flaky.h"

#include <stdio.h>

static const struct siphash_key key = { { 3, 4 } };

struct shelf {
    struct cache c;
    struct flaky flaky;
};

static void shelf_open(struct shelf *s, size_t bytes_max)
{
    flaky_init(&s->flaky, -1);
    cache_init(&s->c, &s->flaky.mem, &key, bytes_max);
}

static void shelf_close(struct shelf *s)
{
    cache_done(&s->c);
    assert_int_equal(s->flaky.bytes, 0);
}

static struct seen seen_of(uint64_t ino)
{
    struct seen seen = { .codings = 1u << CODING_IDENTITY };
    seen.versions[CODING_IDENTITY].ino = ino;
    return seen;
}

static struct variant *make(struct shelf *s, size_t room, uint64_t ino, enum coding coding)
{
    struct variant *v = variant_new(&s->flaky.mem, room);
    assert_non_null(v);
    v->version.ino = ino;
    v->coding = coding;
    return v;
}

static struct entry *note(struct shelf *s, const char *path, uint64_t ino)
{
    struct seen seen = seen_of(ino);
    return cache_note(&s->c, str_of(path), &seen, 1);
}

static void found_and_forgotten(void **state)
{
    (void)state;
    struct shelf s;
    shelf_open(&s, 1 << 20);
    assert_null(cache_find(&s.c, STR("a")));
    struct entry *a = note(&s, "a", 1);
    assert_ptr_equal(cache_find(&s.c, STR("a")), a);
    assert_null(cache_find(&s.c, STR("aa")));
    assert_null(cache_find(&s.c, STR("")));
    struct variant *v = make(&s, 100, 1, CODING_IDENTITY);
    cache_keep(&s.c, STR("a"), v);
    assert_true(v->is_kept);
    assert_ptr_equal(a->variants[CODING_IDENTITY], v);
    assert_ptr_equal(note(&s, "a", 1), a); /* the same is there: it stays */
    assert_ptr_equal(a->variants[CODING_IDENTITY], v);
    note(&s, "a", 2);
    assert_null(a->variants[CODING_IDENTITY]);
    cache_forget(&s.c, a);
    assert_null(cache_find(&s.c, STR("a")));
    assert_int_equal(s.c.bytes, 0);
    shelf_close(&s);
}

/* What is not what was noted is not kept. */
static void strangers(void **state)
{
    (void)state;
    struct shelf s;
    shelf_open(&s, 1 << 20);
    note(&s, "a", 1);
    struct variant *other = make(&s, 10, 2, CODING_IDENTITY);
    struct variant *gzip = make(&s, 10, 1, CODING_GZIP);
    cache_keep(&s.c, STR("a"), other);
    cache_keep(&s.c, STR("a"), gzip);
    cache_keep(&s.c, STR("b"), other);
    assert_false(other->is_kept || gzip->is_kept);
    variant_free(&s.flaky.mem, other);
    variant_free(&s.flaky.mem, gzip);
    shelf_close(&s);
}

/* All variants tell whether there are others: one more coding, and all are made anew. */
static void one_more_coding(void **state)
{
    (void)state;
    struct shelf s;
    shelf_open(&s, 1 << 20);
    struct entry *a = note(&s, "a", 1);
    cache_keep(&s.c, STR("a"), make(&s, 10, 1, CODING_IDENTITY));
    struct seen seen = seen_of(1);
    seen.codings |= 1u << CODING_GZIP;
    seen.versions[CODING_GZIP].ino = 9;
    cache_note(&s.c, STR("a"), &seen, 2);
    assert_null(a->variants[CODING_IDENTITY]);
    cache_keep(&s.c, STR("a"), make(&s, 10, 1, CODING_IDENTITY));
    cache_keep(&s.c, STR("a"), make(&s, 10, 9, CODING_GZIP));
    seen.versions[CODING_GZIP].ino = 10;
    cache_note(&s.c, STR("a"), &seen, 3); /* only one of them has changed */
    assert_non_null(a->variants[CODING_IDENTITY]);
    assert_null(a->variants[CODING_GZIP]);
    shelf_close(&s);
}

static void a_variant_in_use_outlives_its_entry(void **state)
{
    (void)state;
    struct shelf s;
    shelf_open(&s, 1 << 20);
    struct entry *a = note(&s, "a", 1);
    struct variant *v = make(&s, 100, 1, CODING_IDENTITY);
    v->users = 1;
    cache_keep(&s.c, STR("a"), v);
    cache_forget(&s.c, a);
    assert_false(v->is_kept);
    v->body[99] = 'x';
    variant_free(&s.flaky.mem, v);
    shelf_close(&s);
}

static void the_budget_holds(void **state)
{
    (void)state;
    enum { BUDGET = 64 * 1024 };
    struct shelf s;
    char name[32];
    shelf_open(&s, BUDGET);
    for (uint64_t i = 1; i < 2000; i++) {
        snprintf(name, sizeof name, "%d", (int)i);
        note(&s, name, i);
        struct variant *v = make(&s, (size_t)(i * 37 % 5000), i, CODING_IDENTITY);
        cache_keep(&s.c, str_of(name), v);
        if (!v->is_kept)
            variant_free(&s.flaky.mem, v);
        assert_true(s.c.bytes <= BUDGET);
    }
    assert_true(s.c.map.count > 5);
    assert_true(s.flaky.bytes <= BUDGET + s.c.map.room * sizeof(void *));
    note(&s, "large", 1);
    struct variant *large = make(&s, BUDGET, 1, CODING_IDENTITY);
    large->users = 1;
    cache_keep(&s.c, STR("large"), large); /* never fits */
    assert_false(large->is_kept);
    assert_true(s.c.bytes <= BUDGET);
    variant_free(&s.flaky.mem, large);
    shelf_close(&s);
}

/* What is used stays; what came once and was not asked for again goes. */
static void what_is_used_stays(void **state)
{
    (void)state;
    struct shelf s;
    char name[32];
    shelf_open(&s, 64 * 1024);
    note(&s, "hot", 1);
    for (int i = 0; i < 1000; i++) {
        struct entry *hot = cache_find(&s.c, STR("hot"));
        assert_non_null(hot);
        hot->is_used = true;
        snprintf(name, sizeof name, "%d", i);
        note(&s, name, 2);
    }
    assert_null(cache_find(&s.c, STR("0")));
    assert_non_null(cache_find(&s.c, STR("999")));
    shelf_close(&s);
}

static void without_memory(void **state)
{
    (void)state;
    for (int left = 0; left < 2; left++) {
        struct shelf s;
        shelf_open(&s, 1 << 20);
        s.flaky.left = left;
        assert_null(note(&s, "a", 1));
        assert_int_equal(s.c.bytes, 0);
        s.flaky.left = -1;
        assert_non_null(note(&s, "a", 1));
        shelf_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_and_forgotten),
        cmocka_unit_test(strangers),
        cmocka_unit_test(one_more_coding),
        cmocka_unit_test(a_variant_in_use_outlives_its_entry),
        cmocka_unit_test(the_budget_holds),
        cmocka_unit_test(what_is_used_stays),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
