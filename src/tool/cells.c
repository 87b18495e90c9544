/* tool/cells.c -- see cells.h. ECMA-48 for what is written to the terminal. */
#include "tool/cells.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>

/* The signs besides ASCII, with what stands for them without UTF-8. */
static const struct {
    uint32_t rune;
    char ascii;
} signs[] = {
    { 0x00b7, '.' }, /* middle dot */
    { 0x00d7, 'x' }, /* times */
    { 0x2026, '~' }, /* ellipsis */
    { 0x2190, '<' }, /* arrows left, */
    { 0x2191, '^' }, /* up, */
    { 0x2192, '>' }, /* right, */
    { 0x2193, 'v' }, /* down */
    { 0x2248, '~' }, /* almost equal */
    { 0x2264, '<' }, /* at most */
    { 0x2500, '-' }, /* line: light, */
    { 0x2501, '=' }, /* heavy, */
    { 0x2578, '-' }, /* half of a heavy one */
    { 0x25b8, '>' }, /* triangle */
    { 0x25cb, 'o' }, /* circle: empty, */
    { 0x25cf, '*' }, /* full */
};

enum { SIGNS = sizeof signs / sizeof *signs, ELLIPSIS = 0x2026 };

/* ---- the grid ---- */

static size_t bytes_of(const struct cells *c)
{
    return (size_t)c->rows * (size_t)c->columns * sizeof *c->at;
}

int cells_resize(struct cells *c, int rows, int columns)
{
    struct cells n = { .rows = rows, .columns = columns };
    n.at = mem_alloc(&mem_default, bytes_of(&n));
    if (!n.at)
        return -ENOMEM;
    cells_done(c);
    *c = n;
    cells_clear(c);
    return 0;
}

void cells_done(struct cells *c)
{
    mem_free(&mem_default, c->at, bytes_of(c));
    *c = (struct cells){ 0 };
}

static void set_all(struct cells *c, uint32_t rune)
{
    for (int i = 0; i < c->rows * c->columns; i++)
        c->at[i] = (struct cell){ rune, LOOK_PLAIN };
}

void cells_clear(struct cells *c)
{
    set_all(c, ' ');
}

void cells_forget(struct cells *c)
{
    set_all(c, 0);
}

/* ---- text ---- */

static bool is_sign(uint32_t rune)
{
    for (int i = 0; i < SIGNS; i++)
        if (signs[i].rune == rune)
            return true;
    return false;
}

/* The next character of text, which moves past it; '?' for what no cell can hold. */
static uint32_t next_rune(const char **text)
{
    const unsigned char *p = (const unsigned char *)*text;
    uint32_t rune = *p++;
    int more = rune >= 0xe0 ? 2 : rune >= 0xc0 ? 1 : 0;
    bool is_ascii = rune >= 0x20 && rune < 0x7f;
    rune &= more == 2 ? 0x0f : more == 1 ? 0x1f : 0xff;
    for (; more > 0 && (*p & 0xc0) == 0x80; more--)
        rune = rune << 6 | (*p++ & 0x3fu);
    *text = (const char *)p;
    return is_ascii || (more == 0 && is_sign(rune)) ? rune : '?';
}

int cells_width(const char *text)
{
    int n = 0;
    for (; *text; n++)
        next_rune(&text);
    return n;
}

/* The part of a span that lies on the page; its width is 0 when none does. */
static struct span clip(const struct cells *c, struct span s)
{
    if (s.column < 0) {
        s.width += s.column;
        s.column = 0;
    }
    if (s.width > c->columns - s.column)
        s.width = c->columns - s.column;
    if (s.row < 0 || s.row >= c->rows || s.width < 0)
        s.width = 0;
    return s;
}

static struct cell *cell_at(const struct cells *c, int row, int column)
{
    return c->at + (size_t)row * (size_t)c->columns + (size_t)column;
}

int cells_put(struct cells *c, struct span to, unsigned look, const char *text)
{
    to = clip(c, to);
    int used = 0;
    for (; *text && used < to.width; used++) {
        uint32_t rune = next_rune(&text);
        bool is_cut = used == to.width - 1 && *text;
        *cell_at(c, to.row, to.column + used) = (struct cell){ is_cut ? ELLIPSIS : rune, look };
    }
    return used;
}

int cells_put_right(struct cells *c, struct span to, unsigned look, const char *text)
{
    int room = to.width - cells_width(text);
    if (room > 0) {
        to.column += room;
        to.width -= room;
    }
    return cells_put(c, to, look, text);
}

void cells_fill(struct cells *c, struct span to, unsigned look, const char *sign)
{
    uint32_t rune = next_rune(&sign);
    to = clip(c, to);
    for (int i = 0; i < to.width; i++)
        *cell_at(c, to.row, to.column + i) = (struct cell){ rune, look };
}

/* ---- lines of words ---- */

struct flow {
    struct cells *c;
    struct span to;
    int rows_max, row, column;
    const struct piece *piece; /* where it is: */
    int pieces;
    const char *at;
};

/* To the next character, in whichever piece it is. returns false at the end. */
static bool flow_is_on(struct flow *f)
{
    while (f->pieces > 0 && !*f->at) {
        f->piece++;
        f->at = --f->pieces > 0 ? f->piece->text : "";
    }
    return f->pieces > 0;
}

/* The columns up to the next space: words may go on in the next piece. */
static int flow_word(struct flow f)
{
    int n = 0;
    for (; flow_is_on(&f) && *f.at != ' '; n++)
        next_rune(&f.at);
    return n;
}

static void flow_put(struct flow *f, uint32_t rune)
{
    struct span one = clip(f->c, (struct span){ f->to.row + f->row, f->to.column + f->column, 1 });
    if (one.width == 1 && f->column < f->to.width)
        *cell_at(f->c, one.row, one.column) = (struct cell){ rune, f->piece->look };
    f->column++;
}

/* A new row. returns false: there is none, and the text is cut here. */
static bool flow_break(struct flow *f)
{
    if (f->row + 1 == f->rows_max) {
        if (f->column == f->to.width)
            f->column--;
        flow_put(f, ELLIPSIS);
        return false;
    }
    f->row++;
    f->column = 0;
    return true;
}

/* A space, where one is, and the word behind it. returns false: there was no room. */
static bool flow_step(struct flow *f)
{
    bool is_space = *f->at == ' ';
    f->at += is_space;
    int width = flow_is_on(f) ? flow_word(*f) : 0;
    bool is_between = is_space && f->column > 0 && width > 0;
    bool is_full = f->column + 1 + width > f->to.width;
    if (is_between && is_full && !flow_break(f))
        return false;
    if (is_between && !is_full)
        flow_put(f, ' ');
    for (; width > 0 && flow_is_on(f); width--) {
        if (f->column == f->to.width && !flow_break(f))
            return false;
        flow_put(f, next_rune(&f->at));
    }
    return true;
}

int cells_flow(struct cells *c, struct span to, int rows_max, const struct piece *pieces, int n)
{
    struct flow f = { c, to, rows_max, .piece = pieces, .pieces = n, .at = n ? pieces->text : "" };
    if (to.width <= 0 || rows_max <= 0)
        return 0;
    while (flow_is_on(&f) && flow_step(&f))
        continue;
    return f.row + (f.column > 0);
}

void cells_bar(struct cells *c, struct span to, unsigned look, double share)
{
    double least = 1.0 / (2 * to.width + 1), halves = 2 * (double)to.width;
    share = share > 1 ? 1 : share > 0 && share < least ? least : share;
    int full = (int)(share * halves + 0.5);
    cells_fill(c, to, LOOK_DIM, "─");
    cells_fill(c, (struct span){ to.row, to.column, full / 2 }, look, "━");
    if (full % 2)
        cells_fill(c, (struct span){ to.row, to.column + full / 2, 1 }, look, "╸");
}

/* ---- to the terminal ---- */

/* SGR: everything off, then what is on. */
static void put_look(FILE *to, unsigned look)
{
    static const struct {
        unsigned look;
        const char *sgr;
    } parts[] = {
        { LOOK_BOLD, ";1" }, { LOOK_DIM, ";2" },     { LOOK_REVERSE, ";7" },
        { LOOK_RED, ";31" }, { LOOK_YELLOW, ";33" }, { LOOK_GREEN, ";32" },
    };
    fputs("\033[0", to);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (look & parts[i].look)
            fputs(parts[i].sgr, to);
    fputc('m', to);
}

static void put_rune(FILE *to, uint32_t rune, bool has_utf8)
{
    if (rune < 0x80) {
        fputc((int)rune, to);
    } else if (!has_utf8) {
        for (int i = 0; i < SIGNS; i++)
            if (signs[i].rune == rune)
                fputc(signs[i].ascii, to);
    } else {
        if (rune >= 0x800)
            fputc((int)(0xe0 | rune >> 12), to);
        fputc((int)(rune >= 0x800 ? 0x80 | (rune >> 6 & 0x3f) : 0xc0 | rune >> 6), to);
        fputc((int)(0x80 | (rune & 0x3f)), to);
    }
}

void cells_update(struct cells *shown, const struct cells *next, const struct cells_style *style,
                  FILE *to)
{
    unsigned look = LOOK_PLAIN, allowed = style->has_color ? ~0u : ~(unsigned)LOOK_COLORS;
    for (int row = 0; row < next->rows; row++) {
        int cursor = -1; /* the column where it stands in this row */
        for (int column = 0; column < next->columns; column++) {
            struct cell *old = cell_at(shown, row, column), *new = cell_at(next, row, column);
            if (old->rune == new->rune && old->look == new->look)
                continue;
            if (cursor != column)
                fprintf(to, "\033[%d;%dH", row + 1, column + 1);
            if ((new->look &allowed) != look) {
                look = new->look &allowed;
                put_look(to, look);
            }
            put_rune(to, new->rune, style->has_utf8);
            *old = *new;
            cursor = column + 1;
        }
    }
    if (look != LOOK_PLAIN)
        fputs("\033[0m", to);
}
