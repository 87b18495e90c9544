/* Any bytes as a date: what is read can be written, and reads the same. */
#include "base/date.h"
#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    int64_t t, again;
    char buf[DATE_BYTES];
    if (!date_parse((struct stoa_str){ (const char *)data, n }, 1700000000, &t))
        return 0;
    date_format(buf, t);
    check(date_parse((struct stoa_str){ buf, sizeof buf }, 0, &again));
    check(again == t);
    return 0;
}
