/* The doubly linked list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/list.h"

#include <string.h>

struct item {
    char name;
    struct list node;
};

/* The names in order; the links backwards agree. */
static const char *names(const struct list *l)
{
    static char text[16];
    size_t n = 0;
    list_each (node, l) {
        assert_ptr_equal(node->next->prev, node);
        assert_ptr_equal(node->prev->next, node);
        text[n++] = list_owner(node, struct item, node)->name;
    }
    text[n] = 0;
    return text;
}

static void one_list(void **state)
{
    (void)state;
    struct item a = { .name = 'a' }, b = { .name = 'b' }, c = { .name = 'c' };
    struct list l;
    list_init(&l);
    list_init(&a.node);
    assert_true(list_is_empty(&l));
    assert_null(list_pop_front(&l));
    list_unlink(&a.node); /* in no list */
    list_push_back(&l, &b.node);
    list_push_back(&l, &c.node);
    list_push_front(&l, &a.node);
    assert_string_equal(names(&l), "abc");
    assert_false(list_is_empty(&l));
    list_unlink(&b.node);
    list_unlink(&b.node);
    assert_string_equal(names(&l), "ac");
    assert_ptr_equal(list_pop_front(&l), &a.node);
    assert_ptr_equal(list_pop_front(&l), &c.node);
    assert_true(list_is_empty(&l) && list_is_empty(&c.node));
}

static void moving_all(void **state)
{
    (void)state;
    struct item a = { .name = 'a' }, b = { .name = 'b' }, c = { .name = 'c' };
    struct list l, from;
    list_init(&l);
    list_init(&from);
    list_move_all(&l, &from);
    assert_string_equal(names(&l), "");
    list_push_back(&from, &b.node);
    list_push_back(&from, &c.node);
    list_push_back(&l, &a.node);
    list_move_all(&l, &from);
    assert_string_equal(names(&l), "abc");
    assert_true(list_is_empty(&from));
}

/* The node that list_each stands on may be taken out. */
static void unlinking_while_walking(void **state)
{
    (void)state;
    struct item items[4];
    struct list l;
    list_init(&l);
    for (int i = 0; i < 4; i++) {
        items[i].name = (char)('a' + i);
        list_push_back(&l, &items[i].node);
    }
    list_each (node, &l)
        if (list_owner(node, struct item, node)->name % 2)
            list_unlink(node);
    assert_string_equal(names(&l), "bd");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_list),
        cmocka_unit_test(moving_all),
        cmocka_unit_test(unlinking_while_walking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
