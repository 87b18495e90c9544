/* tool/call/json.h -- the whole report of `stoa call` as one line of JSON; its names are documented in
 * stoa-call(1) and stay. */
#ifndef TOOL_CALL_JSON_H
#define TOOL_CALL_JSON_H

#include "tool/call/report.h"

/* Appends the line, with its newline. In strings each byte that is not printable ASCII stands as
 * \u00NN, its number as a code point, whatever it meant: so none is lost, and none is a command to a
 * terminal. Times are milliseconds; a stage that was not passed is null. */
void call_json(struct buf *to, const struct call_report *r);

#endif
