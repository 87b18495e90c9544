/* tool/watch/plain_stoa.h -- a stoa server's stages as lines of text. */
#ifndef TOOL_WATCH_PLAIN_STOA_H
#define TOOL_WATCH_PLAIN_STOA_H

#include "base/buf.h"
#include "tool/watch/picture.h"

/* Nothing, where there is none. */
void watch_plain_stoa(struct buf *b, const struct watch_picture *p);

#endif
