/* tool/output.h -- what is printed on standard output: whether it got there. */
#ifndef TOOL_OUTPUT_H
#define TOOL_OUTPUT_H

#include <stddef.h>

/* Writes all of it, now.
 *   returns  0; -EPIPE: a reader that has enough, which is no failure and is not said; < 0: as
 *            write(2), which has been said on stderr. */
int output_write(const void *p, size_t n);

/* The end of the command: what was printed with stdio is written, and standard output closed.
 *   returns  the exit code to end with: the one given, but EXIT_INTERNAL where all went well and yet
 *            what was printed is lost, which has been said on stderr. */
int output_end(int exit_code);

#endif
