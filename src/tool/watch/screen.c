/* tool/watch/screen.c -- see screen.h. One loop: a look when it is time, a page, a key. */
#include "tool/watch/screen.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/sys.h"
#include "tool/terminal.h"
#include "tool/watch/draw.h"
#include "tool/watch/pace.h"

struct screen {
    struct watch_look *look;
    const struct watch_screen_options *o;
    struct terminal terminal;
    struct watch_ui ui, ui_before; /* before: of the list that `into` came from */
    bool is_inside;                /* looks at a listener that was chosen from a list */
    struct watch_order_room room;
    struct watch_order order; /* in it */
    stoa_time next;           /* look */
    char problem[WATCH_TEXT_BYTES];
};

/* ---- looking ---- */

static void take_look(struct screen *s)
{
    watch_look_prefer(s->look, s->ui.sort_conns);
    int r = watch_look_take(s->look);
    if (r < 0)
        snprintf(s->problem, sizeof s->problem, "the kernel does not tell of its sockets: %s (%s)",
                 stoa_strerror(r), error_name(r));
    else
        watch_look_why_empty(s->look, s->problem, sizeof s->problem);
    s->next = watch_moment() + s->o->interval;
}

/* Of the table that moves. */
static int rows_of(const struct screen *s, const struct watch_picture *p)
{
    return watch_ui_is_list(p) ? s->order.listeners_n : s->order.conns_n;
}

static void put_in_order(struct screen *s, const struct watch_picture *p)
{
    const struct watch_ui *ui = &s->ui;
    const struct watch_choice choice = { ui->sort_listeners, ui->sort_conns, ui->filter };
    watch_order_make(&s->room, p, &choice, &s->order); /* without memory nothing is shown */
    watch_ui_follow(&s->ui, p, s->order.listeners, rows_of(s, p));
}

static void draw(struct screen *s)
{
    const struct watch_picture *p = watch_look_picture(s->look);
    put_in_order(s, p);
    const struct watch_page page = {
        .p = p, .ui = &s->ui, .order = s->order, .problem = s->problem, .interval = s->o->interval
    };
    watch_draw(terminal_page(&s->terminal), &page);
    terminal_show(&s->terminal);
}

/* ---- into a listener, and back ---- */

static void look_into(struct screen *s)
{
    const struct watch_picture *p = watch_look_picture(s->look);
    if (s->is_inside || s->order.listeners_n == 0)
        return;
    const struct watch_listener *l = &p->listener[s->order.listeners[s->ui.row]];
    struct watch_target target = { .aim = WATCH_ADDR, .port = addr_port(&l->addr), .addrs = 1 };
    target.addr[0] = l->addr;
    memcpy(target.text, l->name, sizeof target.text);
    watch_look_aim(s->look, &target);
    s->ui_before = s->ui;
    s->is_inside = true;
    s->ui.filter[0] = 0;
    s->ui.row = s->ui.top = 0;
    take_look(s);
}

static void go_back(struct screen *s)
{
    if (!s->is_inside)
        return;
    watch_look_aim(s->look, s->o->target);
    s->is_inside = false;
    bool was_paused = s->ui.is_paused;
    s->ui = s->ui_before;
    s->ui.is_paused = was_paused;
    take_look(s);
}

/* ---- keys ---- */

/* returns false: it is the end. */
static bool obey(struct screen *s, int key)
{
    const struct watch_picture *p = watch_look_picture(s->look);
    bool was_paused = s->ui.is_paused;
    switch (watch_ui_key(&s->ui, key, p, rows_of(s, p))) {
    case WATCH_QUIT: return false;
    case WATCH_INTO: look_into(s); break;
    case WATCH_BACK: go_back(s); break;
    case WATCH_REDRAW: terminal_redraw(&s->terminal); break;
    case WATCH_SUSPEND: terminal_suspend(&s->terminal); break;
    default: break;
    }
    if (was_paused && !s->ui.is_paused)
        s->next = watch_moment();
    return true;
}

static void run(struct screen *s)
{
    int event;
    do {
        if (!s->ui.is_paused && watch_moment() >= s->next)
            take_look(s);
        draw(s);
        event = terminal_wait(&s->terminal, s->ui.is_paused ? STOA_NEVER : s->next);
    } while (event != TERMINAL_ENDED && (event >= TERMINAL_TIME || obey(s, event)));
}

int watch_screen_run(struct watch_look *l, const struct watch_screen_options *o)
{
    struct screen *s = mem_zalloc(&mem_default, sizeof *s);
    if (!s)
        return -ENOMEM;
    s->look = l;
    s->o = o;
    s->ui.sort_listeners = s->ui.sort_conns = o->sort;
    watch_order_init(&s->room, &mem_default);
    snprintf(s->ui.filter, sizeof s->ui.filter, "%s", o->filter);
    /* A look that was taken already is shown: rates over the moment since would say nothing. */
    s->next = watch_look_picture(l)->at + o->interval;
    int r = terminal_open(&s->terminal);
    if (r == 0) {
        run(s);
        terminal_close(&s->terminal);
    }
    watch_order_done(&s->room);
    mem_free(&mem_default, s, sizeof *s);
    return r;
}
