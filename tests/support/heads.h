/* support/heads.h -- heads read in every way that bytes can arrive. */
#ifndef SUPPORT_HEADS_H
#define SUPPORT_HEADS_H

#include "wire/head.h"

typedef int head_parser(struct head *h, struct stoa_str in);

/* Do both say the same of the same bytes? Where the bytes lie does not count. */
bool heads_equal(const struct head *a, const struct head *b);

/* Reads `in` at once; then in two parts, split at each place; then byte by byte. Each call's bytes
 * lie elsewhere and end at an unreadable page. Stops the process when a way gives another result.
 *   returns  the result.
 *   ret      what the first way read; its bytes are those of `in`. */
int heads_read_every_way(struct head *ret, struct stoa_str in, head_parser *parse,
                         const struct head_limits *limits);

#endif
