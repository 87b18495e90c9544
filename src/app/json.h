/* app/json.h -- JSON (RFC 8259), written value by value. The comma before a value is put by itself:
 * nothing is needed between two of them (in front of the first may stand nothing, a space, a line's
 * end, or the colon behind a name). Numbers are whole ones inside, so that no locale changes their
 * point. */
#ifndef APP_JSON_H
#define APP_JSON_H

#include "base/buf.h"

/* name: of the member, ours; NULL = an element of an array. */
void json_open(struct buf *b, const char *name, char bracket); /* '{' or '[' */
void json_close(struct buf *b, char bracket);                  /* '}' or ']' */

/* Bytes below 0x20, 0x7f and above become \u00NN. */
void json_text(struct buf *b, const char *name, struct stoa_str s);
void json_count(struct buf *b, const char *name, uint64_t v);
void json_bool(struct buf *b, const char *name, bool v);
void json_null(struct buf *b, const char *name);

/* A number with three decimals at most, given in thousandths: 1500 = 1.5. */
void json_milli(struct buf *b, const char *name, int64_t thousandths);

#endif
