/* Any bytes from a server: what they are is known once, and does not change when more come. */
#include "wire/protocol.h"
#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    enum protocol known = PROTOCOL_MORE;
    for (size_t i = 0; i <= n; i++) {
        enum protocol now = protocol_of((struct stoa_str){ (const char *)data, i });
        check(known == PROTOCOL_MORE || now == known);
        check(i < 9 || now != PROTOCOL_MORE);
        known = now;
    }
    return 0;
}
