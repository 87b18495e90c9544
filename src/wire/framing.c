/* wire/framing.c -- see framing.h. */
#include "wire/framing.h"
#include "wire/chars.h"

static int note_length(struct head *h, struct stoa_str value)
{
    int64_t n = 0;
    if (head_has(h, FIELD_CONTENT_LENGTH))
        return FAULT_LENGTHS;
    if (value.n == 0)
        return FAULT_LENGTH;
    for (size_t i = 0; i < value.n; i++) {
        if (!char_is_digit(value.p[i]))
            return FAULT_LENGTH;
        if (n >= 0 &&
            (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, value.p[i] - '0', &n)))
            n = -1;
    }
    if (n < 0)
        return FAULT_LENGTH_BIG;
    h->content_length = n;
    return 0;
}

static int note_coding(struct head *h, struct stoa_str coding)
{
    size_t n = char_span(coding, CHAR_TOKEN);
    struct stoa_str rest = str_trim(str_from(coding, n));
    if (n == 0 || (rest.n && rest.p[0] != ';'))
        return FAULT_CODING;
    coding.n = n;
    h->chunked = str_eq_nocase(coding, STR("chunked"));
    if (!h->chunked) {
        h->coding_seen = true;
        return 0;
    }
    if (rest.n) /* it has no parameters */
        return FAULT_CODING;
    if (h->chunked_seen)
        return FAULT_CODING_TWICE;
    h->chunked_seen = true;
    return 0;
}

static int note_codings(struct head *h, struct stoa_str value)
{
    struct stoa_str coding;
    int r = h->minor == 0 ? FAULT_CODING_OLD : 0;
    while (r == 0 && str_next_element(&value, &coding))
        r = note_coding(h, coding);
    return r;
}

static void note_connection(struct head *h, struct stoa_str value)
{
    struct stoa_str option;
    while (str_next_element(&value, &option)) {
        if (str_eq_nocase(option, STR("keep-alive")))
            h->option_keep_alive = true;
        else if (str_eq_nocase(option, STR("close")))
            h->option_close = true;
        else if (str_eq_nocase(option, STR("upgrade")))
            h->option_upgrade = true;
    }
}

static void note_expect(struct head *h, struct stoa_str value)
{
    if (h->minor == 0) /* RFC 9110 section 10.1.1: ignored */
        return;
    if (h->expect != HEAD_EXPECT_OTHER && str_eq_nocase(value, STR("100-continue")))
        h->expect = HEAD_EXPECT_CONTINUE;
    else
        h->expect = HEAD_EXPECT_OTHER;
}

static int note_host(const struct head *h, struct stoa_str value)
{
    if (head_has(h, FIELD_HOST))
        return FAULT_HOSTS;
    return head_is_host(value) ? 0 : FAULT_HOST;
}

int framing_note(struct head *h, enum field f, struct stoa_str value)
{
    switch (f) {
    case FIELD_HOST: return note_host(h, value);
    case FIELD_CONTENT_LENGTH: return note_length(h, value);
    case FIELD_TRANSFER_ENCODING: return note_codings(h, value);
    case FIELD_CONNECTION: note_connection(h, value); return 0;
    case FIELD_EXPECT: note_expect(h, value); return 0;
    default: return 0;
    }
}

int framing_judge_request(const struct head *h)
{
    if (!head_has(h, FIELD_HOST) && h->minor > 0)
        return FAULT_NO_HOST;
    if (!head_has(h, FIELD_TRANSFER_ENCODING))
        return 0;
    if (head_has(h, FIELD_CONTENT_LENGTH))
        return FAULT_LENGTH_AND_CODING;
    if (!h->chunked)
        return FAULT_CODING_LAST;
    return h->coding_seen ? FAULT_CODING_UNKNOWN : 0;
}

int framing_judge_response(struct head *h)
{
    if (!head_has(h, FIELD_TRANSFER_ENCODING))
        return 0;
    if (head_has(h, FIELD_CONTENT_LENGTH))
        return FAULT_LENGTH_AND_CODING;
    /* RFC 9112 section 6.3: what is not chunked last ends with the connection. */
    h->coded = !h->chunked;
    return h->chunked && h->coding_seen ? FAULT_CODING_UNKNOWN : 0;
}
