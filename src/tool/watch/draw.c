/* tool/watch/draw.c -- see draw.h: the frame of the page, and which part gets how many rows. */
#include "tool/watch/draw.h"

#include <time.h>

/* ---- what the parts share ---- */

struct span watch_line(const struct cells *c, int row)
{
    return (struct span){ row, WATCH_INDENT, c->columns - WATCH_INDENT - WATCH_MARGIN };
}

unsigned watch_level_look(enum watch_level level)
{
    switch (level) {
    case WATCH_BAD: return LOOK_RED;
    case WATCH_WARNING: return LOOK_YELLOW;
    case WATCH_FINE: return LOOK_GREEN;
    default: return LOOK_PLAIN;
    }
}

int watch_draw_items(struct cells *c, struct span to, int rows_max, const struct watch_item *items,
                     int n)
{
    enum { GAP = 3 };
    int row = 0, column = 0;
    for (int i = 0; i < n; i++) {
        int word = cells_width(items[i].word), width = word + 1 + cells_width(items[i].value);
        if (column > 0 && column + width > to.width && row + 1 < rows_max) {
            row++;
            column = 0;
        }
        if (column + width > to.width)
            continue;
        struct span at = { to.row + row, to.column + column, width };
        cells_put(c, at, LOOK_DIM, items[i].word);
        at.column += word + 1;
        cells_put(c, at, items[i].look, items[i].value);
        column += width + GAP;
    }
    return row + (column > 0);
}

/* ---- the title ---- */

static void clock_text(char *buf, size_t n, int64_t real_ns)
{
    time_t second = (time_t)(real_ns / STOA_SEC);
    struct tm local;
    if (!localtime_r(&second, &local) || strftime(buf, n, "%H:%M:%S", &local) == 0)
        buf[0] = 0;
}

/* What is looked at: "127.0.0.1:80  1234 nginx", "all listeners". */
static void title_text(char *buf, size_t n, const struct watch_picture *p)
{
    const char *what = p->target.aim == WATCH_ALL ? "all listeners" : p->target.text;
    const char *who = p->target.aim != WATCH_ALL && p->listeners > 0 ? p->listener[0].who : "";
    if (p->target.aim == WATCH_PID && *who)
        snprintf(buf, n, "%s", who); /* has the number */
    else
        snprintf(buf, n, "%s%s%s", what, *who ? "  " : "", who);
}

/* How old what is known of connections is, once it is older than two looks. */
static const char *age_text(char buf[60], const struct cells *c, const struct watch_page *page)
{
    const struct watch_picture *p = page->p;
    char age[WATCH_WORD_BYTES];
    buf[0] = 0;
    if (p->walked && p->at - p->walked > 2 * page->interval && c->columns >= 80)
        snprintf(buf, 60, "connections seen %s ago   ", watch_span(age, p->at - p->walked));
    return buf;
}

/* When the picture is of. */
static void when_text(char buf[120], const struct cells *c, const struct watch_page *page)
{
    char now[16], age[60];
    clock_text(now, sizeof now, page->p->real_ns);
    if (page->ui->is_paused)
        snprintf(buf, 120, "paused at %s", now);
    else if (c->columns >= 60)
        snprintf(buf, 120, "%severy %g s   %s", age_text(age, c, page),
                 (double)page->interval / (double)STOA_SEC, now);
    else
        snprintf(buf, 120, "%s", now);
}

static void draw_title(struct cells *c, const struct watch_page *page)
{
    char text[WATCH_NAME_BYTES + WATCH_WHO_BYTES + 8], right[120];
    const struct watch_ui *ui = page->ui;
    when_text(right, c, page);
    struct span to = { 0, WATCH_MARGIN, c->columns - 2 * WATCH_MARGIN };
    int right_width = cells_width(right);
    cells_put_right(c, to, ui->is_paused ? LOOK_YELLOW | LOOK_BOLD : LOOK_DIM, right);
    to.width -= right_width + 2;
    int used = cells_put(c, to, LOOK_BOLD, "stoa watch") + 2;
    to.column += used;
    to.width -= used;
    title_text(text, sizeof text, page->p);
    cells_put(c, to, LOOK_PLAIN, text);
}

/* ---- the keys ---- */

enum { ON_LIST = 1, ON_CONNS = 2, ON_STOA = 4, ON_ALL = ON_LIST | ON_CONNS };

/* The most wanted first: what does not fit is left out. */
static const struct key_word {
    const char *key, *word;
    int on;
} keys[] = {
    { "q", "quit", ON_ALL },      { "↑↓", "select", ON_LIST },
    { "↑↓", "scroll", ON_CONNS }, { "enter", "look into", ON_LIST },
    { "esc", "back", ON_CONNS },  { "tab", "stages, connections", ON_STOA },
    { "s", "sort", ON_ALL },      { "/", "filter", ON_ALL },
    { "?", "help", ON_ALL },      { "p", "pause", ON_ALL },
};

static const char *sort_of(const struct watch_page *page)
{
    const struct watch_ui *ui = page->ui;
    return watch_sort_name(watch_ui_is_list(page->p) ? ui->sort_listeners : ui->sort_conns);
}

static void draw_keys(struct cells *c, const struct watch_page *page)
{
    int on = watch_ui_is_list(page->p) ? ON_LIST : ON_CONNS;
    on |= page->p->has_stoa ? ON_STOA : 0;
    struct span to = { c->rows - 1, WATCH_MARGIN, c->columns - 2 * WATCH_MARGIN };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char word[60];
        bool is_sort = strcmp(keys[i].word, "sort") == 0;
        snprintf(word, sizeof word, " %s%s%s", keys[i].word, is_sort ? ": " : "",
                 is_sort ? sort_of(page) : "");
        int width = cells_width(keys[i].key) + cells_width(word);
        if (!(keys[i].on & on) || width > to.width)
            continue;
        int used = cells_put(c, to, LOOK_BOLD, keys[i].key);
        to.column += used;
        cells_put(c, to, LOOK_DIM, word);
        to.column += width - used + 2;
        to.width -= width + 2;
    }
}

/* The last line: the keys; while a filter is typed, or holds something back, the filter. */
static void draw_last(struct cells *c, const struct watch_page *page)
{
    const struct watch_ui *ui = page->ui;
    if (!ui->is_typing && !ui->filter[0]) {
        draw_keys(c, page);
        return;
    }
    struct piece pieces[] = {
        { "filter ", LOOK_DIM },
        { ui->filter, LOOK_BOLD },
        { ui->is_typing ? " " : "", LOOK_REVERSE },
        { ui->is_typing ? "   enter keep   esc clear" : "   / change   esc clear   ? help",
          LOOK_DIM },
    };
    struct span to = { c->rows - 1, WATCH_MARGIN, c->columns - 2 * WATCH_MARGIN };
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        int used = cells_put(c, to, pieces[i].look, pieces[i].text);
        to.column += used;
        to.width -= used;
    }
}

/* ---- the page ---- */

enum { CONNS_LEAST = 5 }; /* rows of the table of connections */

/* A part, and a blank row behind it where the page is tall. */
static void put_part(struct cells *c, const struct watch_page *page, struct area *a,
                     int (*part)(struct cells *, const struct watch_page *, struct area),
                     int rows_max)
{
    struct area own = { a->top, rows_max < a->rows ? rows_max : a->rows };
    int used = part(c, page, own);
    if (used > 0 && c->rows >= 20)
        used++;
    a->top += used;
    a->rows -= used;
}

static void draw_list(struct cells *c, const struct watch_page *page, struct area a)
{
    int wanted = c->rows >= 20 ? (c->columns < 160 ? 2 : 1) : 0; /* of the counters */
    struct area below = { a.top + a.rows - wanted, wanted };
    int used = wanted ? watch_draw_counters(c, page, below) : 0;
    a.rows -= used > 0 ? wanted + 1 : 0;
    watch_draw_listeners(c, page, a);
}

/* What a stoa server has to say, and the connections: both where there is room, else one of them. */
static void draw_rest(struct cells *c, const struct watch_page *page, struct area a)
{
    enum { STAGES_LEAST = 12 };
    const struct watch_picture *p = page->p;
    bool has_stages = p->has_stoa || p->stoa_text[0];
    bool has_both = !p->has_stoa || a.rows >= STAGES_LEAST + CONNS_LEAST;
    if (has_stages && (has_both || !page->ui->wants_conns))
        put_part(c, page, &a, watch_draw_stoa, has_both ? a.rows - CONNS_LEAST : a.rows);
    if (has_both || page->ui->wants_conns)
        watch_draw_conns(c, page, a);
}

/* Each part gets what it wants as long as the connections keep some rows. */
static void draw_target(struct cells *c, const struct watch_page *page, struct area a)
{
    const struct watch_picture *p = page->p;
    if (watch_ui_is_list(p))
        put_part(c, page, &a, watch_draw_listeners, p->has_stoa ? a.rows / 4 : a.rows / 2);
    else if (p->listeners > 0)
        put_part(c, page, &a, watch_draw_queues, a.rows - CONNS_LEAST);
    if (a.rows > CONNS_LEAST && (p->listeners > 0 || p->conns > 0 || watch_drains(p)))
        put_part(c, page, &a, watch_draw_totals, a.rows - CONNS_LEAST);
    draw_rest(c, page, a);
}

void watch_draw(struct cells *c, const struct watch_page *page)
{
    bool is_tall = c->rows >= 20;
    struct area a = { is_tall ? 2 : 1, c->rows - (is_tall ? 4 : 2) };
    draw_title(c, page);
    draw_last(c, page);
    if (page->ui->has_help) {
        watch_draw_help(c, a);
        return;
    }
    put_part(c, page, &a, watch_draw_verdicts, a.rows / 3 > 2 ? a.rows / 3 : 2);
    if (page->p->target.aim == WATCH_ALL)
        draw_list(c, page, a);
    else
        draw_target(c, page, a);
}
