/* A page of cells: what is put where, how it is cut, and the bytes that show it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tool/cells.h"

#include <stdlib.h>
#include <string.h>

/* The characters of a row without what is not ASCII, which becomes '?'. */
static const char *row_of(const struct cells *c, int row)
{
    static char text[200];
    for (int i = 0; i < c->columns; i++) {
        uint32_t rune = c->at[row * c->columns + i].rune;
        text[i] = rune < 0x80 ? (char)rune : '~';
    }
    text[c->columns] = 0;
    return text;
}

static void page(struct cells *c, int rows, int columns)
{
    *c = (struct cells){ 0 };
    assert_int_equal(cells_resize(c, rows, columns), 0);
}

static void text_is_cut_with_an_ellipsis(void **state)
{
    (void)state;
    struct cells c;
    page(&c, 1, 8);
    assert_int_equal(cells_put(&c, (struct span){ 0, 1, 5 }, 0, "hello"), 5);
    assert_string_equal(row_of(&c, 0), " hello  ");
    assert_int_equal(cells_put(&c, (struct span){ 0, 0, 4 }, 0, "hello"), 4);
    assert_string_equal(row_of(&c, 0), "hel~lo  ");
    assert_int_equal(c.at[3].rune, 0x2026);
    assert_int_equal(cells_put(&c, (struct span){ 0, 0, 0 }, 0, "hello"), 0);
    assert_int_equal(cells_put_right(&c, (struct span){ 0, 2, 6 }, 0, "12"), 2);
    assert_string_equal(row_of(&c, 0), "hel~lo12");
    assert_int_equal(cells_put_right(&c, (struct span){ 0, 5, 3 }, 0, "12345"), 3);
    assert_string_equal(row_of(&c, 0), "hel~l12~");
    cells_done(&c);
}

static void what_is_outside_is_left_out(void **state)
{
    (void)state;
    struct cells c;
    page(&c, 2, 4);
    cells_put(&c, (struct span){ 1, 2, 10 }, 0, "abcdef");
    cells_put(&c, (struct span){ 2, 0, 4 }, 0, "no");
    cells_put(&c, (struct span){ -1, 0, 4 }, 0, "no");
    cells_put(&c, (struct span){ 0, 4, 4 }, 0, "no");
    cells_fill(&c, (struct span){ 0, -2, 3 }, 0, "#");
    cells_fill(&c, (struct span){ 0, 3, 9 }, LOOK_BOLD, " ");
    assert_string_equal(row_of(&c, 0), "#   ");
    assert_string_equal(row_of(&c, 1), "  a~");
    assert_int_equal(c.at[3].look, LOOK_BOLD);
    assert_int_equal(c.at[4].look, 0);
    cells_done(&c);
}

static int flow(struct cells *c, const char *one, const char *two, int rows_max)
{
    const struct piece pieces[] = { { one, LOOK_BOLD }, { two, LOOK_PLAIN } };
    cells_clear(c);
    return cells_flow(c, (struct span){ 0, 1, 10 }, rows_max, pieces, 2);
}

static void words_flow_over_lines(void **state)
{
    (void)state;
    struct cells c;
    page(&c, 3, 12);
    assert_int_equal(flow(&c, "the quick ", "brown fox", 3), 2);
    assert_string_equal(row_of(&c, 0), " the quick  ");
    assert_string_equal(row_of(&c, 1), " brown fox  ");
    assert_int_equal(c.at[9].look, LOOK_BOLD);
    assert_int_equal(c.at[13].look, LOOK_PLAIN);
    /* A word goes on in the next piece. */
    assert_int_equal(flow(&c, "the quick", "er tea", 3), 3);
    assert_string_equal(row_of(&c, 0), " the        ");
    assert_string_equal(row_of(&c, 1), " quicker    ");
    assert_int_equal(flow(&c, "exactly te ", "", 1), 1);
    assert_string_equal(row_of(&c, 0), " exactly te ");
    assert_int_equal(flow(&c, "", "", 3), 0);
    assert_int_equal(flow(&c, "exactly te", "", 1), 1);
    assert_string_equal(row_of(&c, 0), " exactly te ");
    /* Longer than a line: cut; longer than all lines: an ellipsis. */
    assert_int_equal(flow(&c, "0123456789", "abc def", 3), 2);
    assert_string_equal(row_of(&c, 1), " abc def    ");
    assert_int_equal(flow(&c, "the quick", " brown fox", 1), 1);
    assert_string_equal(row_of(&c, 0), " the quick~ ");
    assert_int_equal(flow(&c, "0123456789", "abc", 1), 1);
    assert_string_equal(row_of(&c, 0), " 012345678~ ");
    assert_int_equal(flow(&c, "two  spaces ", "", 2), 1);
    assert_string_equal(row_of(&c, 0), " two spaces ");
    assert_int_equal(flow(&c, "none", "", 0), 0);
    cells_done(&c);
}

static void bars(void **state)
{
    (void)state;
    static const struct {
        double share;
        int full, half;
    } rows[] = {
        { 0, 0, 0 },     { 0.001, 0, 1 }, { 0.125, 0, 1 }, { 0.25, 1, 0 },
        { 0.375, 1, 1 }, { 0.5, 2, 0 },   { 1, 4, 0 },     { 7, 4, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cells c;
        int full = 0, half = 0;
        page(&c, 1, 6);
        cells_bar(&c, (struct span){ 0, 1, 4 }, LOOK_RED, rows[i].share);
        for (int at = 1; at < 5; at++) {
            full += c.at[at].rune == 0x2501;
            half += c.at[at].rune == 0x2578;
            assert_int_equal(c.at[at].look, c.at[at].rune == 0x2500 ? LOOK_DIM : LOOK_RED);
        }
        assert_int_equal(full, rows[i].full);
        assert_int_equal(half, rows[i].half);
        assert_int_equal(c.at[0].rune, ' ');
        assert_int_equal(c.at[5].rune, ' ');
        cells_done(&c);
    }
}

/* Control characters, wide ones, broken UTF-8: each a '?', and none reaches past the text's end. */
static void only_what_a_cell_can_hold(void **state)
{
    (void)state;
    static const struct {
        const char *text, *row;
    } rows[] = {
        { "a\033[2Jb", "a?[2Jb  " },
        { "\t\n\r\x7f", "????    " },
        { "\xc2\x9b"
          "c",
          "?c      " }, /* CSI of eight bits */
        { "\xe4\xb8\xad"
          "x",
          "?x      " },
        { "\xff\xfe", "??      " },
        { "\xe2\x80", "?       " },
        { "\xc0\xaf", "?       " },
        { "\xf0\x9f\x98\x80", "??      " },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cells c;
        page(&c, 1, 8);
        int used = cells_put(&c, (struct span){ 0, 0, 8 }, 0, rows[i].text);
        assert_int_equal(used, cells_width(rows[i].text));
        assert_string_equal(row_of(&c, 0), rows[i].row);
        cells_done(&c);
    }
}

/* What is written to make `next` of `shown`. */
static const char *update(struct cells *shown, const struct cells *next, struct cells_style style)
{
    static char text[4096];
    memset(text, 0, sizeof text);
    FILE *to = fmemopen(text, sizeof text - 1, "w");
    cells_update(shown, next, &style, to);
    fclose(to);
    return text;
}

static void only_what_changed_is_written(void **state)
{
    (void)state;
    const struct cells_style style = { .has_utf8 = true, .has_color = true };
    struct cells shown, next;
    page(&shown, 2, 4);
    page(&next, 2, 4);
    cells_forget(&shown);
    assert_string_equal(update(&shown, &next, style), "\033[1;1H    \033[2;1H    ");
    assert_string_equal(update(&shown, &next, style), "");
    cells_put(&next, (struct span){ 1, 1, 2 }, 0, "ab");
    assert_string_equal(update(&shown, &next, style), "\033[2;2Hab");
    cells_put(&next, (struct span){ 1, 0, 4 }, LOOK_RED | LOOK_BOLD, "xabx");
    assert_string_equal(update(&shown, &next, style), "\033[2;1H\033[0;1;31mxabx\033[0m");
    cells_put(&next, (struct span){ 1, 0, 4 }, 0, "yab");
    cells_put(&next, (struct span){ 0, 3, 1 }, 0, "z");
    assert_string_equal(update(&shown, &next, style), "\033[1;4Hz\033[2;1Hyab");
    cells_done(&shown);
    cells_done(&next);
}

static void without_color_and_without_utf8(void **state)
{
    (void)state;
    struct cells shown, next;
    page(&shown, 1, 4);
    page(&next, 1, 4);
    cells_fill(&next, (struct span){ 0, 0, 2 }, LOOK_RED, "━");
    cells_fill(&next, (struct span){ 0, 2, 1 }, LOOK_RED | LOOK_DIM, "─");
    cells_put(&next, (struct span){ 0, 3, 1 }, 0, "×");
    assert_string_equal(update(&shown, &next, (struct cells_style){ 0 }),
                        "\033[1;1H==\033[0;2m-\033[0mx");
    cells_forget(&shown);
    assert_string_equal(update(&shown, &next, (struct cells_style){ .has_utf8 = true }),
                        "\033[1;1H━━\033[0;2m─\033[0m×");
    cells_done(&shown);
    cells_done(&next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_cut_with_an_ellipsis),
        cmocka_unit_test(what_is_outside_is_left_out),
        cmocka_unit_test(words_flow_over_lines),
        cmocka_unit_test(bars),
        cmocka_unit_test(only_what_a_cell_can_hold),
        cmocka_unit_test(only_what_changed_is_written),
        cmocka_unit_test(without_color_and_without_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
