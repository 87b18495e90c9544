/* Feeds each fuzz target the inputs that are kept for it, so that what the fuzzer once found stays
 * found without it. The targets all have the one name that libFuzzer calls: here they get others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LLVMFuzzerTestOneInput fuzz_accept
#include "fuzz/accept.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_chunked
#include "fuzz/chunked.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_conditional
#include "fuzz/conditional.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_date
#include "fuzz/date.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_head
#include "fuzz/head.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_mime
#include "fuzz/mime.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_protocol
#include "fuzz/protocol.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_range
#include "fuzz/range.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_target
#include "fuzz/target.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_url
#include "fuzz/url.c"
#undef LLVMFuzzerTestOneInput

#include "support/corpus.h"

static const struct {
    const char *name;
    fuzz_fn *fn;
} targets[] = {
    { "accept", fuzz_accept },     { "chunked", fuzz_chunked }, { "conditional", fuzz_conditional },
    { "date", fuzz_date },         { "head", fuzz_head },       { "mime", fuzz_mime },
    { "protocol", fuzz_protocol }, { "range", fuzz_range },     { "target", fuzz_target },
    { "url", fuzz_url },
};

static void each_input(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        assert_true(corpus_feed(targets[i].name, targets[i].fn) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(each_input) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
