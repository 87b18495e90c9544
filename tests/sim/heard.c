/* sim/heard.c -- strict reading of a response: see reply.h. */
#include "sim/heard.h"

void heard_init(struct heard *h)
{
    *h = (struct heard){ .state = HEARD_HEAD };
    buf_init(&h->head, &mem_default, NULL, 0);
    buf_init(&h->body, &mem_default, NULL, 0);
}

void heard_done(struct heard *h)
{
    buf_done(&h->head);
    buf_done(&h->body);
}

void heard_clear(struct heard *h, bool to_head)
{
    struct buf head = h->head, body = h->body;
    buf_clear(&head);
    buf_clear(&body);
    *h = (struct heard){ .state = HEARD_HEAD, .to_head = to_head, .head = head, .body = body };
}

static void wrong(struct heard *h, const char *why)
{
    h->state = HEARD_WRONG;
    h->why = why;
}

/* ---- the head ---- */

static bool is_token(struct stoa_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alnum = (c >= '0' && c <= '9') || (str_lower(c) >= 'a' && str_lower(c) <= 'z');
        if (!alnum && (c == 0 || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return s.n > 0;
}

static bool is_text(struct stoa_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    return true;
}

/* Cuts a line off; CR and LF together end it, and stand nowhere else. */
static bool next_line(struct stoa_str *rest, struct stoa_str *line)
{
    size_t n = str_find(*rest, '\r');
    if (n + 1 >= rest->n || rest->p[n + 1] != '\n')
        return false;
    *line = (struct stoa_str){ rest->p, n };
    *rest = str_from(*rest, n + 2);
    return is_text(*line);
}

static bool status_line(struct heard *h, struct stoa_str s)
{
    if (s.n < 13 || memcmp(s.p, "HTTP/1.", 7) != 0 || s.p[8] != ' ' || s.p[12] != ' ')
        return false;
    uint64_t status;
    if (!str_to_u64((struct stoa_str){ s.p + 9, 3 }, &status) || status < 100 || status > 599)
        return false;
    h->minor = s.p[7] - '0';
    h->status = (int)status;
    return h->minor == 1;
}

/* A field of framing, noted. returns false when it is wrong. */
static bool framing_field(struct heard *h, struct stoa_str name, struct stoa_str value)
{
    if (str_eq_nocase(name, STR("content-length"))) {
        uint64_t n = 0;
        bool good = h->length < 0 && str_to_u64(value, &n);
        h->length = (int64_t)n;
        return good;
    }
    if (str_eq_nocase(name, STR("transfer-encoding"))) {
        bool good = !h->chunked && str_eq(value, STR("chunked"));
        h->chunked = true;
        return good;
    }
    if (str_eq_nocase(name, STR("connection"))) {
        h->close |= str_eq_nocase(value, STR("close"));
        h->keep_alive |= str_eq_nocase(value, STR("keep-alive"));
        return h->close != h->keep_alive;
    }
    return true;
}

/* No field of ours comes twice, but for Vary. */
static bool came_before(const struct heard *h, struct stoa_str name)
{
    struct stoa_str first = heard_field(h, name);
    return first.p && first.p < name.p && !str_eq_nocase(name, STR("vary"));
}

static bool field_line(struct heard *h, struct stoa_str line)
{
    size_t colon = str_find(line, ':');
    if (colon + 1 >= line.n || line.p[colon + 1] != ' ')
        return false;
    struct stoa_str name = { line.p, colon }, value = str_from(line, colon + 2);
    if (!is_token(name) || str_trim(value).n != value.n || came_before(h, name))
        return false;
    return framing_field(h, name, value);
}

/* RFC 9112 section 6.3. */
static void body_begin(struct heard *h)
{
    bool none = h->status < 200 || h->status == 204 || h->status == 304;
    if (h->chunked && h->length >= 0)
        wrong(h, "both Content-Length and Transfer-Encoding");
    else if ((h->status < 200 || h->status == 204) && (h->chunked || h->length >= 0))
        wrong(h, "a length where there is no body");
    else if (none || h->to_head)
        h->state = HEARD_WHOLE;
    else if (h->chunked)
        h->state = HEARD_CHUNK_SIZE;
    else if (h->length == 0)
        h->state = HEARD_WHOLE;
    else
        h->state = h->length < 0 ? HEARD_UNTIL_END : HEARD_BODY;
    h->left = h->length > 0 ? (uint64_t)h->length : 0;
}

static void head_read(struct heard *h)
{
    struct stoa_str rest = buf_slice(&h->head), line;
    h->length = -1;
    if (!next_line(&rest, &line) || !status_line(h, line)) {
        wrong(h, "the status line");
        return;
    }
    while (rest.n > 2) {
        if (!next_line(&rest, &line) || !field_line(h, line)) {
            wrong(h, "a field");
            return;
        }
    }
    body_begin(h);
}

struct stoa_str heard_field(const struct heard *h, struct stoa_str name)
{
    struct stoa_str rest = buf_slice(&h->head), line;
    while (next_line(&rest, &line)) {
        if (line.n > name.n + 1 && line.p[name.n] == ':' &&
            str_eq_nocase((struct stoa_str){ line.p, name.n }, name))
            return str_trim(str_from(line, name.n + 1));
    }
    return (struct stoa_str){ NULL, 0 };
}

static void head_byte(struct heard *h, char c)
{
    buf_add(&h->head, &c, 1);
    if (h->head.n == 1 && c != 'H')
        wrong(h, "bytes that are no reply");
    else if (h->head.n > 16384)
        wrong(h, "a head without an end");
    else if (c == '\n' && str_ends(buf_slice(&h->head), STR("\r\n\r\n")))
        head_read(h);
}

/* ---- the body ---- */

/* A line of the chunked coding, a byte more. returns whether it is whole, CR and LF included. */
static bool line_byte(struct heard *h, char c)
{
    if (h->line_n == sizeof(h->line)) {
        wrong(h, "a line of the chunked coding");
        return false;
    }
    h->line[h->line_n++] = c;
    return c == '\n';
}

static void chunk_size(struct heard *h)
{
    uint64_t n = 0;
    size_t digits = h->line_n - 2;
    bool good = h->line_n > 2 && digits <= 15 && h->line[digits] == '\r';
    for (size_t i = 0; good && i < digits; i++) {
        const char *hex = "0123456789abcdef", *at = strchr(hex, str_lower(h->line[i]));
        good = at && *at;
        n = n << 4 | (uint64_t)(good ? at - hex : 0);
    }
    if (!good)
        wrong(h, "the size of a chunk");
    else
        h->state = n ? HEARD_CHUNK_DATA : HEARD_LAST_LINE;
    h->left = n;
    h->line_n = 0;
}

static void empty_line(struct heard *h, enum heard_state then)
{
    if (h->line_n != 2 || h->line[0] != '\r')
        wrong(h, "no CRLF after a chunk");
    else
        h->state = then;
    h->line_n = 0;
}

static void coding_byte(struct heard *h, char c)
{
    if (!line_byte(h, c))
        return;
    if (h->state == HEARD_CHUNK_SIZE)
        chunk_size(h);
    else
        empty_line(h, h->state == HEARD_CHUNK_END ? HEARD_CHUNK_SIZE : HEARD_WHOLE);
}

static size_t body_bytes(struct heard *h, const char *p, size_t n)
{
    if (h->state != HEARD_UNTIL_END) {
        n = n < h->left ? n : (size_t)h->left;
        h->left -= n;
        if (h->left == 0)
            h->state = h->state == HEARD_BODY ? HEARD_WHOLE : HEARD_CHUNK_END;
    }
    buf_add(&h->body, p, n);
    return n;
}

size_t heard_feed(struct heard *h, const char *p, size_t n)
{
    size_t used = 0;
    while (used < n && h->state < HEARD_WHOLE) {
        switch (h->state) {
        case HEARD_HEAD: head_byte(h, p[used++]); break;
        case HEARD_BODY:
        case HEARD_UNTIL_END:
        case HEARD_CHUNK_DATA: used += body_bytes(h, p + used, n - used); break;
        default: coding_byte(h, p[used++]); break;
        }
    }
    return used;
}

bool heard_end(struct heard *h)
{
    if (h->state == HEARD_UNTIL_END)
        h->state = HEARD_WHOLE;
    return h->state == HEARD_WHOLE;
}
