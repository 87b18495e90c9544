/* Any bytes as Accept-Encoding: what is chosen is there, and is chosen again when others are taken
 * away that were not. */
#include "wire/accept.h"
#include "base/check.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_choices(const struct head *h)
{
    enum { SETS = 1 << CODING_COUNT };
    for (unsigned set = 0; set < SETS; set++) {
        enum coding c = accept_coding(h, set);
        check(c == CODING_NONE || set >> c & 1);
        for (unsigned less = 0; less < SETS; less++)
            if ((less & ~set) == 0 && (c == CODING_NONE || less >> c & 1))
                check(accept_coding(h, less) == c);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct head h;
    struct stoa_str start = STR("GET / HTTP/1.0\r\nAccept-Encoding:"), end = STR("\r\n\r\n");
    char *text = malloc(start.n + n + end.n);
    check(text);
    memcpy(text, start.p, start.n);
    if (n)
        memcpy(text + start.n, data, n);
    memcpy(text + start.n + n, end.p, end.n);
    head_init(&h, &head_limits_default);
    if (head_parse_request(&h, (struct stoa_str){ text, start.n + n + end.n }) > 0)
        check_choices(&h);
    free(text);
    return 0;
}
