/* tool/serve/delay.h -- `stoa serve --delay WHERE=TIME,...`. */
#ifndef TOOL_SERVE_DELAY_H
#define TOOL_SERVE_DELAY_H

#include "tool/options.h"

struct serve_delay { /* spans; 0 = none */
    int64_t accept, read, handle, core, write;
};

/* Reads the option's value. returns false after it was said on stderr what is wrong. */
bool serve_delay_read(const struct option_reader *r, const struct option_found *f,
                      struct serve_delay *ret);

#endif
