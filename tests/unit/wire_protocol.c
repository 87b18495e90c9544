/* The first bytes of each protocol, known as soon as they can be and not before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/edge.h"
#include "wire/protocol.h"

#define SETTINGS "\0\0\x12\4\0\0\0\0\0"
#define GOAWAY "\0\1\x12\7\0\0\0\0\0"

static const struct {
    struct stoa_str bytes;
    size_t needs; /* bytes until it is known */
    enum protocol protocol;
} cases[] = {
    { { "HTTP/1.1 200 OK", 15 }, 5, PROTOCOL_HTTP1 },
    { { "HTTP/2.0 200 OK", 15 }, 5, PROTOCOL_HTTP1 },
    { { "HTTQ/1.1", 8 }, 4, PROTOCOL_OTHER },
    { { SETTINGS "\0\3", 11 }, 9, PROTOCOL_HTTP2 },
    { { GOAWAY "\0", 10 }, 9, PROTOCOL_HTTP2 },
    { { "\0\0\0\0\0", 5 }, 4, PROTOCOL_OTHER },
    { { "\0\0\0\4\2", 5 }, 5, PROTOCOL_OTHER },
    { { "\0\0\0\4\0\0\0\0\1", 9 }, 9, PROTOCOL_OTHER },
    { { "\x15\3\1\0\2\2\x46", 7 }, 3, PROTOCOL_TLS },
    { { "\x16\3\3", 3 }, 3, PROTOCOL_TLS },
    { { "\x15\2\1", 3 }, 2, PROTOCOL_OTHER },
    { { "\x15\3\5", 3 }, 3, PROTOCOL_OTHER },
    { { "SSH-2.0-OpenSSH\r\n", 17 }, 4, PROTOCOL_SSH },
    { { "220 mail ESMTP\r\n", 16 }, 4, PROTOCOL_GREETING },
    { { "220-ftp\r\n", 9 }, 4, PROTOCOL_GREETING },
    { { "2200", 4 }, 4, PROTOCOL_OTHER },
    { { "+OK ready\r\n", 11 }, 4, PROTOCOL_GREETING },
    { { "* OK IMAP\r\n", 11 }, 5, PROTOCOL_GREETING },
    { { "hello", 5 }, 1, PROTOCOL_OTHER },
    { { "<html>", 6 }, 1, PROTOCOL_OTHER },
    { { "\xff", 1 }, 1, PROTOCOL_OTHER },
};

static void known_in_time(void **state)
{
    struct edge e;
    (void)state;
    edge_open(&e, 64);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t n = 0; n <= cases[i].bytes.n; n++) {
            struct stoa_str in = edge_put(&e, (struct stoa_str){ cases[i].bytes.p, n });
            enum protocol expected = n < cases[i].needs ? PROTOCOL_MORE : cases[i].protocol;
            if (protocol_of(in) != expected)
                fail_msg("case %zu, %zu bytes: %d", i, n, protocol_of(in));
        }
    edge_close(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(known_in_time) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
