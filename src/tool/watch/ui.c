/* tool/watch/ui.c -- see ui.h. The keys are those of less(1) and top(1) where they have some. */
#include "tool/watch/ui.h"

#include "tool/keys.h"

bool watch_ui_is_list(const struct watch_picture *p)
{
    return p->target.aim == WATCH_ALL || p->listeners > 1;
}

static int clamp(int value, int most)
{
    value = value > most ? most : value;
    return value < 0 ? 0 : value;
}

void watch_ui_follow(struct watch_ui *ui, const struct watch_picture *p, const int *order, int n)
{
    bool is_list = watch_ui_is_list(p);
    if (!ui->is_chosen)
        ui->row = 0;
    for (int i = 0; is_list && ui->is_chosen && i < n; i++) {
        if (strcmp(p->listener[order[i]].name, ui->selected) == 0) {
            ui->row = i;
            return;
        }
    }
    ui->row = clamp(ui->row, n - 1);
    ui->selected[0] = 0;
    if (is_list && n > 0)
        memcpy(ui->selected, p->listener[order[ui->row]].name, sizeof ui->selected);
}

/* ---- the filter ---- */

static void type_filter(struct watch_ui *ui, int key)
{
    size_t n = strlen(ui->filter);
    if (key == KEY_ENTER || key == KEY_ESC) {
        ui->is_typing = false;
        if (key == KEY_ESC)
            ui->filter[0] = 0;
    } else if (key == KEY_BACKSPACE && n > 0) {
        ui->filter[n - 1] = 0;
    } else if (key == KEY_BACKSPACE) {
        ui->is_typing = false;
    } else if (key == KEY_CTRL('U')) {
        ui->filter[0] = 0;
    } else if (key >= ' ' && key < KEY_BACKSPACE && n + 1 < sizeof ui->filter) {
        ui->filter[n] = (char)key;
        ui->filter[n + 1] = 0;
    }
}

/* ---- the order ---- */

static bool sorts_conns(enum watch_sort key)
{
    return key != WATCH_BY_SYN && key != WATCH_BY_DROPS && key != WATCH_BY_ESTABLISHED &&
           key != WATCH_BY_TIME_WAIT;
}

static void sort_next(struct watch_ui *ui, const struct watch_picture *p, int step)
{
    bool is_list = watch_ui_is_list(p);
    enum watch_sort *sort = is_list ? &ui->sort_listeners : &ui->sort_conns;
    do
        *sort = (enum watch_sort)(((int)*sort + step + WATCH_SORTS) % WATCH_SORTS);
    while (!is_list && !sorts_conns(*sort));
    ui->top = 0;
    if (!is_list)
        ui->row = 0;
}

/* ---- moving ---- */

static void move_to(struct watch_ui *ui, int row, int n)
{
    ui->row = clamp(row, n - 1);
    ui->is_chosen = ui->row > 0;
    ui->selected[0] = 0; /* by number now: watch_ui_follow sets it anew */
}

/* returns whether the key moves. Connections are scrolled: their last page has no less than others. */
static bool move(struct watch_ui *ui, int key, const struct watch_picture *p, int n)
{
    if (!watch_ui_is_list(p) && ui->page > 0)
        n = n > ui->page ? n - ui->page + 1 : 1;
    int page = ui->page > 1 ? ui->page - 1 : 1;
    switch (key) {
    case KEY_UP:
    case 'k': move_to(ui, ui->row - 1, n); return true;
    case KEY_DOWN:
    case 'j': move_to(ui, ui->row + 1, n); return true;
    case KEY_PAGE_UP:
    case KEY_CTRL('B'): move_to(ui, ui->row - page, n); return true;
    case KEY_PAGE_DOWN:
    case KEY_CTRL('F'):
    case ' ': move_to(ui, ui->row + page, n); return true;
    case KEY_HOME:
    case 'g': move_to(ui, 0, n); return true;
    case KEY_END:
    case 'G': move_to(ui, n - 1, n); return true;
    default: return false;
    }
}

/* ---- all keys ---- */

/* Esc and its like undo one thing at a time. */
static enum watch_wish step_back(struct watch_ui *ui)
{
    if (ui->has_help)
        ui->has_help = false;
    else if (ui->filter[0])
        ui->filter[0] = 0;
    else
        return WATCH_BACK;
    return WATCH_NO_WISH;
}

static enum watch_wish command(struct watch_ui *ui, int key, const struct watch_picture *p, int n)
{
    switch (key) {
    case 'q':
    case 'Q': return WATCH_QUIT;
    case KEY_ENTER: return watch_ui_is_list(p) && n > 0 ? WATCH_INTO : WATCH_NO_WISH;
    case KEY_ESC:
    case KEY_BACKSPACE: return step_back(ui);
    case '?':
    case 'h': ui->has_help = !ui->has_help; break;
    case '\t': ui->wants_conns = !ui->wants_conns; break;
    case 'p': ui->is_paused = !ui->is_paused; break;
    case '/': ui->is_typing = true; break;
    case 's':
    case KEY_RIGHT: sort_next(ui, p, 1); break;
    case 'S':
    case KEY_LEFT: sort_next(ui, p, -1); break;
    default: break;
    }
    return WATCH_NO_WISH;
}

enum watch_wish watch_ui_key(struct watch_ui *ui, int key, const struct watch_picture *p, int n)
{
    if (key == KEY_CTRL('C'))
        return WATCH_QUIT;
    if (key == KEY_CTRL('L'))
        return WATCH_REDRAW;
    if (key == KEY_CTRL('Z'))
        return WATCH_SUSPEND;
    if (ui->is_typing)
        type_filter(ui, key);
    else if (ui->has_help && key != 'q')
        ui->has_help = false; /* any key */
    else if (!move(ui, key, p, n))
        return command(ui, key, p, n);
    return WATCH_NO_WISH;
}
