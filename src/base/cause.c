/* base/cause.c -- look-ups in the catalogue (cause_table.c). */
#include "base/cause.h"

#include "base/cause_table.h"

#include <string.h>

const char *stoa_stage_name(enum stoa_stage s)
{
    static const char *const names[STOA_STAGES] = { "resolve", "socket", "bind",
                                                    "listen",  "accept", "connect",
                                                    "request", "reply",  "close" };
    return names[s];
}

size_t cause_count(void)
{
    return cause_table_count;
}

const struct stoa_cause *cause_at(size_t i)
{
    return &cause_table[i];
}

const struct stoa_cause *stoa_cause_find(const char *id)
{
    for (size_t i = 0; i < cause_table_count; i++)
        if (strcmp(cause_table[i].id, id) == 0)
            return &cause_table[i];
    return NULL;
}

static int has_err(const struct stoa_cause *c, int err)
{
    for (int i = 0; i < STOA_CAUSE_ERRS; i++)
        if (err != 0 && c->errs[i] == err)
            return 1;
    return 0;
}

const struct stoa_cause *cause_of(enum stoa_stage stage, int err)
{
    const struct stoa_cause *last = cause_table;
    for (const struct stoa_cause *c = cause_table; c < cause_table + cause_table_count; c++) {
        if (c->stage != stage)
            continue;
        if (has_err(c, -err))
            return c;
        last = c;
    }
    return last;
}
