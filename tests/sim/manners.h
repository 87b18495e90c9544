/* sim/manners.h -- the table of manners: those of HTTP are in manners.c, the others in talk.c. */
#ifndef SIM_MANNERS_H
#define SIM_MANNERS_H

#include "sim/client.h"

extern const struct manner talk_manners[];
extern const size_t talk_manners_n;

#endif
