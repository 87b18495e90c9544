/* tool/watch/plain.h -- a picture of `stoa watch` as lines of text, where there is no terminal, or for
 * --once. */
#ifndef TOOL_WATCH_PLAIN_H
#define TOOL_WATCH_PLAIN_H

#include "base/buf.h"
#include "tool/watch/order.h"

void watch_plain(struct buf *b, const struct watch_picture *p, const struct watch_order *o);

#endif
