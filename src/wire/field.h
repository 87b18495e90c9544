/* wire/field.h -- fields whose names somebody asks for on every request: found by number, not by
 * comparing names. All other fields are FIELD_OTHER and are found by head_find. */
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

#endif
