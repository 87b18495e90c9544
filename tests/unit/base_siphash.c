/* SipHash-1-3 against values computed by another implementation, with the key 00 01 .. 0f and the
 * bytes 00 01 02 ...; every input ends where its storage ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/siphash.h"

#include <stdlib.h>

static const struct siphash_key key = { { 0x0706050403020100, 0x0f0e0d0c0b0a0908 } };

static const struct {
    size_t n;
    uint64_t hash;
} known[] = {
    { 0, 0xabac0158050fc4dc },  { 1, 0xc9f49bf37d57ca93 },  { 2, 0x82cb9b024dc7d44d },
    { 7, 0xd3927d989bb11140 },  { 8, 0x369095118d299a8e },  { 9, 0x25a48eb36c063de4 },
    { 15, 0xd320d86d2a519956 }, { 16, 0xcc4fdd1a7d908b66 }, { 17, 0x9cf2689063dbd80c },
    { 63, 0x9d199062b7bbb3a8 },
};

static void known_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char *p = malloc(known[i].n + 1);
        assert_non_null(p);
        for (size_t j = 0; j < known[i].n; j++)
            p[1 + j] = (char)j; /* not aligned, and nothing behind it */
        assert_int_equal(siphash(&key, (struct stoa_str){ p + 1, known[i].n }), known[i].hash);
        free(p);
    }
}

static void the_key_matters(void **state)
{
    (void)state;
    struct siphash_key other = key;
    other.k[1] ^= 1;
    assert_int_not_equal(siphash(&key, STR("/index.html")), siphash(&other, STR("/index.html")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(the_key_matters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
