/* base/cause_table.h -- the entries of the catalogue; looked up through base/cause.h. */
#ifndef BASE_CAUSE_TABLE_H
#define BASE_CAUSE_TABLE_H

#include <stoa/cause.h>

#include <stddef.h>

extern const struct stoa_cause cause_table[];
extern const size_t cause_table_count;

#endif
