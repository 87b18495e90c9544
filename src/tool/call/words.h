/* tool/call/words.h -- times, counts and bytes as the report of `stoa call` writes them. */
#ifndef TOOL_CALL_WORDS_H
#define TOOL_CALL_WORDS_H

#include "base/str.h"

enum { CALL_WORD_BYTES = 40 };

/* "0.04 ms", "12.1 ms", "3.1 s"; "-" for a time < 0. returns buf, of CALL_WORD_BYTES. */
const char *call_time(char *buf, stoa_time span);

/* "1 byte", "1,256 bytes". returns buf, of CALL_WORD_BYTES. */
const char *call_bytes(char *buf, uint64_t n);

#endif
