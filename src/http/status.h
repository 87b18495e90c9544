/* http/status.h -- status lines, ready-made. Called by reply_head.c. */
#ifndef HTTP_STATUS_H
#define HTTP_STATUS_H

#include "base/str.h"

enum { STATUS_LINE_BYTES = 16 }; /* of a line that is not ready-made */

/* "HTTP/1.1 404 Not Found\r\n".
 *   status   200..599.
 *   buf      STATUS_LINE_BYTES bytes, where the line lies when the status has no name. */
struct stoa_str status_line(int status, char *buf);

/* "Not Found"; empty when it has no name. Static, terminated: but by CR LF. */
struct stoa_str status_reason(int status);

#endif
