/* base/check.c -- the end of a process that found a bug of its own. */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void check_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "stoa: bug: %s:%d: not so: %s\n", file, line, cond);
    abort();
}
