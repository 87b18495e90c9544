/* base/error.h -- error results by name and in words. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stoa.h>

/* "ECONNRESET", "STOA_EEOF"; "E?" for a number that has none. Static. */
const char *error_name(int err);

#endif
