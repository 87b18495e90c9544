/* base/date.h -- HTTP dates (RFC 9110 section 5.6.7), without the C library's locale and zones. */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include "base/str.h"

enum { DATE_BYTES = 29 }; /* "Sun, 06 Nov 1994 08:49:37 GMT" */

/* Writes DATE_BYTES bytes, not terminated. unix_s: seconds since 1970, years 1 to 9999. */
void date_format(char *buf, int64_t unix_s);

/* Reads IMF-fixdate, RFC 850 (two-digit years: at most 50 years after now_s) or asctime.
 *   returns  true and *ret, else false. */
bool date_parse(struct stoa_str s, int64_t now_s, int64_t *ret);

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar; month 1..12. */
int64_t date_days(int year, int month, int day);

struct date_parts {
    int year, month, day, hour, minute, second, weekday; /* month 1..12, weekday 0 = Sunday */
};
struct date_parts date_split(int64_t unix_s);

extern const char date_months[12][4];
extern const char date_weekdays[7][4];

#endif
