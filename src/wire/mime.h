/* wire/mime.h -- media types by file name. Called by src/app. */
#ifndef WIRE_MIME_H
#define WIRE_MIME_H

#include "base/str.h"

/* The media type for a file of this name or path, by its extension, whatever its case; with
 * "; charset=utf-8" where it is text. "application/octet-stream" when unknown. Static. */
struct stoa_str mime_type(struct stoa_str name);

/* The i-th of the extensions that are known, in the order of strcmp; NULL behind the last. */
const char *mime_extension(size_t i);

#endif
