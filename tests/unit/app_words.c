/* Sizes as people read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/words.h"

static const struct {
    uint64_t bytes;
    const char *words;
} rows[] = {
    { 0, "0 B" },           { 999, "999 B" },          { 1000, "0.9 KiB" },
    { 1024, "1.0 KiB" },    { 1535, "1.4 KiB" },       { 10239, "9.9 KiB" },
    { 10240, "10 KiB" },    { 999 * 1024, "999 KiB" }, { 1000 * 1024, "0.9 MiB" },
    { 1048576, "1.0 MiB" }, { 5000000000, "4.6 GiB" }, { UINT64_MAX, "16 EiB" },
};

static void sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[WORDS_SIZE_BYTES + 1];
        size_t n = words_size(text, rows[i].bytes);
        assert_in_range(n, 1, WORDS_SIZE_BYTES);
        text[n] = 0;
        assert_string_equal(text, rows[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(sizes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
