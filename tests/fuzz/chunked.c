/* Any bytes as a chunked message: read in parts they give what they give at once. And any bytes as
 * a body: written as chunks they come back. */
#include "wire/chunked.h"
#include "base/check.h"
#include "wire/chars.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct decoded {
    struct stoa_str body; /* its bytes are owned */
    size_t used, trailers, trailer_bytes;
    int result;
};

static void take(struct decoded *m, char *body, const struct chunked_piece *piece)
{
    if (m->result == CHUNKED_DATA) {
        check(piece->value.n > 0);
        memcpy(body + m->body.n, piece->value.p, piece->value.n);
        m->body.n += piece->value.n;
    } else if (m->result == CHUNKED_TRAILER) {
        check(piece->name.n && char_span(piece->name, CHAR_TOKEN) == piece->name.n);
        check(!str_eq_nocase(piece->name, STR("Content-Length")));
        m->trailers++;
        m->trailer_bytes += piece->name.n + piece->value.n;
    }
}

/* Decodes what comes in steps of `step` bytes. */
static struct decoded decode(struct stoa_str in, size_t step)
{
    struct chunked d;
    struct chunked_piece piece;
    char *body = malloc(in.n + 1);
    struct decoded m = { .body = { body, 0 }, .result = CHUNKED_MORE };
    size_t come = 0;
    check(body);
    chunked_init(&d);
    while (m.result >= 0 && m.result != CHUNKED_END) {
        if (m.result == CHUNKED_MORE && come == in.n)
            break;
        if (m.result == CHUNKED_MORE)
            come = in.n - come < step ? in.n : come + step;
        m.result = chunked_next(&d, (struct stoa_str){ in.p + m.used, come - m.used }, &piece);
        if (m.result < 0)
            break;
        check(piece.used <= come - m.used);
        m.used += piece.used;
        take(&m, body, &piece);
    }
    return m;
}

static void check_message(struct stoa_str in)
{
    static const size_t steps[] = { 1, 2, 7, 64, 1000 };
    struct decoded whole = decode(in, SIZE_MAX);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct decoded parts = decode(in, steps[i]);
        check(parts.result == whole.result && str_eq(parts.body, whole.body));
        check(parts.trailers == whole.trailers && parts.trailer_bytes == whole.trailer_bytes);
        check(whole.result < 0 || parts.used == whole.used);
        free((char *)parts.body.p);
    }
    check(whole.result >= 0 || fault_status(whole.result) > 0);
    free((char *)whole.body.p);
}

static void check_body(struct stoa_str in)
{
    size_t chunk = in.n ? (unsigned char)in.p[0] % 64 + 1 : 1, at = 0;
    char *text = malloc((in.n / chunk + 1) * (CHUNKED_HEAD_BYTES + 2) + in.n + 5);
    check(text);
    for (struct stoa_str rest = in; rest.n;) {
        size_t n = rest.n < chunk ? rest.n : chunk;
        at += chunked_head(text + at, n);
        memcpy(text + at, rest.p, n);
        memcpy(text + at + n, "\r\n", 2);
        at += n + 2;
        rest = str_from(rest, n);
    }
    memcpy(text + at, "0\r\n\r\n", 5);
    struct decoded m = decode((struct stoa_str){ text, at + 5 }, chunk);
    check(m.result == CHUNKED_END && m.used == at + 5 && m.trailers == 0);
    check(str_eq(m.body, in));
    free((char *)m.body.p);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    check_message((struct stoa_str){ (const char *)data, n });
    check_body((struct stoa_str){ (const char *)data, n });
    return 0;
}
