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

#include <dirent.h>
#include <stdio.h>

typedef int fuzz_fn(const uint8_t *data, size_t n);

static const struct {
    const char *name;
    fuzz_fn *fn;
} targets[] = {
    { "accept", fuzz_accept },     { "chunked", fuzz_chunked }, { "conditional", fuzz_conditional },
    { "date", fuzz_date },         { "head", fuzz_head },       { "mime", fuzz_mime },
    { "protocol", fuzz_protocol }, { "range", fuzz_range },     { "target", fuzz_target },
    { "url", fuzz_url },
};

/* In a block of just its size, so that sanitizers and valgrind see a look behind its end. */
static void feed(fuzz_fn *fn, const char *path)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    size_t n = (size_t)ftell(f);
    uint8_t *data = malloc(n + !n);
    assert_non_null(data);
    rewind(f);
    assert_int_equal(fread(data, 1, n, f), n);
    fn(data, n);
    free(data);
    fclose(f);
}

static size_t feed_all(const char *name, fuzz_fn *fn)
{
    char path[512];
    size_t fed = 0;
    snprintf(path, sizeof path, "tests/fuzz/corpus/%s", name);
    DIR *dir = opendir(path);
    assert_non_null(dir); /* run it from the top of the tree */
    for (struct dirent *e; (e = readdir(dir));)
        if (e->d_name[0] != '.') {
            snprintf(path, sizeof path, "tests/fuzz/corpus/%s/%s", name, e->d_name);
            feed(fn, path);
            fed++;
        }
    closedir(dir);
    return fed;
}

static void each_input(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        assert_true(feed_all(targets[i].name, targets[i].fn) > 0);
        targets[i].fn(NULL, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(each_input) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
