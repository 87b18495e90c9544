/* Feeds the fuzz target of the client the inputs that are kept for it. */
#define LLVMFuzzerTestOneInput fuzz_fetch
#include "fuzz/fetch.c"
#undef LLVMFuzzerTestOneInput

#include "support/corpus.h"

static void each_input(void **state)
{
    (void)state;
    assert_true(corpus_feed("fetch", fuzz_fetch) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(each_input) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
