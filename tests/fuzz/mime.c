/* Any bytes as a file's name: a type, and the same for capitals. */
#include "wire/mime.h"
#include "base/check.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct stoa_str type = mime_type((struct stoa_str){ (const char *)data, n });
    char *capitals = malloc(n + 1);
    check(capitals && type.n > 0 && str_find(type, '/') < type.n);
    for (size_t i = 0; i < n; i++)
        capitals[i] = (char)(data[i] >= 'a' && data[i] <= 'z' ? data[i] - 32 : data[i]);
    check(str_eq(mime_type((struct stoa_str){ capitals, n }), type));
    free(capitals);
    return 0;
}
