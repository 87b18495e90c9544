/* app/log_line.c -- see log_line.h. */
#include "app/log_line.h"

#include "app/words.h"
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

/* Adds at most max bytes of s, those that are not plain behind `prefix`, in hexadecimal. */
static void add_escaped(struct buf *b, struct stoa_str s, size_t max, struct stoa_str prefix)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = s.n < max ? s.n : max;
    char *to = buf_room(b, n * (prefix.n + 2));
    if (!to)
        return;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
            *to++ = (char)c;
            continue;
        }
        memcpy(to, prefix.p, prefix.n);
        to += prefix.n;
        *to++ = hex[c >> 4];
        *to++ = hex[c & 15];
    }
    b->n = (size_t)(to - b->p);
}

static void add_text(struct buf *b, struct stoa_str s, size_t max)
{
    add_escaped(b, s, max, STR("\\x"));
}

static void add_digits(struct buf *b, unsigned v, int width)
{
    char text[12];
    buf_add(b, text, (size_t)snprintf(text, sizeof text, "%0*u", width, v));
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

static void add_quoted(struct buf *b, struct stoa_str s, size_t max)
{
    buf_str(b, STR(" \""));
    if (s.n)
        add_text(b, s, max);
    else
        buf_str(b, STR("-"));
    buf_str(b, STR("\""));
}

static void add_combined(struct buf *b, const struct log_entry *e, struct stoa_str second)
{
    buf_str(b, e->peer);
    buf_str(b, STR(" - - ["));
    buf_str(b, second);
    buf_str(b, STR("]"));
    add_quoted(b, e->line, LOG_METHOD_MAX + LOG_TARGET_MAX + LOG_VERSION_MAX);
    buf_str(b, STR(" "));
    add_digits(b, (unsigned)e->status, 3);
    buf_str(b, STR(" "));
    if (e->bytes)
        buf_u64(b, e->bytes);
    else
        buf_str(b, STR("-"));
    add_quoted(b, e->referer, LOG_REFERER_MAX);
    add_quoted(b, e->user_agent, LOG_AGENT_MAX);
}

/* ---- json ---- */

/* name: with its quotes and colon, and the comma before it. */
static void add_string(struct buf *b, struct stoa_str name, struct stoa_str s, size_t max)
{
    buf_str(b, name);
    if (!s.p) {
        buf_str(b, STR("null"));
        return;
    }
    buf_str(b, STR("\""));
    add_escaped(b, s, max, STR("\\u00"));
    buf_str(b, STR("\""));
}

static void add_number(struct buf *b, struct stoa_str name, uint64_t v)
{
    buf_str(b, name);
    buf_u64(b, v);
}

static struct stoa_str or_empty(struct stoa_str s)
{
    return s.p ? s : STR("");
}

static void add_json(struct buf *b, const struct log_entry *e, struct stoa_str second)
{
    struct request_line r = split(e->line);
    buf_str(b, STR("{\"time\":\""));
    buf_str(b, second);
    buf_str(b, STR("."));
    add_digits(b, (unsigned)(e->real_ns / 1000000 % 1000), 3);
    add_string(b, STR("Z\",\"peer\":"), e->peer, e->peer.n);
    add_string(b, STR(",\"method\":"), or_empty(r.method), LOG_METHOD_MAX);
    add_string(b, STR(",\"target\":"), or_empty(r.target), LOG_TARGET_MAX);
    add_string(b, STR(",\"version\":"), or_empty(r.version), LOG_VERSION_MAX);
    add_number(b, STR(",\"status\":"), (uint64_t)e->status);
    add_number(b, STR(",\"bytes\":"), e->bytes);
    add_number(b, STR(",\"duration_us\":"), (uint64_t)(e->duration_ns / 1000));
    add_number(b, STR(",\"head_bytes\":"), e->head_bytes);
    add_number(b, STR(",\"body_in\":"), e->body_in);
    add_string(b, STR(",\"referer\":"), e->referer, LOG_REFERER_MAX);
    add_string(b, STR(",\"user_agent\":"), e->user_agent, LOG_AGENT_MAX);
    add_string(b, STR(",\"cause\":"), str_of(e->cause), LOG_TARGET_MAX);
    add_string(b, STR(",\"error\":"), str_of(e->err ? error_name(e->err) : NULL), LOG_TARGET_MAX);
    buf_str(b, STR("}"));
}

/* ---- pretty ---- */

static void add_in_color(struct buf *b, bool color, const char *code, struct stoa_str s)
{
    if (color)
        buf_fmt(b, "\033[%sm", code);
    buf_str(b, s);
    if (color)
        buf_str(b, STR("\033[0m"));
}

static const char *status_color(int status)
{
    switch (status / 100) {
    case 2: return "32";
    case 3: return "36";
    case 4: return "33";
    default: return "31";
    }
}

static void add_pretty(struct buf *b, bool color, const struct log_entry *e, struct stoa_str second)
{
    struct request_line r = split(e->line);
    char status[12];
    snprintf(status, sizeof status, "%03d", e->status);
    add_in_color(b, color, "2", second);
    buf_str(b, STR(" "));
    add_in_color(b, color, status_color(e->status), str_of(status));
    buf_str(b, STR(" "));
    add_text(b, r.method.n ? r.method : STR("-"), LOG_METHOD_MAX);
    buf_str(b, STR(" "));
    add_text(b, r.target.n ? r.target : STR("-"), LOG_TARGET_MAX);
    buf_str(b, STR(" "));
    words_size(b, e->bytes);
    buf_fmt(b, " %.2f ms ", (double)e->duration_ns / 1e6);
    add_in_color(b, color, "2", e->peer);
    if (!e->cause && !e->err)
        return;
    buf_str(b, STR(" "));
    add_in_color(b, color, "31", str_of(e->cause ? e->cause : error_name(e->err)));
    if (e->cause && e->err)
        buf_fmt(b, " %s", error_name(e->err));
}

void log_line(struct buf *b, enum log_format format, bool color, const struct log_entry *e,
              struct log_second *second)
{
    struct stoa_str s = second_of(second, format, e);
    switch (format) {
    case LOG_NONE: return;
    case LOG_PRETTY: add_pretty(b, color, e, s); break;
    case LOG_COMBINED: add_combined(b, e, s); break;
    case LOG_JSON: add_json(b, e, s); break;
    }
    buf_str(b, STR("\n"));
}
