/* tool/serve/fault.h -- --fault KIND[=ARG] of `stoa serve`: read, and listed. */
#ifndef TOOL_SERVE_FAULT_H
#define TOOL_SERVE_FAULT_H

#include "app/mischief.h"

/* Reads what stands behind --fault.
 *   returns  whether it is one; else wrong usage, which has been said on stderr. */
bool serve_fault_read(const char *text, struct mischief *ret);

/* Prints every kind: its argument, what the server does, what a client should do. */
void serve_fault_list(void);

/* "cut-body", "slow=65536": as it can be given again. returns buf. */
enum { SERVE_FAULT_BYTES = 64 };
char *serve_fault_text(const struct mischief *f, char buf[SERVE_FAULT_BYTES]);

#endif
