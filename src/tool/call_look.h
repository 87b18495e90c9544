/* tool/call_close.h -- what became of a connection that `stoa call` has closed, asked of the kernel:
 * for the stage "close". */
#ifndef TOOL_CALL_CLOSE_H
#define TOOL_CALL_CLOSE_H

#include "tool/call_report.h"

/* Sets ended and end_state of all exchanges that had a TCP connection. After the runtime's end. */
void call_close_look(struct call_report *r);

#endif
