/* wire/chunked.c -- see chunked.h. Sizes and extensions byte by byte, data in whole slices,
 * trailers line by line with the same strictness as a head's fields. */
#include "wire/chunked.h"
#include "wire/chars.h"
#include "wire/field.h"
#include "wire/line.h"

enum { SIZE_DIGITS_MAX = 16 };

enum state {
    SIZE,            /* digits, then CR or an extension */
    EXTENSION,       /* white space behind a size or a value: ";" comes, nothing else */
    EXTENSION_NAME,  /* ";" was: white space, then the first byte of a name */
    NAME,            /* in a name */
    NAME_END,        /* white space behind a name: "=" or ";" comes */
    EXTENSION_VALUE, /* "=" was: white space, then the first byte of a value */
    TOKEN,           /* in a value */
    QUOTED,          /* in a value in quotes */
    QUOTED_PAIR,     /* behind a backslash in it */
    QUOTED_END,      /* behind its closing quote */
    SIZE_LF,         /* CR was: LF comes */
    DATA_CR,         /* behind a chunk's data */
    DATA_LF,
    DATA,     /* in it; all states before this one take a byte at a time */
    TRAILERS, /* the last chunk was: trailer lines, and an empty one */
    END
};

void chunked_init(struct chunked *d)
{
    *d = (struct chunked){ .state = SIZE };
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static int read_digit(struct chunked *d, char c)
{
    if (!char_is(c, CHAR_HEX) || d->digits == SIZE_DIGITS_MAX || d->left >> 59)
        return FAULT_CHUNK_SIZE;
    d->left = d->left << 4 | char_hex(c);
    d->digits++;
    return 0;
}

/* What may stand behind a whole size, name or value: returns the state it leads to, or `other`. */
static int behind(char c, int other)
{
    switch (c) {
    case ';': return EXTENSION_NAME;
    case '\r': return SIZE_LF;
    default: return other;
    }
}

static int read_size(struct chunked *d, char c)
{
    if (char_is(c, CHAR_HEX) || d->digits == 0)
        return read_digit(d, c) < 0 ? FAULT_CHUNK_SIZE : SIZE;
    return is_space(c) ? EXTENSION : behind(c, FAULT_CHUNK_SIZE);
}

/* A byte of *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ).
 *   returns  the next state; FAULT_CHUNK_EXTENSION. */
static int read_extension(enum state s, char c)
{
    bool token = char_is(c, CHAR_TOKEN), space = is_space(c);
    switch (s) {
    case EXTENSION: return space ? EXTENSION : c == ';' ? EXTENSION_NAME : FAULT_CHUNK_EXTENSION;
    case EXTENSION_NAME: return space ? EXTENSION_NAME : token ? NAME : FAULT_CHUNK_EXTENSION;
    case NAME:
        if (token)
            return NAME;
        if (space)
            return NAME_END;
        return c == '=' ? EXTENSION_VALUE : behind(c, FAULT_CHUNK_EXTENSION);
    case NAME_END:
        if (space)
            return NAME_END;
        return c == '=' ? EXTENSION_VALUE : c == ';' ? EXTENSION_NAME : FAULT_CHUNK_EXTENSION;
    case EXTENSION_VALUE:
        if (space)
            return EXTENSION_VALUE;
        return token ? TOKEN : c == '"' ? QUOTED : FAULT_CHUNK_EXTENSION;
    case TOKEN:
        if (token)
            return TOKEN;
        break;
    case QUOTED:
        if (c == '"' || c == '\\')
            return c == '"' ? QUOTED_END : QUOTED_PAIR;
        return line_is_control(c) ? FAULT_CHUNK_EXTENSION : QUOTED;
    case QUOTED_PAIR: return line_is_control(c) ? FAULT_CHUNK_EXTENSION : QUOTED;
    default: break; /* QUOTED_END */
    }
    return space ? EXTENSION : behind(c, FAULT_CHUNK_EXTENSION);
}

/* One byte outside of data and trailers. returns 0; enum fault. */
static int read_byte(struct chunked *d, char c)
{
    int next;
    switch (d->state) {
    case SIZE: next = read_size(d, c); break;
    case SIZE_LF:
        next = c != '\n' ? FAULT_BARE_CR : d->left ? DATA : TRAILERS;
        d->digits = 0;
        break;
    case DATA_CR: next = c == '\r' ? DATA_LF : FAULT_CHUNK_END; break;
    case DATA_LF: next = c == '\n' ? SIZE : FAULT_CHUNK_END; break;
    default: next = read_extension(d->state, c); break;
    }
    bool extension = d->state >= EXTENSION && d->state < SIZE_LF;
    if (extension && next >= 0 && ++d->extension_bytes > CHUNKED_EXTENSION_BYTES_MAX)
        return FAULT_CHUNK_EXTENSIONS;
    if (next < 0)
        return c == '\n' && next != FAULT_CHUNK_END ? FAULT_BARE_LF : next;
    d->state = (uint8_t)next;
    return 0;
}

/* May the recipient see it? Not what frames, routes, authenticates, or says how to handle the
 * content (RFC 9110 section 6.5.1): that had to come before the content. */
static bool is_trailer(struct stoa_str name)
{
    static const char *const barred[] = {
        "age",
        "authorization",
        "cache-control",
        "connection",
        "cookie",
        "date",
        "expect",
        "expires",
        "forwarded",
        "host",
        "location",
        "keep-alive",
        "max-forwards",
        "pragma",
        "retry-after",
        "te",
        "set-cookie",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "vary",
        "warning",
        "www-authenticate",
    };
    static const char *const barred_starts[] = {
        "accept", "authentication-", "content-", "if-", "proxy-", "range", "x-forwarded-",
    };
    for (size_t i = 0; i < sizeof barred / sizeof *barred; i++)
        if (str_eq_nocase(name, str_of(barred[i])))
            return false;
    for (size_t i = 0; i < sizeof barred_starts / sizeof *barred_starts; i++) {
        struct stoa_str start = str_of(barred_starts[i]);
        if (name.n >= start.n && str_eq_nocase((struct stoa_str){ name.p, start.n }, start))
            return false;
    }
    return true;
}

/* A line of the trailer section; in: what is left of it. */
static int read_trailer(struct chunked *d, struct stoa_str in, struct chunked_piece *ret)
{
    size_t room = CHUNKED_TRAILER_BYTES_MAX - (size_t)d->trailer_bytes;
    struct stoa_str clipped = { in.p, in.n < room ? in.n : room };
    ssize_t at = line_end(clipped, d->seen);
    if (at == LINE_MORE) {
        d->seen = (uint16_t)line_seen(clipped);
        return clipped.n == room ? FAULT_TRAILERS : CHUNKED_MORE;
    }
    if (at < 0)
        return (int)at;
    ret->used += (size_t)at + 2;
    d->trailer_bytes = (uint16_t)(d->trailer_bytes + at + 2);
    d->seen = 0;
    if (at == 0) {
        d->state = END;
        return CHUNKED_END;
    }
    if (is_space(in.p[0]))
        return FAULT_FOLD;
    int r = field_split((struct stoa_str){ in.p, (size_t)at }, &ret->name, &ret->value);
    return r < 0 ? r : CHUNKED_TRAILER;
}

/* in: all of the input, of which ret->used bytes are done with. */
static int read_trailers(struct chunked *d, struct stoa_str in, struct chunked_piece *ret)
{
    int r;
    do
        r = read_trailer(d, str_from(in, ret->used), ret);
    while (r == CHUNKED_TRAILER && !is_trailer(ret->name));
    return r;
}

static int read_data(struct chunked *d, struct stoa_str in, struct chunked_piece *ret)
{
    size_t here = in.n - ret->used;
    size_t n = d->left < here ? (size_t)d->left : here;
    d->left -= n;
    if (d->left == 0)
        d->state = DATA_CR;
    ret->value = (struct stoa_str){ in.p + ret->used, n };
    ret->used += n;
    return CHUNKED_DATA;
}

int chunked_next(struct chunked *d, struct stoa_str in, struct chunked_piece *ret)
{
    struct chunked_piece piece = { 0 };
    int r = d->state == END ? CHUNKED_END : CHUNKED_MORE;
    while (r == CHUNKED_MORE && piece.used < in.n && d->state < DATA)
        r = read_byte(d, in.p[piece.used++]);
    if (r == CHUNKED_MORE && piece.used < in.n)
        r = d->state == DATA ? read_data(d, in, &piece) : read_trailers(d, in, &piece);
    if (r >= 0)
        *ret = piece;
    return r;
}

size_t chunked_head(char *buf, uint64_t n)
{
    size_t digits = 1;
    while (digits < SIZE_DIGITS_MAX && n >> (4 * digits))
        digits++;
    for (size_t i = digits; i-- > 0; n >>= 4)
        buf[i] = "0123456789abcdef"[n & 15];
    memcpy(buf + digits, "\r\n", 2);
    return digits + 2;
}
