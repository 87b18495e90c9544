/* tool/wrap.h -- text in lines that fit a terminal. */
#ifndef TOOL_WRAP_H
#define TOOL_WRAP_H

#include <stdio.h>

/* Prints text in lines of at most 79 columns, each after `indent` spaces, the first after `label`
 * instead of them. Words are never cut. */
void print_wrapped(FILE *to, const char *label, int indent, const char *text);

#endif
