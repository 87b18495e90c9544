/* tool/watch/table.c -- see table.h. */
#include "tool/watch/table.h"

static int width_of(const struct table_column *columns, int n,
                    const struct table_place places[TABLE_COLUMNS_MAX])
{
    int width = -TABLE_GAP;
    for (int i = 0; i < n; i++)
        width += places[i].width > 0 && columns[i].width > 0 ? places[i].width + TABLE_GAP : 0;
    return width;
}

/* returns the column that is left out next; -1 when all that are left must stay. */
static int least_wanted(const struct table_column *columns, int n,
                        const struct table_place places[TABLE_COLUMNS_MAX])
{
    int found = -1;
    for (int i = 0; i < n; i++)
        if (places[i].width > 0 && columns[i].rank > (found < 0 ? 0 : columns[found].rank))
            found = i;
    return found;
}

void table_divide(const struct table_column *columns, int n, struct span to,
                  struct table_place places[TABLE_COLUMNS_MAX])
{
    int out;
    for (int i = 0; i < n; i++)
        places[i] = (struct table_place){ 0, columns[i].width };
    while (width_of(columns, n, places) > to.width && (out = least_wanted(columns, n, places)) >= 0)
        places[out].width = 0;
    int room = to.width - width_of(columns, n, places), column = to.column;
    for (int i = 0; i < n; i++) {
        if (places[i].width == 0)
            continue;
        int more = columns[i].most - columns[i].width;
        more = more > room ? room : more;
        if (more > 0) {
            places[i].width += more;
            room -= more;
        }
        places[i].column = column;
        column += places[i].width + TABLE_GAP;
    }
}

void table_put(struct cells *c, int row, const struct table_column *column,
               const struct table_place *place, struct piece text)
{
    struct span to = { row, place->column, place->width };
    if (column->is_right)
        cells_put_right(c, to, text.look, text.text);
    else
        cells_put(c, to, text.look, text.text);
}

void table_titles(struct cells *c, int row, const struct table_column *columns, int n,
                  const struct table_place places[TABLE_COLUMNS_MAX])
{
    for (int i = 0; i < n; i++)
        table_put(c, row, &columns[i], &places[i],
                  (struct piece){ columns[i].title, columns[i].is_sorted ? LOOK_BOLD : LOOK_DIM });
}
