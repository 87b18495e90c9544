/* The chunked coding: what comes out of a message, and each reason to refuse one, in every split. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/edge.h"
#include "wire/chunked.h"

#include <stdio.h>

struct message { /* all that came out */
    char body[128], trailers[128];
    size_t body_n, used;
    int result; /* CHUNKED_END, CHUNKED_MORE, or a fault */
};

/* Feeds in[0..n) of what has not been used. */
static void feed(struct chunked *d, struct message *m, struct edge *edge, struct stoa_str in)
{
    struct chunked_piece piece;
    in = edge_put(edge, str_from(in, m->used));
    do {
        m->result = chunked_next(d, in, &piece);
        if (m->result < 0)
            return;
        in = str_from(in, piece.used);
        m->used += piece.used;
        if (m->result == CHUNKED_DATA) {
            memcpy(m->body + m->body_n, piece.value.p, piece.value.n);
            m->body_n += piece.value.n;
        } else if (m->result == CHUNKED_TRAILER) {
            size_t n = strlen(m->trailers);
            snprintf(m->trailers + n, sizeof m->trailers - n, "%.*s=%.*s;", (int)piece.name.n,
                     piece.name.p, (int)piece.value.n, piece.value.p);
        }
    } while (m->result == CHUNKED_DATA || m->result == CHUNKED_TRAILER);
}

static void same(const struct message *a, const struct message *b)
{
    assert_int_equal(a->result, b->result);
    assert_int_equal(a->body_n, b->body_n);
    assert_memory_equal(a->body, b->body, a->body_n);
    assert_string_equal(a->trailers, b->trailers);
    if (a->result >= 0)
        assert_int_equal(a->used, b->used);
}

/* At once; in two parts, split at each place; byte by byte. */
static struct message decode(struct stoa_str in)
{
    struct message whole = { 0 }, m;
    struct chunked d;
    struct edge edge;
    edge_open(&edge, in.n);
    chunked_init(&d);
    feed(&d, &whole, &edge, in);
    for (size_t split = 0; split <= in.n; split++) {
        m = (struct message){ 0 };
        chunked_init(&d);
        feed(&d, &m, &edge, (struct stoa_str){ in.p, split });
        if (m.result == CHUNKED_MORE)
            feed(&d, &m, &edge, in);
        same(&whole, &m);
    }
    m = (struct message){ 0 };
    chunked_init(&d);
    for (size_t n = 0; n <= in.n && m.result == CHUNKED_MORE; n++)
        feed(&d, &m, &edge, (struct stoa_str){ in.p, n });
    same(&whole, &m);
    edge_close(&edge);
    return whole;
}

static void messages(void **state)
{
    (void)state;
    static const struct {
        const char *in, *body, *rest;
    } cases[] = {
        { "0\r\n\r\n", "", "" },
        { "5\r\nhello\r\n0\r\n\r\nGET", "hello", "GET" },
        { "5\r\nhel\r\n\r\n1\r\n \r\n000\r\n\r\n", "hel\r\n ", "" },
        { "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", "" },
        { "0000000000000001\r\nx\r\n0\r\n\r\n", "x", "" },
        { "1;a\r\nx\r\n0;bc=def\r\n\r\n", "x", "" },
        { "1;a=b;c;d=\"e;\\\"\r\"\r\n", NULL, NULL }, /* see refusals */
        { "1 ; a = b\t;c \t;d=\"\" ; e\r\nx\r\n0\r\n\r\n", "x", "" },
        { "1;a=\"b;\\\"\\\\ \t\xc3\xa9\"\r\nx\r\n0\r\n\r\n", "x", "" },
        { "1;a=\"b\";c\r\nx\r\n0\r\n\r\n", "x", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct message m = decode(str_of(cases[i].in));
        if (!cases[i].body) {
            assert_true(m.result < 0);
            continue;
        }
        assert_int_equal(m.result, CHUNKED_END);
        assert_int_equal(m.body_n, strlen(cases[i].body));
        assert_memory_equal(m.body, cases[i].body, m.body_n);
        assert_string_equal(cases[i].in + m.used, cases[i].rest);
        assert_string_equal(m.trailers, "");
    }
}

static void refusals(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        int fault;
    } cases[] = {
        { "\r\n", FAULT_CHUNK_SIZE },
        { "x\r\n", FAULT_CHUNK_SIZE },
        { ";a\r\n", FAULT_CHUNK_SIZE },
        { " 5\r\n", FAULT_CHUNK_SIZE },
        { "-5\r\n", FAULT_CHUNK_SIZE },
        { "+5\r\n", FAULT_CHUNK_SIZE },
        { "0x5\r\n", FAULT_CHUNK_SIZE },
        { "5_\r\n", FAULT_CHUNK_SIZE },
        { "8000000000000000\r\n", FAULT_CHUNK_SIZE },
        { "FFFFFFFFFFFFFFFF\r\n", FAULT_CHUNK_SIZE },
        { "00000000000000001\r\n", FAULT_CHUNK_SIZE },
        { "10000000000000000\r\n", FAULT_CHUNK_SIZE },
        { "5\n", FAULT_BARE_LF },
        { "\n", FAULT_BARE_LF },
        { "5\rx", FAULT_BARE_CR },
        { "5\r\r\n", FAULT_BARE_CR },
        { "5 \r\n", FAULT_CHUNK_EXTENSION },
        { "5 \n", FAULT_BARE_LF },
        { "5 a\r\n", FAULT_CHUNK_EXTENSION },
        { "5;\r\n", FAULT_CHUNK_EXTENSION },
        { "5;\n", FAULT_BARE_LF },
        { "5; =a\r\n", FAULT_CHUNK_EXTENSION },
        { "5;a\n", FAULT_BARE_LF },
        { "5;a\x01\r\n", FAULT_CHUNK_EXTENSION },
        { "5;a \r\n", FAULT_CHUNK_EXTENSION },
        { "5;a b\r\n", FAULT_CHUNK_EXTENSION },
        { "5;a=\r\n", FAULT_CHUNK_EXTENSION },
        { "5;a==\r\n", FAULT_CHUNK_EXTENSION },
        { "5;a=b(\r\n", FAULT_CHUNK_EXTENSION },
        { "5;a=b \r\n", FAULT_CHUNK_EXTENSION },
        { "5;a=b\n", FAULT_BARE_LF },
        { "5;a=\"b\r\n", FAULT_CHUNK_EXTENSION },
        { "5;a=\"b\n", FAULT_BARE_LF },
        { "5;a=\"\x7f\"\r\n", FAULT_CHUNK_EXTENSION },
        { "5;a=\"\\\r\"\r\n", FAULT_CHUNK_EXTENSION },
        { "5;a=\"b\"c\r\n", FAULT_CHUNK_EXTENSION },
        { "1\r\nxy", FAULT_CHUNK_END },
        { "1\r\nx\n", FAULT_CHUNK_END },
        { "1\r\nx\rx", FAULT_CHUNK_END },
        { "1\r\nx0\r\n", FAULT_CHUNK_END },
        { "0\r\nA: b\n", FAULT_BARE_LF },
        { "0\r\n\n", FAULT_BARE_LF },
        { "0\r\n\rx", FAULT_BARE_CR },
        { "0\r\nA: \x01\r\n", FAULT_CONTROL },
        { "0\r\nA\r\n", FAULT_NO_COLON },
        { "0\r\nA : b\r\n", FAULT_SPACE_COLON },
        { "0\r\n: b\r\n", FAULT_NAME },
        { "0\r\n A: b\r\n", FAULT_FOLD },
        { "0\r\nA: b\r\n\tc\r\n", FAULT_FOLD },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct message m = decode(str_of(cases[i].in));
        if (m.result != cases[i].fault)
            print_message("%s\n", cases[i].in);
        assert_int_equal(m.result, cases[i].fault);
    }
    assert_int_equal(decode(STR("5;a\0\r\n")).result, FAULT_CHUNK_EXTENSION);
    assert_int_equal(decode(STR("\0")).result, FAULT_CHUNK_SIZE);
}

static void the_largest_chunk(void **state)
{
    (void)state;
    struct chunked d;
    struct chunked_piece piece;
    chunked_init(&d);
    assert_int_equal(chunked_next(&d, STR("7FFFFFFFFFFFFFFF\r\nx"), &piece), CHUNKED_DATA);
    assert_int_equal(piece.value.n, 1);
    assert_int_equal(piece.used, 19);
    assert_true(d.left == UINT64_C(0x7ffffffffffffffe));
}

static void trailers(void **state)
{
    (void)state;
    struct message m = decode(STR("1\r\nx\r\n0\r\nX-Sum:  1 2 \r\ncontent-length: 5\r\n"
                                  "Server-Timing:\r\nTRANSFER-Encoding: chunked\r\n\r\nrest"));
    assert_int_equal(m.result, CHUNKED_END);
    assert_string_equal(m.trailers, "X-Sum=1 2;Server-Timing=;");

    static const char *const barred[] = {
        "Host",
        "Authorization",
        "Cookie",
        "Set-Cookie",
        "Trailer",
        "Expect",
        "If-Match",
        "Range",
        "TE",
        "Date",
        "Upgrade",
        "Age",
        "Connection",
        "Content-Type",
        "Pragma",
        "Cache-Control",
        "Vary",
        "Location",
        "Warning",
        "Keep-Alive",
        "Max-Forwards",
        "Accept",
        "Accept-Ranges",
        "Expires",
        "Retry-After",
        "Forwarded",
        "Proxy-Authorization",
        "X-Forwarded-For",
        "WWW-Authenticate",
        "Authentication-Info",
        "Content-Range",
    };
    for (size_t i = 0; i < sizeof barred / sizeof *barred; i++) {
        char text[64];
        snprintf(text, sizeof text, "0\r\n%s: x\r\n\r\n", barred[i]);
        m = decode(str_of(text));
        assert_int_equal(m.result, CHUNKED_END);
        assert_string_equal(m.trailers, "");
    }
}

/* After the end nothing is read any more. */
static void after_the_end(void **state)
{
    (void)state;
    struct chunked d;
    struct chunked_piece piece;
    chunked_init(&d);
    assert_int_equal(chunked_next(&d, STR(""), &piece), CHUNKED_MORE);
    assert_int_equal(chunked_next(&d, STR("0\r\n\r\n5\r\nhello"), &piece), CHUNKED_END);
    assert_int_equal(piece.used, 5);
    assert_int_equal(chunked_next(&d, STR("5\r\nhello"), &piece), CHUNKED_END);
    assert_int_equal(piece.used, 0);
}

/* n bytes of extension in chunks of ten, each of which counts nine. */
static int extensions(size_t chunks)
{
    struct chunked d;
    struct chunked_piece piece;
    int r = CHUNKED_MORE;
    chunked_init(&d);
    for (size_t i = 0; i < chunks && r >= 0; i++) {
        r = chunked_next(&d, STR("1;abcdefgh\r\nx"), &piece);
        if (r >= 0)
            r = chunked_next(&d, STR("\r\n"), &piece);
    }
    return r;
}

/* A chunk's size, and then bytes of one kind that never end. */
static int flood(const char *start, char with)
{
    static char text[CHUNKED_EXTENSION_BYTES_MAX + 16];
    struct chunked d;
    struct chunked_piece piece;
    memset(text, with, sizeof text);
    memcpy(text, start, strlen(start));
    chunked_init(&d);
    return chunked_next(&d, (struct stoa_str){ text, sizeof text }, &piece);
}

static void extensions_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(flood("1", ' '), FAULT_CHUNK_EXTENSIONS);
    assert_int_equal(flood("1;", ' '), FAULT_CHUNK_EXTENSIONS);
    assert_int_equal(flood("1;", 'a'), FAULT_CHUNK_EXTENSIONS);
    assert_int_equal(flood("1;a", ' '), FAULT_CHUNK_EXTENSIONS);
    assert_int_equal(flood("1;a=", ' '), FAULT_CHUNK_EXTENSIONS);
    assert_int_equal(flood("1;a=", 'b'), FAULT_CHUNK_EXTENSIONS);
    assert_int_equal(flood("1;a=\"", 'b'), FAULT_CHUNK_EXTENSIONS);
    assert_int_equal(flood("1;a=\"", '\\'), FAULT_CHUNK_EXTENSIONS);
    assert_int_equal(flood("1;a=\"b\"", ' '), FAULT_CHUNK_EXTENSIONS);
    assert_int_equal(extensions(CHUNKED_EXTENSION_BYTES_MAX / 9), CHUNKED_MORE);
    assert_int_equal(extensions(CHUNKED_EXTENSION_BYTES_MAX / 9 + 1), FAULT_CHUNK_EXTENSIONS);
}

static void trailers_are_bounded(void **state)
{
    (void)state;
    static char text[CHUNKED_TRAILER_BYTES_MAX + 16];
    size_t max = CHUNKED_TRAILER_BYTES_MAX;
    for (size_t n = max - 3; n <= max + 3; n++) {
        struct chunked d;
        struct chunked_piece piece;
        memset(text, 'x', sizeof text);
        memcpy(text, "0\r\nA: b\r\nB:", 11);
        memcpy(text + 3 + n - 4, "\r\n\r\n", 4);
        chunked_init(&d);
        int r, want = n <= max ? CHUNKED_END : FAULT_TRAILERS;
        struct stoa_str in = { text, 3 + n };
        for (; (r = chunked_next(&d, in, &piece)) == CHUNKED_TRAILER; in = str_from(in, piece.used))
            ;
        assert_int_equal(r, want);
        /* Byte by byte, too, and at the latest when the limit is passed. */
        chunked_init(&d);
        size_t used = 0, come = 0;
        for (r = CHUNKED_MORE; r == CHUNKED_MORE || r == CHUNKED_TRAILER;) {
            come += r == CHUNKED_MORE;
            r = chunked_next(&d, (struct stoa_str){ text + used, come - used }, &piece);
            used += r < 0 ? 0 : piece.used;
        }
        assert_int_equal(r, want);
        assert_in_range(come, 3 + (n <= max ? n : max), 3 + (n <= max ? n : max + 1));
    }
}

static void heads(void **state)
{
    (void)state;
    static const struct {
        uint64_t n;
        const char *text;
    } cases[] = {
        { 1, "1\r\n" },
        { 15, "f\r\n" },
        { 16, "10\r\n" },
        { 0x89abcd, "89abcd\r\n" },
        { UINT64_MAX, "ffffffffffffffff\r\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buf[CHUNKED_HEAD_BYTES];
        assert_int_equal(chunked_head(buf, cases[i].n), strlen(cases[i].text));
        assert_memory_equal(buf, cases[i].text, strlen(cases[i].text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages),
        cmocka_unit_test(refusals),
        cmocka_unit_test(the_largest_chunk),
        cmocka_unit_test(trailers),
        cmocka_unit_test(after_the_end),
        cmocka_unit_test(extensions_are_bounded),
        cmocka_unit_test(trailers_are_bounded),
        cmocka_unit_test(heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
