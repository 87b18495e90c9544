/* app/log_line.c -- see log_line.h. */
#include "app/log_line.h"

#include "app/words.h"
#include "base/check.h"
#include "base/date.h"
#include "base/error.h"

#include <stdio.h>

enum { SECOND_NS = 1000000000 };

/* ---- what peers sent ---- */

struct request_line {
    struct stoa_str method, target, version;
};

static struct request_line split(struct stoa_str line)
{
    struct request_line r = { .method = { line.p, str_find(line, ' ') } };
    if (r.method.n == line.n)
        return r;
    r.target = str_from(line, r.method.n + 1);
    for (size_t i = r.target.n; i-- > 0;) {
        if (r.target.p[i] == ' ') {
            r.version = str_from(r.target, i + 1);
            r.target.n = i;
            break;
        }
    }
    return r;
}

static inline char *put(char *to, struct stoa_str s)
{
    memcpy(to, s.p, s.n);
    return to + s.n;
}

static char *put_u64(char *to, uint64_t v)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    return put(to, (struct stoa_str){ digits + at, sizeof digits - at });
}

/* The last `width` digits of v. */
static char *put_digits(char *to, unsigned v, int width)
{
    for (int i = width; i-- > 0; v /= 10)
        to[i] = (char)('0' + v % 10);
    return to + width;
}

static inline bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* A bit in each byte of v that is 0. */
static inline uint64_t zero_bytes(uint64_t v)
{
    return (v - 0x0101010101010101) & ~v & 0x8080808080808080;
}

/* Whether eight bytes are plain: a word at a time, since nearly all of them are. Never says so when
 * one is not. */
static inline bool are_plain(uint64_t v)
{
    const uint64_t each = 0x0101010101010101;
    uint64_t odd = v | (v + each); /* 0x80 and above; 0x7f */
    odd |= v - each * 0x20;        /* below 0x20 */
    odd |= zero_bytes(v ^ each * '"') | zero_bytes(v ^ each * '\\');
    return (odd & each * 0x80) == 0;
}

/* Writes at most max bytes of s, those that are not plain behind `prefix`, in hexadecimal. */
static char *put_escaped(char *to, struct stoa_str s, size_t max, struct stoa_str prefix)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = s.n < max ? s.n : max, i = 0;
    while (i < n) {
        uint64_t word;
        if (n - i >= sizeof word) {
            memcpy(&word, s.p + i, sizeof word);
            if (are_plain(word)) {
                memcpy(to, &word, sizeof word);
                to += sizeof word;
                i += sizeof word;
                continue;
            }
        }
        unsigned char c = (unsigned char)s.p[i++];
        if (is_plain(c)) {
            *to++ = (char)c;
            continue;
        }
        to = put(to, prefix);
        *to++ = hex[c >> 4];
        *to++ = hex[c & 15];
    }
    return to;
}

static char *put_text(char *to, struct stoa_str s, size_t max)
{
    return put_escaped(to, s, max, STR("\\x"));
}

/* ---- the second, in words ---- */

static void write_second(struct log_second *second, enum log_format format, int64_t s)
{
    struct date_parts d = date_split(s);
    int n;
    if (format == LOG_PRETTY)
        n = snprintf(second->text, sizeof second->text, "%02d:%02d:%02d", d.hour, d.minute,
                     d.second);
    else if (format == LOG_COMBINED)
        n = snprintf(second->text, sizeof second->text, "%02d/%s/%04d:%02d:%02d:%02d +0000", d.day,
                     date_months[d.month - 1], d.year, d.hour, d.minute, d.second);
    else
        n = snprintf(second->text, sizeof second->text, "%04d-%02d-%02dT%02d:%02d:%02d", d.year,
                     d.month, d.day, d.hour, d.minute, d.second);
    second->s = s;
    second->n = (size_t)n;
}

static struct stoa_str second_of(struct log_second *second, enum log_format format,
                                 const struct log_entry *e)
{
    int64_t s = e->real_ns / SECOND_NS;
    if (second->n == 0 || second->s != s)
        write_second(second, format, s);
    return (struct stoa_str){ second->text, second->n };
}

/* ---- combined ---- */

static char *put_quoted(char *to, struct stoa_str s, size_t max)
{
    to = put(to, STR(" \""));
    to = s.n ? put_text(to, s, max) : put(to, STR("-"));
    return put(to, STR("\""));
}

static char *put_combined(char *to, const struct log_entry *e, struct stoa_str second)
{
    to = put(to, e->peer);
    to = put(to, STR(" - - ["));
    to = put(to, second);
    to = put(to, STR("]"));
    to = put_quoted(to, e->line, LOG_METHOD_MAX + LOG_TARGET_MAX + LOG_VERSION_MAX);
    to = put(to, STR(" "));
    to = put_digits(to, (unsigned)e->status, 3);
    to = put(to, STR(" "));
    to = e->bytes ? put_u64(to, e->bytes) : put(to, STR("-"));
    to = put_quoted(to, e->referer, LOG_REFERER_MAX);
    return put_quoted(to, e->user_agent, LOG_AGENT_MAX);
}

/* ---- json ---- */

/* name: with its quotes and colon, and the comma before it. */
static char *put_string(char *to, struct stoa_str name, struct stoa_str s, size_t max)
{
    to = put(to, name);
    if (!s.p)
        return put(to, STR("null"));
    to = put(to, STR("\""));
    to = put_escaped(to, s, max, STR("\\u00"));
    return put(to, STR("\""));
}

static char *put_number(char *to, struct stoa_str name, uint64_t v)
{
    return put_u64(put(to, name), v);
}

static struct stoa_str or_empty(struct stoa_str s)
{
    return s.p ? s : STR("");
}

/* "12.3" */
static char *put_us(char *to, uint64_t ns)
{
    to = put_u64(to, ns / 1000);
    to = put(to, STR("."));
    return put_u64(to, ns / 100 % 10);
}

static char *put_span(char *to, const struct stage_time *t)
{
    if (t->grade == STOA_UNKNOWN)
        return put(to, STR("null"));
    if (t->grade != STOA_BOUNDED)
        return put_us(to, t->time.ns);
    to = put_us(put(to, STR("[")), t->time.least);
    to = put_us(put(to, STR(",")), t->time.ns);
    return put(to, STR("]"));
}

static char *put_spans(char *to, const struct log_entry *e)
{
    to = put_us(put(to, STR("{\"took\":")), (uint64_t)e->took_ns);
    for (int i = 0; i < e->spans_n; i++) {
        to = put(to, STR(",\""));
        to = put(to, str_of(e->spans[i].name));
        to = put(to, STR("\":"));
        to = put_span(to, &e->spans[i].t);
    }
    return put(to, STR("}"));
}

static char *put_json(char *to, const struct log_entry *e, struct stoa_str second)
{
    struct request_line r = split(e->line);
    to = put(to, STR("{\"time\":\""));
    to = put(to, second);
    to = put(to, STR("."));
    to = put_digits(to, (unsigned)(e->real_ns / 1000000 % 1000), 3);
    to = put_string(to, STR("Z\",\"peer\":"), e->peer, LOG_PEER_MAX);
    to = put_string(to, STR(",\"method\":"), or_empty(r.method), LOG_METHOD_MAX);
    to = put_string(to, STR(",\"target\":"), or_empty(r.target), LOG_TARGET_MAX);
    to = put_string(to, STR(",\"version\":"), or_empty(r.version), LOG_VERSION_MAX);
    to = put_number(to, STR(",\"status\":"), (uint64_t)e->status);
    to = put_number(to, STR(",\"bytes\":"), e->bytes);
    to = put_number(to, STR(",\"duration_us\":"), (uint64_t)(e->duration_ns / 1000));
    to = put_number(to, STR(",\"head_bytes\":"), e->head_bytes);
    to = put_number(to, STR(",\"body_in\":"), e->body_in);
    to = put_string(to, STR(",\"referer\":"), e->referer, LOG_REFERER_MAX);
    to = put_string(to, STR(",\"user_agent\":"), e->user_agent, LOG_AGENT_MAX);
    to = put_string(to, STR(",\"cause\":"), str_of(e->cause), LOG_CAUSE_MAX);
    to = put_string(to, STR(",\"error\":"), str_of(e->err ? error_name(e->err) : NULL),
                    LOG_CAUSE_MAX);
    to = put(to, STR(",\"stages\":"));
    to = e->spans ? put_spans(to, e) : put(to, STR("null"));
    return put(to, STR("}"));
}

/* ---- pretty ---- */

static char *put_in_color(char *to, bool color, struct stoa_str code, struct stoa_str s)
{
    if (!color)
        return put(to, s);
    to = put(to, STR("\033["));
    to = put(to, code);
    to = put(to, STR("m"));
    to = put(to, s);
    return put(to, STR("\033[0m"));
}

static struct stoa_str status_color(int status)
{
    switch (status / 100) {
    case 2: return STR("32");
    case 3: return STR("36");
    case 4: return STR("33");
    default: return STR("31");
    }
}

/* "0.31" */
static char *put_ms(char *to, stoa_time ns)
{
    uint64_t hundredths = (uint64_t)(ns + 5000) / 10000;
    to = put_u64(to, hundredths / 100);
    to = put(to, STR("."));
    return put_digits(to, (unsigned)(hundredths % 100), 2);
}

/* The part of the whole that took longest. */
static const struct log_span *worst_of(const struct log_entry *e)
{
    const struct log_span *worst = NULL;
    for (int i = 0; i < e->spans_n; i++) {
        const struct log_span *s = &e->spans[i];
        if (s->is_part && s->t.grade != STOA_UNKNOWN && (!worst || s->t.time.ns > worst->t.time.ns))
            worst = s;
    }
    return worst;
}

/* "0.31 ms", "0.31 ms (handler 0.22)" */
static char *put_duration(char *to, const struct log_entry *e)
{
    const struct log_span *worst = worst_of(e);
    to = put_ms(to, worst ? e->took_ns : e->duration_ns);
    to = put(to, STR(" ms"));
    if (!worst)
        return to;
    to = put(put(to, STR(" (")), str_of(worst->name));
    to = put_ms(put(to, STR(" ")), (stoa_time)worst->t.time.ns);
    return put(to, STR(")"));
}

static char *put_pretty(char *to, bool color, const struct log_entry *e, struct stoa_str second)
{
    struct request_line r = split(e->line);
    char status[3];
    put_digits(status, (unsigned)e->status, sizeof status);
    to = put_in_color(to, color, STR("2"), second);
    to = put(to, STR(" "));
    to = put_in_color(to, color, status_color(e->status),
                      (struct stoa_str){ status, sizeof status });
    to = put(to, STR(" "));
    to = put_text(to, r.method.n ? r.method : STR("-"), LOG_METHOD_MAX);
    to = put(to, STR(" "));
    to = put_text(to, r.target.n ? r.target : STR("-"), LOG_TARGET_MAX);
    to = put(to, STR(" "));
    to += words_size(to, e->bytes);
    to = put(to, STR(" "));
    to = put_duration(to, e);
    to = put(to, STR(" "));
    to = put_in_color(to, color, STR("2"), e->peer);
    if (e->cause)
        to = put_in_color(put(to, STR(" ")), color, STR("31"), str_of(e->cause));
    if (e->err)
        to = put_in_color(put(to, STR(" ")), color, STR("31"), str_of(error_name(e->err)));
    return to;
}

size_t log_line(char *to, enum log_format format, bool color, const struct log_entry *e,
                struct log_second *second)
{
    struct stoa_str s = second_of(second, format, e);
    char *end = to;
    switch (format) {
    case LOG_NONE: return 0;
    case LOG_PRETTY: end = put_pretty(to, color, e, s); break;
    case LOG_COMBINED: end = put_combined(to, e, s); break;
    case LOG_JSON: end = put_json(to, e, s); break;
    }
    *end++ = '\n';
    check((size_t)(end - to) <= LOG_LINE_MAX);
    return (size_t)(end - to);
}
