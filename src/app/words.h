/* app/words.h -- numbers as people read them. */
#ifndef APP_WORDS_H
#define APP_WORDS_H

#include "base/str.h"

enum { WORDS_SIZE_BYTES = 8 }; /* "9.9 KiB" */

/* Writes "999 B", "1.0 KiB", "12 MiB": two or three digits say enough.
 *   to       WORDS_SIZE_BYTES; not terminated.
 *   returns  the bytes written. */
size_t words_size(char *to, uint64_t bytes);

#endif
