/* tool/call/walk.h -- --walk: which hop on the way refuses a connection, or swallows it. */
#ifndef TOOL_CALL_WALK_H
#define TOOL_CALL_WALK_H

#include "tool/call/run.h"

/* After a failure to connect over TCP, and when it was asked for: fills in c->report.walk, and sets
 * the cause when the walk shows who sent the reset.                               [waits] */
void call_walk(stoa_task *t, struct call *c);

#endif
