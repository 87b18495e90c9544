/* Accept-Encoding: which coding is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/accept.h"

#include <stdio.h>

enum {
    I = 1 << CODING_IDENTITY,
    G = 1 << CODING_GZIP,
    Z = 1 << CODING_ZSTD,
    B = 1 << CODING_BR,
    ALL = I | G | Z | B
};

static enum coding choose(const char *fields, unsigned available)
{
    static char text[512];
    struct head h;
    snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: h\r\n%s\r\n", fields);
    head_init(&h, &head_limits_default);
    assert_int_equal(head_parse_request(&h, str_of(text)), strlen(text));
    return accept_coding(&h, available);
}

static void choices(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        unsigned available;
        enum coding want;
    } cases[] = {
        { "gzip, deflate, br, zstd", ALL, CODING_BR },
        { "gzip, deflate, br, zstd", I | G | Z, CODING_ZSTD },
        { "gzip, deflate, br, zstd", I | G, CODING_GZIP },
        { "gzip, deflate, br, zstd", I, CODING_IDENTITY },
        { "deflate", ALL, CODING_IDENTITY },
        { "", ALL, CODING_IDENTITY },
        { "GZIP", ALL, CODING_GZIP },
        { "x-gzip", ALL, CODING_GZIP },
        { "gzipp", ALL, CODING_IDENTITY },
        { "gzip;q=1.0, br;q=0.5", ALL, CODING_GZIP },
        { "gzip;q=0.501, br;q=0.5", ALL, CODING_GZIP },
        { "gzip;q=0.5, br;q=0.5", ALL, CODING_BR },
        { "gzip ; Q=0.8 , br;q=0.79", ALL, CODING_GZIP },
        { "gzip;\tq=1.000,br;q=0.999", ALL, CODING_GZIP },
        { "gzip;q=1.,br;q=0.", ALL, CODING_GZIP },
        { "gzip;q=0.001", ALL, CODING_GZIP },
        { "gzip;q=1", ALL, CODING_GZIP },
        { "gzip;q=0", ALL, CODING_IDENTITY },
        { "gzip;q=0.000", ALL, CODING_IDENTITY },
        { "br;q=0, *", ALL, CODING_ZSTD },
        { "*", ALL, CODING_BR },
        { "*", I, CODING_IDENTITY },
        { "*;q=0.5, gzip;q=0.1", I | G, CODING_IDENTITY },
        { "*;q=0", ALL, CODING_NONE },
        { "*;q=0, gzip", ALL, CODING_GZIP },
        { "*;q=0, gzip", I, CODING_NONE },
        { "*;q=0, identity", ALL, CODING_IDENTITY },
        { "identity;q=0", I, CODING_NONE },
        { "identity;q=0, gzip;q=0.1", I | G, CODING_GZIP },
        { "identity, gzip;q=0.5", I | G, CODING_IDENTITY },
        { "identity;q=0.5, gzip;q=0.5", I | G, CODING_GZIP },
        /* No weights: not acceptable. */
        { "gzip;q=1.001", I | G, CODING_IDENTITY },
        { "gzip;q=2", I | G, CODING_IDENTITY },
        { "gzip;q=1.0000", I | G, CODING_IDENTITY },
        { "gzip;x=1", I | G, CODING_IDENTITY },
        { "gzip;q=0.0001", I | G, CODING_IDENTITY },
        { "gzip;q=", I | G, CODING_IDENTITY },
        { "gzip;q=x", I | G, CODING_IDENTITY },
        { "gzip;q=1x", I | G, CODING_IDENTITY },
        { "gzip;q=0.x", I | G, CODING_IDENTITY },
        { "gzip;q=-1", I | G, CODING_IDENTITY },
        { "gzip;level=1", I | G, CODING_IDENTITY },
        { "gzip;q", I | G, CODING_IDENTITY },
        { "gzip q=1", I | G, CODING_IDENTITY },
        { ";q=1", I | G, CODING_IDENTITY },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char field[128];
        snprintf(field, sizeof field, "Accept-Encoding: %s\r\n", cases[i].value);
        enum coding c = choose(field, cases[i].available);
        if (c != cases[i].want)
            print_message("%s", field);
        assert_int_equal(c, cases[i].want);
    }
    assert_int_equal(choose("", ALL), CODING_IDENTITY);
    assert_int_equal(choose("Accept-Encoding: gzip\r\nAccept-Encoding: br\r\n", ALL), CODING_BR);
}

static void names(void **state)
{
    (void)state;
    assert_true(str_eq(accept_coding_name(CODING_IDENTITY), STR("identity")));
    assert_true(str_eq(accept_coding_name(CODING_GZIP), STR("gzip")));
    assert_true(str_eq(accept_coding_name(CODING_ZSTD), STR("zstd")));
    assert_true(str_eq(accept_coding_name(CODING_BR), STR("br")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
