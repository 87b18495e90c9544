/* base/cause.h -- the catalogue of causes: what can go wrong at which stage of a connection, said
 * once. Messages, exit codes, log fields, metrics labels, `stoa explain` and stoa-causes(7) are all
 * made from it, so that they cannot disagree. Knows no sockets: data, and look-ups in it. */
#ifndef BASE_CAUSE_H
#define BASE_CAUSE_H

#include "base/exit_code.h"

#include <stoa/cause.h>

#include <stddef.h>

/* All causes, in the order of the stages. */
size_t cause_count(void);
const struct stoa_cause *cause_at(size_t i);

/* What an error (-errno) at a stage means when nothing more is known: the first entry of the stage
 * that has it, else the stage's last entry, which stands for all others. Never NULL. */
const struct stoa_cause *cause_of(enum stoa_stage stage, int err);

#endif
