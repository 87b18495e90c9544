/* Any bytes as a Range field's value: the ranges lie inside the size and apart from each other, and
 * asked for in their own words they are the same. */
#include "wire/range.h"
#include "base/check.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_apart(const struct ranges *r, uint64_t size)
{
    check(r->count > 0 && r->count <= RANGE_MAX);
    for (unsigned i = 0; i < r->count; i++) {
        check(r->at[i].n > 0 && r->at[i].from < size && r->at[i].n <= size - r->at[i].from);
        for (unsigned k = 0; k < i; k++)
            check(r->at[i].from + r->at[i].n < r->at[k].from ||
                  r->at[k].from + r->at[k].n < r->at[i].from);
    }
}

static void check_again(const struct ranges *r, uint64_t size)
{
    char text[1024] = "bytes=";
    size_t n = strlen(text);
    struct ranges again;
    for (unsigned i = 0; i < r->count; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%ju-%ju,", (uintmax_t)r->at[i].from,
                              (uintmax_t)(r->at[i].from + r->at[i].n - 1));
    check(range_parse(&again, str_of(text), size) == RANGE_OK);
    check(again.count == r->count);
    check(memcmp(again.at, r->at, r->count * sizeof *r->at) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const uint64_t sizes[] = { 0, 1, 10, 1000, UINT64_C(1) << 33, INT64_MAX };
    struct ranges r;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (range_parse(&r, (struct stoa_str){ (const char *)data, n }, sizes[i]) == RANGE_OK) {
            check_apart(&r, sizes[i]);
            check_again(&r, sizes[i]);
        }
    return 0;
}
