/* tool/watch/json.h -- a picture of `stoa watch` as one JSON object, without a line end; its members are
 * described in stoa-watch(1). Everything that others wrote is escaped twice: as text (\xNN), then as
 * JSON. */
#ifndef TOOL_WATCH_JSON_H
#define TOOL_WATCH_JSON_H

#include "base/buf.h"
#include "tool/watch/order.h"

void watch_json(struct buf *b, const struct watch_picture *p, const struct watch_order *o);

#endif
