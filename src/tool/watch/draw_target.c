/* tool/watch/draw_target.c -- one listener, or the listeners of one process: its queues, how its
 * connections fare, and the connections themselves. */
#include "tool/watch/draw.h"
#include "tool/watch/table.h"

#include "probe/drops.h"

/* ---- the two queues ---- */

enum { WORD_WIDTH = 14, BAR_MOST = 60, TEXT_WIDTH = 14, LONG_S = 60 };

struct gauge {
    const char *word;
    uint64_t now, most;
    char text[80];
    unsigned look;
};

/* "accept queue  ━━━━━━────  64 of 128" */
static void draw_gauge(struct cells *c, int row, const struct gauge *g)
{
    struct span to = watch_line(c, row);
    cells_put(c, (struct span){ row, to.column, WORD_WIDTH }, LOOK_DIM, g->word);
    to.column += WORD_WIDTH;
    to.width -= WORD_WIDTH;
    int bar = to.width >= TEXT_WIDTH * 3 ? to.width / 2 : to.width - TEXT_WIDTH;
    bar = bar > BAR_MOST ? BAR_MOST : bar < 0 ? 0 : bar;
    double share = g->most ? (double)g->now / (double)g->most : g->now > 0;
    cells_bar(c, (struct span){ row, to.column, bar }, g->look, share);
    to.column += bar + TABLE_GAP;
    to.width -= bar + TABLE_GAP;
    cells_put(c, to, g->now ? g->look : LOOK_DIM, g->text);
}

/* Red from the limit on, yellow from the half. */
static unsigned look_of(uint64_t now, uint64_t most)
{
    return now > 0 && now >= most ? LOOK_RED : drops_fills(now, most) ? LOOK_YELLOW : LOOK_PLAIN;
}

static void draw_dropped(struct cells *c, int row, const struct watch_listener *l)
{
    char text[4 * WATCH_WORD_BYTES], rate[WATCH_WORD_BYTES], all[WATCH_DROPPED_BYTES];
    struct span to = watch_line(c, row);
    cells_put(c, (struct span){ row, to.column, WORD_WIDTH }, LOOK_DIM, "dropped");
    to.column += WORD_WIDTH;
    to.width -= WORD_WIDTH;
    snprintf(text, sizeof text, "%s, %s since it listens", watch_rate(rate, l->drops_per_s),
             watch_dropped(all, l->drops));
    cells_put(c, to,
              l->drops_per_s > 0 ? LOOK_RED
              : l->drops         ? LOOK_PLAIN
                                 : LOOK_DIM,
              l->drops || l->drops_per_s > 0 ? text : "nothing");
}

int watch_draw_queues(struct cells *c, const struct watch_page *page, struct area a)
{
    const struct watch_listener *l = &page->p->listener[0];
    struct gauge accept = { .word = "accept queue",
                            .now = l->fullest_queue,
                            .most = l->fullest_queue_max };
    struct gauge syn = { .word = "SYN queue",
                         .now = l->conns.states[DIAG_SYN_RECV],
                         .most = l->queue_max };
    if (a.rows < 2)
        return 0;
    accept.look = look_of(accept.now, accept.most);
    syn.look = look_of(syn.now, syn.most);
    if (l->sockets > 1)
        snprintf(accept.text, sizeof accept.text, "%llu of %llu in the fullest of %d sockets",
                 (unsigned long long)accept.now, (unsigned long long)accept.most, l->sockets);
    else
        snprintf(accept.text, sizeof accept.text, "%llu of %llu", (unsigned long long)accept.now,
                 (unsigned long long)accept.most);
    snprintf(syn.text, sizeof syn.text, "%llu", (unsigned long long)syn.now);
    draw_gauge(c, a.top, &accept);
    draw_gauge(c, a.top + 1, &syn);
    if (a.rows < 3)
        return 2;
    draw_dropped(c, a.top + 2, l);
    return 3;
}

/* ---- the connections in numbers ---- */

static int add(struct watch_item *items, int n, const char *word, uint64_t count)
{
    if (count == 0)
        return n;
    items[n] = (struct watch_item){ .word = word };
    watch_count(items[n].value, count);
    return n + 1;
}

static int add_states(struct watch_item *items, const struct watch_conns *w)
{
    int n = 0;
    for (int state = DIAG_ESTABLISHED; state < WATCH_STATES; state++) {
        int was = n;
        char age[WATCH_WORD_BYTES], *value;
        if (state == DIAG_LISTEN)
            continue;
        n = add(items, n, diag_state_name(state), w->states[state]);
        if (n == was || state != DIAG_CLOSE_WAIT || w->close_wait_most < 0)
            continue;
        value = items[was].value;
        size_t used = strlen(value);
        snprintf(value + used, sizeof items->value - used, ", oldest %s",
                 watch_close_wait_age(age, w));
        if (w->close_wait_least >= LONG_S * STOA_SEC)
            items[was].look = LOOK_YELLOW;
    }
    return n;
}

/* "unread 1.2 MiB on 4" */
static int add_bytes(struct watch_item *items, int n, const char *word, uint64_t bytes, uint64_t on)
{
    char text[WATCH_WORD_BYTES];
    if (bytes == 0)
        return n;
    items[n] = (struct watch_item){ .word = word };
    if (on > 0)
        snprintf(items[n].value, sizeof items->value, "%s on %llu", watch_bytes(text, bytes),
                 (unsigned long long)on);
    else
        snprintf(items[n].value, sizeof items->value, "%s", watch_bytes(text, bytes));
    return n + 1;
}

int watch_draw_totals(struct cells *c, const struct watch_page *page, struct area a)
{
    const struct watch_conns *w = &page->p->all;
    struct watch_item items[WATCH_STATES + 8];
    struct span to = watch_line(c, a.top);
    int n = add_states(items, w);
    n = add_bytes(items, n, "unread", w->unread, w->unread_conns);
    n = add_bytes(items, n, "unsent", w->unsent, 0);
    n = add(items, n, "sent again", w->retransmits);
    n = add(items, n, "peer takes nothing", w->stuck_conns);
    if (a.rows < 1)
        return 0;
    cells_put(c, (struct span){ a.top, to.column, WORD_WIDTH }, LOOK_DIM, "connections");
    to.column += WORD_WIDTH;
    to.width -= WORD_WIDTH;
    if (n == 0)
        cells_put(c, to, LOOK_DIM, page->p->walked ? "none" : "not counted yet");
    else
        n = watch_draw_items(c, to, a.rows, items, n);
    return n > 0 ? n : 1;
}

/* ---- the connections ---- */

enum column { PEER, LOCAL, STATE, UNREAD, UNSENT, RETRANSMITS, RTT, QUIET, COLUMNS };

static int column_of(enum watch_sort key)
{
    static const int columns[WATCH_SORTS] = {
        [WATCH_BY_TROUBLE] = -1,     [WATCH_BY_ADDRESS] = LOCAL,
        [WATCH_BY_PROCESS] = PEER,   [WATCH_BY_QUEUE] = STATE,
        [WATCH_BY_SYN] = -1,         [WATCH_BY_DROPS] = -1,
        [WATCH_BY_ESTABLISHED] = -1, [WATCH_BY_CLOSE_WAIT] = STATE,
        [WATCH_BY_TIME_WAIT] = -1,   [WATCH_BY_RETRANSMITS] = RETRANSMITS,
        [WATCH_BY_UNREAD] = UNREAD,  [WATCH_BY_UNSENT] = UNSENT,
        [WATCH_BY_AGE] = QUIET,
    };
    return columns[key];
}

static int widest_peer(const struct watch_picture *p)
{
    int width = 15;
    for (int i = 0; i < p->conns; i++) {
        char text[ADDR_TEXT_BYTES];
        int n = (int)strlen(addr_format(&p->conn[i].peer, text, sizeof text));
        width = n > width ? n : width;
    }
    return width;
}

static void set_columns(struct table_column columns[COLUMNS], const struct watch_page *page)
{
    int peer = widest_peer(page->p);
    const struct table_column all[COLUMNS] = {
        [PEER] = { "PEER", 15, peer, 0, false, false },
        [LOCAL] = { "LOCAL", 15, peer, 7, false, false },
        [STATE] = { "STATE", 12, 0, 1, false, false },
        [UNREAD] = { "UNREAD", 8, 0, 2, true, false },
        [UNSENT] = { "UNSENT", 8, 0, 3, true, false },
        [RETRANSMITS] = { "SENT AGAIN", 10, 0, 5, true, false },
        [RTT] = { "RTT", 7, 0, 6, true, false },
        [QUIET] = { "QUIET", 7, 0, 4, true, false },
    };
    memcpy(columns, all, sizeof all);
    int sorted = watch_ui_is_list(page->p) ? -1 : column_of(page->ui->sort_conns);
    if (sorted >= 0)
        columns[sorted].is_sorted = true;
}

struct row {
    struct cells *c;
    const struct table_column *columns;
    const struct table_place *places;
    int at;
};

static void put(const struct row *r, enum column column, unsigned look, const char *text)
{
    table_put(r->c, r->at, &r->columns[column], &r->places[column], (struct piece){ text, look });
}

static void put_bytes(const struct row *r, enum column column, uint64_t bytes)
{
    char text[WATCH_WORD_BYTES];
    put(r, column, bytes ? LOOK_PLAIN : LOOK_DIM, bytes ? watch_bytes(text, bytes) : "·");
}

static void put_state(const struct row *r, const struct watch_conn *w)
{
    bool is_long = w->in_state >= LONG_S * STOA_SEC;
    if (w->in_accept_queue)
        put(r, STATE, LOOK_BOLD, "accept queue");
    else
        put(r, STATE, w->state == DIAG_CLOSE_WAIT && is_long ? LOOK_YELLOW : LOOK_PLAIN,
            diag_state_name(w->state));
}

/* "3", and while it is being sent once more "3, now". */
static void put_retransmits(const struct row *r, const struct watch_conn *w)
{
    char text[WATCH_WORD_BYTES + 8], count[WATCH_WORD_BYTES];
    bool is_now = watch_conn_is_retransmitting(w);
    snprintf(text, sizeof text, "%s%s", watch_count(count, w->retransmits), is_now ? ", now" : "");
    bool is_none = w->retransmits == 0 && !is_now;
    put(r, RETRANSMITS,
        is_none  ? LOOK_DIM
        : is_now ? LOOK_YELLOW
                 : LOOK_PLAIN,
        is_none ? "·" : text);
}

static void draw_row(const struct row *r, const struct watch_conn *w)
{
    char text[ADDR_TEXT_BYTES], span[WATCH_WORD_BYTES];
    put(r, PEER, LOOK_PLAIN, addr_format(&w->peer, text, sizeof text));
    put(r, LOCAL, LOOK_DIM, addr_format(&w->local, text, sizeof text));
    put_state(r, w);
    put_bytes(r, UNREAD, w->unread);
    put_bytes(r, UNSENT, w->unsent);
    put_retransmits(r, w);
    put(r, RTT, w->rtt < 0 ? LOOK_DIM : LOOK_PLAIN, watch_span(span, w->rtt));
    put(r, QUIET, w->quiet < 0 ? LOOK_DIM : LOOK_PLAIN, watch_span(span, w->quiet));
}

/* "12 of 20,034", where not all are shown. */
static void draw_note(struct cells *c, const struct watch_page *page, int row, int shown)
{
    char text[60], all[WATCH_WORD_BYTES];
    uint64_t count = (uint64_t)page->order.conns_n + page->p->conns_more;
    if ((uint64_t)shown == count)
        return;
    snprintf(text, sizeof text, "%d of %s", shown, watch_count(all, count));
    cells_put_right(c, watch_line(c, row), LOOK_DIM, text);
}

static int draw_none(struct cells *c, const struct watch_page *page, struct area a)
{
    const struct watch_picture *p = page->p;
    const char *text = p->conns > 0                     ? "no connection matches the filter"
                       : p->listeners > 0 && !p->walked ? "connections: not looked at yet"
                                                        : "";
    cells_put(c, watch_line(c, a.top), LOOK_DIM, text);
    return *text ? 1 : 0;
}

int watch_draw_conns(struct cells *c, const struct watch_page *page, struct area a)
{
    struct table_column columns[COLUMNS];
    struct table_place places[TABLE_COLUMNS_MAX];
    struct watch_ui *ui = page->ui;
    bool moves = !watch_ui_is_list(page->p);
    int rows = a.rows - 2, first = 0;
    if (page->order.conns_n == 0)
        return a.rows > 0 ? draw_none(c, page, a) : 0;
    if (rows < 1)
        return 0;
    set_columns(columns, page);
    table_divide(columns, COLUMNS, watch_line(c, a.top), places);
    table_titles(c, a.top, columns, COLUMNS, places);
    int most = page->order.conns_n > rows ? page->order.conns_n - rows : 0;
    if (moves) {
        ui->page = rows;
        ui->top = first = ui->row < most ? ui->row : most;
    }
    int shown = page->order.conns_n - first < rows ? page->order.conns_n - first : rows;
    for (int i = 0; i < shown; i++) {
        const struct row r = { c, columns, places, a.top + 1 + i };
        draw_row(&r, &page->p->conn[page->order.conns[first + i]]);
    }
    draw_note(c, page, a.top + 1 + shown, shown);
    return shown + 2;
}
