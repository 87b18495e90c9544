/* wire/field.h -- a field line. Fields whose names somebody asks for on every request are found by
 * number, not by comparing names; all others are FIELD_OTHER and are found by head_find. */
#ifndef WIRE_FIELD_H
#define WIRE_FIELD_H

#include "base/str.h"

enum field {
    FIELD_OTHER,
    FIELD_HOST,
    FIELD_CONNECTION,
    FIELD_CONTENT_LENGTH,
    FIELD_TRANSFER_ENCODING,
    FIELD_EXPECT,
    FIELD_UPGRADE,
    FIELD_RANGE,
    FIELD_IF_RANGE,
    FIELD_IF_MATCH,
    FIELD_IF_NONE_MATCH,
    FIELD_IF_MODIFIED_SINCE,
    FIELD_IF_UNMODIFIED_SINCE,
    FIELD_ACCEPT_ENCODING,
    FIELD_USER_AGENT,
    FIELD_REFERER,
    FIELD_ORIGIN,
    FIELD_CONTENT_TYPE,
    FIELD_COUNT
};

/* The number of a field name, which is a token. */
enum field field_of(struct stoa_str name);

/* Takes a field line, which line.h has found, apart.
 *   returns  0; FAULT_NO_COLON, FAULT_NAME, FAULT_SPACE_COLON (name and value are set nevertheless:
 *            in a response it may be passed over).
 *   value    without white space around it. */
int field_split(struct stoa_str line, struct stoa_str *name, struct stoa_str *value);

#endif
