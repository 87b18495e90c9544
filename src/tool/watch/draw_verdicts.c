/* tool/watch/draw_verdicts.c -- the verdicts in words: what is wrong with which listener, and what to do
 * next. */
#include "tool/watch/draw.h"

enum { NAME_TEXT = WATCH_NAME_BYTES + WATCH_WHO_BYTES + 8 };

/* "127.0.0.1:80 (1234 nginx) ", where more than one listener is shown. */
static const char *name_text(char buf[NAME_TEXT], const struct watch_picture *p,
                             const struct watch_verdict *v)
{
    buf[0] = 0;
    if (v->listener >= 0 && v->listener < p->listeners && p->listeners > 1) {
        const struct watch_listener *l = &p->listener[v->listener];
        bool has_who = l->who[0];
        snprintf(buf, NAME_TEXT, "%s%s%s%s ", l->name, has_who ? " (" : "", l->who,
                 has_who ? ")" : "");
    }
    return buf;
}

/* What is said first, up to the colon, has the level's colour. returns the rest. */
static const char *split_claim(char claim[WATCH_TEXT_BYTES], const char *text)
{
    size_t n = strcspn(text, ":");
    memcpy(claim, text, n);
    claim[n] = 0;
    return text + n;
}

/* returns the rows that it took. */
static int draw_verdict(struct cells *c, const struct watch_page *page,
                        const struct watch_verdict *v, struct area a)
{
    char name[NAME_TEXT], claim[WATCH_TEXT_BYTES];
    unsigned look = watch_level_look(v->level);
    const char *rest = split_claim(claim, v->text);
    bool is_quiet = v->level <= WATCH_NOTE;
    const struct piece words[] = {
        { name_text(name, page->p, v), LOOK_BOLD },
        { claim, is_quiet ? LOOK_PLAIN : look | LOOK_BOLD },
        { rest, LOOK_PLAIN },
    };
    cells_put(c, (struct span){ a.top, WATCH_MARGIN, 1 }, look, v->level == WATCH_NOTE ? "○" : "●");
    int used = cells_flow(c, watch_line(c, a.top), a.rows, words, 3);
    if (!v->next[0] || used >= a.rows)
        return used;
    const struct piece next[] = { { "→ ", LOOK_DIM }, { v->next, LOOK_DIM } };
    return used + cells_flow(c, watch_line(c, a.top + used), a.rows - used, next, 2);
}

/* Those of the same listener and kind are the engine's to put together: here they are only counted. */
static void draw_more(struct cells *c, int row, int more)
{
    char text[40];
    snprintf(text, sizeof text, "and %d more", more);
    cells_put(c, watch_line(c, row), LOOK_DIM, text);
}

static int draw_problem(struct cells *c, const char *problem, struct area a)
{
    const struct piece words[] = { { problem, LOOK_RED | LOOK_BOLD } };
    cells_put(c, (struct span){ a.top, WATCH_MARGIN, 1 }, LOOK_RED, "●");
    return cells_flow(c, watch_line(c, a.top), a.rows, words, 1);
}

/* The worst first; but that nothing is wrong is said before what may be worth a note. */
static const struct watch_verdict *verdict_at(const struct watch_picture *p, int i)
{
    bool is_fine = p->verdict[p->verdicts - 1].level == WATCH_FINE;
    return &p->verdict[!is_fine ? i : i == 0 ? p->verdicts - 1 : i - 1];
}

int watch_draw_verdicts(struct cells *c, const struct watch_page *page, struct area a)
{
    const struct watch_picture *p = page->p;
    int used = 0;
    if (page->problem[0])
        return draw_problem(c, page->problem, a);
    for (int i = 0; i < p->verdicts && used < a.rows; i++) {
        bool is_last = i + 1 == p->verdicts;
        if (!is_last && used + 1 == a.rows && i > 0) {
            draw_more(c, a.top + used, p->verdicts - i);
            return used + 1;
        }
        /* One row stays for "and 3 more". */
        int rows = a.rows - used - (is_last || a.rows < 4 ? 0 : 1);
        used += draw_verdict(c, page, verdict_at(p, i), (struct area){ a.top + used, rows });
    }
    return used;
}
