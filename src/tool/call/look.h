/* tool/call/look.h -- what the kernel knows of a connection of `stoa call`, beyond what the library
 * reports: how it ended, and what a peer on this machine does with it. */
#ifndef TOOL_CALL_LOOK_H
#define TOOL_CALL_LOOK_H

#include "tool/call/report.h"

/* Sets ended and end_state of all exchanges that had a TCP connection. After the runtime's end. */
void call_look_at_ends(struct call_report *r);

/* The last exchange's request went unanswered, and the peer may be a process of this machine: says
 * whether it has the connection, and reads it.
 *   returns  false: it reads, or it is not known; else true and words on it in detail. */
bool call_look_at_peer(const struct call_report *r, char *detail, size_t n);

#endif
