/* What keys do on the screen of `stoa watch`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tool/keys.h"
#include "tool/watch/ui.h"

#include <stdio.h>
#include <stdlib.h>

enum { N = 20 };

static struct watch_picture *p;
static struct watch_ui ui;
static int order[N];

static int set_up(void **state)
{
    (void)state;
    p = calloc(1, sizeof *p);
    p->listener = calloc(N, sizeof *p->listener);
    p->listeners = N;
    for (int i = 0; i < N; i++) {
        snprintf(p->listener[i].name, sizeof p->listener[i].name, "10.0.0.1:%d", i);
        order[i] = i;
    }
    ui = (struct watch_ui){ .page = 5 };
    watch_ui_follow(&ui, p, order, N);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(p->listener);
    free(p);
    return 0;
}

static enum watch_wish press(int key)
{
    enum watch_wish wish = watch_ui_key(&ui, key, p, N);
    watch_ui_follow(&ui, p, order, N);
    return wish;
}

static void type(const char *text)
{
    for (; *text; text++)
        assert_int_equal(press(*text), WATCH_NO_WISH);
}

static void moving(void **state)
{
    (void)state;
    static const struct {
        int key, row;
    } rows[] = {
        { KEY_UP, 0 },        { KEY_DOWN, 1 },
        { 'j', 2 },           { 'k', 1 },
        { KEY_PAGE_DOWN, 5 }, { ' ', 9 },
        { KEY_PAGE_UP, 5 },   { KEY_END, N - 1 },
        { KEY_DOWN, N - 1 },  { KEY_PAGE_DOWN, N - 1 },
        { KEY_HOME, 0 },      { 'G', N - 1 },
        { 'g', 0 },           { KEY_PAGE_UP, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(press(rows[i].key), WATCH_NO_WISH);
        assert_int_equal(ui.row, rows[i].row);
        assert_string_equal(ui.selected, p->listener[rows[i].row].name);
    }
}

static void the_selected_listener_is_followed(void **state)
{
    (void)state;
    /* Until one is chosen the first is: the worst, as they are sorted. */
    order[0] = 3;
    order[3] = 0;
    watch_ui_follow(&ui, p, order, N);
    assert_int_equal(ui.row, 0);
    assert_string_equal(ui.selected, p->listener[3].name);
    press('j');
    order[1] = 7;
    order[7] = 1;
    watch_ui_follow(&ui, p, order, N);
    assert_int_equal(ui.row, 7);
    /* It is gone: the one that has its place. */
    order[7] = 8;
    watch_ui_follow(&ui, p, order, N);
    assert_int_equal(ui.row, 7);
    assert_string_equal(ui.selected, p->listener[8].name);
    watch_ui_follow(&ui, p, order, 3);
    assert_int_equal(ui.row, 2);
    watch_ui_follow(&ui, p, order, 0);
    assert_int_equal(ui.row, 0);
    assert_string_equal(ui.selected, "");
    assert_int_equal(watch_ui_key(&ui, KEY_ENTER, p, 0), WATCH_NO_WISH);
    assert_int_equal(watch_ui_key(&ui, KEY_DOWN, p, 0), WATCH_NO_WISH);
    assert_int_equal(ui.row, 0);
}

static void wishes(void **state)
{
    (void)state;
    assert_int_equal(press('q'), WATCH_QUIT);
    assert_int_equal(press(KEY_CTRL('C')), WATCH_QUIT);
    assert_int_equal(press(KEY_CTRL('L')), WATCH_REDRAW);
    assert_int_equal(press(KEY_CTRL('Z')), WATCH_SUSPEND);
    assert_int_equal(press(KEY_ENTER), WATCH_INTO);
    assert_int_equal(press(KEY_ESC), WATCH_BACK);
    assert_int_equal(press(KEY_BACKSPACE), WATCH_BACK);
    assert_int_equal(press(KEY_OTHER), WATCH_NO_WISH);
    press('p');
    assert_true(ui.is_paused);
    press('p');
    assert_false(ui.is_paused);
    p->target.aim = WATCH_PORT; /* one listener: there is nothing to look into */
    p->listeners = 1;
    assert_int_equal(press(KEY_ENTER), WATCH_NO_WISH);
}

static void filter(void **state)
{
    (void)state;
    press('/');
    type("q?p s");
    assert_string_equal(ui.filter, "q?p s");
    assert_false(ui.has_help || ui.is_paused);
    press(KEY_ESC); /* ends the typing, and what was typed */
    assert_string_equal(ui.filter, "");
    assert_false(ui.is_typing);
    press('/');
    type("ngi");
    press(KEY_OTHER);
    press(KEY_UP);
    press(KEY_BACKSPACE);
    assert_string_equal(ui.filter, "ng");
    press(KEY_ENTER);
    assert_false(ui.is_typing);
    assert_string_equal(ui.filter, "ng");
    press('/');
    type("inx");
    assert_string_equal(ui.filter, "nginx");
    press(KEY_CTRL('U'));
    assert_string_equal(ui.filter, "");
    press(KEY_BACKSPACE);
    assert_false(ui.is_typing);
    press('/');
    for (int i = 0; i < 200; i++)
        press('x');
    assert_int_equal(strlen(ui.filter), WATCH_FILTER_BYTES - 1);
    assert_int_equal(press(KEY_CTRL('C')), WATCH_QUIT);
    press(KEY_ENTER);
    assert_int_equal(press(KEY_ESC), WATCH_NO_WISH); /* the filter first */
    assert_string_equal(ui.filter, "");
    assert_int_equal(press(KEY_ESC), WATCH_BACK);
}

static void help_goes_with_any_key(void **state)
{
    (void)state;
    press('?');
    assert_true(ui.has_help);
    assert_int_equal(press(KEY_ENTER), WATCH_NO_WISH);
    assert_false(ui.has_help);
    press('?');
    assert_int_equal(press('q'), WATCH_QUIT);
}

static void sorting(void **state)
{
    (void)state;
    for (int i = 1; i <= WATCH_SORTS; i++) {
        press('s');
        assert_int_equal(ui.sort_listeners, i % WATCH_SORTS);
    }
    press(KEY_LEFT);
    assert_int_equal(ui.sort_listeners, WATCH_SORTS - 1);
    press(KEY_RIGHT);
    assert_int_equal(ui.sort_listeners, 0);
    assert_int_equal(ui.sort_conns, 0);
    /* Connections: only by what they have. */
    p->target.aim = WATCH_PORT;
    p->listeners = 1;
    unsigned seen = 0;
    for (int i = 0; i < WATCH_SORTS; i++) {
        press('s');
        seen |= 1u << ui.sort_conns;
    }
    assert_int_equal(seen & (1u << WATCH_BY_SYN | 1u << WATCH_BY_DROPS |
                             1u << WATCH_BY_ESTABLISHED | 1u << WATCH_BY_TIME_WAIT),
                     0);
    assert_true(seen & 1u << WATCH_BY_UNREAD);
    press('S');
    assert_int_equal(ui.sort_listeners, 0);
}

static void connections_scroll_by_pages(void **state)
{
    (void)state;
    p->target.aim = WATCH_PORT;
    p->listeners = 1;
    press('G');
    assert_int_equal(ui.row, N - 5);
    press(KEY_PAGE_UP);
    assert_int_equal(ui.row, N - 9);
    assert_string_equal(ui.selected, "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(moving),
        TEST(the_selected_listener_is_followed),
        TEST(wishes),
        TEST(filter),
        TEST(help_goes_with_any_key),
        TEST(sorting),
        TEST(connections_scroll_by_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
