/* tool/watch/draw_list.c -- the table of listeners, and the counters of the network namespace. */
#include "tool/watch/draw.h"
#include "tool/watch/table.h"

#include "probe/drops.h"

enum column {
    LISTENER,
    PROCESS,
    QUEUE,
    SYN,
    DROPS_PER_S,
    DROPS,
    ESTABLISHED,
    CLOSE_WAIT,
    TIME_WAIT,
    RETRANSMITS,
    COLUMNS
};

enum { NUMBER_WIDTH = 9, CLOSE_WAIT_LONG_S = 60 };

/* Which column a sort key sorts by; -1 = none. */
static int column_of(enum watch_sort key)
{
    static const int columns[WATCH_SORTS] = {
        [WATCH_BY_TROUBLE] = -1,
        [WATCH_BY_ADDRESS] = LISTENER,
        [WATCH_BY_PROCESS] = PROCESS,
        [WATCH_BY_QUEUE] = QUEUE,
        [WATCH_BY_SYN] = SYN,
        [WATCH_BY_DROPS] = DROPS_PER_S,
        [WATCH_BY_ESTABLISHED] = ESTABLISHED,
        [WATCH_BY_CLOSE_WAIT] = CLOSE_WAIT,
        [WATCH_BY_TIME_WAIT] = TIME_WAIT,
        [WATCH_BY_RETRANSMITS] = RETRANSMITS,
        [WATCH_BY_UNREAD] = -1,
        [WATCH_BY_UNSENT] = -1,
        [WATCH_BY_AGE] = CLOSE_WAIT,
    };
    return columns[key];
}

/* The widest of the names, so that columns do not jump when the rows scroll. */
static int widest(const struct watch_picture *p, bool of_who)
{
    int width = 8;
    for (int i = 0; i < p->listeners; i++) {
        int n = cells_width(of_who ? p->listener[i].who : p->listener[i].name);
        width = n > width ? n : width;
    }
    return width;
}

/* "3/128"; of the fullest of four sockets "3/128 ×4". */
static const char *queue_text(char buf[WATCH_WORD_BYTES + 8], const struct watch_listener *l)
{
    int n = snprintf(buf, WATCH_WORD_BYTES + 8, "%u/%u", l->fullest_queue, l->fullest_queue_max);
    if (l->sockets > 1)
        snprintf(buf + n, WATCH_WORD_BYTES + 8 - (size_t)n, " ×%d", l->sockets);
    return buf;
}

/* Of the numbers of the accept queues: the bars before them end in one column. */
static int widest_queue(const struct watch_picture *p)
{
    int width = NUMBER_WIDTH;
    for (int i = 0; i < p->listeners; i++) {
        char text[WATCH_WORD_BYTES + 8];
        int n = cells_width(queue_text(text, &p->listener[i]));
        width = n > width ? n : width;
    }
    return width;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static void set_columns(struct table_column columns[COLUMNS], const struct cells *c,
                        const struct watch_page *page)
{
    bool is_wide = c->columns >= 60, is_sorted = watch_ui_is_list(page->p);
    int name = widest(page->p, false), who = widest(page->p, true);
    int number = widest_queue(page->p);
    /* Names get their room before the lesser columns do. */
    int name_least = is_wide ? least(name, (c->columns - 5) / 5) : 14;
    int who_least = least(who, (c->columns - 4) / 6);
    const struct table_column all[COLUMNS] = {
        [LISTENER] = { "LISTENER", name_least, name, 0, false, false },
        [PROCESS] = { "PROCESS", who_least, who, 3, false, false },
        [QUEUE] = { "ACCEPT QUEUE", is_wide ? number + 1 + c->columns / 12 : NUMBER_WIDTH,
                    is_wide ? 36 : 0, 1, !is_wide, false },
        [SYN] = { "SYN", 5, 0, 6, true, false },
        [DROPS_PER_S] = { "DROPS/S", 7, 0, 2, true, false },
        [DROPS] = { "DROPS", 7, 0, 7, true, false },
        [ESTABLISHED] = { "ESTAB", 6, 0, 4, true, false },
        [CLOSE_WAIT] = { "CLOSE_WAIT", 10, 14, 5, true, false },
        [TIME_WAIT] = { "TIME_WAIT", 9, 0, 8, true, false },
        [RETRANSMITS] = { "RETRANS/S", 9, 0, 9, true, false },
    };
    memcpy(columns, all, sizeof all);
    int sorted = is_sorted ? column_of(page->ui->sort_listeners) : -1;
    if (sorted >= 0)
        columns[sorted].is_sorted = true;
    if (!is_wide)
        columns[QUEUE].title = "QUEUE";
}

/* ---- the cells of a row ---- */

struct row {
    struct cells *c;
    const struct watch_listener *l;
    const struct table_column *columns;
    const struct table_place *places;
    int at;
    int number_width; /* of the accept queue */
    bool is_walked;
    unsigned look; /* LOOK_BOLD: selected */
};

/* The accept queue: number at the right, and a bar where there is room. */
static void put_queue(const struct row *r)
{
    char text[WATCH_WORD_BYTES + 8];
    const struct watch_listener *l = r->l;
    struct span to = { r->at, r->places[QUEUE].column, r->places[QUEUE].width };
    uint32_t queue = l->fullest_queue, most = l->fullest_queue_max;
    unsigned look = queue == 0                 ? LOOK_DIM
                    : queue >= most            ? LOOK_RED
                    : drops_fills(queue, most) ? LOOK_YELLOW
                                               : LOOK_PLAIN;
    queue_text(text, l);
    if (to.width > r->number_width + 3) {
        struct span bar = { to.row, to.column, to.width - r->number_width - 1 };
        cells_bar(r->c, bar, look, most ? (double)queue / most : queue > 0);
        to.column += bar.width + 1;
        to.width = r->number_width;
    }
    cells_put_right(r->c, to, look == LOOK_DIM ? LOOK_DIM : look | r->look, text);
}

static void put_text(const struct row *r, enum column column, unsigned look, const char *text)
{
    table_put(r->c, r->at, &r->columns[column], &r->places[column],
              (struct piece){ text, look == LOOK_DIM ? look : look | r->look });
}

static void put_count(const struct row *r, enum column column, uint64_t n)
{
    char text[WATCH_WORD_BYTES];
    put_text(r, column, n ? LOOK_PLAIN : LOOK_DIM, n ? watch_count(text, n) : "·");
}

/* Connections in a state; before the first walk nothing is known of them. */
static void put_state(const struct row *r, enum column column, enum diag_state state)
{
    if (r->is_walked)
        put_count(r, column, r->l->conns.states[state]);
    else
        put_text(r, column, LOOK_DIM, "-");
}

static void put_rate(const struct row *r, enum column column, double per_s, unsigned look)
{
    char text[WATCH_WORD_BYTES];
    if (per_s > 0)
        put_text(r, column, look, watch_rate(text, per_s));
    else
        put_text(r, column, LOOK_DIM, per_s < 0 ? "-" : "·");
}

/* "34, 3 min": how many, and how old the oldest is. */
static void put_close_wait(const struct row *r)
{
    const struct watch_conns *n = &r->l->conns;
    char text[2 * WATCH_WORD_BYTES + 4], count[WATCH_WORD_BYTES], age[WATCH_WORD_BYTES];
    uint64_t waiting = n->states[DIAG_CLOSE_WAIT];
    bool is_long = n->close_wait_least >= CLOSE_WAIT_LONG_S * STOA_SEC;
    if (waiting == 0) {
        put_text(r, CLOSE_WAIT, LOOK_DIM, "·");
        return;
    }
    bool has_age = n->close_wait_most >= 0; /* those in the accept queue have none */
    snprintf(text, sizeof text, "%s%s%s", watch_count(count, waiting), has_age ? ", " : "",
             has_age ? watch_close_wait_age(age, n) : "");
    put_text(r, CLOSE_WAIT, is_long ? LOOK_YELLOW : LOOK_PLAIN, text);
}

static enum watch_level level_of(const struct watch_picture *p, int listener)
{
    enum watch_level level = WATCH_FINE;
    for (int i = 0; i < p->verdicts; i++)
        if (p->verdict[i].listener == listener && p->verdict[i].level > level)
            level = p->verdict[i].level;
    return level;
}

static void draw_row(const struct row *r, const struct watch_picture *p, int index)
{
    const struct watch_listener *l = r->l;
    enum watch_level level = level_of(p, index);
    if (r->look)
        cells_put(r->c, (struct span){ r->at, 0, 1 }, LOOK_BOLD, "▸");
    if (level >= WATCH_WARNING)
        cells_put(r->c, (struct span){ r->at, WATCH_MARGIN, 1 }, watch_level_look(level), "●");
    put_text(r, LISTENER, LOOK_PLAIN, l->name);
    put_text(r, PROCESS, LOOK_PLAIN, l->who[0] ? l->who : "-");
    if (r->places[QUEUE].width)
        put_queue(r);
    put_state(r, SYN, DIAG_SYN_RECV);
    put_rate(r, DROPS_PER_S, l->drops_per_s, LOOK_RED);
    put_count(r, DROPS, l->drops);
    put_state(r, ESTABLISHED, DIAG_ESTABLISHED);
    put_close_wait(r);
    put_state(r, TIME_WAIT, DIAG_TIME_WAIT);
    put_rate(r, RETRANSMITS, l->conns.retransmits_per_s, LOOK_PLAIN);
}

/* The selected row stays on the page, which otherwise stands still. */
static void scroll(struct watch_ui *ui, int rows, int n)
{
    ui->page = rows;
    if (ui->top > n - rows)
        ui->top = n - rows;
    if (ui->top > ui->row)
        ui->top = ui->row;
    if (ui->top < ui->row - rows + 1)
        ui->top = ui->row - rows + 1;
    if (ui->top < 0)
        ui->top = 0;
}

/* returns whether there was something to say instead of rows. */
static bool draw_none(struct cells *c, const struct watch_page *page, int row)
{
    if (page->order.listeners_n > 0)
        return false;
    const char *text = page->p->listeners > 0 ? "no listener matches the filter"
                                              : "no process listens for TCP connections here";
    cells_put(c, watch_line(c, row), LOOK_DIM, text);
    return true;
}

int watch_draw_listeners(struct cells *c, const struct watch_page *page, struct area a)
{
    struct table_column columns[COLUMNS];
    struct table_place places[TABLE_COLUMNS_MAX];
    struct watch_ui *ui = page->ui;
    if (a.rows < 2)
        return 0;
    set_columns(columns, c, page);
    table_divide(columns, COLUMNS, watch_line(c, a.top), places);
    table_titles(c, a.top, columns, COLUMNS, places);
    if (draw_none(c, page, a.top + 1))
        return 2;
    scroll(ui, a.rows - 1, page->order.listeners_n);
    int number_width = widest_queue(page->p);
    int shown = page->order.listeners_n - ui->top;
    shown = shown > a.rows - 1 ? a.rows - 1 : shown;
    for (int i = 0; i < shown; i++) {
        int index = page->order.listeners[ui->top + i];
        const struct row r = { .c = c,
                               .l = &page->p->listener[index],
                               .columns = columns,
                               .places = places,
                               .at = a.top + 1 + i,
                               .number_width = number_width,
                               .is_walked = page->p->walked != 0,
                               .look = ui->top + i == ui->row ? LOOK_BOLD : LOOK_PLAIN };
        draw_row(&r, page->p, index);
    }
    return shown + 1;
}

/* ---- the counters ---- */

static bool is_trouble(enum watch_counter i)
{
    return i == WATCH_OVERFLOWS || i == WATCH_SYN_FULL || i == WATCH_LISTEN_DROPS;
}

int watch_draw_counters(struct cells *c, const struct watch_page *page, struct area a)
{
    struct watch_item items[WATCH_COUNTERS];
    int n = 0;
    for (int i = 0; i < WATCH_COUNTERS; i++) {
        const struct watch_count *count = &page->p->counters[i];
        if (!count->is_known)
            continue;
        struct watch_item *item = &items[n++];
        item->word = count->name;
        if (count->per_s > 0)
            watch_rate(item->value, count->per_s);
        else
            snprintf(item->value, sizeof item->value, "%s", count->per_s < 0 ? "-" : "·");
        item->look = count->per_s <= 0                   ? LOOK_DIM
                     : is_trouble((enum watch_counter)i) ? LOOK_RED
                                                         : LOOK_PLAIN;
    }
    return watch_draw_items(c, watch_line(c, a.top), a.rows, items, n);
}
