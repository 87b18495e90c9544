/* app/words.h -- numbers as people read them. */
#ifndef APP_WORDS_H
#define APP_WORDS_H

#include "base/buf.h"

/* "999 B", "1.0 KiB", "12 MiB": two or three digits say enough. */
void words_size(struct buf *b, uint64_t bytes);

#endif
